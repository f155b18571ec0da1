"""Making messages: to a responder, to the owner of last resort, to the customer; and what their end means.

A message is made here, recorded, and only then sent. To a responder every listed channel goes out at once; to the customer the
first channel that works.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.clocks import Clock
from domain.due import label, tier_calendar
from domain.identity import message_key
from domain.messages import (
    AFTER_CLOSING,
    CHANNEL_WORDS,
    CUSTOMER,
    CustomerKind,
    Message,
    MessageKind,
    ResponderKind,
    SendResult,
)
from domain.policy import NoticeMoment
from domain.quiet import quiet_until
from domain.state import Escalation
from domain.targets import current, due_of
from domain.tickets import Channel
from domain.turn import TIERLINE, Turn
from domain.view_time import clock_time, rfc3339

NOTICES: dict[NoticeMoment, CustomerKind] = {
    "opened": "customer_opened",
    "acknowledged": "customer_acknowledged",
    "escalated": "customer_escalated",
    "resolved": "customer_resolved",
    "closed": "customer_closed",
}
CUSTOMER_PURPOSES: dict[CustomerKind, str] = {
    "customer_opened": "we have your case",
    "customer_acknowledged": "somebody owns your case",
    "customer_escalated": "your case was escalated",
    "customer_resolved": "your case is resolved",
    "customer_closed": "your case is closed",
    "customer_update": "update",
    "customer_holding": "holding message for a missed update",
}


def local_time(state: Escalation, at: datetime | None) -> str:
    """A due time as the current tier reads it on its wall."""
    return clock_time(at, tier_calendar(state).timezone, state.at) if at else "as soon as possible"


def listed(channels: Sequence[Channel]) -> str:
    """`SMS and e-mail`."""
    return " and ".join(CHANNEL_WORDS[channel] for channel in channels)


def current_channels(state: Escalation) -> tuple[Channel, ...]:
    """The channels of the step the case is at."""
    return state.here.steps[max(state.entry.fired - 1, 0)].channels


def tell_step(turn: Turn, person: str, step: int, round_: int) -> tuple[str, ...]:
    """Tell a responder of a step on all its channels at once; returns the keys of the messages."""
    state = turn.state
    acknowledge = current(state, "acknowledge")
    due_at = due_of(state, acknowledge) if acknowledge else None
    overdue = due_at is None or due_at <= state.at
    purpose = "acknowledge now" if overdue else f"acknowledge by {local_time(state, due_at)}"
    facts = {} if due_at is None else {"due_at": rfc3339(due_at) or ""}
    channels = state.here.steps[step].channels
    made = [_message(turn, "step", channel, person, purpose, facts, step, round_) for channel in channels]
    for message in made:
        turn.send(message)
    turn.note(
        "told", TIERLINE, f"{person} told by {listed(channels)}: {purpose}", person=person, channels=list(channels)
    )
    return tuple(message.key for message in made)


def tell_person(
    turn: Turn, kind: ResponderKind, person: str, purpose: str, *, facts: dict[str, str] | None = None, step: int = 0
) -> None:
    """Tell one person on the first channel of the current step."""
    state = turn.state
    channel = current_channels(state)[0]
    round_ = _said_before(turn, kind, person, step)
    turn.send(_message(turn, kind, channel, person, purpose, facts or {}, step, round_))


def tell_last_resort(turn: Turn, kind: ResponderKind, purpose: str) -> None:
    """Tell the owner of last resort on every channel of the current step, and write it down."""
    state = turn.state
    person, channels = state.policy.owner_of_last_resort, current_channels(state)
    round_ = _said_before(turn, kind, person, 0)
    for channel in channels:
        turn.send(_message(turn, kind, channel, person, purpose, {}, 0, round_))
    turn.set(told=(*(one for one in state.told if one != person), person))
    turn.note("told", TIERLINE, f"owner of last resort {person} told by {listed(channels)}: {purpose}", person=person)


def tell_watchers(turn: Turn, purpose: str) -> None:
    """Watchers get a notice by e-mail and own nothing."""
    for person in turn.state.watchers:
        round_ = _said_before(turn, "watch", person, 0)
        turn.send(_message(turn, "watch", "email", person, purpose, {}, 0, round_))


def warn(turn: Turn, clock: Clock, percent: int) -> None:
    """Tell the accountable person that a target comes near; a promise brings a draft along."""
    state = turn.state
    turn.replace_clock(clock, clock.with_warned((percent,)))
    due_at = due_of(state, clock)
    person = state.accountable
    promise = clock.name == "customer_update"
    purpose = f"{label(clock)} due by {local_time(state, due_at)}"
    facts = {"target": label(clock), "percent": str(percent), "due_at": rfc3339(due_at) or ""}
    tell_person(turn, "promise_reminder" if promise else "warning", person, purpose, facts=facts, step=percent)
    text = f"{percent} % of {label(clock)} used; {person} warned, due by {local_time(state, due_at)}"
    turn.note("warned", TIERLINE, text, target=clock.name, percent=percent, person=person)


def notice(turn: Turn, moment: NoticeMoment, facts: dict[str, str] | None = None) -> None:
    """Tell the customer of a moment, if the policy lists it."""
    updates = turn.state.policy.customer_updates
    if updates is not None and moment in updates.on:
        tell_customer(turn, NOTICES[moment], facts)


def tell_customer(turn: Turn, kind: CustomerKind, facts: dict[str, str] | None = None, actor: str = TIERLINE) -> None:
    """Tell the customer on the first channel that works; the next promise is always repeated."""
    state = turn.state
    updates = state.policy.customer_updates
    reachable = {"email": state.customer.email, "sms": state.customer.phone}
    channels = tuple(one for one in (updates.channels if updates else ("email", "sms")) if reachable[one])
    if not channels:
        turn.note(
            "delivery_failed",
            TIERLINE,
            f"the customer has no address for: {CUSTOMER_PURPOSES[kind]}",
            reason="no_address",
        )
        return
    promise = current(state, "customer_update")
    due_at = due_of(state, promise) if promise else None
    all_facts = {**(facts or {}), **({"next_update_by": rfc3339(due_at) or ""} if due_at else {})}
    round_ = _said_before(turn, kind, CUSTOMER, 0)
    purpose = CUSTOMER_PURPOSES[kind]
    message = _message(turn, kind, channels[0], None, purpose, all_facts, 0, round_, channels[1:])
    _to_customer(turn, message, actor)


def _to_customer(turn: Turn, message: Message, actor: str = TIERLINE) -> None:
    """Send, or hold an SMS for the end of the quiet hours; of several that wait only the newest is kept.

    The closed notice cannot wait, for nothing goes out after closing: at night it takes the next channel or is left out.
    """
    until = _quiet_until(turn.state, message)
    text = f"customer told by {CHANNEL_WORDS[message.channel]}: {message.purpose}"
    if until is None:
        turn.send(message)
        turn.note("customer_told", actor, text, **message.facts)
    elif turn.state.live:
        for older in turn.state.held:
            turn.drop(older)
        turn.hold(message.model_copy(update={"not_before": until}))
        turn.note("customer_told", actor, f"{text} (waits for the end of the quiet hours)", **message.facts)
    elif message.fallbacks:
        _to_customer(turn, _on_next_channel(turn, message), actor)
    else:
        turn.note("skipped", TIERLINE, f"{message.summary}: quiet hours, and the case is closed", reason="quiet_hours")


def _quiet_until(state: Escalation, message: Message) -> datetime | None:
    quiet = state.policy.quiet_hours
    if quiet is None or message.channel != "sms":
        return None
    return quiet_until(quiet, state.customer.timezone, state.at)


def _on_next_channel(turn: Turn, message: Message) -> Message:
    """The same message to the customer on the next channel of its list."""
    state, (channel, *rest) = turn.state, message.fallbacks
    place = (message.entry, message.kind, message.step, message.round)
    key = message_key(state.id, state.episode, *place, None, channel)
    return message.model_copy(update={"key": key, "channel": channel, "fallbacks": tuple(rest), "at": turn.now})


def release(turn: Turn, message: Message) -> None:
    """The quiet hours are over: let a held message go."""
    turn.set(held=tuple(held for held in turn.state.held if held.key != message.key))
    turn.send(message)


def drop_held(turn: Turn) -> None:
    """Nothing waits any more."""
    for message in turn.state.held:
        turn.drop(message)


def message_failed(turn: Turn, message: Message, result: SendResult) -> None:
    """Write down a failed message; the customer is tried on the next channel."""
    who = message.person or CUSTOMER
    text = f"{CHANNEL_WORDS[message.channel]} to {who} failed: {result.reason or result.code or 'no reason given'}"
    turn.note("delivery_failed", TIERLINE, text, key=message.key, code=result.code, reason=result.reason)
    goes_on = turn.state.live or message.kind in AFTER_CLOSING
    if message.person is None and message.fallbacks and goes_on:
        _to_customer(turn, _on_next_channel(turn, message))


def _said_before(turn: Turn, kind: MessageKind, person: str, step: int) -> int:
    """How often this was said to the person in this entry: the `round` that keeps keys apart."""
    state = turn.state
    slot = f"{state.entry.number}/{kind}/{step}/{person}"
    count = state.said.get(slot, 0)
    turn.set(said={**state.said, slot: count + 1})
    return count


def _message(
    turn: Turn,
    kind: MessageKind,
    channel: Channel,
    person: str | None,
    purpose: str,
    facts: dict[str, str],
    step: int,
    round_: int,
    fallbacks: tuple[Channel, ...] = (),
) -> Message:
    state = turn.state
    entry = state.entry.number
    return Message(
        key=message_key(state.id, state.episode, entry, kind, step, round_, person, channel),
        kind=kind,
        channel=channel,
        person=person,
        entry=entry,
        step=step,
        round=round_,
        at=state.at,
        facts=facts,
        purpose=purpose,
        fallbacks=fallbacks,
    )
