"""Making messages: to a responder, to the owner of last resort, to the customer; and what their end means.

A message is made here, recorded, and only then sent. To a responder every listed channel goes out at once; to the customer the
first channel that works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.addresses import NO_ADDRESS
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
from domain.policy import NoticeMoment, Policy, QuietHours
from domain.quiet import quiet_until
from domain.state import Escalation
from domain.targets import current, due_of, take_back
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
DRAFTS: tuple[ResponderKind, ...] = ("promise_reminder",)
BY_EMAIL_AT_LAST = 4  # the rules version from which on a message to one person has e-mail behind its channels
NEVER_IN_SILENCE = 6  # the rules version from which on somebody hears that the customer could not be told
REMEMBERED_FAILURES = 200  # keys of messages, so that a sending that was refused and its receipt count once
UNSAID_CHANNELS: tuple[Channel, ...] = ("email", "sms")  # to the customer, where the policy promises nothing
NOT_TOLD = "customer not told, there is no address"
CUSTOMER_PURPOSES: dict[CustomerKind, str] = {
    "customer_opened": "we have your case",
    "customer_acknowledged": "somebody owns your case",
    "customer_escalated": "your case was escalated",
    "customer_resolved": "your case is resolved",
    "customer_reopened": "your case is being worked on again",
    "customer_closed": "your case is closed",
    "customer_update": "update",
    "customer_holding": "holding message for a missed update",
    "customer_survey": "is it still working, and how was it?",
}


def local_time(state: Escalation, at: datetime | None) -> str:
    """A due time as the current tier reads it on its wall."""
    return clock_time(at, tier_calendar(state).timezone, state.at) if at else "as soon as possible"


def listed(channels: Sequence[Channel]) -> str:
    """`SMS and e-mail`."""
    return " and ".join(CHANNEL_WORDS[channel] for channel in channels)


def to_one(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """Those on which one person is told; a webhook, which tells a whole team, only where there is nothing else."""
    return tuple(channel for channel in channels if channel != "webhook") or tuple(channels)


def current_channels(state: Escalation) -> tuple[Channel, ...]:
    """The channels of the step the case is at."""
    return state.here.steps[max(state.entry.fired - 1, 0)].channels


@dataclass(frozen=True)
class _Words:
    """What is said: `purpose` is what an operator reads, `facts` what only this message knows; `round` keeps keys apart."""

    kind: MessageKind
    purpose: str
    facts: dict[str, str]
    step: int = 0
    round: int = 0


def tell_step(turn: Turn, person: str, step: int, round_: int) -> tuple[str, ...]:
    """Tell a responder of a step at once on all its channels that the person takes; returns the keys of what reaches them."""
    state = turn.state
    acknowledge = current(state, "acknowledge")
    due_at = due_of(state, acknowledge) if acknowledge else None
    overdue = due_at is None or due_at <= state.at
    purpose = "acknowledge now" if overdue else f"acknowledge by {local_time(state, due_at)}"
    words = _Words("step", purpose, _times(due_at=due_at), step, round_)
    channels, order = state.here.steps[step].channels, state.takes.get(person)
    if order is not None:
        channels = order.narrowed(channels, state.priority)
    return _tell_responder(turn, words, person, channels, person)


def tell_last_resort(turn: Turn, kind: ResponderKind, purpose: str, missed: Sequence[str] = ()) -> None:
    """Tell the last resort (`Escalation.last_resort`) on every channel of the step; `missed` are the targets it is about."""
    person, owner = turn.state.last_resort, turn.state.policy.owner_of_last_resort
    words = _Words(kind, purpose, {}, round=_said_before(turn, kind, person))
    called = f"owner of last resort {owner}" if person == owner else f"{person}, for owner of last resort {owner},"
    _tell_responder(turn, words, person, current_channels(turn.state), called, missed=list(missed))


def _tell_responder(
    turn: Turn, words: _Words, person: str, channels: Sequence[Channel], called: str, **data: Any
) -> tuple[str, ...]:
    """Tell somebody on all these channels and write it down: the person is now the one told last.

    Returns the keys of the messages that reach the person; a webhook that arrives beside them has woken nobody.
    """
    made = [_message(turn, words, channel, person) for channel in channels]
    for message in made:
        turn.send(message)
    turn.set(told=(*(one for one in turn.state.told if one != person), person))
    text = f"{called} told by {listed(channels)}: {words.purpose}"
    data |= {"person": person, "channels": list(channels), "message": words.kind, **words.facts}
    turn.note("told", TIERLINE, text, **data)
    return tuple(message.key for message in made if message.channel in to_one(channels))


def tell_person(
    turn: Turn, kind: ResponderKind, person: str, purpose: str, *, facts: dict[str, str] | None = None, step: int = 0
) -> None:
    """Tell one person on the first channel of the current step that works: in the order of the person, else of the step.

    A draft comes by e-mail, which has room for it; and by e-mail comes at last whatever no other channel could say.
    """
    state, words = turn.state, _Words(kind, purpose, facts or {}, step, _said_before(turn, kind, person, step))
    channels, order = to_one(current_channels(state)), state.takes.get(person)
    channels = order.ordered(channels, state.priority) if order else channels
    if state.rules_version >= BY_EMAIL_AT_LAST:
        channels = tuple(dict.fromkeys(("email", *channels) if kind in DRAFTS else (*channels, "email")))
    first, *others = channels
    fallbacks = tuple(others) if state.rules_version >= 3 else ()
    turn.send(_message(turn, words, first, person, fallbacks))


def tell_watchers(turn: Turn, purpose: str) -> None:
    """Watchers get a notice by e-mail and own nothing."""
    for person in turn.state.watchers:
        words = _Words("watch", purpose, {}, round=_said_before(turn, "watch", person))
        turn.send(_message(turn, words, "email", person))


def warn(turn: Turn, clock: Clock, percent: int) -> None:
    """Tell the accountable person that a target comes near; a promise brings a draft along."""
    state = turn.state
    turn.replace_clock(clock, clock.with_warned((percent,)))
    due_at = due_of(state, clock)
    person = state.accountable
    promise = clock.name == "customer_update"
    purpose = f"{label(clock)} due by {local_time(state, due_at)}"
    facts = {"target": label(clock), "percent": str(percent), **_times(due_at=due_at)}
    tell_person(turn, "promise_reminder" if promise else "warning", person, purpose, facts=facts, step=percent)
    text = f"{percent} % of {label(clock)} used; {person} warned, due by {local_time(state, due_at)}"
    data = {"target": clock.name, "called": label(clock), "due_at": rfc3339(due_at)}
    turn.note("warned", TIERLINE, text, **data, percent=percent, person=person)


def notice(
    turn: Turn, moment: NoticeMoment, facts: dict[str, str] | None = None, says: CustomerKind | None = None
) -> None:
    """Tell the customer of a moment, if the policy lists it; `says` is what they are told in place of the moment itself."""
    updates = turn.state.policy.customer_updates
    if updates is not None and moment in updates.on:
        tell_customer(turn, says or NOTICES[moment], facts)


def tell_customer(turn: Turn, kind: CustomerKind, facts: dict[str, str] | None = None, actor: str = TIERLINE) -> None:
    """Tell the customer on the first channel that works; the next promise is always repeated."""
    state = turn.state
    purpose, channels = CUSTOMER_PURPOSES[kind], _customer_channels(state)
    if not channels:
        turn.note("delivery_failed", TIERLINE, f"{NOT_TOLD}: {purpose}", reason=NO_ADDRESS, message=kind)
        if state.live and state.rules_version >= NEVER_IN_SILENCE and not state.no_address_told:
            turn.set(no_address_told=True)
            _tell_of_the_silence(turn, kind, purpose, facts or {})
        return
    promise = current(state, "customer_update")
    times = _times(next_update_by=due_of(state, promise) if promise else None)
    words = _Words(kind, purpose, {**(facts or {}), **times}, round=_said_before(turn, kind, CUSTOMER))
    _to_customer(turn, _message(turn, words, channels[0], None, channels[1:]), actor)


def keeps(turn: Turn) -> dict[str, str]:
    """What an update knows of the promise that it has just kept: should it reach nobody, that is taken back."""
    return _times(kept_at=turn.now) if turn.state.rules_version >= NEVER_IN_SILENCE else {}


def _customer_channels(state: Escalation) -> tuple[Channel, ...]:
    return with_address(customer_channels(state.policy), state.customer.email, state.customer.phone)


def customer_channels(policy: Policy) -> tuple[Channel, ...]:
    """The channels to the customer, in the policy's order."""
    return policy.customer_updates.channels if policy.customer_updates else UNSAID_CHANNELS


def with_address(channels: Sequence[Channel], email: str | None, phone: str | None) -> tuple[Channel, ...]:
    """Those of them that there is an address for."""
    addresses = {"email": email, "sms": phone}
    return tuple(channel for channel in channels if addresses[channel])


def _to_customer(turn: Turn, message: Message, actor: str = TIERLINE) -> None:
    """Send, or hold an SMS for the end of the quiet hours; of several that wait only the newest is kept.

    The closed notice cannot wait, for nothing goes out after closing: at night it takes the next channel or is left out.
    """
    until = _quiet_until(turn, message)
    if until is None:
        turn.send(message)
        turn.note("customer_told", actor, customer_told(message), **customer_told_data(message))
    elif turn.state.live:
        held = message.model_copy(update={"not_before": until})
        drop_held(turn)
        turn.hold(held)
        turn.note("customer_told", actor, customer_told(held), **customer_told_data(held))
    elif message.fallbacks:
        _to_customer(turn, _on_next_channel(turn, message), actor)
    else:
        text = f"{message.addressed} not sent: quiet hours, and the case is closed"
        data = {"channel": message.channel, "person": None, "message": message.kind}
        turn.note("skipped", TIERLINE, text, **data, reason="quiet_hours")


def customer_told(message: Message) -> str:
    """What the timeline says of a message to the customer; one with a `not_before` waits for the end of the quiet hours."""
    text = f"customer told by {CHANNEL_WORDS[message.channel]}: {message.purpose}"
    return f"{text} (waits for the end of the quiet hours)" if message.not_before else text


def customer_told_data(message: Message) -> dict[str, Any]:
    """The same as data, for whoever says it in another language."""
    said = {"message": message.kind, "channel": message.channel, "not_before": rfc3339(message.not_before)}
    return {**message.facts, **said}


def _quiet_until(turn: Turn, message: Message) -> datetime | None:
    return sms_waits_until(message, turn.state.policy.quiet_hours, turn.state.customer.timezone, turn.sends_at)


def sms_waits_until(message: Message, quiet: QuietHours | None, timezone: str | None, at: datetime) -> datetime | None:
    """The end of the quiet hours that an SMS to the customer would fall into; None for what may go out at once."""
    return quiet_until(quiet, timezone, at) if quiet is not None and message.channel == "sms" else None


def _on_next_channel(turn: Turn, message: Message) -> Message:
    return on_next_channel(message, turn.state.id, turn.state.episode, turn.now)


def on_next_channel(message: Message, id: str, episode: int, at: datetime) -> Message:
    """The same message on the next channel of its list, made at `at`. Raises ValueError when there is none left."""
    channel, *rest = message.fallbacks
    place = (message.entry, message.kind, message.step, message.round)
    key = message_key(id, episode, *place, message.person, channel)
    return message.model_copy(update={"key": key, "channel": channel, "fallbacks": tuple(rest), "at": at})


def release(turn: Turn, message: Message) -> None:
    """The quiet hours are over: let a held message go."""
    turn.set(held=tuple(held for held in turn.state.held if held.key != message.key))
    turn.send(message)


def drop_held(turn: Turn) -> None:
    """Nothing waits any more."""
    for message in turn.state.held:
        turn.drop(message)


def message_failed(turn: Turn, message: Message, result: SendResult) -> None:
    """Write down a failed message, and try the next channel of its list; heard of twice, it has failed once."""
    if message.key in turn.state.failed:
        return
    turn.set(failed=(*turn.state.failed[-REMEMBERED_FAILURES + 1 :], message.key))
    unkept = _promise_taken_back(turn, message)
    data = {**undelivered_data(message), "code": result.code, "reason": result.reason, **unkept}
    turn.note("delivery_failed", TIERLINE, failed(message, result), **data)
    goes_on = turn.state.live or message.kind in AFTER_CLOSING
    if not (message.fallbacks and goes_on):
        _low_score_to_last_resort(turn, message)
        if _unheard(turn.state, message):
            _tell_of_the_silence(turn, message.kind, message.purpose, message.facts, **unkept)
    elif message.person is None:
        _to_customer(turn, _on_next_channel(turn, message))
    else:
        turn.send(_on_next_channel(turn, message))


def _unheard(state: Escalation, message: Message) -> bool:
    """No channel to the customer is left: somebody must know."""
    to_them = message.person is None and not message.fallbacks
    return to_them and state.live and state.rules_version >= NEVER_IN_SILENCE


def _promise_taken_back(turn: Turn, message: Message) -> dict[str, str]:
    """An update that reached nobody has kept no promise. What its lines say of that; nothing where none stands again."""
    kept_at = message.facts.get("kept_at") if _unheard(turn.state, message) else None
    stands = kept_at is not None and take_back(turn, "customer_update", datetime.fromisoformat(kept_at))
    return {"promise": "stands"} if stands else {}


def _tell_of_the_silence(turn: Turn, kind: MessageKind, what: str, facts: Mapping[str, str], **data: str) -> None:
    """Whoever is accountable is to tell the customer themselves; `what` is what they were to be told."""
    person, purpose = turn.state.accountable, f"the customer could not be told: {what}"
    said = {"unsaid": str(kind), **{name: facts[name] for name in ("text",) if name in facts}}
    tell_person(turn, "unreachable", person, purpose, facts=said)
    text = f"{person} told: {purpose}" + ("; the promise still stands" if data else "")
    turn.note("told", TIERLINE, text, person=person, message="unreachable", unsaid=kind, **data)


def _low_score_to_last_resort(turn: Turn, message: Message) -> None:
    state = turn.state
    channels = state.here.steps[0].channels
    made = to_last_resort(message, state.last_resort, channels, state.id, state.episode, turn.now)
    if made is not None:
        turn.send(made)
        turn.note("told", TIERLINE, f"{made.person} told: {made.purpose}", **low_score_data(made))


def to_last_resort(
    message: Message, person: str, channels: Sequence[Channel], id: str, episode: int, at: datetime
) -> Message | None:
    """A low answer that the lead could not be told, for the last resort; None for all else, and when that was the lead.

    It goes to `channels`, those of the tier's first step. Step 1 keeps its key apart from what that person hears as a lead.
    """
    if message.kind != "low_score" or message.person == person or message.fallbacks:
        return None
    changed = {"person": person, "step": 1, "fallbacks": to_one(channels)}
    return on_next_channel(message.model_copy(update=changed), id, episode, at)


def message_skipped(turn: Turn, message: Message, why: str) -> None:
    """Write down a message that was no longer needed when it was about to go out."""
    turn.note("skipped", TIERLINE, skipped(message, why), **undelivered_data(message), reason=why)


def low_score_data(message: Message) -> dict[str, Any]:
    """Who is told of which answer, for a line of the timeline."""
    return {"person": message.person, "message": message.kind, "score": int(message.facts["score"])}


def undelivered_data(message: Message) -> dict[str, Any]:
    """Which message it was, for a line that says it did not arrive; `person` is None for the customer."""
    return {"key": message.key, "message": message.kind, "channel": message.channel, "person": message.person}


def failed(message: Message, result: SendResult) -> str:
    """`SMS to dana failed: landline`."""
    return f"{message.addressed} failed: {result.reason or result.code or 'no reason given'}"


def skipped(message: Message, why: str) -> str:
    """`SMS to dana not sent: overtaken`."""
    return f"{message.addressed} not sent: {why}"


def _said_before(turn: Turn, kind: MessageKind, person: str, step: int = 0) -> int:
    """How often this was said to the person in this entry: the `round` that keeps keys apart."""
    slot = f"{kind}/{step}/{person}"
    count = turn.state.said.get(slot, 0)
    turn.set(said={**turn.state.said, slot: count + 1})
    return count


def _times(**times: datetime | None) -> dict[str, str]:
    """The times that are known, as facts of a message."""
    return {name: text for name, at in times.items() if (text := rfc3339(at)) is not None}


def _message(
    turn: Turn, words: _Words, channel: Channel, person: str | None, fallbacks: tuple[Channel, ...] = ()
) -> Message:
    state = turn.state
    place = (state.entry.number, words.kind, words.step, words.round)
    return Message(
        key=message_key(state.id, state.episode, *place, person, channel),
        kind=words.kind,
        channel=channel,
        person=person,
        entry=state.entry.number,
        step=words.step,
        round=words.round,
        at=state.at,
        facts=words.facts,
        purpose=words.purpose,
        fallbacks=fallbacks,
    )
