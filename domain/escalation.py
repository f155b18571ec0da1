"""The state machine of an escalation: `open_case`, `apply`, `advance`, `next_due`. Pure; every time is a parameter.

A loop around these functions is all a workflow (or a simulation) is: run what came of it, wait for the next due time or the
next word, repeat. At one instant commands come first, then the end of a pause, breaches, steps, warnings (`due.Rank`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from domain import climbing, closing, deeds, owning, targets, telling
from domain.clocks import Clock
from domain.commands import Command
from domain.due import Due, dues, next_due, next_event
from domain.messages import DutyAnswer, Message, SendResult
from domain.outcome import Outcome
from domain.refusals import require_episode
from domain.replaced import replaced
from domain.routing import start_tier
from domain.state import NO_DRIFT, Entry, Escalation, Opening, Shout
from domain.turn import TIERLINE, Turn

__all__ = ["advance", "answer", "apply", "delivered", "next_due", "next_event", "open_case"]

REMEMBERED_COMMANDS = 500  # ids of the latest commands, so that a retried one is applied once


def open_case(opening: Opening) -> Outcome:
    """Begin an episode at the instant the API accepted it; all targets of the case start there."""
    origin, state = opening.origin, _before_the_first_entry(opening)
    turn = Turn(state)
    _note_opened(turn, opening)
    for name in ("resolution", "closure", "customer_update"):
        targets.start(turn, name)
    if origin is None:
        climbing.enter(turn, state.tier, state.team, "opened")
    else:
        climbing.enter(turn, state.tier, state.team, "reopened", first=origin.resolver)
    telling.notice(turn, "opened")
    return _until(turn, opening.accepted_at)


def _before_the_first_entry(opening: Opening) -> Escalation:
    origin, policy, now = opening.origin, opening.policy, opening.accepted_at
    tier = origin.tier if origin else start_tier(policy, opening.priority)
    return Escalation(
        rules_version=opening.rules_version,
        id=opening.id,
        episode=opening.episode,
        at=now,
        status="open",
        policy=policy,
        priority=opening.priority,
        priority_reasons=opening.priority_reasons,
        impact=opening.impact,
        urgency=opening.urgency,
        ticket=opening.ticket,
        customer=opening.customer,
        trigger=opening.trigger,
        tier=tier,
        team=policy.tiers[tier].team,
        leads=opening.leads,
        stand_ins=opening.stand_ins,
        entry=Entry(number=0, cause="opened", at=now, round_at=now),
        opened_at=now,
        reopen_count=origin.reopen_count if origin else 0,
        origin=origin,
    )


def _note_opened(turn: Turn, opening: Opening) -> None:
    state, trigger = turn.state, opening.trigger
    why = trigger.kind.replace("_", " ") + (f": {trigger.detail}" if trigger.detail else "")
    text = f"opened with priority {state.priority} at {state.here.name} ({why})"
    data = {"priority": state.priority, "reasons": list(state.priority_reasons), "policy": state.policy.name}
    where = {"tier": state.here.name, "trigger": trigger.kind, "words": trigger.detail}
    turn.note("opened", opening.opened_by or TIERLINE, text, **data, **where)
    origin = opening.origin
    if origin is not None:
        text = f"goes on from episode {origin.episode}: {origin.reason}"
        turn.note("reopened", origin.by or TIERLINE, text, episode=origin.episode, words=origin.reason)


def apply(state: Escalation, command: Command, at: datetime, heard_at: datetime | None = None) -> Outcome:
    """Somebody said something at `at` (never before what has already happened).

    What was due before comes first, then the command, then what is due at the same instant. A command id is applied once.
    `heard_at` is when the case takes it in, after an outage hours later; absent: at once.
    Raises a coded DomainError when the command is malformed or the case does not allow it; the state is then as it was.
    """
    if command.id in state.applied:
        return Outcome(state)
    require_episode(state, command.episode)
    body = command.parsed()
    turn = Turn(state, made_at=heard_at or at)
    _run_due(turn, at, inclusive=False)
    turn.reach(at)
    deeds.DEEDS[command.name](turn, command.by or TIERLINE, body)
    turn.set(applied=(*turn.state.applied[-REMEMBERED_COMMANDS + 1 :], command.id))
    return _until(turn, at)


def advance(state: Escalation, at: datetime) -> Outcome:
    """Time has come to `at`: fire everything due until then, in due order. One leap or many small steps give the same.

    The case stays at the instant of what fired last: what comes of it counts from there, however late a worker was.
    """
    turn = Turn(state, made_at=at)
    _run_due(turn, at, inclusive=True)
    if state.rules_version < NO_DRIFT:
        turn.reach(at)
    return turn.outcome()


def answer(state: Escalation, duty: DutyAnswer, heard_at: datetime | None = None) -> Outcome:
    """The roster has said who is on duty; it is known since `heard_at`, and counts from its question."""
    turn = Turn(state, made_at=heard_at)
    _run_due(turn, duty.at, inclusive=False)
    turn.reach(duty.at)
    climbing.answered(turn, duty)
    return _until(turn, duty.at)


def delivered(state: Escalation, result: SendResult, heard_at: datetime | None = None) -> Outcome:
    """A message has come to its end; `heard_at` as in `apply`. Only a failure moves the case: next channel, next responder."""
    message = state.outstanding.get(result.key)
    if message is None:
        return Outcome(state)
    if result.status in ("sent", "unknown"):
        return Outcome(_without(state, result.key))
    turn = Turn(state, made_at=heard_at or result.at)
    _run_due(turn, result.at, inclusive=False)  # which may send messages of its own
    turn.reach(result.at)
    turn.state = _without(turn.state, result.key)
    if result.status == "failed":
        telling.message_failed(turn, message, result)
        climbing.step_message_failed(turn, message, result)
    elif result.status == "skipped":
        telling.message_skipped(turn, message, result.reason or "no longer needed")
    return _until(turn, result.at)


def _without(state: Escalation, key: str) -> Escalation:
    """The state with one message less under way."""
    left = {one: message for one, message in state.outstanding.items() if one != key}
    return replaced(state, outstanding=left)


def _until(turn: Turn, at: datetime) -> Outcome:
    _run_due(turn, at, inclusive=True)
    turn.reach(at)
    return turn.outcome()


def _run_due(turn: Turn, until: datetime, *, inclusive: bool) -> None:
    """Fire what is due before `until` (or at it, too), always the earliest first."""
    if until <= turn.now and not inclusive:
        return  # what is overdue counts as due now
    while (due := next_event(turn.state)) is not None:  # asked anew each time: what fires may change what is next
        at = max(due.at, turn.now)
        if at > until or (at == until and not inclusive):
            return
        turn.reach(at)
        if due.kind == "breach":
            _breach_together(turn, at)
        else:
            FIRE[due.kind](turn, due)


def _breach_together(turn: Turn, at: datetime) -> None:
    missed = [due for due in dues(turn.state) if due.kind == "breach" and max(due.at, turn.now) == at]
    climbing.breach(turn, [(cast(Clock, due.subject), due.at) for due in missed])


FIRE: Mapping[str, Callable[[Turn, Due], Any]] = {
    "pause_ends": lambda turn, _: owning.end_pause(turn, TIERLINE, "the pause has ended", why="over"),
    "silence": lambda turn, _: closing.end_closed(
        turn, TIERLINE, "closed: the customer had nothing to add", why="silence"
    ),
    "step": lambda turn, due: climbing.begin_step(turn, due.at),
    "round": lambda turn, due: climbing.begin_round(turn, due.at),
    "last_resort": lambda turn, due: climbing.last_round_over(turn, due.at),
    "shout": lambda turn, due: climbing.shout(turn, cast(Shout, due.subject)),
    "stale": lambda turn, _: climbing.stale(turn),
    "held": lambda turn, due: telling.release(turn, cast(Message, due.subject)),
    "warning": lambda turn, due: telling.warn(turn, cast(Clock, due.subject), due.percent),
}
