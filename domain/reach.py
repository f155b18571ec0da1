"""Which teams the steps of a policy ask, and whom they may reach in the four weeks from an instant on.

A functional escalation brings another team to a tier, whichever: its steps, its calendar and its targets stay, and only
`person:` tells the same person as before. A team's duty comes from its shifts, which know overrides and absences already.
A lead, or a person named, answers as a case would find them: themselves, else the delegate, else the same up the chain of
command.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, pairwise
from typing import NamedTuple, TypeVar

from domain.calendars import WorkingTime
from domain.fault_texts import Path
from domain.policy import Policy, Step, Tier
from domain.roster import Roster, lead
from domain.shifts import Shift, duties, shifts
from domain.standing_in import AHEAD, Answer, StandingIn
from domain.tickets import PRIORITIES, Priority

FROM_THE_ROTA = ("on_call", "on_call.next")
_PERSON = "person:"

_Key = TypeVar("_Key")


class Asking(NamedTuple):
    """A step (its tier's `rung`, its own `number`) and the team it asks: the tier's, or that of `functional[rule]`."""

    team: str
    rung: int
    tier: Tier
    number: int
    step: Step
    rule: int | None = None

    @property
    def asked(self) -> str:
        """The team; of a step that names a person what it says, for that is the same in every team."""
        return self.step.tell if self.step.tell.startswith(_PERSON) else self.team

    @property
    def team_path(self) -> Path:
        """Where the policy names the team."""
        return ("tiers", self.rung, "team") if self.rule is None else ("functional", self.rule, "team")

    def step_path(self, key: str) -> Path:
        """Where it stands in the step; what goes wrong only with a functional team stands at that team."""
        return self.team_path if self.rule is not None else ("tiers", self.rung, "steps", self.number, key)


def asking(policy: Policy) -> Iterator[Asking]:
    """Every step with the team of its tier; then with every functional team, each named once however many rules have it."""
    yield from _steps_of(policy)
    rules: dict[str, int] = {}
    for index, rule in enumerate(policy.functional):
        rules.setdefault(rule.team, index)
    for team, index in rules.items():
        yield from (one._replace(team=team, rule=index) for one in _steps_of(policy))


def _steps_of(policy: Policy) -> Iterator[Asking]:
    for index, tier in enumerate(policy.tiers):
        for number, step in enumerate(tier.steps):
            yield Asking(tier.team, index, tier, number, step)


def told_once(found: Iterable[Asking], keys: Callable[[Asking], Iterable[_Key]]) -> dict[_Key, list[Asking]]:
    """What is to be told once, by its key, with every step it is about; the first of them says where it stands."""
    grouped: dict[_Key, list[Asking]] = {}
    for one in found:
        for key in keys(one):
            grouped.setdefault(key, []).append(one)
    return grouped


def calendars(policy: Policy, tier: Tier) -> dict[str, list[Priority]]:
    """The calendars that a tier's steps wait for, each with its priorities."""
    found: dict[str, list[Priority]] = {}
    for priority in PRIORITIES:
        found.setdefault(policy.calendar_name(tier.calendar, priority), []).append(priority)
    return found


class Reach:
    """The roster from `now` until four weeks later. What is found out is kept, for several warnings ask for it."""

    def __init__(self, policy: Policy, roster: Roster, now: datetime) -> None:
        self.roster = roster
        self._policy = policy
        self._now, self._until = now, now + AHEAD
        self._shifts: dict[str, list[Shift]] = {}
        self._standing_in = StandingIn(roster, now)
        self._told: dict[tuple[str, str, str], list[str]] = {}

    def shifts(self, team: str) -> list[Shift]:
        """In a team that is asked in turn, those of the first member's turn."""
        if team not in self._shifts:
            self._shifts[team] = shifts(self.roster, team, self._now, self._until)
        return self._shifts[team]

    def told(self, one: Asking) -> list[str]:
        """Whom the step may reach, while the tier is open in any of its calendars."""
        found = (self._while_open(one.team, one.step.tell, name) for name in calendars(self._policy, one.tier))
        return list(dict.fromkeys(chain.from_iterable(found)))

    def _while_open(self, team: str, selector: str, calendar: str) -> list[str]:
        key = (team, selector, calendar)
        if key not in self._told:
            working = WorkingTime(self._policy.calendar(calendar))
            found: dict[str, None] = {}
            for answer in self._answers(team, selector):
                person = answer.person
                if person is not None and person not in found and working.between(answer.from_, answer.to):
                    found[person] = None
            self._told[key] = list(found)
        return self._told[key]

    def _answers(self, team: str, selector: str) -> list[Answer]:
        if selector == "on_call":
            return [Answer(shift.from_, shift.to, shift.on_call) for shift in self._every_turn(team)]
        if selector == "on_call.next":
            return [Answer(shift.from_, shift.to, shift.on_call_next) for shift in self._every_turn(team)]
        person = lead(self.roster, team) if selector == "team.lead" else selector.removeprefix(_PERSON)
        return [] if person is None else self.standing_in(person)

    def _every_turn(self, team_id: str) -> list[Shift]:
        """The shifts, in a team that is asked in turn those of all turns."""
        team = self.roster.team(team_id)
        if team is None or team.choose != "round_robin":
            return self.shifts(team_id)
        asked = duties(self.roster, team_id, self._now, self._until)
        return [
            Shift(begins, ends, first, second)
            for begins, ends, people in asked
            for first, second in pairwise([*people, people[0] if len(people) > 1 else None] if people else ())
        ]

    def standing_in(self, person: str) -> list[Answer]:
        """Who answers for a person, from one change to the next; neighbours may be alike."""
        return self._standing_in.of(person)
