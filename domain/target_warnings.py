"""Targets and steps that do not fit together: what comes too late, too far away, before anybody is told, or without an end.

What a target counts in is asked of the calendars with their holidays, from an instant on.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime
from domain.errors import Invalid
from domain.policy import Policy, Target, Tier
from domain.policy_checks import Places, measured, step_seconds
from domain.standing_in import AHEAD
from domain.tickets import PRIORITIES, Priority
from domain.warning_words import WarningWords

A_YEAR = timedelta(days=365)  # a deadline further away than that is a mistake in a calendar or a unit
TEN_YEARS = 10 * A_YEAR


class _Unheard(NamedTuple):
    """A case that arrives at `at` misses its target at `due`; nobody is told before `told`."""

    at: datetime
    due: datetime
    told: datetime


class _Length(NamedTuple):
    """Working seconds of a tier's target, and the name of the calendar they count in."""

    calendar: str
    seconds: int


def late_steps(policy: Policy, words: WarningWords) -> Places:
    """Steps that come when their tier's acknowledge target has been missed: the case has climbed, or the steps begin anew."""
    for index, tier in enumerate(policy.tiers):
        last = tier is policy.tiers[-1]
        for number, step in enumerate(tier.steps):
            late = [priority for priority in PRIORITIES if _is_late(policy, tier, number, priority, last=last)]
            if late:
                kind = "late_step_on_top" if last else "late_step"
                message = words.say(kind, after=step.after, priorities=words.listed(late))
                yield ("tiers", index, "steps", number, "after"), message


def _is_late(policy: Policy, tier: Tier, number: int, priority: Priority, *, last: bool) -> bool:
    """A breach comes before a step of the same instant, but the steps begin anew after it.

    In two calendars the one or the other comes first, case by case.
    """
    step, waits = tier.steps[number], policy.calendar_name(tier.calendar, priority)
    target = _length(policy, tier, tier.targets.acknowledge, priority)
    if target is None or target.calendar != waits or step.after.is_zero:
        return False
    after = step_seconds(policy, tier, step.after, priority)
    return after is not None and (after > target.seconds if last else after >= target.seconds)


def far_away(policy: Policy, now: datetime, words: WarningWords) -> Places:
    """Durations that would not be over within a year, started now."""
    for one in measured(policy):
        told: set[str] = set()
        for priority in PRIORITIES:
            duration = one.durations.of(priority)
            key = priority if getattr(one.durations, priority) is not None else "all"
            if duration is None or key in told:
                continue
            name = policy.calendar_name(one.calendar, priority)
            calendar, seconds = policy.calendar(name), policy.seconds_in(name, duration)
            if WorkingTime(calendar).between(now, now + A_YEAR) < seconds:
                told.add(key)
                fields = {"duration": duration, "calendar": name}
                yield (*one.path, key), _too_far(calendar, seconds, now, words, fields)


def _too_far(calendar: Calendar, seconds: int, now: datetime, words: WarningWords, fields: Mapping[str, object]) -> str:
    """When so much working time ends, or that it never does."""
    working = WorkingTime(calendar)
    if working.between(now, now + TEN_YEARS) < seconds:
        return words.say("never_ends", **fields)
    return words.say("far_away", day=words.day(calendar, working.add(now, seconds)), **fields)


def missed_unheard(policy: Policy, now: datetime, words: WarningWords) -> Places:
    """Targets of a tier that count while its steps still wait for the tier's own opening."""
    for index, tier in enumerate(policy.tiers):
        for name, target in _targets_of(tier):
            found = {priority: _unheard(policy, tier, target, priority, now) for priority in PRIORITIES}
            missed = {priority: one for priority, one in found.items() if one is not None}
            if missed:
                steps = policy.calendar_name(tier.calendar, next(iter(missed)))
                yield ("tiers", index, "targets", name, "calendar"), _missed(policy, steps, missed, words)


def _missed(policy: Policy, steps: str, missed: Mapping[Priority, _Unheard], words: WarningWords) -> str:
    """For which priorities, with the first of them as an example, by the calendar `steps` that the steps wait for."""
    calendar = policy.calendar(steps)
    at, due, told = (words.moment(calendar, instant) for instant in next(iter(missed.values())))
    whom = words.for_priorities(list(missed))
    return words.say("missed_unheard", whom=whom, at=at, due=due, told=told, zone=calendar.timezone, calendar=steps)


def _targets_of(tier: Tier) -> Iterator[tuple[str, Target]]:
    yield "acknowledge", tier.targets.acknowledge
    if tier.targets.tier_resolution is not None:
        yield "tier_resolution", tier.targets.tier_resolution


def _unheard(policy: Policy, tier: Tier, target: Target, priority: Priority, now: datetime) -> _Unheard | None:
    """The first arrival that misses the target before anybody is told. The later in a closed time, the later it is due,
    so that its beginning is the worst instant of each."""
    length, waits = _length(policy, tier, target, priority), policy.calendar_name(tier.calendar, priority)
    if length is None or length.calendar == waits:
        return None
    steps, clock = WorkingTime(policy.calendar(waits)), WorkingTime(policy.calendar(length.calendar))
    for at in (now, *(closes for _, closes in steps.stretches(now, now + AHEAD))):
        told = _opening(steps, at)
        if told is not None and clock.between(at, told) >= length.seconds:
            return _Unheard(at, clock.add(at, length.seconds), told)
    return None


def _opening(working: WorkingTime, at: datetime) -> datetime | None:
    try:
        return working.opening(at)
    except Invalid:
        return None  # no opening for ten years: told as a target that is too far away


def no_longer_than_acknowledge(policy: Policy, words: WarningWords) -> Places:
    for index, tier in enumerate(policy.tiers):
        target = tier.targets.tier_resolution
        short = [p for p in PRIORITIES if target is not None and _is_short(policy, tier, target, p)]
        if short:
            message = words.say("too_short", whom=words.for_priorities(short))
            yield ("tiers", index, "targets", "tier_resolution"), message


def _is_short(policy: Policy, tier: Tier, resolution: Target, priority: Priority) -> bool:
    longer, shorter = (_length(policy, tier, one, priority) for one in (resolution, tier.targets.acknowledge))
    if longer is None or shorter is None:
        return False
    return longer.calendar == shorter.calendar and longer.seconds <= shorter.seconds


def _length(policy: Policy, tier: Tier, target: Target, priority: Priority) -> _Length | None:
    duration = target.of(priority)
    calendar = policy.calendar_name(target.calendar or tier.calendar, priority)
    return None if duration is None else _Length(calendar, policy.seconds_in(calendar, duration))


def without_end(policy: Policy, words: WarningWords) -> Places:
    """Nothing limits a case at the last tier but the closing limit, which the owner of last resort hears of."""
    closure = policy.targets.closure
    open_ended = [priority for priority in PRIORITIES if closure is None or closure.of(priority) is None]
    if open_ended:
        kind = "without_end" if closure is None else "without_end_for"
        for_ever = words.say("for_ever", owner=policy.owner_of_last_resort)
        tier, priorities = policy.tiers[-1].name, words.listed(open_ended)
        yield ("targets", "closure"), words.say(kind, tier=tier, for_ever=for_ever, priorities=priorities)
