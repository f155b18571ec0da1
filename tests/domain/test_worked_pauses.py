"""The worked cases of working time that concern pauses (architecture.md), through the clocks."""

from datetime import datetime

import pytest

from domain.calendars import Calendar
from domain.clocks import Clock, deadline, elapsed, started, warning_at

WEEKDAYS = ("tue", "wed", "thu", "fri")
SHOP = Calendar.model_validate(
    {"timezone": "UTC", "hours": {"mon": ["10:30-19:00"], **{day: ["08:30-19:00"] for day in WEEKDAYS}}}
)
BERLIN_WEEK = Calendar.model_validate(
    {
        "timezone": "Europe/Berlin",
        "hours": {day: ["08:00-20:00"] for day in ("mon", *WEEKDAYS)},
        "closed": ["11-01"],
    }
)
BERLIN_DAILY = Calendar.model_validate(
    {"timezone": "Europe/Berlin", "hours": {day: ["09:00-18:00"] for day in ("mon", *WEEKDAYS, "sat", "sun")}}
)


def paused_clock(start: str, seconds: int, *pauses: tuple[str, str]) -> Clock:
    clock = started("resolution", instant(start), seconds, "shop", warn_at=(50,))
    for begins, ends in pauses:
        clock = clock.then("pause", instant(begins)).then("resume", instant(ends))
    return clock


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


WORKED = [
    pytest.param(
        SHOP,
        paused_clock(
            "2034-06-09 08:46:12",
            30 * 60,
            ("2034-06-09 08:47:42", "2034-06-09 10:05:54"),
            ("2034-06-09 10:09:13", "2034-06-09 10:34:38"),
            ("2034-06-09 10:43:41", "2034-06-09 11:29:17"),
        ),
        "2034-06-09 11:45:25",
        id="three pauses in one morning",
    ),
    pytest.param(
        SHOP,
        paused_clock(
            "2034-06-05 10:00:00",
            4 * 3600,
            ("2034-06-05 11:00:00", "2034-06-07 09:30:00"),
            ("2034-06-07 10:00:00", "2034-06-08 09:00:00"),
        ),
        "2034-06-08 12:00:00",
        id="pauses over nights, start before opening",
    ),
    pytest.param(
        BERLIN_WEEK,
        paused_clock("2016-11-01 15:59:14", 20 * 3600, ("2016-11-01 15:59:58", "2016-11-07 13:26:36")),
        "2016-11-09 09:26:36",
        id="pause that begins on a holiday",
    ),
    pytest.param(
        BERLIN_DAILY,
        paused_clock("2013-06-04 09:00:00", 2 * 3600, ("2013-06-04 10:00:00", "2013-06-04 15:00:00")),
        "2013-06-04 16:00:00",
        id="deadline on closing time",
    ),
]


@pytest.mark.parametrize(("calendar", "clock", "due"), WORKED)
def test_worked_case_with_pauses(calendar: Calendar, clock: Clock, due: str) -> None:
    assert deadline(clock, calendar) == instant(due)
    assert elapsed(clock, calendar, instant(due)) == clock.seconds
    half = warning_at(clock, calendar, 50)
    assert half is not None
    assert elapsed(clock, calendar, half) == clock.seconds // 2


def test_a_deadline_behind_an_open_pause_is_unknown_and_elapsed_stands_still() -> None:
    clock = started("resolution", instant("2034-06-09 09:00:00"), 3600, "shop").then(
        "pause", instant("2034-06-09 09:20:00")
    )
    assert deadline(clock, SHOP) is None
    assert elapsed(clock, SHOP, instant("2034-06-12 12:00:00")) == 20 * 60
