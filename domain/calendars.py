"""Working time: when a team is open, and when so many open seconds will have passed.

The decisions: elapsed working time is real seconds inside opening windows, so a day with a clock change has what it
really has; a deadline on closing time is closing time; a local time that does not exist is the first instant after the
gap; one that exists twice is the first for a start and the last for an end. A closed date is closed from its local
00:00 to 24:00, also to a window that came over midnight. Windows become sorted UTC microseconds once per year of UTC
and questions are bisections, so a year ahead costs no more than a minute ahead.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Annotated, Final, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from domain.durations import SECONDS_PER_DAY, PositiveDuration
from domain.errors import Invalid

MINUTES_PER_DAY: Final = 24 * 60
YEARS_WITHOUT_OPENING: Final = 10
"""A calendar that stays shut this long is a mistake in a file, not something to wait for."""
YEARS_AHEAD: Final = 200
"""No deadline is further away; bounds the search however few hours a calendar has."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_CLOSED: Final = re.compile(r"(?:\d{4}-)?\d{2}-\d{2}", re.ASCII)
_WINDOW: Final = re.compile(rf"({_CLOCK})-({_CLOCK}|24:00)", re.ASCII)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: write an IANA name such as Europe/Berlin or UTC") from None
    return name


def _check_window(text: str) -> str:
    window_minutes(text)
    return text


def _check_closed(text: str) -> str:
    try:
        if not _CLOSED.fullmatch(text):
            raise ValueError(text)
        # A yearly day is tried in a leap year, so that 02-29 is a day.
        date.fromisoformat(text if len(text) == len("2026-05-15") else f"2024-{text}")
    except ValueError:
        raise ValueError(f"{text!r} is no date: write MM-DD for every year or YYYY-MM-DD for one") from None
    return text


def _unquoted_date(value: object) -> object:
    """YAML turns an unquoted 2026-05-15 into a date."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _check_week(hours: "dict[Weekday, tuple[str, ...]]") -> "dict[Weekday, tuple[str, ...]]":
    if not any(hours.values()):
        raise ValueError('there are no opening hours at all: write some, such as mon: ["09:00-17:30"], or `always`')
    for day, windows in hours.items():
        for a, b in pairwise(sorted(windows, key=window_minutes)):
            if window_minutes(b)[0] < window_minutes(a)[1]:
                raise ValueError(f"{day}: {a} and {b} overlap: write one window, or end the first before the second")
    return hours


def window_minutes(window: str) -> tuple[int, int]:
    """`22:00-06:00` as minutes of its day (1320, 1800): past 1440 is the next day. ValueError for any other syntax."""
    match = _WINDOW.fullmatch(window)
    if match is None:
        raise ValueError(f"{window!r} is no opening window: write HH:MM-HH:MM, such as 09:00-17:30 or 22:00-06:00")
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in match.groups())
    if start == end:
        raise ValueError(f"{window!r} ends when it starts: write 00:00-24:00 for the whole day, or leave it out")
    return start, end if end > start else end + MINUTES_PER_DAY


Zone = Annotated[str, AfterValidator(_check_zone)]
Window = Annotated[str, AfterValidator(_check_window)]
ClosedDay = Annotated[str, BeforeValidator(_unquoted_date), AfterValidator(_check_closed)]
WeekHours = Annotated[dict[Weekday, tuple[Window, ...]], AfterValidator(_check_week)]
"""Opening windows by weekday, in local time; a window over midnight belongs to the day it begins on."""


def _hours_tag(value: object) -> str:
    return "by_weekday" if isinstance(value, dict) else "always"


Hours = Annotated[
    Annotated[Literal["always"], Tag("always")] | Annotated[WeekHours, Tag("by_weekday")], Discriminator(_hours_tag)
]


class HolidayRegion(BaseModel):
    """Whose public holidays are closed; others expand them into `Calendar.closed_dates`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1, such as DE")
    subdivision: str | None = None


class Calendar(BaseModel):
    """When a team is open. Plain data: it lives in policies and, with its holidays as dates, in workflow state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: Zone
    hours: Hours
    day: PositiveDuration | None = None
    holidays: HolidayRegion | None = None
    closed: tuple[ClosedDay, ...] = ()
    closed_dates: tuple[date, ...] = ()

    def __hash__(self) -> int:
        hours = self.hours if self.hours == "always" else tuple(sorted(self.hours.items()))
        return hash((self.timezone, hours, self.day, self.closed, self.closed_dates))

    @field_validator("day")
    @classmethod
    def _day_is_a_number_of_hours(cls, day: PositiveDuration | None) -> PositiveDuration | None:
        if day is not None and (day.days or day.seconds > SECONDS_PER_DAY):
            raise ValueError(f"day: {day} says how long a working day is: write at most 24h, such as 8h")
        return day

    @model_validator(mode="after")
    def _has_openings(self) -> Self:
        if self.hours == "always":
            self._check_always()
        elif sum(len(entry) == len("12-24") for entry in set(self.closed)) == 366:
            raise ValueError("every day of the year is closed: leave some days open")
        return self

    def _check_always(self) -> None:
        if self.holidays or self.closed or self.closed_dates:
            raise ValueError('`hours: always` has no closed days: write the week instead, such as mon: ["00:00-24:00"]')
        if self.day and self.day.seconds != SECONDS_PER_DAY:
            raise ValueError("`hours: always` has days of 24h: leave `day:` out")

    @property
    def day_seconds(self) -> int | None:
        """What `d` means here: 86400 when always open, else `day:`, else None (durations in days are then refused)."""
        if self.hours == "always":
            return SECONDS_PER_DAY
        return self.day.seconds if self.day else None

    def local(self, at: datetime) -> datetime:
        """`at` on the wall clock of this calendar."""
        return as_utc(at).astimezone(ZoneInfo(self.timezone))


def as_utc(at: datetime) -> datetime:
    """The same instant in UTC; ValueError for one without zone, which is no instant, or beyond the ends of the calendar."""
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone: add an offset, such as +01:00 or Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{at.isoformat()} is beyond the years 1 to 9999 in UTC: write a time within reach") from None


def wall_to_utc(wall: datetime, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The instant a naive wall-clock time names: after the gap if it does not exist, the first (or `last`) if twice."""
    first_try = wall.replace(tzinfo=zone, fold=0)
    second_try = wall.replace(tzinfo=zone, fold=1)
    before, after = first_try.utcoffset(), second_try.utcoffset()
    if before is not None and after is not None and before < after:
        return _end_of_gap(second_try.astimezone(UTC), first_try.astimezone(UTC), zone)
    return (second_try if last else first_try).astimezone(UTC)


def _end_of_gap(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The clock change between `low` (before it) and `high` (after it), to the second (PEP 495 gives both sides)."""
    changed = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == changed:
            high = middle
        else:
            low = middle
    return high


class _Year:
    """The opening windows of one UTC year, in microseconds since 1970, with the open time up to each one's end."""

    def __init__(self, windows: list[tuple[int, int]]) -> None:
        self.starts = [start for start, _ in windows]
        self.ends = [end for _, end in windows]
        self.open_until = list(accumulate(end - start for start, end in windows))
        self.total = self.open_until[-1] if windows else 0

    def open_before(self, at: int) -> int:
        """Open time of this year before `at`."""
        i = bisect_right(self.starts, at) - 1
        return self.open_until[i] - max(0, self.ends[i] - at) if i >= 0 else 0

    def instant(self, open_time: int) -> int:
        """When `open_time` (over 0, at most `total`) of this year has passed: closing time rather than next opening."""
        i = bisect_left(self.open_until, open_time)
        return self.ends[i] - (self.open_until[i] - open_time)

    def opening(self, at: int) -> int | None:
        """`at` when open, else the next opening of this year."""
        i = bisect_right(self.ends, at)
        return max(at, self.starts[i]) if i < len(self.starts) else None


class WorkingTime:
    """Arithmetic in the open time of one calendar. All instants are aware and come back in UTC, microseconds kept."""

    def __init__(self, calendar: Calendar) -> None:
        self._always = calendar.hours == "always"
        self._calendar = calendar

    def add(self, start: datetime, seconds: int) -> datetime:
        """The instant when `seconds` of open time have passed since `start`; zero is `start` itself.

        Raises Invalid `no_opening_hours` when the calendar stays shut for ten years, `deadline_too_far` after 200.
        """
        if seconds < 0:
            raise ValueError(f"working time runs forward only, not {seconds} s")
        start = as_utc(start)
        if self._always or seconds == 0:
            return start + timedelta(seconds=seconds)
        left = seconds * 1_000_000 + self._year(start.year).open_before(_micros(start))
        for table in self._years_from(start.year):
            if left <= table.total:
                return _instant(table.instant(left))
            left -= table.total
        raise Invalid("deadline_too_far", f"{seconds} s of opening hours take over {YEARS_AHEAD} years: shorten it")

    def between(self, start: datetime, end: datetime) -> int:
        """Open seconds from `start` to `end`, whole ones; 0 when `end` is not later. Inverse of `add`."""
        start, end = as_utc(start), as_utc(end)
        if end <= start:
            return 0
        if self._always:
            return (end - start) // timedelta(seconds=1)
        whole = sum(self._year(year).total for year in range(start.year, end.year))
        last = self._year(end.year).open_before(_micros(end))
        return (whole + last - self._year(start.year).open_before(_micros(start))) // 1_000_000

    def opening(self, at: datetime) -> datetime:
        """`at` if open then (start <= at < end), else the next opening. Raises Invalid `no_opening_hours`."""
        at = as_utc(at)
        if self._always:
            return at
        micros = _micros(at)
        found = (table.opening(micros) for table in self._years_from(at.year))
        return _instant(next(opening for opening in found if opening is not None))

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is inside an opening window; closing time itself is not."""
        at, micros = as_utc(at), _micros(at)
        return self._always or self._year(at.year).opening(micros) == micros

    def _years_from(self, first: int) -> Iterator[_Year]:
        shut = 0
        for year in range(first, min(first + YEARS_AHEAD, 9999)):
            table = self._year(year)
            shut = 0 if table.total else shut + 1
            if shut > YEARS_WITHOUT_OPENING:
                raise Invalid("no_opening_hours", f"the calendar has no opening hours in the ten years before {year}")
            yield table

    def _year(self, year: int) -> _Year:
        return _expand(self._calendar, year)


@lru_cache(maxsize=512)
def _expand(calendar: Calendar, year: int) -> _Year:
    """Some milliseconds of work, so kept; equal calendars share it, also after a round trip through JSON."""
    # Local dates reach up to a day into the neighbouring UTC years; clipping keeps the years disjoint.
    low, high = (_micros(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(_windows(calendar, date(year, 1, 1) - timedelta(days=2), 370)):
        start, end = max(opens, low), min(closes, high)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return _Year(merged)


def _windows(calendar: Calendar, first: date, days: int) -> Iterator[tuple[int, int]]:
    zone, pieces = ZoneInfo(calendar.timezone), _pieces(calendar)
    closed = {*calendar.closed, *map(date.isoformat, calendar.closed_dates)}
    for day in (first + timedelta(days=n) for n in range(days)):
        if not closed.isdisjoint((day.isoformat(), day.isoformat()[5:])):
            continue
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock, given its zone below
        for start, end in pieces[day.weekday()]:
            opens = wall_to_utc(midnight + timedelta(minutes=start), zone)
            closes = wall_to_utc(midnight + timedelta(minutes=end), zone, last=True)
            yield _micros(opens), _micros(closes)


def _pieces(calendar: Calendar) -> list[list[tuple[int, int]]]:
    """Minutes of each weekday that are open, with what comes over from the day before."""
    pieces: list[list[tuple[int, int]]] = [[] for _ in WEEKDAYS]
    for day, windows in () if calendar.hours == "always" else calendar.hours.items():
        index = WEEKDAYS.index(day)
        for start, end in map(window_minutes, windows):
            pieces[index].append((start, min(end, MINUTES_PER_DAY)))
            if end > MINUTES_PER_DAY:
                pieces[(index + 1) % 7].append((0, end - MINUTES_PER_DAY))
    return pieces


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
