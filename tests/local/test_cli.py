"""The command line against a small HTTP server that stands in for the API: paths, bodies, printing, exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result
from werkzeug import Request, Response

from cli import app
from domain.commands import BODIES
from local.client import NAME

ROOT = Path(__file__).parents[2]
CASE: dict[str, Any] = {
    "id": "zendesk-4711", "episode": 1, "status": "acknowledged", "priority": "critical",
    "policy": {"name": "standard", "version": 3}, "tier": {"index": 1, "name": "L2"}, "team": "specialists",
    "owner": "lee", "accountable": "lee", "responders_told": ["dana", "lee"], "ticket": {"subject": "Checkout is down"},
    "customer": {"name": "Acme GmbH"}, "targets": [{"name": "acknowledge", "tier": "L1", "status": "breached",
    "due_at": "2026-03-06T17:05:00Z", "warn_at": [], "breached_at": "2026-03-06T17:05:00Z", "met_at": None}],
    "next_due_at": "2030-03-06T17:05:00Z", "opened_at": "2026-03-06T16:50:00Z", "links": {"self": "http://x/y"},
}  # fmt: skip

VERBS: list[tuple[list[str], str, dict[str, Any]]] = [
    (["ack", "ID", "--by", "lee", "--note", "mine"], "acknowledge", {"by": "lee", "note": "mine"}),
    (["acknowledge", "ID"], "acknowledge", {}),
    (["assign", "ID", "kim", "--by", "lee"], "assign", {"by": "lee", "to": "kim"}),
    (["escalate", "ID", "too big"], "escalate", {"kind": "hierarchical", "reason": "too big"}),
    (["escalate", "ID", "DNS", "--team", "network"], "escalate", {"kind": "functional", "team": "network", "reason": "DNS"}),
    (["escalate", "ID", "x", "--tier", "L3"], "escalate", {"kind": "hierarchical", "tier": "L3", "reason": "x"}),
    (["escalate", "ID", "x", "--skill", "sql"], "escalate", {"kind": "functional", "skill": "sql", "reason": "x"}),
    (["hand-back", "ID", "known issue"], "hand-back", {"reason": "known issue"}),
    (["pause", "ID", "waiting_on_customer", "--until", "2026-03-09T09:00:00Z"], "pause",
     {"reason": "waiting_on_customer", "until": "2026-03-09T09:00:00Z"}),
    (["resume", "ID"], "resume", {}),
    (["note", "ID", "seen it"], "note", {"text": "seen it"}),
    (["customer-update", "ID", "soon", "--next-update-in", "2h"], "customer-update", {"text": "soon", "next_update_in": "2h"}),
    (["customer-update", "ID", "soon", "--told-by", "phone"], "customer-update", {"text": "soon", "told_by": "phone"}),
    (["customer-reply", "ID", "works", "--channel", "email"], "customer-reply", {"text": "works", "channel": "email"}),
    (["ticket-update", "ID", "--subject", "S", "--tag", "a", "--tag", "b"], "ticket-update",
     {"fields": {"subject": "S", "tags": ["a", "b"]}}),
    (["watch", "ID", "robin"], "watch", {"person": "robin"}),
    (["reprioritize", "ID", "worse", "--impact", "high"], "reprioritize", {"reason": "worse", "impact": "high"}),
    (["resolve", "ID", "fixed", "--customer-message", "ok"], "resolve", {"summary": "fixed", "customer_message": "ok"}),
    (["root-cause", "ID", "--category", "c", "--description", "d", "--origin", "ours", "--factor", "f",
      "--action", "preventive; lee; 2030-01-31; alert; and page"], "root-cause",
     {"category": "c", "description": "d", "origin": "ours", "contributing_factors": ["f"],
      "actions": [{"kind": "preventive", "owner": "lee", "due_on": "2030-01-31", "text": "alert; and page"}]}),
    (["close", "ID"], "close", {}),
    (["survey", "ID", "4", "--comment", "fine"], "survey", {"score": 4, "comment": "fine"}),
    (["reopen", "ID", "again"], "reopen", {"reason": "again"}),
    (["cancel", "ID", "a test"], "cancel", {"reason": "a test"}),
    (["merge", "ID", "zendesk-9"], "merge", {"into": "zendesk-9"}),
    (["rebase", "ID", "--version", "4"], "rebase", {"version": 4}),
]  # fmt: skip

NOT_TYPED = {"adopt", "release", "undelivered"}  # said by the API, to the target of a merge and of a receipt


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    yield
    httpserver.check_assertions()


def _run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


def _refuse(httpserver: HTTPServer, status: int, **problem: object) -> None:
    body = json.dumps({"type": "about:blank", "title": "No", "status": status, **problem})
    httpserver.expect_request("/v1/escalations/zendesk-4711").respond_with_data(
        body, status, content_type="application/problem+json"
    )


@pytest.mark.parametrize(
    ("typed", "command", "body"), VERBS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_verb_posts_its_command(httpserver: HTTPServer, typed: list[str], command: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": "Bearer tl_test", "User-Agent": NAME}
    httpserver.expect_oneshot_request(
        f"/v1/escalations/zendesk-4711/{command}", "POST", json=body, headers=headers
    ).respond_with_json(CASE)
    result = _run(*("zendesk-4711" if part == "ID" else part for part in typed))
    assert result.exit_code == 0, result.output
    assert "zendesk-4711 · acknowledged · L2 (specialists) · owner lee" in result.stdout
    assert httpserver.log[0][0].headers["Idempotency-Key"]


def test_every_command_of_the_contract_has_a_verb() -> None:
    assert {command for _, command, _ in VERBS} == set(BODIES) - NOT_TYPED


def test_json_prints_the_answer_exactly(httpserver: HTTPServer) -> None:
    text = '{"id":"zendesk-4711",  "owner":null, "subject":"Größe [x]"}'
    httpserver.expect_request("/v1/escalations/zendesk-4711").respond_with_data(text, content_type="application/json")
    assert _run("show", "zendesk-4711", "--json").stdout == text + "\n"


def test_a_refusal_is_said_in_plain_words(httpserver: HTTPServer) -> None:
    _refuse(httpserver, 409, code="root_cause_required", detail="record the root cause first")
    result = _run("show", "zendesk-4711")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "record the root cause first [root_cause_required]\n"


def test_all_faults_are_listed(httpserver: HTTPServer) -> None:
    faults = [{"path": "tiers[0].team", "message": "missing"}, {"path": "name", "message": "too long"}]
    _refuse(httpserver, 422, code="invalid_policy", detail="the policy has 2 mistakes", errors=faults)
    assert _run("show", "zendesk-4711").stderr.splitlines() == [
        "the policy has 2 mistakes [invalid_policy]",
        "  tiers[0].team: missing",
        "  name: too long",
    ]


def test_with_json_a_refusal_is_the_problem_document(httpserver: HTTPServer) -> None:
    _refuse(httpserver, 404, code="escalation_not_found", detail="there is none")
    result = _run("show", "zendesk-4711", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["code"] == "escalation_not_found"


def test_an_answer_that_is_no_problem_document_is_shown_in_short(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/escalations/zendesk-4711").respond_with_data("<h1>Bad gateway</h1>", 502)
    result = _run("show", "zendesk-4711")
    assert (result.exit_code, result.stderr) == (1, "502: <h1>Bad gateway</h1>\n")


def test_nobody_at_the_address_is_said_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_URL", "http://127.0.0.1:9")
    result = _run("list")
    assert result.exit_code == 1
    assert (
        result.stderr
        == "no Tierline answers at http://127.0.0.1:9 (Connection refused). Is it running? `tierline up`\n"
    )
    assert "Traceback" not in result.output


def test_a_queued_command_is_said_in_plain_words(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/escalations/zendesk-4711/close").respond_with_json(
        {"status": "queued", "command_id": "c1"}, 202
    )
    result = _run("close", "zendesk-4711")
    assert result.exit_code == 0
    assert "will be applied as soon as a worker is back" in result.stdout


def test_an_id_stays_one_part_of_the_path(httpserver: HTTPServer) -> None:
    seen: list[str] = []

    def remember(request: Request) -> Response:
        seen.append(request.environ["REQUEST_URI"])
        return Response(json.dumps(CASE), content_type="application/json")

    httpserver.expect_request("/v1/escalations/a b?c").respond_with_handler(remember)
    assert _run("show", "a b?c").exit_code == 0
    assert seen == ["/v1/escalations/a%20b%3Fc"]
    assert "no escalation 'a/b'" in _run("show", "a/b").output


def test_words_that_are_no_text_are_refused_plainly(httpserver: HTTPServer) -> None:
    ran = _run("note", "zendesk-1", "a\udcffb", "--by", "dana")
    assert ran.exit_code == 1
    assert "not UTF-8" in ran.output
    assert not httpserver.log


def test_filters_become_parameters(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request(
        "/v1/escalations", query_string={"status": "open", "overdue": "true", "q": "pay", "limit": "5"}
    ).respond_with_json({"items": [CASE], "next_cursor": "abc"})
    result = _run("list", "--status", "open", "--overdue", "-q", "pay", "--limit", "5")
    assert "Checkout is down" in result.stdout
    assert "more: --cursor abc" in result.stdout


def test_show_says_who_and_when(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/escalations/zendesk-4711").respond_with_json(CASE)
    shown = _run("show", "zendesk-4711").stdout
    assert "Checkout is down" in shown
    assert "breached" in shown
    assert "2030-03-06" in shown


@pytest.mark.parametrize(("status", "words"), [(201, "opened"), (200, "already open: nothing was sent twice")])
def test_open_says_whether_it_is_new(httpserver: HTTPServer, status: int, words: str) -> None:
    body = (ROOT / "examples" / "checkout-down.json").read_text(encoding="utf-8")
    httpserver.expect_oneshot_request("/v1/escalations", "POST", json=json.loads(body)).respond_with_json(CASE, status)
    assert _run("open", "-", given=body).stdout.startswith(words)


def test_open_refuses_what_is_no_json() -> None:
    result = _run("open", "-", given="nonsense")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "standard input cannot be read as JSON" in result.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: there is no such file"),
        (b"", "cannot be read as JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"ticket": {"id": "1", "id": "2"}}', "cannot be read as JSON: the key 'ticket.id' stands twice; keep one of them"),
        (b"[" * 100_000, "cannot be read as JSON: it is nested too deeply"),
        (b'{"a": "\xff"}', "cannot be read: it is not UTF-8 text (byte 7)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [["open"], ["root-cause", "zendesk-1", "--file"], ["policy", "preview", "--ticket"]])
def test_a_json_file_that_cannot_be_read_is_said_in_plain_words(
    tmp_path: Path, words: list[str], content: bytes | None, says: str
) -> None:
    file = tmp_path / "case.json"
    if content is not None:
        file.write_bytes(content)
    result = _run(*words, str(file))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{file} {says}\n")


@pytest.mark.parametrize("words", [["policy", "check"], ["policy", "apply"], ["roster", "import"]])
def test_a_file_that_cannot_be_read_is_said_in_plain_words(tmp_path: Path, words: list[str]) -> None:
    for name, why in ((tmp_path / "none.yaml", "there is no such file"), (tmp_path, "it is a folder; name a file")):
        result = _run(*words, str(name))
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{name} cannot be read: {why}\n")


def test_a_lost_connection_is_tried_once_more_under_the_same_key(httpserver: HTTPServer) -> None:
    keys: list[str | None] = []

    def lose_the_first(request: Request) -> Response:
        keys.append(request.headers.get("Idempotency-Key"))
        if len(keys) == 1:
            request.environ["werkzeug.socket"].close()
            raise ConnectionResetError
        return Response(json.dumps(CASE), content_type="application/json")

    httpserver.expect_request("/v1/escalations/zendesk-4711/close").respond_with_handler(lose_the_first)
    result = _run("close", "zendesk-4711")
    httpserver.clear_assertions()
    httpserver.clear_handler_errors()
    assert result.exit_code == 0, result.output
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None


def test_policy_check_lists_every_fault_without_a_running_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERLINE_URL", "http://127.0.0.1:9")
    file = tmp_path / "broken.yaml"
    file.write_text("name: broken\nowner_of_last_resort: 7 7\ntiers: []\n", encoding="utf-8")
    result = _run("policy", "check", str(file))
    assert result.exit_code == 1
    assert "owner_of_last_resort" in result.stderr
    assert "tiers" in result.stderr


@pytest.mark.parametrize("name", ["standard.yaml", "demo.yaml", "roster.yaml"])
def test_our_own_files_are_fine(name: str) -> None:
    result = _run("policy", "check", str(ROOT / "policies" / name))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "is fine" in result.stdout
    assert "worth a look" not in result.stdout


@pytest.mark.parametrize(
    ("people", "teams", "says"),
    [
        ("[{id: dana, name: Dana}]", "[{id: support, members: [dana]}]", "1 person, 1 team"),
        ("[{id: dana, name: Dana}, {id: sam, name: Sam}]", "[]", "2 people, 0 teams"),
    ],
)
def test_people_and_teams_are_counted(tmp_path: Path, people: str, teams: str, says: str) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text(f"people: {people}\nteams: {teams}\n", encoding="utf-8")
    assert _run("policy", "check", str(file)).stdout == f"{file} is fine: {says}\n"


@pytest.mark.parametrize(("people", "says"), [("[{name: Dana}]", "has 1 mistake:"), ("[{}]", "has 2 mistakes:")])
def test_mistakes_are_counted(tmp_path: Path, people: str, says: str) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text(f"people: {people}\n", encoding="utf-8")
    assert _run("policy", "check", str(file)).stderr.splitlines()[0] == f"{file} {says}"


def test_policy_apply_puts_it_under_its_name(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/v1/policies/demo", "PUT").respond_with_json({"name": "demo", "version": 2})
    result = _run("policy", "apply", str(ROOT / "policies" / "demo.yaml"))
    assert result.stdout == "policy demo version 2 is in use for new cases\n"


def test_without_a_key_the_admin_key_in_home_is_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TIERLINE_KEY")
    monkeypatch.setenv("TIERLINE_HOME", str(tmp_path))
    (tmp_path / "admin-key").write_text("tl_admin\n", encoding="utf-8")
    httpserver.expect_oneshot_request("/v1/keys", headers={"Authorization": "Bearer tl_admin"}).respond_with_json(
        {"items": []}
    )
    assert _run("keys", "list").stdout == "no keys\n"


def test_a_wrong_setting_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_PORT", "eighty")
    result = _run("list")
    assert result.exit_code == 2
    assert "TIERLINE_PORT: Input should be a valid integer" in result.stderr
