"""The route that forgets a customer: whatever the store and Temporal have of them goes, the figures stay under a pseudonym.

It is not remembered under an `Idempotency-Key`, or the customer's id would be kept with it: a repeat removes what is left, and
nothing twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from hmac import digest
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.audit_notes import notes
from api.auditing import via_of
from api.auth import Admin, Caller, known_person
from api.errors import BODY, Json, problems
from api.histories import delete_histories
from api.services import Services, Wired, in_thread
from api.shapes import Shape
from domain.commands import Body, Said
from domain.errors import DomainError
from domain.forgetting import FORGOTTEN
from domain.tickets import Line
from records.audit import AuditLine, AuditLog, Via
from records.privacy import Privacy, new_pseudonym
from records.tally import Tally
from signed_links import secret_of

router = APIRouter(prefix="/v1/customers", tags=["privacy"])

CustomerId = Annotated[str, Path(description="the customer's id, as their cases have it", examples=["acme"])]

REMOVED: Mapping[str, str] = {
    "cases": "cases: name and addresses, the ticket's words, fix, cause and comments",
    "lines": "lines of timelines: what anybody wrote; when, by whom and of which kind stays",
    "messages": "messages: their texts, and where the customer was written to",
    "commands": "commands: what was said with them",
    "closures": "closed cases among those found by similarity: subject, fix, cause and search words",
    "actions": "actions that are done, dropped or name the customer: their texts",
    "quotes": "messages of other cases that name the customer or quote one of these: their texts",
    "mentions": "rows of other cases with the customer's e-mail address or phone number: that alone",
    "inbound": "what the customer, or a provider about them, sent in, and our answers to it",
    "answers": "answers kept a day for a retry",
    "addresses": "addresses known not to work",
    "views": "saved views of the board that filter by the customer",
    "problems": "problems whose texts name the customer: those texts",
    "histories": "histories of ended runs in Temporal",
}
LEFT: Mapping[str, str] = {
    "named": "other customers' cases where the name or an address still stands: look at these, nobody can find them afterwards",
    "actions": "actions still to be done, which do not name the customer: look at their texts",
    "problems": "problems of these cases whose texts do not name the customer: whether they speak of them, people must tell",
    "inbound": "messages that came in and nobody has acted on yet: repeat in a minute",
    "running": "runs in Temporal that still have something to do: repeat when they have ended",
    "unasked": "cases whose histories Temporal was not asked for, or did not answer: repeat when it answers",
}
REPEATABLE = ("inbound", "running", "unasked")  # goes by a repeat; the rest is for people to look at


class Forget(Body):
    """Why, and whether it is only to be counted; `reason` is kept, unless it names the customer or nobody can tell any more."""

    by: Line | None = Field(None, description="who of us decides it; the key's own person without it")
    reason: Said | None = None
    dry_run: bool = Field(False, description="count what would be removed, and remove nothing")


class Counted(Shape):
    """How many of what; `which` are the ids of those that people are to look at."""

    what: str
    count: int
    words: str
    which: list[str]


class ForgetReport(Shape):
    """What was removed and what is left; `complete` when a repeat would find nothing more.

    `pseudonym` is the customer of these cases from now on, None where there is none; `forgotten_before`: nothing was left of this
    customer, and what was left of others is done.
    """

    pseudonym: str | None
    forgotten_before: bool
    dry_run: bool
    complete: bool
    removed: list[Counted]
    left: list[Counted]


@router.post("/{id:path}/forget", response_model=ForgetReport, responses=problems(401, 403, 404, 409, *BODY, 503))
async def forget_customer(
    id: CustomerId, request: Request, caller: Admin, services: Wired, body: Forget | None = None
) -> Response:
    """Forget a customer none of whose cases is open. Once more: removes what was left, of whoever was forgotten before."""
    given = body or Forget()
    if given.by is not None:
        known_person(await in_thread(services.roster.current), given.by, "by")
    wanted = "" if "\0" in id else id  # no customer has such an id, and PostgreSQL takes none
    if given.dry_run:
        notes().what = "forget_tried"
        tally = await in_thread(partial(_forget, services, wanted, new_pseudonym(), try_out=True))
        return Json(await _report(services, tally, [tally], dry_run=True))
    return Json(await _for_good(services, caller, wanted, given, via_of(request.scope)))


async def _for_good(services: Services, caller: Caller, id: str, given: Forget, via: Via) -> dict[str, Any]:
    """The audit log hears of it before anything is removed, and afterwards what it came to."""
    log, privacy, pseudonym = AuditLog(services.database), Privacy(services.database), new_pseudonym()
    line = _line(services, caller, given, pseudonym, via)
    await in_thread(log.write, [line])
    notes().told_itself = True
    before = await in_thread(privacy.unfinished)
    try:
        tally = await in_thread(partial(_forget, services, id, pseudonym, try_out=False))
    except DomainError as refusal:
        await in_thread(log.tell, line.id, None, {"outcome": refusal.code})
        raise
    earlier = [await in_thread(privacy.go_on, one) for one in before]
    report = await _report(services, tally, [tally, *earlier], dry_run=False)
    await in_thread(log.tell, line.id, report["pseudonym"], _told(report, id, given, tally))
    return report


def _forget(services: Services, id: str, pseudonym: str, *, try_out: bool) -> Tally:
    return Privacy(services.database).forget(id, _mark(services, id), pseudonym, services.now(), try_out=try_out)


def _mark(services: Services, id: str) -> str:
    """Of one id always the same; without our secret nobody can say of which."""
    return digest(secret_of(services.settings).encode(), f"forgotten customer {id}".encode(), sha256).hex()


async def _report(services: Services, tally: Tally, all_of_them: Sequence[Tally], *, dry_run: bool) -> dict[str, Any]:
    """What was done in the store, after Temporal has been asked to do the same."""
    removed, left, which = Counter[str](), Counter[str](), dict[str, set[str]]()
    for one in all_of_them:
        histories = await delete_histories(services.client, one.cases, try_out=dry_run)
        removed += one.removed + Counter(histories=histories.deleted)
        left += one.left + Counter(running=histories.running, unasked=histories.unasked)
        which |= {what: which.get(what, set()) | ids for what, ids in one.which.items()}
        if not dry_run and not histories.running and not histories.unasked:
            await in_thread(Privacy(services.database).done, one.pseudonym, services.now())
    report = ForgetReport(
        pseudonym=tally.pseudonym if tally.cases else None,
        forgotten_before=tally.before,
        dry_run=dry_run,
        complete=not dry_run and not any(left[what] for what in REPEATABLE),
        removed=_counted(removed, REMOVED, {}),
        left=_counted(left, LEFT, which),
    )
    return report.model_dump(mode="json")


def _counted(counts: Counter[str], words: Mapping[str, str], which: Mapping[str, set[str]]) -> list[Counted]:
    return [
        Counted(what=what, count=counts[what], words=said, which=sorted(which.get(what, ())))
        for what, said in words.items()
        if counts[what]
    ]


def _line(services: Services, caller: Caller, given: Forget, pseudonym: str, via: Via) -> AuditLine:
    return AuditLine(
        id=uuid4().hex,
        at=services.now(),
        what="forget",
        via=via,
        key_id=caller.id,
        person=given.by or caller.person,
        role=caller.role,
        subject_kind="customer",
        subject=pseudonym,
        request=uuid4().hex,
        details={"outcome": "begun"},
    )


def _told(report: dict[str, Any], id: str, given: Forget, tally: Tally) -> dict[str, Any]:
    """What it came to, without a word of whoever was forgotten; where they are still named would tell who they are."""
    counts = {part: {one["what"]: one["count"] for one in report[part]} for part in ("removed", "left")}
    return {"outcome": "done", "reason": _reason(given.reason, id, tally), **counts}


def _reason(given: str | None, id: str, tally: Tally) -> str | None:
    """At a repeat nobody knows any more by which words the customer was known: then none is kept."""
    if not given:
        return None
    names_them = tally.before or id.casefold() in given.casefold() or tally.known.betrayed_by(given)
    return FORGOTTEN if names_them else given
