"""The reports on a page: key numbers, charts, a table by group, what is overdue; a page that a manager prints.

Every number comes from the functions behind `/v1/reports`, those of closings from `records.closings`. The address says it all:
period, filters, grouping. A browser has no API key, so CSV files and the cases behind a number have addresses of their own here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from activities.wording import long_day, short_day, short_time, word
from api import reports
from api.escalations import ListQuery
from api.pages.board_query import plain
from api.pages.frame import PageRoute, base_of, words_only
from api.pages.reports_panels import Panel, Panels
from api.pages.reports_query import CUTS, FILTERS, WITHOUT, Asked, last_days
from api.pages.reports_view import (
    CASES,
    ByTier,
    Named,
    Reading,
    Report,
    every,
    extremes_first,
    grouped,
    named_by,
    tiles,
    with_id,
)
from api.pages.signed_in import Reader, Session, desk_page
from api.pages.words import said
from api.reports_csv import Csv
from api.services import Services, Wired
from domain.causes import title_of
from domain.errors import Invalid
from domain.kpi_words import DEFINITIONS
from domain.problems import UNRESOLVED, Problem
from domain.tickets import PRIORITIES
from records.actions import ActionFilters
from records.at_tiers import time_in_tier_by
from records.counted import NONE, VALUES
from records.customers import Customers
from records.problems import ProblemFilters

PATH: Final = "/reports"
STRETCHES: Final = (7, 30, 90, 365)  # days, a press away
MOST_GROUPS: Final = 200
MOST_LISTED: Final = 20  # overdue actions, open problems
PAGE: Final = 50  # cases
ORIGINS: Final = {"ours": "ours", "product": "product", "third_party": "third_party", "customer": "origin_customer"}
TIMES: Final = {
    "opened_from": "reports_from",
    "opened_to": "reports_until",
    "closed_from": "reports_closed_from",
    "closed_to": "reports_closed_until",
}
CSVS: Final[Mapping[str, tuple[type[reports.Filtered], Callable[..., Report]]]] = {
    "summary": (reports.SummaryQuery, reports.summary),
    "trend": (reports.TrendQuery, reports.trend),
    "root-causes": (reports.CausesQuery, reports.root_causes),
    "heatmap": (reports.ReportQuery, reports.heatmap),
    "time-in-tier": (reports.TierQuery, reports.time_in_tier),
    "backlog": (reports.BacklogQuery, reports.backlog),
}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PATH)
def show(request: Request, session: Reader, services: Wired) -> Response:
    """The whole report."""
    today = services.now().astimezone(ZoneInfo(session.timezone)).date()
    asked, meant = _whom(services, Asked.of(request.query_params, today))
    made = _Made(services, session, asked, today, meant)
    return desk_page(services, session, "reports.html.j2", **made.fields())


@router.get(CASES)
def show_cases(request: Request, session: Reader, services: Wired) -> Response:
    """The cases behind a number: the parameters are those of `GET /v1/escalations`."""
    given = {name: plain(value) for name, value in request.query_params.items()}
    number = given.get("counted_in", "")
    order = {"sort": extremes_first(number)} if number in VALUES else {}
    try:
        query = ListQuery.model_validate({**order, **given, "limit": PAGE})
        found, following = services.escalations.list_page(query.filters, query.sort, PAGE, query.cursor)
        count = services.escalations.count(query.filters)
    except (ValidationError, Invalid):
        return words_only(services, session.language, 422, "reports_unread_title", "reports_unread")
    more = urlencode({**given, "cursor": following}) if following else None
    reading, values = Reading(session.language), services.escalations.values(number, found)
    return desk_page(
        services,
        session,
        "reports_cases.html.j2",
        rows=[
            _row(one, services, session) | {"value": reading.brought(number, values.get((one["id"], one["episode"])))}
            for one in found
        ],
        count=reading.number(count),
        about=_about(given, services, session),
        brought=reading.brings(number) if order else None,
        orders=_orders(given, query.sort, reading) if order else [],
        more=more,
    )


@router.get(f"{PATH}/{{name}}.csv")
def show_csv(name: str, request: Request, session: Reader, services: Wired) -> Response:
    """A report as a table: the parameters are those of `GET /v1/reports/{name}`."""
    if name not in CSVS:
        return words_only(services, session.language, 404, "reports_unread_title", "reports_unread")
    shape, made = CSVS[name]
    try:
        query = shape.model_validate({**request.query_params, "format": "csv"})
        return Csv(made(services, query), name, for_excel=True)
    except (ValidationError, Invalid):
        return words_only(services, session.language, 422, "reports_unread_title", "reports_unread")


@dataclass(frozen=True)
class _Made:
    """The page of one address."""

    services: Services
    session: Session
    asked: Asked
    today: date
    meant: Mapping[str, str] | None = (
        None  # customers the filter may mean, by id, where it is none's id and not one's name
    )

    def fields(self) -> dict[str, Any]:
        """What the template asks for."""
        asked, services = self.asked, self.services
        main = reports.summary(services, self._query(reports.SummaryQuery, group_by=asked.group_by, limit=MOST_GROUPS))
        waiting = reports.backlog(services, self._query(reports.BacklogQuery))
        shown, before = [*main["figures"], *waiting["figures"]], self._before()
        values = [group["value"] for group in main["groups"]]
        return {
            "asked": asked,
            "meant": self.meant
            and [(self._customers(self.meant)(id), asked.query(customer=id)) for id in list(self.meant)[:MOST_LISTED]],
            "unknown_customer": self.meant is not None,
            "filled": bool(main["figures"][0]["value"]),
            "tiles": tiles(self.reading, shown, before),
            "figures": list(every(self.reading, shown, before)),
            "panels": self._panels(main, waiting),
            "groups": grouped(self.reading, main, self._missed(main), self._named(asked.group_by, values), self._only),
            "groups_left_out": main["groups_left_out"],
            "groups_csv": self._csv("summary", asked.group_by),
            **self._words(),
            **self._lessons(),
        }

    @property
    def reading(self) -> Reading:
        """In whose words."""
        return Reading(self.session.language, base_of(self.services))

    def _query(self, shape: type[Any], **more: Any) -> Any:
        """The page's question as one of the API's."""
        given = self.asked.of_api(self.session.timezone, self.session.language)
        return shape.model_validate({name: value for name, value in given.items() if _takes(shape, name)} | more)

    def _before(self) -> list[Report] | None:
        """The same numbers of the period just before."""
        before = self.asked.before
        if before is None:
            return None
        given = before.of_api(self.session.timezone, self.session.language)
        found: list[Report] = reports.summary(self.services, reports.SummaryQuery.model_validate(given))["figures"]
        return found

    def _panels(self, main: Report, waiting: Report) -> list[Panel]:
        services, panels = self.services, Panels(self.reading, self._csv)
        plain_query = self._query(reports.ReportQuery)
        owners = main if self.asked.group_by == "owner" else self._owners()
        return [
            self._trend(panels),
            panels.compliance(main),
            panels.causes(reports.root_causes(services, self._query(reports.CausesQuery)), self._named("cause")),
            panels.heat(reports.heatmap(services, plain_query), self.session.timezone),
            panels.tiers(reports.time_in_tier(services, self._query(reports.TierQuery))),
            panels.load(owners, self._named("owner")),
            panels.ages(waiting),
        ]

    def _owners(self) -> Report:
        """The summary by owner, without its total: that is the page's already, and costs as much again."""
        shown = reports.Shown.of(self.services, self._query(reports.ReportQuery))
        found = shown.figures.groups(shown.wanted, "owner")[:MOST_GROUPS]
        return {
            "groups": [
                {
                    "value": one.value,
                    "figures": [
                        shown.figure(name, value, owner=one.value or NONE) for name, value in one.values.items()
                    ],
                }
                for one in found
            ]
        }

    def _trend(self, panels: Panels) -> Panel:
        return panels.trend(reports.trend(self.services, self._query(reports.TrendQuery, group_by=self.asked.cut)))

    def _missed(self, main: Report) -> ByTier:
        """What each group of the summary missed at each tier."""
        by = self.asked.group_by
        shown = reports.Shown.of(self.services, self._query(reports.ReportQuery))
        found = {
            value: {row.tier: row.breaches for row in rows}
            for value, rows in time_in_tier_by(self.services.database, shown.wanted, by).items()
        }
        tiers = sorted({tier for one in found.values() for tier in one})
        return {
            value: [
                {
                    "tier": tier,
                    "breaches": found.get(value, {}).get(tier, 0),
                    "cases": shown.cases(**{by: NONE if value is None else value}, breached_at_tier=tier),
                }
                for tier in tiers
            ]
            for value in (group["value"] for group in main["groups"])
        }

    def _csv(self, report: str, group_by: str | None = None) -> str:
        """The address of a report as CSV, over what the page shows."""
        given = self.asked.of_api(self.session.timezone, self.session.language)
        shape, _ = CSVS[report]
        kept = {name: value for name, value in given.items() if _takes(shape, name)}
        more = {"group_by": group_by} if group_by else {}
        return f"{self.reading.base}{PATH}/{report}.csv?{urlencode({**kept, **more})}"

    def _only(self, value: str | None) -> str:
        """The page about one group alone."""
        changes = {self.asked.group_by: WITHOUT if value is None else value}
        return f"{self.reading.base}{PATH}?{self.asked.query(**changes)}"

    def _customers(self, names: Mapping[str, str]) -> Named:
        return named_by(self.reading, "customer", {id: with_id(id, name) for id, name in names.items()})

    def _named(self, dimension: str, values: Sequence[str | None] = ()) -> Named:
        """How the values of a dimension are called; of customers just these."""
        if dimension == "customer":
            return self._customers(Customers(self.services.database).names(one for one in values if one is not None))
        roster, language = self.services.roster.current(), self.session.language
        names: Mapping[str, str] = {}
        if dimension == "team":
            names = {one.id: one.name or one.id for one in roster.teams}
        elif dimension == "owner":
            names = {one.id: one.name for one in roster.people}
        elif dimension == "origin":
            names = {one: said(language, key) for one, key in ORIGINS.items()}
        elif dimension == "cause":
            tree = self.services.causes.tree
            return lambda value: self.reading.say("without") if value is None else title_of(tree, value, language)
        return named_by(self.reading, dimension, names)

    def _words(self) -> dict[str, Any]:
        """The form, and what is asked for in words."""
        asked, language = self.asked, self.session.language
        roster = self.services.roster.current()
        chips = [
            (
                self.reading.say(f"by_{name}"),
                self._named(name, [text])(None if text == WITHOUT else text),
                asked.query(**{name: None}),
            )
            for name, text in asked.filters.items()
        ]
        before = asked.before
        return {
            "first_day": long_day(asked.first, language),
            "last_day": long_day(asked.last, language),
            "before_days": before and (short_day(before.first, language), short_day(before.last, language)),
            "zone": self.session.timezone,
            "chips": chips,
            "stretches": [(days, last_days(asked, self.today, days)) for days in STRETCHES],
            "cuts": CUTS,
            "dimensions": FILTERS,
            "hidden": {name: text for name, text in asked.filters.items() if name in ("cause", "origin")},
            "teams": [(one.id, one.name or one.id) for one in roster.teams],
            "people": [(one.id, one.name) for one in roster.people],
            "priorities": [(one, word(language, one)) for one in reversed(PRIORITIES)],
            "tiers": [(one, one) for one in self.services.board.counts().tiers],
            "without": WITHOUT,
            "made_at": short_time(self.services.now(), self.session.timezone, language),
        }

    def _lessons(self) -> dict[str, Any]:
        """What was promised and is overdue; causes that came back and are not resolved. Of now, whatever is filtered."""
        roster, language = self.services.roster.current(), self.session.language
        overdue, more = self.services.actions.page(
            ActionFilters(overdue=True), roster, self.services.now(), MOST_LISTED
        )
        owner, cause = self._named("owner"), self._named("cause")
        found = [
            one
            for state in UNRESOLVED
            for one in self.services.problems.page(ProblemFilters(state=state), MOST_LISTED)[0]
        ]
        return {
            "overdue": [(one, owner(one.action.owner), short_day(one.action.due_on, language)) for one in overdue],
            "more_overdue": more is not None,
            "open_problems": [
                (one, self.reading.number(cases), owner(one.owner), cause(one.category), _cases_of(one))
                for one, cases in found
            ],
            "problem_state": partial(said, language),
        }


def _cases_of(problem: Problem) -> str:
    return urlencode({"cause": problem.category, "product": problem.product or ""})


def _takes(shape: type[Any], name: str) -> bool:
    """Whether a report has this parameter; the backlog has no period."""
    return any(name in (known, one.alias) for known, one in shape.model_fields.items())


def _row(case: Mapping[str, Any], services: Services, session: Session) -> dict[str, Any]:
    person = services.roster.current().person(case["owner"]) if case["owner"] else None
    return {
        "id": case["id"],
        "episode": case["episode"],
        "subject": case["ticket"]["subject"],
        "customer": case["customer"]["name"],
        "status": word(session.language, case["status"]),
        "priority": word(session.language, case["priority"]),
        "tier": case["tier"]["name"],
        "owner": person.name if person else case["owner"] or "–",
        "opened": short_time(datetime.fromisoformat(case["opened_at"]), session.timezone, session.language),
    }


def _whom(services: Services, asked: Asked) -> tuple[Asked, Mapping[str, str] | None]:
    """The same about the customer whose name was written instead of the id; else the customers it may mean."""
    text, customers = asked.filters.get("customer", WITHOUT), Customers(services.database)
    if text == WITHOUT or customers.names([text]):
        return asked, None
    found = customers.called(text)
    if len(found) != 1:
        return asked, found
    return replace(asked, filters={**asked.filters, "customer": next(iter(found))}), None


def _orders(given: Mapping[str, str], sort: str, reading: Reading) -> list[tuple[str, str, bool]]:
    """How the list can be sorted: the words, the address, whether it is."""
    kept = {name: text for name, text in given.items() if name != "cursor"}
    extremes = extremes_first(given["counted_in"])
    words = {
        extremes: reading.say("highest" if extremes.startswith("-") else "lowest"),
        "-opened_at": reading.say("newest"),
    }
    return [(said, urlencode({**kept, "sort": one}), one == sort) for one, said in words.items()]


def _about(given: Mapping[str, str], services: Services, session: Session) -> list[tuple[str, str]]:
    """What a list is narrowed by, in words."""
    language = session.language
    known = DEFINITIONS.get(given.get("counted_in", ""))
    found = [(said(language, "reports_number"), Reading(language).defined(known.title))] if known else []
    for name, key in TIMES.items():
        if given.get(name):
            at = datetime.fromisoformat(given[name])
            found.append((said(language, key), short_time(at, session.timezone, language)))
    names = (*FILTERS, "came_to", "breached_at_tier", "problem", "opened_hour")
    customers = Customers(services.database).names([given["customer"]] if given.get("customer") else [])
    called = {id: with_id(id, name) for id, name in customers.items()}
    return found + [
        (
            said(language, f"reports_by_{name}"),
            called.get(given[name], given[name]) or said(language, "reports_without"),
        )
        for name in names
        if name in given
    ]
