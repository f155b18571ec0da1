"""The pages of problems: the causes that came back, what each has cost, its cases, and what people do about it.

Every button takes the path of its route in `api.problems`, for the same roles. A resolved problem says what became of each of
its cases; the same form sent again says the same words, so nothing happens twice.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from secrets import token_urlsafe
from typing import Any, get_args
from urllib.parse import quote, urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Request, Response

from activities.wording import word
from api.errors import status_of
from api.openings import Document
from api.pages.actions import Row as ActionRow
from api.pages.actions import actions_of, body_of, owners, whose
from api.pages.board_query import plain
from api.pages.board_rows import Clock, name_of
from api.pages.desk_saying import Sent, sent, why
from api.pages.frame import PageRoute, redirect
from api.pages.signed_in import TESTERS, Reader, Session, Tester, desk_page
from api.pages.words import said
from api.problems import (
    MOST_SHOWN,
    AssignProblem,
    LinkCase,
    ProblemId,
    ResolveProblem,
    WorkAround,
    assigned,
    detail,
    linked,
    resolved,
    unlinked,
    worked_around,
)
from api.services import Services, Wired, in_thread
from domain.causes import title_of
from domain.errors import DomainError, Invalid
from domain.problems import UNRESOLVED, Problem, ProblemState, title_in
from domain.refusals import IN_WORK
from records.problems import ProblemFilters

PATH = "/problems"
PAGE = 50
LIVE, ANY = "unresolved", "all"
STATES: tuple[ProblemState, ...] = get_args(ProblemState)
TONES: Mapping[str, str] = {"open": "bad", "known_error": "", "resolved": "good"}
COMMANDS = ("link", "unlink", "workaround", "assign", "resolve")
MOST_OFFERED = 3  # problems to one case; who wants another links it by its id
LAST = 2**31 - 1

_FORMS = UUID("b1f0a1c2-7f0e-5d0b-9d55-6f5f3a0c8e71")  # never change: it is part of the id of every word said to a case

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; an empty text is anything, `unresolved` and `all` are states, too."""

    state: str = LIVE
    owner: str = ""
    category: str = ""
    product: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wanted":
        """What makes no sense counts as not asked for."""
        state = given.get("state", "")
        known = {name: plain(given.get(name, "")) for name in ("owner", "category", "product")}
        return cls(state if state in (*STATES, ANY) else LIVE, **known)

    def query(self, **changes: object) -> str:
        """Behind the `?`: what is not as it would be anyway."""
        kept = {**asdict(self), "state": "" if self.state == LIVE else self.state, **changes}
        return urlencode({name: text for name, text in kept.items() if text})

    def filters(self, person: str | None) -> ProblemFilters:
        """For the store; `person` is who `mine` means."""
        one = next((state for state in STATES if state == self.state), None)
        state = UNRESOLVED if self.state == LIVE else one
        return ProblemFilters(state, whose(self.owner, person), self.category or None, self.product or None)


@dataclass(frozen=True)
class FromForm:
    """A request made by a form: pressed twice it is the same one (`api.problems.Asked`)."""

    command_id: str
    received_at: datetime
    keyed: bool = True


@dataclass(frozen=True)
class Known:
    """A problem in the reader's words, for a list and for the cases it belongs to."""

    id: str
    title: str
    state: str
    tone: str
    owner: str
    category: str
    product: str | None
    workaround: str | None
    resolution: str | None
    since: str
    resolved: bool


@dataclass(frozen=True)
class Lessons:
    """What a case shows of them: the problem it belongs to, those it looks like, and its own actions."""

    problem: Known | None
    offered: tuple[Known, ...]
    actions: tuple[ActionRow, ...]


@router.get(PATH)
def show_all(request: Request, session: Reader, services: Wired, after: str = "") -> Response:
    """The problems that fit, the newest first; `after` is the number of the last one of the page before."""
    wanted, person = Wanted.of(request.query_params), session.caller.person
    cursor = int(after) if after.isascii() and after.isdigit() and len(after) < len(str(LAST)) else None
    found, following = services.problems.page(wanted.filters(person), PAGE, cursor)
    roster, tree = services.roster.current(), services.causes.tree
    known = [(path[-1].id, path[-1].title.in_language(session.language)) for path in tree.paths()] if tree else []
    return desk_page(
        services,
        session,
        "problems.html.j2",
        wanted=wanted,
        states=(LIVE, *STATES, ANY),
        owners=owners(roster, wanted.owner, person),
        categories=_with(wanted.category, known),
        rows=[(_known(services, session, one), cases) for one, cases in found],
        first=wanted.query() if cursor else None,
        more=wanted.query(after=following) if following else None,
    )


@router.get(PATH + "/{id}")
def show(id: ProblemId, session: Reader, services: Wired, came: str = "") -> Response:
    """One problem; `came` is what was just done. Raises NotFound `problem_not_found`."""
    notice = said(session.language, f"problem_came_{came}") if came in COMMANDS else None
    return _page(services, session, detail(services, id), notice=notice)


@router.post(PATH + "/{id}")
async def act(request: Request, id: ProblemId, session: Tester, services: Wired) -> Response:
    """Do what a button says; back to the page, or to the case it was pressed on, or the page with why not."""
    form = await sent(request, services, session)
    command = form.fields.get("command", "")
    try:
        children = await _do(services, session, id, command, form)
    except DomainError as refusal:
        shown = await in_thread(detail, services, id)  # raises what the refusal said, where there is no such problem
        fault = f"{why(refusal, session.language, None)} {said(session.language, 'nothing_changed')}"
        again = partial(_page, fault=fault, status=status_of(refusal)[0], typed=form.fields)
        return await in_thread(again, services, session, shown)
    if children is not None:
        shown = await in_thread(detail, services, id)
        notice = said(session.language, "problem_came_resolve")
        return await in_thread(partial(_page, notice=notice, children=children), services, session, shown)
    if command == "link" and form.fields.get("back") == "case":
        return redirect(services, f"/escalations/{quote(form.fields['escalation'].strip(), safe='')}")
    return redirect(services, f"{PATH}/{quote(id, safe='')}?came={command}")


async def _do(
    services: Services, session: Session, id: str, command: str, form: Sent
) -> list[dict[str, str | None]] | None:
    """What became of the problem's cases, where they were to be resolved, too. Raises the refusals of the route."""
    who, fields = (services, session.caller, id), form.fields
    said_ = json.dumps([session.caller.id, form.nonce, id, fields], sort_keys=True)
    asked = FromForm(str(uuid5(_FORMS, said_)), services.now())
    match command:
        case "link":
            await linked(*who, body_of(LinkCase, fields, session), asked)
        case "unlink":
            await unlinked(*who, body_of(LinkCase, fields, session))
        case "workaround":
            await worked_around(*who, body_of(WorkAround, fields, session))
        case "assign":
            await assigned(*who, body_of(AssignProblem, fields, session))
        case "resolve":
            too = "resolve_cases" in fields
            answer = await resolved(*who, body_of(ResolveProblem, fields, session, resolve_cases=too), asked)
            return answer.body["children"] if too else None
        case _:
            raise Invalid("unreadable_form", "there is no such button on this page")
    return None


def lessons_of(services: Services, session: Session, case: Document) -> Lessons:
    """What a case shows of problems and actions; its problem's workaround is what an agent wants to see at night."""
    mine = services.problems.of_case(case["id"], case["episode"])
    alike = services.problems.offered_to(case) if mine is None else []
    return Lessons(
        problem=_known(services, session, mine) if mine else None,
        offered=tuple(_known(services, session, one) for one in alike[:MOST_OFFERED]),
        actions=tuple(actions_of(services, session, case)),
    )


def _known(services: Services, session: Session, problem: Problem) -> Known:
    language = session.language
    return Known(
        id=problem.id,
        title=title_in(problem, services.causes.tree, language),
        state=said(language, f"problem_{problem.state}"),
        tone=TONES[problem.state],
        owner=name_of(services.roster.current(), problem.owner) or "",
        category=title_of(services.causes.tree, problem.category, language),
        product=problem.product,
        workaround=problem.workaround,
        resolution=problem.resolution,
        since=Clock(session.timezone, language, services.now()).shown(problem.opened_at).at,
        resolved=problem.state == "resolved",
    )


def _page(
    services: Services,
    session: Session,
    shown: Document,
    *,
    notice: str | None = None,
    fault: str | None = None,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    children: list[dict[str, str | None]] | None = None,
) -> Response:
    roster, clock = services.roster.current(), Clock(session.timezone, session.language, services.now())
    problem = services.problems.find(shown["id"])
    cases = {name: [_case(one, clock, session) for one in shown[name]] for name in ("linked", "offered")}
    return desk_page(
        services,
        session,
        "problem.html.j2",
        status,
        problem=_known(services, session, problem),
        ended=_ended(problem, clock, services),
        before=_before(shown["came_back_after"], clock),
        shown=shown,
        hours=_number(shown["cost"]["hours"], session),
        linked=[(one, _by(one["linked_by"], services, session)) for one in cases["linked"]],
        offered=cases["offered"],
        in_work=sum(one["status"] in IN_WORK for one in shown["linked"]),
        cut=MOST_SHOWN if shown["cases"] > MOST_SHOWN else None,
        may_act=session.caller.role in TESTERS,
        asks_who=session.caller.person is None,
        people=[(one.id, one.name) for one in roster.people],
        notice=notice,
        fault=fault,
        typed=dict(typed or {}),
        children=None if children is None else _children(children, shown),
        nonce=token_urlsafe(12),
        timezone=session.timezone,
    )


def _case(case: Document, clock: Clock, session: Session) -> dict[str, Any]:
    """A case of the API's answer, with its times and words as the reader has them."""
    opened = clock.moment(case["opened_at"])
    words = {f"{name}_word": word(session.language, case[name]) for name in ("status", "priority")}
    return {**case, **words, "opened": opened.at if opened else ""}


def _by(person: str | None, services: Services, session: Session) -> str:
    if person is None:
        return said(session.language, "problem_by_cause")
    return said(session.language, "problem_linked_by", who=name_of(services.roster.current(), person) or "")


def _ended(problem: Problem, clock: Clock, services: Services) -> str | None:
    if problem.resolved_at is None:
        return None
    who = name_of(services.roster.current(), problem.resolved_by) or ""
    return said(clock.language, "problem_resolved_by", who=who, at=clock.shown(problem.resolved_at).at)


def _before(before: Document | None, clock: Clock) -> Document | None:
    """The problem of the same cause before this one, with its time as the reader has it."""
    if before is None:
        return None
    resolved = clock.moment(before["resolved_at"])
    return {**before, "resolved": resolved.at if resolved else ""}


def _children(children: list[dict[str, str | None]], shown: Document) -> list[dict[str, str | None]]:
    """What became of each, with its subject."""
    subjects = {one["id"]: one["subject"] for one in shown["linked"]}
    return [{**one, "subject": subjects.get(one["id"], one["id"])} for one in children]


def _number(hours: float, session: Session) -> str:
    text = f"{hours:.1f}"
    return text.replace(".", ",") if session.language == "de" else text


def _with(chosen: str, options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The ways to choose, with what is chosen among them though nobody offers it any more."""
    return options if not chosen or chosen in dict(options) else [*options, (chosen, chosen)]
