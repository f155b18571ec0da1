"""What people and systems may do to an escalation, one function per command.

Each function gets the turn, who speaks, and the typed body; it changes the turn or refuses with a coded error. Who may call
which command at all is the API's business (roles); what the case allows is decided here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from typing import Any

from domain import climbing, targets, telling
from domain.commands import (
    Acknowledge,
    Adopt,
    Assign,
    Cancel,
    Close,
    CustomerReply,
    CustomerUpdate,
    Escalate,
    HandBack,
    Merge,
    Note,
    Pause,
    Rebase,
    Reopen,
    Reprioritize,
    Resolve,
    Resume,
    RootCause,
    Survey,
    TicketUpdate,
    Watch,
)
from domain.errors import Invalid, NotAllowed
from domain.messages import CUSTOMER
from domain.priority import decide_priority
from domain.rebasing import rebased
from domain.state import LIVE, Escalation, PauseState, RecordedCause, Resolution
from domain.state import Survey as SurveyAnswer
from domain.turn import TIERLINE, Turn
from domain.view_time import rfc3339

LONGEST_PAUSE_UNSAID = timedelta(days=3)  # a pause without `until` ends by itself
REFUSALS: Mapping[str, tuple[str, str]] = {
    "open": ("not_acknowledged", "nobody has acknowledged it yet; acknowledge it first"),
    "acknowledged": ("not_resolved", "it is not resolved yet; resolve it first"),
    "paused": ("paused", "it is paused; resume it first"),
    "resolved": ("already_resolved", "it is already resolved; reopen it first"),
    "closed": ("already_closed", "it is closed; reopen it to begin a new episode"),
    "cancelled": ("already_cancelled", "it was cancelled"),
}


def acknowledge(turn: Turn, by: str, body: Acknowledge) -> None:
    state = turn.state
    if state.owner == by and state.status in ("acknowledged", "paused"):
        return
    if state.status in ("acknowledged", "paused"):
        raise NotAllowed(
            "already_acknowledged", f"{state.owner} has already acknowledged it; ask for it to be assigned"
        )
    _require(state, "open")
    turn.note("acknowledged", by, f"{by} acknowledged" + (f": {body.note}" if body.note else ""))
    _own(turn, by)
    telling.notice(turn, "acknowledged", {"owner": by})


def assign(turn: Turn, by: str, body: Assign) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    was_open = turn.state.status == "open"
    turn.note("assigned", by, f"{by} assigned it to {body.to}", to=body.to)
    if was_open:
        _own(turn, body.to)
        telling.notice(turn, "acknowledged", {"owner": body.to})
    else:
        turn.set(owner=body.to, stale_from=turn.now)
    if body.to != by:
        telling.tell_person(turn, "assigned", body.to, f"assigned to you by {by}", facts={"by": by})


def escalate(turn: Turn, by: str, body: Escalate) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    state = turn.state
    if body.kind == "functional":
        if body.team is None:
            raise Invalid("field_required", "a functional escalation names the team it goes to", field="team")
        tier = state.tier if body.tier is None else _tier(state, body.tier)
        team = body.team
    else:
        tier = state.tier + 1 if body.tier is None else _tier(state, body.tier)
        if tier <= state.tier or tier >= len(state.policy.tiers):
            raise NotAllowed("no_higher_tier", f"there is no higher tier to go to from {state.here.name}")
        team = body.team or state.policy.tiers[tier].team
    name = state.policy.tiers[tier].name
    turn.note(
        "escalated",
        by,
        f"{by} escalated to {team} at {name}: {body.reason}",
        escalation=body.kind,
        tier=name,
        team=team,
    )
    climbing.enter(turn, tier, team, "functional" if body.kind == "functional" else "escalated")


def hand_back(turn: Turn, by: str, body: HandBack) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    state = turn.state
    if state.tier == 0:
        raise NotAllowed("no_lower_tier", f"{state.here.name} is the first tier; there is nobody to hand back to")
    below = state.policy.tiers[state.tier - 1]
    turn.note("handed_back", by, f"{by} handed it back to {below.name}: {body.reason}", tier=below.name)
    climbing.enter(turn, state.tier - 1, below.team, "handed_back")


def pause(turn: Turn, by: str, body: Pause) -> None:
    if turn.state.status == "paused":
        raise NotAllowed("already_paused", "it is already paused; resume it first")
    _require(turn.state, "acknowledged")
    until = (body.until or turn.now + LONGEST_PAUSE_UNSAID).astimezone(UTC)
    if until <= turn.now:
        raise Invalid("until_in_the_past", "'until' has already passed; name a time to come", field="until")
    targets.stop_for(turn, body.reason)
    turn.set(status="paused", pause=PauseState(reason=body.reason, since=turn.now, until=until, note=body.note))
    words = body.reason.replace("_", " ")
    text = f"{by} paused it, {words}, until {telling.local_time(turn.state, until)}"
    turn.note("paused", by, text, reason=body.reason, until=rfc3339(until), note=body.note)


def resume(turn: Turn, by: str, _: Resume) -> None:
    if turn.state.status != "paused":
        _refuse_ended(turn.state)
        raise NotAllowed("not_paused", "it is not paused")
    go_on(turn, by, f"{by} resumed it")


def go_on(turn: Turn, actor: str, text: str) -> None:
    """The pause ends: the owner has it again and the clocks run on."""
    targets.go_on(turn)
    turn.set(status="acknowledged", pause=None, stale_from=turn.now)
    turn.note("resumed", actor, text)


def note(turn: Turn, by: str, body: Note) -> None:
    _refuse_ended(turn.state)
    turn.note("note", by, body.text)
    _alive(turn)


def customer_update(turn: Turn, by: str, body: CustomerUpdate) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    targets.meet(turn, "customer_update")
    state = turn.state
    seconds = targets.seconds_of(state, "customer_update")
    if body.next_update_in is not None:
        seconds = targets.seconds_in(state.policy, targets.calendar_of(state, "customer_update"), body.next_update_in)
    targets.start(turn, "customer_update", seconds=seconds)
    if turn.state.pause is not None:
        targets.stop_for(turn, turn.state.pause.reason)
    targets.forget_old_promises(turn)
    telling.tell_customer(turn, "customer_update", {"text": body.text, "by": by}, actor=by)
    _alive(turn)


def customer_reply(turn: Turn, _: str, body: CustomerReply) -> None:
    _refuse_ended(turn.state)
    turn.note("customer_replied", CUSTOMER, body.text, channel=body.channel)
    state = turn.state
    if state.pause is not None and state.pause.reason == "waiting_on_customer":
        go_on(turn, TIERLINE, "the customer replied: the wait is over")
    turn.set(silence_until=None)
    if state.owner is not None:
        telling.tell_person(turn, "customer_replied", state.owner, "the customer replied", facts={"text": body.text})


def ticket_update(turn: Turn, by: str, body: TicketUpdate) -> None:
    _refuse_ended(turn.state)
    changes = body.fields.model_dump(exclude_unset=True, exclude_none=True)
    if not changes:
        raise Invalid("field_required", "name at least one field of the ticket to change", field="fields")
    turn.set(ticket=turn.state.ticket.model_copy(update=changes))
    turn.note("note", by, f"ticket changed: {', '.join(sorted(changes))}", fields=sorted(changes))


def watch(turn: Turn, by: str, body: Watch) -> None:
    _refuse_ended(turn.state)
    if body.person not in turn.state.watchers:
        turn.set(watchers=(*turn.state.watchers, body.person))
        turn.note("note", by, f"{body.person} watches it", person=body.person)


def reprioritize(turn: Turn, by: str, body: Reprioritize) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    state = turn.state
    if body.priority is None and body.impact is None and body.urgency is None:
        raise Invalid("field_required", "give a priority, or an impact or urgency to decide it by", field="priority")
    impact, urgency = body.impact or state.impact, body.urgency or state.urgency
    decision = decide_priority(
        state.policy.priority,
        impact=impact,
        urgency=urgency,
        priority=body.priority,
        customer=state.customer,
        at=state.opened_at,
    )
    turn.set(priority=decision.priority, priority_reasons=decision.reasons, impact=impact, urgency=urgency)
    targets.retarget(turn)
    _stop_what_is_paused(turn)
    text = f"{by} changed the priority from {state.priority} to {decision.priority}: {body.reason}"
    turn.note("reprioritized", by, text, was=state.priority, priority=decision.priority, reasons=list(decision.reasons))


def resolve(turn: Turn, by: str, body: Resolve) -> None:
    _require(turn.state, "open", "acknowledged", "paused")
    if turn.state.status == "open":
        turn.note("acknowledged", by, f"{by} acknowledged by resolving it")
        _own(turn, by)
    targets.go_on(turn)
    targets.meet(turn, "tier_resolution", "resolution")
    targets.cancel(turn, "customer_update")
    solved = Resolution(summary=body.summary, by=by, at=turn.now, customer_message=body.customer_message)
    turn.set(
        status="resolved",
        resolution=solved,
        resolved_at=turn.now,
        owner=by,
        pause=None,
        stale_from=None,
        shouts=_closure_shouts(turn),
    )
    closing = turn.state.policy.closing
    if closing.root_cause == "required" and turn.state.root_cause is None:
        targets.start(turn, "root_cause")
    if closing.confirm_within is not None:
        turn.set(silence_until=turn.now + timedelta(seconds=closing.confirm_within.wall_seconds))
    turn.note("resolved", by, f"{by} resolved it: {body.summary}")
    telling.notice(turn, "resolved", {"text": body.customer_message} if body.customer_message else None)
    telling.tell_watchers(turn, "case is resolved")


def root_cause(turn: Turn, by: str, body: RootCause) -> None:
    _refuse_ended(turn.state)
    targets.meet(turn, "root_cause")
    shouts = tuple(shout for shout in turn.state.shouts if shout.why != "root_cause")
    turn.set(root_cause=RecordedCause(by=by, at=turn.now, cause=body), shouts=shouts)
    data: dict[str, Any] = {"category": body.category, "origin": body.origin, "actions": len(body.actions)}
    turn.note("root_cause_recorded", by, f"{by} recorded the root cause: {body.category}: {body.description}", **data)
    _alive(turn)


def close(turn: Turn, by: str, _: Close) -> None:
    state = turn.state
    _refuse_ended(state)
    if state.status != "resolved":
        raise NotAllowed("not_resolved", "it is not resolved yet; resolve it first")
    if state.policy.closing.root_cause == "required" and state.root_cause is None:
        raise NotAllowed("root_cause_required", "record the root cause first (command root-cause), then close")
    end_closed(turn, by, f"{by} closed it")


def end_closed(turn: Turn, actor: str, text: str) -> None:
    """The case closes: every clock ends, nothing goes out any more but the closed notice."""
    targets.meet(turn, "closure")
    targets.cancel(turn)
    telling.drop_held(turn)
    turn.set(status="closed", closed_at=turn.now, shouts=(), silence_until=None)
    turn.note("closed", actor, text)
    telling.notice(turn, "closed")
    telling.drop_held(turn)


def survey(turn: Turn, _: str, body: Survey) -> None:
    if turn.state.status != "resolved":
        _refuse_ended(turn.state)
        raise NotAllowed("not_resolved", "the customer is asked once the case is resolved")
    turn.set(survey=SurveyAnswer(score=body.score, comment=body.comment, at=turn.now))
    turn.note("note", CUSTOMER, f"the customer rated it {body.score} of 5", score=body.score, comment=body.comment)


def reopen(turn: Turn, by: str, body: Reopen) -> None:
    state = turn.state
    _refuse_ended(state)
    if state.status != "resolved":
        raise NotAllowed("not_resolved", "it is still being worked on; there is nothing to reopen")
    resolver = state.resolution.by if state.resolution else None
    targets.cancel(turn, "root_cause")
    for clock in turn.state.clocks:
        if clock.name == "resolution" and clock.phase == "met":
            turn.replace_clock(clock, clock.then("resume", turn.now))
    turn.set(resolution=None, resolved_at=None, reopen_count=state.reopen_count + 1)
    turn.note("reopened", by, f"{by} reopened it: {body.reason}", count=turn.state.reopen_count)
    targets.start(turn, "customer_update")
    climbing.enter(turn, state.tier, state.team, "reopened", first=resolver)


def cancel(turn: Turn, by: str, body: Cancel) -> None:
    _refuse_ended(turn.state)
    _withdraw(turn)
    turn.note("cancelled", by, f"{by} cancelled it: {body.reason}")


def merge(turn: Turn, by: str, body: Merge) -> None:
    _refuse_ended(turn.state)
    if body.into == turn.state.id:
        raise Invalid("merge_into_itself", "an escalation cannot be merged into itself", field="into")
    if body.into in turn.state.children:
        raise NotAllowed("merge_cycle", f"{body.into} has itself been merged into this one")
    _withdraw(turn)
    turn.set(parent=body.into)
    turn.note("merged", by, f"{by} merged it into {body.into}", into=body.into)


def adopt(turn: Turn, by: str, body: Adopt) -> None:
    _refuse_ended(turn.state)
    if body.child not in turn.state.children:
        turn.set(children=(*turn.state.children, body.child))
        turn.note("merged", by, f"{by} merged {body.child} into this one", child=body.child)


def rebase(turn: Turn, by: str, body: Rebase) -> None:
    _require(turn.state, "open", "acknowledged", "paused", "resolved")
    before = turn.state.policy
    moved = rebased(turn, body.policy)
    _stop_what_is_paused(turn)
    text = f"{by} moved it from {before.name} version {before.version} to version {body.policy.version}"
    turn.note("rebased", by, text, was=before.version, version=body.policy.version, due=moved)


def _own(turn: Turn, person: str) -> None:
    targets.meet(turn, "acknowledge")
    shouts = tuple(shout for shout in turn.state.shouts if shout.why != "nobody")
    turn.set(status="acknowledged", owner=person, acknowledged_at=turn.now, stale_from=turn.now, shouts=shouts)


def _alive(turn: Turn) -> None:
    """Somebody did something: the acknowledgement does not go stale yet."""
    if turn.state.status == "acknowledged":
        turn.set(stale_from=turn.now)


def _withdraw(turn: Turn) -> None:
    targets.cancel(turn)
    telling.drop_held(turn)
    turn.set(status="cancelled", closed_at=turn.now, pause=None, shouts=(), silence_until=None, stale_from=None)


def _closure_shouts(turn: Turn) -> tuple[Any, ...]:
    return tuple(shout for shout in turn.state.shouts if shout.why == "closure")


def _stop_what_is_paused(turn: Turn) -> None:
    """Clocks that began or changed during a pause stand still like the others."""
    if turn.state.pause is not None:
        targets.stop_for(turn, turn.state.pause.reason)


def _tier(state: Escalation, name: str) -> int:
    index = state.policy.tier_index(name)
    if index is None:
        known = ", ".join(tier.name for tier in state.policy.tiers)
        raise Invalid(
            "unknown_tier", f"policy '{state.policy.name}' has no tier '{name}'; it has {known}", field="tier"
        )
    return index


def _require(state: Escalation, *allowed: str) -> None:
    if state.status not in allowed:
        code, why = REFUSALS[state.status]
        raise NotAllowed(code, f"{state.id}: {why}")


def _refuse_ended(state: Escalation) -> None:
    _require(state, *LIVE)


DEEDS: Mapping[str, Callable[[Turn, str, Any], None]] = {
    "acknowledge": acknowledge,
    "assign": assign,
    "escalate": escalate,
    "hand-back": hand_back,
    "pause": pause,
    "resume": resume,
    "note": note,
    "customer-update": customer_update,
    "customer-reply": customer_reply,
    "ticket-update": ticket_update,
    "watch": watch,
    "reprioritize": reprioritize,
    "resolve": resolve,
    "root-cause": root_cause,
    "close": close,
    "survey": survey,
    "reopen": reopen,
    "cancel": cancel,
    "merge": merge,
    "adopt": adopt,
    "rebase": rebase,
}
