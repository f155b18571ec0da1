"""Moving a running case to another version of its policy.

Tiers map by name; deadlines are recomputed from their original anchors; what is met, breached, warned or told stays.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain import targets
from domain.clocks import Clock
from domain.due import label
from domain.errors import NotAllowed
from domain.policy import Policy
from domain.state import Escalation, TimelineEntry
from domain.turn import Turn


class Moved(NamedTuple):
    """A target and when it was and is now due, a paused one if it went on now; None: it was not there before, or is gone."""

    target: str
    called: str
    was: datetime | None
    now: datetime | None
    paused: bool


def rebased(turn: Turn, policy: Policy) -> list[Moved]:
    """Pin `policy` instead of the old one. Returns old and new due times of what was or is still open.

    Raises NotAllowed `tier_missing` when the new version has no tier of the current name.
    """
    state = turn.state
    tier = policy.tier_index(state.here.name)
    if tier is None:
        raise NotAllowed("tier_missing", f"{policy.name} version {policy.version} has no tier '{state.here.name}'")
    before = _due_times(state)
    clocks = tuple(_pinned(clock, state) for clock in state.clocks)
    turn.set(policy=_with_calendars_of(state, policy), tier=tier, clocks=clocks)
    turn.set_entry(fired=min(state.entry.fired, len(policy.tiers[tier].steps)))
    targets.retarget(turn)
    after = _due_times(turn.state)
    paused = {label(clock) for clock in targets.open_clocks(turn.state) if not clock.running}
    return [
        Moved(name, called, before.get((name, called)), after.get((name, called)), called in paused)
        for name, called in {**before, **after}
    ]


def due_times_moved(lines: Iterable[TimelineEntry]) -> dict[str, list[str | None]] | None:
    """Target → [was due, is due] as the line of a rebase has it, RFC 3339; None where there was none."""
    return next((line.data["due"] for line in lines if line.kind == "rebased"), None)


def _due_times(state: Escalation) -> dict[tuple[str, str], datetime | None]:
    return {(clock.name, label(clock)): _due(state, clock) for clock in targets.open_clocks(state)}


def _due(state: Escalation, clock: Clock) -> datetime | None:
    return targets.due_of(state, clock if clock.running else clock.then("resume", state.at))


def _pinned(clock: Clock, state: Escalation) -> Clock:
    """An ended clock keeps the calendar it was counted in, under a name of its own."""
    if not clock.over:
        return clock
    named = [_kept_name(event.calendar, state) if event.calendar else None for event in clock.events]
    events = tuple(event.model_copy(update={"calendar": name}) for event, name in zip(clock.events, named, strict=True))
    return clock.model_copy(update={"events": events})


def _kept_name(calendar: str, state: Escalation) -> str:
    known = calendar in state.policy.calendars and ".v" not in calendar
    return f"{calendar}.v{state.policy.version}" if known else calendar


def _with_calendars_of(state: Escalation, policy: Policy) -> Policy:
    kept = {_kept_name(name, state): calendar for name, calendar in state.policy.calendars.items()}
    return policy.model_copy(update={"calendars": {**kept, **policy.calendars}})
