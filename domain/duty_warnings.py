"""Teams that the steps ask in vain: nobody on duty while a tier is open, never anybody next, no lead.

A team is told once for each thing: at the first tier that has it, else at the functional rule that brings it, with the tiers
whose steps may then ask it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime
from domain.fault_texts import Path
from domain.policy import Policy
from domain.policy_checks import Places
from domain.reach import AHEAD, FROM_THE_ROTA, Asking, Reach, asking, calendars, told_once
from domain.shifts import Shift
from domain.tickets import PRIORITIES
from domain.warning_words import for_priorities, in_hours, some, span

_SHOWN = 3  # gaps written out; the rest is counted


class _Gap(NamedTuple):
    """Nobody is on duty from `from_` to `to`, of which `seconds` are opening hours."""

    from_: datetime
    to: datetime
    seconds: int


def unstaffed(policy: Policy, reach: Reach, now: datetime) -> Places:
    """Opening hours of a tier in which the rota that its steps ask answers with nobody."""
    from_the_rota = [one for one in asking(policy) if one.step.tell in FROM_THE_ROTA and reach.roster.team(one.team)]
    found = told_once(from_the_rota, lambda one: [(one.team, name) for name in calendars(policy, one.tier)])
    for (team, name), alike in found.items():
        empty = [shift for shift in reach.shifts(team) if shift.on_call is None]
        message = _nobody(policy.calendar(name), empty, now)
        if message:
            which = f"nobody of '{team}' is on duty while the calendar '{name}' is open"
            yield alike[0].team_path, f"{_where(policy, alike, name)}{which}{message}"


def _where(policy: Policy, alike: Sequence[Asking], calendar: str) -> str:
    """For which tiers and priorities the steps wait for the calendar; of one tier alone the place says which."""
    tiers = {one.tier.name: calendars(policy, one.tier)[calendar] for one in alike}
    if alike[0].rule is None and len(tiers) == 1:
        return for_priorities(tiers[alike[0].tier.name])
    named = (name if len(those) == len(PRIORITIES) else f"{name} ({', '.join(those)})" for name, those in tiers.items())
    return f"at {some(list(named))}: "


def _nobody(calendar: Calendar, empty: Sequence[Shift], now: datetime) -> str:
    """When nobody is there while the calendar is open, and what to do about it; nothing when somebody always is."""
    gaps = list(_gaps(calendar, empty))
    seconds = sum(gap.seconds for gap in gaps)
    if not seconds:
        return ""
    if seconds == WorkingTime(calendar).between(now, now + AHEAD):
        return ", at any time of the next four weeks; give the team members or a rotation in the roster"
    shown = ", ".join(span(calendar, gap.from_, gap.to) for gap in gaps[:_SHOWN])
    more = f" and {len(gaps) - _SHOWN} times more" if len(gaps) > _SHOWN else ""
    return (
        f": {shown}{more} ({calendar.timezone}), in all {in_hours(seconds)} of the next four weeks; "
        "give the team a rotation for these hours in the roster"
    )


def _gaps(calendar: Calendar, empty: Sequence[Shift]) -> Iterator[_Gap]:
    """One that reaches over a night is one gap: from the first opening in it to the last closing."""
    working = WorkingTime(calendar)
    for shift in empty:
        if inside := working.stretches(shift.from_, shift.to):
            yield _Gap(inside[0][0], inside[-1][1], working.between(shift.from_, shift.to))


def nobody_there(policy: Policy, reach: Reach) -> Places:
    """Steps for which the roster never has anybody, though the team is there. Nobody on duty at all is told above."""
    for (team, selector), alike in told_once(asking(policy), lambda one: [(one.team, one.step.tell)]).items():
        if selector == "on_call.next" and _alone(reach, team):
            wrong = f"in '{team}' nobody is next in the next four weeks"
            yield _finds_nobody(alike, wrong, "another member or rotation")
        if selector == "team.lead" and _without_lead(reach, team):
            yield _finds_nobody(alike, f"'{team}' has no lead", "a lead")


def _alone(reach: Reach, team: str) -> bool:
    found = reach.shifts(team)
    return any(shift.on_call for shift in found) and not any(shift.on_call_next for shift in found)


def _without_lead(reach: Reach, team_id: str) -> bool:
    team = reach.roster.team(team_id)
    return team is not None and team.lead is None


def _finds_nobody(alike: Sequence[Asking], wrong: str, lacking: str) -> tuple[Path, str]:
    first, tiers = alike[0], list(dict.fromkeys(one.tier.name for one in alike))
    steps = "this step finds" if first.rule is None else f"the steps of {some(tiers)} that tell {first.step.tell} find"
    return (
        first.step_path("tell"),
        f"{wrong}, so {steps} nobody; give the team {lacking} in the roster, or tell somebody else",
    )
