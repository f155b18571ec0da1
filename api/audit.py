"""The route of the audit log: who did and saw what. Admins read all of it, operators what is about cases."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from api.auth import Operator
from api.errors import Json, problems
from api.escalations import Word
from api.services import Services, Wired
from api.shapes import Instant, Shape
from domain.messages import CUSTOMER
from domain.tickets import Moment
from records.audit import AuditFilters, AuditLine, AuditLog

router = APIRouter(prefix="/v1/audit", tags=["privacy"])


class AuditItem(Shape):
    """One line; `subject` is an id of the kind `subject_kind`, `request` the id of the command, where there is one.

    `who`: the person's id, else the name of the key, `customer`, or the end of a number that nobody of ours has; null for nobody
    we know.
    """

    id: str
    at: Instant
    what: str
    via: Literal["api", "page", "cli", "link", "mail", "sms"]
    who: str | None
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
    labels = labels_of(services)
    items = [AuditItem(**vars(one), who=_who(one, labels)).model_dump(mode="json") for one in found]
    return Json({"items": items, "next_cursor": following})


def labels_of(services: Services) -> dict[str, str]:
    """The names of all keys, the revoked ones too."""
    return {one.id: one.label for one in services.keys.all()}


def _who(line: AuditLine, labels: Mapping[str, str]) -> str | None:
    customer = CUSTOMER if line.role == CUSTOMER else None
    return line.person or labels.get(line.key_id or "") or customer or line.details.get("from")
