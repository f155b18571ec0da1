"""What is due, and in which order: the one list that time works through.

At the same instant: the end of a pause, breaches, steps, warnings (commands come before all of them: `escalation.apply`).
`what` is the sentence an operator reads on the timer in the Temporal UI.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter, is_, itemgetter
from typing import NamedTuple, cast

from domain.calendars import Calendar, WorkingTime
from domain.clocks import Clock, deadline, warning_at
from domain.durations import Duration
from domain.messages import Message
from domain.policy import Step
from domain.state import Escalation, Shout

TARGET_WORDS = {
    "customer_update": "customer update",
    "tier_resolution": "resolution at this tier",
    "root_cause": "root cause",
}

NEVER_DUE = frozenset(
    {
        *("at", "version", "seq", "applied", "outstanding", "told", "said", "owner", "acknowledged_at", "failed"),
        *("leads", "stand_ins", "takes", "no_address_told"),
    }
)
"""Fields of a case that nothing due is made of."""


class Rank(IntEnum):
    """The order of what is due at the same instant."""

    PAUSE_ENDS = 0
    BREACH = 1
    STEP = 2
    WARNING = 3


class Due(NamedTuple):
    """Something that happens at `at` unless a command changes it before; `subject` is the clock, shout, … it is about."""

    at: datetime
    rank: Rank
    kind: str
    what: str
    subject: Clock | Shout | Message | None = None
    percent: int = 0


_ORDER = attrgetter("at", "rank", "percent")


def next_event(state: Escalation) -> Due | None:
    """What happens next by itself. Past-due items count as due now, so several of them are one instant."""
    if not state.live:
        return None
    first, found = _dues(_Seen(state))
    if first is None or first.at >= state.at:
        return first
    return min(found, key=lambda due: (max(due.at, state.at), due.rank, due.at, due.percent))


def next_due(state: Escalation) -> datetime | None:
    """When `advance` must be called next; None when only a command can move the case."""
    event = next_event(state)
    return event.at if event else None


def dues(state: Escalation) -> tuple[Due, ...]:
    """Everything that will happen by itself, in no order; of each clock's warnings the next one."""
    return _dues(_Seen(state))[1] if state.live else ()


class _Seen:
    """A state as far as what is due is made of it: equal to one in which no other field has been replaced since."""

    def __init__(self, state: Escalation) -> None:
        self.state = state
        self._parts = _parts(vars(state))

    def __hash__(self) -> int:
        return id(self.state.clocks)

    def __eq__(self, other: object) -> bool:
        return all(map(is_, self._parts, cast(_Seen, other)._parts))


_parts = itemgetter(*(name for name in Escalation.model_fields if name not in NEVER_DUE))


@lru_cache(maxsize=16)  # the loop, the turn it takes next and the words in between ask about the same
def _dues(seen: _Seen) -> tuple[Due | None, tuple[Due, ...]]:
    """The earliest, and all of them."""
    found = tuple(due for source in _SOURCES for due in source(seen.state))
    return min(found, key=_ORDER, default=None), found


def tier_calendar(state: Escalation) -> Calendar:
    """The calendar the current tier's steps are counted in."""
    return state.policy.calendar(_tier_calendar_name(state))


def _tier_calendar_name(state: Escalation) -> str:
    return state.policy.calendar_name(state.here.calendar, state.priority)


def _in_tier_time(state: Escalation, start: datetime, duration: Duration) -> datetime:
    """When `duration` of the current tier's working time has passed since `start`."""
    seconds = state.policy.seconds_in(_tier_calendar_name(state), duration)
    return WorkingTime(tier_calendar(state)).add(start, seconds)


def label(clock: Clock) -> str:
    """`L1 acknowledge`, `resolution`: a target as people call it."""
    words = TARGET_WORDS.get(clock.name, clock.name)
    return f"{clock.tier} {words}" if clock.tier else words


def _pause_end(state: Escalation) -> Sequence[Due]:
    return () if state.pause is None else (Due(state.pause.until, Rank.PAUSE_ENDS, "pause_ends", "pause ends"),)


def _targets(state: Escalation) -> Sequence[Due]:
    """The breach and the next warning of every clock that can still be missed."""
    missable = (clock for clock in state.clocks if clock.breached_at is None and not clock.over)
    return [due for clock in missable for due in _of_target(clock, state.policy.calendar(clock.calendar))]


@lru_cache(maxsize=4096)  # asked dozens of times between two events of a clock; equal clocks have equal ends
def _of_target(clock: Clock, calendar: Calendar) -> tuple[Due, ...]:
    found = []
    at = deadline(clock, calendar)
    if at is not None:
        found.append(Due(at, Rank.BREACH, "breach", f"{label(clock)} due", clock))
    percent = next((percent for percent in clock.warn_at if percent not in clock.warned), None)  # they ascend
    at = None if percent is None else warning_at(clock, calendar, percent)
    if percent is not None and at is not None:
        found.append(Due(at, Rank.WARNING, "warning", f"{label(clock)}: warning at {percent} %", clock, percent))
    return tuple(found)


def _silence(state: Escalation) -> Sequence[Due]:
    recorded = state.root_cause is not None or state.policy.closing.root_cause == "optional"
    if state.status != "resolved" or state.silence_until is None or not recorded:
        return ()
    return (Due(state.silence_until, Rank.STEP, "silence", "closes if the customer stays silent"),)


def _steps(state: Escalation) -> Sequence[Due]:
    steps, fired = state.here.steps, state.entry.fired
    if state.status != "open" or fired == len(steps):
        return ()
    at = step_at(state, steps[fired])
    if state.entry.pulled_to is not None:
        at = min(at, state.entry.pulled_to)
    return (Due(at, Rank.STEP, "step", f"{state.here.name} step {fired + 1} of {len(steps)}"),)


def step_at(state: Escalation, step: Step) -> datetime:
    """When a step of the current round begins: `after` in working time; outside the tier's hours at the opening."""
    anchor = state.entry.round_at
    if step.after.is_zero:
        return WorkingTime(tier_calendar(state)).opening(anchor)
    return _in_tier_time(state, anchor, step.after)


def _rounds(state: Escalation) -> Sequence[Due]:
    """On the last tier the steps come again every acknowledge duration; after the last round the last resort is told."""
    if state.status != "open" or not state.at_last_tier:
        return ()
    clock = next((clock for clock in state.clocks if clock.name == "acknowledge" and not clock.over), None)
    if clock is None:
        return ()
    passed = state.entry.round + 1
    at = WorkingTime(state.policy.calendar(clock.calendar)).add(state.entry.round_at, clock.seconds)
    if passed <= state.here.repeat:
        return (Due(at, Rank.STEP, "round", f"{state.here.name} steps again ({passed} of {state.here.repeat})"),)
    if any(shout.why == "nobody" for shout in state.shouts):
        return ()
    return (Due(at, Rank.STEP, "last_resort", "owner of last resort is told"),)


def _shouts(state: Escalation) -> Sequence[Due]:
    return [Due(shout.next_at, Rank.STEP, "shout", _shout_words(shout), shout) for shout in state.shouts]


def _shout_words(shout: Shout) -> str:
    to = "the team's lead" if shout.why == "root_cause" else "owner of last resort"
    return f"{to} is told again" if shout.count else f"{to} is told"


def _stale(state: Escalation) -> Sequence[Due]:
    timeout = state.here.acknowledge_timeout
    duration = timeout.of(state.priority) if timeout else None
    if state.status != "acknowledged" or state.stale_from is None or duration is None:
        return ()
    at = _in_tier_time(state, state.stale_from, duration)
    return (Due(at, Rank.STEP, "stale", f"{state.here.name}: acknowledged but nothing happens"),)


def _held(state: Escalation) -> Sequence[Due]:
    return [Due(one.not_before or one.at, Rank.STEP, "held", "quiet hours end", one) for one in state.held]


_SOURCES: tuple[Callable[[Escalation], Sequence[Due]], ...] = (
    _pause_end,
    _targets,
    _silence,
    _steps,
    _rounds,
    _shouts,
    _stale,
    _held,
)
