"""Every number of the reports page leads to the cases behind it: as many as it says, and never another list."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random

import pytest

from domain.facts import Facts, TierFacts
from domain.kpi_words import DEFINITIONS, KPIS
from domain.kpis import WAITING
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.lessons_desk import problem
from tests.api.reported import keep
from tests.api.signed_in import Visitor, visitor
from tests.api.test_lessons_api import with_a_problem
from tests.records.made_up import made_up

BEGIN, END = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC)
BEFORE = BEGIN - (END - BEGIN)
PERIOD = "from=2026-01-10&to=2026-04-10"
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
BY_TIER = DEFINITIONS["breaches_by_tier"].title["en"]
COUNTS_CASES = {"Escalations", "Opened", "Closed", "Cases", "Recurrences", "Backlog", *DAYS}
OLDEST = {"0 to 1 days": 1, "1 to 3 days": 3, "3 to 7 days": 7, "7 to 30 days": 30, "over 30 days": 10_000}
Which = Callable[[Facts], bool]


@dataclass(frozen=True)
class Cell:
    """A number with a link: which table it stands in, what its row and its column are called."""

    table: str
    row: str
    column: str
    text: str
    link: str


@pytest.fixture
async def someone(api: Api) -> Visitor:
    found = visitor(api)
    await found.signs_in("viewer")
    return found


@pytest.fixture
async def made(api: Api) -> list[Facts]:
    """Cases of two systems, of which one counts its tickets; half of them closed, some of those that wait are young."""
    chance, now = Random(6), api.services.now()  # noqa: S311 - made-up cases, no secrets
    old = [_perhaps_closed(chance, made_up(chance, number)) for number in range(120)]
    ages = (0.5, 1, 2.5, 3, 5, 7.5, 20, 31)
    young = [_waiting(chance, number, now - timedelta(days=days)) for number, days in enumerate(ages, start=200)]
    keep(api, [*old, *young])
    span = {"system": "zendesk", "from": BEGIN.isoformat(), "to": END.isoformat(), "count": 1000}
    assert (await api.post("/v1/tickets/seen", span, "system")).status_code == 200
    return [*old, *young]


def _perhaps_closed(chance: Random, one: Facts) -> Facts:
    at = one.opened_at + timedelta(seconds=chance.randrange(2_000_000))
    return one.model_copy(update={"closed_at": at if chance.random() < 0.5 else None})


def _waiting(chance: Random, number: int, at: datetime) -> Facts:
    return made_up(chance, number).model_copy(update={"opened_at": at, "status": "open"})


def _words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def linked(page: Page) -> Iterator[Cell]:
    """Every cell of every table of numbers that leads to cases."""
    tables = re.findall(
        r'<(?:details|article|section)[^>]* id="([\w-]+)">|<table class="figures">(.*?)</table>', page.html, re.S
    )
    inside = ""
    for id, table in tables:
        inside = id or inside
        if not table:
            continue
        heads = [_words(one) for one in re.findall("<th.*?</th>", table.split("</thead>")[0])]
        for row in table.split("<tbody>")[1].split("</tr>")[:-1]:
            name, *cells = re.findall(r"<t[hd][ >].*?</t[hd]>", row)
            for column, cell in zip(heads[1:], cells, strict=True):
                if link := re.search(r'href="([^"]*/reports/cases[^"]*)"', cell):
                    yield Cell(inside, _words(name), column, _words(cell), unescape(link[1]))


async def how_many(someone: Visitor, link: str) -> int:
    """As the list says it, which has as many rows where all fit on its first page."""
    page = await someone.opens(link)
    assert page.status == 200, link
    found = re.search("Number of cases: (\\d+)", page.words)
    assert found is not None
    assert min(int(found[1]), 50) == page.html.count('<td class="at">'), link
    return int(found[1])


def _opened(begin: datetime, end: datetime) -> Which:
    return lambda one: begin <= one.opened_at < end


def _at(tier: str, one: Facts) -> TierFacts | None:
    return next((stay for stay in one.tiers if stay.tier == tier), None)


def _missed_at(tier: str) -> Which:
    return lambda one: bool((stay := _at(tier, one)) and stay.breaches)


def _named(title: str, begin: datetime, end: datetime) -> Which:
    """The cases that the number of this title counts, of those opened then."""
    name = next((name for name, one in DEFINITIONS.items() if one.title["en"] == title), "volume")
    if name.startswith("backlog"):
        return lambda one: one.status in WAITING
    if name == "escalation_rate":
        return lambda one: one.system == "zendesk" and BEGIN <= begin <= one.opened_at < end
    counts = KPIS[name].counts
    return lambda one: begin <= one.opened_at < end and counts(one)


def _month(name: str) -> tuple[datetime, datetime]:
    first = datetime.strptime(f"1 {name}", "%d %b %Y").replace(tzinfo=UTC)
    return max(first, BEGIN), min((first + timedelta(days=31)).replace(day=1), END)


def behind(cell: Cell, now: datetime) -> Which:
    """What a case has to be so that this number counts it."""
    inside = _opened(BEGIN, END)
    by_tier = cell.column.removeprefix(f"{BY_TIER}: ")
    match cell.table:
        case "every":
            return _named(cell.row, *((BEGIN, END) if cell.column == "Value" else (BEFORE, BEGIN)))
        case "panel-trend":
            begin, end = _month(cell.row)
            if cell.column == "Closed":
                return lambda one: one.closed_at is not None and begin <= one.closed_at < end
            missed, counted = _missed_at(by_tier), _named(cell.column, begin, end)
            return lambda one: counted(one) and (by_tier == cell.column or missed(one))
        case "panel-compliance":
            which = next(
                one.title["en"] for one in DEFINITIONS.values() if one.title["en"].lower().endswith(cell.row.lower())
            )
            return _named(which, BEGIN, END)
        case "panel-causes":
            return lambda one: (
                inside(one) and one.cause == cell.row and (cell.column != "Recurrences" or one.recurrence)
            )
        case "panel-heat":
            at = (DAYS.index(cell.column), int(cell.row[:2]))
            return lambda one: inside(one) and (one.opened_at.weekday(), one.opened_at.hour) == at
        case "panel-tiers":
            missed = _missed_at(cell.row)
            return lambda one: (
                inside(one) and _at(cell.row, one) is not None and (cell.column != "Breaches" or missed(one))
            )
        case "panel-load":
            counted = _named(cell.column, BEGIN, END)
            return lambda one: (
                counted(one) and {"dana": "Dana", "sam": "Sam"}.get(one.owner or "", one.owner) == cell.row
            )
        case "panel-ages":
            upto = OLDEST[cell.row]
            least = max([0, *(days for days in OLDEST.values() if days < upto)])
            return lambda one: one.status in WAITING and least <= (now - one.opened_at) / timedelta(days=1) < upto
        case "by-group":
            counted, missed = _named(cell.column, BEGIN, END), _missed_at(by_tier)
            return lambda one: (
                counted(one) and (one.product or "none") == cell.row and (by_tier == cell.column or missed(one))
            )
    raise AssertionError(f"no test knows the table {cell.table}")


async def test_every_linked_number_of_the_page_lists_just_as_many_cases(
    api: Api, made: list[Facts], someone: Visitor
) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&cut=month&group_by=product")
    cells, now = list(linked(page)), api.services.now()
    panels = {"trend", "compliance", "causes", "heat", "tiers", "load", "ages"}
    assert {cell.table for cell in cells} == {"every", "by-group", *(f"panel-{one}" for one in panels)}
    for cell in cells:
        expected = sum(map(behind(cell, now), made))
        assert await how_many(someone, cell.link) == expected, cell
        if cell.text == "that missed it":
            continue
        if cell.column in COUNTS_CASES or (cell.column == "Value" and cell.row in COUNTS_CASES):
            assert cell.text == str(expected), cell


async def test_every_number_that_counts_something_has_a_link(made: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&cut=month&group_by=product")
    bare = [
        _words(cell)
        for table in re.findall(r'<table class="figures">(.*?)</table>', page.html, re.S)
        for cell in re.findall(r'<td class="number">(?!<a)(.*?)</td>', table)
    ]
    shares = [text for text in bare if text.endswith("%")]
    moved = [text for text in bare if "▲" in text or "▼" in text or "unchanged" in text]
    assert [text for text in bare if text not in ("0", "–", "", *shares, *moved)] == []
    assert len([text for text in shares if text not in moved]) == 2 * page.html.split('id="panel-causes"')[1].split(
        "</table>"
    )[0].count('<th scope="row">'), "the Pareto's shares alone are shares of cases that stand beside them"


async def test_the_escalation_rate_of_a_tile_lists_the_cases_it_counts(
    api: Api, made: list[Facts], someone: Visitor
) -> None:
    page = await someone.opens(f"/reports?{PERIOD}")
    tile = page.html.split('id="tile-escalation_rate">')[1].split("</article>")[0]
    counted = [one for one in made if one.system == "zendesk" and BEGIN <= one.opened_at < END]
    assert 0 < len(counted) < sum(BEGIN <= one.opened_at < END for one in made)
    assert f"{len(counted) / 10:.1f} %" in _words(tile)
    cases = unescape(re.findall(r'href="([^"]*)"', tile)[-1])
    assert await how_many(someone, cases) == len(counted)


async def test_the_cost_of_a_problem_leads_to_its_cases(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    count = (await problem(api))["cases"]
    assert count > 0
    page = await someone.opens("/problems/P-1")
    cost = page.html.split('id="cost"')[1].split("</section>")[0]
    hours, _, customers, cases = [unescape(one) for one in re.findall(r'href="([^"]*)"', cost)]
    for link in (hours, customers, cases):
        assert await how_many(someone, link) == count
    report = await someone.opens("/reports")
    assert f'<a href="{cases}">{count}</a>' in report.html
    assert await how_many(someone, "/reports/cases?problem=P-999") == 0
