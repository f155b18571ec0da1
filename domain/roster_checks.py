"""What a roster gets wrong across its entries: names that lead nowhere, duplicates, loops, channels without an address.

All mistakes are found in one go, each with its place in the file, because people mend a roster in one sitting.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from domain.roster import Entries


_MOST_COMPARED = 100_000  # names with names: a second


class RosterFault(NamedTuple):
    """Where, what is wrong and what to do, and the value found there."""

    loc: tuple[int | str, ...]
    message: str
    value: str


def roster_faults(roster: "Entries", unknowable: Collection[str] = ()) -> list[RosterFault]:
    """Every unknown name, duplicate, loop and lacking address of a roster whose entries are well-formed.

    `unknowable`: of `people`, `teams`, their `members` and people's `addresses`, what was not read to the end; nothing is said to
    be missing there.
    """
    return [
        *_duplicates(roster),
        *(_unknown_people(roster) if "people" not in unknowable else ()),
        *(_unknown_teams(roster) if "teams" not in unknowable else ()),
        *_to_oneself(roster),
        *(_in_no_team(roster) if "members" not in unknowable else ()),
        *_manager_loops(roster),
        *_idle_choices(roster),
        *(_channels_without_address(roster) if "addresses" not in unknowable else ()),
    ]


def _duplicates(roster: "Entries") -> Iterator[RosterFault]:
    ids = ("people", [p.id for p in roster.people]), ("teams", [t.id for t in roster.teams])
    for kind, used in ids:
        seen: set[str] = set()
        for i, name in enumerate(used):
            if name in seen:
                yield RosterFault((kind, i, "id"), f"{name!r} is used twice: give each its own id", name)
            seen.add(name)


def _unknown_people(roster: "Entries") -> Iterator[RosterFault]:
    people = {person.id: None for person in roster.people}
    hint = _hinting(list(people))
    for loc, name in _named_people(roster):
        if name is not None and name not in people:
            yield RosterFault(loc, f"no person {name!r} in `people`{hint(name)}", name)


def _unknown_teams(roster: "Entries") -> Iterator[RosterFault]:
    teams = [team.id for team in roster.teams]
    hint = _hinting(teams)
    for i, override in enumerate(roster.overrides):
        if override.team is not None and override.team not in teams:
            message = f"no team {override.team!r} in `teams`{hint(override.team)}"
            yield RosterFault(("overrides", i, "team"), message, override.team)


def _hinting(known: Sequence[str]) -> Callable[[str], str]:
    """What to do about an unknown name; what was meant is looked for while that takes seconds."""
    said: dict[str, str] = {}

    def hint(name: str) -> str:
        if name not in said:
            look = len(said) * len(known) < _MOST_COMPARED
            close = get_close_matches(name, known, n=1) if look else ()
            said[name] = f": did you mean {close[0]!r}?" if close else ": add it, or correct the name"
        return said[name]

    return hint


def _named_people(roster: "Entries") -> Iterator[tuple[tuple[int | str, ...], str | None]]:
    for i, person in enumerate(roster.people):
        yield ("people", i, "manager"), person.manager
    for i, team in enumerate(roster.teams):
        yield ("teams", i, "lead"), team.lead
        yield from ((("teams", i, "members", j), member) for j, member in enumerate(team.members))
        for k, rotation in enumerate(team.rotations):
            turns = enumerate(rotation.members)
            yield from ((("teams", i, "rotations", k, "members", j), member) for j, member in turns)
    for i, override in enumerate(roster.overrides):
        yield ("overrides", i, "person"), override.person
        yield ("overrides", i, "instead_of"), override.instead_of
    for i, absence in enumerate(roster.absences):
        yield ("absences", i, "person"), absence.person
        yield ("absences", i, "delegate"), absence.delegate


def _to_oneself(roster: "Entries") -> Iterator[RosterFault]:
    for i, absence in enumerate(roster.absences):
        if absence.delegate == absence.person:
            yield RosterFault(
                ("absences", i, "delegate"), "nobody delegates to themselves: name another", absence.person
            )
    for i, override in enumerate(roster.overrides):
        if override.instead_of == override.person:
            message = "nobody stands in for themselves: name another"
            yield RosterFault(("overrides", i, "instead_of"), message, override.person)


def _in_no_team(roster: "Entries") -> Iterator[RosterFault]:
    people = {person.id for person in roster.people}
    for i, override in enumerate(roster.overrides):
        who = override.person
        known = who not in people or any(team.has(who) for team in roster.teams)  # an unknown one is told above
        if not (known or override.instead_of or override.team):
            yield RosterFault(("overrides", i, "team"), f"{who!r} is in no team: name the `team` or `instead_of`", who)


def _manager_loops(roster: "Entries") -> Iterator[RosterFault]:
    managers = {person.id: person.manager for person in roster.people}
    place = {name: i for i, name in enumerate(managers)}
    for i, person in enumerate(roster.people):
        path, above = [person.id], person.manager
        while above is not None and above not in path:
            path.append(above)
            above = managers.get(above)
        if above == person.id == min(path, key=lambda name: place.get(name, i)):
            loop = " → ".join([*path, above])
            yield RosterFault(("people", i, "manager"), f"the chain of command loops: {loop}", path[1 % len(path)])


def _idle_choices(roster: "Entries") -> Iterator[RosterFault]:
    for i, team in enumerate(roster.teams):
        if team.choose == "round_robin" and team.rotations:
            message = (
                "rotations say whose turn it is: leave `choose` out, or leave `rotations` out and list the `members`"
            )
            yield RosterFault(("teams", i, "choose"), message, team.choose)


def _channels_without_address(roster: "Entries") -> Iterator[RosterFault]:
    for i, person in enumerate(roster.people):
        lacks = {"email": "e-mail address"} if not person.email else {}
        lacks |= {"sms": "phone number"} if not person.phone else {}
        for priority, channels in person.channels or ():
            for channel in (one for one in channels or () if one in lacks):
                message = f"{person.id!r} has no {lacks[channel]}: add it, or leave {channel} out"
                yield RosterFault(("people", i, "channels", priority), message, channel)
