"""The route of messages across all cases, for people who watch what goes out."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.auth import Reader
from api.errors import Json, problems
from api.escalations import Word, message_items
from api.services import Wired
from api.shapes import MessageList
from domain.tickets import Channel
from records.escalations import LATEST_MESSAGES
from records.stored import MessageStatus

RECENT = timedelta(days=7)  # what is in doubt is counted so far back: an older duplicate is nobody's business any more

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get("/messages", response_model=MessageList, responses=problems(401, 403, 422, 503))
def list_messages(
    caller: Reader,
    services: Wired,
    status: MessageStatus | None = None,
    code: Word | None = None,
    limit: Annotated[int, Query(ge=1, le=LATEST_MESSAGES)] = 100,
    person: Annotated[Word | None, Query(description="of the roster, or `customer`")] = None,
    channel: Channel | None = None,
    case: Word | None = None,
    cursor: Word | None = None,
) -> Response:
    """The latest messages of all cases, newest first; `code` is the provider's, or `possible_duplicate`."""
    named: dict[str, Any] = {"person": person, "channel": channel, "case": case, "after": cursor}
    found = services.escalations.all_messages(status, limit + 1, code, **named)
    page = found[:limit]
    since = services.now() - RECENT
    doubts = services.escalations.in_doubt(since)
    following = page[-1].key if len(found) > limit else None
    items = message_items(services, page, caller)
    answer = MessageList(items=items, since=since, next_cursor=following, **asdict(doubts))
    return Json(answer.model_dump(mode="json"))
