"""Every failure is a problem+json that says what to mend, and nothing about our insides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.service import RPCStatusCode

from tests.api.conftest import Api, case

MEMBERS = {"type", "title", "status", "detail", "code"}


async def test_a_problem_has_the_members_of_rfc_9457_and_a_code(api: Api) -> None:
    answer = await api.get("/v1/escalations/zendesk-1")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:tierline:problem:escalation_not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no escalation 'zendesk-1'",
        "code": "escalation_not_found",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PATCH", "/v1/escalations", 405, "method_not_allowed"),
        ("POST", "/v1/escalations/zendesk-1/explode", 404, "unknown_command"),
        ("POST", "/v1/escalations/zendesk-1/adopt", 404, "unknown_command"),
        ("GET", "/v1/policies/nothing", 404, "policy_not_found"),
        ("GET", "/v1/policies/standard?version=9", 404, "version_not_found"),
        ("GET", "/v1/commands/nothing", 404, "command_not_found"),
        ("GET", "/v1/on-call?team=nobody", 404, "team_not_found"),
        ("GET", "/v1/on-call?team=support&until=2020-03-06T00:00:00Z", 422, "until_out_of_range"),
        ("GET", "/v1/on-call?at=2026-03-06T00:00:00", 422, "invalid_field"),
        ("GET", "/v1/escalations?sort=colour", 422, "bad_sort"),
        ("GET", "/v1/escalations?limit=500", 422, "bad_limit"),
        ("GET", "/v1/escalations?limit=many", 422, "invalid_field"),
        ("GET", "/v1/escalations?cursor=xyz", 422, "bad_cursor"),
        ("GET", "/v1/escalations?status=asleep", 422, "invalid_field"),
        ("GET", "/v1/escalations?stauts=open", 422, "invalid_field"),
        ("GET", "/v1/escalations?team=%00", 422, "invalid_field"),
        ("GET", "/v1/escalations/zendesk-1%00", 404, "escalation_not_found"),
        ("GET", "/v1/messages?status=lost", 422, "invalid_field"),
    ],
)
async def test_refusals_have_stable_codes(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = await api.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS


async def test_a_method_that_is_not_there_is_told_which_are(api: Api) -> None:
    answer = await api.call("PATCH", "/v1/keys")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def _with(path: str, value: Any) -> dict[str, Any]:
    body = case()
    section, _, name = path.partition(".")
    if name:
        body[section] = {**body[section], name: value}
    else:
        body[section] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ticket.opened_at", "2026-03-06T16:50:00"),
        ("ticket.system", "Zen Desk"),
        ("ticket.subject", ""),
        ("customer.email", "nobody at nowhere"),
        ("customer.phone", "12"),
        ("customer.timezone", "Europe/Atlantis"),
        ("customer.annual_value", -1),
        ("trigger.kind", "Manual!"),
        ("impact", "huge"),
        ("priority", "urgent"),
        ("colour", "red"),
    ],
)
async def test_a_wrong_field_of_an_opening_is_named(api: Api, path: str, value: Any) -> None:
    answer = await api.post("/v1/escalations", _with(path, value))
    assert (answer.status_code, answer.json()["field"]) == (422, path)
    assert answer.json()["errors"][0]["path"] == path


@pytest.mark.parametrize(
    ("command", "body", "field"),
    [
        ("customer-update", {"text": "soon", "next_update_in": "-15m"}, "next_update_in"),
        ("customer-update", {"text": "soon", "next_update_in": "0s"}, "next_update_in"),
        ("customer-update", {"text": "soon", "next_update_in": 15}, "next_update_in"),
        ("pause", {"reason": "scheduled", "until": "2030-01-01T00:00:00"}, "until"),
        ("pause", {"reason": "tired"}, "reason"),
        ("survey", {"score": 6}, "score"),
        ("note", {}, "text"),
        ("note", {"text": "hi", "txet": "hi"}, "txet"),
        ("rebase", {"version": 0}, "version"),
        (
            "root-cause",
            {"category": "x", "description": "y", "origin": "ours", "actions": [{"text": "z"}]},
            "actions[0].kind",
        ),
    ],
)
async def test_a_wrong_field_of_a_command_is_named(api: Api, command: str, body: dict[str, Any], field: str) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", command, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert answer.json()["field"] == field


async def test_all_mistakes_are_told_at_once(api: Api) -> None:
    found = (await api.post("/v1/escalations", {"ticket": {"system": "zendesk"}, "impact": "huge"})).json()["errors"]
    assert {"ticket.id", "ticket.subject", "customer", "trigger", "impact"} == {one["path"] for one in found}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "invalid_json"),
        (b'{"a": "\xff"}', 422, "invalid_text"),
        (b"[" * 100_000, 422, "invalid_json"),
        (b'{"a":' + b"9" * 5_000 + b"}", 422, "invalid_json"),
        (b'{"\\ud800": 1}', 422, "invalid_field"),
        (b'{"ticket": {"system": "zendesk", "id": "\\ud800", "subject": "x"}}', 422, "invalid_field"),
        (b"[]", 422, "invalid_field"),
        (b"", 422, "invalid_field"),
    ],
)
async def test_what_is_no_json_is_refused_politely(api: Api, content: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.call("POST", "/v1/escalations", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "content", "field"),
    [
        ("PUT", "/v1/policies/standard", b'{"owner_of_last_resort": "x", "owner_of_last_resort": "y"}', "owner_of_last_resort"),
        ("PUT", "/v1/roster", b'{"people": [], "absences": [], "absences": []}', "absences"),
        ("PUT", "/v1/roster", b'{"people": [{"id": "dana", "name": "D", "id": "sam"}]}', "people[0].id"),
        ("POST", "/v1/escalations", b'{"ticket": {"id": "1", "id": "2"}, "impact": "low"}', "ticket.id"),
    ],
)  # fmt: skip
async def test_a_key_that_stands_twice_is_named_and_nothing_is_taken(
    api: Api, method: str, path: str, content: bytes, field: str
) -> None:
    policy, roster = (await api.get("/v1/policies/standard")).json(), (await api.get("/v1/roster")).json()
    answer = await api.call(method, path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "invalid_json", field)
    assert answer.json()["detail"] == f"the key '{field}' stands twice; keep one of them"
    assert (await api.get("/v1/policies/standard")).json() == policy
    assert (await api.get("/v1/roster")).json() == roster


@pytest.mark.parametrize(
    "kind", ["application/json", "application/JSON; charset=utf-8", "application/merge-patch+json"]
)
async def test_no_route_takes_a_json_body_with_a_key_twice(api: Api, kind: str) -> None:
    described = api.app.openapi()["paths"].items()
    taking = [(method, path) for path, methods in described for method, one in methods.items() if "requestBody" in one]
    assert len(taking) > 20
    answers = [
        await api.call(method.upper(), path, content=b'{"a": 1, "a": 1}', headers={"Content-Type": kind})
        for method, path in taking
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(422, "invalid_json")}


async def test_a_declared_body_that_is_too_large_is_refused(api: Api) -> None:
    answer = await api.post("/v1/escalations", case(impact="x" * 1_000_001))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_streamed_body_that_grows_too_large_is_cut_off(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    answer = await api.call("POST", "/v1/escalations", content=endless())
    assert answer.status_code == 413
    assert sent <= 12  # a little over 1 MB, not all of it


async def test_a_body_at_the_limit_arrives_whole(api: Api) -> None:
    answer = await api.post("/v1/escalations", case(impact="x" * 990_000))
    assert (answer.status_code, answer.json()["field"]) == (422, "impact")


async def test_what_breaks_inside_stays_inside(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(api.services.escalations, "latest", broken)
    answer = await api.get("/v1/escalations/zendesk-1")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_a_database_that_is_away_is_503_and_to_be_tried_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select secret", {}, Exception("no route"))

    monkeypatch.setattr(api.services.escalations, "latest", away)
    answer = await api.get("/v1/escalations/zendesk-1")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"].isdigit()
    assert "secret" not in answer.text


async def test_readiness_says_what_is_away(api: Api) -> None:
    assert (await api.get("/readyz", None)).json() == {"status": "ok", "checks": {"temporal": "ok", "database": "ok"}}
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    answer = await api.get("/readyz", None)
    assert (answer.status_code, answer.json()["checks"]) == (503, {"temporal": "unreachable", "database": "ok"})
    assert (await api.get("/healthz", None)).status_code == 200


async def test_openapi_declares_every_command_and_its_problems(api: Api) -> None:
    paths = (await api.get("/openapi.json", None)).json()["paths"]
    assert "/v1/escalations/{id}/adopt" not in paths
    for command in ("acknowledge", "hand-back", "root-cause", "rebase", "merge"):
        answers = paths[f"/v1/escalations/{{id}}/{command}"]["post"]["responses"]
        assert {"200", "202", "401", "403", "404", "409", "422", "503"} <= set(answers)
        assert "application/problem+json" in answers["409"]["content"]
