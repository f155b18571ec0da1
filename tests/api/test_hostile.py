"""What somebody sends who means harm or is careless: refused with a reason, nothing half done, nothing private in the log."""

import asyncio
import base64
import json
import logging
from typing import Any, get_type_hints

import httpx2
import pytest
import structlog
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCStatusCode

from api import cases
from api.__main__ import without_query
from domain.commands import TicketFields
from domain.tickets import Ticket
from tests.api.conftest import Api, case
from tests.api.fakes import FakeHandle

BEYOND = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/yaml", ""])
async def test_a_body_in_another_format_is_415_and_says_which_one_to_send(api: Api, kind: str) -> None:
    await api.opened()
    for path in ("/v1/escalations", "/v1/escalations/zendesk-4711/resume"):
        answer = await api.call("POST", path, content=b"by=dana", headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert "application/json" in answer.json()["detail"]


async def test_thousands_of_mistakes_make_a_short_answer(api: Api) -> None:
    answer = await api.post("/v1/escalations", {**{f"key{i}": 1 for i in range(5_000)}, "k" * 100_000: 1})
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 100)
    assert answer.json()["detail"].endswith("; and 4994 more")
    assert len(answer.content) < 20_000
    answer = await api.post("/v1/escalations", case(customer={"id": "a", "name": "A", "timezone": "x" * 100_000}))
    assert (answer.json()["field"], len(answer.content) < 2_000) == ("customer.timezone", True)


async def test_what_breaks_inside_is_logged_once_without_what_it_says(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, phone = "it@acme.example", "+4930123456"

    def broken(*_: object) -> None:
        raise RuntimeError(customer) from ValueError(phone)

    monkeypatch.setattr(api.services.escalations, "latest", broken)
    raising = httpx2.ASGITransport(app=api.app, raise_app_exceptions=True)  # as the server sees it
    async with httpx2.AsyncClient(transport=raising, base_url="http://tierline.test") as client:
        with structlog.testing.capture_logs() as logs:
            headers = {"Authorization": f"Bearer {api.keys['viewer']}"}
            answer = await client.get("/v1/escalations/zendesk-1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    [told] = logs
    assert told["reference"] in answer.json()["detail"]
    assert "in broken" in told["trace"]
    assert "ValueError" in told["trace"]
    assert not [word for word in (customer, phone) if word in str(told)]


def test_the_access_log_leaves_out_what_people_search_for() -> None:
    args = ("127.0.0.1:1", "GET", "/v1/escalations?q=it@acme.example", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None)
    assert without_query(record)
    assert record.getMessage() == '127.0.0.1:1 - "GET /v1/escalations HTTP/1.1" 200'


@pytest.mark.parametrize("id", ["a\tb", "a\nb", "a\0b", "a\x1bb", "\x7f", "\x85"])
async def test_a_ticket_id_has_no_control_characters(api: Api, id: str) -> None:
    answer = await api.post("/v1/escalations", case(id))
    assert (answer.status_code, answer.json()["field"]) == (422, "ticket.id")
    assert api.temporal.started == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "acme"])
async def test_a_ticket_is_linked_to_by_http_only(api: Api, url: str) -> None:
    ticket = {**case()["ticket"], "url": url}
    answer = await api.post("/v1/escalations", case(ticket=ticket))
    assert (answer.status_code, answer.json()["field"]) == (422, "ticket.url")
    await api.opened()
    answer = await api.say("zendesk-4711", "ticket-update", fields={"url": url})
    assert (answer.status_code, answer.json()["field"]) == (422, "fields.url")


def test_a_ticket_update_takes_nothing_an_opening_refuses() -> None:
    opened, changed = (get_type_hints(model, include_extras=True) for model in (Ticket, TicketFields))
    assert {name: hint for name, hint in changed.items() if name != "model_config"} == {
        name: opened[name] | None for name in TicketFields.model_fields
    }


async def test_a_case_with_too_many_tags_never_comes_to_be_so_it_can_be_reopened(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "ticket-update", fields={"tags": ["a"] * 51})
    assert (answer.status_code, answer.json()["field"]) == (422, "fields.tags")


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_saying_nothing_is_refused_in_words(api: Api, text: str) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "note", text=text)
    assert (answer.status_code, answer.json()["detail"]) == (422, "text: is empty")


@pytest.mark.parametrize("at", BEYOND)
async def test_times_at_the_ends_of_the_calendar_are_refused(api: Api, at: str) -> None:
    await api.opened()
    await api.say("zendesk-4711", "acknowledge")
    answer = await api.say("zendesk-4711", "pause", reason="scheduled", until=at)
    assert (answer.status_code, answer.json()["field"]) == (422, "until")
    answer = await api.post("/v1/escalations", case("2", ticket={**case()["ticket"], "opened_at": at}))
    assert (answer.status_code, answer.json()["field"]) == (422, "ticket.opened_at")
    answer = await api.get("/v1/on-call", params={"at": at})
    assert (answer.status_code, answer.json()["field"]) == (422, "at")


@pytest.mark.parametrize("at", ["0.5", "2026", "1772816400"])
async def test_a_bare_number_is_no_time(api: Api, at: str) -> None:
    """It would be read as seconds since 1970: who writes a year would be told of another century."""
    await api.opened()
    await api.say("zendesk-4711", "acknowledge")
    answer = await api.get("/v1/on-call", params={"at": at})
    assert (answer.status_code, answer.json()["field"]) == (422, "at")
    for value in (at, float(at)):
        answer = await api.say("zendesk-4711", "pause", reason="scheduled", until=value)
        assert (answer.status_code, answer.json()["field"]) == (422, "until")
        action = {"text": "x", "kind": "corrective", "owner": "dana", "due_on": value}
        answer = await api.say(
            "zendesk-4711", "root-cause", category="x", description="y", origin="ours", actions=[action]
        )
        assert (answer.status_code, answer.json()["field"]) == (422, "actions[0].due_on")


@pytest.mark.parametrize("at", BEYOND[:2])
async def test_instants_beyond_utc_are_refused_in_a_roster_and_a_cursor(api: Api, at: str) -> None:
    body = {"person": "dana", "from": at, "to": "2026-01-02T00:00:00Z"}
    answer = await api.post("/v1/roster/absences", body)
    assert (answer.status_code, answer.json()["field"]) == (422, "from")
    cursor = base64.urlsafe_b64encode(json.dumps(["-opened_at", at, "x", 1]).encode()).decode()
    answer = await api.get("/v1/escalations", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize("id", ["\ud800", "a\0", 5, None])
async def test_a_cursor_made_up_is_refused(api: Api, id: object) -> None:
    text = json.dumps(["-opened_at", "2026-01-01T00:00:00Z", id, 1])
    answer = await api.get("/v1/escalations", params={"cursor": base64.urlsafe_b64encode(text.encode()).decode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_a_worker_that_fell_silent_is_waited_for_no_longer_than_promised(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: Any, **__: Any) -> None:
        await asyncio.sleep(60)

    assert cases.UPDATE_PATIENCE < 4
    await api.opened()
    monkeypatch.setattr(FakeHandle, "execute_update", silent)
    monkeypatch.setattr(cases, "UPDATE_PATIENCE", 0.1)
    answer = await asyncio.wait_for(api.say("zendesk-4711", "acknowledge"), 2)
    assert (answer.status_code, len(api.temporal.signals)) == (202, 1)


async def test_rules_that_fail_leave_the_case_as_it_was_and_are_not_called_a_missing_workflow(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        error = ApplicationError("date value out of range", type="OverflowError")
        raise WorkflowUpdateFailedError(error) from error

    await api.opened()
    monkeypatch.setattr(FakeHandle, "execute_update", fails)
    answer = await api.say("zendesk-4711", "acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (409, "command_failed")
    state = (await api.get(f"/v1/commands/{answer.headers['command-id']}")).json()
    assert (state["status"], state["code"]) == ("refused", "command_failed")


@pytest.mark.parametrize("worker", [True, False])
async def test_merges_in_a_circle_never_take_every_case_away(api: Api, worker: bool) -> None:
    ids = [(await api.opened(name))["id"] for name in "abc"]
    api.temporal.worker = worker
    merges = [api.say(id, "merge", into=into) for id, into in zip(ids, [*ids[1:], ids[0]], strict=True)]
    answers = [(one.status_code, one.json().get("code")) for one in await asyncio.gather(*merges)]
    said = [id for id, command in (*api.temporal.updates, *api.temporal.signals) if command.name == "merge"]
    assert 1 <= len(said) < 3
    assert {code for status, code in answers if status == 409} <= {"merge_pending", "already_cancelled"}


async def test_merges_that_cross_leave_one_case_with_the_other_in_it(api: Api) -> None:
    first, second = [(await api.opened(name))["id"] for name in "ab"]
    await asyncio.gather(api.say(first, "merge", into=second), api.say(second, "merge", into=first))
    shown = [(await api.get(f"/v1/escalations/{id}")).json() for id in (first, second)]
    gone, stays = sorted(shown, key=lambda one: one["status"] != "cancelled")
    assert (gone["status"], gone["parent"], gone["children"]) == ("cancelled", stays["id"], [])
    assert (stays["status"], stays["parent"], stays["children"]) == ("open", None, [gone["id"]])


async def test_a_case_is_not_promised_to_two_others(api: Api) -> None:
    first, second, third = [(await api.opened(name))["id"] for name in "abc"]
    api.temporal.worker = False
    assert (await api.say(first, "merge", into=second)).status_code == 202
    answer = await api.say(first, "merge", into=third)
    assert (answer.status_code, answer.json()["code"]) == (409, "merge_pending")
    assert [id for id, _ in api.temporal.signals] == [second, first]


async def test_a_merge_waits_for_a_silent_worker_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    heard = FakeHandle.execute_update

    async def counted(handle: FakeHandle, name: str, *args: Any, **more: Any) -> Any:
        waited.append(name)
        return await heard(handle, name, *args, **more)

    monkeypatch.setattr(FakeHandle, "execute_update", counted)
    first, second = [(await api.opened(name))["id"] for name in "ab"]
    api.temporal.worker = False
    assert (await api.say(first, "merge", into=second)).status_code == 202
    assert (waited, [command.name for _, command in api.temporal.signals]) == (["adopt"], ["adopt", "merge"])


async def test_a_merge_that_was_never_said_holds_nothing_up(api: Api) -> None:
    first, second = [(await api.opened(name))["id"] for name in "ab"]
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert (await api.say(first, "merge", into=second)).status_code == 503
    api.temporal.error = None
    assert (await api.say(first, "merge", into=second)).json()["status"] == "cancelled"
