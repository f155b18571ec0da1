"""Starting, stopping, pausing and retargeting the clocks of a case, as its policy says.

Which target exists, how long it is, in which calendar and what pauses it is looked up here and nowhere else.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from domain.clocks import Clock, deadline, started, warning_at
from domain.durations import Duration
from domain.policy import CalendarChoice, PauseReason, Target, TargetName
from domain.replaced import replaced
from domain.state import Escalation
from domain.turn import Turn

OF_THE_ENTRY: tuple[TargetName, ...] = ("acknowledge", "tier_resolution")
REMINDER_PERCENT = 80  # of a promise: the accountable person gets a draft
REMEMBERED_PROMISES = 3  # of those that have ended, met and missed each; older ones live in the timeline only
PAUSES_BY_DEFAULT: tuple[TargetName, ...] = ("tier_resolution", "resolution")


def definition(state: Escalation, name: TargetName) -> Target | None:
    """The target called `name` in the policy, at the current tier for those of the entry."""
    tier, case = state.here.targets, state.policy.targets
    if name in OF_THE_ENTRY:
        return tier.acknowledge if name == "acknowledge" else tier.tier_resolution
    return {"resolution": case.resolution, "closure": case.closure, "root_cause": case.root_cause}.get(name)


def calendar_of(state: Escalation, name: TargetName) -> str:
    """The name of the calendar the target is counted in, for the case's priority."""
    return state.policy.calendar_name(_calendar_choice(state, name), state.priority)


def _calendar_choice(state: Escalation, name: TargetName) -> CalendarChoice | None:
    target = definition(state, name)
    if name == "customer_update":
        updates, resolution = state.policy.customer_updates, state.policy.targets.resolution
        chosen = updates.calendar if updates else None
        return chosen if chosen is not None else (resolution.calendar if resolution else None)
    if target is not None and target.calendar is not None:
        return target.calendar
    return state.here.calendar if name in OF_THE_ENTRY else None


def seconds_of(state: Escalation, name: TargetName) -> int | None:
    """The target's working seconds for the case's priority, or None when the policy sets none."""
    duration = _duration(state, name)
    return None if duration is None else state.policy.seconds_in(calendar_of(state, name), duration)


def _duration(state: Escalation, name: TargetName) -> Duration | None:
    if name == "customer_update":
        updates = state.policy.customer_updates
        return updates.every.of(state.priority) if updates else None
    target = definition(state, name)
    return target.of(state.priority) if target else None


def pausing_reasons(state: Escalation, name: TargetName) -> tuple[PauseReason, ...]:
    """What stops the target."""
    if name == "customer_update":
        return ("waiting_on_customer",)
    target = definition(state, name)
    return target.paused_by(name in PAUSES_BY_DEFAULT) if target else ()


def warnings_of(state: Escalation, name: TargetName) -> tuple[int, ...]:
    """The percentages that warn."""
    if name == "customer_update":
        return (REMINDER_PERCENT,)
    target = definition(state, name)
    return target.warn_at if target else ()


def start(turn: Turn, name: TargetName, at: datetime | None = None, seconds: int | None = None) -> None:
    """Start the clock of a target, if the policy sets it for this priority."""
    state = turn.state
    length = seconds if seconds is not None else seconds_of(state, name)
    if length is None:
        return
    mine = name in OF_THE_ENTRY
    clock = started(
        name,
        at or turn.now,
        length,
        calendar_of(state, name),
        tier=state.here.name if mine else None,
        entry=state.entry.number if mine else None,
        warn_at=warnings_of(state, name),
        pauses=pausing_reasons(state, name),
    )
    turn.set(clocks=(*state.clocks, clock))
    if name == "customer_update":
        _forget_old_promises(turn)


def open_clocks(state: Escalation, *names: TargetName) -> Iterator[Clock]:
    """The clocks of these targets (all, when none is named) that are neither met nor cancelled."""
    return (clock for clock in state.clocks if not clock.over and (not names or clock.name in names))


def current(state: Escalation, name: TargetName) -> Clock | None:
    """The open clock of that target, if there is one."""
    return next(open_clocks(state, name), None)


def meet(turn: Turn, *names: TargetName) -> None:
    """The targets are met now, breached or not."""
    for clock in list(open_clocks(turn.state, *names)):
        turn.replace_clock(clock, clock.then("met", turn.now))


def cancel(turn: Turn, *names: TargetName) -> None:
    """The targets no longer count; all of them when none is named."""
    for clock in list(open_clocks(turn.state, *names)):
        turn.replace_clock(clock, clock.then("cancelled", turn.now))


def stop_for(turn: Turn, reason: PauseReason) -> None:
    """Pause the clocks that stop for this reason."""
    for clock in list(open_clocks(turn.state)):
        if clock.running and reason in clock.pauses:
            turn.replace_clock(clock, clock.then("pause", turn.now))


def go_on(turn: Turn) -> None:
    """Resume the clocks that are paused."""
    for clock in list(open_clocks(turn.state)):
        if clock.phase == "pause":
            turn.replace_clock(clock, clock.then("resume", turn.now))


def resume_met(turn: Turn, name: TargetName) -> None:
    """The target was met too early: its clock runs on, and the time since counts as a pause."""
    for clock in turn.state.clocks:
        if clock.name == name and clock.phase == "met":
            turn.replace_clock(clock, clock.then("resume", turn.now))


def take_back(turn: Turn, name: TargetName, at: datetime) -> bool:
    """What met the target at `at` counts for nothing: it runs on, through whatever has paused or changed the one begun instead.

    False, and nothing changes, where that one has ended since: then something else has been said or done.
    """
    clocks = turn.state.clocks
    kept = next((clock for clock in clocks if clock.name == name and clock.met_at == at), None)
    begun = next((clock for clock in open_clocks(turn.state, name) if clock.started_at == at), None)
    if kept is None or begun is None:
        return False
    runs_on = replaced(kept, events=(*kept.events[:-1], *begun.events[1:]))
    turn.set(clocks=(*(clock for clock in clocks if clock is not kept and clock is not begun), runs_on))
    return True


def retarget(turn: Turn) -> None:
    """Recompute every open clock from its own anchor, for the state's priority and policy.

    Of the warnings that are then already past only the latest fires; the others count as told.
    """
    for clock in list(open_clocks(turn.state)):
        turn.replace_clock(clock, _retargeted(turn, clock))
    for name, anchor in _missing(turn.state):
        start(turn, name, at=anchor)
    turn.set_entry(reckoned_at=turn.now)


def _retargeted(turn: Turn, clock: Clock) -> Clock:
    state = turn.state
    seconds, calendar = seconds_of(state, clock.name), calendar_of(state, clock.name)
    if seconds is None:
        return clock.then("cancelled", turn.now)
    if (seconds, calendar) != (clock.seconds, clock.calendar):
        clock = clock.retargeted(turn.now, seconds, calendar)
    fresh = {"warn_at": warnings_of(state, clock.name), "pauses": pausing_reasons(state, clock.name)}
    clock = clock.model_copy(update=fresh)
    if clock.phase == "pause" and state.pause is not None and state.pause.reason not in clock.pauses:
        clock = clock.then("resume", turn.now)  # the new policy no longer stops it for this reason
    return _only_latest_warning(state, clock, turn.now)


def _only_latest_warning(state: Escalation, clock: Clock, now: datetime) -> Clock:
    calendar = state.policy.calendar(clock.calendar)
    moments = ((percent, warning_at(clock, calendar, percent)) for percent in clock.warn_at)
    past = [percent for percent, at in moments if at is not None and at <= now]
    return clock.with_warned(tuple(past[:-1]))


# A target that a priority without it cancelled comes back with its own anchor, so that changing to and fro costs nothing.
def _missing(state: Escalation) -> Iterable[tuple[TargetName, datetime]]:
    """Targets the new priority or policy sets where there was none: they start at their original anchor."""
    mine = {clock.name: clock for clock in state.clocks if clock.entry in (None, state.entry.number) or not clock.over}
    gone = {clock.name: clock.started_at for clock in mine.values() if clock.status == "cancelled"}
    return ((name, gone.get(name, anchor)) for name, anchor in _wanted(state) if name in gone or name not in mine)


def _wanted(state: Escalation) -> Iterator[tuple[TargetName, datetime]]:
    """The targets a case of this status has, and where they begin."""
    if state.status == "open":
        yield "acknowledge", state.entry.at
    if state.status in ("open", "acknowledged", "paused"):
        yield "tier_resolution", state.entry.at
        yield "resolution", state.opened_at
        yield "customer_update", state.opened_at
    yield "closure", state.opened_at


def due_of(state: Escalation, clock: Clock) -> datetime | None:
    """When an open clock is missed; None while it is paused."""
    return deadline(clock, state.policy.calendar(clock.calendar))


def _forget_old_promises(turn: Turn) -> None:
    """A case of weeks makes hundreds of promises; they would make every look at the clocks slow and the state large."""
    ended = [clock for clock in turn.state.clocks if clock.name == "customer_update" and clock.over]
    missed = [clock for clock in ended if clock.breached_at is not None]
    others = [clock for clock in ended if clock.breached_at is None]
    old = [*missed[:-REMEMBERED_PROMISES], *others[:-REMEMBERED_PROMISES]]
    turn.set(clocks=tuple(clock for clock in turn.state.clocks if not any(clock is one for one in old)))
