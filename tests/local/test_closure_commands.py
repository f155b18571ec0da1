"""`tierline closures …`: what is asked of the API, and how closed cases read in a terminal."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app

ONE: dict[str, Any] = {
    "id": "zendesk-17",
    "episode": 2,
    "closed_at": "2026-03-06T17:00:00Z",
    "product": "checkout",
    "subject": "Card [red]payments[/] fail",
    "cause_category": "certificate",
    "cause": "A certificate\nhad expired",
    "fix": "Renewed",
    "score": 0.734,
    "why": {"words": ["payment", "fails"], "same_product": True, "same_category": False},
}


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")


def run(*typed: str) -> Result:
    return CliRunner().invoke(app, ["closures", *typed])


def answers(httpserver: HTTPServer, path: str, query: dict[str, str], *items: dict[str, Any]) -> None:
    answer = {"items": items, "next_cursor": "c2"}
    httpserver.expect_oneshot_request(path, query_string=query).respond_with_json(answer)


def test_the_list_asks_with_its_filters_and_says_how_to_go_on(httpserver: HTTPServer) -> None:
    query = {"q": "payment", "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "product": "checkout"}
    query |= {"category": "a", "cause_category": "b", "customer": "c", "origin": "ours", "limit": "2", "cursor": "c1"}
    answers(httpserver, "/v1/closures", query, ONE)
    result = run("list", *(part for name, value in query.items() for part in (_option(name), value)))
    assert result.exit_code == 0, result.output
    assert "Card [red]payments[/] fail" in result.stdout
    assert "A certificate had expired" in result.stdout
    assert "more: --cursor c2" in result.stdout


def _option(name: str) -> str:
    return "--query" if name == "q" else f"--{name.replace('_', '-')}"


def test_similar_reads_best_first_with_cause_fix_and_why(httpserver: HTTPServer) -> None:
    answers(httpserver, "/v1/closures/similar", {"q": "payment fails", "limit": "3"}, ONE)
    words = run("similar", "payment fails", "--limit", "3").stdout
    assert words.startswith("0.73  Card [red]payments[/] fail")
    assert "zendesk-17, episode 2, closed Fri 2026-03-06" in words
    assert "certificate: A certificate had expired" in words
    assert "payment, fails, same product" in words


def test_similar_takes_a_case_instead_of_words(httpserver: HTTPServer) -> None:
    query = {"escalation": "zendesk-4711", "product": "p", "category": "c", "exclude": "zendesk-1"}
    answers(httpserver, "/v1/closures/similar", query)
    result = run("similar", "--case", "zendesk-4711", "--product", "p", "--category", "c", "--exclude", "zendesk-1")
    assert result.stdout == "nothing like it has been closed yet\n"


@pytest.mark.parametrize("typed", [[], ["words", "--case", "zendesk-1"]])
def test_similar_needs_words_or_a_case(typed: list[str]) -> None:
    result = run("similar", *typed)
    assert result.exit_code == 2
    assert "say what is wrong" in result.stderr
