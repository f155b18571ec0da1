"""What people and systems may do to an escalation: one function per command, found by the command's name in `DEEDS`.

Each function gets the turn, who speaks, and the typed body; it changes the turn or refuses with a coded error. Who may call
which command at all is the API's business (roles); what the case allows is decided here, in `owning` and in `closing`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from domain import climbing, closing, owning, targets, telling, told_by_people
from domain.commands import (
    Adopt,
    CustomerReply,
    CustomerUpdate,
    Escalate,
    HandBack,
    Note,
    Rebase,
    Release,
    Reprioritize,
    TicketUpdate,
    Undelivered,
    Watch,
)
from domain.durations import Duration
from domain.errors import Invalid, NotAllowed
from domain.identity import message_key_prefix
from domain.messages import CUSTOMER, SendResult
from domain.owning import alive, end_pause, keep_paused
from domain.priority import decide_priority
from domain.rebasing import Moved, rebased
from domain.refusals import REFUSALS, require_in_work, require_live
from domain.routing import functional_team
from domain.state import Escalation
from domain.turn import TIERLINE, Turn
from domain.view_time import rfc3339

__all__ = ["DEEDS", "REFUSALS"]

NO_REPLY_UNHEARD = 5  # the rules version from which on a reply on a case that nobody owns is told, too


def escalate(turn: Turn, by: str, body: Escalate) -> None:
    """Go to a higher tier (hierarchical), or to another team (functional). Raises NotAllowed `no_higher_tier`, Invalid."""
    require_in_work(turn.state)
    if body.skill is not None and (body.kind == "hierarchical" or body.team is not None):
        message = (
            "a skill finds the team of a functional escalation; leave it out where the way up or the team is named"
        )
        raise Invalid("skill_not_asked", message, field="skill")
    tier, team = _functional(turn.state, body) if body.kind == "functional" else _hierarchical(turn.state, body)
    name = turn.state.policy.tiers[tier].name
    text = f"{by} escalated to {team} at {name}: {body.reason}"
    turn.note("escalated", by, text, escalation=body.kind, tier=name, team=team, words=body.reason)
    climbing.enter(turn, tier, team, "functional" if body.kind == "functional" else "escalated")


def _functional(state: Escalation, body: Escalate) -> tuple[int, str]:
    """The tier and team of a functional escalation: the same tier unless one is named. Raises Invalid."""
    team = body.team or functional_team(state.policy, body.skill, state.ticket, state.customer, state.trigger)
    if team is None and body.skill is not None:
        message = (
            f"policy '{state.policy.name}' names no team with the skill '{body.skill}' for this ticket; name the team"
        )
        raise Invalid("no_team_fits", message, field="skill")
    if team is None:
        raise Invalid("field_required", "a functional escalation names the team it goes to, or a skill", field="team")
    return (state.tier if body.tier is None else _tier(state, body.tier)), team


def _hierarchical(state: Escalation, body: Escalate) -> tuple[int, str]:
    """The tier and team of a hierarchical escalation: the next tier unless a higher one is named."""
    tier = state.tier + 1 if body.tier is None else _tier(state, body.tier)
    if state.at_last_tier:
        raise NotAllowed("no_higher_tier", f"there is no higher tier to go to from {state.here.name}")
    if tier <= state.tier:
        raise NotAllowed("no_higher_tier", f"{body.tier} is not above {state.here.name}; name a higher tier")
    return tier, body.team or state.policy.tiers[tier].team


def _tier(state: Escalation, name: str) -> int:
    index = state.policy.tier_index(name)
    if index is None:
        known = ", ".join(tier.name for tier in state.policy.tiers)
        message = f"policy '{state.policy.name}' has no tier '{name}'; it has {known}"
        raise Invalid("unknown_tier", message, field="tier")
    return index


def hand_back(turn: Turn, by: str, body: HandBack) -> None:
    """One tier down. Raises NotAllowed `no_lower_tier`."""
    require_in_work(turn.state)
    state = turn.state
    if state.tier == 0:
        raise NotAllowed("no_lower_tier", f"{state.here.name} is the first tier; there is nobody to hand back to")
    below = state.policy.tiers[state.tier - 1]
    text = f"{by} handed it back to {below.name}: {body.reason}"
    turn.note("handed_back", by, text, tier=below.name, words=body.reason)
    climbing.enter(turn, state.tier - 1, below.team, "handed_back")


def note(turn: Turn, by: str, body: Note) -> None:
    """Write something down for the colleagues."""
    require_live(turn.state)
    turn.note("note", by, body.text)
    alive(turn)


def customer_update(turn: Turn, by: str, body: CustomerUpdate) -> None:
    """Keep the promise to the customer and make the next one.

    Raises Invalid `no_working_day` (days that have no length).
    """
    require_in_work(turn.state)
    seconds = None if body.next_update_in is None else _promised(turn.state, body.next_update_in)
    targets.meet(turn, "customer_update")
    targets.start(turn, "customer_update", seconds=seconds)
    keep_paused(turn)
    if body.told_by is not None:
        told_by_people.told_by_a_person(turn, by, body.text, body.told_by)
    else:
        telling.tell_customer(turn, "customer_update", {"text": body.text, "by": by, **telling.keeps(turn)}, actor=by)
    alive(turn)


def _promised(state: Escalation, duration: Duration) -> int:
    """The working seconds of a promise. A policy that counts days in a calendar without `day:` is refused; so is a word."""
    calendar = targets.calendar_of(state, "customer_update")
    if duration.days and state.policy.calendar(calendar).day_seconds is None:
        message = f"the calendar '{calendar}' does not say how long its day is; write hours, such as 8h"
        raise Invalid("no_working_day", message, field="next_update_in")
    return state.policy.seconds_in(calendar, duration)


def customer_reply(turn: Turn, _: str, body: CustomerReply) -> None:
    """The customer said something: a wait for it ends, the case no longer closes by itself, the accountable person is told."""
    require_live(turn.state)
    turn.note("customer_replied", CUSTOMER, body.text, channel=body.channel)
    pause, hears = turn.state.pause, _hears_a_reply(turn.state)
    if pause is not None and pause.reason == "waiting_on_customer":
        end_pause(turn, TIERLINE, "the customer replied: the wait is over", why="customer_replied")
    turn.set(silence_until=None)
    if hears is not None:
        telling.tell_person(turn, "customer_replied", hears, "the customer replied", facts={"text": body.text})


def _hears_a_reply(state: Escalation) -> str | None:
    return state.accountable if state.rules_version >= NO_REPLY_UNHEARD else state.owner


def ticket_update(turn: Turn, by: str, body: TicketUpdate) -> None:
    """Follow a change the ticket's own system has made; no rule looks at the ticket after the opening."""
    require_live(turn.state)
    changes = body.fields.model_dump(exclude_unset=True, exclude_none=True)
    if not changes:
        raise Invalid("field_required", "name at least one field of the ticket to change", field="fields")
    turn.set(ticket=turn.state.ticket.model_copy(update=changes))
    turn.note("note", by, f"ticket changed: {', '.join(sorted(changes))}", fields=sorted(changes))


def watch(turn: Turn, by: str, body: Watch) -> None:
    """Somebody wants to be told of the turns the case takes, and owns nothing."""
    require_live(turn.state)
    if body.person not in turn.state.watchers:
        turn.set(watchers=(*turn.state.watchers, body.person))
        turn.note("note", by, f"{body.person} watches it", person=body.person)


def reprioritize(turn: Turn, by: str, body: Reprioritize) -> None:
    """Another priority, given or decided by impact and urgency; every open target is recomputed from its anchor."""
    require_in_work(turn.state)
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
    keep_paused(turn)
    text = f"{by} changed the priority from {state.priority} to {decision.priority}: {body.reason}"
    data = {"was": state.priority, "priority": decision.priority, "reasons": list(decision.reasons)}
    turn.note("reprioritized", by, text, **data, words=body.reason)


def adopt(turn: Turn, by: str, body: Adopt) -> None:
    """Remember a case that is merged into this one; its own `merge` comes next."""
    require_live(turn.state)
    if body.child not in turn.state.children:
        turn.set(children=(*turn.state.children, body.child))
        turn.note("merged", by, f"{by} merged {body.child} into this one", child=body.child)


def release(turn: Turn, by: str, body: Release) -> None:
    """Forget a case that was to be merged into this one and ended by itself before."""
    require_live(turn.state)
    if body.child in turn.state.children:
        turn.set(children=tuple(child for child in turn.state.children if child != body.child))
        turn.note("note", by, f"{body.child} was not merged into this one after all", child=body.child)


def rebase(turn: Turn, by: str, body: Rebase) -> None:
    """Go on by another version of the policy; the one it has already changes nothing. Raises NotAllowed `tier_missing`."""
    require_live(turn.state)
    before = turn.state.policy
    if body.policy.version == before.version and turn.state.rules_version >= 2:
        return
    moved = rebased(turn, body.policy)
    keep_paused(turn)
    text = f"{by} moved it from {before.name} version {before.version} to version {body.policy.version}"
    due = {one.target: [rfc3339(one.was), rfc3339(one.now)] for one in moved}
    turn.note(
        "rebased",
        by,
        "; ".join([text, *_changed(turn.state, moved)]),
        was=before.version,
        version=body.policy.version,
        policy=before.name,
        due=due,
        paused=[one.target for one in moved if one.paused],
    )


def _changed(state: Escalation, moved: Sequence[Moved]) -> Iterator[str]:
    """`resolution due Tue 09:00 instead of 17:00`, for each that is due at another time; a paused one if it went on now."""
    for one in moved:
        if one.was != one.now:
            now = f"due {telling.local_time(state, one.now)}" if one.now else "no longer due"
            was = f" instead of {telling.local_time(state, one.was)}" if one.was else " for the first time"
            yield f"{one.called} {now}{was}" + (" if it went on now" if one.paused else "")


def undelivered(turn: Turn, by: str, body: Undelivered) -> None:  # noqa: ARG001 - every deed takes who spoke
    """A message that had been taken did not arrive: its next channel, or the next responder. Raises NotAllowed."""
    require_live(turn.state)
    message = body.message
    if not message.key.startswith(message_key_prefix(turn.state.id, turn.state.episode)):
        raise NotAllowed("other_episode", "the message belongs to another episode of this case")
    # Should the receipt have overtaken the answer to the sending itself, that one changes nothing any more.
    left = {key: one for key, one in turn.state.outstanding.items() if key != message.key}
    turn.set(outstanding=left)
    result = SendResult(key=message.key, status="failed", at=turn.now, code=body.code, reason=body.reason)
    telling.message_failed(turn, message, result)
    climbing.step_message_failed(turn, message, result)


DEEDS: Mapping[str, Callable[[Turn, str, Any], None]] = {
    "acknowledge": owning.acknowledge,
    "assign": owning.assign,
    "escalate": escalate,
    "hand-back": hand_back,
    "pause": owning.pause,
    "resume": owning.resume,
    "note": note,
    "customer-update": customer_update,
    "customer-reply": customer_reply,
    "ticket-update": ticket_update,
    "watch": watch,
    "reprioritize": reprioritize,
    "resolve": closing.resolve,
    "root-cause": closing.root_cause,
    "close": closing.close,
    "survey": closing.survey,
    "reopen": closing.reopen,
    "cancel": closing.cancel,
    "merge": closing.merge,
    "adopt": adopt,
    "release": release,
    "rebase": rebase,
    "undelivered": undelivered,
}
