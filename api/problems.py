"""The routes of problems: causes that came back, what they cost, and how they go on.

A problem that is resolved may say `resolve` to its live cases, each through the ordinary command and under an id made of the
request's: a retry says the same words, and a case takes each once. Their customers are told by the case itself.
"""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID, uuid5

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.actions import Actor
from api.auth import Caller, Reader, acting, known_person
from api.commands import case_of, obey
from api.errors import BODY, Json, problems
from api.escalations import BY, Word
from api.idempotency import Acting, Answered
from api.prepared import Said as SaidCommand
from api.services import Services, Wired, in_thread
from api.shapes import Instant, Shape
from domain.commands import Body, PersonId, Said
from domain.errors import DomainError, NotFound
from domain.problems import Problem, ProblemState, cost
from domain.refusals import IN_WORK
from domain.tickets import Line
from records.problems import LinkedCase, ProblemFilters

router = APIRouter(prefix="/v1/problems", tags=["problems"])

ProblemId = Annotated[str, Path(description="the problem's id", examples=["P-1"])]
MOST_SHOWN = 200  # cases; the cost counts all of them
Document = dict[str, Any]


class ProblemItem(Shape):
    """One cause that came back; `cases` is how many belong to it."""

    id: str
    title: str
    category: str
    product: str | None
    state: ProblemState
    owner: str
    workaround: str | None
    opened_at: Instant
    resolved_at: Instant | None
    resolved_by: str | None
    resolution: str | None
    cases: int


class ProblemPage(Shape):
    items: list[ProblemItem]
    next_cursor: str | None


class ProblemCost(Shape):
    """What its cases have cost: hours from opening to closing (or now), missed targets, customers."""

    hours: float
    breaches: int
    customers: int


class ProblemCase(Shape):
    """A case in a few words; `linked_by` is null where it came by its cause, both are null where it is only offered."""

    id: str
    episode: int
    status: str
    priority: str
    subject: str
    customer: str
    opened_at: Instant
    closed_at: Instant | None
    linked_by: str | None
    linked_at: Instant | None


class ProblemBefore(Shape):
    """A problem in the words that ended it; `workaround` is what had helped until then."""

    id: str
    resolved_at: Instant
    workaround: str | None
    resolution: str | None


class ProblemDetail(ProblemItem):
    """The whole of it: the cost, the linked cases (the latest 200), and live cases that look the same and belong to none.

    `came_back_after` is the problem of the same category and product that was resolved last before it opened.
    """

    cost: ProblemCost
    came_back_after: ProblemBefore | None
    linked: list[ProblemCase]
    offered: list[ProblemCase]


class ChildAnswer(Shape):
    """What became of the word `resolve` to one live case: `resolved`, `queued` (no worker answered) or `refused` with a code."""

    id: str
    outcome: Literal["resolved", "queued", "refused"]
    code: str | None
    reason: str | None


class ResolvedProblem(ProblemDetail):
    """The resolved problem; `children` are its cases that were told to resolve, none unless `resolve_cases` was asked for."""

    children: list[ChildAnswer]


class ProblemQuery(BaseModel):
    """Filters and the page; an unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid")

    state: ProblemState | None = None
    owner: Word | None = None
    category: Word | None = None
    product: Word | None = None
    limit: int = 50
    cursor: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None

    @property
    def filters(self) -> ProblemFilters:
        """What the store is asked for."""
        return ProblemFilters(self.state, self.owner, self.category, self.product)


class Asked(Protocol):
    """One request, from the API or from a page; the words it says to cases have ids made of its own. `Once` is one."""

    @property
    def command_id(self) -> str: ...  # the same for a retry, and then `keyed`
    @property
    def received_at(self) -> datetime: ...
    @property
    def keyed(self) -> bool: ...


class _By(Body):
    by: Line | None = Field(None, description=BY)


class LinkCase(_By):
    """The case that belongs to the problem, its latest episode, or does not."""

    escalation: Line


class WorkAround(_By):
    """What helps until the problem is resolved."""

    text: Said


class AssignProblem(_By):
    """Who looks after it now."""

    to: PersonId


class ResolveProblem(_By):
    """How it was resolved. With `resolve_cases` its live cases are resolved by the same words; the customer reads the message."""

    resolution: Said
    resolve_cases: bool = False
    customer_message: Said | None = None


_REFUSALS = problems(401, 403, 404, 409, *BODY, 503)


@router.get("", response_model=ProblemPage, responses=problems(401, 403, 422, 503))
def list_problems(query: Annotated[ProblemQuery, Query()], _: Reader, services: Wired) -> Response:
    """The problems that fit, the newest first."""
    found, following = services.problems.page(query.filters, query.limit, query.cursor)
    items = [_item(problem, cases) for problem, cases in found]
    return Json({"items": items, "next_cursor": None if following is None else str(following)})


@router.get("/{id}", response_model=ProblemDetail, responses=problems(401, 403, 404, 503))
def show_problem(id: ProblemId, _: Reader, services: Wired) -> Response:
    """One problem: what it has cost, its cases, and live cases that look the same."""
    return Json(detail(services, id))


@router.post("/{id}/link", response_model=ProblemDetail, responses=_REFUSALS)
async def link_case(id: ProblemId, body: LinkCase, caller: Actor, once: Acting, services: Wired) -> Response:
    """This case belongs to it. Once more changes nothing."""
    return await once.answer(partial(linked, services, caller, id, body, once))


@router.post("/{id}/unlink", response_model=ProblemDetail, responses=_REFUSALS)
async def unlink_case(id: ProblemId, body: LinkCase, caller: Actor, once: Acting, services: Wired) -> Response:
    """This case does not belong to it after all."""
    return await once.answer(partial(unlinked, services, caller, id, body))


@router.post("/{id}/workaround", response_model=ProblemDetail, responses=_REFUSALS)
async def write_workaround(id: ProblemId, body: WorkAround, caller: Actor, once: Acting, services: Wired) -> Response:
    """What helps until it is resolved: from now on it is a known error."""
    return await once.answer(partial(worked_around, services, caller, id, body))


@router.post("/{id}/assign", name="assign_problem", response_model=ProblemDetail, responses=_REFUSALS)
async def assign(id: ProblemId, body: AssignProblem, caller: Actor, once: Acting, services: Wired) -> Response:
    """Somebody else looks after it."""
    return await once.answer(partial(assigned, services, caller, id, body))


@router.post("/{id}/resolve", name="resolve_problem", response_model=ResolvedProblem, responses=_REFUSALS)
async def resolve(id: ProblemId, body: ResolveProblem, caller: Actor, once: Acting, services: Wired) -> Response:
    """It cannot come back. With `resolve_cases` its live cases are resolved, too, and their customers told."""
    return await once.answer(partial(resolved, services, caller, id, body, once))


def detail(services: Services, id: str) -> Document:
    """A problem with its cost, its cases and those that look the same. Raises NotFound `problem_not_found`."""
    problem = services.problems.find(_clean(id))
    cases, now = services.problems.cases(problem.id), services.now()
    counted = cost([one.document for one in cases], now)
    offered = services.problems.offered(problem) if problem.state != "resolved" else []
    return {
        **_item(problem, counted.cases),
        "cost": counted.model_dump(mode="json", exclude={"cases"}),
        "came_back_after": _before(services.problems.before(problem)),
        "linked": [_case(one) for one in cases[:MOST_SHOWN]],
        "offered": [_case(LinkedCase(one, None, None)) for one in offered],
    }


async def linked(services: Services, caller: Caller, id: str, body: LinkCase, once: Asked) -> Answered:
    """Put a case under a problem. Raises as `acting`, `case_of` and `Problems.link`."""
    by = _who(services, caller, body)
    case = await in_thread(case_of, services, body.escalation)
    place = (case["id"], case["episode"])
    await in_thread(services.problems.link, _clean(id), place, by, once.received_at)
    return await _now(services, id)


async def unlinked(services: Services, caller: Caller, id: str, body: LinkCase) -> Answered:
    """Take a case out of a problem. Raises as `acting` and `Problems.unlink`."""
    _who(services, caller, body)
    await in_thread(services.problems.unlink, _clean(id), body.escalation)
    return await _now(services, id)


async def worked_around(services: Services, caller: Caller, id: str, body: WorkAround) -> Answered:
    """Write down what helps for now. Raises as `acting` and `Problems.work_around`."""
    _who(services, caller, body)
    await in_thread(services.problems.work_around, _clean(id), body.text, services.now())
    return await _now(services, id)


async def assigned(services: Services, caller: Caller, id: str, body: AssignProblem) -> Answered:
    """Give a problem another owner. Raises as `acting`, `known_person` and `Problems.assign`."""
    by = _who(services, caller, body)
    known_person(services.roster.current(), body.to, "to")
    await in_thread(services.problems.assign, _clean(id), body.to, by, services.now())
    return await _now(services, id)


async def resolved(services: Services, caller: Caller, id: str, body: ResolveProblem, once: Asked) -> Answered:
    """Resolve a problem, and its live cases where that is asked for. Raises as `acting` and `Problems.resolve`."""
    by = _who(services, caller, body)
    await in_thread(services.problems.resolve, _clean(id), by, body.resolution, once.received_at)
    cases = await in_thread(services.problems.cases, id) if body.resolve_cases else []
    in_work = [one.document for one in cases if one.document["status"] in IN_WORK]
    children = [await _child(services, case, by, body, once) for case in in_work]
    return Answered(200, {**await in_thread(detail, services, id), "children": children})


async def _child(services: Services, case: Document, by: str, body: ResolveProblem, once: Asked) -> Document:
    """Say it to one case; a refusal of one does not keep it from the others."""
    words = {"summary": body.resolution, "customer_message": body.customer_message}
    said = {name: value for name, value in words.items() if value is not None}
    id = str(uuid5(UUID(once.command_id), case["id"]))
    command = SaidCommand("resolve", by, said, id, once.received_at)
    try:
        answered = await obey(services, case, command, perhaps_again=once.keyed)
    except DomainError as refusal:
        return {"id": case["id"], "outcome": "refused", "code": refusal.code, "reason": refusal.message}
    outcome = "resolved" if answered.status == 200 else "queued"
    return {"id": case["id"], "outcome": outcome, "code": None, "reason": None}


def _who(services: Services, caller: Caller, body: _By) -> str:
    return acting(caller, "problem", body.by, services.roster.current()) or caller.name


async def _now(services: Services, id: str) -> Answered:
    return Answered(200, await in_thread(detail, services, id))


def _clean(id: str) -> str:
    if "\0" in id:
        raise NotFound("problem_not_found", "there is no such problem; see `tierline problems list`")
    return id


def _item(problem: Problem, cases: int) -> Document:
    named = {**problem.model_dump(exclude={"number"}), "cases": cases}
    return ProblemItem.model_validate(named).model_dump(mode="json")


def _before(problem: Problem | None) -> Document | None:
    if problem is None:
        return None
    kept = problem.model_dump(include=set(ProblemBefore.model_fields))
    return ProblemBefore.model_validate(kept).model_dump(mode="json")


def _case(linked: LinkedCase) -> Document:
    case = linked.document
    named = {name: case[name] for name in ("id", "episode", "status", "priority", "opened_at", "closed_at")}
    about = {"subject": case["ticket"]["subject"], "customer": case["customer"]["name"]}
    by = {"linked_by": linked.linked_by, "linked_at": linked.linked_at}
    return ProblemCase.model_validate({**named, **about, **by}).model_dump(mode="json")
