"""A ticket is escalated once while it is live, and again as a new episode."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCStatusCode

from api.cases import summary
from api.shapes import Escalation
from domain.state import Escalation as State
from tests.api.conftest import Api, case
from workflows import contract
from workflows.describe import LONGEST_SUMMARY


async def test_opening_answers_with_the_whole_escalation(api: Api) -> None:
    answer = await api.post("/v1/escalations", case(impact="high", urgency="high"))
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == body["links"]["self"]
    assert (body["id"], body["episode"], body["status"], body["priority"]) == ("zendesk-4711", 1, "open", "critical")
    assert body["policy"] == {"name": "standard", "version": 1}
    assert body["accountable"] == "dana"  # the lead, before anybody has been told
    assert body["links"]["page"] == "http://tierline.test/escalations/zendesk-4711"
    assert body["links"]["temporal_ui"].endswith("/namespaces/default/workflows/zendesk-4711")


async def test_while_the_lead_is_away_whoever_stands_in_is_accountable(api: Api) -> None:
    away = {"person": "dana", "delegate": "sam", "from": "2020-01-01T00:00:00Z", "to": "2200-01-01T00:00:00Z"}
    assert (await api.post("/v1/roster/absences", away)).status_code == 201
    assert (await api.opened())["accountable"] == "sam"


async def test_what_is_answered_is_what_openapi_declares(api: Api) -> None:
    body = await api.opened()
    declared = set(Escalation.model_fields)
    assert declared <= set(body)
    assert set(body) - declared <= {"rules_version", "impact", "urgency"}
    Escalation.model_validate(body)


async def test_the_workflow_starts_under_the_names_of_the_contract(api: Api) -> None:
    await api.opened(priority="critical")
    [started] = api.temporal.started
    assert (started["workflow"], started["id"], started["task_queue"]) == ("Escalation", "zendesk-4711", "tierline")
    assert started["id_conflict_policy"] == WorkflowIDConflictPolicy.FAIL
    assert started["static_summary"] == "critical · Acme GmbH · Checkout is down"
    assert started["priority"].priority_key == 1
    attributes = started["search_attributes"]
    assert (attributes[contract.STATUS], attributes[contract.TIER]) == ("open", "L1")
    assert (attributes[contract.PRIORITY], attributes[contract.TEAM]) == ("critical", "support")
    assert attributes[contract.NEXT_DEADLINE] > datetime.now(UTC)


async def test_a_long_summary_is_cut_between_characters(api: Api) -> None:
    await api.opened()
    state: State = api.temporal.runs["zendesk-4711"]
    ticket = state.ticket.model_copy(update={"subject": "ü" * 400})
    text = summary(state.model_copy(update={"ticket": ticket}))
    assert LONGEST_SUMMARY - 3 <= len(text.encode()) <= LONGEST_SUMMARY
    assert text.endswith("ü…")


async def test_the_same_ticket_while_it_is_live_is_the_same_escalation(api: Api) -> None:
    first = await api.opened()
    again = await api.post("/v1/escalations", case())
    assert (again.status_code, again.json()) == (200, first)
    assert len(api.temporal.started) == 1


async def test_two_at_the_same_moment_open_one(api: Api) -> None:
    answers = await asyncio.gather(*(api.post("/v1/escalations", case()) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    assert len(api.temporal.started) == 1


async def test_a_run_without_a_row_is_found_by_its_history(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody started it a moment ago, or died before writing the row, and no worker is there to write it."""
    monkeypatch.setattr(api.services.escalations, "save_document", lambda *_: False)
    first = await api.opened()
    monkeypatch.undo()
    again = await api.post("/v1/escalations", case())
    assert (again.status_code, again.json()) == (200, first)
    assert (await api.get("/v1/escalations/zendesk-4711")).json() == first


async def test_a_closed_ticket_opens_a_new_episode(api: Api) -> None:
    await api.opened()
    await api.say("zendesk-4711", "cancel", reason="by mistake")
    again = await api.post("/v1/escalations", case())
    assert (again.status_code, again.json()["episode"]) == (201, 2)
    assert (await api.get("/v1/escalations/zendesk-4711?episode=1")).json()["status"] == "cancelled"
    assert (await api.get("/v1/escalations/zendesk-4711")).json()["status"] == "open"


async def test_a_run_that_is_just_ending_is_waited_for(api: Api) -> None:
    await api.opened()
    run = api.temporal.runs["zendesk-4711"]
    await api.say("zendesk-4711", "cancel", reason="by mistake")
    api.temporal.runs["zendesk-4711"] = run  # its last record is stored, the run has not completed yet

    async def complete() -> None:
        await asyncio.sleep(0.4)
        del api.temporal.runs["zendesk-4711"]

    again, _ = await asyncio.gather(api.post("/v1/escalations", case()), complete())
    assert (again.status_code, again.json()["episode"]) == (201, 2)
    assert api.temporal.gave_way == []


async def test_an_unknown_policy_is_refused_with_the_known_ones(api: Api) -> None:
    answer = await api.post("/v1/escalations", case(policy="gold"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_policy", "policy")
    assert "standard" in answer.json()["detail"]
    assert api.temporal.started == []


async def test_without_temporal_nothing_is_opened(api: Api) -> None:
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    answer = await api.post("/v1/escalations", case())
    assert (answer.status_code, answer.json()["code"]) == (503, "temporal_unavailable")
    api.temporal.error = None
    assert (await api.get("/v1/escalations/zendesk-4711")).status_code == 404


@pytest.mark.parametrize(
    ("ticket_id", "id"),
    [
        ("A.B-1_2", "zendesk-A.B-1_2"),
        (".hidden", "zendesk-~2Ehidden"),
        ("a/b?c", "zendesk-a~2Fb~3Fc"),
        ("ü", "zendesk-~C3~BC"),
    ],
)
async def test_any_ticket_id_makes_an_address_that_works(api: Api, ticket_id: str, id: str) -> None:
    assert (await api.opened(ticket_id))["id"] == id
    assert (await api.get(f"/v1/escalations/{id}")).json()["ticket"]["id"] == ticket_id
    assert (await api.say(id, "acknowledge")).status_code == 200


async def test_an_id_that_gets_too_long_is_refused(api: Api) -> None:
    answer = await api.post("/v1/escalations", case("x" * 300))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "ticket_id_too_long",
        "ticket.id",
    )


async def _listed(api: Api, query: str) -> tuple[list[str], list[int]]:
    ids: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    while cursor is not None or not sizes:
        path = f"/v1/escalations?{query}" + (f"&cursor={cursor}" if cursor else "")
        page: dict[str, Any] = (await api.get(path)).json()
        ids += [one["id"] for one in page["items"]]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
    return ids, sizes


async def test_pages_follow_one_another_without_gaps_or_repeats(api: Api) -> None:
    for number in range(7):
        await api.opened(str(number))
    ids, sizes = await _listed(api, "limit=3")
    assert ids == [f"zendesk-{number}" for number in reversed(range(7))]
    assert sizes == [3, 3, 1]
    assert (await _listed(api, "limit=3&sort=opened_at"))[0] == [*reversed(ids)]


async def test_lists_are_filtered(api: Api) -> None:
    await api.opened("1", priority="critical")
    await api.opened("2")
    await api.say("zendesk-2", "acknowledge", by="sam")
    assert (await _listed(api, "status=acknowledged"))[0] == ["zendesk-2"]
    assert (await _listed(api, "status=open,acknowledged&sort=opened_at"))[0] == ["zendesk-1", "zendesk-2"]
    assert (await _listed(api, "owner=sam"))[0] == ["zendesk-2"]
    assert (await _listed(api, "priority=critical&team=support&tier=L1&customer=acme&overdue=false"))[0] == [
        "zendesk-1"
    ]
    assert (await _listed(api, "q=CHECKOUT 2"))[0] == ["zendesk-2"]
    items = (await api.get("/v1/escalations")).json()["items"]
    assert all(one["links"]["self"].startswith("http://tierline.test/v1/escalations/") for one in items)
