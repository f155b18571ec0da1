"""`tierline causes`, `actions` and `problems`: what they ask the API, and what a person reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app

TREE: dict[str, Any] = {
    "version": 2,
    "warnings": [{"path": "recurrence.owner", "message": "the roster has no person 'x'"}],
    "recurrence": {"within": "30d", "count": 3},
    "categories": [
        {
            "id": "service-outage",
            "title": {"en": "Service outage", "de": "Ausfall"},
            "children": [{"id": "load", "title": {"en": "[red]Load[/]"}, "recurrence": {"count": 2}}],
        }
    ],
}
ACTION: dict[str, Any] = {
    **{
        "id": "zendesk-4711.1.1",
        "escalation": "zendesk-4711",
        "episode": 1,
        "number": 1,
        "text": "[b]alert",
        "owner": "lee",
    },
    **{"kind": "preventive", "due_on": "2026-03-10", "state": "done", "done_at": None, "done_by": "lee", "note": None},
}
LISTED = {**ACTION, "state": "open", "overdue": True, "subject": "Checkout is down", "customer": "acme"}
CASE = {
    **{"id": "zendesk-4711", "episode": 1, "status": "open", "priority": "high", "subject": "Checkout is down"},
    **{
        "customer": "Acme",
        "opened_at": "2026-03-06T17:00:00Z",
        "closed_at": None,
        "linked_by": None,
        "linked_at": None,
    },
}
PROBLEM: dict[str, Any] = {
    **{
        "id": "P-1",
        "title": "Certificate: checkout",
        "category": "certificate",
        "product": "checkout",
        "state": "open",
    },
    **{
        "owner": "lee",
        "workaround": None,
        "opened_at": "2026-03-06T17:00:00Z",
        "resolved_at": None,
        "resolved_by": None,
    },
    **{"resolution": None, "cases": 3, "cost": {"hours": 26.5, "breaches": 1, "customers": 2}, "linked": [CASE]},
    **{"offered": [{**CASE, "id": "zendesk-9"}], "children": [], "came_back_after": None},
}


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    yield
    httpserver.check_assertions()


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def test_the_tree_is_shown_branch_by_branch_in_either_language(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/causes", "GET").respond_with_json(TREE)
    assert run("causes", "show").stdout.splitlines() == [
        "service-outage  Service outage",
        "  load  [red]Load[/] (count 2)",
        "3 of one category and product within 30d open a problem",
    ]
    assert run("causes", "show", "--language", "de").stdout.startswith("service-outage  Ausfall")
    assert "id: service-outage" in run("causes", "show", "--yaml").stdout


def test_a_file_of_causes_is_put_into_use(httpserver: HTTPServer, tmp_path: Path) -> None:
    file = tmp_path / "causes.yaml"
    file.write_text("categories: [{id: data, title: {en: Data}}]")
    body = {"categories": [{"id": "data", "title": {"en": "Data"}}]}
    httpserver.expect_oneshot_request("/v1/causes", "PUT", json=body).respond_with_json(TREE)
    assert run("causes", "apply", str(file)).stdout.splitlines() == [
        "version 2 of the causes is in use",
        "worth a look: recurrence.owner: the roster has no person 'x'",
    ]
    assert run("causes", "check", str(file)).stdout.endswith("is fine: 1 category, 1 of them split no further\n")


def test_a_faulty_file_of_causes_is_refused_without_a_running_system(tmp_path: Path) -> None:
    file = tmp_path / "causes.yaml"
    file.write_text("categories: [{id: A, title: {en: Data}}]")
    result = CliRunner().invoke(app, ["causes", "check", str(file)])
    assert (result.exit_code, "categories[0].id: 'A' has the wrong form" in result.stderr) == (1, True)


def test_overdue_actions_are_said_to_be(httpserver: HTTPServer) -> None:
    query = {"owner": "lee", "overdue": "true"}
    answer = {"items": [LISTED], "next_cursor": "2026-03-10_zendesk-4711.1.1"}
    httpserver.expect_oneshot_request("/v1/actions", "GET", query_string=query).respond_with_json(answer)
    said = run("actions", "list", "--owner", "lee", "--overdue").stdout
    assert "overdue" in said
    assert "more: --cursor 2026-03-10_zendesk-4711.1.1" in said


@pytest.mark.parametrize("word", ["done", "drop"])
def test_an_action_is_ended_with_a_note(httpserver: HTTPServer, word: str) -> None:
    body = {"by": "lee", "note": "it works"}
    path = f"/v1/actions/zendesk-4711.1.1/{word}"
    httpserver.expect_oneshot_request(path, "POST", json=body).respond_with_json(ACTION)
    said = run("actions", word, "zendesk-4711.1.1", "--by", "lee", "--note", "it works").stdout
    assert said == "zendesk-4711.1.1 · done by lee · [b]alert\n"


def test_an_action_gets_another_day_and_owner(httpserver: HTTPServer) -> None:
    body = {"by": "lee", "owner": "sam", "due_on": "2026-03-12", "note": "on leave"}
    answer = {**ACTION, "state": "open", "owner": "sam", "due_on": "2026-03-12"}
    path = "/v1/actions/zendesk-4711.1.1/move"
    httpserver.expect_oneshot_request(path, "POST", json=body).respond_with_json(answer)
    typed = ["--due", "2026-03-12", "--owner", "sam", "--note", "on leave", "--by", "lee"]
    assert (
        run("actions", "move", "zendesk-4711.1.1", *typed).stdout
        == "zendesk-4711.1.1 · due 2026-03-12 · sam · [b]alert\n"
    )
    httpserver.expect_oneshot_request(path, "POST", json={"due_on": "2026-03-12"}).respond_with_json(answer)
    run("actions", "move", "zendesk-4711.1.1", "--due", "2026-03-12")


def test_problems_are_listed_and_shown_with_their_cost(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/v1/problems", "GET", query_string={"state": "open"}).respond_with_json(
        {"items": [PROBLEM], "next_cursor": None}
    )
    assert "Certificate: checkout" in run("problems", "list", "--state", "open").stdout
    httpserver.expect_oneshot_request("/v1/problems/P-1", "GET").respond_with_json(PROBLEM)
    shown = run("problems", "show", "P-1").stdout
    assert "3 cases, 26.5 h, 1 missed target, 2 customers" in shown
    assert "`tierline problems link P-1 CASE`" in shown
    assert "zendesk-9" in shown


def test_a_problem_that_came_back_shows_what_helped_before(httpserver: HTTPServer) -> None:
    before = {"id": "P-0", "resolved_at": "2026-02-01T12:00:00Z", "workaround": "restart it", "resolution": "renewed"}
    httpserver.expect_oneshot_request("/v1/problems/P-1", "GET").respond_with_json(
        {**PROBLEM, "came_back_after": before}
    )
    shown = run("problems", "show", "P-1").stdout
    assert [word in shown for word in ("after P-0, resolved", "restart it", "renewed")] == [True, True, True]


WORDS: list[tuple[list[str], str, dict[str, Any]]] = [
    (["link", "P-1", "zendesk-9"], "link", {"escalation": "zendesk-9"}),
    (["unlink", "P-1", "zendesk-9", "--by", "lee"], "unlink", {"by": "lee", "escalation": "zendesk-9"}),
    (["workaround", "P-1", "restart it"], "workaround", {"text": "restart it"}),
    (["assign", "P-1", "sam"], "assign", {"to": "sam"}),
    (["resolve", "P-1", "renews itself"], "resolve", {"resolution": "renews itself", "resolve_cases": False}),
]


@pytest.mark.parametrize(("typed", "word", "body"), WORDS, ids=[word for _, word, _ in WORDS])
def test_a_word_to_a_problem_is_posted(
    httpserver: HTTPServer, typed: list[str], word: str, body: dict[str, Any]
) -> None:
    httpserver.expect_oneshot_request(f"/v1/problems/P-1/{word}", "POST", json=body).respond_with_json(PROBLEM)
    assert "Certificate: checkout" in run("problems", *typed).stdout


def test_resolving_says_what_became_of_each_case_and_which_are_left(httpserver: HTTPServer) -> None:
    refused = {"id": "zendesk-9", "outcome": "refused", "code": "paused", "reason": "it is paused"}
    told = {"id": "zendesk-8", "outcome": "resolved", "code": None, "reason": None}
    body = {"resolution": "renews itself", "resolve_cases": True, "customer_message": "Good."}
    answer = {**PROBLEM, "state": "resolved", "children": [told, refused]}
    httpserver.expect_oneshot_request("/v1/problems/P-1/resolve", "POST", json=body).respond_with_json(answer)
    said = run("problems", "resolve", "P-1", "renews itself", "--resolve-cases", "--customer-message", "Good.").stdout
    assert "zendesk-8 · resolved\nzendesk-9 · refused: it is paused\n" in said
    assert "still worked on: zendesk-4711" in said
