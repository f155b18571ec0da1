"""The pages of what closing teaches: follow-ups that are ended, problems that are worked on, and what a case shows of both."""

import pytest

from tests.api.conftest import Api
from tests.api.drawings import is_inert
from tests.api.lessons_desk import A, B, actions, ends, explained, problem, promised, with_live_cases
from tests.api.signed_in import Visitor, visitor
from tests.api.test_lessons_api import action, with_a_problem

HOSTILE = "</ul><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7919 * 7 }}\u202e"


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/policies")
    return found


# the board


async def test_the_board_counts_overdue_actions_and_open_problems_and_leads_to_them(api: Api, someone: Visitor) -> None:
    empty = await someone.opens("/")
    assert "0 overdue actions 0 open problems" in empty.words
    await promised(api)
    await with_a_problem(api)
    page = await someone.opens("/")
    assert "1 overdue action 1 open problem " in page.words
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
        assert ("img" in page.tags, "onerror" in page.attributes, "55433" in page.words) == (False, False, False), path
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
        "/": "1 überfällige Maßnahme 1 offenes Problem",
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
