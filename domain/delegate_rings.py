"""Absences whose delegates lead back to where they began: while all of them are away nobody takes the place.

Who is on duty never depends on this: a ring ends at nobody, and the chain of command goes on. But whoever hands one in meant
somebody to be there, so it is refused then. Of two absences of a person at one time the later in the file counts, as on duty.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from domain.roster_checks import RosterFault

if TYPE_CHECKING:
    from domain.roster import Absence

_SHOWN = 10  # people of a ring that are named; the rest is counted

_Ring = tuple[int, ...]  # absences by their place in the file, each leading to the next and the last to the first


def delegate_rings(absences: Mapping[int, "Absence"]) -> Iterator[RosterFault]:
    """A fault for each absence, by its place in the file, that is the last written of a ring."""
    told: dict[int, list[_Ring]] = {}
    for ring in dict.fromkeys(_rings(absences)):
        told.setdefault(max(ring), []).append(ring)
    for last, rings in told.items():
        yield RosterFault(("absences", last, "delegate"), _said(absences, rings), absences[last].delegate or "")


def _rings(absences: Mapping[int, "Absence"]) -> Iterator[_Ring]:
    """The rings of all times. One begins when another absence of somebody in it begins to count."""
    away: dict[str, set[int]] = {}
    counting: dict[str, int] = {}
    for _, changes in groupby(_changes(absences), key=itemgetter(0)):
        changed: set[str] = set()
        for _, number in changes:
            person = absences[number].person
            mine = away.setdefault(person, set())
            mine ^= {number}  # from_ comes first, to second
            counting[person] = max(mine, default=-1)
            changed.add(person)
        yield from (ring for person in sorted(changed) if (ring := _ring(absences, counting, person)))


def _changes(absences: Mapping[int, "Absence"]) -> list[tuple[datetime, int]]:
    """When which absence begins or ends, in the order of time."""
    return sorted((at, number) for number, one in absences.items() for at in (one.from_, one.to))


def _ring(absences: Mapping[int, "Absence"], counting: Mapping[str, int], person: str) -> _Ring:
    """The ring that `person` is in by the absences that count now, from its first in the file on; else nothing."""
    ring: dict[int, None] = {}
    number = counting.get(person, -1)
    while number >= 0 and number not in ring:
        ring[number] = None
        number = counting.get(absences[number].delegate or "", -1)
    if len(ring) < 2 or number != next(iter(ring)):
        return ()
    numbers = list(ring)
    first = numbers.index(min(numbers))
    return (*numbers[first:], *numbers[:first])


def _said(absences: Mapping[int, "Absence"], rings: list[_Ring]) -> str:
    ring = [absences[number] for number in rings[0]]
    shown = [one.person for one in ring[:_SHOWN]] + [f"{len(ring) - _SHOWN} more"] * (len(ring) > _SHOWN)
    people = " → ".join([*shown, ring[0].person])
    begins, ends = max(one.from_ for one in ring), min(one.to for one in ring)
    more = f", and {len(rings) - 1} times more" if len(rings) > 1 else ""
    return (
        f"the delegates lead round in a ring, {people}, and all of them are away "
        f"from {begins:%Y-%m-%dT%H:%M:%SZ} to {ends:%Y-%m-%dT%H:%M:%SZ}{more}: name somebody who is there"
    )
