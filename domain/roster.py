"""Who is on duty: people, teams, rotations, overrides and absences, and the person each answers with at an instant.

The decisions: a roster is plain data and `at` a parameter, so preview and reality agree. Shifts are counted on the
rotation's local wall clock from its first hand-off and only then become instants, so a clock change makes a 23 h or
25 h shift and never moves a hand-off. Stand-ins come in one order everywhere: override, then absence, then the next in
turn. Entries with a `source` belong to an imported feed, which replaces them; the others were written by hand. What a roster
lacks is never an exception here: it is nobody.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, EmailStr, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from domain.calendars import WEEKDAYS, Calendar, WorkingTime, Zone, as_utc, wall_to_utc
from domain.channel_order import ChannelOrder
from domain.durations import PositiveDuration
from domain.phones import Phone
from domain.roster_checks import roster_faults
from domain.roster_times import HandOff, Hours, Instant, Rest, RotationStart
from domain.round_robin import from_turn
from domain.webhooks import WebhookUrl

_DAY: Final = timedelta(days=1)
_PERSON_SELECTOR: Final = "person:"
_ID: Final = r"[a-z0-9][a-z0-9_.-]{0,63}"

Id = Annotated[str, Field(pattern=rf"^{_ID}$")]
FEED_NAME: Final = rf"^{_ID}$"
Source = Annotated[str, Field(pattern=rf"^ical:{_ID}$")]
"""The feed an entry came from, such as `ical:holidays`."""
Choice = Literal["in_order", "round_robin"]
"""How a team without rotations is asked: always from the first member on, or from another member each time."""
SELECTORS: Final = ("on_call", "on_call.next", "team.lead", "person:<id>")
"""What a step may `tell`."""


def check_selector(text: str) -> None:
    """ValueError, with what is allowed, unless `text` can stand behind `tell:`."""
    if text in SELECTORS[:3] or re.fullmatch(_PERSON_SELECTOR + _ID, text):
        return
    raise ValueError(f"{text!r} tells nobody: write one of {', '.join(SELECTORS)}")


def _error(message: str) -> PydanticCustomError:
    return PydanticCustomError("roster_fault", "{message}", {"message": message})


def _refused(model: str, loc: tuple[int | str, ...], message: str, value: object) -> ValidationError:
    """A fault between fields at the place of the one to mend, so that the others can still be read."""
    return ValidationError.from_exception_data(model, [InitErrorDetails(type=_error(message), loc=loc, input=value)])


def _preference() -> Any:
    """Left out where it says nothing: a process of an earlier version refuses keys it does not know."""
    return Field(default=None, exclude_if=lambda said: said is None)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Person(_Entry):
    """Someone who can be told. `manager` is the next step of the chain of command.

    How and when they would be told (`channels`, `working_hours`, `do_not_disturb`, on their own clock): see `preferences`.
    """

    id: Id
    name: str = Field(min_length=1, max_length=200)
    email: EmailStr | None = None
    phone: Phone | None = None
    timezone: Zone = "UTC"
    locale: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
    manager: str | None = None
    channels: ChannelOrder | None = _preference()
    working_hours: Hours | None = _preference()
    do_not_disturb: Rest | None = _preference()


class Rotation(_Entry):
    """Whose turn it is. `members[0]` has the shift that `start` falls into; nobody is on duty before `start`.

    A `start` without time means that day's hand-off time. `hours`: by weekday, or one list for all days.
    """

    name: str | None = None
    timezone: Zone
    handoff: HandOff
    every: PositiveDuration
    members: tuple[str, ...] = Field(min_length=1)
    start: RotationStart
    hours: Hours | None = None

    @model_validator(mode="after")
    def _hands_off_at_fixed_times(self) -> Self:
        if " " in self.handoff and (self.every.seconds or self.every.days % 7):
            message = f"{self.every} does not keep to a weekday: write weeks, or hand off at a time only"
            raise _refused("Rotation", ("every",), message, str(self.every))
        if self.every.seconds % 3600:
            message = f"{self.every} is not whole hours: write 12h, 1d, 1w or a multiple"
            raise _refused("Rotation", ("every",), message, str(self.every))
        return self

    @property
    def period(self) -> timedelta:
        """Length of a shift on the wall clock."""
        return timedelta(days=self.every.days, seconds=self.every.seconds)

    @property
    def calendar(self) -> Calendar | None:
        """When anybody of this rotation is on duty; None is always."""
        return Calendar(timezone=self.timezone, hours=self.hours) if self.hours else None


class Team(_Entry):
    """People who answer together; the order of `rotations` is the order of layers.

    `webhook` is where its own system is told of steps that list that channel. `choose` is for a team without rotations. Both are
    left out where they say nothing, so that a process of an earlier version can still read the roster; so is `source` below.
    """

    id: Id
    name: str | None = None
    lead: str | None = None
    members: tuple[str, ...] = ()
    webhook: WebhookUrl | None = Field(default=None, exclude_if=lambda webhook: webhook is None)
    choose: Choice = Field(default="in_order", exclude_if=lambda choice: choice == "in_order")
    rotations: tuple[Rotation, ...] = ()

    def has(self, person: str) -> bool:
        """Whether `person` is a member, also by a rotation only."""
        return person in self.members or any(person in rotation.members for rotation in self.rotations)


class _Span(_Entry):
    from_: Instant = Field(alias="from")
    to: Instant
    source: Source | None = Field(default=None, exclude_if=lambda source: source is None)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.to <= self.from_:
            raise _refused("Span", ("to",), "`to` is not after `from`: write the end later than the start", self.to)
        return self

    def covers(self, at: datetime) -> bool:
        """Whether `at` is inside: from <= at < to."""
        return self.from_ <= at < self.to


class Override(_Span):
    """`person` stands in for `instead_of` exactly while that one would be on duty; without it, is on duty first.

    No `team`: for `instead_of` every team; without it every team that `person` belongs to.
    """

    person: str
    instead_of: str | None = None
    team: str | None = None


class Absence(_Span):
    """`person` cannot be reached; `delegate` takes every place of theirs."""

    person: str
    delegate: str | None = None


class Entries(_Entry):
    """What a roster says, each entry by itself; whether they fit together is not looked at."""

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()


class Roster(Entries):
    """All of it. Validation lists every unknown name, duplicate and loop at once, each with its place."""

    @model_validator(mode="after")
    def _refers_to_what_it_has(self) -> Self:
        faults = [
            InitErrorDetails(type=_error(fault.message), loc=fault.loc, input=fault.value)
            for fault in roster_faults(self)
        ]
        if faults:
            raise ValidationError.from_exception_data("Roster", faults)
        return self

    def person(self, person_id: str) -> Person | None:
        """The person of that id, if there is one."""
        return next((person for person in self.people if person.id == person_id), None)

    def team(self, team_id: str) -> Team | None:
        """The team of that id, if there is one."""
        return next((team for team in self.teams if team.id == team_id), None)


def on_duty(roster: Roster, team_id: str, at: datetime, turn: int = 0) -> list[str]:
    """Distinct people in the order of the ladder: [0] is `on_call`, [1] `on_call.next`. Unknown team: nobody.

    Overrides come first, then the layers. Where the layers give one person only, the next in turn of the topmost
    rotation with somebody on duty follow; a team without rotations answers with its members in order, or with
    `choose: round_robin` from the one whose `turn` it is among those present.
    """
    team = roster.team(team_id)
    if team is None:
        return []
    at = as_utc(at)
    active = [o for o in roster.overrides if o.covers(at) and o.team in (None, team_id)]
    added = [o.person for o in reversed(active) if o.instead_of is None and (o.team or team.has(o.person))]
    swaps = [o for o in active if o.instead_of is not None]
    return _distinct([*_present(roster, added, swaps, at), *_ladder(roster, team, swaps, at, turn)])


def _ladder(roster: Roster, team: Team, swaps: Sequence[Override], at: datetime, turn: int) -> list[str]:
    if not team.rotations:
        present = _present(roster, team.members, swaps, at)
        return from_turn(present, turn) if team.choose == "round_robin" else present
    turns = [_present(roster, _turn(rotation, at), swaps, at) for rotation in team.rotations]
    staffed = [turn for turn in turns if turn]
    layers = _distinct(turn[0] for turn in staffed)
    return [*layers, *staffed[0]] if len(layers) == 1 else layers


def _turn(rotation: Rotation, at: datetime) -> tuple[str, ...]:
    """Members from the one whose shift it is, in turn; nobody before the start and outside the hours."""
    calendar, shift = rotation.calendar, _shift(rotation, at)
    if shift is None or (calendar and not WorkingTime(calendar).is_open(at)):
        return ()
    first = shift % len(rotation.members)
    return rotation.members[first:] + rotation.members[:first]


def _shift(rotation: Rotation, at: datetime) -> int | None:
    """How many hand-offs there were since the start, None before it. The wall clock guesses, instants decide."""
    zone = ZoneInfo(rotation.timezone)
    start, anchor = _start_and_anchor(rotation, zone)
    if at < start:
        return None
    wall = at.astimezone(zone).replace(tzinfo=None)
    shift = (wall - anchor) // rotation.period
    # In the second pass of a repeated hour the wall clock shows a hand-off as still to come.
    while wall_to_utc(anchor + (shift + 1) * rotation.period, zone) <= at:
        shift += 1
    return max(shift, 0)


def _start_and_anchor(rotation: Rotation, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instant of the start, and the wall-clock time of the last hand-off at or before it: shifts count from it."""
    weekday, _, clock = rotation.handoff.rpartition(" ")
    handoff = time.fromisoformat(clock)
    if isinstance(rotation.start, datetime):
        start = rotation.start
        wall = start.astimezone(zone).replace(tzinfo=None)
    else:
        wall = datetime.combine(rotation.start, handoff)
        start = wall_to_utc(wall, zone)
    anchor = datetime.combine(wall.date(), handoff)
    step = min(rotation.period, _DAY)
    if weekday:
        anchor -= (anchor.weekday() - WEEKDAYS.index(weekday)) % 7 * _DAY
        step = 7 * _DAY
    return start.astimezone(UTC), anchor + (wall - anchor) // step * step


def _present(roster: Roster, people: Iterable[str], swaps: Sequence[Override], at: datetime) -> list[str]:
    found = (_stand_in(roster, person, swaps, at) for person in people)
    return _distinct(person for person in found if person is not None)


def _stand_in(roster: Roster, person: str, swaps: Sequence[Override], at: datetime) -> str | None:
    """Who really answers for `person`: overrides (each only ever replaced by a later one), then delegates.

    Nobody is visited twice: two who swapped shifts stay swapped, and a loop of delegates ends at nobody.
    """
    seen, used = {person}, -1
    while True:
        later = (i for i in range(len(swaps) - 1, used, -1) if swaps[i].instead_of == person)
        swap = next((i for i in later if swaps[i].person not in seen), None)
        if swap is not None:
            used, person = swap, swaps[swap].person
        elif (absence := _absence(roster, person, at)) is None:
            return person
        elif absence.delegate is None or absence.delegate in seen:
            return None
        else:
            person = absence.delegate
        seen.add(person)


def _absence(roster: Roster, person: str, at: datetime) -> Absence | None:
    return next((a for a in reversed(roster.absences) if a.person == person and a.covers(at)), None)


def _distinct(people: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(people))


def reachable(roster: Roster, person_id: str, at: datetime) -> str | None:
    """The person, else the delegate, else the same of each manager upward; None when the whole chain is away."""
    at, current = as_utc(at), roster.person(person_id)
    seen: set[str] = set()
    while current is not None and current.id not in seen:
        found = _stand_in(roster, current.id, (), at)
        if found is not None:
            return found
        seen.add(current.id)
        current = roster.person(current.manager) if current.manager else None
    return None


def manager_of(roster: Roster, person_id: str, at: datetime) -> str | None:
    """The next reachable one up the chain of command from `person_id`, never the person again; None at the top."""
    person, seen = roster.person(person_id), {person_id}
    while person is not None and person.manager is not None and person.manager not in seen:
        found = _stand_in(roster, person.manager, (), as_utc(at))
        if found is not None and found != person_id:
            return found
        seen.add(person.manager)
        person = roster.person(person.manager)
    return None


def lead(roster: Roster, team_id: str) -> str | None:
    """The team's lead as written, present or not."""
    team = roster.team(team_id)
    return team.lead if team else None


def stand_in_of(roster: Roster, person_id: str, at: datetime) -> str:
    """Who is told what `person_id` should hear: see `reachable`; the person when the whole chain is away.

    Better told on holiday than nobody.
    """
    return reachable(roster, person_id, at) or person_id


def acting_lead(roster: Roster, team_id: str, at: datetime) -> str | None:
    """Who answers for the team at `at`: its lead, or who stands in for them; None where it has none."""
    person = lead(roster, team_id)
    return stand_in_of(roster, person, at) if person else None


def leads_of(roster: Roster) -> dict[str, str]:
    """Team → its lead as written, of the teams that have one."""
    return {team.id: team.lead for team in roster.teams if team.lead is not None}


def accountable_for(roster: Roster, team_id: str, last_resort: str, at: datetime) -> str:
    """Who answers for the team at `at`: its lead or who stands in, else the same of the owner of last resort.

    Where nobody is there it is who is away: better told on holiday than nobody.
    """
    person = lead(roster, team_id)
    found = reachable(roster, person, at) if person else None
    return found or reachable(roster, last_resort, at) or person or last_resort


def responder(roster: Roster, team_id: str, selector: str, at: datetime, turn: int = 0) -> str | None:
    """The person a step's `tell` means at `at`; None when there is nobody, the team or the selector is unknown."""
    if selector in ("on_call", "on_call.next"):
        duty = on_duty(roster, team_id, at, turn)
        return next(iter(duty[selector == "on_call.next" :]), None)
    if selector == "team.lead":
        person = lead(roster, team_id)
        return reachable(roster, person, at) if person else None
    return reachable(roster, selector.removeprefix(_PERSON_SELECTOR), at) if selector.startswith("person:") else None
