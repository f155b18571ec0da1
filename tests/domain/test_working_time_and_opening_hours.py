"""Working time against `opening-hours-py`, an independent reader of OpenStreetMap's opening hours, where it is right by ours.

It differs in three things, each shown at the end: a start that the clocks show twice is the second one there; a window
that falls into a gap is an instant without length; the night that an extra open day replaces still comes over midnight.
So the windows drawn here keep away from the hours that clocks skip or repeat, and extra open days from nights; closed days, too,
where the clocks change at midnight: what is left of the night then begins at a midnight that comes twice.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours, State

from domain.calendars import Calendar, WorkingTime, window_minutes
from tests.domain.drawn import Case, Days, Week, cases_of

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UTC = ZoneInfo("UTC")  # the only kind of time zone they take
A_DAY_THAT_NEVER_WAS = "Pacific/Apia"  # 2011-12-30: they open on it, as on the day before
CHANGE_AT_MIDNIGHT = ("America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana")
Stretches = list[tuple[datetime, datetime]]
steady = st.integers(4 * 60, 22 * 60 + 59)  # between them no clock of the list has ever changed


def theirs(days: Days, timezone: str) -> OpeningHours:
    """The same calendar in OpenStreetMap's words: rules after a semicolon replace a day, so they stand in our order."""
    week = ", ".join(f"{day[:2].title()} {','.join(windows)}" for day, windows in days.week.items() if windows)
    dated, yearly = len("2026-12-24"), len("12-24")
    rules = [
        week,
        *(f"{written(day.isoformat())} off" for day in days.holidays),
        *(f"{written(day)} off" for day in days.closed if len(day) == yearly),
        *(f"{written(day)} {','.join(windows)}" for day, windows in days.opens.items() if len(day) == yearly),
        *(f"{written(day)} off" for day in days.closed if len(day) == dated),
        *(f"{written(day)} {','.join(windows)}" for day, windows in days.opens.items() if len(day) == dated),
    ]
    return OpeningHours("; ".join(rules), timezone=ZoneInfo(timezone))


def written(day: str) -> str:
    *year, month, number = day.split("-")
    return " ".join([*year, MONTHS[int(month) - 1], number])


def stretches(hours: OpeningHours, start: datetime, end: datetime) -> Stretches:
    """Their open stretches in UTC, neighbours joined."""
    found: Stretches = []
    for opens, closes, state, _ in hours.intervals(start, end):
        if state != State.OPEN:
            continue
        if found and found[-1][1] == opens:
            opens = found.pop()[0]
        found.append((opens, closes))
    return [(opens.astimezone(UTC), closes.astimezone(UTC)) for opens, closes in found]


def over_night(days: Days) -> bool:
    windows = [window for each in (*days.week.values(), *days.opens.values()) for window in each]
    return any(window_minutes(window)[1] > 24 * 60 for window in windows)


def comparable(case: Case) -> Case:
    """The case without what the two read differently."""
    if not over_night(case.days):
        return case
    without_closed = case.timezone in CHANGE_AT_MIDNIGHT
    closed, holidays = ((), ()) if without_closed else (case.days.closed, case.days.holidays)
    return case._replace(days=case.days._replace(opens={}, closed=closed, holidays=holidays))


@settings(max_examples=200, deadline=None)
@given(
    cases_of(steady).filter(lambda case: case.timezone != A_DAY_THAT_NEVER_WAS),
    st.integers(-5, 5),
    steady,
    st.integers(0, 59),
)
def test_both_are_open_at_the_same_times(case: Case, day: int, minute: int, second: int) -> None:
    case, zone = comparable(case), ZoneInfo(case.timezone)
    middle = datetime(case.middle.year, case.middle.month, case.middle.day, tzinfo=zone)
    hours, work = theirs(case.days, case.timezone), WorkingTime(case.calendar)
    start, end = middle - timedelta(days=8), middle + timedelta(days=8)
    assert work.stretches(start, end) == stretches(hours, start, end)
    at = (middle + timedelta(days=day, minutes=minute, seconds=second)).astimezone(UTC)
    assert work.is_open(at) == hours.is_open(at)
    if not hours.is_open(at):
        change = hours.next_change(at)
        assert change is not None
        assert work.opening(at) == change.astimezone(UTC)


# Where the other one is wrong by our conventions


def both(day: str, timezone: str, window: str) -> tuple[list[str], list[str]]:
    """What we and they call open on that day, as clocks with their offsets."""
    zone = ZoneInfo(timezone)
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    days = Days(dict.fromkeys(("sat", "sun"), (window,)), {}, (), ())
    ours = WorkingTime(Calendar.model_validate({"timezone": timezone, "hours": days.week}))
    end = start + timedelta(days=1)
    return said(ours.stretches(start, end), zone), said(stretches(theirs(days, timezone), start, end), zone)


def said(found: Stretches, zone: ZoneInfo) -> list[str]:
    return [" to ".join(f"{edge.astimezone(zone):%H:%M%z}" for edge in stretch) for stretch in found]


def test_a_start_that_exists_twice_is_the_first_here_and_the_second_there() -> None:
    ours, others = both("2026-10-25", "Europe/Berlin", "02:30-05:00")
    assert (ours, others) == (["02:30+0200 to 05:00+0100"], ["02:30+0100 to 05:00+0100"])


def test_a_window_inside_a_gap_does_not_happen_here_and_has_no_length_there() -> None:
    ours, others = both("2026-03-29", "Europe/Berlin", "02:10-02:50")
    assert (ours, others) == ([], ["03:00+0200 to 03:00+0200"])


@pytest.mark.parametrize("closed", [True, False])
def test_the_night_of_a_replaced_day_comes_over_midnight_there_and_here_only_when_it_was_closed(
    closed: bool,
) -> None:
    wednesday, thursday = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
    week: Week = dict.fromkeys(("tue", "wed"), ("22:00-06:00",))
    opens: Week = {} if closed else {"2026-03-04": ("09:00-12:00",)}
    days = Days(week, opens, ("2026-03-04",) if closed else (), ())
    case = Case("UTC", date(2026, 3, 4), days)
    end = thursday + timedelta(days=1)
    assert theirs(days, "UTC").is_open(thursday)
    assert WorkingTime(case.calendar).is_open(thursday) == closed
    assert not WorkingTime(case.calendar).is_open(wednesday)
    assert stretches(theirs(days, "UTC"), thursday, end)[0] == (thursday, thursday + timedelta(hours=6))
