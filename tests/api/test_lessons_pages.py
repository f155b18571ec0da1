"""The pages of what closing teaches: follow-ups that are ended, problems that are worked on, and what a case shows of both."""

from typing import Any

import pytest

from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.drawings import is_inert
from tests.api.signed_in import COOKIE, Visitor, visitor
from tests.api.test_lessons_api import action, with_a_problem
from tests.api.test_lessons_api import explained as recorded

LATE = "2020-01-31"
A, B = "zendesk-4711.1.1", "zendesk-4711.1.2"
HOSTILE = "</ul><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e"


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/policies")
    return found


async def explained(api: Api, ticket: str = "4711", **said: Any) -> dict[str, Any]:
    """A case with a whole root cause: its page shows every field."""
    return await recorded(api, ticket, **{"contributing_factors": [], "problem": None, **said})


async def promised(api: Api) -> None:
    """Two actions of one case: Sam's is far away, Dana's is late."""
    await explained(api, actions=[action("alert"), action("renew by machine", "dana", LATE)])


async def actions(api: Api, query: str = "") -> list[dict[str, Any]]:
    return (await api.get(f"/v1/actions?{query}")).json()["items"]  # type: ignore[no-any-return]


async def problem(api: Api) -> dict[str, Any]:
    return (await api.get("/v1/problems/P-1")).json()  # type: ignore[no-any-return]


def ends(page: Page) -> list[str]:
    return [one for one in page.commands if one.startswith(("done ", "drop "))]


# the board


async def test_the_board_counts_overdue_actions_and_open_problems_and_leads_to_them(api: Api, someone: Visitor) -> None:
    empty = await someone.opens("/")
    assert "0 overdue actions 0 open problems" in empty.words
    await promised(api)
    await with_a_problem(api)
    page = await someone.opens("/")
    assert "1 overdue actions 1 open problems" in page.words
    for path in ("/actions?overdue=true", "/problems"):
        assert f'href="{path}"' in page.html
    await api.post(f"/v1/actions/{B}/done", {"by": "sam"})
    await api.post("/v1/problems/P-1/resolve", {"by": "sam", "resolution": "gone"})
    fresh = (await someone.client.get("/?fragment=rows")).text
    assert ("<strong>0</strong> overdue actions" in fresh, "<strong>0</strong> open problems" in fresh) == (True, True)


# follow-ups


async def test_follow_ups_are_listed_with_the_overdue_ones_first(api: Api, someone: Visitor) -> None:
    await promised(api)
    page = await someone.opens("/actions")
    assert "renew by machine overdue due Friday 31 January 2020 · me · preventive Checkout is down · zendesk-4711" in (
        page.words
    )
    assert page.words.index("renew by machine") < page.words.index("alert due Thursday 31 January 2030 · Sam")
    assert 'href="/escalations/zendesk-4711?episode=1"' in page.html


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("owner=mine", ["renew by machine"]),
        ("owner=sam", ["alert"]),
        ("overdue=true", ["renew by machine"]),
        ("overdue=true&owner=sam", []),
        ("state=done", []),
        ("state=all", ["renew by machine", "alert"]),
        ("state=nonsense&after=nonsense", ["renew by machine", "alert"]),
        ("owner=%00", ["renew by machine", "alert"]),
        ("owner=nobody", []),
    ],
)
async def test_filters_stand_in_the_address_and_come_back_in_the_form(
    api: Api, someone: Visitor, query: str, listed: list[str]
) -> None:
    await promised(api)
    page = await someone.opens(f"/actions?{query}")
    assert [one for one in ("renew by machine", "alert") if one in page.words] == listed
    form = next(form for form in page.forms if form.method == "get")
    for name, value in (
        one.split("=") for one in query.split("&") if one in ("owner=mine", "owner=nobody", "state=all")
    ):
        assert form.fields[name] == value


@pytest.mark.parametrize(("command", "state"), [("done", "done"), ("drop", "dropped")])
async def test_one_is_ended_by_oneself_with_a_note_and_the_filters_stay(
    api: Api, someone: Visitor, command: str, state: str
) -> None:
    await promised(api)
    page = await someone.opens("/actions?owner=mine")
    after = await someone.presses(page, f"{command} {B}", **{f"note {B}": "it works", f"note {A}": "another's"})
    assert "nobody is reminded of it any more" in after.words
    assert "owner=mine" in after.address
    [ended] = await actions(api, f"state={state}")
    assert (ended["id"], ended["done_by"], ended["note"]) == (B, "dana", "it works")
    listed = await someone.opens("/actions?state=all")
    assert f"{state} due Friday 31 January 2020" in listed.words
    assert ": it works" in listed.words
    assert ends(listed) == [f"done {A}", f"drop {A}"]


async def test_what_is_ended_already_is_said_and_the_note_stays(api: Api, someone: Visitor) -> None:
    await promised(api)
    page = await someone.opens("/actions")
    assert (await someone.presses(page, f"done {B}")).status == 200
    assert (await someone.presses(page, f"done {B}")).status == 200, "once more changes nothing"
    refused = await someone.presses(page, f"drop {B}", **{f"note {A}": "half written"})
    assert (refused.status, "It is done already. Nothing was changed." in refused.words) == (409, True)
    assert refused.form(f"done {A}").fields[f"note {A}"] == "half written"
    for wrong, status in (("done nothing", 404), ("done a\0b", 404), (f"explode {A}", 422)):
        assert (await someone.sends(page, {**page.form(f"done {B}").fields, "command": wrong}, "/actions")).status == (
            status
        )


async def test_a_key_that_belongs_to_nobody_says_who_acts(api: Api, someone: Visitor) -> None:
    await promised(api)
    page = await someone.signs_in("operator", "/actions")
    assert page.form(f"done {A}").options["by"] == ["", "dana", "sam", "boss"]
    assert (await someone.presses(page, f"done {A}")).status == 422
    assert (await someone.presses(page, f"done {A}", by="ghost")).status == 422
    assert (await someone.presses(page, f"done {A}", by="sam")).status == 200
    assert [one["done_by"] for one in await actions(api, "state=done")] == ["sam"]


async def test_pages_of_follow_ups_lead_on_and_back(api: Api, someone: Visitor) -> None:
    await explained(api, actions=[action(f"action {number:02}") for number in range(52)])
    page = await someone.opens("/actions")
    assert len(ends(page)) == 100
    [more] = [part.split('"')[0] for part in page.html.split('href="')[1:] if "after=" in part.split('"')[0]]
    last = await someone.opens(more)
    assert (len(ends(last)), "Back to the first" in last.words) == (4, True)


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
    assert f"{cost['customers']} customers {shown['cases']} cases" in page.words
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
        ("workaround", {"text": "a\0b"}, 422, "Nothing was changed."),
        ("assign", {"to": "ghost"}, 422, "no person 'ghost'"),
        ("link", {"escalation": "zendesk-9"}, 404, "There is no"),
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


async def with_live_cases(api: Api, *tickets: str) -> None:
    await with_a_problem(api)
    for ticket in tickets:
        await api.opened(ticket)
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": f"zendesk-{ticket}"})


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
    assert "alert preventive, Sam, due 2030-01-31 open" in page.words
    assert f"renew by machine preventive, Dana, due {LATE} overdue" in page.words
    await api.post(f"/v1/actions/{B}/done", {"by": "sam", "note": "by cron"})
    page = await someone.opens("/escalations/zendesk-4711")
    assert f"renew by machine preventive, Dana, due {LATE} done Sam, " in page.words
    assert ": by cron" in page.words


# everybody


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("agent", True), ("operator", True), ("admin", True)])
async def test_who_may_act_here_is_who_may_by_the_api(api: Api, someone: Visitor, role: str, may: bool) -> None:
    await promised(api)
    await with_a_problem(api)
    token = (await someone.signs_in(role, "/actions")).forms[0].fields["form_token"]
    for path, command in (("/actions", f"done {A}"), ("/problems/P-1", "workaround")):
        page = await someone.opens(path)
        assert (command in page.commands) == may
        fields = {"form_token": token, "nonce": "n", "by": "dana", "text": "restart it", "command": command}
        assert (await someone.sends(page, fields, path)).status == (200 if may else 403)
    assert (len(await actions(api, "state=done")), (await problem(api))["workaround"]) == (
        (1, "restart it") if may else (0, None)
    )


async def test_an_agent_cannot_act_as_another(api: Api, someone: Visitor) -> None:
    await promised(api)
    await with_a_problem(api)
    for path, command in (("/actions", f"done {A}"), ("/problems/P-1", "assign")):
        refused = await someone.presses(await someone.opens(path), command, by="sam")
        assert refused.status == 403
    assert (await actions(api, "state=done"), (await problem(api))["owner"]) == ([], "sam")


async def test_a_form_of_another_session_or_without_a_nonce_changes_nothing(api: Api, someone: Visitor) -> None:
    await promised(api)
    await with_a_problem(api)
    for path, command in (("/actions", f"done {A}"), ("/problems/P-1", "workaround")):
        page = await someone.opens(path)
        for wrong in ({"form_token": "x"}, {"nonce": ""}):
            assert (await someone.presses(page, command, text="x", **wrong)).status in (403, 422)
    assert (await actions(api, "state=done"), (await problem(api))["workaround"]) == ([], None)


async def test_a_links_key_pasted_into_a_form_is_left_out(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    link = api.services.links.to_act("sam", "zendesk-1", 1, api.services.now())
    await someone.presses(await someone.opens("/problems/P-1"), "workaround", text=f"see {link}")
    assert link.rpartition("/")[2] not in (await problem(api))["workaround"]


async def test_what_others_wrote_is_text_and_nothing_else(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    roster = (await api.get("/v1/roster")).json()
    roster["people"][1]["name"] = HOSTILE
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    ticket = {"system": "zendesk", "id": "5", "subject": HOSTILE, "product": "checkout"}
    await api.opened("5", ticket=ticket, customer={"id": "x", "name": HOSTILE})
    await explained(api, "6", actions=[action(HOSTILE + "x" * 1_000), action("b")])
    await api.post("/v1/problems/P-1/workaround", {"by": "dana", "text": HOSTILE + "x" * 10_000})
    await api.post("/v1/actions/zendesk-6.1.2/done", {"by": "dana", "note": HOSTILE})
    hostile_query = "owner=%3Cscript%3E&state=%22&told=%3Cb%3E&category=%22%3E&product=%27%3E&after=%00"
    paths = ("/actions?state=all", "/problems", "/problems/P-1", "/escalations/zendesk-5", "/escalations/zendesk-6")
    for path in (*paths, *(f"{path}{'&' if '?' in path else '?'}{hostile_query}" for path in paths)):
        page = await someone.opens(path)
        assert (page.status, is_inert(page)) == (200, True), path
        assert ("img" in page.tags, "onerror" in page.attributes, " 49" in page.words) == (False, False, False), path
    for path in paths:
        assert "<script>alert(1)</script>" in (await someone.opens(path)).words, path
    page = await someone.opens("/problems/P-1")
    again = await someone.presses(page, "link", escalation=HOSTILE)
    assert (again.status, is_inert(again), "img" in again.tags) == (404, True, False)


async def test_a_german_reader_reads_german(api: Api, someone: Visitor) -> None:
    await promised(api)
    await with_live_cases(api, "3")
    await explained(api, "8")
    await someone.signs_in("operator", "/policies")
    says = {
        "/": "1 überfällige Maßnahmen 1 offene Probleme",
        "/actions": "überfällig fällig Freitag, 31. Januar 2020",
        "/problems": "offen Sam · Fälle: 3 · eröffnet",
        "/problems/P-1": "Laufende Fälle, die ebenso aussehen",
        "/escalations/zendesk-3": "Es kam wieder. Noch hat niemand aufgeschrieben, was hilft.",
        "/escalations/zendesk-8": "Sieht aus wie Problem P-1",
        "/escalations/zendesk-4711": "überfällig",
        "/problems/P-9": "Dieses Problem gibt es nicht",
    }
    for path, words in says.items():
        page = await someone.opens(path, **{"Accept-Language": "de"})
        assert (page.language, words in page.words) == ("de", True), (path, page.words)
