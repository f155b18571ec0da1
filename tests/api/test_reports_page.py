"""The reports page: the API's own numbers in the reader's words, over the period and filters its address asks for."""

import codecs
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from api.pages.reports_query import Asked
from api.pages.reports_view import TILES, Reading
from domain import kpis
from domain.facts import Facts
from domain.kpi_words import DEFINITIONS
from records.tables import escalations
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.reported import keep, made_up_cases, report
from tests.api.signed_in import Visitor, visitor
from tests.api.test_lessons_api import action, explained, with_a_problem
from tests.records.made_up import made_up

PERIOD = "from=2026-01-10&to=2026-04-10"
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)> \u202eevil"


@pytest.fixture
async def someone(api: Api) -> Visitor:
    found = visitor(api)
    await found.signs_in("viewer")
    return found


@pytest.fixture
def stored(api: Api) -> list[Facts]:
    return made_up_cases(api)


def part(page: Page, id: str) -> str:
    """The markup of an article of the page."""
    return page.html.split(f'id="{id}">')[1].split("</article>")[0]


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def links(html: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]*)"', html)]


async def test_every_number_of_the_page_is_the_apis(api: Api, stored: list[Facts], someone: Visitor) -> None:
    found = (await report(api, f"summary?{PERIOD}&priority=high"))["figures"] + (
        await report(api, "backlog?priority=high")
    )["figures"]
    page = await someone.opens(f"/reports?{PERIOD}&priority=high")
    assert page.status == 200
    table = page.html.split('id="every"')[1].split("</table>")[0]
    rows = [words(row) for row in table.split("<tr>")[2:]]
    for one, row in zip(found, rows, strict=True):
        written = Reading("en").value(one["value"], one["unit"])
        assert row.startswith(f"{one['title']} {written}"), row
        assert row.endswith(one["definition"])
    assert any(one["value"] for one in found)


async def test_every_key_number_has_its_value_its_definition_and_its_cases_beside_it(
    api: Api, stored: list[Facts], someone: Visitor
) -> None:
    found = (await report(api, f"summary?{PERIOD}"))["figures"] + (await report(api, "backlog"))["figures"]
    by_name = {one["kpi"]: one for one in found}
    page = await someone.opens(f"/reports?{PERIOD}")
    for first, *others in TILES:
        tile = part(page, f"tile-{first}")
        assert f'<p class="big">{Reading("en").value(by_name[first]["value"], by_name[first]["unit"])}</p>' in tile
        for name in (first, *others):
            assert DEFINITIONS[name].title["en"] in words(tile)
            assert DEFINITIONS[name].text["en"] in words(tile)
            asked = by_name[name]["cases"].split("?")[1]
            is_measured = by_name[name]["value"] is not None
            assert (f"/reports/cases?{asked}" in links(tile)) == is_measured, name
    assert {one["value"] is None for one in found} == {True, False}


async def test_a_number_leads_to_just_its_cases(stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&product=search")
    inside = [
        one
        for one in stored
        if one.product == "search"
        and datetime(2026, 1, 10, tzinfo=UTC) <= one.opened_at < datetime(2026, 4, 11, tzinfo=UTC)
        and kpis.came_back(one)
    ]
    [link] = [link for link in links(part(page, "tile-reopen_rate")) if "opened_from=2026-01-10" in link]
    cases = await someone.opens(link)
    assert len(inside) > 0
    assert sorted(re.findall(r'class="quiet">(\S+)</span></th>', cases.html)) == sorted(one.id for one in inside)
    assert "Number: Reopened" in cases.words
    assert "Product: search" in cases.words
    assert f"Number of cases: {len(inside)}" in cases.words


async def test_a_list_of_cases_goes_on(api: Api, stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens("/reports/cases")
    seen = set(re.findall(r'class="quiet">(\S+)</span></th>', page.html))
    assert f"Number of cases: {len(stored)}" in page.words
    while more := [link for link in links(page.html) if "cursor=" in link]:
        page = await someone.opens(more[0])
        seen |= set(re.findall(r'class="quiet">(\S+)</span></th>', page.html))
    assert seen == {one.id for one in stored}


async def test_the_period_before_is_as_long_and_the_change_says_whether_it_is_better(
    api: Api, someone: Visitor
) -> None:
    chance = Random(1)  # noqa: S311 - made-up cases, no secrets
    plan = {"a": (2, 0), "b": (2, 4), "c": (12, 0), "d": (12, 0), "e": (12, 0)}
    keep(api, [_opened(chance, name, day, missed) for name, (day, missed) in plan.items()])
    page = await someone.opens("/reports?from=2026-02-11&to=2026-02-20")
    assert words(part(page, "tile-volume")).startswith("Escalations 3 ▲ +50 % before 2 Cases")
    assert "Compared with the 10 days before (Sun 1 Feb to Tue 10 Feb)" in page.words
    row = next(one for one in page.html.split("<tr>") if ">Breaches<" in one)
    assert "Breaches 0 4 ▼ −100 % better" in words(row)
    day = await someone.opens("/reports?from=2026-02-12&to=2026-02-12")
    assert "Compared with the day before (Wed 11 Feb)" in day.words
    worse = await someone.opens("/reports?from=2026-02-01&to=2026-02-10")
    assert "before –" in words(part(worse, "tile-acknowledge_median")), "nothing was opened before"
    for number in ("tile-acknowledge_median", "every"):
        assert not re.search(r">(before )?–</a>", part(worse, number)), "a dash leads to nothing"


def _opened(chance: Random, name: str, day: int, missed: int) -> Facts:
    breached = dict.fromkeys(made_up(chance, 1).breached, 0) | {"resolution": missed}
    changes = {"id": f"zendesk-{name}", "opened_at": datetime(2026, 2, day, 9, tzinfo=UTC), "breached": breached}
    return made_up(chance, 1).model_copy(update=changes)


async def test_charts_have_the_apis_numbers_as_a_table(api: Api, stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&cut=month")
    trend = (await report(api, f"trend?{PERIOD}&group_by=month"))["groups"]
    assert [int(opened) for opened, _ in openings_and_closings(page)] == [row["figures"][0]["value"] for row in trend]
    for one in (await report(api, f"root-causes?{PERIOD}"))["causes"]:
        written = Reading("en").value(one["cumulative_share"], "percent")
        assert f"{one['value']} {one['count']}" in words(part(page, "panel-causes"))
        assert written in words(part(page, "panel-causes"))
    for one in (await report(api, f"time-in-tier?{PERIOD}"))["tiers"]:
        row = f"{one['tier']} {one['count']} {Reading('en').span(one['median'])} {Reading('en').span(one['p90'])}"
        assert row in words(part(page, "panel-tiers"))
    owners = [one for one in (await report(api, f"summary?{PERIOD}&group_by=owner"))["groups"] if one["value"]]
    rows = re.findall(r'<th scope="row">([^<]*)</th><td class="number"><a [^>]*>(\d+)</a>', part(page, "panel-load"))
    names = {"dana": "Dana", "sam": "Sam"}
    assert rows == [(names.get(one["value"], one["value"]), str(one["figures"][0]["value"])) for one in owners]
    same = await someone.opens(f"/reports?{PERIOD}&group_by=owner")
    assert words(part(same, "panel-load")) == words(part(page, "panel-load"))
    assert links(part(same, "panel-load")) == links(part(page, "panel-load"))
    ages = (await report(api, "backlog"))["by_age"]
    assert f"over 30 days {ages[-1]}" in words(part(page, "panel-ages"))
    heat = (await report(api, f"heatmap?{PERIOD}"))["cells"]
    assert sum(int(one) for one in re.findall(r"/reports/cases[^>]*>(\d+)</a>", part(page, "panel-heat"))) == sum(
        cell["count"] for cell in heat
    )


def openings_and_closings(page: Page) -> list[tuple[str, str]]:
    """The first two numbers of each row of the trend's table."""
    rows = part(page, "panel-trend").split("<tr>")[2:]
    return [tuple(map(words, re.findall(r'<td class="number">(.*?)</td>', row)[:2])) for row in rows]  # type: ignore[misc]


async def test_a_case_counts_as_closed_in_the_piece_it_was_closed_in(
    api: Api, stored: list[Facts], someone: Visitor
) -> None:
    with api.services.database.write() as connection:
        mine = update(escalations).where(escalations.c.id == stored[0].id, escalations.c.episode == stored[0].episode)
        connection.execute(mine.values(closed_at=datetime(2026, 3, 31, 23, 59, tzinfo=UTC)))
    page = await someone.opens(f"/reports?{PERIOD}&cut=month")
    assert [closed for _, closed in openings_and_closings(page)] == ["0", "0", "1", "0"]
    others = next(one for one in ("acme", "bolt") if one != stored[0].customer)
    page = await someone.opens(f"/reports?{PERIOD}&cut=month&customer={others}")
    assert {closed for _, closed in openings_and_closings(page)} == {"0"}


async def test_every_chart_is_a_picture_with_a_name_a_table_and_a_file(stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}")
    names = ("trend", "compliance", "causes", "heat", "tiers", "load", "ages")
    assert re.findall(r'id="panel-(\w+)"', page.html) == list(names)
    for name in names:
        panel = part(page, f"panel-{name}")
        assert f'aria-labelledby="{name}-title"' in panel
        assert "<table" in panel.split("<details")[1], name
        [file] = [link for link in links(panel) if ".csv" in link]
        answer = await someone.client.get(file)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert len(list(csv.reader(io.StringIO(answer.text)))) > 1


async def test_the_table_by_group_has_a_file_and_names_that_narrow_the_report(
    api: Api, stored: list[Facts], someone: Visitor
) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&group_by=product")
    section = page.html.split('id="by-group"')[1].split("</section>")[0]
    groups = (await report(api, f"summary?{PERIOD}&group_by=product"))["groups"]
    rows = re.findall(r'<tr><th scope="row"><a href="([^"]*)">(.*?)</a></th><td class="number"><a [^>]*>(\d+)', section)
    assert [(unescape(name), int(count)) for _, name, count in rows] == [
        (one["value"] or "none", one["figures"][0]["value"]) for one in groups
    ]
    for (link, _, count), one in zip(rows, groups, strict=True):
        alone = await someone.opens(unescape(link))
        assert f'<p class="big">{count}</p>' in part(alone, "tile-volume"), one["value"]
    [file] = [link for link in links(section) if ".csv" in link]
    answer = await someone.client.get(file)
    same = await api.get(f"/v1/reports/summary?{PERIOD}&group_by=product&format=csv")
    assert answer.content == codecs.BOM_UTF8 + same.content, "Excel knows UTF-8 by it, a pipe trips over it"


@pytest.mark.parametrize("asked", ["from=2026-13-45", "to=gestern", "from=<b>&to=2026-04-10"])
async def test_what_is_no_day_is_said_and_the_report_is_of_the_others(someone: Visitor, asked: str) -> None:
    page = await someone.opens(f"/reports?{asked}")
    text = asked.split("&")[0].split("=")[1]
    assert f"“{text}” is no day of the calendar" in page.words
    assert "is no day" not in (await someone.opens("/reports?from=&to=2026-04-10")).words


def test_what_reads_the_same_is_unchanged() -> None:
    for before, now, moved, word in (
        (78.04, 77.96, "=", "unchanged"),
        (77.94, 77.96, "▲ +0.1 points", "better"),
        (78.0, 78.0, "=", "unchanged"),
        (78.0, 77.0, "▼ −1.0 points", "worse"),
    ):
        change = Reading("en").figure(_number("csat", now), _number("csat", before)).change
        assert change is not None
        assert (change.moved, change.word, change.tone) == (moved, word, "" if word == "unchanged" else word)
    slow = Reading("en").figure(_number("resolve_median", 100_001), _number("resolve_median", 100_000)).change
    assert slow is not None
    assert (slow.moved, slow.tone) == ("=", "")


def _number(kpi: str, value: float) -> dict[str, Any]:
    one = DEFINITIONS[kpi]
    return {"kpi": kpi, "title": one.title["en"], "value": value, "unit": one.unit, "definition": "", "cases": "x?"}


async def test_the_cases_behind_a_number_show_what_they_bring_to_it_the_worst_first(
    api: Api, stored: list[Facts], someone: Visitor
) -> None:
    page = await someone.opens("/reports/cases?counted_in=csat")
    scores = [int(one) for one in re.findall(r'<td class="number">(\d) of 5</td>', page.html)]
    assert scores == sorted(one.survey_score for one in stored if one.survey_score is not None)[:50]
    assert len(set(scores)) > 1
    slow = await someone.opens("/reports/cases?counted_in=resolve_median")
    times = [int(one) for one in re.findall(r'<td class="number">(\d+) s</td>', slow.html)]
    assert (
        times == sorted((one.resolve_seconds for one in stored if one.resolve_seconds is not None), reverse=True)[:50]
    )
    [newest] = [link for link in links(slow.html) if "sort=-opened_at" in link]
    again = (await someone.opens(newest)).html
    assert sorted(times) != sorted(re.findall(r'<td class="number">(\d+) s</td>', again))
    assert 'aria-current="page">Newest first' in again
    [more] = [link for link in links(slow.html) if "cursor=" in link]
    following = re.findall(r'<td class="number">(\d+) s</td>', (await someone.opens(more)).html)
    assert 0 < len(following) <= 50
    assert int(following[0]) <= times[-1]
    assert "of 5" not in (await someone.opens("/reports/cases?counted_in=volume")).html


async def test_a_customer_is_found_by_name_and_named_beside_the_id(api: Api, someone: Visitor) -> None:
    chance = Random(1)  # noqa: S311 - made-up cases, no secrets
    named = {"h1": "Hotel Nord", "h2": "Hotel Nordsee", "h3": "Pension <i>"}
    day = datetime(2026, 2, 2, 9, tzinfo=UTC)
    keep(api, [made_up(chance, n).model_copy(update={"customer": id, "opened_at": day}) for n, id in enumerate(named)])
    for id, name in named.items():
        call(api, id, name)
    page = await someone.opens(f"/reports?{PERIOD}&customer=hotel%20nord&group_by=customer")
    assert "Customer: Hotel Nord (h1)" in page.words
    assert '<p class="big">1</p>' in part(page, "tile-volume")
    several = await someone.opens(f"/reports?{PERIOD}&customer=hotel")
    assert "“hotel” is no customer's id. Customers called so: Hotel Nord (h1)" in several.words
    assert "Hotel Nordsee (h2)" in several.words
    [second] = [link for link in links(several.html) if "customer=h2" in link]
    assert "Customer: Hotel Nordsee (h2)" in (await someone.opens(second)).words
    none = await someone.opens(f"/reports?{PERIOD}&customer=Gasthof")
    assert "No customer has the id or the name “Gasthof”." in none.words
    assert "Pension <i> (h3)" in (await someone.opens(f"/reports?{PERIOD}&group_by=customer")).words
    assert "Customer: Hotel Nord (h1)" in (await someone.opens("/reports/cases?customer=h1")).words


def call(api: Api, customer: str, name: str) -> None:
    """Their cases know them by this name."""
    mine = escalations.c.customer == customer
    with api.services.database.write() as connection:
        [row] = connection.execute(select(escalations.c.document).where(mine)).all()
        document = {**row.document, "customer": {"id": customer, "name": name}}
        connection.execute(update(escalations).where(mine).values(document=document, search=name.casefold()))


async def test_filters_stand_in_the_form_and_can_be_taken_away(stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}&team=support&product=search&cause=x&cut=day&group_by=tier")
    form = next(form for form in page.forms if form.method == "get")
    chosen = {"team": "support", "product": "search", "cause": "x", "cut": "day", "group_by": "tier"}
    assert form.fields.items() >= {"from": "2026-01-10", "to": "2026-04-10", **chosen}.items()
    again = await someone.opens(f"/reports?{urlencode(form.fields)}")
    assert next(form for form in again.forms if form.method == "get").fields == form.fields
    without = [link for link in links(page.html.split('class="chips"')[1].split("</p>")[0]) if "product" not in link]
    assert len(without) == 1
    assert "Product: search" not in (await someone.opens(without[0])).words


async def test_without_a_period_it_is_the_last_ninety_days(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/reports")
    form = next(form for form in page.forms if form.method == "get")
    today = api.services.now().date()
    assert form.fields["to"] == today.isoformat()
    assert form.fields["from"] == (today - timedelta(days=89)).isoformat()
    assert form.fields["cut"] == "week"


async def test_an_empty_store_says_so_and_draws_nothing(someone: Visitor) -> None:
    page = await someone.opens("/reports")
    assert page.status == 200
    assert "No case was opened in this period with these filters." in page.words
    assert page.words.count("Nothing to show for this period.") == 8
    assert "svg" not in page.tags
    assert "No action is overdue." in page.words
    assert "No problem is open." in page.words
    assert words(part(page, "tile-csat")).startswith("Customer satisfaction (CSAT) – What this means")
    assert not links(part(page, "tile-csat")), "what nothing was measured of leads nowhere"


async def test_more_overdue_actions_lead_to_those_that_are_overdue(api: Api, someone: Visitor) -> None:
    late = [action(f"renew {number}", due_on="2020-01-31") for number in range(10)]
    for ticket in ("1", "2", "3"):
        await explained(api, ticket, actions=[*late, action("later", due_on="2090-01-31")], problem=None)
    page = await someone.opens("/reports")
    [more] = [link for link in links(page.html.split('id="lessons"')[1]) if "/actions" in link]
    assert more == "/actions?overdue=true"
    found = await someone.opens(more)
    assert ("renew 9" in found.words, "later" in found.words) == (True, False)


async def test_overdue_actions_and_open_problems_lead_to_their_pages(api: Api, someone: Visitor) -> None:
    actions = [action("renew it", due_on="2020-01-31"), action("later", due_on="2090-01-31")]
    await explained(api, "4711", actions=actions, problem=None, contributing_factors=[])
    await with_a_problem(api)
    [overdue] = (await api.get("/v1/actions?overdue=true")).json()["items"]
    [problem] = (await api.get("/v1/problems")).json()["items"]
    page = await someone.opens("/reports")
    section = page.html.split('id="lessons"')[1]
    assert f"{overdue['text']} Sam {overdue['escalation']}" in words(section)
    assert "later" not in words(section)
    assert f"{problem['id']} {problem['title']} open Sam Certificate expired" in words(section)
    for link in (f"/escalations/{overdue['escalation']}?episode=1", f"/problems/{problem['id']}"):
        assert link in links(section)
        assert (await someone.opens(link)).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-04-01&to=2026-03-01",
        "from=1900-01-05&to=2199-01-01",
        "from=nonsense&to=9999-12-31",
        "from=0001-01-01&team=%00&priority=urgent",
        "cut=century&group_by=weather&product=%F0%9F",
        "from=1990-01-01&cut=day",
        "from=1900-01-03&to=1900-01-04",
    ],
)
async def test_an_address_that_makes_no_sense_shows_a_report_all_the_same(
    stored: list[Facts], someone: Visitor, query: str
) -> None:
    assert (await someone.opens(f"/reports?{query}")).status == 200


async def test_days_the_wrong_way_round_are_told(someone: Visitor) -> None:
    page = await someone.opens("/reports?from=2026-04-01&to=2026-03-01")
    assert "The last day lies before the first" in page.words
    assert "The last day lies before the first" not in (await someone.opens("/reports")).words


@pytest.mark.parametrize("path", ["/reports/cases?colour=red", "/reports/cases?status=odd", "/reports/cases?cursor=x"])
async def test_a_list_that_cannot_be_read_is_refused_in_words(someone: Visitor, path: str) -> None:
    page = await someone.opens(path)
    assert (page.status, "This address says nothing" in page.words) == (422, True)


@pytest.mark.parametrize(("path", "status"), [("weather", 404), ("summary", 422), ("backlog", 422)])
async def test_a_file_that_cannot_be_made_is_refused_in_words(someone: Visitor, path: str, status: int) -> None:
    page = await someone.opens(f"/reports/{path}.csv?colour=red")
    assert (page.status, "This address says nothing" in page.words) == (status, True)


async def test_hostile_names_are_nothing_but_text(api: Api, someone: Visitor) -> None:
    chance = Random(1)  # noqa: S311 - made-up cases, no secrets
    names = dict.fromkeys(("product", "category", "customer", "owner", "cause", "team", "tier"), HOSTILE)
    long = dict.fromkeys(names, "=cmd|" + "y" * 10_000)
    made = [made_up(chance, number).model_copy(update=names) for number in (1, 2)]
    keep(api, [*made, made_up(chance, 3).model_copy(update=long)])
    for by in ("product", "customer", "owner", "cause", "team"):
        page = await someone.opens(f"/reports?{PERIOD}&group_by={by}&{urlencode({by: HOSTILE})}")
        assert page.status == 200
        assert HOSTILE in unescape(page.html)
        whole = await someone.opens(f"/reports?{PERIOD}&group_by={by}")
        for one in (page, whole):
            assert not {"script", "img"} & set(one.tags)
            assert not [name for name in one.attributes if name.startswith("on") or name == "style"]
    cases = await someone.opens(f"/reports/cases?{urlencode({'customer': HOSTILE})}")
    assert HOSTILE in cases.words or HOSTILE in unescape(cases.html)
    assert "script" not in cases.tags


@pytest.mark.parametrize("role", ["viewer", "agent", "operator", "admin"])
async def test_everybody_who_may_read_sees_reports(api: Api, role: str) -> None:
    page = await visitor(api).signs_in(role, "/reports")
    assert (page.status, "Escalation report" in page.words) == (200, True)
    assert "/reports" in links(page.html.split("<nav")[1].split("</nav>")[0])


@pytest.mark.parametrize("path", ["/reports", "/reports/cases", "/reports/summary.csv"])
async def test_ticket_systems_and_strangers_see_none(api: Api, path: str) -> None:
    page = await visitor(api).opens(path)
    assert page.address.split("?")[0].endswith("/sign-in")
    assert (await visitor(api).signs_in("system", path)).status == 403


async def test_it_speaks_german(stored: list[Facts], someone: Visitor) -> None:
    page = await someone.opens(f"/reports?{PERIOD}", **{"Accept-Language": "de"})
    assert page.language == "de"
    for title in ("Eskalationsbericht", "Kennzahlen", "Ursachen (Pareto)", DEFINITIONS["volume"].text["de"]):
        assert title in page.words
    assert re.search(r"\d,\d %", words(part(page, "tile-compliance")))
    for text in (DEFINITIONS["volume"].text["en"], "Escalation report", "better", "before"):
        assert text not in page.words
    for one in (DEFINITIONS[name] for names in TILES for name in names):
        assert f"Formel: {one.formula['de']}" in page.words
        assert one.formula["en"] not in page.words
    assert "Nur von jetzt" in words(part(page, "panel-ages"))
    assert "Kunden\u00adzufrieden\u00adheit (CSAT)" in page.html.split('id="by-group"')[1], (
        "it may break in a narrow column"
    )


def test_spans_are_said_in_two_units_and_never_in_none() -> None:
    said = [Reading("en").span(seconds) for seconds in (0, 59, 60, 3_599, 3_600, 90_000, 86_400, 86_460, 400 * 86_400)]
    assert said == ["0 s", "59 s", "1 min", "59 min", "1 h", "1 d 1 h", "1 d", "1 d", "400 d"]


def test_numbers_are_written_as_in_the_readers_country() -> None:
    assert [Reading(lang).value(1234.56, "per case") for lang in ("en", "de")] == ["1,234.6", "1.234,6"]
    assert [Reading("en").value(value, "percent") for value in (0, 100.0, 33.33, None)] == [
        "0 %",
        "100 %",
        "33.3 %",
        "–",
    ]


def test_an_address_keeps_what_it_asks_for() -> None:
    today = datetime(2026, 5, 1, tzinfo=UTC).date()
    asked = Asked.of({"from": "2026-01-01", "to": "2026-01-31", "product": "~", "group_by": "owner"}, today)
    assert (asked.cut, asked.days, asked.of_api("UTC", "en")["product"]) == ("day", 31, "")
    assert asked.query(product=None) == "from=2026-01-01&to=2026-01-31&cut=day&group_by=owner"
    before = asked.before
    assert before is not None
    assert (before.first.isoformat(), before.last.isoformat()) == ("2025-12-01", "2025-12-31")
