"""Targets and steps that do not fit together: what comes too late, too far away, before anybody is told, or without an end.

What a target counts in is asked of the calendars with their holidays, from an instant on.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime
from domain.errors import Invalid
from domain.policy import Policy, Target, Tier
from domain.policy_checks import Places, measured, step_seconds
from domain.reach import AHEAD
from domain.tickets import PRIORITIES, Priority
from domain.warning_words import day, for_priorities, moment

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


def late_steps(policy: Policy) -> Places:
    """Steps that come when their tier's acknowledge target has been missed: the case has climbed, or the steps begin anew."""
    for index, tier in enumerate(policy.tiers):
        last = tier is policy.tiers[-1]
        for number, step in enumerate(tier.steps):
            late = [priority for priority in PRIORITIES if _is_late(policy, tier, number, priority, last=last)]
            if late:
                where = ("tiers", index, "steps", number, "after")
                yield where, f"{step.after} {_too_late_for(late, last=last)}"


def _too_late_for(late: Sequence[Priority], *, last: bool) -> str:
    if last:
        return (
            f"is after the acknowledge target for {', '.join(late)}; at the last tier the steps begin anew by then, "
            "so it goes out only once, after the last of them, when the owner of last resort has already been told"
        )
    return (
        f"is not before the acknowledge target for {', '.join(late)}; the case has climbed by then, "
        "so it goes out there only when the step above it reaches nobody"
    )


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


def far_away(policy: Policy, now: datetime) -> Places:
    """Durations that would not be over within a year, started now."""
    for one in measured(policy):
        told: set[str] = set()
        for priority in PRIORITIES:
            duration = one.durations.of(priority)
            key = priority if getattr(one.durations, priority) is not None else "all"
            if duration is None or key in told:
                continue
            name = policy.calendar_name(one.calendar, priority)
            when = _end(policy.calendar(name), policy.seconds_in(name, duration), now)
            if when:
                told.add(key)
                yield (
                    (*one.path, key),
                    f"{duration} of the calendar '{name}', begun now, {when}; "
                    "write something shorter, or a calendar that is open more often",
                )


def _end(calendar: Calendar, seconds: int, now: datetime) -> str:
    """When so much working time ends, where that is over a year away; nothing else."""
    working = WorkingTime(calendar)
    if working.between(now, now + A_YEAR) >= seconds:
        return ""
    if working.between(now, now + TEN_YEARS) < seconds:
        return "does not end within ten years"
    return f"ends only on {day(calendar, working.add(now, seconds))}"


def missed_unheard(policy: Policy, now: datetime) -> Places:
    """Targets of a tier that count while its steps still wait for the tier's own opening."""
    for index, tier in enumerate(policy.tiers):
        for name, target in _targets_of(tier):
            found = {priority: _unheard(policy, tier, target, priority, now) for priority in PRIORITIES}
            missed = {priority: one for priority, one in found.items() if one is not None}
            if missed:
                first = next(iter(missed))
                steps = policy.calendar_name(tier.calendar, first)
                example = _example(policy.calendar(steps), missed[first])
                yield (
                    ("tiers", index, "targets", name, "calendar"),
                    f"{for_priorities(list(missed))}{example}: the target counts while the steps wait for the calendar "
                    f"'{steps}'; write {steps} here too, or give the tier a calendar that is open then",
                )


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


def _example(calendar: Calendar, one: _Unheard) -> str:
    at, due, told = (moment(calendar, instant) for instant in one)
    return f"a case that arrives {at} misses it {due}, and nobody is told before {told} ({calendar.timezone})"


def no_longer_than_acknowledge(policy: Policy) -> Places:
    for index, tier in enumerate(policy.tiers):
        target = tier.targets.tier_resolution
        short = [p for p in PRIORITIES if target is not None and _is_short(policy, tier, target, p)]
        if short:
            yield (
                ("tiers", index, "targets", "tier_resolution"),
                f"{for_priorities(short)}it ends no later than the acknowledge target, so whoever takes the case in time may "
                "have missed it already; write more than the acknowledge target",
            )


def _is_short(policy: Policy, tier: Tier, resolution: Target, priority: Priority) -> bool:
    longer, shorter = (_length(policy, tier, one, priority) for one in (resolution, tier.targets.acknowledge))
    if longer is None or shorter is None:
        return False
    return longer.calendar == shorter.calendar and longer.seconds <= shorter.seconds


def _length(policy: Policy, tier: Tier, target: Target, priority: Priority) -> _Length | None:
    duration = target.of(priority)
    calendar = policy.calendar_name(target.calendar or tier.calendar, priority)
    return None if duration is None else _Length(calendar, policy.seconds_in(calendar, duration))


def without_end(policy: Policy) -> Places:
    """Nothing limits a case at the last tier but the closing limit, which the owner of last resort hears of."""
    closure = policy.targets.closure
    open_ended = [priority for priority in PRIORITIES if closure is None or closure.of(priority) is None]
    if open_ended:
        says = "is missing" if closure is None else f"says nothing for {', '.join(open_ended)}"
        yield (
            ("targets", "closure"),
            f"{says}, so nothing limits the time at the last tier '{policy.tiers[-1].name}': where nobody acknowledges, "
            f"the owner of last resort '{policy.owner_of_last_resort}' is told every 24 h for ever; "
            "write a limit such as closure: {all: 15d}",
        )
