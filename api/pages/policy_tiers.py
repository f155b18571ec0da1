"""The tiers of a policy as blocks somebody reads: who is told when, and how, for each priority; how fast; what a breach does."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.pages.policy_hours import length, opening
from api.pages.policy_view import FALLING, Cell, PolicyWords, Row
from api.pages.words import said
from domain.policy import Step, Tier
from domain.tickets import Priority

_PERSON = "person:"


@dataclass(frozen=True)
class Block:
    """One tier: `steps` are who is told, `targets` how fast, `hours` its working hours, `rules` what else happens."""

    name: str
    team: str
    clock: Row
    steps: tuple[Row, ...]
    targets: tuple[Row, ...]
    hours: tuple[str, ...]
    rules: tuple[str, ...]


def blocks(words: PolicyWords) -> list[Block]:
    """Every tier, the first one first."""
    return [_block(words, place) for place in range(len(words.policy.tiers))]


def _block(words: PolicyWords, place: int) -> Block:
    tier = words.policy.tiers[place]
    return Block(
        tier.name,
        words.team(tier.team),
        words.clock(tier.calendar),
        tuple(_step(words, place, number) for number in range(len(tier.steps))),
        tuple(_targets(words, tier)),
        tuple(_hours(words, tier)),
        tuple(_rules(words, place)),
    )


def _step(words: PolicyWords, place: int, number: int) -> Row:
    tier = words.policy.tiers[place]
    step = tier.steps[number]
    head = words.say("row_step", number=number + 1, who=_who(words, tier, step), channels=words.channels(step.channels))
    return Row(head, tuple(_when(words, place, step, priority) for priority in FALLING))


def _who(words: PolicyWords, tier: Tier, step: Step) -> str:
    if step.tell.startswith(_PERSON):
        return words.person(step.tell.removeprefix(_PERSON))
    if step.tell != "team.lead":
        return words.say("on_call" if step.tell == "on_call" else "next")
    team = words.roster.team(tier.team)
    lead = team.lead if team else None
    return words.say("lead_named", name=words.person(lead)) if lead else words.say("lead")


def _when(words: PolicyWords, place: int, step: Step, priority: Priority) -> Cell:
    tier = words.policy.tiers[place]
    calendar = words.calendar(tier.calendar, priority)
    if step.after.is_zero:
        return Cell(words.say("at_once"))
    if _is_late(words, place, step, priority):
        return Cell(words.say("too_late"), words.say("too_late_note"), quiet=True)
    return Cell(words.say("after", length=length(step.after, calendar, words.language)))


def _is_late(words: PolicyWords, place: int, step: Step, priority: Priority) -> bool:
    """The time to take it is over by then; a case on the last tier begins its steps again, after a step of that very instant."""
    policy, tier = words.policy, words.policy.tiers[place]
    target = tier.targets.acknowledge
    limit, name = target.of(priority), policy.calendar_name(tier.calendar, priority)
    counted = name if target.calendar is None else policy.calendar_name(target.calendar, priority)
    if limit is None or counted != name:
        return False  # in two calendars the one or the other comes first, case by case
    after, most = policy.seconds_in(name, step.after), policy.seconds_in(name, limit)
    return after > most if place == len(policy.tiers) - 1 else after >= most


def _targets(words: PolicyWords, tier: Tier) -> Iterator[Row]:
    acknowledge, solve = tier.targets.acknowledge, tier.targets.tier_resolution
    yield words.lengths(words.say("row_acknowledge"), acknowledge, acknowledge.calendar or tier.calendar)
    if solve:
        yield words.lengths(words.say("row_tier_resolution"), solve, solve.calendar or tier.calendar)
    if tier.acknowledge_timeout:
        yield words.lengths(words.say("row_timeout"), tier.acknowledge_timeout, tier.calendar)


def _hours(words: PolicyWords, tier: Tier) -> Iterator[str]:
    """The working hours of each of its calendars, and for which priorities they count."""
    names = {priority: words.policy.calendar_name(tier.calendar, priority) for priority in FALLING}
    for name in dict.fromkeys(names.values()):
        those = [priority for priority in FALLING if names[priority] == name]
        hours = opening(words.policy.calendar(name), words.language)
        yield words.say("hours_of", priorities=words.priorities(those), hours=hours)


def _rules(words: PolicyWords, place: int) -> Iterator[str]:
    policy, tier, last = words.policy, words.policy.tiers[place], words.last_resort
    solve = tier.targets.tier_resolution
    if place < len(policy.tiers) - 1:
        above = policy.tiers[place + 1]
        key = "breach_up" if solve else "breach_up_ack"
        yield words.say(key, tier=above.name, team=words.team(above.team))
    else:
        yield words.say("breach_top", rounds=_rounds(words, tier.repeat), last=last)
        if solve:
            yield words.say("breach_top_solve", last=last)
    if solve:
        yield words.pauses("tier_resolution", solve, words.say("row_tier_resolution"))


def _rounds(words: PolicyWords, repeat: int) -> str:
    return words.say(f"rounds_{repeat}") if repeat < 2 else said(words.language, "policy_rounds", n=repeat)
