"""Who has the case and whether it waits: acknowledge, assign, pause, resume."""

from datetime import UTC, timedelta

from domain import targets, telling
from domain.commands import Acknowledge, Assign, Pause, Resume
from domain.errors import Invalid, NotAllowed
from domain.refusals import require, require_in_work, require_live
from domain.state import PauseState
from domain.turn import Turn
from domain.view_time import rfc3339

LONGEST_PAUSE_UNSAID = timedelta(days=3)  # a pause without `until` ends by itself


def acknowledge(turn: Turn, by: str, body: Acknowledge) -> None:
    """Take the case. Raises NotAllowed `already_acknowledged` when somebody else has it; the owner may say it again."""
    state = turn.state
    if state.status in ("acknowledged", "paused"):
        if state.owner == by:
            return
        message = f"{state.owner} has already acknowledged it; ask for it to be assigned"
        raise NotAllowed("already_acknowledged", message)
    require(state, "open")
    turn.note("acknowledged", by, f"{by} acknowledged" + (f": {body.note}" if body.note else ""), words=body.note)
    own(turn, by)
    telling.notice(turn, "acknowledged", {"owner": by})


def assign(turn: Turn, by: str, body: Assign) -> None:
    """Give the case to somebody; while it is open that acknowledges it for the person named."""
    require_in_work(turn.state)
    was_open = turn.state.status == "open"
    turn.note("assigned", by, f"{by} assigned it to {body.to}", to=body.to)
    if was_open:  # else the customer knows already that somebody has it
        own(turn, body.to)
        telling.notice(turn, "acknowledged", {"owner": body.to})
    else:
        turn.set(owner=body.to, stale_from=turn.now)
    if body.to != by:
        telling.tell_person(turn, "assigned", body.to, f"assigned to you by {by}", facts={"by": by})


def own(turn: Turn, person: str) -> None:
    """The person has it: the acknowledge target is met and nobody needs to be told any more."""
    targets.meet(turn, "acknowledge")
    shouts = tuple(shout for shout in turn.state.shouts if shout.why != "nobody")
    turn.set(status="acknowledged", owner=person, acknowledged_at=turn.now, stale_from=turn.now, shouts=shouts)


def alive(turn: Turn) -> None:
    """Somebody did something: the acknowledgement does not go stale yet."""
    if turn.state.status == "acknowledged":
        turn.set(stale_from=turn.now)


def pause(turn: Turn, by: str, body: Pause) -> None:
    """Wait for a reason and until a time. Raises NotAllowed `already_paused`, Invalid `until_in_the_past`."""
    if turn.state.status == "paused":
        raise NotAllowed("already_paused", "it is already paused; resume it first")
    require(turn.state, "acknowledged")
    until = (body.until or turn.now + LONGEST_PAUSE_UNSAID).astimezone(UTC)
    if until <= turn.now:
        raise Invalid("until_in_the_past", "'until' has already passed; name a time to come", field="until")
    turn.set(status="paused", pause=PauseState(reason=body.reason, since=turn.now, until=until, note=body.note))
    keep_paused(turn)
    words = body.reason.replace("_", " ")
    text = f"{by} paused it, {words}, until {telling.local_time(turn.state, until)}"
    turn.note("paused", by, text, reason=body.reason, until=rfc3339(until), note=body.note)


def keep_paused(turn: Turn) -> None:
    """While the case is paused its clocks stand still, also those that began or changed during the pause."""
    if turn.state.pause is not None:
        targets.stop_for(turn, turn.state.pause.reason)


def resume(turn: Turn, by: str, _: Resume) -> None:
    """End the pause early. Raises NotAllowed `not_paused`."""
    require_live(turn.state)
    if turn.state.pause is None:
        raise NotAllowed("not_paused", "it is not paused")
    end_pause(turn, by, f"{by} resumed it", why="resumed")


def end_pause(turn: Turn, actor: str, text: str, why: str) -> None:
    """The owner has it again and the clocks run on; `why` is `resumed`, `customer_replied` or `over`."""
    targets.go_on(turn)
    turn.set(status="acknowledged", pause=None, stale_from=turn.now)
    turn.note("resumed", actor, text, why=why)
