"""One command on its way: who says it, to which case, and what became of it.

It is written down as `queued` before it is said, so that its end can be looked up whatever happens to this process. The
workflow decides; what is decided here is only what it cannot know: the roster, other cases, the policies in the store
(`api/prepared.py`), and cases whose run is over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api.audit_notes import saying
from api.auth import Caller, acting, known_person
from api.cases import MOVED, NoRoom, NoWorkflow
from api.causes import check_cause
from api.idempotency import Answered, Once
from api.links import with_links
from api.openings import Document, reopen_closed
from api.prepared import PREPARED, Said, adoption, settle_refused
from api.services import Services, in_thread
from domain.afterwards import LateSurvey
from domain.commands import Command, Survey
from domain.deeds import REFUSALS
from domain.errors import DomainError, Invalid, NotAllowed, NotFound
from domain.forgetting import require_remembered
from domain.outcome import Settled
from domain.roster import Roster
from domain.state import LIVE
from domain.view_time import rfc3339
from records import rows
from records.stored import StoredCommand
from records.transitions import settle
from workflows.contract import STATIC_KEYS

log = structlog.get_logger()

LEFT_OUT = (*STATIC_KEYS, "ticket")  # the ticket only when the command did not touch it


async def execute(
    services: Services, caller: Caller, id: str, name: str, request: BaseModel | None, once: Once
) -> Answered:
    """Say the command `name` to the case `id`: 200 with the new state, or 202 when no worker answered in time.

    Raises NotFound (`escalation_not_found`), the refusals of the rules, Unavailable.
    """
    case = await in_thread(case_of, services, id)
    said = await in_thread(_said, services, caller, name, request, once)
    return await obey(services, case, said, perhaps_again=once.keyed)


async def obey(services: Services, case: Document, said: Said, *, perhaps_again: bool) -> Answered:
    """Say a command whose speaker and names are known to be good; `perhaps_again`: it may have been said under this id before."""
    with saying(case["id"], said.name, said.by, said.id):
        return await _obey(services, case, said, perhaps_again=perhaps_again)


async def _obey(services: Services, case: Document, said: Said, *, perhaps_again: bool) -> Answered:
    earlier = await in_thread(services.commands.find, said.id) if perhaps_again else None
    if earlier is not None and earlier.settled_at is not None:
        return await _told_again(services, case, earlier)
    if earlier is not None:
        # Under one id there is one word: Temporal may keep the retry's where a worker has already obeyed the first one's.
        said = replace(said, received_at=earlier.received_at)
        if _begun_by(case, earlier):
            return await _has_begun(services, case, said)
    if case["status"] not in LIVE:
        return await _say_to_ended(services, case, said)
    prepared = PREPARED.get(said.name)
    return await (prepared(services, case, said, say) if prepared else say(services, case, said))


async def say(services: Services, case: Document, said: Said, *, wait: bool = True) -> Answered:
    """Write the command down, say it, and write down what came of it."""
    await in_thread(services.commands.queue, said.to(case["episode"]), case["id"], case["episode"])
    try:
        answer = await services.cases.say(case["id"], said.to(case["episode"]), wait=wait)
    except DomainError as refusal:
        await in_thread(settle_refused, services, said, refusal)
        raise
    except NoWorkflow:
        if await in_thread(_was_applied, services, said.id):  # by an earlier try; it ended the run, as it should
            return Answered(200, with_links(services, await in_thread(case_of, services, case["id"])))
        over = await in_thread(why_no_workflow, services, case["id"])
        await in_thread(settle_refused, services, said, over)
        raise over from None
    except NoRoom:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when there is room
        answer = None
    if answer is None:
        return Answered(202, {"status": "queued", "command_id": said.id})
    return Answered(200, with_links(services, await in_thread(_applied, services, case, said, answer)))


def case_of(services: Services, id: str) -> Document:
    """The latest episode of a case; raises NotFound `escalation_not_found`."""
    found = services.escalations.latest(id)
    if found is None:
        raise NotFound("escalation_not_found", f"there is no escalation '{id}'")
    return found


def ended(case: Document) -> NotAllowed:
    """The refusal of a command to a closed or cancelled case."""
    return NotAllowed(*REFUSALS[case["status"]])


def _said(services: Services, caller: Caller, name: str, request: BaseModel | None, once: Once) -> Said:
    roster = services.roster.current()
    fields = request.model_dump(mode="json", exclude_unset=True) if request else {}
    by = acting(caller, name, fields.pop("by", None), roster)
    check_names(roster, name, fields)
    check_cause(services, name, fields)
    return Said(name, by, fields, once.command_id, once.received_at)


def check_names(roster: Roster, name: str, fields: Mapping[str, Any]) -> None:
    """People and teams in a command's fields must be of the roster. Raises Invalid (`unknown_person`, `unknown_team`)."""
    for command, field in (("assign", "to"), ("watch", "person")):
        if name == command:
            known_person(roster, fields[field], field)
    team = fields.get("team") if name == "escalate" else None
    if team is not None and roster.team(team) is None:
        known = ", ".join(one.id for one in roster.teams) or "none"
        raise Invalid("unknown_team", f"team: the roster has no team '{team}'; known are {known}", field="team")


async def _say_to_ended(services: Services, case: Document, said: Said) -> Answered:
    """Words that still mean something when the run is over."""
    heard = {"reopen": _reopen, "survey": _late_survey}.get(said.name) if case["status"] == "closed" else None
    if heard is None:
        raise ended(case)
    require_remembered(case)
    return await heard(services, case, said)


async def _late_survey(services: Services, case: Document, said: Said) -> Answered:
    """The run is over: a follow-up of its own writes the customer's answer down."""
    await in_thread(services.commands.queue, said.to(case["episode"]), case["id"], case["episode"])
    given = LateSurvey(
        escalation=case["id"],
        episode=case["episode"],
        command_id=said.id,
        at=said.received_at,
        answer=Survey.model_validate(said.body),
    )
    shown = await services.cases.follow_up(given)
    if shown is None:
        return Answered(202, {"status": "queued", "command_id": said.id})
    return Answered(200, with_links(services, shown))


def _begun_by(case: Document, earlier: StoredCommand) -> bool:
    """Whether this episode is the one that reopening began: it is accepted at the instant its word was received."""
    reopening = earlier.name == "reopen" and earlier.episode is None
    return reopening and case["opened_at"] == rfc3339(earlier.received_at)


async def _has_begun(services: Services, case: Document, said: Said) -> Answered:
    """Settle a reopening whose process was gone before it could say that the episode has begun."""
    await in_thread(services.commands.settle, Settled(command_id=said.id, status="applied"), services.now())
    return Answered(200, with_links(services, case))


async def _reopen(services: Services, closed: Document, said: Said) -> Answered:
    """A new episode; when somebody was faster it is live, and the command is for it."""
    await in_thread(services.commands.queue, said.to(None), closed["id"], None)
    shown, created = await reopen_closed(services, closed, said.body["reason"], said.by, said.received_at)
    if not created and shown["reopened_from"] != closed["episode"]:
        return await say(services, shown, said)
    return await _has_begun(services, shown, said)


def _applied(services: Services, case: Document, said: Said, answer: Document) -> Document:
    """The whole document again, stored so that people read their own writes, and the command settled.

    What the workflow leaves out is what the command did not change; it is read again now, for it may have changed meanwhile.
    A store that fails here changes nothing: the case has taken the word, and the worker will write it down.
    """
    moved = _moved(answer.pop(MOVED, None), answer["targets"])
    whole = _whole(case, answer)
    try:
        whole = _whole(services.escalations.find(case["id"], answer["episode"]) or case, answer)
        now = services.now()
        with services.database.write() as connection:
            rows.save(connection, whole, whole["version"], now)
            settle(connection, Settled(command_id=said.id, status="applied"), now)
    except SQLAlchemyError as error:
        log.error("an applied command is not stored yet", command=said.name, error=type(error).__name__)
    return {**whole, **moved}


def _moved(due: dict[str, list[str | None]] | None, shown: Sequence[Document]) -> Document:
    """What a rebase did to the due times, for its answer only."""
    if due is None:
        return {}
    paused = {target["name"] for target in shown if target["status"] == "paused"}
    rows = [{"target": name, "was": was, "now": now, "paused": name in paused} for name, (was, now) in due.items()]
    return {MOVED: rows}


def _whole(base: Document, answer: Document) -> Document:
    return {**{key: base[key] for key in LEFT_OUT}, **answer}


async def _told_again(services: Services, case: Document, earlier: StoredCommand) -> Answered:
    """A retry of a command that has come to its end, after its answer was lost with its process.

    The store may be ahead of Temporal after a crash, so a live case is told again: the workflow applies a command id once.
    """
    if earlier.status == "refused":
        raise NotAllowed(earlier.code or "refused", earlier.reason or "it was refused")
    kept = [await _kept(services, id, command) for id, command in _as_said(earlier, case["episode"])]
    if any(kept):
        return Answered(202, {"status": "queued", "command_id": earlier.command_id})
    return Answered(200, with_links(services, await in_thread(case_of, services, case["id"])))


async def _kept(services: Services, id: str, command: Command) -> bool:
    """Say a word again; whether it is kept for later, and not obeyed already."""
    try:
        return await services.cases.say(id, command) is None
    except NoWorkflow:
        return False  # its run is over, and with it everything in it is kept
    except NoRoom:
        await in_thread(services.commands.owe, command.id, services.now())
        return True


def _as_said(stored: StoredCommand, episode: int) -> Iterator[tuple[str, Command]]:
    """The words of a command: one, or two for a merge."""
    if stored.episode != episode:
        return  # it began a run of its own, or belongs to one that is over: Temporal has kept it
    if stored.name == "merge":
        yield stored.body["into"], adoption(stored.command, stored.escalation)
    yield stored.escalation, stored.command


def _was_applied(services: Services, command_id: str) -> bool:
    known = services.commands.find(command_id)
    return known is not None and known.status == "applied"


def why_no_workflow(services: Services, id: str) -> DomainError:
    """What the store knows of a case that takes no commands any more."""
    case = case_of(services, id)
    if case["status"] not in LIVE:
        return ended(case)
    return NotAllowed(
        "workflow_missing", f"no workflow '{id}' runs in Temporal, though the case is {case['status']} here"
    )
