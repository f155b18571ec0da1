"""The page of follow-ups: what was promised so that a cause does not come back, the earliest day first, so what is late leads.

Filters stand in its address. Done, dropped and moved take the path of `POST /v1/actions/{id}/…`, for the same roles; a key that
belongs to nobody says once, above the list, who acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from secrets import token_urlsafe
from typing import Any, Literal, TypeVar, cast, get_args
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from activities.wording import long_day, short_time
from api.actions import EndAction, MoveAction, ended, moved
from api.errors import status_of
from api.openings import Document
from api.pages.board_query import MINE, plain
from api.pages.board_rows import name_of
from api.pages.desk_forms import FIELD_UNFIT
from api.pages.desk_saying import sent, why
from api.pages.frame import PageRoute, redirect
from api.pages.signed_in import TESTERS, Reader, Session, Tester, desk_page
from api.pages.words import TEXTS, said
from api.services import Services, Wired, in_thread
from domain.actions import ActionState, KeptAction
from domain.commands import Action, Body
from domain.errors import DomainError, Invalid
from domain.roster import Roster
from records.actions import ActionFilters, ListedAction

PATH = "/actions"
PAGE = 50
ANY = "all"
STATES: tuple[ActionState, ...] = get_args(ActionState)
ENDS: Mapping[str, Literal["done", "dropped"]] = {"done": "done", "drop": "dropped"}
MOVE = "move"
TONES: Mapping[str, str] = {"done": "good", "open": "", "dropped": ""}

Asked = TypeVar("Asked", bound=Body)

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: whose (empty: anybody's), in which state (`all`: any), only those whose day is over."""

    owner: str = ""
    state: str = "open"
    overdue: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wanted":
        """What makes no sense counts as not asked for."""
        state, overdue = given.get("state", ""), given.get("overdue") == "true"
        known = state if state in (*STATES, ANY) and not overdue else "open"
        return cls(plain(given.get("owner", "")), known, "true" if overdue else "")

    def query(self, **changes: str) -> str:
        """Behind the `?`: what is not as it would be anyway."""
        said_ = asdict(replace(self, state="" if self.state == "open" else self.state))
        return urlencode({name: text for name, text in {**said_, **changes}.items() if text})

    def filters(self, person: str | None) -> ActionFilters:
        """For the store; `person` is who `mine` means."""
        state = None if self.state == ANY else cast(ActionState, self.state)
        return ActionFilters(owner=whose(self.owner, person), state=state, overdue=bool(self.overdue) or None)


@dataclass(frozen=True)
class Row:
    """One action in words; `became` says who ended or moved it, and when, and `note` what they said of it."""

    id: str
    text: str
    kind: str
    owner: str
    mine: bool
    due: str
    due_on: str
    overdue: bool
    open: bool
    state: str
    tone: str
    became: str | None
    note: str | None
    case: str
    episode: int
    subject: str | None = None


@router.get(PATH)
def show(request: Request, session: Reader, services: Wired, after: str = "", came: str = "") -> Response:
    """The actions that fit; `after` is where the page before ended, `came` what was just done."""
    words = TEXTS[session.language].get(f"lessons_came_{came}") if came in (*ENDS, MOVE) else None
    return _page(services, session, Wanted.of(request.query_params), plain(after), notice=words)


@router.post(PATH)
async def act(request: Request, session: Tester, services: Wired) -> Response:
    """End or move one; back to the list, or the list with why not and with what was typed."""
    form = await sent(request, services, session)
    wanted = Wanted.of(dict(parse_qsl(form.fields.get("back", "")[:5_000])))
    command, _, id = form.fields.get("command", "").partition(" ")
    try:
        await _obeyed(services, session, command, id, form.fields)
    except DomainError as refusal:
        fault = f"{why(refusal, session.language, None)} {said(session.language, 'nothing_changed')}"
        again = partial(_page, fault=fault, status=status_of(refusal)[0], typed=form.fields, refused=(command, id))
        return await in_thread(again, services, session, wanted, "")
    return redirect(services, f"{PATH}?{wanted.query(came=command)}")


async def _obeyed(services: Services, session: Session, command: str, id: str, fields: Mapping[str, str]) -> None:
    """What the button says, with the fields of its row. Raises the refusals of the API, Invalid `unreadable_form`."""
    own = {name: fields.get(f"{name} {id}", "") for name in ("note", "owner", "due_on")}
    typed = {**own, "by": fields.get("by", "")}
    if command == MOVE:
        await moved(services, session.caller, id, body_of(MoveAction, typed, session), services.now())
    elif command in ENDS:
        body = body_of(EndAction, typed, session)
        await ended(services, session.caller, id, ENDS[command], body, services.now())
    else:
        raise Invalid("unreadable_form", "there is no such button on this page")


def whose(owner: str, person: str | None) -> str | None:
    """A filter of owners for the store: anybody's is None, and nothing belongs to a key that belongs to nobody."""
    return (person or "") if owner == MINE else owner or None


def body_of(kind: type[Asked], typed: Mapping[str, str], session: Session, **more: Any) -> Asked:
    """What was typed as a request of the API. Raises Invalid (`field_required`, `field_unfit`), in the reader's words."""
    given = {name: text for name in kind.model_fields if (text := typed.get(name, "").strip())}
    for name, field in kind.model_fields.items():
        if field.is_required() and name not in given:
            raise Invalid("field_required", _of_field("empty", name, session), field=name)
    try:
        return kind.model_validate({**given, **more})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise Invalid(FIELD_UNFIT, _of_field("lessons_unfit", name, session), field=name) from error


def _of_field(key: str, name: str, session: Session) -> str:
    """What is wrong with a field, under the name that its form gives it."""
    return said(session.language, key, field=said(session.language, f"lessons_field_{name}"))


def actions_of(services: Services, session: Session, case: Document) -> list[Row]:
    """What the root cause of a case promised and what became of it; before the store has it, as it was promised."""
    roster, now = services.roster.current(), services.now()
    kept = services.actions.of_case(case["id"], case["episode"]) or _promised(case)
    return [_row(ListedAction(one, "", "", one.overdue(now, roster)), roster, session) for one in kept]


def _promised(case: Document) -> list[KeptAction]:
    said_ = (case["root_cause"] or {}).get("actions") or ()
    place = {"escalation": case["id"], "episode": case["episode"]}
    actions = [Action.model_validate(one).model_dump() for one in said_]
    return [KeptAction(id="", number=number, **place, **one) for number, one in enumerate(actions, 1)]


def _page(
    services: Services,
    session: Session,
    wanted: Wanted,
    after: str,
    *,
    notice: str | None = None,
    fault: str | None = None,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    refused: tuple[str, str] = ("", ""),
) -> Response:
    """`refused` is the button that was pressed in vain, and the action it belongs to."""
    roster, person = services.roster.current(), session.caller.person
    found, following = _found(services, roster, wanted.filters(person), after)
    return desk_page(
        services,
        session,
        "actions.html.j2",
        status,
        wanted=wanted,
        states=(*STATES, ANY),
        owners=owners(roster, wanted.owner, person),
        people=[(one.id, one.name) for one in roster.people],
        names={one.id: one.name for one in roster.people},
        rows=[_row(one, roster, session) for one in found],
        first=wanted.query() if after else None,
        more=wanted.query(after=following) if following else None,
        may_act=session.caller.role in TESTERS,
        asks_who=person is None,
        notice=notice,
        fault=fault,
        typed=dict(typed or {}),
        unfolded=refused[1] if refused[0] == MOVE else None,
        nonce=token_urlsafe(12),
        timezone=session.timezone,
    )


def _found(
    services: Services, roster: Roster, filters: ActionFilters, after: str
) -> tuple[list[ListedAction], str | None]:
    now = services.now()
    try:
        return services.actions.page(filters, roster, now, PAGE, after or None)
    except Invalid:  # a place it goes on from that is none: from the beginning, then
        return services.actions.page(filters, roster, now, PAGE)


def owners(roster: Roster, chosen: str, person: str | None) -> Sequence[tuple[str, str | None]]:
    """Whose to choose from: oneself first (the name None), and who is chosen though no longer in the roster."""
    people: list[tuple[str, str | None]] = [(one.id, one.name) for one in roster.people]
    gone = [(chosen, chosen)] if chosen not in ("", MINE, *(id for id, _ in people)) else []
    return [*([(MINE, None)] if person else []), *people, *gone]


def _row(listed: ListedAction, roster: Roster, session: Session) -> Row:
    action, language = listed.action, session.language
    return Row(
        id=action.id,
        text=action.text,
        kind=said(language, f"action_{action.kind}"),
        owner=name_of(roster, action.owner) or "",
        mine=action.owner == session.caller.person,
        due=long_day(action.due_on, language),
        due_on=action.due_on.isoformat(),
        overdue=listed.overdue,
        open=action.state == "open",
        state=said(language, f"lessons_state_{action.state}"),
        tone=TONES[action.state],
        became=_became(action, roster, session),
        note=action.move.note if action.state == "open" and action.move else action.note,
        case=action.escalation,
        episode=action.episode,
        subject=listed.subject,
    )


def _became(action: KeptAction, roster: Roster, session: Session) -> str | None:
    if action.state == "open":
        return _by(action.move.by, action.move.at, "lessons_moved", roster, session) if action.move else None
    if action.done_by is None or action.done_at is None:
        return said(session.language, "lessons_replaced")
    return _by(action.done_by, action.done_at, "lessons_ended", roster, session)


def _by(person: str, at: datetime, words: str, roster: Roster, session: Session) -> str:
    when = short_time(at, session.timezone, session.language)
    return said(session.language, words, who=name_of(roster, person) or "", at=when)
