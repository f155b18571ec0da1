"""The route of messages across all cases, for people who watch what goes out."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Reader
from api.errors import Json, problems
from api.escalations import message_item
from api.services import Wired
from api.shapes import Items
from records.escalations import LATEST_MESSAGES
from records.stored import MessageStatus

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get("/messages", response_model=Items, responses=problems(401, 403, 422, 503))
def list_messages(
    _: Reader,
    services: Wired,
    status: MessageStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=LATEST_MESSAGES)] = 100,
) -> Response:
    """The latest messages of all cases, newest first."""
    found = services.escalations.all_messages(status, limit)
    return Json({"items": [message_item(one).model_dump(mode="json") for one in found]})
