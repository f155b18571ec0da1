"""The reports over HTTP: numbers with their definition and a link that lists just the cases behind them; JSON and CSV."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from api.report_shapes import (
    BacklogReport,
    CausesReport,
    DefinitionList,
    HeatReport,
    SummaryReport,
    TierReport,
    TrendReport,
)
from api.reports_csv import safe
from api.shapes import Shape
from domain import kpis
from domain.facts import Facts
from domain.kpi_words import KPIS
from records.counted import DIMENSIONS
from tests.api.conftest import Api
from tests.api.reported import keep, made_up_cases, report
from tests.records.made_up import made_up

SHAPES: Mapping[str, type[Shape]] = {
    "summary": SummaryReport,
    "trend": TrendReport,
    "root-causes": CausesReport,
    "heatmap": HeatReport,
    "time-in-tier": TierReport,
    "backlog": BacklogReport,
}
PERIOD = "from=2026-01-10&to=2026-04-10&timezone=Europe/Berlin"


@pytest.fixture
def stored(api: Api) -> list[Facts]:
    return made_up_cases(api)


async def listed(api: Api, address: str) -> int:
    """How many cases the address lists."""
    answer = await api.get(f"{address}&limit=200", "viewer")
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])


def figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {one["kpi"]: one for one in row["figures"]}


async def test_every_answer_has_its_declared_shape(api: Api, stored: list[Facts]) -> None:
    for name, shape in SHAPES.items():
        grouped = {"summary": "&group_by=team", "backlog": "?group_by=tier"}.get(name, "")
        asked = f"{name}{grouped}" if name == "backlog" else f"{name}?{PERIOD}{grouped}"
        shape.model_validate(await report(api, asked))
    DefinitionList.model_validate(await report(api, "definitions"))


async def test_the_link_of_a_number_lists_just_the_cases_behind_it(api: Api, stored: list[Facts]) -> None:
    found = await report(api, f"summary?{PERIOD}&group_by=team&priority=high")
    inside = [one for one in stored if one.priority == "high" and _inside(one)]
    whole = figures(found)
    assert whole["volume"]["value"] == len(inside) > 0
    assert await listed(api, whole["volume"]["cases"]) == len(inside)
    assert await listed(api, whole["reopen_rate"]["cases"]) == sum(map(kpis.came_back, inside))
    assert await listed(api, whole["compliance_closure"]["cases"]) == sum(one.breached["closure"] > 0 for one in inside)
    for group in found["groups"]:
        mine = [one for one in inside if one.team == group["value"]]
        assert figures(group)["volume"]["value"] == await listed(api, figures(group)["volume"]["cases"]) == len(mine)


def _inside(one: Facts) -> bool:
    berlin = timedelta(hours=1)
    return datetime(2026, 1, 10, tzinfo=UTC) - berlin <= one.opened_at < datetime(2026, 4, 11, tzinfo=UTC) - 2 * berlin


@pytest.mark.parametrize("by", DIMENSIONS)
async def test_the_groups_of_every_dimension_have_links_that_list_them(api: Api, stored: list[Facts], by: str) -> None:
    found = await report(api, f"summary?{PERIOD}&group_by={by}")
    for group in found["groups"]:
        volume = figures(group)["volume"]
        assert await listed(api, volume["cases"]) == volume["value"], group["value"]


async def test_a_trend_has_every_week_and_links_of_its_own(api: Api, stored: list[Facts]) -> None:
    found = await report(api, f"trend?{PERIOD}&group_by=week")
    assert [row["value"] for row in found["groups"]][:2] == ["2026-01-05", "2026-01-12"]
    assert found["groups"][0]["from"] == found["from"] == "2026-01-09T23:00:00Z"
    counts = [figures(row)["volume"] for row in found["groups"]]
    assert sum(one["value"] for one in counts) == sum(map(_inside, stored))
    assert await listed(api, counts[3]["cases"]) == counts[3]["value"]


async def test_a_trend_says_what_was_missed_at_each_tier_and_how_many_were_closed(api: Api) -> None:
    chance, at = Random(6), datetime(2026, 3, 1, 12, tzinfo=UTC)  # noqa: S311 - made-up cases, no secrets
    made = [made_up(chance, number) for number in range(60)]
    keep(api, [one.model_copy(update={"closed_at": at + timedelta(days=n % 3)}) for n, one in enumerate(made)])
    found = await report(api, f"trend?{PERIOD}&group_by=month")
    for tier in ("L1", "L2", "L3"):
        rows = [next(one for one in row["breaches_by_tier"] if one["tier"] == tier) for row in found["groups"]]
        stays = [stay for one in made if _inside(one) for stay in one.tiers if stay.tier == tier]
        assert sum(row["breaches"] for row in rows) == sum(stay.breaches for stay in stays) > 0
        assert [await listed(api, row["cases"]) for row in rows] == [row["breaches"] for row in rows], "one each"
    closed = [figures(row)["closed"] for row in found["groups"]]
    assert [one["value"] for one in closed] == [0, 0, 60, 0]
    assert [await listed(api, one["cases"]) for one in closed] == [0, 0, 60, 0]
    heading, *rows = csv.reader(io.StringIO((await api.get(f"/v1/reports/trend?{PERIOD}&format=csv")).text))
    assert heading[-4:] == ["closed", "breaches_at_L1", "breaches_at_L2", "breaches_at_L3"]
    assert sum(int(row[-4]) for row in rows) == 60


@pytest.mark.parametrize("by", ["product", "tier"])
async def test_what_was_missed_at_a_tier_is_told_by_every_dimension(api: Api, stored: list[Facts], by: str) -> None:
    found = await report(api, f"time-in-tier?{PERIOD}&group_by={by}")
    inside = [one for one in stored if _inside(one)]
    assert {group["value"] for group in found["groups"]} == {getattr(one, by) for one in inside}
    for group in found["groups"]:
        mine = [one for one in inside if getattr(one, by) == group["value"]]
        for row in group["tiers"]:
            missed = [one for one in mine if any(stay.tier == row["tier"] and stay.breaches for stay in one.tiers)]
            assert row["breaches"] == await listed(api, row["breaches_cases"]) == len(missed), "one each"
            assert row["count"] == await listed(api, row["cases"])
    rows = list(
        csv.reader(io.StringIO((await api.get(f"/v1/reports/time-in-tier?{PERIOD}&group_by={by}&format=csv")).text))
    )
    assert rows[0][:2] == ["value", "tier"]
    assert not [name for name in rows[0] if name.endswith("cases")]
    assert [row[0] for row in rows[1:4]] == ["*"] * 3
    assert len(rows) == 1 + len(found["tiers"]) + sum(len(group["tiers"]) for group in found["groups"])
    few = await report(api, f"time-in-tier?{PERIOD}&group_by={by}&limit=1")
    assert (few["groups"], few["groups_left_out"]) == (found["groups"][:1], len(found["groups"]) - 1)


async def test_the_pareto_adds_up_and_its_lines_lead_to_their_cases(api: Api, stored: list[Facts]) -> None:
    found = (await report(api, f"root-causes?{PERIOD}"))["causes"]
    assert found[-1]["cumulative_share"] == 100
    assert [row["count"] for row in found] == sorted((row["count"] for row in found), reverse=True)
    by_customer = (await report(api, f"root-causes?{PERIOD}&group_by=customer"))["causes"]
    for row in [*found, *by_customer]:
        assert await listed(api, row["cases"]) == row["count"]
        assert await listed(api, row["recurrences_cases"]) == row["recurrences"]


async def test_a_cell_of_the_heat_map_leads_to_the_cases_of_that_hour(api: Api, stored: list[Facts]) -> None:
    found = (await report(api, f"heatmap?{PERIOD}"))["cells"]
    assert len(found) == 7 * 24
    assert sum(cell["count"] for cell in found) == sum(map(_inside, stored))
    for cell in [cell for cell in found if cell["count"]][:5]:
        assert await listed(api, cell["cases"]) == cell["count"]


async def test_the_backlog_and_the_tiers_lead_to_their_cases(api: Api, stored: list[Facts]) -> None:
    waiting = figures(await report(api, "backlog"))["backlog"]
    assert await listed(api, waiting["cases"]) == waiting["value"]
    for row in (await report(api, f"time-in-tier?{PERIOD}"))["tiers"]:
        assert await listed(api, row["cases"]) == row["count"]
    grouped = await report(api, "backlog?group_by=team")
    for row in (grouped, *grouped["groups"]):
        assert [await listed(api, cases) for cases in row["by_age_cases"]] == row["by_age"]


async def test_an_age_is_one_from_its_limit_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, now = Random(1), datetime(2026, 5, 1, 12, 0, 0, 1, tzinfo=UTC)  # noqa: S311 - made-up cases, no secrets
    aged = [timedelta(days=1), timedelta(days=1, microseconds=-1), timedelta(days=30)]
    plain = [
        made_up(chance, n).model_copy(update={"status": "open", "opened_at": now - age}) for n, age in enumerate(aged)
    ]
    keep(api, plain)
    monkeypatch.setattr(api.app.state, "services", replace(api.services, now=lambda: now))
    found = await report(api, "backlog")
    assert found["by_age"] == [1, 1, 0, 0, 1]
    assert [await listed(api, cases) for cases in found["by_age_cases"]] == [1, 1, 0, 0, 1]


async def test_csv_by_parameter_or_by_accept(api: Api, stored: list[Facts]) -> None:
    asked = f"/v1/reports/summary?{PERIOD}&group_by=product"
    by_parameter = await api.get(f"{asked}&format=csv")
    by_header = await api.get(asked, headers={"Accept": "text/csv"})
    assert by_parameter.headers["content-type"] == by_header.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_parameter.text == by_header.text
    heading, *rows = csv.reader(io.StringIO(by_parameter.text))
    found = await report(api, f"summary?{PERIOD}&group_by=product")
    assert heading[:2] == ["product", "volume"]
    assert [row[0] for row in rows] == ["*", *((one["value"] or "") for one in found["groups"])]


@pytest.mark.parametrize("name", [*SHAPES, "time-in-tier?group_by=product", "backlog?group_by=team"])
async def test_a_csv_without_a_case_has_the_headings_it_has_with_some(api: Api, name: str) -> None:
    of_cases = "" if "backlog" in name else f"{'&' if '?' in name else '?'}{PERIOD}"
    empty = await headings(api, f"{name}{of_cases}")
    made_up_cases(api)
    full = await headings(api, f"{name}{of_cases}")
    assert empty == [one for one in full if not one.startswith("breaches_at_")], "tiers of cases that there are"


async def headings(api: Api, asked: str) -> list[str]:
    answer = await api.get(f"/v1/reports/{asked}", headers={"Accept": "text/csv"})
    return next(csv.reader(io.StringIO(answer.text)))


@pytest.mark.parametrize("name", ["summary", "time-in-tier"])
async def test_a_csv_has_every_group_and_json_says_how_many_it_leaves_out(api: Api, name: str) -> None:
    chance = Random(1)  # noqa: S311 - made-up cases, no secrets
    day = datetime(2026, 2, 2, 9, tzinfo=UTC)
    many = [made_up(chance, n).model_copy(update={"customer": f"c{n}", "opened_at": day}) for n in range(210)]
    keep(api, many)
    asked = f"{name}?{PERIOD}&group_by=customer"
    usual, more = await report(api, asked), await report(api, f"{asked}&limit=205")
    assert [(len(found["groups"]), found["groups_left_out"]) for found in (usual, more)] == [(50, 160), (205, 5)]
    rows = list(csv.reader(io.StringIO((await api.get(f"/v1/reports/{asked}&format=csv")).text)))
    assert {row[0] for row in rows[1:]} == {"*", *(one.customer for one in many)}
    few = list(csv.reader(io.StringIO((await api.get(f"/v1/reports/{asked}&limit=3&format=csv")).text)))
    assert len({row[0] for row in few[1:]}) == 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
async def test_no_name_of_a_customer_becomes_a_formula(api: Api, text: str) -> None:
    chance = Random(1)  # noqa: S311 - made-up cases, no secrets
    keep(api, [made_up(chance, 1).model_copy(update={"customer": text})])
    answer = await api.get(f"/v1/reports/summary?{PERIOD}&group_by=customer&format=csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[-1][0] == f"'{text}"


def test_a_number_stays_one() -> None:
    assert [safe(cell) for cell in (-5, 2.5, None, "L1")] == [-5, 2.5, None, "L1"]


async def test_definitions_are_in_english_and_german(api: Api) -> None:
    english, german = [(await report(api, f"definitions?lang={lang}"))["items"] for lang in ("en", "de")]
    assert [one["kpi"] for one in english] == [one["kpi"] for one in german]
    assert all(one["text"] != other["text"] for one, other in zip(english, german, strict=True))
    by_name = {one["kpi"]: one for one in german}
    assert by_name["volume"]["title"] == "Eskalationen"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("summary?from=2026-04-01&to=2026-03-01", "period_empty"),
        ("trend?from=2020-01-01&to=2026-01-01", "too_many_pieces"),
        ("summary?group_by=weather", "invalid_field"),
        ("summary?from=2026-04-01T10:00:00", "invalid_field"),
        ("summary?timezone=Mars/Olympus", "invalid_field"),
        ("summary?from=0001-01-01&timezone=Asia/Tokyo", "invalid_field"),
        ("summary?to=9999-12-31", "invalid_field"),
        ("summary?from=0001-01-01T00:00:00Z", "invalid_field"),
        ("summary?teem=support", "invalid_field"),
    ],
)
async def test_what_cannot_be_reported_is_refused_in_words(api: Api, asked: str, code: str) -> None:
    answer = await api.get(f"/v1/reports/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("asked", ["gestern", "2026-13-01", "2026-11-22T10:00:00", "2026", "9999-12-31"])
async def test_what_is_no_day_is_refused_once_in_our_own_words(api: Api, asked: str) -> None:
    found = (await api.get(f"/v1/reports/summary?from={asked}")).json()
    words = f"'{asked}' is no day or instant between the years 1900 and 2200; write a day such as 2026-03-06, "
    assert found["errors"] == [{"path": "from", "message": f"{words}{AN_INSTANT}"}]
    assert (found["field"], found["detail"]) == ("from", f"from: {words}{AN_INSTANT}")


async def test_without_dates_it_is_the_last_ninety_days(api: Api) -> None:
    found = await report(api, "summary")
    begin, end = (datetime.fromisoformat(found[name]) for name in ("from", "to"))
    assert end - begin == timedelta(days=90)
    assert begin < api.services.now() <= end


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("counted_in=weather", "it is one of volume"),
        ("counted_in=escalation_rate", "give opened_from and opened_to too"),
        ("closed_from=yesterday", "closed_from"),
    ],
)
async def test_a_list_that_cannot_be_is_refused_in_words(api: Api, asked: str, words: str) -> None:
    answer = await api.get(f"/v1/escalations?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert words in answer.text


async def test_the_cases_behind_a_number_are_sorted_by_what_they_bring_to_it(api: Api, stored: list[Facts]) -> None:
    for kpi, field in (
        ("csat", "survey_score"),
        ("resolve_p90", "resolve_seconds"),
        ("messages_failed", "messages_failed"),
    ):
        known = [one for one in stored if KPIS[kpi].counts(one)]
        by_case = {(one.id, one.episode): getattr(one, field) for one in known}
        for sort in ("value", "-value"):
            keys = await _walked(api, f"/v1/escalations?counted_in={kpi}&sort={sort}&limit=7")
            assert sorted(keys) == sorted(by_case)
            found = [by_case[key] for key in keys]
            assert found == sorted(found, reverse=sort == "-value")
            assert len(set(found)) > 1 or kpi == "messages_failed"


async def _walked(api: Api, path: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get(f"{path}&cursor={cursor}" if cursor else path, "viewer")).json()
        found += [(one["id"], one["episode"]) for one in page["items"]]
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize("asked", ["sort=value", "sort=-value&counted_in=volume"])
async def test_where_a_case_brings_nothing_it_cannot_be_sorted_by_it(api: Api, asked: str) -> None:
    answer = await api.get(f"/v1/escalations?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_sort")
    assert "counted_in one of acknowledge_median" in answer.json()["detail"]


# Tickets seen

AN_INSTANT = "or an instant with its offset such as 2026-03-06T17:00:00Z"
SPAN = {"system": "zendesk", "from": "2026-02-01T00:00:00Z", "to": "2026-02-02T00:00:00Z", "count": 50}


@pytest.mark.parametrize("text", ["2026-11-22", "2026-11-22T10:00:00"])
async def test_an_instant_without_its_offset_is_refused_in_our_own_words(api: Api, text: str) -> None:
    found = (await api.post("/v1/tickets/seen", {**SPAN, "from": text})).json()
    assert found["detail"] == "from: has no time zone; add an offset such as +01:00 or Z"


async def test_the_same_span_again_replaces_the_count(api: Api) -> None:
    keep(api, [_on_the_first_of_february(number) for number in range(2)])
    for count in (40, 50):
        assert (await api.post("/v1/tickets/seen", {**SPAN, "count": count}, "system")).status_code == 200
    elsewhere = _on_the_first_of_february(9).model_copy(update={"system": "jira", "id": "jira-9"})
    keep(api, [elsewhere])
    found = await report(api, "summary?from=2026-02-01&to=2026-02-01")
    assert figures(found)["escalation_rate"]["value"] == 4
    assert await listed(api, figures(found)["escalation_rate"]["cases"]) == 2
    assert await listed(api, figures(found)["volume"]["cases"]) == 3


def _on_the_first_of_february(number: int) -> Facts:
    chance, at = Random(1), datetime(2026, 2, 1, 9, tzinfo=UTC)  # noqa: S311 - made-up cases, no secrets
    return made_up(chance, number).model_copy(update={"opened_at": at, "system": "zendesk", "id": f"zendesk-{number}"})


async def test_a_span_that_shares_time_with_another_is_refused(api: Api) -> None:
    await api.post("/v1/tickets/seen", SPAN)
    answer = await api.post("/v1/tickets/seen", {**SPAN, "to": "2026-02-03T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (409, "spans_overlap")
    beside = {**SPAN, "from": SPAN["to"], "to": "2026-02-03T00:00:00Z"}
    assert (await api.post("/v1/tickets/seen", beside)).status_code == 200
    by_product = {**SPAN, "to": "2026-02-03T00:00:00Z", "by": {"product": "checkout"}}
    assert (await api.post("/v1/tickets/seen", by_product)).status_code == 200


async def test_a_span_that_ends_before_it_begins_is_refused(api: Api) -> None:
    answer = await api.post("/v1/tickets/seen", {**SPAN, "to": SPAN["from"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
