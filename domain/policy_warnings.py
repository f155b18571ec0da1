"""What a policy may say but probably does not mean: things that never happen, never end, or find nobody there.

Nothing here refuses a policy. Each warning has its place and what to write instead; those about hours look at the four weeks
from `now` on, with the roster as it is, and name the first instants at which it goes wrong.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime, as_utc
from domain.errors import Fault, Invalid
from domain.fault_texts import Path, nearest, path_text
from domain.holiday_dates import with_holidays
from domain.policy import Policy, Target, Tier
from domain.policy_checks import measured, step_seconds
from domain.roster import Roster
from domain.shifts import Shift, shifts
from domain.tickets import PRIORITIES, Priority

AHEAD = timedelta(weeks=4)
A_YEAR = timedelta(days=365)  # a deadline further away than that is a mistake in a calendar or a unit
TEN_YEARS = 10 * A_YEAR
_SHOWN = 3  # gaps written out; the rest is counted
_FROM_THE_ROTA = ("on_call", "on_call.next")

Places = Iterator[tuple[Path, str]]


class _Gap(NamedTuple):
    """Nobody is on duty from `from_` to `to`, of which `seconds` are opening hours."""

    from_: datetime
    to: datetime
    seconds: int


class _Unheard(NamedTuple):
    """A case that arrives at `at` misses its target at `due`; nobody is told before `told`."""

    at: datetime
    due: datetime
    told: datetime


class _Length(NamedTuple):
    """Working seconds of a tier's target, and the name of the calendar they count in."""

    calendar: str
    seconds: int


def warnings(policy: Policy, roster: Roster, now: datetime) -> list[Fault]:
    """Every warning by its kind; `now` is when the four weeks begin. Raises ValueError when it has no time zone."""
    now = as_utc(now)
    dated = with_holidays(policy, now)
    found = chain(
        _strangers(policy, roster),
        _late_steps(policy),
        _unstaffed(dated, roster, now),
        _far_away(dated, now),
        _missed_unheard(dated, now),
        _no_longer_than_acknowledge(policy),
        _without_end(policy),
    )
    return [Fault(path_text(path), message) for path, message in found]


def _strangers(policy: Policy, roster: Roster) -> Places:
    people = [person.id for person in roster.people]
    teams = [team.id for team in roster.teams]
    if policy.owner_of_last_resort not in people:
        name = policy.owner_of_last_resort
        yield ("owner_of_last_resort",), f"the roster has no person '{name}'{nearest(name, people)}"
    for index, tier in enumerate(policy.tiers):
        if tier.team not in teams:
            yield ("tiers", index, "team"), f"the roster has no team '{tier.team}'{nearest(tier.team, teams)}"
        for number, step in enumerate(tier.steps):
            name = step.tell.removeprefix("person:")
            if name != step.tell and name not in people:
                path = ("tiers", index, "steps", number, "tell")
                yield path, f"the roster has no person '{name}'{nearest(name, people)}"
    for index, rule in enumerate(policy.functional):
        if rule.team not in teams:
            yield ("functional", index, "team"), f"the roster has no team '{rule.team}'{nearest(rule.team, teams)}"


def _late_steps(policy: Policy) -> Places:
    for index, tier in enumerate(policy.tiers):
        for number, step in enumerate(tier.steps):
            late = [priority for priority in PRIORITIES if _is_late(policy, tier, number, priority)]
            if late:
                path = ("tiers", index, "steps", number, "after")
                yield (
                    path,
                    f"{step.after} is not before the acknowledge target for {', '.join(late)}; it never goes out there",
                )


def _is_late(policy: Policy, tier: Tier, number: int, priority: Priority) -> bool:
    """A breach comes before a step of the same instant, so a step exactly at the target never goes out either."""
    target, step = tier.targets.acknowledge, tier.steps[number]
    deadline = target.of(priority)
    if deadline is None or step.after.is_zero:
        return False
    day = policy.calendar(policy.calendar_name(target.calendar or tier.calendar, priority)).day_seconds
    after = step_seconds(policy, tier, step.after, priority)
    return after is not None and after >= deadline.seconds_in(day)


def _unstaffed(policy: Policy, roster: Roster, now: datetime) -> Places:
    """Opening hours of a tier in which the rota that its steps ask answers with nobody."""
    empty: dict[str, list[Shift]] = {}
    for index, tier in enumerate(policy.tiers):
        if roster.team(tier.team) is None or not any(step.tell in _FROM_THE_ROTA for step in tier.steps):
            continue
        if tier.team not in empty:
            found = shifts(roster, tier.team, now, now + AHEAD)
            empty[tier.team] = [shift for shift in found if shift.on_call is None]
        for name, priorities in _by_calendar(policy, tier).items():
            message = _nobody(policy.calendar(name), empty[tier.team], now)
            if message:
                which = f"{_for(priorities)}nobody of '{tier.team}' is on duty while the calendar '{name}' is open"
                yield ("tiers", index, "team"), f"{which}{message}"


def _by_calendar(policy: Policy, tier: Tier) -> dict[str, list[Priority]]:
    """The calendars that a tier's steps wait for, each with its priorities."""
    found: dict[str, list[Priority]] = {}
    for priority in PRIORITIES:
        found.setdefault(policy.calendar_name(tier.calendar, priority), []).append(priority)
    return found


def _nobody(calendar: Calendar, empty: Sequence[Shift], now: datetime) -> str:
    """When nobody is there while the calendar is open, and what to do about it; nothing when somebody always is."""
    gaps = list(_gaps(calendar, empty))
    seconds = sum(gap.seconds for gap in gaps)
    if not seconds:
        return ""
    if seconds == WorkingTime(calendar).between(now, now + AHEAD):
        return ", at any time of the next four weeks; give the team members or a rotation in the roster"
    shown = ", ".join(_span(calendar, gap.from_, gap.to) for gap in gaps[:_SHOWN])
    more = f" and {len(gaps) - _SHOWN} times more" if len(gaps) > _SHOWN else ""
    return (
        f": {shown}{more} ({calendar.timezone}), in all {_hours(seconds)} of the next four weeks; "
        "give the team a rotation for these hours in the roster"
    )


def _gaps(calendar: Calendar, empty: Sequence[Shift]) -> Iterator[_Gap]:
    """One that reaches over a night is one gap: from the first opening in it to the last closing."""
    working = WorkingTime(calendar)
    for shift in empty:
        if inside := working.stretches(shift.from_, shift.to):
            yield _Gap(inside[0][0], inside[-1][1], working.between(shift.from_, shift.to))


def _far_away(policy: Policy, now: datetime) -> Places:
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
    return f"ends only on {_day(calendar, working.add(now, seconds))}"


def _missed_unheard(policy: Policy, now: datetime) -> Places:
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
                    f"{_for(list(missed))}{example}: the target counts while the steps wait for the calendar '{steps}'; "
                    f"write {steps} here too, or give the tier a calendar that is open then",
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
    at, due, told = (_moment(calendar, instant) for instant in one)
    return f"a case that arrives {at} misses it {due}, and nobody is told before {told} ({calendar.timezone})"


def _no_longer_than_acknowledge(policy: Policy) -> Places:
    for index, tier in enumerate(policy.tiers):
        target = tier.targets.tier_resolution
        short = [p for p in PRIORITIES if target is not None and _is_short(policy, tier, target, p)]
        if short:
            yield (
                ("tiers", index, "targets", "tier_resolution"),
                f"{_for(short)}it ends no later than the acknowledge target, so whoever takes the case in time may have "
                "missed it already; write more than the acknowledge target",
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


def _without_end(policy: Policy) -> Places:
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


def _for(priorities: Sequence[Priority]) -> str:
    return "" if len(priorities) == len(PRIORITIES) else f"for {', '.join(priorities)}: "


def _hours(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _day(calendar: Calendar, at: datetime) -> str:
    return f"{calendar.local(at):%a %Y-%m-%d}"


def _moment(calendar: Calendar, at: datetime) -> str:
    return f"{calendar.local(at):%a %Y-%m-%d %H:%M}"


def _span(calendar: Calendar, start: datetime, end: datetime) -> str:
    """`Mon 2026-11-23 17:00–18:00`, or both days where there are two."""
    if _day(calendar, start) == _day(calendar, end):
        return f"{_moment(calendar, start)}–{calendar.local(end):%H:%M}"
    return f"{_moment(calendar, start)} to {_moment(calendar, end)}"
