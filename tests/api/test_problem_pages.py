"""The pages of problems, and what the page of a case shows of them: listed, linked, worked on, resolved with their cases."""

import pytest

from tests.api.conftest import Api
from tests.api.lessons_desk import B, explained, problem, promised, with_live_cases
from tests.api.signed_in import COOKIE, Visitor, visitor
from tests.api.test_lessons_api import with_a_problem


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/policies")
    return found


# problems


async def test_problems_are_listed_and_filtered(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    page = await someone.opens("/problems")
    assert "P-1 Certificate expired: checkout open Sam · cases: 2 · opened" in page.words
    for query, found in (
        ("state=open", True), ("state=resolved", False), ("state=known_error", False), ("owner=sam", True),
        ("owner=mine", False), ("category=certificate", True), ("category=gone", False), ("product=checkout", True),
        ("product=%00shop", False), ("state=all&after=1", False), ("after=x", True), ("after=99999999999", True),
    ):  # fmt: skip
        assert ("P-1" in (await someone.opens(f"/problems?{query}")).words) == found, query
    await api.post("/v1/problems/P-1/workaround", {"by": "sam", "text": "restart it"})
    assert "known error" in (await someone.opens("/problems?state=known_error")).words
    await api.post("/v1/problems/P-1/resolve", {"by": "sam", "resolution": "renews itself"})
    assert "P-1" not in (await someone.opens("/problems")).words
    assert "resolved renews itself" in (await someone.opens("/problems?state=all")).words.replace("How it was ", "")


async def test_a_problem_shows_what_the_api_says_of_it(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    live = await explained(api, "3")
    shown, page = await problem(api), await someone.opens("/problems/P-1")
    cost = shown["cost"]
    assert f"{cost['hours']:.1f} hours from opening to closing {cost['breaches']} missed targets" in page.words
    assert cost["customers"] == 1
    assert f" 1 customer {shown['cases']} cases" in page.words
    assert page.words.count("Dana (agent)") == 1, "who is signed in"
    assert "Owner Sam Category Certificate expired Product checkout State open" in page.words
    for one in (*shown["linked"], *shown["offered"]):
        assert f'href="/escalations/{one["id"]}?episode=1"' in page.html
    assert [one["id"] for one in shown["offered"]] == [live["id"]]
    assert [form.fields["escalation"] for form in page.forms if ("command", "link") in form.buttons] == [live["id"], ""]


async def test_a_case_that_is_offered_is_linked_and_taken_out_again(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    live = await explained(api, "3")
    after = await someone.presses(await someone.opens("/problems/P-1"), "link")
    assert "The case belongs to this problem now." in after.words
    assert {one["id"]: one["linked_by"] for one in (await problem(api))["linked"]}[live["id"]] == "dana"
    assert "linked by Dana" in after.words
    assert "by its cause" in after.words
    gone = await someone.presses(after, "unlink", escalation=live["id"])
    assert "The case no longer belongs to this problem." in gone.words
    assert (await problem(api))["cases"] == 2


async def test_what_helps_and_who_looks_after_it_are_written_down(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    page = await someone.presses(await someone.opens("/problems/P-1"), "workaround", text="restart it")
    assert "It is written down" in page.words
    assert "What helps for now restart it" in page.words
    page = await someone.presses(page, "assign", to="boss")
    shown = await problem(api)
    assert (shown["workaround"], shown["state"], shown["owner"]) == ("restart it", "known_error", "boss")
    assert page.form("workaround").fields["text"] == "restart it"
    assert page.form("assign").fields["to"] == "boss"


@pytest.mark.parametrize(
    ("command", "typed", "status", "says"),
    [
        ("workaround", {"text": " "}, 422, "Please fill in: What helps for now."),
        ("workaround", {"text": "a\0b"}, 422, "“What helps for now” cannot be taken as it is"),
        ("assign", {"to": "ghost"}, 422, "no person 'ghost'"),
        ("link", {"escalation": "zendesk-9"}, 404, "There is no"),
        ("link", {"escalation": "a\0b"}, 422, "“Case (id)” cannot be taken as it is"),
        ("unlink", {"escalation": "zendesk-9"}, 404, "The case does not belong to this problem."),
        ("resolve", {"resolution": ""}, 422, "Please fill in: How it was resolved."),
        ("explode", {}, 422, "Nothing was changed."),
    ],
)
async def test_what_cannot_be_done_is_said_with_what_was_typed(
    api: Api, someone: Visitor, command: str, typed: dict[str, str], status: int, says: str
) -> None:
    await with_a_problem(api)
    before = await problem(api)
    page = await someone.opens("/problems/P-1")
    form = page.form("assign").fields
    refused = await someone.sends(page, {**form, "command": command, **typed}, "/problems/P-1")
    assert (refused.status, says in refused.words) == (status, True), refused.words
    assert {**await problem(api), "cost": None} == {**before, "cost": None}
    if command in ("link", "workaround", "resolve"):
        kept = {name: refused.form(command).fields[name] for name in typed}
        assert (kept, refused.form(command).shown) == (typed, True)


async def test_resolving_says_what_became_of_each_case_and_pressed_twice_says_it_once(
    api: Api, someone: Visitor
) -> None:
    await with_live_cases(api, "3", "4")
    del api.temporal.runs["zendesk-4"]
    page = await someone.opens("/problems/P-1")
    typed = {"resolution": "renews itself", "resolve_cases": "true", "customer_message": "It stays up now."}
    after = await someone.presses(page, "resolve", **typed)
    assert (after.status, "The problem is resolved." in after.words) == (200, True)
    assert "Checkout is down zendesk-3 resolved" in after.words
    assert "Checkout is down zendesk-4 not resolved : no workflow 'zendesk-4' runs" in after.words
    assert (await someone.presses(page, "resolve", **typed)).status == 200
    said = [(id, word.body["customer_message"], word.by) for id, word in api.temporal.updates]
    assert said == [("zendesk-3", "It stays up now.", "dana")]


async def test_a_word_kept_for_later_is_told_as_such_and_pressed_twice_is_one_word(api: Api, someone: Visitor) -> None:
    await with_live_cases(api, "3")
    api.temporal.worker = False
    page = await someone.opens("/problems/P-1")
    for _ in range(2):
        after = await someone.presses(page, "resolve", resolution="renews itself", resolve_cases="true")
        assert "Checkout is down zendesk-3 kept for later" in after.words
    assert len({word.id for _, word in api.temporal.signals}) == 1


async def test_without_the_tick_no_case_is_resolved_and_it_can_be_asked_for_later(api: Api, someone: Visitor) -> None:
    await with_live_cases(api, "3")
    form = dict((page := await someone.opens("/problems/P-1")).form("resolve").fields)
    form.pop("resolve_cases")  # a box that is not ticked is not sent
    after = await someone.sends(page, {**form, "command": "resolve", "resolution": "renews itself"}, "/problems/P-1")
    assert ("How it was resolved renews itself Dana" in after.words, api.temporal.updates) == (True, [])
    assert [one for one in after.commands if one != "sign-out"] == ["resolve"], "only what is left to do"
    told = await someone.presses(after, "resolve")
    assert "Checkout is down zendesk-3 resolved" in told.words
    assert [(id, word.name) for id, word in api.temporal.updates] == [("zendesk-3", "resolve")]


@pytest.mark.parametrize("path", ["/problems/P-9", "/problems/a%00b", "/problems/<b>"])
async def test_a_problem_that_is_not_there_is_said_in_words(someone: Visitor, path: str) -> None:
    page = await someone.opens(path)
    assert (page.status, "There is no such problem" in page.words) == (404, True)
    token = someone.api.services.sessions.form_token(someone.client.cookies[COOKIE])
    posted = await someone.sends(page, {"form_token": token, "nonce": "x", "command": "assign", "to": "sam"}, path)
    assert posted.status == 404


# on the page of a case


async def test_a_case_shows_its_problem_with_what_helps_on_top(api: Api, someone: Visitor) -> None:
    await with_live_cases(api, "3")
    page = await someone.opens("/escalations/zendesk-3")
    assert "Problem P-1: Certificate expired: checkout open It came back. Nobody has written down yet" in page.words
    await api.post("/v1/problems/P-1/workaround", {"by": "sam", "text": "restart it"})
    page = await someone.opens("/escalations/zendesk-3")
    assert "known error What helps for now restart it Sam looks after it" in page.words
    assert page.words.index("restart it") < page.words.index("What to do"), "above everything else"
    assert 'href="/problems/P-1"' in page.html


async def test_a_case_that_looks_like_a_problem_is_linked_from_its_own_page(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    await api.post("/v1/problems/P-1/workaround", {"by": "sam", "text": "restart it"})
    live = await explained(api, "3")
    page = await someone.opens(f"/escalations/{live['id']}")
    assert "Looks like problem P-1: Certificate expired: checkout What helps for now restart it" in page.words
    after = await someone.presses(page, "link")
    assert after.address.endswith(f"/escalations/{live['id']}")
    assert "Problem P-1: Certificate expired: checkout known error" in after.words
    assert "Looks like" not in after.words
    other = await api.opened("4")
    assert "Looks like" not in (await someone.opens(f"/escalations/{other['id']}")).words, "it names no product"


async def test_only_a_role_that_may_link_is_offered_the_button(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    live = await explained(api, "3")
    for role, may in (("viewer", False), ("operator", True)):
        page = await someone.signs_in(role, f"/escalations/{live['id']}")
        assert ("Looks like problem P-1" in page.words, "link" in page.commands) == (True, may)
    assert (await someone.presses(page, "link", by="sam")).status == 200
    assert {one["id"]: one["linked_by"] for one in (await problem(api))["linked"]}[live["id"]] == "sam"


async def test_a_case_shows_what_became_of_its_actions(api: Api, someone: Visitor) -> None:
    await promised(api)
    page = await someone.opens("/escalations/zendesk-4711")
    assert "alert preventive, Sam, due Thursday 31 January 2030 open" in page.words
    assert "renew by machine preventive, Dana, due Friday 31 January 2020 overdue" in page.words
    await api.post(f"/v1/actions/{B}/done", {"by": "sam", "note": "by cron"})
    page = await someone.opens("/escalations/zendesk-4711")
    assert "renew by machine preventive, Dana, due Friday 31 January 2020 done Sam, " in page.words
    assert ": by cron" in page.words
