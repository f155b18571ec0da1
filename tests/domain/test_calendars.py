"""Working time: the worked cases of the architecture, the conventions at edges, and what a calendar may be."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from domain.calendars import WEEKDAYS, Calendar, WorkingTime, wall_to_utc
from domain.errors import Invalid

HOUR = 3600
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def calendar(timezone: str, hours: object, **rest: object) -> Calendar:
    return Calendar.model_validate({"timezone": timezone, "hours": hours, **rest})


def every_day(timezone: str, *windows: str, **rest: object) -> Calendar:
    return calendar(timezone, dict.fromkeys(WEEKDAYS, windows), **rest)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def in_zone(text: str, timezone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def deadline(
    work: WorkingTime, start: datetime, seconds: int, pauses: list[tuple[datetime, datetime]] | None = None
) -> datetime:
    """A clock with pauses, made of `add` and `between` only."""
    for paused, resumed in pauses or []:
        seconds -= work.between(start, paused)
        start = resumed
    return work.add(start, seconds)


# The worked cases of architecture.md

HELPDESK = calendar(
    "Europe/Berlin", {"mon": ["10:30-19:00"], **{day: ["08:30-19:00"] for day in ("tue", "wed", "thu", "fri")}}
)


def berlin(text: str) -> datetime:
    return in_zone(text, "Europe/Berlin")


def test_three_pauses_are_exact_to_the_second() -> None:
    day = "2034-06-09T"
    pauses = [("08:47:42", "10:05:54"), ("10:09:13", "10:34:38"), ("10:43:41", "11:29:17")]
    spans = [(berlin(day + a), berlin(day + b)) for a, b in pauses]
    assert deadline(WorkingTime(HELPDESK), berlin(day + "08:46:12"), 1800, spans) == berlin(day + "11:45:25")


def test_a_start_before_opening_and_pauses_over_nights() -> None:
    spans = [
        (berlin("2034-06-05T11:00"), berlin("2034-06-07T09:30")),
        (berlin("2034-06-07T10:00"), berlin("2034-06-08T09:00")),
    ]
    found = deadline(WorkingTime(HELPDESK), berlin("2034-06-05T10:00"), 4 * HOUR, spans)
    assert found == berlin("2034-06-08T12:00")


def test_ten_hours_from_friday_afternoon_end_on_monday() -> None:
    found = WorkingTime(HELPDESK).add(berlin("2034-06-09T14:54:34"), 10 * HOUR)
    assert found == berlin("2034-06-12T16:24:34")


def test_a_closed_date_does_not_count() -> None:
    office = calendar("Europe/Berlin", dict.fromkeys(WORKDAYS, ("08:00-20:00",)), closed=["11-01"])
    pauses = [(utc("2016-11-01T15:59:58Z"), utc("2016-11-07T13:26:36Z"))]
    found = deadline(WorkingTime(office), utc("2016-11-01T15:59:14Z"), 20 * HOUR, pauses)
    assert found == utc("2016-11-09T09:26:36Z")


def test_a_deadline_on_closing_time_is_closing_time() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "09:00-18:00"))
    pauses = [(utc("2013-06-04T10:00Z"), utc("2013-06-04T15:00Z"))]
    assert deadline(work, utc("2013-06-04T09:00Z"), 2 * HOUR, pauses) == utc("2013-06-04T16:00Z")


@pytest.mark.parametrize("hours", ["always", dict.fromkeys(WEEKDAYS, ("00:00-24:00",))])
def test_open_24_hours_in_sao_paulo_when_clocks_go_back(hours: object) -> None:
    sao_paulo = calendar("America/Sao_Paulo", hours)
    found = WorkingTime(sao_paulo).add(in_zone("2015-02-21T22:00", "America/Sao_Paulo"), 5 * HOUR)
    assert sao_paulo.local(found).replace(tzinfo=None) == datetime(2015, 2, 22, 2, 0)


# The conventions of time


def test_a_day_with_a_clock_change_has_the_seconds_it_has() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "00:00-24:00"))
    assert work.between(berlin("2026-03-29T00:00"), berlin("2026-03-30T00:00")) == 23 * HOUR
    assert work.between(berlin("2026-10-25T00:00"), berlin("2026-10-26T00:00")) == 25 * HOUR


def test_a_window_start_that_does_not_exist_is_the_first_instant_after_the_gap() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "02:30-05:00"))
    assert work.opening(berlin("2026-03-29T00:00")) == utc("2026-03-29T03:00+02:00")


def test_a_window_inside_the_gap_does_not_happen() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "02:10-02:50"))
    assert work.opening(berlin("2026-03-29T00:00")) == berlin("2026-03-30T02:10")


def test_a_local_time_that_exists_twice_is_the_first_for_a_start_the_last_for_an_end() -> None:
    starts = WorkingTime(every_day("Europe/Berlin", "02:30-05:00"))
    assert starts.opening(berlin("2026-10-25T00:00")) == utc("2026-10-25T02:30+02:00")
    ends = WorkingTime(every_day("Europe/Berlin", "01:00-02:30"))
    assert ends.add(utc("2026-10-25T01:00+02:00"), int(2.5 * HOUR)) == utc("2026-10-25T02:30+01:00")


@pytest.mark.parametrize(
    ("wall", "timezone", "expected"),
    [
        ("2020-03-08T02:30", "America/Chicago", "2020-03-08T03:00-05:00"),
        ("2020-10-04T02:15", "Australia/Lord_Howe", "2020-10-04T02:30+11:00"),
        ("2018-11-04T00:00", "America/Sao_Paulo", "2018-11-04T01:00-02:00"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-31T00:00+14:00"),
    ],
)
def test_the_first_instant_after_a_gap(wall: str, timezone: str, expected: str) -> None:
    assert wall_to_utc(datetime.fromisoformat(wall), ZoneInfo(timezone)) == utc(expected)


def test_midnight_that_exists_twice_is_not_counted_twice() -> None:
    # Havana goes from 01:00 back to 00:00: Saturday's end is later than Sunday's start.
    work = WorkingTime(every_day("America/Havana", "00:00-24:00"))
    start = in_zone("2025-11-01T00:00", "America/Havana")
    assert work.between(start, start + timedelta(days=3)) == 3 * 24 * HOUR


def test_a_window_that_ends_at_a_midnight_that_exists_twice_ends_at_the_second() -> None:
    saturdays = WorkingTime(calendar("America/Havana", {"sat": ["22:00-24:00"]}))
    start = in_zone("2025-11-01T12:00", "America/Havana")
    assert saturdays.between(start, start + timedelta(days=1)) == 3 * HOUR


def test_several_windows_a_day() -> None:
    work = WorkingTime(calendar("Europe/Berlin", {"mon": ["13:15-17:30", "09:00-12:30"], "tue": ["09:00-17:30"]}))
    monday = berlin("2026-03-02T12:00")
    assert work.add(monday, 1800) == berlin("2026-03-02T12:30")
    assert work.add(monday, 1801) == berlin("2026-03-02T13:15:01")
    assert work.add(monday, 1800 + int(4.25 * HOUR) + 60) == berlin("2026-03-03T09:01")
    assert work.opening(berlin("2026-03-02T12:30")) == berlin("2026-03-02T13:15")


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    work = WorkingTime(calendar("Europe/Berlin", {"fri": ["22:00-06:00"]}))
    assert work.opening(berlin("2026-03-06T12:00")) == berlin("2026-03-06T22:00")
    assert work.add(berlin("2026-03-06T23:00"), 7 * HOUR) == berlin("2026-03-07T06:00")
    assert not work.is_open(berlin("2026-03-06T05:00"))


def test_a_closed_date_is_closed_from_midnight_to_midnight_only() -> None:
    night = every_day("Europe/Berlin", "22:00-06:00", closed=["2026-03-04"])
    work = WorkingTime(night)
    assert work.add(berlin("2026-03-03T23:00"), HOUR) == berlin("2026-03-04T00:00")
    assert work.opening(berlin("2026-03-04T00:00")) == berlin("2026-03-05T00:00")


def test_windows_that_meet_over_midnight_are_one() -> None:
    work = WorkingTime(calendar("UTC", {"mon": ["20:00-04:00"], "tue": ["03:00-05:00"]}))
    assert work.between(utc("2026-03-02T20:00Z"), utc("2026-03-03T12:00Z")) == 9 * HOUR


def test_holidays_kept_as_dates_are_closed() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "09:00-17:00", closed_dates=[date(2026, 5, 1)]))
    assert work.add(berlin("2026-04-30T16:00"), 2 * HOUR) == berlin("2026-05-02T10:00")


def test_a_yearly_closed_day_is_closed_every_year() -> None:
    work = WorkingTime(every_day("UTC", "00:00-24:00", closed=["12-24", "2026-02-03"]))
    for year in (2025, 2026, 2032):
        assert not work.is_open(datetime(year, 12, 24, 12, tzinfo=UTC))
    assert not work.is_open(datetime(2026, 2, 3, tzinfo=UTC))
    assert work.is_open(datetime(2027, 2, 3, tzinfo=UTC))


def test_open_means_from_opening_up_to_but_not_at_closing() -> None:
    work = WorkingTime(every_day("UTC", "09:00-17:00"))
    assert work.is_open(utc("2026-03-02T09:00Z"))
    assert not work.is_open(utc("2026-03-02T17:00Z"))
    assert work.opening(utc("2026-03-02T16:59:59Z")) == utc("2026-03-02T16:59:59Z")
    assert work.opening(utc("2026-03-02T17:00Z")) == utc("2026-03-03T09:00Z")


def test_no_time_at_all_is_the_start_itself_even_when_closed() -> None:
    work = WorkingTime(every_day("UTC", "09:00-17:00"))
    assert work.add(utc("2026-03-02T03:00Z"), 0) == utc("2026-03-02T03:00Z")


def test_microseconds_of_the_start_are_kept() -> None:
    work = WorkingTime(every_day("UTC", "09:00-17:00"))
    start = utc("2026-03-02T16:59:59.250001Z")
    assert work.add(start, 1) == utc("2026-03-03T09:00:00.250001Z")
    assert work.between(start, work.add(start, 12_345)) == 12_345


def test_the_year_end_is_no_border() -> None:
    work = WorkingTime(every_day("Asia/Tokyo", "00:00-24:00"))
    start = utc("2025-12-31T23:30Z")
    assert work.add(start, 3 * 366 * 86_400) == start + timedelta(days=3 * 366)
    assert work.between(start, start + timedelta(days=800)) == 800 * 86_400
    office = WorkingTime(every_day("UTC", "22:00-24:00"))
    assert office.add(utc("2025-12-31T23:00Z"), HOUR) == utc("2026-01-01T00:00Z")


def test_an_always_open_calendar_counts_every_second() -> None:
    work = WorkingTime(calendar("UTC", "always"))
    at = utc("2026-03-07T03:04:05Z")
    assert work.add(at, 90) == at + timedelta(seconds=90)
    assert work.between(at, at + timedelta(seconds=90)) == 90
    assert work.opening(at) == at
    assert work.is_open(at)


def test_an_instant_in_any_zone_comes_back_in_utc_and_a_naive_one_is_refused() -> None:
    work = WorkingTime(every_day("Europe/Berlin", "09:00-17:00"))
    tokyo = datetime(2026, 3, 2, 20, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert work.add(tokyo, 60).tzinfo is UTC
    assert work.opening(tokyo).tzinfo is UTC
    with pytest.raises(ValueError, match="no time zone"):
        work.add(datetime(2026, 3, 2, 20), 60)


def test_time_runs_forward_only() -> None:
    work = WorkingTime(every_day("UTC", "09:00-17:00"))
    assert work.between(utc("2026-03-03T12:00Z"), utc("2026-03-02T12:00Z")) == 0
    with pytest.raises(ValueError, match="forward"):
        work.add(utc("2026-03-03T12:00Z"), -1)


def test_a_calendar_without_opening_ahead_never_loops() -> None:
    holidays = [date(2026, 1, 5) + timedelta(days=7 * n) for n in range(52 * 12)]
    work = WorkingTime(calendar("UTC", {"mon": ["09:00-10:00"]}, closed_dates=holidays))
    with pytest.raises(Invalid) as refused:
        work.add(utc("2026-01-05T09:00Z"), 60)
    assert refused.value.code == "no_opening_hours"
    with pytest.raises(Invalid) as refused:
        work.opening(utc("2026-01-05T09:00Z"))
    assert refused.value.code == "no_opening_hours"


def test_a_deadline_centuries_away_is_refused() -> None:
    work = WorkingTime(calendar("UTC", {"mon": ["09:00-09:01"]}))
    with pytest.raises(Invalid) as refused:
        work.add(utc("2026-01-05T09:00Z"), 10_000_000)
    assert refused.value.code == "deadline_too_far"


@pytest.mark.parametrize("years", [1, 50])
def test_working_time_costs_under_a_millisecond_once_known(years: int, record_property: Any) -> None:
    office = every_day("Europe/Berlin", "09:00-12:00", "13:00-17:00", closed=["12-24"])
    start, seconds = utc("2026-01-01T00:00Z"), years * 364 * 7 * HOUR
    end = WorkingTime(office).add(start, seconds)
    assert end - start > timedelta(days=years * 364)
    again = Calendar.model_validate_json(office.model_dump_json())
    assert WorkingTime(again).between(start, end) == seconds
    add = quickest(20, lambda _: WorkingTime(again).add(start, seconds))
    between = quickest(20, lambda _: WorkingTime(again).between(start, end))
    record_property(
        "measured", f"working time over {years} years: add {add * 1e3:.3f} ms, between {between * 1e3:.3f} ms"
    )
    assert max(add, between) < 0.001


def test_the_first_question_about_a_year_costs_some_milliseconds(record_property: Any) -> None:
    """Each try has a calendar of its own, so that nothing about it is known yet."""
    offices = [
        every_day("Europe/Berlin", "09:00-12:00", "13:00-17:00", closed=[f"2026-03-{n + 1:02}"]) for n in range(9)
    ]
    cost = quickest(9, lambda n: WorkingTime(offices[n]).add(utc("2026-01-01T00:00Z"), HOUR))
    record_property("measured", f"working time: the first question about a year costs {cost * 1e3:.1f} ms")
    assert cost < 0.05


def quickest(tries: int, work: Callable[[int], object]) -> float:
    """Seconds of the quickest try: the others were held up by something else on the machine."""
    took = []
    for n in range(tries):
        began = perf_counter()
        work(n)
        took.append(perf_counter() - began)
    return min(took)


# What a calendar may be


def test_what_a_day_means() -> None:
    assert calendar("UTC", "always").day_seconds == 86_400
    assert every_day("UTC", "09:00-17:00", day="8h").day_seconds == 8 * HOUR
    assert every_day("UTC", "09:00-17:00").day_seconds is None


def test_a_calendar_survives_json_and_can_be_a_key() -> None:
    office = every_day(
        "Europe/Berlin",
        "09:00-12:30",
        day="8h",
        holidays={"country": "DE", "subdivision": "BE"},
        closed=["12-24", date(2026, 5, 15)],
        closed_dates=["2026-05-01"],
    )
    again = Calendar.model_validate_json(office.model_dump_json())
    assert again == office
    assert hash(again) == hash(office)
    assert again.closed == ("12-24", "2026-05-15")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timezone": "Europe/Berlim"}, "IANA name"),
        ({"timezone": ""}, "IANA name"),
        ({"timezone": "../etc/passwd"}, "IANA name"),
        ({"hours": {"mon": ["9-17"]}}, "HH:MM-HH:MM"),
        ({"hours": {"mon": ["09:00-25:00"]}}, "HH:MM-HH:MM"),
        ({"hours": {"mon": ["24:00-01:00"]}}, "HH:MM-HH:MM"),
        ({"hours": {"mon": ["09:00-09:00"]}}, "00:00-24:00"),
        ({"hours": {"mon": ["09:00-12:00", "11:59-13:00"]}}, "overlap"),
        ({"hours": {"mon": ["22:00-06:00", "23:00-23:30"]}}, "overlap"),
        ({"hours": {}}, "no opening hours in any week or year"),
        ({"hours": {"mon": [], "tue": []}}, "no opening hours in any week or year"),
        (
            {"hours": {}, "open": {"2026-12-29": ["10:00-11:00"]}},
            "no opening hours in any week or year",
        ),
        ({"hours": {"monday": ["09:00-17:00"]}}, "'mon', 'tue'"),
        ({"hours": "sometimes"}, "always"),
        ({"hours": 9}, "always"),
        ({"closed": ["24.12."]}, "MM-DD"),
        ({"closed": ["02-30"]}, "MM-DD"),
        ({"closed": ["W01-1"]}, "MM-DD"),
        ({"closed": ["2026-13-01"]}, "MM-DD"),
        ({"closed": [f"{d:%m-%d}" for d in (date(2024, 1, 1) + timedelta(n) for n in range(366))]}, "every day"),
        ({"day": "1d"}, "8h"),
        ({"day": "25h"}, "8h"),
        ({"day": "0s"}, "at least 1s"),
        ({"hours": "always", "closed": ["12-24"]}, "no closed days"),
        ({"hours": "always", "day": "8h"}, "24h"),
        ({"holidays": {"country": "Germany"}}, "country"),
        ({"opening": "09:00"}, "Extra inputs"),
    ],
)
def test_a_bad_calendar_is_refused_and_told_what_to_write(change: dict[str, object], says: str) -> None:
    good: dict[str, object] = {"timezone": "UTC", "hours": {"mon": ["09:00-17:00"]}}
    Calendar.model_validate(good)
    with pytest.raises(ValidationError, match=says):
        Calendar.model_validate(good | change)


def test_windows_that_touch_are_fine_and_24_00_is_the_end_of_the_day() -> None:
    working = WorkingTime(every_day("UTC", "09:00-12:00", "12:00-13:00", "20:00-24:00"))
    assert working.between(utc("2026-03-02T00:00Z"), utc("2026-03-03T00:00Z")) == 8 * 3600
