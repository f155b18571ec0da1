"""What becomes of a command: 200, 202, a refusal, or a new episode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.service import RPCStatusCode

from domain.escalation import open_case
from tests.api.conftest import POLICY, Api, case
from tests.until import until

CAUSE = {"category": "deployment", "description": "a bad release", "origin": "ours"}
YAML = {"Content-Type": "application/yaml"}


async def closed_case(api: Api) -> dict[str, Any]:
    await api.opened()
    await api.say("zendesk-4711", "escalate", kind="hierarchical", reason="beyond us")
    await api.say("zendesk-4711", "resolve", by="sam", summary="rolled back")
    await api.say("zendesk-4711", "root-cause", **CAUSE)
    answer = await api.say("zendesk-4711", "close")
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    return dict(answer.json())


async def test_people_read_their_own_writes(api: Api) -> None:
    await api.opened()
    said = await api.say("zendesk-4711", "acknowledge")
    assert (said.status_code, said.json()["status"], said.json()["owner"]) == (200, "acknowledged", "dana")
    assert (await api.get("/v1/escalations/zendesk-4711")).json() == said.json()
    assert said.json()["customer"]["name"] == "Acme GmbH"  # not in the workflow's answer


async def test_a_command_carries_when_it_was_received_and_by_whom(api: Api) -> None:
    before = datetime.now(UTC)
    await api.opened(customer={"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"})
    answer = await api.say("zendesk-4711", "customer-update", text="soon", next_update_in="PT30M")
    id, command = api.temporal.updates[-1]
    assert (id, command.id, command.by) == ("zendesk-4711", answer.headers["command-id"], "dana")
    assert before <= command.received_at <= datetime.now(UTC)
    assert command.body == {"text": "soon", "next_update_in": "30m"}


async def test_an_update_to_a_customer_without_an_address_is_taken_and_may_say_how_they_were_told(api: Api) -> None:
    await api.opened()
    assert (await api.say("zendesk-4711", "customer-update", text="soon")).status_code == 200
    assert (await api.say("zendesk-4711", "customer-update", text="soon", told_by="phone")).status_code == 200


async def test_a_ticket_update_says_only_what_was_said(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "ticket-update", "system", fields={"category": "outage"})
    assert api.temporal.updates[-1][1].body == {"fields": {"category": "outage"}}
    assert answer.json()["ticket"]["category"] == "outage"


async def test_a_body_may_be_left_out_where_nothing_must_be_said(api: Api) -> None:
    await api.opened()
    assert (await api.post("/v1/escalations/zendesk-4711/acknowledge", None, "agent")).status_code == 200


async def test_without_a_worker_the_word_is_kept(api: Api) -> None:
    await api.opened()
    api.temporal.worker = False
    answer = await api.say("zendesk-4711", "acknowledge")
    id = answer.headers["command-id"]
    assert (answer.status_code, answer.json()) == (202, {"status": "queued", "command_id": id})
    assert [(case, command.id, command.name) for case, command in api.temporal.signals] == [
        ("zendesk-4711", id, "acknowledge")
    ]
    for path in (f"/v1/commands/{id}", f"/v1/escalations/zendesk-4711/commands/{id}"):
        told = (await api.get(path)).json()
        assert (told["status"], told["name"], told["by"], told["settled_at"]) == ("queued", "acknowledge", "dana", None)
    assert (await api.get(f"/v1/escalations/zendesk-1/commands/{id}")).status_code == 404


async def test_too_many_updates_at_once_are_heard_by_signal(api: Api, monkeypatch: Any) -> None:
    from tests.api.fakes import FakeHandle, rpc_error

    async def full(*_: Any, **__: Any) -> None:
        raise rpc_error(RPCStatusCode.RESOURCE_EXHAUSTED)

    await api.opened()
    monkeypatch.setattr(FakeHandle, "execute_update", full)
    assert (await api.say("zendesk-4711", "acknowledge")).status_code == 202
    assert len(api.temporal.signals) == 1


async def test_a_refusal_has_its_code_and_is_settled(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "close")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_resolved")
    told = (await api.get(f"/v1/commands/{answer.headers['command-id']}")).json()
    assert (told["status"], told["code"]) == ("refused", "not_resolved")


async def test_a_refusal_of_the_rules_keeps_its_kind_and_field(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "escalate", kind="functional", reason="skills")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "field_required", "team")


async def test_a_case_that_never_was_is_404(api: Api) -> None:
    answer = await api.say("zendesk-1", "acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (404, "escalation_not_found")


async def test_what_is_over_takes_no_commands(api: Api) -> None:
    await closed_case(api)
    for command, body in (("note", {"text": "x"}), ("close", {}), ("acknowledge", {})):
        answer = await api.say("zendesk-4711", command, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_closed")
    await api.opened("2")
    await api.say("zendesk-2", "cancel", reason="by mistake")
    answer = await api.say("zendesk-2", "reopen", reason="not by mistake")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_cancelled")


async def test_a_run_that_ended_unnoticed_is_told_by_the_store(api: Api) -> None:
    await api.opened()
    del api.temporal.runs["zendesk-4711"]
    answer = await api.say("zendesk-4711", "acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (409, "workflow_missing")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/escalations", case()), ("/v1/escalations/zendesk-4711/reopen", {"by": "dana", "reason": "not fixed"})],
)
async def test_a_closed_run_that_still_tries_its_messages_is_asked_to_give_way(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    monkeypatch.setattr("api.openings.BY_ITSELF", 0.2)
    await closed_case(api)
    opened = api.temporal.inputs["zendesk-4711"].opening
    assert opened is not None
    api.temporal.runs["zendesk-4711"] = open_case(opened).state
    again = await api.post(path, body)
    assert again.status_code in (200, 201), again.text
    assert (again.json()["episode"], again.json()["status"]) == (2, "open")
    assert api.temporal.gave_way == ["zendesk-4711"]


async def test_reopening_a_closed_case_begins_a_new_episode_where_it_was_solved(api: Api) -> None:
    closed = await closed_case(api)
    answer = await api.say("zendesk-4711", "reopen", reason="down again")
    body = answer.json()
    assert (answer.status_code, body["episode"], body["status"]) == (200, 2, "open")
    assert (body["tier"], body["reopen_count"], body["reopened_from"]) == (closed["tier"], 1, 1)
    opening = api.temporal.inputs["zendesk-4711"].opening
    assert opening is not None
    assert opening.origin is not None
    assert (opening.origin.resolver, opening.origin.reason, opening.origin.by) == ("sam", "down again", "dana")
    told = (await api.get(f"/v1/commands/{answer.headers['command-id']}")).json()
    assert told["status"] == "applied"
    assert (await api.get("/v1/escalations/zendesk-4711?episode=1")).json() == closed


async def test_whoever_stands_in_for_the_lead_is_accountable_for_a_case_that_is_back(api: Api) -> None:
    await closed_case(api)  # by the team that sam leads
    away = {"person": "sam", "delegate": "boss", "from": "2020-01-01T00:00:00Z", "to": "2200-01-01T00:00:00Z"}
    assert (await api.post("/v1/roster/absences", away)).status_code == 201
    assert (await api.say("zendesk-4711", "reopen", reason="down again")).json()["accountable"] == "boss"


async def test_reopening_a_resolved_case_goes_on_in_the_same_episode(api: Api) -> None:
    await api.opened()
    await api.say("zendesk-4711", "resolve", summary="restarted")
    body = (await api.say("zendesk-4711", "reopen", reason="down again")).json()
    assert (body["episode"], body["status"], body["reopen_count"]) == (1, "open", 1)


async def test_merging_tells_the_target_first(api: Api) -> None:
    await api.opened("1")
    await api.opened("2")
    answer = await api.say("zendesk-2", "merge", into="zendesk-1")
    assert (answer.status_code, answer.json()["status"], answer.json()["parent"]) == (200, "cancelled", "zendesk-1")
    assert [(id, command.name) for id, command in api.temporal.updates] == [
        ("zendesk-1", "adopt"),
        ("zendesk-2", "merge"),
    ]
    assert (await api.get("/v1/escalations/zendesk-1")).json()["children"] == ["zendesk-2"]


async def test_merging_needs_a_live_target(api: Api) -> None:
    await api.opened("1")
    await api.opened("2")
    await api.say("zendesk-2", "cancel", reason="by mistake")
    for into, status, code in (
        ("zendesk-9", 404, "escalation_not_found"),
        ("zendesk-2", 409, "already_cancelled"),
        ("zendesk-1", 422, "merge_into_itself"),
    ):
        answer = await api.say("zendesk-1", "merge", into=into)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, "into")


async def test_rebase_says_when_a_deadline_it_moved_into_the_past_was_due(api: Api) -> None:
    opened = await api.opened()
    sooner = POLICY.replace("resolution: {all: 24h}", "resolution: {all: 1s}")
    await api.call("PUT", "/v1/policies/standard", content=sooner.encode(), headers=YAML)
    await until(lambda: datetime.now(UTC) - datetime.fromisoformat(opened["opened_at"]) > timedelta(seconds=1))
    answer = (await api.say("zendesk-4711", "rebase")).json()
    [resolution] = [one for one in answer["moved"] if one["target"] == "resolution"]
    due = {name: datetime.fromisoformat(resolution[name]) for name in ("was", "now")}
    assert due["was"] - due["now"] == timedelta(hours=24) - timedelta(seconds=1)
    assert next(one for one in answer["targets"] if one["name"] == "resolution")["status"] == "breached"
    assert "moved" not in (await api.get("/v1/escalations/zendesk-4711")).json()


async def test_rebase_of_a_paused_case_says_when_its_targets_are_due_if_it_goes_on_now(api: Api) -> None:
    await api.opened()
    slower = POLICY.replace("resolution: {all: 24h}", "resolution: {all: 48h}")
    await api.call("PUT", "/v1/policies/standard", content=slower.encode(), headers=YAML)
    await api.say("zendesk-4711", "acknowledge")
    await api.say("zendesk-4711", "pause", reason="waiting_on_customer")
    answer = (await api.say("zendesk-4711", "rebase")).json()
    [resolution] = [one for one in answer["moved"] if one["target"] == "resolution"]
    due = {name: datetime.fromisoformat(resolution[name]) for name in ("was", "now")}
    assert (due["now"] - due["was"], resolution["paused"]) == (timedelta(hours=24), True)


async def test_rebase_moves_to_the_newest_version_or_the_one_named(api: Api) -> None:
    await api.opened()
    slower = POLICY.replace("resolution: {all: 24h}", "resolution: {all: 48h}")
    await api.call("PUT", "/v1/policies/standard", content=slower.encode(), headers=YAML)
    answer = (await api.say("zendesk-4711", "rebase")).json()
    assert answer["policy"] == {"name": "standard", "version": 2}
    moved = {one["target"]: [datetime.fromisoformat(one[when]) for when in ("was", "now")] for one in answer["moved"]}
    assert [now - was for was, now in moved.values()] == [timedelta(hours=24), timedelta(0), timedelta(0)]
    assert list(moved) == ["resolution", "customer_update", "acknowledge"]
    assert (await api.say("zendesk-4711", "rebase", version=1)).json()["policy"]["version"] == 1
    answer = await api.say("zendesk-4711", "rebase", version=7)
    assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")
