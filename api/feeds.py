"""The routes of calendar feeds: what a feed says goes into the roster, in place of what it said before."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.auth import Operator
from api.errors import BODY as REFUSALS
from api.errors import Json, UnsupportedMedia, problems
from api.feed_process import read_feed
from api.services import Wired
from api.shapes import FeedTaken, LeftOutItem
from domain.errors import Invalid, NotFound
from domain.feeds import Feed, FeedKind, Taken, take_feed
from domain.roster import FEED_NAME, Roster

router = APIRouter(prefix="/roster/feeds")

CALENDAR = "text/calendar"
BODY = {"requestBody": {"required": True, "content": {CALENDAR: {"schema": {"type": "string"}}}}}


async def calendar(request: Request) -> bytes:
    """The body of a request with a calendar. Raises UnsupportedMedia."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CALENDAR:
        raise UnsupportedMedia(
            "unsupported_media_type", f"send Content-Type {CALENDAR}, not '{kind[:100] or 'nothing'}'"
        )
    return await request.body()


@router.put("/{name}", openapi_extra=BODY, response_model=FeedTaken, responses=problems(401, 403, 404, *REFUSALS, 503))
def put_feed(
    name: Annotated[str, Path(pattern=FEED_NAME, description="what the feed is called here, such as holidays")],
    caller: Operator,
    body: Annotated[bytes, Depends(calendar)],
    services: Wired,
    as_: Annotated[FeedKind, Query(alias="as", description="what its events are")],
    team: Annotated[
        str | None, Query(description="whose shifts they are; for absences, only those of its members")
    ] = None,
) -> Response:
    """Take the events of an iCalendar feed from now to a year ahead, in place of what the feed brought before.

    Each becomes an override or an absence of the person it names by an attendee's e-mail, by id or name in its summary, or by its
    organizer; `left_out` lists those that name nobody, and those in a time zone that is not known. A feed that cannot be read
    changes nothing.
    """
    _feed(services.roster.current(), name, as_, team)  # refused before the feed is read
    now = services.now()
    events = read_feed(body, now)
    found: list[Taken] = []

    def edit(roster: Roster) -> Roster:
        found.append(take_feed(roster, _feed(roster, name, as_, team), events, now))
        return found[-1].roster

    services.roster.change(edit, caller.name, now)
    left_out = [LeftOutItem.model_validate(one) for one in found[-1].left_out]
    taken = FeedTaken(feed=name, as_=as_, team=team, taken=found[-1].taken, left_out=left_out)
    return Json(taken.model_dump(mode="json"))


def _feed(roster: Roster, name: str, kind: FeedKind, team: str | None) -> Feed:
    if kind == "shifts" and team is None:
        raise Invalid("field_required", "team: say whose shifts these are", field="team")
    if team is not None and roster.team(team) is None:
        raise NotFound("team_not_found", f"the roster has no team '{team}'", field="team")
    return Feed(name, kind, team)
