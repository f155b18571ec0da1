"""The route of the audit log: who did and saw what. Admins read all of it, operators what is about cases."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from api.auth import Operator
from api.errors import Json, problems
from api.escalations import Word
from api.services import Wired
from api.shapes import Instant, Shape
from domain.tickets import Moment
from records.audit import AuditFilters, AuditLog

router = APIRouter(prefix="/v1/audit", tags=["privacy"])


class AuditItem(Shape):
    """One line; `subject` is an id of the kind `subject_kind`, `request` the id of the command, where there is one."""

    id: str
    at: Instant
    what: str
    via: Literal["api", "page", "cli", "link", "mail", "sms"]
    key_id: str | None
    person: str | None
    role: str | None
    subject_kind: str | None
    subject: str | None
    request: str | None
    details: dict[str, Any]


class AuditPage(Shape):
    items: list[AuditItem]
    next_cursor: str | None


class AuditQuery(BaseModel):
    """Filters and the page; an unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid")

    person: Word | None = None
    case: Word | None = None
    since: Moment | None = None
    limit: int = 50
    cursor: Word | None = None


@router.get("", name="list_audit", response_model=AuditPage, responses=problems(401, 403, 422, 503))
def list_audit(query: Annotated[AuditQuery, Query()], caller: Operator, services: Wired) -> Response:
    """The lines that fit, the newest first; for an operator those about cases."""
    filters = AuditFilters(query.person, query.case, query.since, cases_only=caller.role != "admin")
    found, following = AuditLog(services.database).page(filters, query.limit, query.cursor)
    items = [AuditItem.model_validate(vars(one)).model_dump(mode="json") for one in found]
    return Json({"items": items, "next_cursor": following})
