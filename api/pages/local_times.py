"""Times that people type into a form: on their own clock, as browsers send them; a time that a clock change took or doubled
is read as everywhere else (`domain.calendars`)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.calendars import wall_to_utc
from domain.tickets import EARLIEST, LATEST


class Unreadable(Exception):
    """What was typed is no time; `field` names where."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def typed(field: str, text: str, timezone: str, *, last: bool = False) -> datetime | None:
    """`2026-03-06T17:50` on the clock of that zone; None where nothing was typed. Raises Unreadable."""
    if not text.strip():
        return None
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Unreadable(field) from None
    if wall.tzinfo is not None or not EARLIEST.year < wall.year < LATEST.year:
        raise Unreadable(field)
    return wall_to_utc(wall, ZoneInfo(timezone), last=last)


def local_time(at: datetime, timezone: str) -> str:
    """As such a field is filled in."""
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%dT%H:%M}"
