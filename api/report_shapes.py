"""What the reports answer, as models, for OpenAPI; a test holds them and the answers together."""

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Shape
from domain.calendars import Weekday
from domain.kpis import Unit


class Figure(Shape):
    """A number, null where there is nothing to measure; `cases` lists what is behind it."""

    kpi: str
    title: str
    value: float | int | None
    unit: Unit
    definition: str
    cases: str


class GroupRow(Shape):
    """The numbers of the cases with `value`; null: of those without any."""

    value: str | None
    figures: list[Figure]


class TierBreaches(Shape):
    """Targets missed at a tier."""

    tier: str
    breaches: int
    cases: str


class Piece(GroupRow):
    """A day, week or month; `value` is its first day."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    breaches_by_tier: list[TierBreaches]


class _Report(Shape):
    from_: Annotated[str, Field(alias="from")]
    to: str
    timezone: str
    group_by: str | None
    filters: dict[str, str]


class SummaryReport(_Report):
    figures: list[Figure]
    groups: list[GroupRow]
    groups_left_out: int


class TrendReport(_Report):
    breaches_definition: str
    groups: list[Piece]


class CauseRow(Shape):
    """Percent of all cases with a recorded cause, and of this and all before it."""

    value: str
    count: int
    share: float
    cumulative_share: float
    customers: int
    recurrences: int
    cases: str
    recurrences_cases: str


class CausesReport(_Report):
    definition: str
    causes: list[CauseRow]


class HeatCell(Shape):
    weekday: Weekday
    hour: int
    count: int
    cases: str


class HeatReport(_Report):
    definition: str
    cells: list[HeatCell]


class TierRow(Shape):
    """Seconds are per case, all its stays at the tier together; `seconds` is the sum over all cases."""

    tier: str
    count: int
    stays: int
    breaches: int
    seconds: int
    median: int | None
    p90: int | None
    cases: str
    breaches_cases: str


class TierGroup(Shape):
    """The tiers of the cases with `value`; null: of those without any."""

    value: str | None
    tiers: list[TierRow]


class TierReport(_Report):
    definition: str
    breaches_definition: str
    tiers: list[TierRow]
    groups: list[TierGroup]
    groups_left_out: int


class BacklogRow(GroupRow):
    """`by_age`: how many are younger than 1, 3, 7, 30 days, and how many older; `by_age_cases` lists each of them."""

    by_age: list[int]
    by_age_cases: list[str]


class BacklogReport(Shape):
    group_by: str | None
    filters: dict[str, str]
    at: str
    figures: list[Figure]
    by_age: list[int]
    by_age_cases: list[str]
    groups: list[BacklogRow]


class DefinitionItem(Shape):
    kpi: str
    title: str
    text: str
    unit: Unit
    formula: str


class DefinitionList(Shape):
    percentiles: str
    items: list[DefinitionItem]


class SeenItem(Shape):
    """The count as it is stored."""

    system: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    count: int
    by: dict[Literal["product", "category"], str]
