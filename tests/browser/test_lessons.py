"""Follow-ups and problems at a real browser: what was promised is done, what came back is known and then resolved."""

from datetime import timedelta
from typing import Any

import pytest

from records.problems import ProblemFilters, Problems
from tests.browser.conftest import Somebody
from tests.scenarios.system import PLAIN, Case, Tierline
from tests.until import until

WAYS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
TREE = """
recurrence: {within: 30d, count: 2}
categories: [{id: certificate, title: {en: Certificate}}]
"""


async def has_rules(tierline: Tierline) -> None:
    await tierline.has_policy(PLAIN)
    headers = {"Authorization": f"Bearer {tierline.keys['admin']}", "Content-Type": "application/yaml"}
    answer = await tierline.http.put("/v1/causes", content=TREE.encode(), headers=headers)
    assert answer.status_code == 200, answer.text


async def opened(tierline: Tierline, product: str) -> Case:
    """A case with that product in its subject."""
    ticket = {"system": "jira", "id": f"{product}-{len(tierline.cases)}", "subject": f"{product} is down"}
    return await tierline.opens(policy="plain", ticket={**ticket, "product": product})


async def closed(tierline: Tierline, product: str, *promised: str) -> Case:
    """Such a case, with what Lee promised when it was closed."""
    case = await opened(tierline, product)
    await case.says("dana", "resolve", summary="a new certificate")
    due_on = (tierline.clock() + timedelta(days=9)).date().isoformat()
    actions: list[dict[str, Any]] = [
        {"text": text, "kind": "preventive", "owner": "lee", "due_on": due_on} for text in promised
    ]
    cause = {"category": "certificate", "description": "it had expired", "origin": "ours", "actions": actions}
    await case.says("dana", "root-cause", **cause)
    await case.says("dana", "close")
    await case.ends()
    return case


async def problem_about(tierline: Tierline, product: str) -> str:
    """The id of the problem that two closed cases of the product have opened."""
    problems = Problems(tierline.house.database)
    await until(lambda: bool(problems.page(ProblemFilters(product=product), 1)[0]))
    [(problem, _)], _ = problems.page(ProblemFilters(product=product), 1)
    return problem.id


@WAYS
async def test_what_was_promised_is_done_or_dropped_on_the_page_of_follow_ups(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    await has_rules(tierline)
    product = f"shop{script}"
    case = await closed(tierline, product, f"Watch the {product}", f"Paint the {product}")
    lee = await somebody(script=script)
    await lee.signs_in("lee", "/actions")
    await lee.chooses("Owner", "me")
    await lee.presses("Show")
    await lee.types(f"Note to: Watch the {product}", "it is in the dashboard")
    await lee.presses(f"Done: Watch the {product}")
    await lee.reads("It is done: nobody is reminded of it any more.")
    await lee.presses(f"Drop: Paint the {product}")
    await lee.reads("It is dropped: nobody is reminded of it any more.")
    await lee.does_not_read(f"Paint the {product}")
    kept = (await tierline.call("GET", f"/v1/escalations/{case.id}")).json()["root_cause"]["actions"]
    assert len(kept) == 2
    found = (await tierline.call("GET", "/v1/actions?owner=lee")).json()["items"]
    ended = {one["text"]: (one["state"], one["note"]) for one in found if one["escalation"] == case.id}
    assert ended == {
        f"Watch the {product}": ("done", "it is in the dashboard"),
        f"Paint the {product}": ("dropped", None),
    }


@WAYS
async def test_what_was_promised_is_handed_to_somebody_else_for_another_day(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    await has_rules(tierline)
    text = f"Move the shop{script}"
    case = await closed(tierline, f"shop{script}", text)
    day = (tierline.clock() + timedelta(days=30)).date().isoformat()
    lee = await somebody(script=script)
    await lee.signs_in("lee", "/actions?owner=mine")
    await lee.types(f"Note to: {text}", "I am on leave")
    await lee.unfolds("Another day or another owner")
    await lee.types("New day (empty: as now)", day)
    await lee.chooses("New owner", "Sam")
    await lee.presses(f"Change: {text}")
    await lee.reads("a new owner hears at once")
    await lee.does_not_read(text)
    found = (await tierline.call("GET", "/v1/actions?owner=sam")).json()["items"]
    [kept] = [one for one in found if one["escalation"] == case.id]
    assert (kept["due_on"], kept["moved"]["by"], kept["moved"]["note"]) == (day, "lee", "I am on leave")


@WAYS
async def test_a_problem_is_made_known_gets_a_case_and_is_resolved_with_it(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    await has_rules(tierline)
    product = f"gateway{script}"
    for _ in range(2):
        await closed(tierline, product)
    problem = await problem_about(tierline, product)
    live = await opened(tierline, product)
    lee = await somebody(script=script)
    await lee.signs_in("lee", "/problems")
    await lee.presses(f"{problem} Certificate: {product}", "link")
    await lee.fills_in("Write what helps for now", {"What helps for now": "restart it"})
    await lee.reads("known error")
    await lee.opens(f"/escalations/{live.id}")
    await lee.reads("restart it")
    await lee.presses(f"Link it to {problem}")
    await lee.is_at(f"/escalations/{live.id}")
    await lee.opens(f"/problems/{problem}")
    await lee.unfolds("It is resolved for good")
    await lee.types("How it was resolved", "certificates renew themselves")
    await lee.ticks("Resolve its cases too, and tell their customers (1)")
    await lee.presses("Resolve")
    await lee.reads("The problem is resolved.")
    await lee.reads("What became of its cases")
    end = await live.shows()
    assert (end["status"], end["resolution"]["summary"]) == ("resolved", "certificates renew themselves")
