"""Working time: when a team is open, and when so many open seconds will have passed.

The decisions: elapsed working time is real seconds inside opening windows, so a day with a clock change has what it
really has; a deadline on closing time is closing time; a local time that does not exist is the first instant after the
gap; one that exists twice is the first for a start and the last for an end. A closed date is closed from its local
00:00 to 24:00, also to a window that came over midnight. A date in `open` has exactly its own windows: neither those of
the week nor what comes over midnight from the day before; its own may reach into the next day, unless that one is closed
or in `open` itself. A date with its year rules over a yearly one, `open` over holidays. Windows become sorted UTC
microseconds once per year of UTC and questions are bisections, so a year ahead costs no more than a minute ahead.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
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
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.durations import SECONDS_PER_DAY, PositiveDuration
from domain.errors import Invalid
from domain.open_windows import OpenWindows

MINUTES_PER_DAY: Final = 24 * 60
YEARS_WITHOUT_OPENING: Final = 10
"""A calendar that stays shut this long is a mistake in a file, not something to wait for."""
YEARS_AHEAD: Final = 200
"""No deadline is further away; bounds the search however few hours a calendar has."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1) // _MICRO
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_DAY: Final = re.compile(r"(?:\d{4}-)?\d{2}-\d{2}", re.ASCII)
_PSEUDO_ZONE: Final = re.compile(r"Factory|localtime|posixrules|(?:posix|right)/.*")
_WINDOW: Final = re.compile(rf"({_CLOCK})-({_CLOCK}|24:00)", re.ASCII)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
HANDED_IN: Final = {"handed_in": True}  # context of validation: rules made later bind what comes in, not what is stored
_Minutes = list[tuple[int, int]]


def _check_zone(name: str, info: ValidationInfo) -> str:
    try:
        if info.context == HANDED_IN and _PSEUDO_ZONE.fullmatch(name):
            raise ValueError(name)
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: write an IANA name such as Europe/Berlin or UTC") from None
    return name


def _check_window(text: str) -> str:
    window_minutes(text)
    return text


def _check_day(text: str) -> str:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        # A yearly day is tried in a leap year, so that 02-29 is a day.
        date.fromisoformat(text if len(text) == len("2026-05-15") else f"2024-{text}")
    except ValueError:
        raise ValueError(f"{text!r} is no date: write MM-DD for every year or YYYY-MM-DD for one") from None
    return text


def _unquoted_date(value: object) -> object:
    """YAML turns an unquoted 2026-05-15 into a date."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _check_week(hours: "dict[Weekday, tuple[str, ...]]", info: ValidationInfo) -> "dict[Weekday, tuple[str, ...]]":
    by_day = ((day, said) for day, windows in hours.items() for said in _overlaps(windows))
    found: dict[str, list[str]] = {}  # said once, however many days have it
    for day, said in chain(by_day, _night_overlaps(hours) if info.context == HANDED_IN else ()):
        found.setdefault(said, []).append(day)
    if found:
        raise ValueError("; ".join(f"{', '.join(days)}: {said}" for said, days in found.items()))
    return hours


def _check_extra(windows: tuple[str, ...]) -> tuple[str, ...]:
    if not windows:
        raise ValueError('no window: write some, such as ["10:00-14:00"], or put the date into `closed`')
    if found := list(_overlaps(windows)):
        raise ValueError("; ".join(found))
    return windows


def _overlaps(windows: tuple[str, ...]) -> Iterator[str]:
    longest = ""
    for window in sorted(windows, key=window_minutes):
        if longest and window_minutes(window)[0] < window_minutes(longest)[1]:
            yield f"{longest} and {window} overlap: write one window, or end the first before the second"
        longest = max(window, longest or window, key=lambda one: window_minutes(one)[1])


def _night_overlaps(hours: "dict[Weekday, tuple[str, ...]]") -> Iterator[tuple[str, str]]:
    """Windows that what runs longest over midnight runs into, also from Sunday into Monday."""
    for day, following in pairwise((*WEEKDAYS, WEEKDAYS[0])):
        night = max(hours.get(day, ()), key=lambda window: window_minutes(window)[1], default="00:00-24:00")
        for morning in hours.get(following, ()):
            if window_minutes(morning)[0] + MINUTES_PER_DAY < window_minutes(night)[1]:
                yield f"{day} into {following}", f"{night} and {morning} overlap: end the first at {morning[:5]}"


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
Day = Annotated[str, BeforeValidator(_unquoted_date), AfterValidator(_check_day)]
"""`MM-DD` for every year or `YYYY-MM-DD` for one."""
OpenDays = dict[Day, Annotated[tuple[Window, ...], AfterValidator(_check_extra)]]
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
    closed: tuple[Day, ...] = ()
    # Not there: no such days. Left out then, for a worker of an earlier version refuses keys it does not know.
    open: OpenDays = Field(default={}, exclude_if=lambda days: not days)
    closed_dates: tuple[date, ...] = ()

    def __hash__(self) -> int:
        # Asked thousands of times for one case, so it looks at a few things only; equality looks at all.
        return hash((self.timezone, len(self.closed), self.closed_dates[:1], len(self.open)))

    @field_validator("day")
    @classmethod
    def _day_is_a_number_of_hours(cls, day: PositiveDuration | None) -> PositiveDuration | None:
        if day is not None and (day.days or day.seconds > SECONDS_PER_DAY):
            raise ValueError(f"day: {day} says how long a working day is: write at most 24h, such as 8h")
        return day

    @field_validator("open")
    @classmethod
    def _open_or_closed(cls, days: OpenDays, info: ValidationInfo) -> OpenDays:
        if both := dict.fromkeys(day for day in info.data.get("closed", ()) if day in days):
            raise ValueError("; ".join(f"{day} stands in `closed` too: write it in one of them" for day in both))
        return days

    @model_validator(mode="after")
    def _has_openings(self) -> Self:
        if self.hours == "always":
            self._check_always()
        elif not any(self.hours.values()) and not _yearly(self.open):
            raise ValueError('no opening hours in any week or year: write some, such as mon: ["09:00-17:30"]')
        elif not _yearly(self.open) and len(_yearly(self.closed) | {"02-29"}) == 366:
            raise ValueError("every day of the year is closed: leave some days open")
        return self

    def _check_always(self) -> None:
        week = 'write the week instead, such as mon: ["00:00-24:00"]'
        wrong = [
            ("is open on every day already: leave `open` out", self.open),
            (f"has no closed days: {week}", self.holidays or self.closed or self.closed_dates),
            ("has days of 24h: leave `day:` out", self.day and self.day.seconds != SECONDS_PER_DAY),
        ]
        if found := [f"`hours: always` {said}" for said, is_so in wrong if is_so]:
            raise ValueError("; ".join(found))

    @property
    def day_seconds(self) -> int | None:
        """What `d` means here: 86400 when always open, else `day:`, else None (durations in days are then refused)."""
        if self.hours == "always":
            return SECONDS_PER_DAY
        return self.day.seconds if self.day else None

    def local(self, at: datetime) -> datetime:
        """`at` on the wall clock of this calendar."""
        return as_utc(at).astimezone(ZoneInfo(self.timezone))


def _yearly(days: Iterable[str]) -> set[str]:
    return {day for day in days if len(day) == len("12-24")}


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

    def stretches(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open stretches from `start` to `end`, cut off at both, none touching the next."""
        start, end = as_utc(start), as_utc(end)
        if end <= start:
            return []
        if self._always:
            return [(start, end)]
        low, high = _micros(start), _micros(end)
        cut = [self._year(year).between(low, high) for year in range(start.year, end.year + 1)]
        whole = OpenWindows(chain.from_iterable(cut), low, high)  # joins what only the change of year has cut
        return [(_instant(opens), _instant(closes)) for opens, closes in zip(whole.starts, whole.ends, strict=True)]

    def _years_from(self, first: int) -> Iterator[OpenWindows]:
        shut = 0
        for year in range(first, min(first + YEARS_AHEAD, 9999)):
            table = self._year(year)
            shut = 0 if table.total else shut + 1
            if shut > YEARS_WITHOUT_OPENING:
                raise Invalid("no_opening_hours", f"the calendar has no opening hours in the ten years before {year}")
            yield table

    def _year(self, year: int) -> OpenWindows:
        return _expand(self._calendar, year)


@lru_cache(maxsize=2048)  # fifty calendars, the most of a policy, for forty years
def _expand(calendar: Calendar, year: int) -> OpenWindows:
    """About a millisecond of work, so kept; equal calendars share it, also after a round trip through JSON."""
    # Local dates reach up to a day into the neighbouring UTC years; clipping keeps the years disjoint.
    low, high = (_micros(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
    return OpenWindows(_windows(calendar, date(year, 1, 1) - timedelta(days=2), 370), low, high)


def _windows(calendar: Calendar, first: date, days: int) -> Iterator[tuple[int, int]]:
    zone = ZoneInfo(calendar.timezone)
    for day, pieces in _pieces(calendar, first, days):
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock, given its zone below
        steady = _steady_midnight(zone, midnight)
        for start, end in pieces:
            if steady is not None:
                yield steady + start * _MINUTE, steady + end * _MINUTE
                continue
            opens = wall_to_utc(midnight + timedelta(minutes=start), zone)
            closes = wall_to_utc(midnight + timedelta(minutes=end), zone, last=True)
            yield _micros(opens), _micros(closes)


@lru_cache(maxsize=8192)
def _steady_midnight(zone: ZoneInfo, midnight: datetime) -> int | None:
    """The instant of a local midnight when no clock changes until the next one, else None: then the slow way is taken.

    No zone has ever changed its clocks to and fro within three days, so the offsets at both midnights tell.
    """
    walls = (midnight.replace(tzinfo=zone), (midnight + timedelta(days=1)).replace(tzinfo=zone))
    offsets = {wall.replace(fold=fold).utcoffset() for wall in walls for fold in (0, 1)}
    return _micros(walls[0].astimezone(UTC)) if len(offsets) == 1 else None


def _pieces(calendar: Calendar, first: date, days: int) -> Iterator[tuple[date, _Minutes]]:
    """The open minutes of each day; where the week rules, with what comes over midnight from the day before."""
    week = _week(calendar)
    holidays, over = {day.isoformat() for day in calendar.closed_dates}, _Minutes()
    for day in (first + timedelta(days=n) for n in range(days)):
        written = day.isoformat()
        extra = _extra(calendar, written)
        begins = week[day.weekday()] if extra is None else [window_minutes(window) for window in extra]
        mine = [(start, min(end, MINUTES_PER_DAY)) for start, end in begins]
        if extra is not None:
            yield day, mine
        elif written not in holidays and written not in calendar.closed and written[5:] not in calendar.closed:
            yield day, over + mine
        over = [(0, end - MINUTES_PER_DAY) for _, end in begins if end > MINUTES_PER_DAY]


def _week(calendar: Calendar) -> list[_Minutes]:
    hours = {} if calendar.hours == "always" else calendar.hours
    return [[window_minutes(window) for window in hours.get(day, ())] for day in WEEKDAYS]


def _extra(calendar: Calendar, day: str) -> tuple[str, ...] | None:
    """The windows of `open` for a date, None when it has none; a date closed by its year is not opened by a yearly day."""
    yearly = None if day in calendar.closed else calendar.open.get(day[5:])
    return calendar.open.get(day, yearly)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
