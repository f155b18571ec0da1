"""`tierline report`: what is asked of the API, and what a person reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app
from domain.kpi_words import DEFINITIONS
from local.commands_report import IN_A_ROW, said


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    yield
    httpserver.check_assertions()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments])


def _figure(kpi: str, value: float | None) -> dict[str, Any]:
    one = DEFINITIONS[kpi]
    return {"kpi": kpi, "title": one.title["en"], "value": value, "unit": one.unit, "definition": one.text["en"]}


SECONDS = _figure("resolve_median", 7500)
WHOLE = [_figure(name, 12.5) for name in IN_A_ROW]


def test_a_summary_says_each_number_with_its_meaning(httpserver: HTTPServer) -> None:
    query = {"from": "2026-01-01", "to": "2026-03-31", "timezone": "Europe/Berlin", "team": "support", "product": ""}
    answer = {"group_by": None, "figures": [SECONDS, _figure("csat", None)], "groups": []}
    httpserver.expect_request("/v1/reports/summary", query_string=query).respond_with_json(answer)
    where = ("--where", "team=support", "--where", "product=")
    shown = _run("summary", "--from", "2026-01-01", "--to", "2026-03-31", "--timezone", "Europe/Berlin", *where)
    assert shown.exit_code == 0, shown.output
    assert "Time to resolve, median" in shown.output
    assert "2 h 5 min" in shown.output
    assert "who answered" in shown.output


@pytest.mark.parametrize("name", ["summary", "trend"])
def test_groups_stand_side_by_side(httpserver: HTTPServer, name: str) -> None:
    rows = [{"value": "checkout", "figures": WHOLE}, {"value": None, "figures": WHOLE}]
    whole = {"figures": WHOLE} if name == "summary" else {}
    answer = {"group_by": "product", "groups": rows, **whole}
    httpserver.expect_request(f"/v1/reports/{name}").respond_with_json(answer)
    lines = _run(name, "--by", "product").output.splitlines()
    assert [line.split()[0] for line in lines if "12.5 %" in line] == [*(["all"] if whole else []), "checkout", "–"]


def test_a_table_says_how_many_groups_it_leaves_out(httpserver: HTTPServer) -> None:
    rows = [{"value": "checkout", "figures": WHOLE}]
    for left_out, words in ((128, "128 smaller groups are left out"), (1, "1 smaller group is left out"), (0, "")):
        answer = {"group_by": "product", "groups": rows, "figures": WHOLE, "groups_left_out": left_out}
        httpserver.expect_ordered_request("/v1/reports/summary").respond_with_json(answer)
        shown = _run("summary", "--by", "product").output
        assert (words in shown, "left out" in shown) == (True, left_out > 0)


def test_causes_tiers_hours_backlog_and_definitions_are_tables(httpserver: HTTPServer) -> None:
    cause = {"value": "disk", "count": 3, "share": 75, "cumulative_share": 75, "customers": 2, "recurrences": 1}
    tier = {"tier": "L1", "count": 4, "stays": 5, "breaches": 1, "median": 60, "p90": None, "seconds": 7200}
    cell = {"weekday": "mon", "hour": 9, "count": 41}
    cells = [
        cell if (day, hour) == ("mon", 9) else {"weekday": day, "hour": hour, "count": 0}
        for day in ("mon", "tue")
        for hour in range(24)
    ]
    ages = [_figure("backlog", 7), _figure("backlog_age_median", 3600), _figure("backlog_age_oldest", 86_400)]
    answers: dict[str, tuple[dict[str, Any], list[str]]] = {
        "causes": ({"causes": [cause]}, ["disk", "75"]),
        "time-in-tier": ({"tiers": [tier]}, ["L1", "1 min", "2 h"]),
        "heatmap": ({"timezone": "UTC", "cells": cells}, ["09:00", "41"]),
        "backlog": ({"figures": ages, "by_age": [1, 2, 3, 1, 0], "groups": []}, ["all", "1 h", "1 d"]),
        "definitions": (
            {"items": [{"kpi": "csat", "title": "CSAT", "unit": "percent", "formula": "a / b"}]},
            ["a / b"],
        ),
    }
    for name, (answer, words) in answers.items():
        path = {"causes": "root-causes"}.get(name, name)
        httpserver.expect_request(f"/v1/reports/{path}").respond_with_json(answer)
        shown = _run(name)
        assert shown.exit_code == 0, shown.output
        assert [word for word in words if word not in shown.output] == [], shown.output


def test_csv_and_json_come_out_exactly_as_they_came(httpserver: HTTPServer) -> None:
    table = "team,volume\r\n*,3\r\n'=1+1,3\r\n"
    asked = {"format": "csv"}
    httpserver.expect_request("/v1/reports/backlog", query_string=asked).respond_with_data(
        table, content_type="text/csv"
    )
    assert _run("backlog", "--csv").stdout_bytes.decode() == table
    httpserver.expect_request("/v1/reports/heatmap", query_string={}).respond_with_json({"cells": []})
    assert json.loads(_run("heatmap", "--json").stdout) == {"cells": []}


def test_a_filter_without_a_value_is_wrong_usage() -> None:
    shown = _run("summary", "--where", "team")
    assert (shown.exit_code, "write name=value" in shown.output) == (2, True)


def test_numbers_are_said_with_their_unit() -> None:
    assert said(SECONDS) == "2 h 5 min"
    assert [said(_figure(name, value)) for name, value in (("csat", 93.5), ("volume", 4), ("csat", None))] == [
        "93.5 %",
        "4",
        "–",
    ]
