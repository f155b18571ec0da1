"""Properties of working time, against an oracle that knows only how to read a wall clock, minute by minute."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import WEEKDAYS, Calendar, WorkingTime

ZONES = {
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/Chicago": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "America/Sao_Paulo": [date(2018, 11, 4), date(2015, 2, 22)],
}
MINUTE = timedelta(minutes=1)


def calendar(timezone: str, hours: object, closed: Collection[date] = ()) -> Calendar:
    return Calendar.model_validate({"timezone": timezone, "hours": hours, "closed_dates": sorted(closed)})


@cache
def wall_clock(timezone: str, middle: date) -> tuple[datetime, list[datetime]]:
    """Every minute of nine UTC days around a clock change, as read off the wall."""
    first = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=4)
    zone = ZoneInfo(timezone)
    return first, [(first + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(9 * 1440)]


def walk(timezone: str, middle: date, hours: dict[str, tuple[str, ...]], closed: set[date]) -> list[bool]:
    """Which minutes are open. A window begins at the first minute whose wall clock has reached its start and ends where the
    wall clock shows its end for the last time, or, when it never does, after the last minute before it: that sentence is
    the whole convention for gaps and repeats."""
    _, walls = wall_clock(timezone, middle)
    opened = [False] * len(walls)
    for day in (middle + timedelta(days=n) for n in range(-6, 7)):
        midnight = datetime(day.year, day.month, day.day)
        for start, end in pieces(hours, day) if day not in closed else []:
            first = next((i for i, wall in enumerate(walls) if wall >= midnight + start), len(walls))
            last = next((i - 1 for i in reversed(range(len(walls))) if walls[i] == midnight + end), None)
            if last is None:
                last = next((i for i in reversed(range(len(walls))) if walls[i] < midnight + end), -1)
            opened[first : last + 1] = [True] * max(0, last + 1 - first)
    return opened


def pieces(hours: dict[str, tuple[str, ...]], day: date) -> list[tuple[timedelta, timedelta]]:
    found = []
    for name, midnight in ((WEEKDAYS[day.weekday()], 0), (WEEKDAYS[day.weekday() - 1], 1440)):
        for window in hours[name]:
            a, b = (int(part[:2]) * 60 + int(part[3:]) for part in window.split("-"))
            b += 1440 * (b <= a)
            a, b = max(0, a - midnight), min(1440, b - midnight)
            if a < b:
                found.append((a * MINUTE, b * MINUTE))
    return found


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, ...]:
    """Up to two windows a day on quarter hours, the last perhaps over midnight, many of them around 02:00."""
    marks = draw(st.lists(st.integers(0, 95) | st.integers(0, 16), min_size=0, max_size=4, unique=True))
    clocks = [f"{m // 4:02}:{m % 4 * 15:02}" for m in sorted(marks)]
    if len(clocks) == 3:
        return (f"{clocks[0]}-{clocks[1]}", f"{clocks[2]}-{draw(st.sampled_from([clocks[0], '24:00']))}")
    return tuple(f"{a}-{b}" for a, b in zip(clocks[::2], clocks[1::2], strict=False))


weeks = st.fixed_dictionaries({day: windows() for day in WEEKDAYS}).filter(lambda week: any(week.values()))
changes = st.sampled_from([(zone, day) for zone, days in ZONES.items() for day in days])


@settings(max_examples=60, deadline=None)
@given(changes, weeks, st.sets(st.integers(-2, 2), max_size=2), st.data())
def test_working_time_agrees_with_a_walk_over_every_minute(
    change: tuple[str, date], week: dict[str, tuple[str, ...]], shut: set[int], data: st.DataObject
) -> None:
    timezone, middle = change
    closed = {middle + timedelta(days=n) for n in shut}
    work = WorkingTime(calendar(timezone, week, closed))
    first, _ = wall_clock(timezone, middle)
    opened = walk(timezone, middle, week, closed)
    a = data.draw(st.integers(1440, 7 * 1440))
    b = data.draw(st.integers(a, 8 * 1440))
    start, end = first + a * MINUTE, first + b * MINUTE
    assert work.between(start, end) == 60 * sum(opened[a:b])
    assert work.is_open(start) == opened[a]
    if True in opened[a:]:
        assert work.opening(start) == first + opened.index(True, a) * MINUTE
    for count, minute in enumerate([i for i in range(a, b) if opened[i]][:3000:97]):
        assert work.add(start, 60 * (97 * count + 1)) == first + (minute + 1) * MINUTE


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(ZONES)),
    weeks,
    st.datetimes(datetime(2014, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 2_000_000),
)
def test_between_is_the_inverse_of_add(
    timezone: str, week: dict[str, tuple[str, ...]], start: datetime, seconds: int
) -> None:
    work = WorkingTime(calendar(timezone, week))
    end = work.add(start, seconds)
    assert work.between(start, end) == seconds
    assert work.between(start, end - timedelta(microseconds=1)) == seconds - 1
    half = work.add(start, seconds // 2)
    assert work.add(half, seconds - seconds // 2) == end
