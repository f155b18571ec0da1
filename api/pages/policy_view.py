"""A policy as somebody reads it who writes none: its sentences and tables as text, people and teams by their names.

What is said here is what the rules do with the fields; `policy_tiers` says the same of the tiers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.wording import Language, word
from api.pages.policy_hours import closed_ahead, joined, length, opening, roughly, worked
from api.pages.words import said
from domain.calendars import Calendar
from domain.messages import CHANNEL_WORDS
from domain.policy import (
    ALWAYS,
    ByPriority,
    CalendarChoice,
    FunctionalTeam,
    Match,
    PauseReason,
    Policy,
    RaiseCustomer,
    Target,
)
from domain.roster import Roster
from domain.routing import FALLBACK, start_tier
from domain.targets import PAUSES_BY_DEFAULT
from domain.tickets import PRIORITIES, Channel, Level, Priority

FALLING: tuple[Priority, ...] = tuple(reversed(PRIORITIES))
LEVELS: tuple[Level, ...] = ("high", "medium", "low")


@dataclass(frozen=True)
class Cell:
    """What a row says for one priority; `note` stands small below it, `quiet` is what does not happen.

    `exact` is what a rounded note stands for, None where nothing is rounded.
    """

    text: str
    note: str | None = None
    quiet: bool = False
    exact: str | None = None


@dataclass(frozen=True)
class Row:
    """One line of a matrix: a cell for each priority, the most urgent first."""

    head: str
    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True)
class Matrix:
    """Impact by urgency; each cell has the priority as a word of ours and in the reader's language."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Priority, str], ...]], ...]


@dataclass(frozen=True)
class Hours:
    """A calendar in words; `ahead` are its next closed days."""

    name: str
    text: str
    day: str | None
    ahead: str | None


@dataclass(frozen=True)
class PolicyWords:
    """A policy in a reader's language, with the people of the roster."""

    policy: Policy
    roster: Roster
    language: Language

    def say(self, key: str, **fields: object) -> str:
        """A sentence of the policy pages."""
        return said(self.language, f"policy_{key}", **fields)

    def person(self, person: str) -> str:
        """The name of a person; the id of one the roster lacks."""
        found = self.roster.person(person)
        return found.name if found else person

    def team(self, team: str) -> str:
        """The name of a team; the id of one the roster lacks."""
        found = self.roster.team(team)
        return (found and found.name) or team

    @property
    def last_resort(self) -> str:
        """Who is told when nobody else is left."""
        return self.person(self.policy.owner_of_last_resort)

    def channels(self, channels: Sequence[Channel]) -> str:
        """`SMS and e-mail`."""
        found = [said(self.language, f"channel_{one}") for one in channels]
        return self.joined(found if self.language == "de" else [CHANNEL_WORDS[one] for one in channels])

    def joined(self, parts: Sequence[str], last: str = "and") -> str:
        """`a, b and c`."""
        return joined(parts, self.language, last)

    def priorities(self, priorities: Sequence[Priority]) -> str:
        """`Critical and high`; every one of them in a word."""
        if len(priorities) == len(PRIORITIES):
            return self.say("all_priorities")
        return _capital(self.joined([word(self.language, one) for one in priorities]))

    def calendar(self, choice: CalendarChoice | None, priority: Priority) -> Calendar:
        """The calendar that counts for the priority."""
        return self.policy.calendar(self.policy.calendar_name(choice, priority))

    def clock(self, choice: CalendarChoice | None) -> Row:
        """When the clock of a choice of calendars runs."""
        cells = []
        for priority in FALLING:
            name = self.policy.calendar_name(choice, priority)
            always = self.policy.calendar(name).hours == "always"
            cells.append(Cell(self.say("always_short") if always else self.say("hours_short", name=name)))
        return Row(self.say("row_clock"), tuple(cells))

    def lengths(self, head: str, target: ByPriority, choice: CalendarChoice | None) -> Row:
        """How long for each priority; where the target warns, when."""
        return Row(head, tuple(self._length(target, self.calendar(choice, one), one) for one in FALLING), strong=True)

    def _length(self, target: ByPriority, calendar: Calendar, priority: Priority) -> Cell:
        duration = target.of(priority)
        if duration is None:
            return Cell(self.say("no_limit"), quiet=True)
        seconds = duration.seconds_in(calendar.day_seconds or ALWAYS.day_seconds)
        warns = target.warn_at if isinstance(target, Target) else ()
        after = [seconds * percent // 100 for percent in warns]
        exact = [worked(one, calendar, self.language) for one in after]
        near = [roughly(one, calendar, self.language) for one in after]
        told = [
            one if one == said_ else self.say("about", length=said_) for one, said_ in zip(exact, near, strict=True)
        ]
        note = self.say("warn_note", lengths=self.joined(told)) if told else None
        return Cell(
            length(duration, calendar, self.language), note, exact=None if told == exact else self.joined(exact)
        )

    def pauses(self, name: str, target: Target, called: str) -> str:
        """When the target stands still."""
        reasons = target.paused_by(name in PAUSES_BY_DEFAULT)
        return self.stands_still(called, reasons) if reasons else self.say("pauses_never", target=called)

    def stands_still(self, called: str, reasons: Sequence[PauseReason]) -> str:
        """The reasons for which a promise does not run."""
        why = self.joined([self.say(f"paused_{one}") for one in reasons], "policy_or")
        return self.say("pauses", target=called, reasons=why)

    # --- what a reader finds on the page

    def used(self) -> str:
        """When a case runs by the policy."""
        found = self.policy.match and list(self._conditions(self.policy.match))
        if found:
            return self.say("match", conditions=self.joined(found))
        return self.say("match_fallback" if self.policy.name == FALLBACK else "match_all")

    def _conditions(self, match: Match | FunctionalTeam) -> Iterator[str]:
        parts: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
            "ticket": match.ticket,
            "customer": match.customer,
            "trigger": {str(key): value for key, value in match.trigger.items()},
        }
        for part, keys in parts.items():
            for key, values in keys.items():
                yield self.say("match_is", what=self._field(f"{part}.{key}"), values=self._either(values))

    def _field(self, path: str) -> str:
        known = ("ticket.system", "ticket.category", "ticket.product", "customer.tier", "customer.id", "trigger.kind")
        return self.say(f"field_{path}") if path in known else path

    def _either(self, values: str | tuple[str, ...]) -> str:
        return values if isinstance(values, str) else self.joined(values, "policy_or")

    def matrix(self) -> Matrix:
        """The priority by impact (rows) and urgency (columns)."""
        matrix = self.policy.priority.matrix
        levels = {level: self.level(level) for level in LEVELS}
        rows = tuple(
            (
                self.say("impact_is", level=levels[impact]),
                tuple((found, word(self.language, found)) for found in (matrix[impact][urgency] for urgency in LEVELS)),
            )
            for impact in LEVELS
        )
        return Matrix(tuple(self.say("urgency_is", level=levels[one]) for one in LEVELS), rows)

    def level(self, level: Level) -> str:
        """How large an impact or an urgency is."""
        return word(self.language, level)

    def raises(self) -> list[str]:
        """What raises the priority, a sentence for each rule."""
        rules = self.policy.priority.raise_for
        if not rules:
            return [self.say("raise_none")]
        found = [
            self.say(
                "raise", conditions=self.joined(list(self._raising(rule.customer))), by=self.say(f"level_{rule.by}")
            )
            for rule in rules
        ]
        return [*found, self.say("raise_once")]

    def _raising(self, wanted: RaiseCustomer) -> Iterator[str]:
        if wanted.id is not None:
            yield self.say("raise_id", value=self._either(wanted.id))
        if wanted.tier is not None:
            yield self.say("raise_tier", value=self._either(wanted.tier))
        if wanted.annual_value_at_least is not None:
            value = f"{wanted.annual_value_at_least:,.0f}"
            yield self.say("raise_value", value=value.replace(",", ".") if self.language == "de" else value)
        if wanted.customer_for_at_least is not None:
            yield self.say("raise_since", value=length(wanted.customer_for_at_least, ALWAYS, self.language))

    def starts(self) -> list[str]:
        """At which tier a case begins."""
        names = {priority: self.policy.tiers[start_tier(self.policy, priority)].name for priority in FALLING}
        if len(set(names.values())) == 1:
            return [self.say("starts_all", tier=names["low"])]
        tiers = dict.fromkeys(names.values())
        return [
            self.say("starts", priorities=self.priorities([one for one in FALLING if names[one] == tier]), tier=tier)
            for tier in tiers
        ]

    def promises(self) -> list[Row]:
        """The targets of the whole case."""
        targets, updates = self.policy.targets, self.policy.customer_updates
        found = []
        if targets.resolution:
            found.append(self.lengths(self.say("row_resolution"), targets.resolution, targets.resolution.calendar))
        if updates:
            chosen = updates.calendar or (targets.resolution.calendar if targets.resolution else None)
            found.append(self.lengths(self.say("row_customer_update"), updates.every, chosen))
        for name in ("root_cause", "closure"):
            target: Target | None = getattr(targets, name)
            if target:
                found.append(self.lengths(self.say(f"row_{name}"), target, target.calendar))
        return found

    def broken_promises(self) -> list[str]:
        """What happens when a promise of the whole case is missed, and when it stands still."""
        targets, last = self.policy.targets, self.last_resort
        found = []
        if targets.resolution:
            found.append(self.say("missed_resolution", last=last))
        if self.policy.customer_updates:
            found.append(self.say("missed_customer_update"))
        found += [self.say(f"missed_{name}", last=last) for name in ("root_cause", "closure") if getattr(targets, name)]
        if targets.resolution:
            found.append(self.pauses("resolution", targets.resolution, self.say("row_resolution")))
        if self.policy.customer_updates:
            found.append(self.stands_still(self.say("row_customer_update"), ("waiting_on_customer",)))
        return found

    def customer(self) -> list[str]:
        """What goes to the customer by itself."""
        updates, quiet = self.policy.customer_updates, self.policy.quiet_hours
        found = [self.say("customer_never")]
        if updates and updates.on:
            moments = self.joined([self.say(f"moment_{one}") for one in updates.on], "policy_or")
            found = [self.say("customer_on", channels=self.channels(updates.channels), moments=moments)]
        if quiet is None:
            return [*found, self.say("quiet_none")]
        begins, ends = quiet.customer_sms.split("-")
        return [*found, self.say("quiet", from_=begins, to=ends, zone=quiet.timezone)]

    def closing(self) -> list[str]:
        """How a case ends."""
        rules = self.policy.closing
        found = [self.say(f"cause_{rules.root_cause}")]
        if rules.confirm_within:
            found.append(self.say("confirm", length=length(rules.confirm_within, ALWAYS, self.language)))
        else:
            found.append(self.say("confirm_none"))
        if rules.survey_after:
            after = length(rules.survey_after, ALWAYS, self.language)
            found.append(self.say("survey", length=_capital(after), score=rules.low_score))
        return [*found, self.say("last_resort", last=self.last_resort)]

    def functional(self) -> list[str]:
        """Teams beside the tiers."""
        return [self._functional(rule) for rule in self.policy.functional]

    def _functional(self, rule: FunctionalTeam) -> str:
        found = [self.say("skill", values=self._either(rule.skill))] if rule.skill else []
        found += self._conditions(rule)
        when = self.say("functional_when", conditions=self.joined(found)) if found else ""
        return self.say("functional_rule", team=self.team(rule.team), when=when)

    def hours(self, now: datetime) -> list[Hours]:
        """Every calendar; its holidays are dates by then (`with_holidays`)."""
        return [
            Hours(
                name,
                opening(calendar, self.language),
                self.say("day_is", length=length(calendar.day, calendar, self.language)) if calendar.day else None,
                closed_ahead(calendar, now, self.language),
            )
            for name, calendar in self.policy.calendars.items()
        ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
