"""Properties of working time, against an oracle that knows only how to read a wall clock, minute by minute in UTC.

Offsets of these zones are whole minutes, so a minute is open or closed as a whole, and an instant inside it counts to the
microsecond. `ORACLE_EXAMPLES=200000 ORACLE_SEED=7` look longer, and look again at the same calendars.
"""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from domain.calendars import WEEKDAYS, Calendar, WorkingTime, window_minutes
from tests.domain.drawn import CHANGES, Case, Days, Week, cases_of, weeks_of

EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES") or 5000)
SEED = int(os.environ.get("ORACLE_SEED") or secrets.randbelow(2**32))

DAYS = 13  # of UTC, around the change; the outermost two on each side are only there to be looked over
MINUTE = timedelta(minutes=1)
MICRO = timedelta(microseconds=1)
MICROS = MINUTE // MICRO  # of a minute
A_DAY = 1440


class Around(NamedTuple):
    """The days around a clock change, and what the wall clock shows in each of their minutes."""

    middle: date
    first: datetime
    shown_first: dict[int, int]  # wall clock in minutes since the year 2000 → the first minute that shows it
    shown_last: dict[int, int]


@cache
def around(timezone: str, middle: date) -> Around:
    first = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=6)
    zone = ZoneInfo(timezone)
    walls = [wall_minute((first + n * MINUTE).astimezone(zone)) for n in range(DAYS * A_DAY)]
    backwards = {wall: n for n, wall in reversed(list(enumerate(walls)))}
    return Around(middle, first, backwards, {wall: n for n, wall in enumerate(walls)})


def wall_minute(wall: datetime) -> int:
    return (wall.replace(tzinfo=None) - datetime(2000, 1, 1)) // MINUTE


# The oracle


def opened(place: Around, days: Days) -> bytearray:
    """Which minutes are open. A window begins at the first minute whose wall clock has reached its start and ends where the
    wall clock shows its end for the last time, or, when it never does, after the last minute before it: that sentence is
    the whole convention for gaps and repeats."""
    found = bytearray(DAYS * A_DAY)
    for day in (place.middle + timedelta(days=n) for n in range(-5, 6)):
        midnight = wall_minute(datetime(day.year, day.month, day.day))
        for start, end in open_minutes(days, day):
            begins = next(wall for wall in range(midnight + start, midnight + 3 * A_DAY) if wall in place.shown_first)
            first, wall = place.shown_first[begins], midnight + end
            last = place.shown_last.get(wall)
            if last is None:
                last = 1 + next(
                    place.shown_last[n] for n in range(wall - 1, wall - 3 * A_DAY, -1) if n in place.shown_last
                )
            found[first:last] = b"\1" * max(0, last - first)
    return found


def open_minutes(days: Days, day: date) -> list[tuple[int, int]]:
    """The open minutes of one date, 0 to 1440: its own windows, or the week's with those that come from the day before."""
    yesterday = day - timedelta(days=1)
    ruling = rule(days, day)
    if ruling is not None:
        return [(start, min(end, A_DAY)) for start, end in map(window_minutes, ruling)]
    before = rule(days, yesterday)
    came_over = before or days.week[WEEKDAYS[yesterday.weekday()]]  # a closed day lets its night reach into the next
    own = [(start, min(end, A_DAY)) for start, end in map(window_minutes, days.week[WEEKDAYS[day.weekday()]])]
    return own + [(0, end - A_DAY) for _, end in map(window_minutes, came_over) if end > A_DAY]


def rule(days: Days, day: date) -> tuple[str, ...] | None:
    """What a date is told to be, in the order in which it is asked: its windows, () for closed, None for the week's."""
    dated, yearly = f"{day:%Y-%m-%d}", f"{day:%m-%d}"
    for name in (dated, yearly):
        if name in days.opens:
            return days.opens[name]
        if name in days.closed:
            return ()
    return () if day in days.holidays else None


def walk_between(minutes: bytearray, start: int, end: int) -> int:
    """Open microseconds from `start` to `end`: whole minutes, less what the first and the last have outside."""
    first, last = start // MICROS, -(-end // MICROS)
    outside = minutes[first] * (start - first * MICROS) + minutes[last - 1] * (last * MICROS - end)
    return sum(minutes[first:last]) * MICROS - outside


def walk_on(minutes: bytearray, start: int, left: int) -> int:
    """When `left` open microseconds have passed since `start`."""
    for n in range(start // MICROS, len(minutes)):
        begins = max(start, n * MICROS)
        if minutes[n]:
            if left <= (n + 1) * MICROS - begins:
                return begins + left
            left -= (n + 1) * MICROS - begins
    raise AssertionError("the oracle looks at too few days")


def runs(minutes: bytearray, start: int, end: int) -> list[tuple[int, int]]:
    """The open stretches from `start` to `end`."""
    found = []
    for is_open, group in groupby(range(start // MICROS, -(-end // MICROS)), key=minutes.__getitem__):
        if is_open and start < end:
            numbers = list(group)
            found.append((max(start, numbers[0] * MICROS), min(end, (numbers[-1] + 1) * MICROS)))
    return found


clocks = st.integers(0, A_DAY - 1) | st.integers(0, 4 * 60) | st.integers(0, 95).map(lambda quarter: quarter * 15)
instants = st.integers(2 * A_DAY * MICROS, 10 * A_DAY * MICROS)


# What must hold


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, days in CHANGES.items() for day in days])
def test_the_clocks_change_on_the_days_that_are_looked_at(zone: str, day: str) -> None:
    middle = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    before, after = middle - timedelta(hours=12), middle + timedelta(hours=12)
    assert before.utcoffset() != after.utcoffset()


def test_working_time_agrees_with_a_walk_over_every_minute(record_property: Any) -> None:
    print(f"ORACLE_SEED={SEED}")  # pytest shows it with a failure
    _agrees()
    record_property("measured", f"working time: {EXAMPLES} calendars agree with the walk, ORACLE_SEED={SEED}")


@seed(SEED)
@settings(max_examples=EXAMPLES, deadline=None)
@given(cases_of(clocks), instants, instants, st.integers(0, 1_000_000))
def _agrees(case: Case, one: int, other: int, millionths: int) -> None:
    place = around(case.timezone, case.middle)
    minutes, work = opened(place, case.days), WorkingTime(case.calendar)
    start, end = sorted((one, other))
    begins, ends = place.first + start * MICRO, place.first + end * MICRO
    total = walk_between(minutes, start, end)

    assert work.between(begins, ends) == total // 1_000_000
    assert work.is_open(begins) == bool(minutes[start // MICROS])
    stretches = [
        (place.first + opens * MICRO, place.first + closes * MICRO) for opens, closes in runs(minutes, start, end)
    ]
    assert work.stretches(begins, ends) == stretches
    if stretches:
        assert work.opening(begins) == stretches[0][0]
    whole = total // 1_000_000
    for seconds in {min(1, whole), whole * millionths // 1_000_000, whole} - {0}:
        due = work.add(begins, seconds)
        assert due == place.first + walk_on(minutes, start, seconds * 1_000_000) * MICRO
        assert work.between(begins, due) == seconds
        assert work.between(begins, due - MICRO) == seconds - 1


def test_over_years_between_is_the_inverse_of_add(record_property: Any) -> None:
    print(f"ORACLE_SEED={SEED}")
    _inverse()
    record_property("measured", f"working time: {EXAMPLES // 10} spans of years there and back, ORACLE_SEED={SEED}")


@seed(SEED)
@settings(max_examples=max(1, EXAMPLES // 10), deadline=None)
@given(
    st.sampled_from(list(CHANGES)),
    weeks_of(clocks),
    st.datetimes(datetime(2012, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 200),
    st.integers(1, 3599),
)
def _inverse(timezone: str, week: Week, start: datetime, count: int, odd: int) -> None:
    work = WorkingTime(Calendar.model_validate({"timezone": timezone, "hours": week}))
    weekly = [window_minutes(window) for windows in week.values() for window in windows]
    seconds = odd + count * 60 * sum(end - begin for begin, end in weekly)
    end = work.add(start, seconds)
    assert work.between(start, end) == seconds
    assert work.between(start, end - MICRO) == seconds - 1
    half = work.add(start, seconds // 2)
    assert work.add(half, seconds - seconds // 2) == end
