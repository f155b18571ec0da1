"""Times as people type them, on clocks that are changed: what is skipped, what comes twice, and what is no time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.calendars import wall_to_utc
from local.times import moment_of

NOW = datetime(2027, 3, 6, 10, tzinfo=UTC)
# The rules of these zones as POSIX writes them: such a clock has no zone with a name, and every machine can show it.
CLOCKS = {
    "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "America/Chicago": "CST6CDT,M3.2.0,M11.1.0",
    "Australia/Lord_Howe": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "Africa/Cairo": "EET-2EEST,M4.5.5/0,M10.5.4/24",
    "America/Santiago": "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "UTC": "UTC0",
}
# Nights of 2027 in which one of them is changed
CHANGES = ("03-14", "03-28", "04-04", "04-30", "09-05", "10-03", "10-28", "10-31", "11-07")


@contextmanager
def clock_of(zone: str) -> Iterator[None]:
    """Who types sits there."""
    try:
        with pytest.MonkeyPatch.context() as there:
            there.setenv("TZ", CLOCKS[zone])
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.mark.parametrize(
    ("zone", "typed", "means"),
    [
        ("Europe/Berlin", "2027-03-28 02:30", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-03-28 02:00", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-03-28 03:00", "2027-03-28T01:00:00Z"),
        ("Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02T15:30:00Z"),
        ("Africa/Cairo", "2027-04-30", "2027-04-29T22:00:00Z"),
    ],
)
def test_a_time_the_clock_skips_is_the_first_instant_after_the_gap(zone: str, typed: str, means: str) -> None:
    with clock_of(zone):
        assert moment_of(typed, NOW) == datetime.fromisoformat(means)


def test_a_time_the_clock_shows_twice_is_the_first() -> None:
    with clock_of("Europe/Berlin"):
        assert moment_of("2027-10-31 02:30", NOW) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_clock_alone_is_of_the_day_it_counts_from_also_where_that_day_skips_it() -> None:
    with clock_of("Europe/Berlin"):
        assert moment_of("02:30", datetime(2027, 3, 27, 23, 30, tzinfo=UTC)) == datetime(2027, 3, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", CLOCKS)
def test_a_time_means_here_what_it_means_in_a_policy(zone: str) -> None:
    """Every quarter of an hour around every change, beside the rule that calendars and rosters keep."""
    with clock_of(zone):
        for midnight in (datetime.fromisoformat(f"2027-{day}") for day in CHANGES):
            for wall in (midnight + timedelta(minutes=15 * n) for n in range(-16, 32)):
                assert moment_of(wall.isoformat(), NOW) == wall_to_utc(wall, ZoneInfo(zone)), wall


@pytest.mark.parametrize("typed", ["4000d", "+4000d", "600w", "99999h"])
def test_more_than_ten_years_is_said_to_be_that(typed: str) -> None:
    with pytest.raises(ValueError, match="at most ten years") as refused:
        moment_of(typed, NOW)
    assert str(refused.value).startswith(f"'{typed}': ")


@pytest.mark.parametrize("typed", ["tomorrow", "2027-02-30", "25:00", "", "7 dogs"])
def test_what_is_no_time_is_told_what_can_be_written(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: write 7d or 12h, 2026-12-24"):
        moment_of(typed, NOW)
