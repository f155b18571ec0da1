"""Climbing the ladder: entries, steps, breaches, nobody on duty, the last tier and the owner of last resort."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain import targets, telling
from domain.addresses import NO_ADDRESS
from domain.channel_order import PREFERENCES_SINCE
from domain.clocks import Clock
from domain.due import label
from domain.messages import DutyAnswer, DutyQuestion, Message, SendResult
from domain.preferences import NOT_NOW
from domain.quiet import goes_out_at
from domain.round_robin import turn_of
from domain.state import NO_DRIFT, STAND_INS, Entry, EntryCause, Escalation, Shout, Tell
from domain.turn import TIERLINE, Turn
from domain.view_time import rfc3339

A_DAY = timedelta(hours=24)
CLIMBS = ("acknowledge", "tier_resolution", "resolution", "customer_update")
TELLS_THE_CUSTOMER: tuple[EntryCause, ...] = ("breached", "nobody", "escalated", "functional")


def enter(
    turn: Turn, tier: int, team: str, cause: EntryCause, first: str | None = None, at: datetime | None = None
) -> None:
    """Arrive at a tier: a new entry with new clocks, nobody owns the case, the steps begin again.

    `first` is told in place of step 0. An acknowledgement that went stale keeps the tier's resolution target running. The clocks
    start now, or at an earlier `at`: at that of the question whose answer came late.
    """
    stale = cause == "stale"
    targets.cancel(turn, *(("acknowledge",) if stale else targets.OF_THE_ENTRY))
    targets.go_on(turn)
    state, began = turn.state, at or turn.now
    reckoned = state.entry.reckoned_at  # by a word that came before it was known that the entry had begun
    later = reckoned if reckoned is not None and reckoned > began else None
    number = state.entry.number + 1
    entry = Entry(number=number, cause=cause, at=began, round_at=began, first=first, reckoned_at=later)
    shouts = tuple(shout for shout in state.shouts if shout.why == "closure")  # the others were about the entry
    turn.set(tier=tier, team=team, entry=entry, status="open", shouts=shouts)
    # What was said, told and waited for belongs to the entry that is left.
    turn.set(owner=None, acknowledged_at=None, told=(), said={}, pause=None, stale_from=None, silence_until=None)
    targets.start(turn, "acknowledge", began)
    if not stale:
        targets.start(turn, "tier_resolution", began)
    if cause in TELLS_THE_CUSTOMER:
        telling.notice(turn, "escalated")
        telling.tell_watchers(turn, f"case is now at {turn.state.here.name}")


def climb(turn: Turn, cause: EntryCause, why: str, missed: Sequence[str] = (), at: datetime | None = None) -> None:
    """Go one tier up by itself; `missed` are the targets it is for, as people call them; `at` as in `enter`."""
    state = turn.state
    above = state.policy.tiers[state.tier + 1]
    text = f"climbed from {state.here.name} to {above.name}: {why}"
    turn.note("climbed", TIERLINE, text, tier=above.name, cause=cause, was=state.here.name, missed=list(missed))
    enter(turn, state.tier + 1, above.team, cause, at=at)


def breach(turn: Turn, missed: Sequence[tuple[Clock, datetime]]) -> None:
    """Targets missed at the same instant, with their true due times: each is written down, together they climb once."""
    for clock, due_at in missed:
        turn.replace_clock(clock, clock.breached(due_at))
        called = label(clock)
        turn.note("breached", TIERLINE, f"{called} missed", target=clock.name, called=called, due_at=rfc3339(due_at))
    names = {clock.name for clock, _ in missed}
    if "customer_update" in names:
        _promise_again(turn)
    if "root_cause" in names:
        _root_cause_missed(turn)
    if "closure" in names:
        turn.set(shouts=(*turn.state.shouts, Shout(why="closure", next_at=turn.now)))
    climbing = [(clock, due_at) for clock, due_at in missed if clock.name in CLIMBS]
    if climbing:
        _climb_or_shout(turn, climbing)
    if "customer_update" in names:  # after the climb, or the message would belong to an entry already left
        telling.tell_customer(turn, "customer_holding")


def _climb_or_shout(turn: Turn, found: Sequence[tuple[Clock, datetime]]) -> None:
    """Below the top: climb. At the top the steps repeat by themselves; anything else missed is told to the last resort."""
    clocks = [clock for clock, _ in found]
    missed = [label(clock) for clock in clocks]
    why = f"{' and '.join(missed)} missed"
    if not turn.state.at_last_tier:
        of_the_entry = [_true_time(turn, due_at) for clock, due_at in found if clock.name in targets.OF_THE_ENTRY]
        climb(turn, "breached", why, missed, at=min(of_the_entry, default=turn.now))
    elif {clock.name for clock in clocks} != {"acknowledge"}:
        telling.tell_last_resort(turn, "top_breach", why, missed)


def _promise_again(turn: Turn) -> None:
    """The next promise counts from the one that was missed, so that the holding message can name it."""
    missed = targets.current(turn.state, "customer_update")
    if missed is None or missed.breached_at is None:
        return
    targets.cancel(turn, "customer_update")
    targets.start(turn, "customer_update", at=missed.breached_at)


def _root_cause_missed(turn: Turn) -> None:
    """The resolver first; the team's lead a day later, if it is still missing."""
    _tell_of_missing_cause(turn, turn.state.accountable)
    turn.set(shouts=(*turn.state.shouts, Shout(why="root_cause", next_at=turn.now + A_DAY)))


def _tell_of_missing_cause(turn: Turn, person: str) -> None:
    telling.tell_person(turn, "root_cause_overdue", person, "root cause is overdue")
    turn.note("told", TIERLINE, f"{person} told: root cause is overdue", person=person, message="root_cause_overdue")


def begin_step(turn: Turn, due_at: datetime) -> None:
    """Begin the next step: ask who is on duty. Whom to tell is the answer's business."""
    state = turn.state
    entry = state.entry
    index = entry.fired
    standing_in = entry.first if index == 0 and entry.round == 0 else None
    selector = f"person:{standing_in}" if standing_in else state.here.steps[index].tell
    tell = Tell(step=index, round=entry.round, selector=selector)
    turn.set_entry(fired=index + 1, pulled_to=None, tells=(*entry.tells, tell))
    place = {"entry": entry.number, "step": index, "round": entry.round}
    whose = turn_of(state.id, entry.number, entry.round)
    at = _true_time(turn, due_at)
    last = state.policy.owner_of_last_resort if state.rules_version >= STAND_INS else None
    turn.ask(DutyQuestion(**place, team=state.team, selector=selector, at=at, turn=whose, last_resort=last))


def _true_time(turn: Turn, due_at: datetime) -> datetime:
    """What comes of it counts from when it was due, also in an entry that began before it was known; no earlier than the word
    that made it due then."""
    if turn.state.rules_version < NO_DRIFT:
        return turn.now
    return max(due_at, turn.state.entry.reckoned_at or due_at)


def begin_round(turn: Turn, due_at: datetime) -> None:
    """On the last tier: the steps begin again."""
    turn.set_entry(round=turn.state.entry.round + 1, round_at=_true_time(turn, due_at), fired=0, pulled_to=None)


def shout(turn: Turn, shout: Shout) -> None:
    """Tell the last resort, and again tomorrow; of a missing root cause the team's lead, once."""
    if shout.why == "root_cause":
        turn.set(shouts=tuple(one for one in turn.state.shouts if one is not shout))
        _tell_of_missing_cause(turn, turn.state.lead)
        return
    again = shout.model_copy(update={"next_at": shout.next_at + A_DAY, "count": shout.count + 1})
    turn.set(shouts=tuple(again if one is shout else one for one in turn.state.shouts))
    if shout.why == "nobody":
        telling.tell_last_resort(turn, "last_resort", "nobody has acknowledged")
    else:
        telling.tell_last_resort(turn, "closure_overdue", "the closing limit has passed")


def last_round_over(turn: Turn, due_at: datetime) -> None:
    """The last of the rounds has passed, and nobody has acknowledged."""
    _call_last_resort(turn, _true_time(turn, due_at))


def _call_last_resort(turn: Turn, at: datetime) -> None:
    """Nobody answers at the last tier: the owner of last resort is told now and every day, counted from `at`."""
    if not any(one.why == "nobody" for one in turn.state.shouts):
        turn.set(shouts=(*turn.state.shouts, Shout(why="nobody", next_at=at)))


def stale(turn: Turn) -> None:
    """Acknowledged, but nothing happened: back to the steps of the same tier. Its resolution target runs on."""
    state = turn.state
    text = f"{state.owner} acknowledged, but nothing happened since"
    turn.note("breached", TIERLINE, text, target="acknowledge_timeout", person=state.owner)
    enter(turn, state.tier, state.team, "stale")


def answered(turn: Turn, answer: DutyAnswer) -> None:
    """The roster has answered: tell that person, or go on where nobody is on duty."""
    state = turn.state
    tell = _open_tell(state, answer)
    if tell is None:
        text, data = f"step {answer.step + 1}: overtaken", {"entry": answer.entry, "step": answer.step + 1}
        turn.note("skipped", TIERLINE, text, **data, reason="overtaken")
        return
    _remember(turn, answer)
    if answer.person is None:
        _nobody_on_duty(turn, tell, answer.at if state.rules_version >= NO_DRIFT else turn.now)
        return
    keys = telling.tell_step(turn, answer.person, tell.step, tell.round)
    _replace_tell(turn, tell, tell.model_copy(update={"answered": True, "person": answer.person, "keys": keys}))


def _remember(turn: Turn, answer: DutyAnswer) -> None:
    """What the answer says beside the person: the team's lead, who is away of those accountable, channels taken."""
    state = turn.state
    asked = (answer.lead, state.policy.owner_of_last_resort)
    of_others = {person: times for person, times in state.stand_ins.items() if person not in asked}
    turn.set(stand_ins={**of_others, **answer.stand_ins})
    if answer.lead is not None:
        turn.set(leads={**state.leads, state.team: answer.lead})
    if answer.person is None or state.rules_version < PREFERENCES_SINCE:
        return
    if answer.channels is not None:
        turn.set(takes={**state.takes, answer.person: answer.channels})
    elif answer.person in state.takes:
        turn.set(takes={person: order for person, order in state.takes.items() if person != answer.person})


def _nobody_on_duty(turn: Turn, tell: Tell, at: datetime) -> None:
    """Nobody was, at that instant. The next step is tried at once: where the person to be told first is away, step 0 itself."""
    _replace_tell(turn, tell, tell.model_copy(update={"answered": True}))
    text = f"nobody on duty for {tell.selector} of {turn.state.team}"
    turn.note("nobody_on_duty", TIERLINE, text, selector=tell.selector, team=turn.state.team)
    entry = turn.state.entry
    if entry.first is not None and (tell.step, tell.round, entry.round, entry.fired) == (0, 0, 0, 1):
        turn.set_entry(first=None, fired=0, pulled_to=at)
    else:
        next_step_now(turn, tell, at)


def _open_tell(state: Escalation, answer: DutyAnswer) -> Tell | None:
    if state.status != "open" or answer.entry != state.entry.number:
        return None
    if answer.step >= len(state.here.steps):  # a rebase took the step away
        return None
    asked = (tell for tell in state.entry.tells if (tell.step, tell.round) == (answer.step, answer.round))
    return next((tell for tell in asked if not tell.answered), None)


def step_message_failed(turn: Turn, message: Message, result: SendResult) -> None:
    """A channel of a step has finally failed; when it was the last one, the next step goes out now."""
    state, key = turn.state, message.key
    tell = next((tell for tell in state.entry.tells if key in tell.keys), None)
    if tell is None or key in tell.failed:
        return
    failed = tell.model_copy(update={"failed": (*tell.failed, key)})
    _replace_tell(turn, tell, failed)
    if failed.reaches or state.status != "open":
        return
    if not any(one.reaches and one.person == tell.person for one in turn.state.entry.tells):
        turn.set(told=tuple(one for one in state.told if one != tell.person))
    next_step_now(turn, tell, _in_vain_since(turn, message, result))


def _in_vain_since(turn: Turn, message: Message, result: SendResult) -> datetime:
    """When it was clear that it would not arrive: where there is no address when it was due; a provider says it later.

    Who rests is asked when the message is about to go out, which is the due time but for an outage.
    """
    if turn.state.rules_version >= NO_DRIFT and result.code == NO_ADDRESS:
        return message.at
    if turn.state.rules_version >= NO_DRIFT and result.code == NOT_NOW:
        return goes_out_at(message.at, result.at)
    return turn.now


def next_step_now(turn: Turn, tell: Tell, at: datetime) -> None:
    """A step reached nobody at `at`: the next one now; after the last one, when nobody was reached at all, the next tier."""
    state, entry = turn.state, turn.state.entry
    if entry.fired < len(state.here.steps):
        if (tell.round, tell.step + 1) == (entry.round, entry.fired):  # else a later step has gone out already
            turn.set_entry(pulled_to=at)
    elif any(one.reaches for one in entry.tells):
        return
    elif state.at_last_tier:
        _call_last_resort(turn, at)
    else:
        climb(turn, "nobody", "nobody could be reached", at=at)


def _replace_tell(turn: Turn, old: Tell, new: Tell) -> None:
    turn.set_entry(tells=tuple(new if tell is old else tell for tell in turn.state.entry.tells))
