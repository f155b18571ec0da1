"""What a policy may say but probably does not mean: things that never happen, never end, or find nobody there.

Nothing here refuses a policy. Each warning has its place and what to write instead; those about hours look at the four weeks
from `now` on, with the roster as it is, and name the first instants at which it goes wrong.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import NamedTuple

from domain.calendars import Calendar, WorkingTime, as_utc
from domain.errors import Fault, Invalid
from domain.fault_texts import Path, nearest, path_text
from domain.holiday_dates import with_holidays
from domain.messages import CHANNEL_WORDS
from domain.policy import Policy, Step, Target, Tier
from domain.policy_checks import measured, step_seconds
from domain.roster import Roster
from domain.shifts import Shift, duties, shifts
from domain.tickets import PRIORITIES, Channel, Priority

AHEAD = timedelta(weeks=4)
A_YEAR = timedelta(days=365)  # a deadline further away than that is a mistake in a calendar or a unit
TEN_YEARS = 10 * A_YEAR
_SHOWN = 3  # gaps written out; the rest is counted
_NAMED = 10  # people of one warning
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
    dated, rota = with_holidays(policy, now), _Rota(roster, now)
    found = chain(
        _strangers(policy, roster),
        _late_steps(policy),
        _unstaffed(dated, rota, now),
        _nobody_there(policy, rota),
        _without_address(dated, rota),
        _far_away(dated, now),
        _missed_unheard(dated, now),
        _no_longer_than_acknowledge(policy),
        _without_end(policy),
    )
    return [Fault(path_text(path), message) for path, message in found]


class _Rota:
    """The roster and its shifts of the four weeks, which several warnings ask for."""

    def __init__(self, roster: Roster, now: datetime) -> None:
        self.roster = roster
        self._now = now
        self._known: dict[str, list[Shift]] = {}

    def shifts(self, team_id: str) -> list[Shift]:
        """In a team that is asked in turn, those of the first member's turn."""
        if team_id not in self._known:
            self._known[team_id] = shifts(self.roster, team_id, self._now, self._now + AHEAD)
        return self._known[team_id]

    def every_turn(self, team_id: str) -> list[Shift]:
        """The shifts, in a team that is asked in turn those of all turns."""
        team = self.roster.team(team_id)
        if team is None or team.choose != "round_robin":
            return self.shifts(team_id)
        asked = duties(self.roster, team_id, self._now, self._now + AHEAD)
        return [
            Shift(begins, ends, first, second)
            for begins, ends, people in asked
            for first, second in pairwise([*people, people[0] if len(people) > 1 else None] if people else ())
        ]


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
    """At the last tier a missed target climbs nowhere and the steps go on."""
    for index, tier in enumerate(policy.tiers[:-1]):
        for number, step in enumerate(tier.steps):
            late = [priority for priority in PRIORITIES if _is_late(policy, tier, number, priority)]
            if late:
                yield (
                    ("tiers", index, "steps", number, "after"),
                    f"{step.after} is not before the acknowledge target for {', '.join(late)}; the case has climbed by then, "
                    "so it goes out there only when the step above it reaches nobody",
                )


def _is_late(policy: Policy, tier: Tier, number: int, priority: Priority) -> bool:
    """A breach comes before a step of the same instant, so a step exactly at the target is late too.

    In two calendars the one or the other comes first, case by case.
    """
    step, waits = tier.steps[number], policy.calendar_name(tier.calendar, priority)
    target = _length(policy, tier, tier.targets.acknowledge, priority)
    if target is None or target.calendar != waits or step.after.is_zero:
        return False
    after = step_seconds(policy, tier, step.after, priority)
    return after is not None and after >= target.seconds


def _unstaffed(policy: Policy, rota: _Rota, now: datetime) -> Places:
    """Opening hours of a tier in which the rota that its steps ask answers with nobody."""
    for index, tier in enumerate(policy.tiers):
        if rota.roster.team(tier.team) is None or not any(step.tell in _FROM_THE_ROTA for step in tier.steps):
            continue
        empty = [shift for shift in rota.shifts(tier.team) if shift.on_call is None]
        for name, priorities in _by_calendar(policy, tier).items():
            message = _nobody(policy.calendar(name), empty, now)
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


def _nobody_there(policy: Policy, rota: _Rota) -> Places:
    """Steps for which the roster never has anybody, though the team is there. Nobody on duty at all is told above."""
    for index, tier in enumerate(policy.tiers):
        team, found = rota.roster.team(tier.team), rota.shifts(tier.team)
        alone = any(shift.on_call for shift in found) and not any(shift.on_call_next for shift in found)
        for number, step in enumerate(tier.steps):
            path = ("tiers", index, "steps", number, "tell")
            if step.tell == "on_call.next" and alone:
                yield (
                    path,
                    f"in '{tier.team}' nobody is next in the next four weeks, so this step finds nobody; "
                    "give the team another member or rotation in the roster, or tell somebody else",
                )
            if step.tell == "team.lead" and team is not None and team.lead is None:
                yield (
                    path,
                    f"'{tier.team}' has no lead, so this step finds nobody; "
                    "give the team a lead in the roster, or tell somebody else",
                )


def _without_address(policy: Policy, rota: _Rota) -> Places:
    """Channels on which somebody who may be told cannot be."""
    used: dict[Channel, None] = {}
    for index, tier in enumerate(policy.tiers):
        for number, step in enumerate(tier.steps):
            path = ("tiers", index, "steps", number, "channels")
            people = _told(policy, rota, tier, step)
            yield from ((path, message) for message in _unreachable(rota.roster, people, step.channels))
            used |= dict.fromkeys(step.channels)  # the last resort is told as the step the case is at
    last = [policy.owner_of_last_resort]
    yield from ((("owner_of_last_resort",), message) for message in _unreachable(rota.roster, last, list(used)))


def _told(policy: Policy, rota: _Rota, tier: Tier, step: Step) -> list[str]:
    """Whom a step may reach, while the tier is open in any of its calendars."""
    if step.tell not in _FROM_THE_ROTA:
        team = rota.roster.team(tier.team)
        lead = team.lead if team is not None else None
        return [lead or ""] if step.tell == "team.lead" else [step.tell.removeprefix("person:")]
    open_ = [WorkingTime(policy.calendar(name)) for name in _by_calendar(policy, tier)]
    found = {}
    for shift in rota.every_turn(tier.team):
        person = shift.on_call if step.tell == "on_call" else shift.on_call_next
        if person and person not in found and any(one.between(shift.from_, shift.to) for one in open_):
            found[person] = shift
    return list(found)


def _unreachable(roster: Roster, people: Sequence[str], channels: Sequence[Channel]) -> Iterator[str]:
    """A sentence for each channel with those who have no address for it; who is not in the roster is told elsewhere."""
    known = [person for person in map(roster.person, people) if person is not None]
    for channel in channels:
        lacking = [one.id for one in known if not (one.email if channel == "email" else one.phone)]
        if lacking:
            what = "e-mail address" if channel == "email" else "phone number"
            yield (
                f"by {CHANNEL_WORDS[channel]} it cannot reach {_some(lacking)}, who may be told: the roster has no {what} "
                f"there; add it, or tell them on another channel"
            )


def _some(people: Sequence[str]) -> str:
    more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    return ", ".join(people[:_NAMED]) + more


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
