"""The route of messages across all cases, for people who watch what goes out."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Reader
from api.errors import Json, problems
from api.escalations import Word, message_item
from api.services import Wired
from api.shapes import MessageList
from records.escalations import LATEST_MESSAGES
from records.stored import MessageStatus

RECENT = timedelta(days=7)  # what is in doubt is counted so far back: an older duplicate is nobody's business any more

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get("/messages", response_model=MessageList, responses=problems(401, 403, 422, 503))
def list_messages(
    _: Reader,
    services: Wired,
    status: MessageStatus | None = None,
    code: Word | None = None,
    limit: Annotated[int, Query(ge=1, le=LATEST_MESSAGES)] = 100,
) -> Response:
    """The latest messages of all cases, newest first; `code` is the provider's, or `possible_duplicate`."""
    found = services.escalations.all_messages(status, limit, code)
    since = services.now() - RECENT
    doubts = services.escalations.in_doubt(since)
    answer = MessageList(items=[message_item(one) for one in found], since=since, **asdict(doubts))
    return Json(answer.model_dump(mode="json"))
