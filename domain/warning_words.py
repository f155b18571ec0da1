"""How a warning about a policy writes priorities, names, stretches of time and instants: short, by the calendar's own clock."""

from collections.abc import Sequence
from datetime import datetime

from domain.calendars import Calendar
from domain.tickets import PRIORITIES, Priority

_NAMED = 10  # of one kind in one warning; the rest is counted


def for_priorities(priorities: Sequence[Priority]) -> str:
    """`for high, critical: `; nothing when it is so for all of them."""
    return "" if len(priorities) == len(PRIORITIES) else f"for {', '.join(priorities)}: "


def some(names: Sequence[str]) -> str:
    """The first ten, and how many more."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def in_hours(seconds: int) -> str:
    """`10 h`, `11 h 30 min`."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def day(calendar: Calendar, at: datetime) -> str:
    """`Mon 2026-11-23`."""
    return f"{calendar.local(at):%a %Y-%m-%d}"


def moment(calendar: Calendar, at: datetime) -> str:
    """`Mon 2026-11-23 17:00`."""
    return f"{calendar.local(at):%a %Y-%m-%d %H:%M}"


def span(calendar: Calendar, start: datetime, end: datetime) -> str:
    """`Mon 2026-11-23 17:00–18:00`, or both days where there are two."""
    if day(calendar, start) == day(calendar, end):
        return f"{moment(calendar, start)}–{calendar.local(end):%H:%M}"
    return f"{moment(calendar, start)} to {moment(calendar, end)}"
