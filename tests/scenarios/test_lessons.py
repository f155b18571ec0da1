"""What a closed case teaches, over HTTP, on the real server: actions are followed up, a cause that comes back is a problem."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from tests.scenarios.system import PLAIN, Case, Tierline, on_both_databases
from tests.workflows.house import ROSTER, child_of, sends_taken_in
from workflows import contract

UPDATES = "customer_updates: {every: {all: 8h}, channels: [email], on: [resolved]}"
CAUSE = {"category": "certificate", "description": "it had expired", "origin": "ours"}
NINE = time(9, tzinfo=UTC)


async def has_rules(tierline: Tierline) -> None:
    await tierline.has_policy(f"{PLAIN}{UPDATES}")
    roster = ROSTER.model_dump(mode="json", by_alias=True)
    next(person for person in roster["people"] if person["id"] == "sam")["manager"] = "ops-manager"
    assert (await tierline.call("PUT", "/v1/roster", **roster)).status_code == 200


def ticket_about(product: str) -> dict[str, str]:
    """A ticket of its own: the server is the same for all scenarios."""
    return {"system": "zendesk", "id": uuid.uuid4().hex[:8], "subject": "Checkout is down", "product": product}


async def explained(tierline: Tierline, product: str = "checkout", **cause: Any) -> Case:
    """A case that Dana has solved and explained."""
    case = await tierline.opens(policy="plain", ticket=ticket_about(product))
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.tells(None, "email", "customer_resolved")
    await case.says("dana", "root-cause", **{**CAUSE, **cause})
    return case


async def closed(tierline: Tierline, product: str = "checkout", **cause: Any) -> Case:
    case = await explained(tierline, product, **cause)
    await case.says("dana", "close")
    await case.ends()
    return case


def lessons(case: Case) -> WorkflowHandle[Any, Any]:
    """The run that follows up the first episode."""
    return case.tierline.house.client.get_workflow_handle(f"{case.id}/1/lessons")


async def actions(case: Case, time: int = 1) -> WorkflowHandle[Any, Any]:
    """The run that follows up what was promised in its root cause, as it was recorded that time; it has looked once."""
    house = case.tierline.house
    run = await child_of(house, house.client.get_workflow_handle(case.id), contract.ACTIONS, time)
    await sends_taken_in(run, 1)
    return run


async def it_is(case: Case, when: datetime, run: WorkflowHandle[Any, Any]) -> None:
    """Let time pass, for what was promised, until just after that instant."""
    span = when + timedelta(minutes=1) - case.tierline.clock()
    await case.tierline.env.fast_forward(run, span)
    case.tierline.clock.ahead += span


def in_days(days: int) -> date:
    """Far enough ahead, on a Tuesday: the working day before is the day before."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    return day + timedelta(days=(1 - day.weekday()) % 7)


def action(owner: str, due_on: date, text: str = "alert two weeks before") -> dict[str, str]:
    return {"text": text, "kind": "preventive", "owner": owner, "due_on": due_on.isoformat()}


@on_both_databases
async def test_the_owner_of_an_action_is_reminded_until_it_is_done_and_at_last_the_manager(tierline: Tierline) -> None:
    await has_rules(tierline)
    due = in_days(10)
    case = await explained(tierline, actions=[action("sam", due)])
    run = await actions(case)
    for days in (-1, 0, 7, 14):
        await it_is(case, datetime.combine(due + timedelta(days=days), NINE), run)
        told = await case.tells("sam", "email", "action_due")
        if days == 0:
            await case.says("dana", "close")
            await case.ends()
    assert told.key == f"{case.id}.1/1/action_due/1.{due + timedelta(days=14):%Y%m%d}/sam/email"
    assert "alert two weeks before" in (told.text or "")
    overdue = (await tierline.call("GET", "/v1/actions?overdue=true&owner=sam")).json()["items"]
    assert [(one["id"], one["state"], one["subject"]) for one in overdue] == [
        (f"{case.id}.1.1", "open", "Checkout is down")
    ]
    await it_is(case, datetime.combine(due + timedelta(days=21), NINE), run)
    await case.tells("sam", "email", "action_due")
    await case.tells("ops-manager", "email", "action_due")
    done = await tierline.call(
        "POST", f"/v1/actions/{case.id}.1.1/done", "sam", note="it is in the calendar of the team"
    )
    assert (done.json()["state"], done.json()["done_by"]) == ("done", "sam")
    await it_is(case, datetime.combine(due + timedelta(days=28), NINE), run)
    assert await run.result() == "followed up"
    lines = [line["text"] for line in await case.timeline() if line["kind"] == "told"]
    assert lines[1:] == [
        f"sam told: action 1 due on {due}",
        f"sam told: action 1 due on {due}",
        *[f"sam told: action 1 overdue since {due}"] * 3,
        f"ops-manager told: action 1 overdue since {due}",
    ]


async def test_an_action_that_a_later_cause_no_longer_names_is_dropped_and_nobody_hears_of_it(
    tierline: Tierline,
) -> None:
    await has_rules(tierline)
    due = in_days(10)
    case = await explained(tierline, actions=[action("sam", due, "first"), action("lee", due, "second")])
    await case.says("dana", "root-cause", **CAUSE, actions=[action("dana", due, "second")])
    await case.says("dana", "close")
    await case.ends()
    found = (await tierline.call("GET", "/v1/actions")).json()["items"]
    assert sorted((one["number"], one["text"], one["owner"], one["state"]) for one in found) == [
        (1, "first", "sam", "dropped"),
        (2, "second", "dana", "open"),
    ]
    run = await actions(case, 2)
    await it_is(case, datetime.combine(due - timedelta(days=1), NINE), run)
    await case.tells("dana", "email", "action_due")
    await tierline.call("POST", f"/v1/actions/{case.id}.1.2/drop", "dana", note="the provider does it")
    await it_is(case, datetime.combine(due, NINE), run)
    assert await run.result() == "followed up"


@on_both_databases
async def test_an_action_of_a_closed_case_goes_to_somebody_else_who_hears_at_once_and_for_an_earlier_day(
    tierline: Tierline,
) -> None:
    await has_rules(tierline)
    due = in_days(24)
    case = await closed(tierline, actions=[action("sam", due)])
    run, earlier = await actions(case), due - timedelta(days=14)
    moved = await tierline.call(
        "POST",
        f"/v1/actions/{case.id}.1.1/move",
        "dana",
        owner="lee",
        due_on=earlier.isoformat(),
        note="Sam is on leave",
    )
    assert (moved.status_code, moved.json()["owner"], moved.json()["due_on"]) == (200, "lee", earlier.isoformat())
    told = await case.tells("lee", "email", "action_due")
    assert "alert two weeks before" in (told.text or "")
    await it_is(case, datetime.combine(earlier - timedelta(days=1), NINE), run)
    reminded = await case.tells("lee", "email", "action_due")
    assert reminded.key == f"{case.id}.1/1/action_due/1.{earlier - timedelta(days=1):%Y%m%d}/lee/email"
    lines = [line["text"] for line in await case.timeline() if line["kind"] == "told"]
    assert lines[1:] == [f"lee told: action 1 is theirs now, due on {earlier}", f"lee told: action 1 due on {earlier}"]


async def test_a_case_without_actions_and_without_a_second_of_its_kind_is_followed_up_at_once(
    tierline: Tierline,
) -> None:
    await has_rules(tierline)
    case = await closed(tierline)
    assert await lessons(case).result() == "followed up"
    assert (await tierline.call("GET", "/v1/problems")).json()["items"] == []


@on_both_databases
async def test_the_third_case_of_a_cause_opens_a_problem_and_tells_the_lead(tierline: Tierline) -> None:
    await has_rules(tierline)
    first, second = await closed(tierline), await closed(tierline)
    other = await closed(tierline, product="login")
    for case in (first, second, other):
        assert await lessons(case).result() == "followed up"
    assert (await tierline.call("GET", "/v1/problems")).json()["items"] == []
    third = await closed(tierline)
    told = await third.tells("lee", "email", "problem_opened")
    assert "has occurred 3 times" in (told.text or "")
    [problem] = (await tierline.call("GET", "/v1/problems")).json()["items"]
    assert (problem["id"], problem["owner"], problem["state"], problem["cases"]) == ("P-1", "lee", "open", 3)
    assert problem["title"] == "Certificate expired or wrong: checkout"
    fourth = await closed(tierline)
    assert await lessons(fourth).result() == "followed up"
    again = await fourth.tells("lee", "email", "problem_reminder")
    assert "The cause of this problem came back again: Certificate expired or wrong: checkout" in (again.text or "")
    assert "What it has cost so far: 4 cases" in (again.text or "")
    assert "/problems/P-1\n" in (again.text or "")
    shown = (await tierline.call("GET", "/v1/problems/P-1")).json()
    assert {one["id"] for one in shown["linked"]} == {first.id, second.id, third.id, fourth.id}
    assert shown["cost"]["customers"] == 1


async def test_resolving_a_problem_resolves_its_live_cases_and_tells_their_customers(tierline: Tierline) -> None:
    await has_rules(tierline)
    for _ in range(3):
        last = await closed(tierline)
    await last.tells("lee", "email", "problem_opened")
    live = await tierline.opens(policy="plain", ticket=ticket_about("checkout"))
    await live.tells("dana", "email", "step")
    offered = (await tierline.call("GET", "/v1/problems/P-1")).json()["offered"]
    assert [one["id"] for one in offered] == [live.id]
    linked = await tierline.call("POST", "/v1/problems/P-1/link", "lee", escalation=live.id)
    assert (linked.status_code, linked.json()["offered"]) == (200, [])
    known = await tierline.call("POST", "/v1/problems/P-1/workaround", "lee", text="Restart the gateway.")
    assert known.json()["state"] == "known_error"
    words = {
        "resolution": "certificates renew themselves",
        "resolve_cases": True,
        "customer_message": "It stays up now.",
    }
    resolved = (await tierline.call("POST", "/v1/problems/P-1/resolve", "lee", **words)).json()
    assert (resolved["state"], resolved["resolved_by"]) == ("resolved", "lee")
    assert [(one["id"], one["outcome"]) for one in resolved["children"]] == [(live.id, "resolved")]
    assert (await live.shows())["resolution"]["summary"] == "certificates renew themselves"
    told = await live.tells(None, "email", "customer_resolved")
    assert "It stays up now." in (told.text or "")
    await live.says("dana", "cancel", reason="end of the story")


async def test_a_root_cause_may_name_its_problem_and_only_one_that_is_there(tierline: Tierline) -> None:
    await has_rules(tierline)
    for _ in range(3):
        last = await closed(tierline)
    await last.tells("lee", "email", "problem_opened")
    case = await closed(tierline, product="billing", problem="P-1")
    await case.tells("lee", "email", "problem_reminder")
    shown = (await tierline.call("GET", "/v1/problems/P-1")).json()
    assert case.id in [one["id"] for one in shown["linked"]]
    stray = await tierline.opens(policy="plain")
    await stray.tells("dana", "email", "step")
    await stray.refuses("dana", "root-cause", "unknown_problem", **CAUSE, problem="P-9")
    await stray.refuses("dana", "root-cause", "unknown_category", **{**CAUSE, "category": "certifcate"})
    await stray.says("dana", "cancel", reason="end of the story")
