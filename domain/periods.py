"""Days, weeks and months on the clock of a time zone, as instants: what a report covers and how a trend is cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from domain.calendars import wall_to_utc
from domain.errors import Invalid

Cut = Literal["day", "week", "month"]

DEFAULT_DAYS = 90
MOST_PIECES = 400  # of a trend: a year of days; nobody reads more, and each is a query of its own to the database
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From `begin` until before `end`, both in UTC; days are those of `timezone`."""

    begin: datetime
    end: datetime
    timezone: str = "UTC"


@dataclass(frozen=True)
class Piece:
    """A day, week (from Monday) or month of a period, cut off at its edges; `first` is its first day on the local calendar."""

    first: date
    begin: datetime
    end: datetime


def period(begin: date | datetime | None, end: date | datetime | None, timezone: str, now: datetime) -> Period:
    """What a report covers. A date is the whole local day, the last one included; an instant is itself, the end excluded.

    Without an end it is the end of today, without a begin 90 days before the end. Raises Invalid `period_empty`.
    """
    zone = ZoneInfo(timezone)
    until = _edge(end or now.astimezone(zone).date(), zone, A_DAY)
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    since = _edge(begin or last - (DEFAULT_DAYS - 1) * A_DAY, zone)
    if since >= until:
        raise Invalid("period_empty", "from: it is not before 'to'; write an earlier day", field="from")
    return Period(since, until, timezone)


def pieces(whole: Period, cut: Cut) -> list[Piece]:
    """The days, weeks or months of a period, oldest first. Raises Invalid `too_many_pieces`."""
    found: list[Piece] = []
    for one in _pieces(whole, cut):
        if len(found) == MOST_PIECES:
            message = f"group_by: the period has more than {MOST_PIECES} pieces by {cut}; cut it by week or month"
            raise Invalid("too_many_pieces", message, field="group_by")
        found.append(one)
    return found


def _pieces(whole: Period, cut: Cut) -> Iterator[Piece]:
    zone = ZoneInfo(whole.timezone)
    first = _first(whole.begin.astimezone(zone).date(), cut)
    begin = whole.begin
    while begin < whole.end:
        following = _following(first, cut)
        end = min(_edge(following, zone), whole.end)
        if end > begin:  # a day that a zone has skipped has no time in it
            yield Piece(first, begin, end)
        first, begin = following, end


def _first(day: date, cut: Cut) -> date:
    if cut == "month":
        return day.replace(day=1)
    return day - day.weekday() * A_DAY if cut == "week" else day


def _following(first: date, cut: Cut) -> date:
    if cut == "month":
        return (first + 31 * A_DAY).replace(day=1)
    return first + (7 if cut == "week" else 1) * A_DAY


def _edge(at: date | datetime, zone: ZoneInfo, more: timedelta = timedelta(0)) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return wall_to_utc(datetime.combine(at + more, datetime.min.time()), zone)
