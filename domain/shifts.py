"""Who is on duty over a stretch of time: the same answer as `on_duty`, asked at every instant at which it can change.

Those instants are the hand-offs and opening hours of the team's rotations, by their wall clocks, and the edges of overrides and
absences. More of them than needed do no harm: neighbours that answer alike become one shift. At each instant the roster is asked
with the entries that count at it and no others, for feeds bring thousands of them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from math import gcd
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from domain.calendars import MINUTES_PER_DAY, as_utc, wall_to_utc, window_minutes
from domain.roster import Absence, Override, Roster, Rotation, on_duty

_DAY = timedelta(days=1)

_Entry = TypeVar("_Entry", bound=Override | Absence)


class Shift(NamedTuple):
    """A stretch in which the first two of the ladder stay the same; `on_call` is None in a gap."""

    from_: datetime
    to: datetime
    on_call: str | None
    on_call_next: str | None


def shifts(roster: Roster, team_id: str, at: datetime, until: datetime) -> list[Shift]:
    """Shifts and gaps without a hole from `at` to `until`, cut off at both; nothing when `until` is not later."""
    found: list[Shift] = []
    for begins, ends, people in duties(roster, team_id, at, until):
        first, second = [*people, None, None][:2]
        if found and found[-1][2:] == (first, second):
            begins = found.pop().from_
        found.append(Shift(begins, ends, first, second))
    return found


def duties(
    roster: Roster, team_id: str, at: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, list[str]]]:
    """Everybody on duty, as `on_duty` says it, in stretches in which nothing changes; neighbours may be alike."""
    at, until = as_utc(at), as_utc(until)
    if at >= until:
        return
    mine = {
        "overrides": [one for one in roster.overrides if one.team in (None, team_id) and _inside(one, at, until)],
        "absences": [one for one in roster.absences if _inside(one, at, until)],
    }
    less = roster.model_copy(update=mine)
    edges = sorted({at, until, *(one for one in _changes(less, team_id, at, until) if at < one < until)})
    counting = zip(_counting(less.overrides, edges), _counting(less.absences, edges), strict=True)
    for (begins, ends), (overrides, absences) in zip(pairwise(edges), counting, strict=True):
        then = less.model_copy(update={"overrides": overrides, "absences": absences})
        yield begins, ends, on_duty(then, team_id, begins)


def _inside(one: Override | Absence, at: datetime, until: datetime) -> bool:
    return one.from_ < until and one.to > at


def _counting(entries: Sequence[_Entry], edges: Sequence[datetime]) -> list[list[_Entry]]:
    """For each stretch between two edges the entries that cover it, in their order, for the later one wins."""
    found: list[list[_Entry]] = [[] for _ in edges[1:]]
    for one in entries:
        for stretch in found[bisect_left(edges, one.from_) : bisect_left(edges, one.to)]:
            stretch.append(one)
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
