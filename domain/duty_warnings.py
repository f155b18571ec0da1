"""Who is asked in vain: nobody on duty while a tier is open, never anybody next, no lead, nobody in the last one's place.

A team is told once for each thing: at the first tier that has it, else at the functional rule that brings it, with the tiers
whose steps may then ask it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime
from domain.fault_texts import Path
from domain.policy import Policy
from domain.policy_checks import Places
from domain.reach import FROM_THE_ROTA, Asking, Reach, asking, calendars, told_once
from domain.shifts import Shift
from domain.standing_in import AHEAD
from domain.tickets import PRIORITIES
from domain.warning_words import WarningWords

_SHOWN = 3  # gaps written out; the rest is counted


class _Gap(NamedTuple):
    """Nobody is on duty from `from_` to `to`, of which `seconds` are opening hours."""

    from_: datetime
    to: datetime
    seconds: int


def unstaffed(policy: Policy, reach: Reach, now: datetime, words: WarningWords) -> Places:
    """Opening hours of a tier in which the rota that its steps ask answers with nobody."""
    from_the_rota = [one for one in asking(policy) if one.step.tell in FROM_THE_ROTA and reach.roster.team(one.team)]
    found = told_once(from_the_rota, lambda one: [(one.team, name) for name in calendars(policy, one.tier)])
    for (team, name), alike in found.items():
        empty = [shift for shift in reach.shifts(team) if shift.on_call is None]
        when = _nobody(policy.calendar(name), empty, now, words)
        if when:
            where = _where(policy, alike, name, words)
            yield alike[0].team_path, words.say("unstaffed", where=where, team=team, calendar=name, when=when)


def _where(policy: Policy, alike: Sequence[Asking], calendar: str, words: WarningWords) -> str:
    """For which tiers and priorities the steps wait for the calendar; of one tier alone the place says which."""
    tiers = {one.tier.name: calendars(policy, one.tier)[calendar] for one in alike}
    if alike[0].rule is None and len(tiers) == 1:
        return words.for_priorities(tiers[alike[0].tier.name])
    named = [
        name if len(those) == len(PRIORITIES) else f"{name} ({words.listed(those)})" for name, those in tiers.items()
    ]
    return words.say("unstaffed_at", tiers=words.some(named))


def _nobody(calendar: Calendar, empty: Sequence[Shift], now: datetime, words: WarningWords) -> str:
    """When nobody is there while the calendar is open, and what to do about it; nothing when somebody always is."""
    gaps = list(_gaps(calendar, empty))
    seconds = sum(gap.seconds for gap in gaps)
    if not seconds:
        return ""
    if seconds == WorkingTime(calendar).between(now, now + AHEAD):
        return words.say("unstaffed_always")
    shown = _first([words.span(calendar, gap.from_, gap.to) for gap in gaps], words)
    return words.say("unstaffed_gaps", gaps=shown, zone=calendar.timezone, hours=words.in_hours(seconds))


def _first(gaps: Sequence[str], words: WarningWords) -> str:
    """Those that are written out, and how many more."""
    left = len(gaps) - _SHOWN
    more = words.say("more_gaps_1" if left == 1 else "more_gaps", count=left) if left > 0 else ""
    return ", ".join(gaps[:_SHOWN]) + more


def _gaps(calendar: Calendar, empty: Sequence[Shift]) -> Iterator[_Gap]:
    """One that reaches over a night is one gap: from the first opening in it to the last closing."""
    working = WorkingTime(calendar)
    for shift in empty:
        if inside := working.stretches(shift.from_, shift.to):
            yield _Gap(inside[0][0], inside[-1][1], working.between(shift.from_, shift.to))


def nobody_there(policy: Policy, reach: Reach, words: WarningWords) -> Places:
    """Steps for which the roster never has anybody, though the team is there. Nobody on duty at all is told above."""
    for (team, selector), alike in told_once(asking(policy), lambda one: [(one.team, one.step.tell)]).items():
        if selector == "on_call.next" and _alone(reach, team):
            yield _finds_nobody(alike, "nobody_next", words)
        if selector == "team.lead" and _without_lead(reach, team):
            yield _finds_nobody(alike, "no_lead", words)


def _alone(reach: Reach, team: str) -> bool:
    found = reach.shifts(team)
    return any(shift.on_call for shift in found) and not any(shift.on_call_next for shift in found)


def _without_lead(reach: Reach, team_id: str) -> bool:
    team = reach.roster.team(team_id)
    return team is not None and team.lead is None


def _finds_nobody(alike: Sequence[Asking], wrong: str, words: WarningWords) -> tuple[Path, str]:
    first, tiers = alike[0], list(dict.fromkeys(one.tier.name for one in alike))
    if first.rule is None:
        finds = words.say("this_step_finds")
    else:
        finds = words.say("those_steps_find", tiers=words.some(tiers), selector=first.step.tell)
    return first.step_path("tell"), words.say(wrong, team=first.team, finds=finds)


def last_resort_away(policy: Policy, reach: Reach, words: WarningWords) -> Places:
    """Times at which the owner of last resort is away and nobody stands in; one the roster lacks is told elsewhere."""
    owner = reach.roster.person(policy.owner_of_last_resort)
    if owner is None:
        return
    calendar = policy.calendar("always").model_copy(update={"timezone": owner.timezone})  # told at any hour
    alike = groupby(reach.standing_in(owner.id), lambda answer: answer.person is None)
    away = [list(answers) for nobody, answers in alike if nobody]
    if away:
        gaps = _first([words.span(calendar, those[0].from_, those[-1].to) for those in away], words)
        message = words.say("last_resort_away", owner=owner.id, gaps=gaps, zone=calendar.timezone)
        yield ("owner_of_last_resort",), message
