"""How many tickets there were, said by ticket systems: the whole that the escalation rate is a share of."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.auth import Caller, allow
from api.errors import BODY, problems
from api.idempotency import Acting, Answered
from api.report_shapes import SeenItem
from api.services import Services, Wired, in_thread
from domain.seen import ALL, Seen
from domain.tickets import Line, Moment, SystemName
from domain.view_time import rfc3339
from records.seen import TicketsSeen

router = APIRouter(prefix="/v1/tickets", tags=["reports"])

MOST = 2**31 - 1
LONGEST = timedelta(days=366)
Counter = Annotated[Caller, Depends(allow("system", "operator", "admin"))]
EXAMPLE: JsonDict = {
    "system": "zendesk",
    "from": "2026-03-06T00:00:00Z",
    "to": "2026-03-07T00:00:00Z",
    "count": 812,
    "by": {"product": "checkout"},
}


class By(BaseModel):
    """Of these only; without either: of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: Line | None = None
    category: Line | None = None


class SeenRequest(BaseModel):
    """So many tickets were opened in `system` from `from` until before `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": EXAMPLE})

    system: SystemName
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    count: Annotated[int, Field(ge=0, le=MOST, strict=True)]
    by: By = By()

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if not timedelta(0) < self.to - self.from_ <= LONGEST:
            raise ValueError(
                f"'to' is after 'from', and at most {LONGEST.days} days: send the count of each day or hour"
            )
        return self

    @property
    def seen(self) -> Seen:
        """As the store takes it."""
        product, category = self.by.product or ALL, self.by.category or ALL
        return Seen(self.system, self.from_, self.to, product, category, self.count)


@router.post("/seen", response_model=SeenItem, responses=problems(401, 403, 409, *BODY, 503))
async def tickets_seen(request: SeenRequest, caller: Counter, acting: Acting, services: Wired) -> Response:
    """Count tickets. The same span, product and category again: the new count takes the place of the old one."""
    return await acting.answer(partial(_said, services, caller, request))


async def _said(services: Services, caller: Caller, request: SeenRequest) -> Answered:
    await in_thread(TicketsSeen(services.database).say, request.seen, caller.name, services.now())
    by = request.by.model_dump(exclude_none=True)
    span = {"from": rfc3339(request.from_), "to": rfc3339(request.to)}
    return Answered(200, {"system": request.system, **span, "count": request.count, "by": by})
