"""Causes, actions and problems over HTTP: what is taken, what is refused and how, and hostile words that do nothing."""

from pathlib import Path
from typing import Any

import pytest

from api.seeding import read_folder, seed
from domain.actions import LessonsPlan
from domain.causes import load_causes
from domain.errors import PolicyFaults
from domain.outcome import Transition
from domain.state import TimelineEntry
from records.lessons import Lessons
from records.transitions import Transitions
from tests.api.conftest import Api, case, write_policies

CASE = "zendesk-4711"
TREE = """
recurrence: {within: 30d, count: 2, owner: sam}
categories:
  - id: service-outage
    title: {en: Service outage, de: Ausfall}
    children: [{id: certificate, title: {en: Certificate expired}}]
"""
CAUSE = {"category": "certificate", "description": "expired", "origin": "ours"}
HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE actions; --", "\u202etxt.exe", "x" * 10_000, "{{ 7 * 7 }}"]


async def has_tree(api: Api, text: str = TREE) -> Any:
    headers = {"Content-Type": "application/yaml"}
    return await api.call("PUT", "/v1/causes", content=text.encode(), headers=headers)


async def explained(api: Api, ticket: str = "4711", *, closed: bool = False, **said: Any) -> dict[str, Any]:
    """A case whose root cause a worker has written down, and perhaps its closing."""
    opened = await api.opened(ticket, ticket={**case(ticket)["ticket"], "product": "checkout"})
    now = api.services.now()
    cause = {"by": "dana", "at": now.isoformat(), **CAUSE, "actions": [], **said}
    shown = {**opened, "version": opened["version"] + 1, "root_cause": cause}
    shown |= {"status": "closed", "closed_at": now.isoformat()} if closed else {}
    line = TimelineEntry(seq=9, at=now, kind="root_cause_recorded", actor="dana", text="recorded")
    made = Transition(document=shown, version=shown["version"], timeline=(line,))
    Transitions(api.services.database).record(made, now)
    if closed:
        plan = LessonsPlan(escalation=shown["id"], episode=1, entry=1, priority="medium", closed_at=now)
        Lessons(api.services.database).record_recurrence(plan, now)
    return shown


def action(text: str = "alert", owner: str = "sam", due_on: str = "2030-01-31") -> dict[str, str]:
    return {"text": text, "kind": "preventive", "owner": owner, "due_on": due_on}


async def with_a_problem(api: Api) -> None:
    await has_tree(api)
    for ticket in ("1", "2"):
        await explained(api, ticket, closed=True)


# causes


async def test_a_tree_is_put_and_shown_and_counts_from_then_on(api: Api) -> None:
    missing = await api.get("/v1/causes")
    assert (missing.status_code, missing.json()["code"]) == (404, "causes_not_found")
    await api.opened()
    put = await has_tree(api)
    assert (put.status_code, put.json()["version"], put.json()["warnings"]) == (200, 1, [])
    shown = (await api.get("/v1/causes", "viewer")).json()
    assert shown["categories"][0]["children"][0]["title"] == {"en": "Certificate expired"}
    assert (await api.call("PUT", "/v1/causes", json=shown)).json()["version"] == 1  # what is shown may be put again
    refused = await api.say(CASE, "root-cause", **{**CAUSE, "category": "certifcate"})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422,
        "unknown_category",
        "category",
    )
    assert "'certificate' (Service outage › Certificate expired)" in refused.json()["detail"]
    assert (await api.say(CASE, "root-cause", **CAUSE)).status_code == 200


async def test_without_a_tree_any_text_is_a_category(api: Api) -> None:
    await api.opened()
    assert (await api.say(CASE, "root-cause", **{**CAUSE, "category": "the moon"})).status_code == 200


async def test_a_tree_is_refused_with_every_fault_and_one_with_an_unknown_owner_warns(api: Api) -> None:
    refused = await has_tree(api, "recurrence: {count: 1}\ncategories: [{id: A, title: {en: A}}]")
    assert refused.status_code == 422
    assert [fault["path"] for fault in refused.json()["errors"]] == ["recurrence.count", "categories[0].id"]
    warned = await has_tree(api, TREE.replace("owner: sam", "owner: nobody"))
    assert [one["path"] for one in warned.json()["warnings"]] == ["recurrence.owner"]


async def test_a_root_cause_names_a_problem_that_is_there_or_none(api: Api) -> None:
    await api.opened()
    refused = await api.say(CASE, "root-cause", **CAUSE, problem="P-7")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_problem")


def test_the_file_beside_the_policies_is_read_as_a_tree_and_its_faults_stop_the_start(tmp_path: Path) -> None:
    folder = write_policies(tmp_path)
    (folder / "causes.yaml").write_text(TREE)
    read = read_folder(folder)
    assert read.causes is not None
    assert read.causes.causes == load_causes(TREE)
    assert [one.policy.name for one in read.policies] == ["standard"]
    (folder / "causes.yaml").write_text("categories: 3")
    with pytest.raises(PolicyFaults) as refused:
        read_folder(folder)
    assert [fault.path for fault in refused.value.faults] == ["causes.yaml: categories"]


async def test_an_unchanged_file_never_overrides_a_put(api: Api) -> None:
    file = api.services.settings.policies / "causes.yaml"
    file.write_text(TREE)
    seed(api.services, api.services.now())
    await has_tree(api, TREE.replace("Service outage", "Outage"))
    seed(api.services, api.services.now())
    assert (await api.get("/v1/causes")).json()["categories"][0]["title"]["en"] == "Outage"


# actions


async def test_an_action_is_listed_done_and_then_listed_as_done(api: Api) -> None:
    await explained(api, actions=[action("a"), action("b", owner="dana", due_on="2020-01-31")])
    listed = (await api.get("/v1/actions", "viewer")).json()
    assert [(one["id"], one["overdue"], one["subject"]) for one in listed["items"]] == [
        (f"{CASE}.1.2", True, "Checkout is down"),
        (f"{CASE}.1.1", False, "Checkout is down"),
    ]
    done = await api.post(f"/v1/actions/{CASE}.1.1/done", {"by": "sam", "note": "it works"})
    assert (done.status_code, done.json()["state"], done.json()["done_by"]) == (200, "done", "sam")
    again = await api.post(f"/v1/actions/{CASE}.1.1/done", {"by": "dana"})
    assert again.json()["done_by"] == "sam"
    dropped = await api.post(f"/v1/actions/{CASE}.1.1/drop", {"by": "sam"})
    assert (dropped.status_code, dropped.json()["code"]) == (409, "action_done")
    assert [one["id"] for one in (await api.get("/v1/actions?state=open")).json()["items"]] == [f"{CASE}.1.2"]
    assert [one["id"] for one in (await api.get("/v1/actions?overdue=true")).json()["items"]] == [f"{CASE}.1.2"]
    assert (await api.get("/v1/actions?owner=dana&state=done")).json()["items"] == []


async def test_a_note_to_what_is_done_already_is_kept_or_refused_and_never_dropped(api: Api) -> None:
    await explained(api, actions=[action()])
    done = f"/v1/actions/{CASE}.1.1/done"
    await api.post(done, {"by": "sam"})
    noted = await api.post(done, {"by": "sam", "note": "it works"})
    assert (noted.status_code, noted.json()["note"]) == (200, "it works")
    assert (await api.post(done, {"by": "sam", "note": "it works"})).json() == noted.json()
    other = await api.post(done, {"by": "sam", "note": "it does not"})
    assert (other.status_code, other.json()["code"]) == (409, "action_done")
    assert (await api.get("/v1/actions")).json()["items"][0]["note"] == "it works"


async def test_an_agent_ends_an_action_as_themselves_only(api: Api) -> None:
    await explained(api, actions=[action()])
    other = await api.post(f"/v1/actions/{CASE}.1.1/done", {"by": "sam"}, "agent")
    assert (other.status_code, other.json()["code"]) == (403, "not_yourself")
    own = await api.post(f"/v1/actions/{CASE}.1.1/done", None, "agent")
    assert own.json()["done_by"] == "dana"


@pytest.mark.parametrize("path", ["/v1/actions/nothing/done", "/v1/actions/a%00b/drop"])
async def test_an_action_that_is_not_there_is_said_so(api: Api, path: str) -> None:
    answer = await api.post(path, {"by": "dana"})
    assert (answer.status_code, answer.json()["code"]) == (404, "action_not_found")


@pytest.mark.parametrize("query", ["state=closed", "cursor=x", "cursor=2020-01-01_%00", "limit=0", "who=sam"])
async def test_a_list_of_actions_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/actions?{query}")).status_code == 422


# problems


async def test_a_problem_shows_its_cost_its_cases_and_what_looks_like_it(api: Api) -> None:
    await with_a_problem(api)
    live = await explained(api, "3")
    [listed] = (await api.get("/v1/problems", "viewer")).json()["items"]
    assert (listed["id"], listed["title"], listed["owner"]) == ("P-1", "Certificate expired: checkout", "sam")
    shown = (await api.get("/v1/problems/P-1")).json()
    assert {one["id"] for one in shown["linked"]} == {"zendesk-1", "zendesk-2"}
    assert [one["id"] for one in shown["offered"]] == [live["id"]]
    assert shown["cost"]["customers"] == 1
    assert (await api.get("/v1/problems?state=resolved")).json()["items"] == []


async def test_a_problem_is_linked_unlinked_worked_around_and_assigned(api: Api) -> None:
    await with_a_problem(api)
    await api.opened("3")
    linked = await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": "zendesk-3"})
    assert [one["linked_by"] for one in linked.json()["linked"] if one["id"] == "zendesk-3"] == ["dana"]
    unlinked = await api.post("/v1/problems/P-1/unlink", {"by": "dana", "escalation": "zendesk-3"})
    assert unlinked.json()["cases"] == 2
    known = await api.post("/v1/problems/P-1/workaround", {"by": "dana", "text": "restart it"})
    assert (known.json()["state"], known.json()["workaround"]) == ("known_error", "restart it")
    assert (await api.post("/v1/problems/P-1/assign", {"by": "dana", "to": "boss"})).json()["owner"] == "boss"
    refusals = [
        await api.post("/v1/problems/P-1/assign", {"by": "dana", "to": "nobody"}),
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": "zendesk-9"}),
        await api.post("/v1/problems/P-9/link", {"by": "dana", "escalation": "zendesk-3"}),
        await api.post("/v1/problems/P-1/unlink", {"by": "dana", "escalation": "zendesk-3"}),
        await api.get("/v1/problems/a%00b"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in refusals] == [
        (422, "unknown_person"),
        (404, "escalation_not_found"),
        (404, "problem_not_found"),
        (404, "not_linked"),
        (404, "problem_not_found"),
    ]


RESOLVED = {"by": "dana", "resolution": "renews itself", "resolve_cases": True, "customer_message": "It stays up now."}


async def test_resolving_says_it_to_each_live_case_once_however_often_it_is_asked(api: Api) -> None:
    await with_a_problem(api)
    for ticket in ("3", "4"):
        await api.opened(ticket)
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": f"zendesk-{ticket}"})
    headers = {"Idempotency-Key": "once"}
    answers = [await api.post("/v1/problems/P-1/resolve", RESOLVED, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert {(one["id"], one["outcome"]) for one in answers[0].json()["children"]} == {
        ("zendesk-3", "resolved"),
        ("zendesk-4", "resolved"),
    }
    said = [(id, word.name, word.body["customer_message"]) for id, word in api.temporal.updates]
    assert sorted(said) == [("zendesk-3", "resolve", "It stays up now."), ("zendesk-4", "resolve", "It stays up now.")]


async def test_without_asking_for_it_no_case_is_resolved(api: Api) -> None:
    await with_a_problem(api)
    await api.opened("3")
    await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": "zendesk-3"})
    answer = await api.post("/v1/problems/P-1/resolve", {"by": "dana", "resolution": "renews itself"})
    assert (answer.json()["state"], answer.json()["children"], api.temporal.updates) == ("resolved", [], [])
    assert (
        await api.post("/v1/problems/P-1/resolve", RESOLVED)
    ).status_code == 200  # the same words: now its cases, too
    assert len(api.temporal.updates) == 1
    other = await api.post("/v1/problems/P-1/resolve", {"by": "dana", "resolution": "otherwise"})
    assert (other.status_code, other.json()["code"]) == (409, "problem_resolved")


async def test_a_case_that_cannot_be_told_keeps_no_other_from_it(api: Api) -> None:
    await with_a_problem(api)
    for ticket in ("3", "4"):
        await api.opened(ticket)
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": f"zendesk-{ticket}"})
    del api.temporal.runs["zendesk-3"]
    answer = await api.post("/v1/problems/P-1/resolve", RESOLVED)
    assert {one["id"]: (one["outcome"], one["code"]) for one in answer.json()["children"]} == {
        "zendesk-3": ("refused", "workflow_missing"),
        "zendesk-4": ("resolved", None),
    }


@pytest.mark.parametrize("words", HOSTILE)
async def test_hostile_words_are_kept_as_they_are_and_do_nothing(api: Api, words: str) -> None:
    await with_a_problem(api)
    written = await api.post("/v1/problems/P-1/workaround", {"by": "dana", "text": words})
    assert written.json()["workaround"] == words
    await explained(api, "5", actions=[action(words[:2000])])
    listed = (await api.get("/v1/actions")).json()["items"]
    assert [one["text"] for one in listed] == [words[:2000]]
    done = await api.post("/v1/actions/zendesk-5.1.1/done", {"by": "dana", "note": words})
    assert done.json()["note"] == words


async def test_a_nul_is_refused_wherever_it_stands(api: Api) -> None:
    await with_a_problem(api)
    answers = [
        await api.post("/v1/problems/P-1/workaround", {"by": "dana", "text": "a\0b"}),
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": "a\0b"}),
        await api.get("/v1/problems?owner=%00"),
        await api.get("/v1/actions?owner=%00"),
    ]
    assert {answer.status_code for answer in answers} == {422}
