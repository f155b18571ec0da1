"""Calendars drawn at random around days on which clocks change, for the two things that working time is held against.

Every strategy is made once: most of an example's time would go into making them anew.
"""

from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from domain.calendars import WEEKDAYS, Calendar

PATTERNS = 3  # kinds of day in a week, beside the closed one

CHANGES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/Chicago": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],  # half an hour
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],  # at 02:45 and 03:45
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],  # two hours
    "America/Sao_Paulo": ["2018-11-04", "2015-02-22"],  # these four at midnight
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Africa/Cairo": ["2025-04-25", "2025-10-31"],
    "America/Havana": ["2024-03-10", "2024-11-03"],
    "Pacific/Apia": ["2011-12-31"],  # the day before never was, and the year ends
}


Windows = tuple[str, ...]
Week = dict[str, Windows]
_Day = tuple[int, str]  # days from the middle, and the form it is written in


class Days(NamedTuple):
    """Windows by weekday, by date and by yearly date; closed dates; holidays."""

    week: Week
    opens: dict[str, Windows]
    closed: tuple[str, ...]
    holidays: tuple[date, ...]


class Case(NamedTuple):
    """A calendar in a zone whose clocks change on the day in the middle."""

    timezone: str
    middle: date
    days: Days

    @property
    def calendar(self) -> Calendar:
        """As a policy says it."""
        week, opens, closed, holidays = self.days
        told = {"hours": week, "open": opens, "closed": closed, "closed_dates": holidays}
        return Calendar.model_validate({"timezone": self.timezone, **told})


def weeks_of(clocks: st.SearchStrategy[int]) -> st.SearchStrategy[Week]:
    """Weeks of a few kinds of day, some closed, with windows that begin and end at these minutes of the day."""
    kinds = st.lists(_windows_of(clocks), min_size=1, max_size=PATTERNS)
    picked = st.lists(st.integers(0, PATTERNS), min_size=6, max_size=6)
    return st.tuples(kinds, picked).map(_week)


def cases_of(clocks: st.SearchStrategy[int]) -> st.SearchStrategy[Case]:
    """Weeks, with up to two each of extra open days, closed days and holidays close to a clock change."""
    changes = st.sampled_from([(zone, date.fromisoformat(day)) for zone, days in CHANGES.items() for day in days])
    near = st.integers(-3, 3)
    written = st.tuples(near, st.sampled_from(["%Y-%m-%d", "%m-%d"]))
    opens = st.dictionaries(written, _windows_of(clocks), max_size=2)
    closed = st.sets(written, max_size=2)
    return st.builds(_case, changes, weeks_of(clocks), opens, closed, st.sets(near, max_size=2))


def _case(
    change: tuple[str, date], week: Week, opens: dict[_Day, Windows], closed: set[_Day], holidays: set[int]
) -> Case:
    timezone, middle = change
    extra = {_written(middle, day): windows for day, windows in opens.items()}
    shut = sorted({_written(middle, day) for day in closed} - extra.keys())
    off = sorted(middle + timedelta(days=offset) for offset in holidays)
    return Case(timezone, middle, Days(week, extra, tuple(shut), tuple(off)))


def _written(middle: date, day: _Day) -> str:
    offset, form = day
    return (middle + timedelta(days=offset)).strftime(form)


def _windows_of(clocks: st.SearchStrategy[int]) -> st.SearchStrategy[Windows]:
    marks = st.lists(clocks, min_size=2, max_size=4, unique=True).map(sorted)
    return st.tuples(marks, st.booleans()).map(_windows)


def _windows(drawn: tuple[list[int], bool]) -> Windows:
    """One or two a day, the last perhaps over midnight."""
    minutes, over_night = drawn
    at = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    if len(at) == 2:
        return (f"{at[1]}-{at[0]}" if over_night else f"{at[0]}-{at[1]}",)
    end = at[3] if len(at) == 4 else at[0] if over_night else "24:00"
    return (f"{at[0]}-{at[1]}", f"{at[2]}-{end}")


def _week(drawn: tuple[list[Windows], list[int]]) -> Week:
    kinds, picked = drawn
    return {day: [*kinds, ()][n % (len(kinds) + 1)] for day, n in zip(WEEKDAYS, [0, *picked], strict=True)}
