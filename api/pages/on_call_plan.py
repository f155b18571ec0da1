"""Who is on duty over a stretch of time, as rows: who answers, who is next, what each rotation planned, what changed it.

Everything is asked of the rules (`domain.shifts`): a rotation's own plan is the same question with that rotation alone and
without overrides and absences, so that a reader sees what the plan was and what became of it. A shift is whole, however little
of it lies in that time: it is looked for past both ends, so far and no further.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.roster import Absence, Override, Roster, Rotation, Team
from domain.shifts import Shift, shifts

SOON = timedelta(days=9)  # a weekly turn has changed by then, and most need no further look
FAR = timedelta(days=92)  # so far ahead the end of a shift is looked for; the API answers no longer stretch at once


@dataclass(frozen=True)
class Piece:
    """One person from `begins` to `ends`; nobody is None. `instead_of` is whom an override replaces, `delegate` an absence's."""

    begins: datetime
    ends: datetime
    person: str | None
    instead_of: str | None = None
    delegate: str | None = None


@dataclass(frozen=True)
class Band:
    """A row of the plan: what it is (`duty`, `next`, `rotation`, `overrides`, `absences`), its name where it has one."""

    kind: str
    name: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Plan:
    """A team from `begins` to `ends`; what reaches over an edge is whole, as far as `past` it."""

    team: Team
    begins: datetime
    ends: datetime
    past: timedelta
    shifts: tuple[Shift, ...]
    bands: tuple[Band, ...]

    @property
    def gaps(self) -> list[Piece]:
        """When nobody is on duty."""
        return [piece for piece in self.bands[0].pieces if piece.person is None]

    def began_before(self, at: datetime) -> bool:
        """Whether what begins then began earlier still: nobody looked further back."""
        return at <= self.begins - self.past

    def goes_on(self, at: datetime) -> bool:
        """Whether what ends then goes on: nobody looked further ahead."""
        return at >= self.ends + self.past


def plan(roster: Roster, team: Team, begins: datetime, ends: datetime) -> Plan:
    """The rows of that team: who is on duty, who is next, each rotation as planned, overrides and absences."""
    found, past = _whole(roster, team, begins, ends)
    rotations = [_planned(roster, team, rotation, begins, ends) for rotation in team.rotations]
    changes = [
        *_rows("overrides", (_override(one) for one in overrides(roster, team, begins, ends))),
        *_rows("absences", (_absence(one) for one in absences(roster, team, begins, ends))),
    ]
    bands = (
        Band("duty", None, _inside(on_duty(found), begins, ends)),
        Band("next", None, _inside(following(found), begins, ends)),
        *rotations,
        *changes,
    )
    inside = tuple(one for one in found if one.from_ < ends and one.to > begins)
    return Plan(team, begins, ends, past, inside, bands)


def _whole(roster: Roster, team: Team, begins: datetime, ends: datetime) -> tuple[list[Shift], timedelta]:
    """The shifts around that time too, so far past both its ends that those who answer in it begin and end, or to `FAR`."""
    for past in (SOON, FAR):
        found = shifts(roster, team.id, begins - past, ends + past)
        pieces = _inside(on_duty(found), begins, ends)
        if pieces[0].begins > begins - past and pieces[-1].ends < ends + past:
            break
    return found, past


def _inside(pieces: Iterable[Piece], begins: datetime, ends: datetime) -> tuple[Piece, ...]:
    return tuple(one for one in pieces if one.begins < ends and one.ends > begins)


def on_duty(found: Iterable[Shift]) -> list[Piece]:
    """The shifts of who answers first; one that only changes who is next stays one."""
    return _merged((shift.from_, shift.to, shift.on_call) for shift in found)


def following(found: Iterable[Shift]) -> list[Piece]:
    """The shifts of who is next; nobody is left out, for a team of one is no gap."""
    pieces = _merged((shift.from_, shift.to, shift.on_call_next) for shift in found)
    return [piece for piece in pieces if piece.person is not None]


def overrides(roster: Roster, team: Team, begins: datetime, ends: datetime) -> list[Override]:
    """Those that may change the team's duty in that time."""
    return [
        one
        for one in roster.overrides
        if one.from_ < ends and one.to > begins and one.team in (None, team.id) and _concerns(one, team)
    ]


def absences(roster: Roster, team: Team, begins: datetime, ends: datetime) -> list[Absence]:
    """Those of its members and its lead in that time."""
    return [
        one
        for one in roster.absences
        if one.from_ < ends and one.to > begins and (team.has(one.person) or team.lead == one.person)
    ]


def _concerns(one: Override, team: Team) -> bool:
    return team.has(one.instead_of) if one.instead_of else one.team == team.id or team.has(one.person)


def _planned(roster: Roster, team: Team, rotation: Rotation, begins: datetime, ends: datetime) -> Band:
    """What the rotation says by itself; where it has no hours nobody is meant to be there."""
    alone = team.model_copy(update={"rotations": (rotation,), "members": ()})
    bare = roster.model_copy(update={"teams": (alone,), "overrides": (), "absences": ()})
    found, _ = _whole(bare, alone, begins, ends)
    pieces = _inside(on_duty(found), begins, ends)
    return Band("rotation", rotation.name, tuple(piece for piece in pieces if piece.person is not None))


def _merged(found: Iterable[tuple[datetime, datetime, str | None]]) -> list[Piece]:
    pieces: list[Piece] = []
    for begins, ends, person in found:
        if pieces and pieces[-1].person == person and pieces[-1].ends == begins:
            begins = pieces.pop().begins
        pieces.append(Piece(begins, ends, person))
    return pieces


def _override(one: Override) -> Piece:
    return Piece(one.from_, one.to, one.person, instead_of=one.instead_of)


def _absence(one: Absence) -> Piece:
    return Piece(one.from_, one.to, one.person, delegate=one.delegate)


def _rows(kind: str, pieces: Iterable[Piece]) -> list[Band]:
    """As many rows as it takes that none lies over another."""
    rows: list[list[Piece]] = []
    for one in sorted(pieces, key=lambda piece: piece.begins):
        row = next((row for row in rows if row[-1].ends <= one.begins), None)
        if row is None:
            rows.append(row := [])
        row.append(one)
    return [Band(kind, None, tuple(row)) for row in rows]


def now_on_duty(roster: Roster, team: Team, now: datetime) -> Sequence[Piece]:
    """Who answers from now on, one after the other; a gap is nobody. Until somebody else does, or for a quarter of a year."""
    soon = on_duty(shifts(roster, team.id, now, now + SOON))
    if any(piece.person is not None for piece in soon[1:-1]):
        return soon[:-1]  # the last one is cut off, and not over by then
    return on_duty(shifts(roster, team.id, now, now + FAR))
