"""`tierline forget` and `tierline audit`: what is asked of the API, and what a person is shown before anything goes."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app

PATH = "/v1/customers/a/b/forget"  # as the server reads `a%2Fb`
LEFT = [
    {"what": "running", "count": 1, "words": "runs [red]that[/] go on", "which": []},
    {"what": "named", "count": 2, "words": "cases of others", "which": ["zendesk-W5", "zendesk-W6"]},
]


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")


def run(*typed: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(typed), input=answer)


def expects(httpserver: HTTPServer, body: dict[str, Any], cases: int, *, dry_run: bool = False) -> None:
    removed = [{"what": "cases", "count": cases, "words": "cases", "which": []}]
    report = {"pseudonym": "forgotten-1", "forgotten_before": False, "dry_run": dry_run, "complete": False}
    report |= {"removed": removed, "left": LEFT}
    httpserver.expect_oneshot_request(PATH, "POST", json=body).respond_with_json(report)


def test_it_shows_what_would_go_asks_and_then_says_what_went(httpserver: HTTPServer) -> None:
    expects(httpserver, {"reason": "asked", "dry_run": True}, 41, dry_run=True)
    expects(httpserver, {"reason": "asked"}, 42)
    result = run("forget", "--customer", "a/b", "--reason", "asked", answer="y\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.index("41") < result.stdout.index("42")
    assert "'forgotten-1'" in result.stdout
    assert "runs [red]that[/] go on" in result.stdout
    assert result.stdout.count("zendesk-W5, zendesk-W6") == 2
    assert "forgotten before" not in result.stdout


def test_a_no_removes_nothing(httpserver: HTTPServer) -> None:
    expects(httpserver, {"dry_run": True}, 41, dry_run=True)
    assert run("forget", "--customer", "a/b", answer="n\n").exit_code == 1
    assert len(httpserver.log) == 1


def test_yes_asks_nobody(httpserver: HTTPServer) -> None:
    expects(httpserver, {"by": "boss"}, 42)
    result = run("forget", "--customer", "a/b", "--by", "boss", "--yes", "--json")
    assert (result.exit_code, '"count": 42' in result.stdout) == (0, True)


def test_a_live_case_is_said_and_nobody_is_asked(httpserver: HTTPServer) -> None:
    refusal = {"detail": "close zendesk-1 first", "code": "customer_has_live_cases"}
    httpserver.expect_oneshot_request(PATH, "POST").respond_with_json(refusal, 409)
    result = run("forget", "--customer", "a/b")
    assert result.exit_code == 1
    assert "close zendesk-1 first" in result.stderr


def test_who_was_forgotten_before_is_told_as_such_and_a_slip_of_the_pen_as_one(httpserver: HTTPServer) -> None:
    report: dict[str, Any] = {
        "pseudonym": None,
        "forgotten_before": True,
        "dry_run": False,
        "complete": True,
        "removed": [],
        "left": [],
    }
    httpserver.expect_oneshot_request(PATH, "POST").respond_with_json(report)
    before = run("forget", "--customer", "a/b", "--yes")
    assert (before.exit_code, "forgotten before" in before.stdout) == (0, True)
    unknown = {"detail": "no case is of a customer 'a/b'", "code": "customer_unknown"}
    httpserver.expect_oneshot_request(PATH, "POST").respond_with_json(unknown, 404)
    slip = run("forget", "--customer", "a/b", "--yes")
    assert (slip.exit_code, slip.stdout) == (1, "")
    assert "no case is of a customer 'a/b'" in slip.stderr


def test_a_key_that_was_made_is_told_with_its_role(httpserver: HTTPServer) -> None:
    line = {
        "id": "1", "at": "2026-03-06T17:00:00Z", "what": "key_made", "via": "cli", "who": "boss", "key_id": "k", "person": None,
        "role": "admin", "subject_kind": "keys", "subject": "k2", "request": "c", "details": {"status": 201, "role": "agent"},
    }  # fmt: skip
    httpserver.expect_oneshot_request("/v1/audit").respond_with_json({"items": [line], "next_cursor": None})
    assert "k2 (agent)" in run("audit").stdout


def test_the_log_reads_newest_first_and_says_how_to_go_on(httpserver: HTTPServer) -> None:
    query = {"person": "dana", "case": "zendesk-1", "since": "2026-03-06T00:00:00Z", "limit": "2", "cursor": "c1"}
    line = {
        "id": "1", "at": "2026-03-06T17:00:00Z", "what": "resume", "via": "page", "who": "dana", "key_id": "k", "person": "dana",
        "role": "agent", "subject_kind": "case", "subject": "zendesk-1", "request": "c",
        "details": {"status": 409, "outcome": "refused", "code": "not_paused"},
    }  # fmt: skip
    httpserver.expect_oneshot_request("/v1/audit", query_string=query).respond_with_json(
        {"items": [line], "next_cursor": "c2"}
    )
    result = run("audit", *(part for name, value in query.items() for part in (f"--{name}", value)))
    assert result.exit_code == 0, result.output
    for word in ("dana", "resume", "zendesk-1", "page", "not_paused", "more: --cursor c2"):
        assert word in result.stdout
