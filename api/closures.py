"""The routes of closed cases: what was wrong before, why, and what helped."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api import commands
from api.auth import Anybody
from api.closure_shapes import ClosureItem, ClosureLinks, ClosurePage, SimilarItem, SimilarList, Why
from api.errors import Json, problems
from api.escalations import Word
from api.services import Services, Wired
from domain.errors import Invalid
from domain.similar import question
from domain.tickets import Moment
from records.closures import MOST_SIMILAR, Closure, ClosureFilters, Similar

router = APIRouter(prefix="/v1/closures", tags=["closures"])


class ClosureQuery(BaseModel):
    """Filters and the page; an unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid")

    q: Word | None = Field(None, description="words that must all be found, in any of their forms")
    category: Word | None = Field(None, description="of the ticket")
    cause_category: Word | None = None
    product: Word | None = None
    customer: Word | None = None
    origin: Word | None = Field(None, description="ours, product, third_party or customer")
    from_: Moment | None = Field(None, alias="from", description="closed then or later, RFC 3339")
    to: Moment | None = Field(None, description="closed before then, RFC 3339")
    limit: int = 50
    cursor: Word | None = None

    @property
    def filters(self) -> ClosureFilters:
        """What the store is asked for."""
        named = self.model_dump(include={"q", "category", "cause_category", "product", "customer", "origin"})
        return ClosureFilters(**named, since=self.from_, until=self.to)


class SimilarQuery(BaseModel):
    """What to look for: words, or a case whose own words are taken."""

    model_config = ConfigDict(extra="forbid")

    q: Word | None = Field(None, description="in words; without `escalation`")
    escalation: Word | None = Field(None, description="the id of a case, open or not; without `q`")
    product: Word | None = Field(None, description="cases of this product come first; the case's own when left out")
    category: Word | None = Field(None, description="cases of this category come first; the case's own when left out")
    exclude: Word | None = Field(None, description="the id of a case that is not meant; the case itself never is")
    limit: int = 5


@router.get("", response_model=ClosurePage, responses=problems(401, 422, 503))
def list_closures(query: Annotated[ClosureQuery, Query()], _: Anybody, services: Wired) -> Response:
    """A page of closed cases with cause and fix, closed last first."""
    found, following = services.closures.list_page(query.filters, query.limit, query.cursor)
    page = ClosurePage(items=[_item(services, one) for one in found], next_cursor=following)
    return Json(page.model_dump(mode="json"))


@router.get("/similar", response_model=SimilarList, responses=problems(401, 404, 422, 503))
def similar_closures(query: Annotated[SimilarQuery, Query()], _: Anybody, services: Wired) -> Response:
    """Closed cases that resemble these words or this case, the best first, each with a score from 0 to 1 and why.

    Words are found in their other forms and as parts of German compounds; the language need not be told.
    """
    if not 1 <= query.limit <= MOST_SIMILAR:
        raise Invalid("bad_limit", f"limit is 1 to {MOST_SIMILAR}", field="limit")
    answer = SimilarList(items=[_alike(services, one) for one in _similar(services, query)])
    return Json(answer.model_dump(mode="json"))


def _similar(services: Services, query: SimilarQuery) -> list[Similar]:
    if (query.q is None) == (query.escalation is None):
        raise Invalid("invalid_field", "give either q, words to look for, or escalation, the id of a case", field="q")
    if query.escalation is None:
        asked = question(query.q or "", "", query.product, query.category)
        excluded = [query.exclude] if query.exclude else []
        return services.closures.similar(asked, services.now(), excluded, query.limit)
    case = commands.case_of(services, query.escalation)
    return services.closures.similar_to(
        case, query.limit, product=query.product, category=query.category, exclude=query.exclude
    )


def _item(services: Services, one: Closure) -> ClosureItem:
    return ClosureItem(**vars(one), links=_links(services, one))


def _alike(services: Services, one: Similar) -> SimilarItem:
    why = Why(words=list(one.words), same_product=one.same_product, same_category=one.same_category)
    return SimilarItem(**vars(_item(services, one.closure)), score=one.score, why=why)


def _links(services: Services, one: Closure) -> ClosureLinks:
    path = f"escalations/{one.id}?episode={one.episode}"
    return ClosureLinks(
        self=f"{services.settings.public_address}/v1/{path}", page=f"{services.settings.public_address}/{path}"
    )
