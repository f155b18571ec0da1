"""Who is on duty over a stretch of time: the same answer as `on_duty`, asked at every instant at which it can change.

Those instants are the hand-offs and opening hours of the team's rotations, by their wall clocks, and the edges of overrides and
absences. More of them than needed do no harm: neighbours that answer alike become one shift.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise
from math import gcd
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.calendars import MINUTES_PER_DAY, as_utc, wall_to_utc, window_minutes
from domain.roster import Roster, Rotation, on_duty

_DAY = timedelta(days=1)


class Shift(NamedTuple):
    """A stretch in which the first two of the ladder stay the same; `on_call` is None in a gap."""

    from_: datetime
    to: datetime
    on_call: str | None
    on_call_next: str | None


def shifts(roster: Roster, team_id: str, at: datetime, until: datetime) -> list[Shift]:
    """Shifts and gaps without a hole from `at` to `until`, cut off at both; nothing when `until` is not later."""
    at, until = as_utc(at), as_utc(until)
    inside = {one for one in _changes(roster, team_id, at, until) if at < one < until}
    found: list[Shift] = []
    for begins, ends in pairwise(sorted({at, until, *inside}) if at < until else ()):
        first, second = [*on_duty(roster, team_id, begins), None, None][:2]
        if found and found[-1][2:] == (first, second):
            begins = found.pop().from_
        found.append(Shift(begins, ends, first, second))
    return found


def _changes(roster: Roster, team_id: str, at: datetime, until: datetime) -> Iterator[datetime]:
    for span in (*roster.overrides, *roster.absences):
        yield from (span.from_, span.to)
    team = roster.team(team_id)
    for rotation in team.rotations if team else ():
        if isinstance(rotation.start, datetime):
            yield rotation.start
        zone, minutes = ZoneInfo(rotation.timezone), _minutes(rotation)
        day = (at - _DAY).astimezone(zone).date()
        while day <= (until + _DAY).astimezone(zone).date():
            walls = [datetime.combine(day, time()) + timedelta(minutes=minute) for minute in minutes]
            yield from (wall_to_utc(wall, zone, last=last) for wall in walls for last in (False, True))
            day += _DAY


def _minutes(rotation: Rotation) -> set[int]:
    """The minutes of a day at which this rotation may change: its hand-offs and its opening hours."""
    handoff = time.fromisoformat(rotation.handoff.rpartition(" ")[2])
    step = 60 * gcd(24, int(rotation.period.total_seconds()) // 3600)
    handoffs = {(handoff.hour * 60 + handoff.minute + n) % MINUTES_PER_DAY for n in range(0, MINUTES_PER_DAY, step)}
    windows = [window for day in (rotation.hours or {}).values() for window in day]
    return handoffs | {edge % MINUTES_PER_DAY for window in windows for edge in window_minutes(window)}
