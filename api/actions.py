"""The routes of actions: what was promised so that it does not come back, for whoever has to do it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, Reader, acting, allow
from api.errors import BODY, Json, problems
from api.escalations import BY, Word
from api.idempotency import Acting, Answered
from api.services import Services, Wired, in_thread
from api.shapes import Instant, Shape
from domain.actions import ActionState, KeptAction
from domain.commands import Body, PersonId, Said
from domain.errors import Invalid, NotFound
from domain.tickets import Day, Line
from records.actions import ActionFilters

router = APIRouter(prefix="/v1/actions", tags=["actions"])

Actor = Annotated[Caller, Depends(allow("agent", "operator", "admin"))]
"""Who works on what was learned: people."""
ActionId = Annotated[str, Path(description="the action's id", examples=["zendesk-4711.1.1"])]


class MoveItem(Shape):
    """Who gave it the owner and the day that it has, and why."""

    at: Instant
    by: str
    note: str | None


class ActionItem(Shape):
    """One action; `moved` is null where owner and day are those of the root cause."""

    id: str
    escalation: str
    episode: int
    number: int
    text: str
    kind: Literal["corrective", "preventive"]
    owner: str
    due_on: str
    state: ActionState
    done_at: Instant | None
    done_by: str | None
    note: str | None
    moved: MoveItem | None


class ListedActionItem(ActionItem):
    """The same in a list, with what it is about: the case's subject and the customer's id.

    It is `overdue` when its day is past at the owner's place and it is still open.
    """

    overdue: bool
    subject: str
    customer: str


class ActionPage(Shape):
    items: list[ListedActionItem]
    next_cursor: str | None


class ActionQuery(BaseModel):
    """Filters and the page; an unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid")

    owner: Word | None = None
    state: ActionState | None = None
    overdue: bool | None = None
    limit: int = 50
    cursor: Word | None = None

    @property
    def filters(self) -> ActionFilters:
        """What the store is asked for."""
        return ActionFilters(owner=self.owner, state=self.state, overdue=self.overdue)


class EndAction(Body):
    """What became of it; `note` may say how, or why not."""

    by: Line | None = Field(None, description=BY)
    note: Said | None = None


class MoveAction(Body):
    """Another owner, another day, or both; `note` may say why."""

    by: Line | None = Field(None, description=BY)
    owner: PersonId | None = Field(None, description="whose it is from now on; absent: who has it", examples=["sam"])
    due_on: Day | None = Field(
        None, description="a date at the owner's place; absent: as it was", examples=["2030-01-31"]
    )
    note: Said | None = None


@router.get("", response_model=ActionPage, responses=problems(401, 403, 422, 503))
def list_actions(query: Annotated[ActionQuery, Query()], _: Reader, services: Wired) -> Response:
    """The actions that fit, the earliest day first."""
    roster, now = services.roster.current(), services.now()
    found, following = services.actions.page(query.filters, roster, now, query.limit, query.cursor)
    items = [
        {**shown(one.action), "overdue": one.overdue, "subject": one.subject, "customer": one.customer} for one in found
    ]
    return Json({"items": items, "next_cursor": following})


@router.post("/{id}/done", response_model=ActionItem, responses=problems(401, 403, 404, 409, *BODY, 503))
async def finish_action(
    id: ActionId, caller: Actor, answering: Acting, services: Wired, body: EndAction | None = None
) -> Response:
    """It is done: nobody is reminded of it any more. Once more changes nothing."""
    return await answering.answer(partial(ended, services, caller, id, "done", body, answering.received_at))


@router.post("/{id}/drop", response_model=ActionItem, responses=problems(401, 403, 404, 409, *BODY, 503))
async def drop_action(
    id: ActionId, caller: Actor, answering: Acting, services: Wired, body: EndAction | None = None
) -> Response:
    """It is no longer wanted. Once more changes nothing."""
    return await answering.answer(partial(ended, services, caller, id, "dropped", body, answering.received_at))


@router.post("/{id}/move", response_model=ActionItem, responses=problems(401, 403, 404, 409, *BODY, 503))
async def move_action(id: ActionId, caller: Actor, answering: Acting, services: Wired, body: MoveAction) -> Response:
    """It is due on another day, or somebody else's from now on, who hears at once. The same as before changes nothing."""
    return await answering.answer(partial(moved, services, caller, id, body, answering.received_at))


def shown(action: KeptAction) -> dict[str, object]:
    """An action as the API shows it."""
    move = action.move and action.move.model_dump(include=set(MoveItem.model_fields))
    fields = {**action.model_dump(), "due_on": action.due_on.isoformat(), "moved": move}
    return ActionItem.model_validate(fields).model_dump(mode="json")


async def ended(
    services: Services, caller: Caller, id: str, state: Literal["done", "dropped"], body: EndAction | None, at: datetime
) -> Answered:
    """End an action. Raises as `acting`, NotFound `action_not_found`, NotAllowed `action_done`, `action_dropped`."""
    given = body or EndAction()
    by = acting(caller, "action", given.by, services.roster.current())
    action = await in_thread(services.actions.end, _known(id), state, by or caller.name, given.note, at)
    return Answered(200, shown(action))


async def moved(services: Services, caller: Caller, id: str, body: MoveAction, at: datetime) -> Answered:
    """Move an action; `api.relay` tells the run that reminds of it.

    Raises as `acting`, NotFound `action_not_found`, NotAllowed `action_done`, `action_dropped`, Invalid `nothing_to_move`,
    `unknown_person` (field `by` or `owner`).
    """
    roster = services.roster.current()
    by = acting(caller, "action", body.by, roster)
    if body.owner is None and body.due_on is None:
        raise Invalid("nothing_to_move", "say another day (due_on), another owner, or both", field="due_on")
    change = (body.owner, body.due_on, by or caller.name, body.note)
    action = await in_thread(services.actions.move, _known(id), *change, at, roster)
    return Answered(200, shown(action))


def _known(id: str) -> str:
    if "\0" in id:
        raise NotFound("action_not_found", "there is no such action; see `tierline actions list`")
    return id
