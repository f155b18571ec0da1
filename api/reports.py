"""The reports: the KPIs of the cases opened in a period, over time, by cause, by hour, by tier, and what waits now.

Every number comes with the sentence that defines it and an address that lists the cases behind it. The functions here answer
plain dictionaries, which the page shows and `reports_csv` writes as CSV; the routes only say which.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Reader
from api.errors import Json, problems
from api.report_days import ANY_DAY, When
from api.report_shapes import (
    BacklogReport,
    CausesReport,
    DefinitionList,
    HeatReport,
    SummaryReport,
    TierReport,
    TrendReport,
)
from api.reports_csv import CSV, Csv, wants_csv
from api.services import Services, Wired
from domain.calendars import WEEKDAYS, Zone
from domain.kpi_formulas import NEAREST_RANK
from domain.kpi_words import DEFINITIONS
from domain.kpis import Language, Value
from domain.periods import Cut, Period, Piece, period, pieces
from domain.view_time import rfc3339
from records.at_tiers import breaches_over_time, time_in_tier_by
from records.closings import closings
from records.counted import COUNTED, DIMENSIONS, NONE
from records.figures import BANDS, Dimension, Figures, Group, TierRow, Wanted

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Report = dict[str, Any]
Asked = TypeVar("Asked", bound="Filtered")
Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
USUAL_GROUPS: Final = 50
MOST_GROUPS: Final = 1_000  # in JSON, where each has 26 numbers with their words and addresses: 15 MB
ANY_LIMIT: Final = f"of groups, those with most cases; else {USUAL_GROUPS} of them, and all in CSV"
DESCRIBED: Final = problems(401, 403, 422, 503)
AS_CSV: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {CSV: {}}}, **DESCRIBED}


class Filtered(BaseModel):
    """Which cases: those with these values; an empty value means those without any. An unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    team: Word | None = None
    tier: Word | None = None
    priority: Word | None = None
    product: Word | None = None
    customer: Word | None = None
    category: Word | None = None
    owner: Word | None = None
    origin: Word | None = None
    cause: Word | None = None
    lang: Language = Field("en", description="of titles and definitions")
    format: Literal["json", "csv"] | None = Field(None, description="csv, or send `Accept: text/csv`")

    @property
    def filters(self) -> dict[str, str]:
        """Those that were given."""
        return {name: value for name in DIMENSIONS if (value := getattr(self, name)) is not None}


class ReportQuery(Filtered):
    """The period too: without it the last 90 days until the end of today."""

    from_: When | None = Field(None, alias="from", description=ANY_DAY)
    to: When | None = Field(None, description=ANY_DAY)
    timezone: Zone = Field("UTC", description="whose days they are", examples=["Europe/Berlin"])


class SummaryQuery(ReportQuery):
    """Grouped by a dimension, or not at all."""

    group_by: Dimension | None = None
    limit: int | None = Field(None, ge=1, le=MOST_GROUPS, description=ANY_LIMIT)

    @property
    def most(self) -> int | None:
        """So many groups, those with most cases; None: all of them."""
        return self.limit or (None if self.format == "csv" else USUAL_GROUPS)


class TrendQuery(ReportQuery):
    """A number for each day, week (from Monday) or month."""

    group_by: Cut = "day"


class CausesQuery(ReportQuery):
    """What the cases with a recorded cause are counted by."""

    group_by: Dimension = "cause"


class TierQuery(SummaryQuery):
    """Of all cases, and of each value of a dimension."""


class BacklogQuery(Filtered):
    """Of now, so without a period."""

    group_by: Dimension | None = None


@dataclass(frozen=True)
class Shown:
    """What every part of a report needs: whose cases, in whose words, from which address."""

    services: Services
    query: Filtered
    period: Period | None = None

    @classmethod
    def of(cls, services: Services, query: ReportQuery) -> "Shown":
        """Raises Invalid `period_empty`."""
        return cls(services, query, period(query.from_, query.to, query.timezone, services.now()))

    @property
    def figures(self) -> Figures:
        """The store's numbers."""
        return Figures(self.services.database)

    @property
    def wanted(self) -> Wanted:
        """What the store is asked for."""
        assert self.period is not None  # noqa: S101 - every report but the backlog has one
        return Wanted(self.period, self.query.filters)

    def head(self, group_by: str | None) -> Report:
        """What the report is about."""
        about: Report = {"group_by": group_by, "filters": self.query.filters}
        if self.period is None:
            return about
        begin, end = rfc3339(self.period.begin), rfc3339(self.period.end)
        return {"from": begin, "to": end, "timezone": self.period.timezone, **about}

    def text(self, name: str) -> str:
        """The sentence that defines a number."""
        return DEFINITIONS[name].text[self.query.lang]

    def figure(self, name: str, value: Value, **more: str) -> Report:
        """One number with its definition and its cases, of which CSV has neither."""
        number = {"kpi": name, "value": round(value, 2) if isinstance(value, float) else value}
        if self.query.format == "csv":
            return number
        definition = DEFINITIONS[name]
        return {
            **number,
            "title": definition.title[self.query.lang],
            "unit": definition.unit,
            "definition": self.text(name),
            "cases": self.cases(**more, **({"counted_in": name} if name in COUNTED and name != "volume" else {})),
        }

    def cases(self, **more: str) -> str:
        """The address that lists the cases of the report, narrowed by `more`."""
        dates: dict[str, str | None] = {}
        if self.period is not None:
            dates = {"opened_from": rfc3339(self.period.begin), "opened_to": rfc3339(self.period.end)}
        return self.listed(**(dates | self.query.filters | more))

    def closed(self, piece: Piece, count: int) -> Report:
        """How many cases were closed in a piece, whenever they were opened."""
        edges = {"closed_from": rfc3339(piece.begin), "closed_to": rfc3339(piece.end)}
        return self.figure("closed", count) | {"cases": self.listed(**edges, **self.query.filters)}

    def listed(self, **asked: str | None) -> str:
        """The address that lists the cases that are so."""
        return f"{self.services.settings.public_address}/v1/escalations?{urlencode(asked)}"


def summary(services: Services, query: SummaryQuery) -> Report:
    """Every KPI, of all cases and of each group."""
    shown = Shown.of(services, query)
    if query.group_by:
        total, groups = shown.figures.total_and_groups(shown.wanted, query.group_by)
    else:
        total, groups = shown.figures.total(shown.wanted), []
    return {
        **shown.head(query.group_by),
        "figures": [shown.figure(name, value) for name, value in total.items()],
        "groups": [_group(shown, one, **_only(query.group_by, one.value)) for one in groups[: query.most]],
        "groups_left_out": len(groups) - len(groups[: query.most]),
    }


def trend(services: Services, query: TrendQuery) -> Report:
    """Every KPI of each piece of the period. Raises Invalid `period_empty`, `too_many_pieces`."""
    shown = Shown.of(services, query)
    assert shown.period is not None  # noqa: S101 - as above
    cut = pieces(shown.period, query.group_by)
    closed = closings(services.database, cut, query.filters)
    missed = breaches_over_time(services.database, shown.wanted, cut)
    tiers = sorted({tier for one in missed for tier in one})
    rows = []
    for piece, one, count, by_tier in zip(cut, shown.figures.trend(shown.wanted, cut), closed, missed, strict=True):
        edges = {"opened_from": str(rfc3339(piece.begin)), "opened_to": str(rfc3339(piece.end))}
        row = _group(shown, one, **edges)
        row["figures"].append(shown.closed(piece, count))
        row["breaches_by_tier"] = [
            {"tier": tier, "breaches": by_tier.get(tier, 0), "cases": shown.cases(breached_at_tier=tier, **edges)}
            for tier in tiers
        ]
        rows.append({**row, "from": edges["opened_from"], "to": edges["opened_to"]})
    words = {"breaches_definition": shown.text("breaches_by_tier")}
    return {**shown.head(query.group_by), **words, "groups": rows}


def root_causes(services: Services, query: CausesQuery) -> Report:
    """The Pareto, with the share of each and of it and all before it."""
    shown, by = Shown.of(services, query), query.group_by
    explained = {} if by == "cause" else {"counted_in": "causes"}
    rows = [
        {
            "value": row.value,
            "count": row.cases,
            "share": round(row.share, 2),
            "cumulative_share": round(row.cumulative, 2),
            "customers": row.customers,
            "recurrences": row.recurrences,
            "cases": shown.cases(**_only(by, row.value), **explained),
            "recurrences_cases": shown.cases(**_only(by, row.value), counted_in="recurrence"),
        }
        for row in shown.figures.causes(shown.wanted, by)
    ]
    return {**shown.head(by), "definition": shown.text("causes"), "causes": rows}


def heatmap(services: Services, query: ReportQuery) -> Report:
    """Cases opened by hour and weekday on the clock of the zone; the empty cells too, so that it can be drawn as it is."""
    shown = Shown.of(services, query)
    found = shown.figures.heat(shown.wanted)
    cells = [
        {
            "weekday": day,
            "hour": hour,
            "count": found.get((number, hour), 0),
            "cases": shown.cases(opened_hour=f"{day}-{hour:02}", timezone=query.timezone),
        }
        for number, day in enumerate(WEEKDAYS)
        for hour in range(24)
    ]
    return {**shown.head(None), "definition": shown.text("heatmap"), "cells": cells}


def time_in_tier(services: Services, query: TierQuery) -> Report:
    """How long cases were at each tier, and what was missed there, in all and by group."""
    shown, by = Shown.of(services, query), query.group_by
    found = time_in_tier_by(services.database, shown.wanted, by) if by else {}
    largest = sorted(found.items(), key=lambda one: (-max(row.cases for row in one[1]), one[0] is None, one[0] or ""))
    groups = [
        {"value": value, "tiers": [_tier(shown, row, **_only(by, value)) for row in rows]}
        for value, rows in largest[: query.most]
    ]
    words = {"definition": shown.text("time_in_tier"), "breaches_definition": shown.text("breaches_by_tier")}
    whole = [_tier(shown, row) for row in shown.figures.time_in_tier(shown.wanted)]
    left_out = len(found) - len(groups)
    return {**shown.head(by), **words, "tiers": whole, "groups": groups, "groups_left_out": left_out}


def backlog(services: Services, query: BacklogQuery) -> Report:
    """What waits now and how old it is, in all and by group."""
    shown, now = Shown(services, query), services.now()
    rows = shown.figures.backlog(query.filters, None, now)
    groups = shown.figures.backlog(query.filters, query.group_by, now) if query.group_by else []
    named = []
    for row in groups:
        only = _only(query.group_by, row.value)
        ages = {
            "figures": _ages(shown, row, **only),
            "by_age": row.by_age,
            "by_age_cases": _of_ages(shown, now, **only),
        }
        named.append({"value": row.value, **ages})
    return {
        **shown.head(query.group_by),
        "at": rfc3339(now),
        "figures": _ages(shown, rows[0] if rows else None),
        "by_age": rows[0].by_age if rows else (0,) * 5,
        "by_age_cases": _of_ages(shown, now),
        "groups": named,
    }


def definitions(lang: Language) -> Report:
    """Every number: its name, unit, sentence and formula."""
    listed = [
        {"kpi": name, "title": one.title[lang], "text": one.text[lang], "unit": one.unit, "formula": one.formula[lang]}
        for name, one in DEFINITIONS.items()
    ]
    return {"percentiles": NEAREST_RANK[lang], "items": listed}


@router.get("/summary", response_model=SummaryReport, responses=AS_CSV)
def show_summary(query: Annotated[SummaryQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """Every KPI of the cases opened in the period, in all and by group."""
    return _answer(request, query, partial(summary, services))


@router.get("/trend", response_model=TrendReport, responses=AS_CSV)
def show_trend(query: Annotated[TrendQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """Every KPI by day, week or month of the opening, with the breaches at each tier; and how many were closed then."""
    return _answer(request, query, partial(trend, services))


@router.get("/root-causes", response_model=CausesReport, responses=AS_CSV)
def show_root_causes(query: Annotated[CausesQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """The recorded causes, the most frequent first, with their cumulative share."""
    return _answer(request, query, partial(root_causes, services))


@router.get("/heatmap", response_model=HeatReport, responses=AS_CSV)
def show_heatmap(query: Annotated[ReportQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """When cases are opened: hour and weekday."""
    return _answer(request, query, partial(heatmap, services))


@router.get("/time-in-tier", response_model=TierReport, responses=AS_CSV)
def show_tier_times(query: Annotated[TierQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """How long cases were at each tier, and how many targets were missed there, in all and by group."""
    return _answer(request, query, partial(time_in_tier, services))


@router.get("/backlog", response_model=BacklogReport, responses=AS_CSV)
def show_backlog(query: Annotated[BacklogQuery, Query()], _: Reader, services: Wired, request: Request) -> Response:
    """What waits now, and how old it is."""
    return _answer(request, query, partial(backlog, services))


@router.get("/definitions", response_model=DefinitionList, responses=DESCRIBED)
def show_definitions(_: Reader, lang: Language = "en") -> Response:
    """What every number means."""
    return Json(definitions(lang))


def _answer(request: Request, query: Asked, made: Callable[[Asked], Report]) -> Response:
    if not wants_csv(query.format, request.headers.get("accept", "")):
        return Json(made(query))
    return Csv(made(query.model_copy(update={"format": "csv"})), request.url.path.rpartition("/")[2])


def _group(shown: Shown, group: Group, **more: str) -> Report:
    return {"value": group.value, "figures": [shown.figure(name, one, **more) for name, one in group.values.items()]}


def _tier(shown: Shown, row: TierRow, **more: str) -> Report:
    return {
        "tier": row.tier,
        "count": row.cases,
        "stays": row.stays,
        "breaches": row.breaches,
        "seconds": row.seconds,
        "median": row.median,
        "p90": row.p90,
        "cases": shown.cases(came_to=row.tier, **more),
        "breaches_cases": shown.cases(breached_at_tier=row.tier, **more),
    }


def _only(by: str | None, value: str | None) -> Mapping[str, str]:
    return {} if by is None else {by: NONE if value is None else value}


def _ages(shown: Shown, row: Any, **more: str) -> list[Report]:
    only = {"counted_in": "backlog", **more}
    count = shown.figure("backlog", row.cases if row else 0, **more)
    ages = {"backlog_age_median": row and row.age_median, "backlog_age_oldest": row and row.oldest}
    return [count, *(shown.figure(name, value, **only) for name, value in ages.items())]


def _of_ages(shown: Shown, now: datetime, **more: str) -> list[str]:
    """The addresses of the cases in each band of age, the youngest first: an age is one from its limit on."""
    limits = [now + timedelta(microseconds=1) - timedelta(days=days) for days in BANDS]
    edges = zip([*limits, None], [None, *limits], strict=True)
    found = []
    for since, until in edges:
        between = {"opened_from": rfc3339(since), "opened_to": rfc3339(until)}
        known = {name: at for name, at in between.items() if at is not None}
        found.append(shown.cases(counted_in="backlog", **known, **more))
    return found
