"""How a case comes to its end: resolved, explained, closed, rated; and how it comes back, or is withdrawn."""

from datetime import timedelta

from domain import climbing, targets, telling
from domain.afterwards import SINCE, alert_words, is_low, rating_facts, rating_words
from domain.commands import Cancel, Close, Merge, Reopen, Resolve, RootCause, Survey
from domain.errors import Invalid, NotAllowed
from domain.messages import CUSTOMER
from domain.owning import alive, own
from domain.refusals import require_in_work, require_live, require_resolved
from domain.state import RecordedCause, Resolution
from domain.state import Survey as SurveyAnswer
from domain.turn import TIERLINE, Turn


def resolve(turn: Turn, by: str, body: Resolve) -> None:
    """The fix is given: root cause and closing are still to come. Nobody has to have acknowledged before."""
    require_in_work(turn.state)
    if turn.state.status == "open":
        turn.note("acknowledged", by, f"{by} acknowledged by resolving it", how="resolve")
        own(turn, by)
    targets.go_on(turn)  # closure may have paused too, and runs on
    targets.meet(turn, "tier_resolution", "resolution")
    targets.cancel(turn, "customer_update")
    solved = Resolution(summary=body.summary, by=by, at=turn.now, customer_message=body.customer_message)
    shouts = tuple(shout for shout in turn.state.shouts if shout.why == "closure")
    turn.set(status="resolved", resolution=solved, resolved_at=turn.now, owner=by, shouts=shouts)
    turn.set(pause=None, stale_from=None)
    _begin_closing(turn)
    turn.note("resolved", by, f"{by} resolved it: {body.summary}", words=body.summary)
    telling.notice(turn, "resolved", {"text": body.customer_message} if body.customer_message else None)
    telling.tell_watchers(turn, "case is resolved")


def _begin_closing(turn: Turn) -> None:
    """What the policy asks for between resolving and closing: the cause, and the customer's silence."""
    closing = turn.state.policy.closing
    if closing.root_cause == "required" and turn.state.root_cause is None:
        targets.start(turn, "root_cause")
    if closing.confirm_within is not None:
        turn.set(silence_until=turn.now + timedelta(seconds=closing.confirm_within.wall_seconds))


def root_cause(turn: Turn, by: str, body: RootCause) -> None:
    """Record why it happened; a later word takes the place of an earlier one."""
    require_live(turn.state)
    targets.meet(turn, "root_cause")
    shouts = tuple(shout for shout in turn.state.shouts if shout.why != "root_cause")
    turn.set(root_cause=RecordedCause(by=by, at=turn.now, cause=body), shouts=shouts)
    text = f"{by} recorded the root cause: {body.category}: {body.description}"
    data = {"category": body.category, "origin": body.origin, "actions": len(body.actions)}
    turn.note("root_cause_recorded", by, text, **data, words=body.description)
    alive(turn)


def close(turn: Turn, by: str, _: Close) -> None:
    """Close by hand. Raises NotAllowed `not_resolved`, `root_cause_required`."""
    state = turn.state
    require_resolved(state, "it is not resolved yet; resolve it first")
    if state.policy.closing.root_cause == "required" and state.root_cause is None:
        raise NotAllowed("root_cause_required", "record the root cause first (command root-cause), then close")
    end_closed(turn, by, f"{by} closed it", why="by_hand")


def end_closed(turn: Turn, actor: str, text: str, why: str) -> None:
    """The case closes (`by_hand`, `silence`): every clock ends, nothing goes out by itself any more but the closed notice."""
    targets.meet(turn, "closure")
    targets.cancel(turn)
    telling.drop_held(turn)
    turn.set(status="closed", closed_at=turn.now, shouts=(), silence_until=None)
    turn.note("closed", actor, text, why=why)
    telling.notice(turn, "closed")  # after the status: it is the one message that may go out from here on


def survey(turn: Turn, _: str, body: Survey) -> None:
    """What the customer thinks of it; a low answer reaches the lead. After closing a follow-up takes it (`afterwards`)."""
    require_resolved(turn.state, "the customer is asked once the case is resolved")
    state = turn.state
    turn.set(survey=SurveyAnswer(score=body.score, comment=body.comment, at=turn.now))
    turn.note("note", CUSTOMER, rating_words(body), score=body.score, comment=body.comment)
    if is_low(state.policy, state.rules_version, body):
        facts = rating_facts(body, state.resolution.by if state.resolution else None)
        telling.tell_person(turn, "low_score", state.lead, rating_words(body), facts=facts)
        data = {"person": state.lead, "message": "low_score", "score": body.score}
        turn.note("told", TIERLINE, alert_words(state.lead, body), **data)


def reopen(turn: Turn, by: str, body: Reopen) -> None:
    """Back to the tier that resolved it, its resolver first. The time while resolved counts as a pause of resolution.

    What the customer thought of the old fix stays in the timeline; of the next one they are asked again.
    """
    state = turn.state
    require_resolved(state, "it is still being worked on; there is nothing to reopen")
    targets.cancel(turn, "root_cause")
    targets.resume_met(turn, "resolution")
    turn.set(resolution=None, resolved_at=None, reopen_count=state.reopen_count + 1)
    if state.rules_version >= SINCE:
        turn.set(survey=None)
    text = f"{by} reopened it: {body.reason}"
    turn.note("reopened", by, text, count=turn.state.reopen_count, words=body.reason)
    targets.start(turn, "customer_update")  # the old promise ended with the fix
    resolver = state.resolution.by if state.resolution else None
    climbing.enter(turn, state.tier, state.team, "reopened", first=resolver)
    if state.rules_version >= telling.NEVER_IN_SILENCE:
        telling.notice(turn, "resolved", says="customer_reopened")  # to whom was told that it is


def cancel(turn: Turn, by: str, body: Cancel) -> None:
    """Withdraw the case: it was no escalation, or is none any more."""
    require_live(turn.state)
    _withdraw(turn)
    turn.note("cancelled", by, f"{by} cancelled it: {body.reason}", words=body.reason)


def merge(turn: Turn, by: str, body: Merge) -> None:
    """Withdraw the case in favour of another, which has recorded it already (`adopt`). Raises Invalid, NotAllowed."""
    require_live(turn.state)
    if body.into == turn.state.id:
        raise Invalid("merge_into_itself", "an escalation cannot be merged into itself", field="into")
    if body.into in turn.state.children:
        raise NotAllowed("merge_cycle", f"{body.into} has itself been merged into this one")
    _withdraw(turn)
    turn.set(parent=body.into)
    turn.note("merged", by, f"{by} merged it into {body.into}", into=body.into)


def _withdraw(turn: Turn) -> None:
    targets.cancel(turn)
    telling.drop_held(turn)
    turn.set(status="cancelled", closed_at=turn.now, pause=None, shouts=(), silence_until=None, stale_from=None)
