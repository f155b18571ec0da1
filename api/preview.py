"""What a policy would make of a ticket, from the same rules that run: `POST /v1/policies/preview`. Nothing is stored or sent."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api import examples
from api.auth import Reader, known_person
from api.commands import check_names
from api.errors import BODY, Json, problems
from api.openings import OpenRequest
from api.policies import policy_of
from api.services import Services, Wired, in_thread
from api.shapes import PreviewRow
from domain.commands import BODIES, Command, PersonId
from domain.errors import DomainError, Invalid
from domain.holiday_dates import with_holidays
from domain.opening import opening_of
from domain.policy import Policy
from domain.policy_file import check_policy
from domain.preview import Row, preview
from domain.roster import Roster
from domain.roster_file import check_roster
from domain.routing import choose_policy
from domain.simulation import Course, course
from domain.tickets import Line, Moment

MOST_EVENTS = 200  # words in one preview; more than a case of weeks hears
LONGEST = timedelta(
    days=3660
)  # between the start and the last word; holidays and calendars beyond are nobody's business
ELSEWHERE = ("merge", "adopt", "release", "rebase", "undelivered")  # they need another case, version or message

router = APIRouter(prefix="/v1/policies", tags=["policies"])


class PreviewEvent(BaseModel):
    """What somebody says, and when; the other fields are those of the command. Without `by` it is whoever is accountable."""

    model_config = ConfigDict(extra="allow", frozen=True)

    at: Moment
    command: Line
    by: PersonId | None = None


class PreviewRequest(BaseModel):
    """`policy` is a name or a whole policy, as a file would say it; without it, the ticket's own. `at` is now unless given.

    `roster` is a whole roster, as a file would say it; without it, the one in use.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: Line | dict[str, Any] | None = None
    roster: dict[str, Any] | None = None
    escalation: OpenRequest
    at: Moment | None = None
    events: Annotated[tuple[PreviewEvent, ...], Field(max_length=MOST_EVENTS)] = ()


@router.post(
    "/preview",
    response_model=list[PreviewRow],
    responses=problems(401, 403, 404, *BODY, 503),
    openapi_extra=examples.body(examples.PREVIEW),
)
async def preview_policy(request: PreviewRequest, _: Reader, services: Wired) -> Response:
    """The whole chain until closing: every message, warning, breach and change of tier, with the reason."""
    async with services.previews:
        return Json(await in_thread(_previewed, services, request))


class Played(NamedTuple):
    """The course a case would take, under which policy and with which people."""

    course: Course
    policy: Policy
    roster: Roster

    @property
    def rows(self) -> list[Row]:
        """What a reader sees of it, a line each."""
        return preview(self.course, self.roster)


def _previewed(services: Services, request: PreviewRequest) -> list[dict[str, Any]]:
    rows = played(services, request).rows
    return [PreviewRow.model_validate(row).model_dump(mode="json") for row in rows]


def played(services: Services, request: PreviewRequest, policy: Policy | None = None) -> Played:
    """Play it; `policy` stands in for the one that the request names. Raises what the route refuses.

    A second of processor where it is long: `services.previews` is held meanwhile.
    """
    roster, at = _roster(services, request), request.at or services.now()
    dated = with_holidays(policy or _policy(services, request), at)
    opening = opening_of(request.escalation, dated, at, roster)  # by nobody: who tries it out does not open it
    words = list(_words(request.events, roster, at))
    return Played(course(opening, roster, words), dated, roster)


def _roster(services: Services, request: PreviewRequest) -> Roster:
    """The people it is tried out with. Raises PolicyFaults."""
    return services.roster.current() if request.roster is None else check_roster(request.roster)


def _policy(services: Services, request: PreviewRequest) -> Policy:
    """The policy that is tried out. Raises NotFound, PolicyFaults, Invalid (`unknown_policy`)."""
    if isinstance(request.policy, dict):
        return check_policy({"name": "preview", **request.policy})
    if request.policy is not None:
        return policy_of(services, request.policy, None)
    asked = request.escalation
    return choose_policy(services.policies.latest_all(), asked.policy, asked.ticket, asked.customer, asked.trigger)


def _words(events: tuple[PreviewEvent, ...], roster: Roster, start: datetime) -> Iterator[Command]:
    """The events as commands. Raises Invalid with the place of the event."""
    for index, event in enumerate(events):
        try:
            yield _word(event, index, roster, start)
        except DomainError as error:
            place = f"events[{index}]"
            message = error.message if error.message.startswith(place) else f"{place}: {error.message}"
            raise Invalid(error.code, message, field=f"{place}.{error.field or 'command'}") from None


def _word(event: PreviewEvent, index: int, roster: Roster, start: datetime) -> Command:
    if event.command not in BODIES or event.command in ELSEWHERE:
        known = ", ".join(name for name in BODIES if name not in ELSEWHERE)
        raise Invalid(
            "unknown_command", f"'{event.command}' cannot be previewed; write one of {known}", field="command"
        )
    if not start <= event.at <= start + LONGEST:
        raise Invalid("out_of_range", "write a time after the case opens, at most ten years later", field="at")
    if event.by is not None:
        known_person(roster, event.by, "by")
    body = event.model_extra or {}
    word = Command(id=f"event-{index}", name=event.command, by=event.by, received_at=event.at, body=body)
    check_names(roster, event.command, word.parsed().model_dump())
    return word
