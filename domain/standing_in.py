"""Who answers for people who are away, in the four weeks from an instant on.

It is as a case would find it: the person, else the delegate, else the same up the chain of command. What is known ahead is kept
by a running case, which asks the roster only when a step begins.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import NamedTuple

from domain.calendars import as_utc
from domain.messages import StandIn
from domain.roster import Absence, Roster, reachable

AHEAD = timedelta(weeks=4)


class Answer(NamedTuple):
    """Who answers from `from_` to `to`; nobody is None."""

    from_: datetime
    to: datetime
    person: str | None


class StandingIn:
    """The absences from `now` until four weeks later. What is found out is kept: several ask for it."""

    def __init__(self, roster: Roster, now: datetime) -> None:
        self._roster = roster
        self._now, self._until = now, now + AHEAD
        self._away: dict[str, list[Absence]] = {}
        for one in roster.absences:
            if one.from_ < self._until and one.to > self._now:
                self._away.setdefault(one.person, []).append(one)
        self._found: dict[str, list[Answer]] = {}

    def of(self, person: str) -> list[Answer]:
        """Who answers for the person, from one change to the next; neighbours may be alike."""
        if person not in self._found:
            absences = self._meanwhile(person)
            roster = self._roster.model_copy(update={"absences": absences})
            edges = {edge for one in absences for edge in (one.from_, one.to) if self._now < edge < self._until}
            stretches = pairwise(sorted({self._now, self._until, *edges}))
            self._found[person] = [Answer(*one, reachable(roster, person, one[0])) for one in stretches]
        return self._found[person]

    def is_away(self, person: str) -> bool:
        """Whether the person is away at some time."""
        return person in self._away

    def _meanwhile(self, person: str) -> tuple[Absence, ...]:
        """The absences of the person, and while these last those that lead on to somebody else: no others matter."""
        mine = self._away.get(person, [])
        found: dict[str, list[Absence]] = {}
        waiting: list[str | None] = [person]
        while waiting:
            name = waiting.pop()
            if name is None or name in found:
                continue
            found[name] = [one for one in self._away.get(name, ()) if any(_overlap(one, other) for other in mine)]
            if found[name]:
                known = self._roster.person(name)
                waiting += [known.manager if known else None, *(one.delegate for one in found[name])]
        return tuple(chain.from_iterable(found.values()))


def _overlap(one: Absence, other: Absence) -> bool:
    return one.from_ < other.to and other.from_ < one.to


def stand_ins(roster: Roster, people: Iterable[str], at: datetime) -> dict[str, tuple[StandIn, ...]]:
    """When who stands in for those of them who are away at some time in the four weeks from `at` on."""
    standing_in = StandingIn(roster, as_utc(at))
    away = filter(standing_in.is_away, dict.fromkeys(people))
    return {one: tuple(_times_away(one, standing_in.of(one))) for one in away}


def _times_away(person: str, answers: Iterable[Answer]) -> Iterable[StandIn]:
    return (StandIn(begins=one.from_, ends=one.to, by=one.person) for one in answers if one.person != person)
