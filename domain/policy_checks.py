"""What the models cannot see: names that must exist, durations that need a calendar's day, orders, completeness.

Every check yields all its faults and assumes nothing about the others, so that one reading of a file finds everything.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import get_args

from domain.calendars import Calendar, WorkingTime
from domain.durations import Duration
from domain.errors import Fault
from domain.fault_texts import Path, nearest, path_text
from domain.holiday_dates import region_problem
from domain.policy import ByPriority, CalendarChoice, FunctionalTeam, Match, Policy, Target, Tier
from domain.roster import check_selector
from domain.tickets import PRIORITIES, Level, Priority

MATCH_KEYS = {
    "ticket": ("system", "category", "product", "tags"),
    "customer": ("id", "tier", "locale"),
    "trigger": ("kind",),
}

TEN_YEARS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)  # any ten: weeks and yearly days repeat

Places = Iterator[tuple[Path, str]]


@dataclass(frozen=True)
class Measured:
    """A map of durations and the calendar they are counted in; `path` is where the map stands."""

    path: Path
    durations: ByPriority
    calendar: CalendarChoice | None


def cross_faults(policy: Policy) -> dict[Path, Fault]:
    """Every fault between the fields of a policy, by its place, in the order of the file's sections."""
    found: dict[Path, Fault] = {}
    for check in _CHECKS:
        for path, message in check(policy):
            found.setdefault(path, Fault(path_text(path), message))
    return found


def _matrix(policy: Policy) -> Places:
    levels: tuple[Level, ...] = get_args(Level)
    for impact in levels:
        for urgency in levels:
            if urgency not in policy.priority.matrix.get(impact, {}):
                message = f"is missing; write the priority for {impact} impact and {urgency} urgency"
                yield ("priority", "matrix", impact, urgency), message


def _raise_rules(policy: Policy) -> Places:
    for index, rule in enumerate(policy.priority.raise_for):
        conditions = rule.customer.model_dump(exclude_none=True)
        path = ("priority", "raise_for", index, "customer")
        if not conditions:
            yield path, "names no condition and would raise every case; write at least one such as tier: vip"
        for key, value in conditions.items():
            if value in ((), ""):
                yield (*path, key), "is empty and never holds; write at least one value or leave the key out"


def _match(policy: Policy) -> Places:
    if policy.match is None:
        return
    if not any(policy.match.model_dump().values()):
        yield ("match",), "names nothing; write a key such as ticket: {system: zendesk}, or leave `match` out"
    yield from _conditions(("match",), policy.match)


def _functional(policy: Policy) -> Places:
    for index, rule in enumerate(policy.functional):
        if rule.skill in ((), ""):
            path = ("functional", index, "skill")
            yield path, "is empty and never asked for; write at least one skill or leave the key out"
        yield from _conditions(("functional", index), rule)


def _conditions(path: Path, rule: Match | FunctionalTeam) -> Places:
    for group, known in MATCH_KEYS.items():
        for key, value in getattr(rule, group).items():
            if key not in known:
                yield (*path, group, key), f"cannot be matched{nearest(key, known)}"
            elif not value:
                yield (*path, group, key), "is empty and never fits; write at least one value or leave the key out"


def _calendars(policy: Policy) -> Places:
    for name, calendar in policy.calendars.items():
        if name == "always" and calendar.hours != "always":
            yield ("calendars", name), "`always` is built in and open at all hours; give your calendar another name"
        region = calendar.holidays
        if region is not None and (problem := region_problem(region.country, region.subdivision)) is not None:
            key, message = problem
            yield ("calendars", name, "holidays", key), message


def _choices(policy: Policy) -> Iterator[tuple[Path, CalendarChoice]]:
    """Every place where the file chooses a calendar."""
    for index, tier in enumerate(policy.tiers):
        if "calendar" in tier.model_fields_set:
            yield ("tiers", index, "calendar"), tier.calendar
    for path, target in _targets(policy):
        if target.calendar is not None:
            yield (*path, "calendar"), target.calendar
    if policy.customer_updates is not None and policy.customer_updates.calendar is not None:
        yield ("customer_updates", "calendar"), policy.customer_updates.calendar


def _chosen_calendars(policy: Policy) -> Places:
    known = [*policy.calendars, *({"always"} - policy.calendars.keys())]
    for path, choice in _choices(policy):
        named: dict[Path, str] = (
            {path: choice} if isinstance(choice, str) else {(*path, k): v for k, v in choice.items()}
        )
        for place, name in named.items():
            if name not in known:
                yield place, f"there is no calendar '{name}'{nearest(name, known)}"
        if isinstance(choice, dict) and "else" not in choice:
            missing = [priority for priority in PRIORITIES if priority not in choice]
            if missing:
                yield path, f"says nothing for {', '.join(missing)}; add them or `else: <calendar>`"


def _targets(policy: Policy) -> Iterator[tuple[Path, Target]]:
    for index, tier in enumerate(policy.tiers):
        for name in type(tier.targets).model_fields:
            if (target := getattr(tier.targets, name)) is not None:
                yield ("tiers", index, "targets", name), target
    for name in type(policy.targets).model_fields:
        if (target := getattr(policy.targets, name)) is not None:
            yield ("targets", name), target


def _warnings_ascend(policy: Policy) -> Places:
    for path, target in _targets(policy):
        if any(later <= earlier for earlier, later in pairwise(target.warn_at)):
            better = ", ".join(str(percent) for percent in sorted(set(target.warn_at)))
            yield (*path, "warn_at"), f"must rise without repeating; write [{better}]"


def _acknowledge_covers_all(policy: Policy) -> Places:
    for index, tier in enumerate(policy.tiers):
        missing = [priority for priority in PRIORITIES if tier.targets.acknowledge.of(priority) is None]
        if missing:
            path = ("tiers", index, "targets", "acknowledge")
            yield path, f"says nothing for {', '.join(missing)}; add them or a default such as all: 4h"


def measured(policy: Policy) -> Iterator[Measured]:
    """Every map of durations with the calendar it is counted in."""
    for index, tier in enumerate(policy.tiers):
        if tier.acknowledge_timeout is not None:
            yield Measured(("tiers", index, "acknowledge_timeout"), tier.acknowledge_timeout, tier.calendar)
    for path, target in _targets(policy):
        calendar = target.calendar
        if calendar is None and isinstance(path[1], int):
            calendar = policy.tiers[path[1]].calendar
        yield Measured(path, target, calendar)
    updates = policy.customer_updates
    if updates is not None:
        resolution = policy.targets.resolution
        calendar = updates.calendar or (resolution.calendar if resolution else None)
        yield Measured(("customer_updates", "every"), updates.every, calendar)


def _durations(policy: Policy) -> Places:
    for one in measured(policy):
        if all(one.durations.of(priority) is None for priority in PRIORITIES):
            yield one.path, "gives no duration; write one for a priority or for all such as all: 4h"
        for priority in PRIORITIES:
            duration = one.durations.of(priority)
            message = _days_problem(policy, duration, one.calendar, [priority])
            if message:
                key = priority if getattr(one.durations, priority) is not None else "all"
                yield (*one.path, key), message


def _days_problem(
    policy: Policy, duration: Duration | None, choice: CalendarChoice | None, priorities: Iterable[Priority]
) -> str | None:
    """Why `duration` has no length in a calendar chosen for `priorities`; an unknown calendar is told elsewhere."""
    if duration is None or not duration.days:
        return None
    for name in (policy.calendar_name(choice, priority) for priority in priorities):
        if policy.calendar(name).day_seconds is None:
            hours = f"{duration.days * 8}h"
            return (
                f"'{duration}' counts days, and the calendar '{name}' does not say how long its day is; "
                f"add `day: 8h` to calendars.{name}, or write hours such as {hours}"
            )
    return None


def _within_reach(policy: Policy) -> Places:
    """Every duration must come to its end in its calendar: what takes decades of it would stop a case, or a preview."""
    reach = {name: _open_seconds(policy.calendar(name)) for name in (*policy.calendars, "always")}
    for path, duration, choice, priority in _lengths(policy):
        name = policy.calendar_name(choice, priority)
        if name in reach and policy.seconds_in(name, duration) > reach[name]:
            yield path, f"'{duration}' takes over ten years of the calendar '{name}'; shorten it"


def _open_seconds(calendar: Calendar) -> int:
    return WorkingTime(calendar).between(TEN_YEARS[0], TEN_YEARS[1])


def _lengths(policy: Policy) -> Iterator[tuple[Path, Duration, CalendarChoice | None, Priority]]:
    """Every duration that is counted in a calendar, for each priority it counts for."""
    for one in measured(policy):
        for priority in PRIORITIES:
            if (duration := one.durations.of(priority)) is not None:
                key = priority if getattr(one.durations, priority) is not None else "all"
                yield (*one.path, key), duration, one.calendar, priority
    for index, tier in enumerate(policy.tiers):
        for number, step in enumerate(tier.steps):
            for priority in PRIORITIES:
                yield ("tiers", index, "steps", number, "after"), step.after, tier.calendar, priority


def _tiers(policy: Policy) -> Places:
    first: dict[str, int] = {}
    for index, tier in enumerate(policy.tiers):
        if tier.name in first:
            yield (
                ("tiers", index, "name"),
                f"'{tier.name}' is already the name of tiers[{first[tier.name]}]; choose another",
            )
        first.setdefault(tier.name, index)
    for priority, name in policy.start_tier.items():
        if name not in first:
            yield ("start_tier", priority), f"there is no tier '{name}'{nearest(name, list(first))}"


def _steps(policy: Policy) -> Places:
    for index, tier in enumerate(policy.tiers):
        for number, step in enumerate(tier.steps):
            path = ("tiers", index, "steps", number)
            try:
                check_selector(step.tell)
            except ValueError as error:
                yield (*path, "tell"), str(error)
            if message := _days_problem(policy, step.after, tier.calendar, PRIORITIES):
                yield (*path, "after"), message
        for number, message in _step_times(policy, tier):
            yield ("tiers", index, "steps", number, "after"), message


def _step_times(policy: Policy, tier: Tier) -> Iterator[tuple[int, str]]:
    if not tier.steps[0].after.is_zero:
        yield 0, "the first step goes out at once; leave `after` out or write 0s"
    for number, (earlier, later) in enumerate(pairwise(tier.steps), start=1):
        for priority in PRIORITIES:
            times = [step_seconds(policy, tier, step.after, priority) for step in (earlier, later)]
            if times[0] is not None and times[1] is not None and times[1] < times[0]:
                yield (
                    number,
                    f"{later.after} is before the step above ({earlier.after}); steps stand in the order they go out",
                )
                break


def step_seconds(policy: Policy, tier: Tier, duration: Duration, priority: Priority) -> int | None:
    """Working seconds of `duration` in the tier's calendar, None where it counts days the calendar cannot measure."""
    day = policy.calendar(policy.calendar_name(tier.calendar, priority)).day_seconds
    return None if duration.days and day is None else duration.seconds_in(day)


def _no_repeats(policy: Policy) -> Places:
    lists: list[tuple[Path, Sequence[str]]] = [
        (("tiers", index, "steps", number, "channels"), step.channels)
        for index, tier in enumerate(policy.tiers)
        for number, step in enumerate(tier.steps)
    ]
    lists += [
        ((*path, "pauses"), target.pauses) for path, target in _targets(policy) if isinstance(target.pauses, tuple)
    ]
    if policy.customer_updates is not None:
        lists.append((("customer_updates", "channels"), policy.customer_updates.channels))
        lists.append((("customer_updates", "on"), policy.customer_updates.on))
    for path, values in lists:
        if len(set(values)) < len(values):
            yield path, f"names the same thing twice; write [{', '.join(dict.fromkeys(values))}]"


def _quiet_hours(policy: Policy) -> Places:
    if policy.quiet_hours is not None:
        start, end = policy.quiet_hours.customer_sms.split("-")
        if start == end:
            yield ("quiet_hours", "customer_sms"), 'begins when it ends; write a window such as "21:00-08:00"'


_CHECKS: tuple[Callable[[Policy], Places], ...] = (
    _match,
    _functional,
    _matrix,
    _raise_rules,
    _calendars,
    _chosen_calendars,
    _tiers,
    _acknowledge_covers_all,
    _warnings_ascend,
    _durations,
    _within_reach,
    _steps,
    _no_repeats,
    _quiet_hours,
)
