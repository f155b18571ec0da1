"""What is done on pages and by links in messages is written down as what the API does: who, what, about which, how it went."""

from datetime import timedelta
from typing import Any

import pytest

from api.auditing import write_down
from records.audit import AuditFilters, AuditLine, AuditLog
from tests.api.browser import Browser
from tests.api.conftest import Api
from tests.api.desk import CASE, desk_of
from tests.api.lessons_desk import A, B, promised
from tests.api.signed_in import Visitor, visitor
from tests.api.test_board import chooses
from tests.api.test_lessons_api import with_a_problem

Told = tuple[str, str | None, str | None, str, dict[str, Any]]


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/policies")
    return found


async def lines(api: Api, via: str = "page") -> list[AuditLine]:
    """Oldest first."""
    await write_down(api.services)
    found, _ = AuditLog(api.services.database).page(AuditFilters(), 200)
    return [one for one in reversed(found) if one.via == via and one.what != "sign_in"]


async def deeds(api: Api, via: str = "page") -> list[Told]:
    found = [one for one in await lines(api, via) if one.what != "saw"]
    return [(one.what, one.person, one.subject_kind, str(one.subject), one.details) for one in found]


async def looks(api: Api, via: str = "page") -> list[tuple[str | None, str | None, str | None]]:
    return [(one.person, one.subject_kind, one.subject) for one in await lines(api, via) if one.what == "saw"]


APPLIED = {"status": 303, "outcome": "applied"}


async def test_several_cases_of_the_board_have_a_line_each(api: Api, someone: Visitor) -> None:
    for ticket in ("1", "2"):
        await api.opened(ticket)
    await api.say("zendesk-2", "cancel", reason="gone")
    await chooses(someone, "acknowledge", ["zendesk-1", "zendesk-2", "zendesk-9", "no id \0", "zendesk-1"])
    assert sorted(await deeds(api), key=lambda told: told[3]) == [
        ("acknowledge", "dana", "case", "None", {"status": 200, "outcome": "refused", "code": "escalation_not_found"}),
        ("acknowledge", "dana", "case", "zendesk-1", {"status": 200, "outcome": "applied"}),
        ("acknowledge", "dana", "case", "zendesk-2", {"status": 200, "outcome": "refused", "code": "already_cancelled"}),
        ("acknowledge", "dana", "case", "zendesk-9", {"status": 200, "outcome": "refused", "code": "escalation_not_found"}),
    ]  # fmt: skip


async def test_being_asked_for_a_reason_is_no_deed_yet(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    asked = await chooses(someone, "escalate", ["zendesk-1"])
    assert asked.status == 200
    assert await deeds(api) == []


async def test_a_word_of_a_cases_page_says_what_came_of_it(api: Api, someone: Visitor) -> None:
    await desk_of(api)
    page = await someone.opens(f"/escalations/{CASE}")
    await someone.presses(page, "acknowledge")
    await someone.presses(page, "note", text="Secret words")
    await api.say(CASE, "cancel", reason="gone")
    await someone.presses(page, "resolve", summary="Secret words")
    assert await deeds(api) == [
        ("acknowledge", "dana", "case", CASE, APPLIED),
        ("note", "dana", "case", CASE, APPLIED),
        ("resolve", "dana", "case", CASE, {"status": 409, "outcome": "refused", "code": "already_cancelled"}),
    ]
    assert "ecret" not in str(await lines(api))


async def test_a_word_that_waits_for_a_worker_is_on_its_way(api: Api, someone: Visitor) -> None:
    await desk_of(api)
    page = await someone.opens(f"/escalations/{CASE}")
    api.temporal.worker = False
    await someone.presses(page, "acknowledge")
    assert await deeds(api) == [("acknowledge", "dana", "case", CASE, {"status": 303, "outcome": "queued"})]


async def test_what_is_done_with_actions_and_problems_names_them(api: Api, someone: Visitor) -> None:
    await promised(api)
    await someone.presses(await someone.opens("/actions"), f"done {B}", **{f"note {B}": "Secret"})
    await someone.presses(await someone.opens("/actions"), f"move {A}", **{f"owner {A}": "boss", f"note {A}": "Secret"})
    await api.post(f"/v1/actions/{A}/move", {"by": "sam", "due_on": "2030-02-01"})
    await with_a_problem(api)
    page = await someone.opens("/problems/P-1")
    await someone.presses(page, "workaround", text="Secret")
    await someone.presses(page, "assign", to="ghost")
    done = {"status": 303}
    assert await deeds(api) == [
        ("action_done", "dana", "action", B, done),
        ("action_moved", "dana", "action", A, done),
        ("problem_workaround", "dana", "problem", "P-1", done),
        ("problem_assigned", "dana", "problem", "P-1", {"status": 422}),
    ]
    assert ("dana", "problem", "P-1") in await looks(api)
    assert ("action_moved", "sam", "action", A, {"status": 200}) in await deeds(api, "api")


async def test_a_problem_that_is_resolved_with_its_cases_has_a_line_for_each(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    await api.opened("9")
    await api.post("/v1/problems/P-1/link", {"by": "sam", "escalation": "zendesk-9"})
    page = await someone.opens("/problems/P-1")
    await someone.presses(page, "resolve", resolution="Secret", resolve_cases="on")
    assert await deeds(api) == [
        ("problem_resolved", "dana", "problem", "P-1", {"status": 200}),
        ("resolve", "dana", "case", "zendesk-9", {"status": 200, "outcome": "applied"}),
    ]


async def test_a_change_of_the_roster_says_what_and_about_whom(api: Api, someone: Visitor) -> None:
    page = await someone.signs_in("operator", "/on-call")
    plan = {"person": "dana", "from": "2030-01-01T00:00", "to": "2030-01-02T00:00"}
    await someone.presses(page, "absence", **plan)
    await someone.presses(page, "absence", **{**plan, "to": "nonsense"})
    times = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}
    await api.call("DELETE", "/v1/roster/absences", params={"person": "dana", **times})
    assert [(what, subject, details) for what, _, _, subject, details in await deeds(api)] == [
        ("absence_added", "dana", {"status": 303}),
        ("absence_added", "None", {"status": 422}),
    ]
    assert ("absence_removed", None, "roster", "dana", {"status": 204}) in await deeds(api, "api")


async def test_a_contact_test_and_a_view_are_deeds_too(api: Api, someone: Visitor) -> None:
    await someone.presses(await someone.opens("/contact"), "contact-test", person="dana")
    token = next(form.fields["form_token"] for form in (await someone.opens("/")).forms if "form_token" in form.fields)
    for more in ({"name": "Secret view"}, {"name": "Secret view", "command": "forget-view"}):
        await api.client.post("/board/views", data={"form_token": token, "query": "tier=L1", **more})
    assert await deeds(api) == [
        ("contact_test", "dana", "person", "dana", {"status": 303}),
        ("view_kept", "dana", "view", "None", {"status": 303}),
        ("view_forgotten", "dana", "view", "None", {"status": 303}),
    ]


async def test_a_form_of_another_session_did_nothing_and_is_told(api: Api, someone: Visitor) -> None:
    await api.client.post("/actions", data={"command": f"done {B}", "form_token": "wrong"})
    assert [(what, who, details) for what, who, _, _, details in await deeds(api)] == [
        ("action_changed", "dana", {"status": 403})
    ]


async def test_who_follows_a_link_is_whom_it_was_made_for(api: Api) -> None:
    desk = await desk_of(api)
    for _ in range(2):
        await desk.opens("sam")
    await desk.presses("acknowledge", "sam")
    await desk.presses("resolve", "sam", summary="")
    assert await looks(api, "link") == [("sam", "case", CASE)]
    assert await deeds(api, "link") == [
        ("acknowledge", "sam", "case", CASE, APPLIED),
        ("resolve", "sam", "case", CASE, {"status": 422}),
    ]
    told = str(await lines(api, "link"))
    assert desk.link("sam").rpartition("/")[2].partition(".")[0] not in told
    assert {one.key_id for one in await lines(api, "link")} == {None}


async def test_a_link_that_is_too_old_or_none_of_ours_is_told_only_where_we_know_whose_it_was(api: Api) -> None:
    desk = await desk_of(api)
    await api.client.post(desk.link("sam", age=timedelta(days=8)), data={"nonce": "n", "command": "acknowledge"})
    await api.client.post("/r/nonsense", data={"nonce": "n", "command": "acknowledge"})
    assert await deeds(api, "link") == [("command", "sam", "case", CASE, {"status": 403})]


async def test_a_customer_who_rates_is_the_customer_and_their_looking_is_no_look(api: Api) -> None:
    await api.opened()
    await api.say(CASE, "resolve", summary="x")
    customer = Browser(api.client)
    page = await customer.opens(api.services.links.to_rate(CASE, 1, api.services.now()))
    form = next(form for form in page.forms if ("score", "1") in form.buttons)
    await customer.sends(page, {**form.fields, "score": "4", "comment": "Secret words"})
    [line] = await lines(api, "link")
    assert (line.what, line.role, line.person, line.subject) == ("survey", "customer", None, CASE)
    assert (line.details, "ecret" in str(line)) == (APPLIED, False)


async def test_a_contact_test_is_confirmed_by_whom_it_was_sent_to(api: Api) -> None:
    begun = (await api.post("/v1/roster/people/dana/contact-test")).json()
    reader = Browser(api.client)
    page = await reader.opens(api.services.links.to_confirm("dana", begun["id"], "email", api.services.now()))
    await reader.presses(page, "confirm")
    assert await deeds(api, "link") == [("contact_confirmed", "dana", "person", "dana", {"status": 303})]
