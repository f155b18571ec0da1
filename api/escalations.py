"""The routes of escalations: open, read, command."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from api import commands, examples
from api.audit_notes import notes
from api.auth import Anybody, Caller, Opener, Reader, allow, command_roles
from api.errors import BODY, Json, problems
from api.idempotency import Acting, Answered, Once
from api.links import with_links
from api.openings import OpenRequest, open_escalation
from api.services import Services, Wired
from api.shapes import (
    CommandState,
    Escalation,
    EscalationPage,
    MessageItem,
    QueuedCommand,
    RebasedEscalation,
    TimelineItem,
)
from domain.calendars import Zone
from domain.commands import BODIES, Body
from domain.errors import NotFound
from domain.tickets import Line, Moment
from records.counted import COUNTED
from records.escalations import SORTS, Filters
from records.stored import StoredMessage
from records.taken_over import InItsPlace, taken_over
from signed_links import masked

router = APIRouter(prefix="/v1", tags=["escalations"])


def _known_number(name: str) -> str:
    if name not in COUNTED:
        raise ValueError(f"it is one of {', '.join(COUNTED)}")
    return name


_ID = re.compile(r"[a-z0-9_]{1,32}-[A-Za-z0-9_.~-]{1,198}")
Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]  # PostgreSQL takes no NUL
CountedIn = Annotated[str, Field(json_schema_extra={"enum": sorted(COUNTED)}), AfterValidator(_known_number)]
OpenedHour = Annotated[str, Field(pattern=r"^(mon|tue|wed|thu|fri|sat|sun)-([01]\d|2[0-3])$")]
Episode = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the latest when left out")]


def _case_id(id: Annotated[str, Path(description="the escalation's id", examples=[examples.CASE])]) -> str:
    if _ID.fullmatch(id) is None:
        raise NotFound("escalation_not_found", f"there is no escalation '{id}'")
    return id


CaseId = Annotated[str, Depends(_case_id)]


class ListQuery(BaseModel):
    """Filters and the page; an unknown parameter is refused, so that a slip of the pen never shows everything."""

    model_config = ConfigDict(extra="forbid")

    status: Word | None = Field(None, description="one or several, separated by commas")
    tier: Word | None = None
    team: Word | None = None
    owner: Word | None = None
    priority: Word | None = None
    customer: Word | None = None
    overdue: bool | None = None
    q: Word | None = Field(None, description="words that must all be found in id, subject or customer")
    opened_from: Moment | None = None
    opened_to: Annotated[Moment | None, Field(description="opened before it")] = None
    closed_from: Annotated[Moment | None, Field(description="closed or withdrawn then or later")] = None
    closed_to: Annotated[Moment | None, Field(description="closed or withdrawn before it")] = None
    product: Word | None = Field(None, description="empty: those without any; so with category, cause, origin, owner")
    category: Word | None = None
    cause: Word | None = Field(None, description="category of the root cause")
    origin: Word | None = None
    came_to: Word | None = Field(None, description="a tier the case has been at")
    breached_at_tier: Word | None = Field(None, description="a tier at which the case missed a target")
    problem: Word | None = Field(None, description="the id of the problem the case belongs to")
    counted_in: CountedIn | None = Field(None, description="a KPI of the reports: the cases behind its number")
    opened_hour: OpenedHour | None = Field(None, description="such as mon-09; needs opened_from and opened_to")
    timezone: Zone = Field("UTC", description="whose hours `opened_hour` means")
    sort: Word = Field(
        "-opened_at", description=f"{', '.join(SORTS)}, or value: what a case brings to its `counted_in`"
    )
    limit: int = 50
    cursor: Word | None = None

    @property
    def filters(self) -> Filters:
        """What the store is asked for."""
        return Filters(**self.model_dump(exclude={"sort", "limit", "cursor"}))


@router.post(
    "/escalations",
    name="open_escalation",
    status_code=201,
    response_model=Escalation,
    responses={
        200: {"model": Escalation, "description": "it is already live"},
        201: {"headers": {"Location": {"description": "its address", "schema": {"type": "string"}}}},
        **problems(401, 403, 409, *BODY, 503),
    },
    openapi_extra=examples.body(examples.OPEN),
)
async def open_case(request: OpenRequest, caller: Opener, acting: Acting, services: Wired) -> Response:
    """Escalate a ticket. The same ticket while it is live: 200 and the same escalation, nothing sent twice."""
    return await acting.answer(partial(_open, services, caller, request, acting))


async def _open(services: Services, caller: Caller, request: OpenRequest, acting: Once) -> Answered:
    shown, created = await open_escalation(services, caller, request, acting.received_at)
    body = with_links(services, shown)
    notes().about(shown["id"])
    return Answered(201 if created else 200, body, headers={"Location": body["links"]["self"]} if created else {})


@router.get("/escalations", name="list_escalations", response_model=EscalationPage, responses=problems(401, 422, 503))
def list_cases(query: Annotated[ListQuery, Query()], _: Anybody, services: Wired) -> Response:
    """A page of escalations, the newest first unless `sort` says otherwise."""
    found, following = services.escalations.list_page(query.filters, query.sort, query.limit, query.cursor)
    return Json({"items": [with_links(services, one) for one in found], "next_cursor": following})


@router.get(
    "/escalations/{id}", name="show_escalation", response_model=Escalation, responses=problems(401, 404, 422, 503)
)
def show(id: CaseId, _: Anybody, services: Wired, episode: Episode = None) -> Response:
    """One escalation as it stands."""
    return Json(with_links(services, _find(services, id, episode)))


@router.get("/escalations/{id}/timeline", responses=problems(401, 404, 422, 503))
def show_timeline(id: CaseId, _: Anybody, services: Wired, episode: Episode = None) -> list[TimelineItem]:
    """What happened, oldest first."""
    case = _find(services, id, episode)
    return [TimelineItem.model_validate(one) for one in services.escalations.timeline(id, case["episode"])]


@router.get("/escalations/{id}/messages", responses=problems(401, 403, 404, 422, 503))
def show_messages(id: CaseId, caller: Reader, services: Wired, episode: Episode = None) -> list[MessageItem]:
    """Everything said to anybody about it, oldest first."""
    case = _find(services, id, episode)
    return message_items(services, services.escalations.messages(id, case["episode"]), caller)


@router.get("/escalations/{id}/commands/{command_id}", responses=problems(401, 404, 503))
def show_command(id: CaseId, command_id: str, _: Anybody, services: Wired) -> CommandState:
    """What became of a command that was answered with 202."""
    return _command(services, command_id, id)


@router.get("/commands/{command_id}", responses=problems(401, 404, 503))
def show_any_command(command_id: str, _: Anybody, services: Wired) -> CommandState:
    """The same, where the escalation is not at hand."""
    return _command(services, command_id, None)


def message_items(services: Services, found: Sequence[StoredMessage], caller: Caller) -> list[MessageItem]:
    """Stored messages as the API shows them, with what took the place of those that failed."""
    instead = taken_over(services.database, found)
    return [_message_item(one, instead.get(one.key), caller) for one in found]


def _message_item(stored: StoredMessage, instead: InItsPlace | None, caller: Caller) -> MessageItem:
    """Links in it are keys of others: only who may act as anybody sees them."""
    more: dict[str, Any] = {"retries": max(stored.attempts - 1, 0), "failed_over_to": instead and instead.key}
    more |= {"failed_over_person": instead and instead.person, "failed_over_channel": instead and instead.channel}
    kept = MessageItem.model_fields.keys() - more.keys()
    shown = {name: getattr(stored, name) for name in kept} | more
    if caller.role not in ACTS_AS_ANYBODY and stored.text is not None:
        shown["text"] = masked(stored.text)
    return MessageItem.model_validate(shown)


def _find(services: Services, id: str, episode: int | None) -> dict[str, Any]:
    if episode is None:
        return commands.case_of(services, id)
    found = services.escalations.find(id, episode)
    if found is None:
        raise NotFound(
            "escalation_not_found", f"there is no episode {episode} of an escalation '{id}'", field="episode"
        )
    return found


def _command(services: Services, command_id: str, escalation: str | None) -> CommandState:
    found = None if "\0" in command_id else services.commands.find(command_id)
    if found is None or escalation not in (None, found.escalation):
        raise NotFound("command_not_found", "there is no such command")
    return CommandState.model_validate({name: getattr(found, name) for name in CommandState.model_fields})


class RebaseRequest(Body):
    """Without `version`: to the newest one."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


BY = "the acting person; the key's own when left out"
ACTS_AS_ANYBODY = ("operator", "admin")
INTERNAL = ("adopt", "release", "undelivered")  # said by the API itself, in a merge and of a receipt
REQUESTS: dict[str, type[Body]] = {**BODIES, "rebase": RebaseRequest}


def _add_command(name: str, fields: type[Body]) -> None:
    title = name.title().replace("-", "")
    by: dict[str, Any] = {"by": (Line | None, Field(None, description=BY))}
    model: Any = create_model(f"{title}Request", __base__=fields, __doc__=fields.__doc__, **by)
    optional = not any(field.is_required() for field in model.model_fields.values())

    async def command(id: CaseId, caller: Caller, acting: Acting, services: Wired, body: Any = None) -> Response:
        return await acting.answer(partial(commands.execute, services, caller, id, name, body, acting))

    command.__annotations__ |= {
        "caller": Annotated[Caller, Depends(allow(*command_roles(name)))],
        "body": model | None if optional else model,
    }
    if not optional:
        command.__defaults__ = ()
    router.post(
        f"/escalations/{{id}}/{name}",
        name=name,
        summary=name.replace("-", " ").capitalize(),
        description=fields.__doc__,
        response_model=RebasedEscalation if name == "rebase" else Escalation,
        responses={
            202: {"model": QueuedCommand, "description": "kept for a worker"},
            **problems(401, 403, 404, 409, *BODY, 503),
        },
        openapi_extra=examples.body(examples.COMMANDS[name]),
    )(command)


for _name, _fields in REQUESTS.items():
    if _name not in INTERNAL:
        _add_command(_name, _fields)


@router.post("/escalations/{id}/{command}", include_in_schema=False)
def unknown_command(command: str, _: Anybody) -> Response:
    """A command the contract does not know."""
    known = ", ".join(name for name in REQUESTS if name not in INTERNAL)
    raise NotFound("unknown_command", f"there is no command '{command}'; known are {known}")
