"""Every route has a decision: what it is in the audit log, or why it is nothing there. And every deed makes one line."""

from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from api.audit_routes import COMMANDS, DECIDED, Deed, Look, Unlogged, Words
from api.auditing import write_down
from api.pages.frame import STATIC_PATH
from api.pages.signed_in import FORM_TOKEN
from api.pages.words import TEXTS
from records.audit import AuditFilters, AuditLine, AuditLog
from tests.api.conftest import Api
from tests.api.signed_in import COOKIE, visitor
from tests.api.test_roles import BY_SESSION, MATRIX, PRESSED, SIGNED, asks

ACTING = ("POST", "PUT", "PATCH", "DELETE")
NOTHING_DONE = {
    "POST /v1/policies/preview",
    "POST /v1/hooks/twilio/status",
    "POST /v1/hooks/sendgrid/events",
    "POST /v1/hooks/twilio/inbound",
    "POST /v1/hooks/sendgrid/inbound",
}
ELSEWHERE = {
    "forget_tried",
    "contact_confirmed",
    "sign_in_failed",
    "export",
    "saw",
    "saw_list",
    "message",
    "opted_out",
    "opted_in",
}
LOOKS = [route for route, one in DECIDED.items() if isinstance(one, Look)]  # problems and links: test_audit_pages.py


def deeds(api: Api) -> list[AuditLine]:
    """What was done, without who looked."""
    found, _ = AuditLog(api.services.database).page(AuditFilters(), 200)
    return [one for one in found if one.what not in ("saw", "sign_in", "open")]


def test_every_route_is_decided_on_and_no_other(api: Api) -> None:
    """A HEAD shows nothing, and files of ours are nobody's."""
    routes = [one for one in iter_route_contexts(api.app.routes) if one.path not in (None, STATIC_PATH)]
    assert {f"{method} {one.path}" for one in routes for method in one.methods or () if method != "HEAD"} == set(
        DECIDED
    )


def test_what_acts_and_is_not_logged_is_known_by_name() -> None:
    acting = {route: one for route, one in DECIDED.items() if route.startswith(ACTING)}
    assert {route for route, one in acting.items() if not isinstance(one, Deed | Words)} == NOTHING_DONE
    assert all(one.why for one in DECIDED.values() if isinstance(one, Unlogged))


def test_everything_that_is_written_has_words_in_both_languages() -> None:
    decided = {one.what for one in DECIDED.values() if isinstance(one, Deed | Words)}
    buttons = {what for one in DECIDED.values() if isinstance(one, Deed) for what in one.buttons.values()}
    for texts in TEXTS.values():
        assert {f"audit_did_{what}" for what in decided | buttons | ELSEWHERE | set(COMMANDS)} == {
            name for name in texts if name.startswith("audit_did_")
        }


@pytest.mark.parametrize("route", [route for route in MATRIX if route.startswith(ACTING) and route not in SIGNED])
async def test_a_deed_by_the_api_is_one_line_with_who_and_how_it_went(api: Api, route: str) -> None:
    await api.opened()
    await write_down(api.services)
    status, _ = await asks(api, route, api.keys["admin"], "admin")
    await write_down(api.services)
    if route == "POST /v1/escalations":
        found, _ = AuditLog(api.services.database).page(AuditFilters(), 200)
        assert [(one.what, one.subject, one.details) for one in found] == [
            ("open", "zendesk-4711", {"status": status}) for status in (200, 201)
        ]
        return
    lines = deeds(api)
    assert len(lines) == (0 if route in NOTHING_DONE else 1), lines
    for line in lines:
        assert (line.via, line.role, bool(line.key_id)) == ("api", "admin", True)
        assert line.details.get("status", status) == status
        assert line.details


@pytest.mark.parametrize("route", [route for route in BY_SESSION if route.startswith(ACTING)])
async def test_a_form_of_a_page_is_one_line_with_who_and_how_it_went(api: Api, route: str) -> None:
    await api.opened()
    someone = visitor(api)
    await someone.signs_in("operator")
    token = api.services.sessions.form_token(api.client.cookies[COOKIE])
    path = route.split(" ")[1].format(id="P-1" if "/problems" in route else "zendesk-4711")
    answer = await api.client.post(path, data={**PRESSED.get(route, {}), FORM_TOKEN: token})
    await write_down(api.services)
    [line] = deeds(api)
    assert (line.via, line.role, line.details["status"]) == ("page", "operator", answer.status_code)


ENDLESS = "GET /board/rows"  # a stream; its looks: test_watched_boards.py


@pytest.mark.parametrize(
    "route", [one for one in LOOKS if "/problems/" not in one and "{token}" not in one and one != ENDLESS]
)
async def test_who_looks_is_one_line_for_each_thing_however_often(api: Api, route: str) -> None:
    await api.opened()
    await visitor(api).signs_in("operator")
    path = route.split(" ")[1].format(id="zendesk-4711")
    for _ in range(2):
        answer = await api.get(f"{path}?q=checkout" if path.endswith("similar") else path)
        assert answer.status_code == 200, answer.text
    await write_down(api.services)
    found, _ = AuditLog(api.services.database).page(AuditFilters(), 200)
    saw: list[Any] = [(one.subject_kind, one.subject) for one in found if one.what == "saw"]
    decided = DECIDED[route]
    assert isinstance(decided, Look)
    assert saw == [(decided.kind, decided.name or "zendesk-4711")]


async def test_what_breaks_inside_was_still_asked_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(api.services.keys, "revoke", broken)
    id, _ = api.services.keys.create("viewer", None, "x", api.services.now())
    assert (await api.call("DELETE", f"/v1/keys/{id}", "admin")).status_code == 500
    [line] = deeds(api)
    assert (line.what, line.subject, line.details) == ("key_revoked", id, {"status": 500})


async def test_a_retry_that_is_told_the_first_answer_is_no_second_deed(api: Api) -> None:
    await api.opened()
    for _ in range(2):
        again = {"Idempotency-Key": "once"}
        await api.post("/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "x"}, headers=again)
        await api.post("/v1/keys", {"role": "viewer"}, "admin", headers=again)
    await write_down(api.services)
    assert sorted(one.what for one in deeds(api)) == ["key_made", "note"]


async def test_a_key_that_revokes_itself_is_named_all_the_same(api: Api) -> None:
    id, secret = api.services.keys.create("admin", "dana", "mine", api.services.now())
    await api.client.delete(f"/v1/keys/{id}", headers={"Authorization": f"Bearer {secret}"})
    [line] = deeds(api)
    assert (line.what, line.key_id, line.person) == ("key_revoked", id, "dana")


async def test_a_path_that_is_no_id_is_left_out(api: Api) -> None:
    await api.call("DELETE", "/v1/keys/Acme%20GmbH", "admin")
    await api.call("DELETE", "/v1/roster/bad-addresses/email/it@acme.example", "admin")
    lines = deeds(api)
    assert [(one.what, one.subject) for one in reversed(lines)] == [
        ("key_revoked", None),
        ("address_forgiven", "email"),
    ]
    assert "acme" not in str(lines).lower()
