"""The board as a person without scripts meets it: what is open, filters in the address, words said to one case or to several."""

import re
from datetime import timedelta
from typing import Any

import pytest

from api.pages.board_parts import PAGE
from api.pages.board_query import Wanted
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.signed_in import Visitor, visitor
from tests.records.samples import document as sample

VIP = {"id": "acme", "name": "Acme GmbH", "tier": "vip"}


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/")
    return found


def rows(page: Page) -> list[str]:
    """The cases in their order."""
    return [part.split('"')[0] for part in page.html.split('data-id="')[1:]]


def said(api: Api) -> list[tuple[str, str, str | None]]:
    """What each case was told, and by whom."""
    return [(id, command.name, command.by) for id, command in api.temporal.updates]


async def chooses(someone: Visitor, command: str, cases: list[str], page: Page | None = None, **typed: Any) -> Page:
    """Tick the boxes and press a button."""
    page = page or await someone.opens("/")
    form = next(form for form in page.forms if form.action == "/board/act")
    fields: Any = {**form.fields, "command": command, "case": cases, **typed}
    return await someone.sends(page, fields, "/board/act")


async def test_who_is_not_signed_in_is_led_to_the_form_and_then_to_the_board(api: Api) -> None:
    led = await api.get("/?tier=L1", None)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/%3Ftier%3DL1")
    page = await visitor(api).signs_in("viewer", "")
    assert (page.address, page.status) == ("http://tierline.test/", 200)
    assert "No open case. Nothing waits for anybody." in page.words
    assert page.html.index("Board</a>") < page.html.index("Outbox</a>"), "the first of the links"


async def test_a_case_is_a_row_with_all_that_is_asked_first(api: Api, someone: Visitor) -> None:
    await api.opened("1", customer=VIP, priority="critical")
    page = await someone.opens("/")
    for words in ("Checkout is down", "Acme GmbH", "VIP", "zendesk-1", "critical", "L1", "support", "nobody Dana"):
        assert words in page.words
    assert "in 14 min" in page.words or "in 15 min" in page.words
    assert "L1 acknowledge" in page.words
    assert "in 3 h 59 min" in page.words, "when the customer hears next"
    assert "Times are those of UTC" in page.words
    assert (await someone.opens("/escalations/zendesk-1")).status == 200


@pytest.mark.parametrize(
    ("targets", "pause", "words"),
    [
        ([{"due_at": "2026-11-24T10:00:00Z", "warn_at": []}], None, "L1 acknowledge"),
        (
            [{"due_at": "2026-11-24T11:00:00Z", "warn_at": ["2026-11-24T10:00:00Z"]}],
            None,
            "warning: L1 acknowledge",
        ),
        ([], {"reason": "scheduled", "until": "2026-11-24T10:00:00Z"}, "the pause ends"),
        ([{"due_at": "2026-11-24T11:00:00Z", "warn_at": []}], None, "the next person is told L1 acknowledge due"),
    ],
)
async def test_it_says_what_falls_due_next(
    api: Api, someone: Visitor, targets: list[dict[str, Any]], pause: dict[str, Any] | None, words: str
) -> None:
    blank = {
        "name": "acknowledge",
        "tier": "L1",
        "status": "running",
        "started_at": None,
        "breached_at": None,
        "met_at": None,
    }
    stored = sample(targets=[{**blank, **one} for one in targets], pause=pause, next_due_at="2026-11-24T10:00:00Z")
    api.services.escalations.save_document(stored, 1, api.services.now())
    assert words in (await someone.opens("/")).words


async def test_a_missed_promise_is_said_in_words_and_counted(api: Api, someone: Visitor) -> None:
    missed: dict[str, Any] = {
        "name": "acknowledge", "tier": "L1", "status": "breached", "warn_at": [], "met_at": None,
        "started_at": "2026-03-06T17:00:00Z", "due_at": "2026-03-06T17:15:00Z", "breached_at": "2026-03-06T17:15:00Z",
    }  # fmt: skip
    api.services.escalations.save_document(sample("zendesk-1", targets=[missed]), 1, api.services.now())
    api.services.escalations.save_document(sample("zendesk-2", status="paused", owner="dana"), 1, api.services.now())
    api.services.escalations.save_document(sample("zendesk-3", status="resolved", owner="dana"), 1, api.services.now())
    page = await someone.opens("/")
    assert "missed: L1 acknowledge" in page.words
    for words in ("3 not closed, 1 of them resolved", "1 overdue", "1 with nobody", "1 paused"):
        assert words in page.words
    assert rows(await someone.opens("/?overdue=true")) == ["zendesk-1"]


async def test_due_next_comes_first_and_each_filter_keeps_its_own(api: Api, someone: Visitor) -> None:
    now = api.services.now()
    invoice = {"system": "zendesk", "id": "2", "subject": "Invoice"}
    cases: list[dict[str, Any]] = [
        {"owner": "dana", "team": "experts", "tier": {"index": 1, "name": "L2"}},
        {"status": "paused", "owner": "sam", "priority": "low"},
        {"customer": {"id": "blue", "name": "Blue Harbour"}, "ticket": invoice},
        {"status": "closed", "closed_at": "2026-03-06T18:00:00Z"},
    ]
    for number, more in enumerate(cases):
        due = (now + timedelta(minutes=90 - number * 10)).isoformat()
        stored = sample(f"zendesk-{number}", next_due_at=due, **more)
        api.services.escalations.save_document(stored, 1, now)
    assert rows(await someone.opens("/")) == ["zendesk-2", "zendesk-1", "zendesk-0"], "a closed one is not open"
    assert rows(await someone.opens("/?sort=-next_due_at")) == ["zendesk-0", "zendesk-1", "zendesk-2"]
    for query, found in (
        ("status=paused", ["zendesk-1"]),
        ("priority=low", ["zendesk-1"]),
        ("tier=L2", ["zendesk-0"]),
        ("team=experts", ["zendesk-0"]),
        ("owner=mine", ["zendesk-0"]),
        ("owner=sam", ["zendesk-1"]),
        ("owner=nobody", ["zendesk-2"]),
        ("customer=blue", ["zendesk-2"]),
        ("q=invoice+harbour", ["zendesk-2"]),
        ("tier=L2&owner=sam", []),
    ):
        page = await someone.opens(f"/?{query}")
        assert rows(page) == found, query
        form = next(form for form in page.forms if form.method == "get")
        assert query.split("=")[0] in form.fields


async def test_pages_follow_one_another_and_keep_the_filters(api: Api, someone: Visitor) -> None:
    for number in range(PAGE + 3):
        api.services.escalations.save_document(sample(f"zendesk-{number:03}"), 1, api.services.now())
    first = await someone.opens("/?team=support")
    more = next(part.split('"')[0] for part in first.html.split('href="')[1:] if "after=" in part).replace("&amp;", "&")
    second = await someone.opens(more)
    assert (len(rows(first)), len(rows(second)), "team=support" in more) == (PAGE, 3, True)
    assert not set(rows(first)) & set(rows(second))
    assert ("Back to the first" in second.words, "More cases" in second.words) == (True, False)


@pytest.mark.parametrize(
    "query",
    [
        "status=closed",
        "status=x&priority=%00",
        "sort=nonsense",
        "after=nonsense",
        "q=" + "x" * 900,
        "owner=%F0%9F&tier='--",
    ],
)
async def test_an_address_that_nobody_filtered_by_shows_a_board_all_the_same(
    api: Api, someone: Visitor, query: str
) -> None:
    await api.opened("1")
    page = await someone.opens(f"/?{query}")
    assert page.status == 200
    assert "Search subject" in page.html


def test_what_an_address_says_beyond_the_filters_is_left_out() -> None:
    assert Wanted.read("tier=L1&next=//evil.example&fragment=rows&sort=next_due_at").query() == "tier=L1"
    assert Wanted.read("javascript:alert(1)").query() == ""


async def test_the_fragment_is_the_rows_and_nothing_else(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    part = await api.client.get("/?fragment=rows&tier=L1")
    assert "<html" not in part.text
    assert 'data-id="zendesk-1"' in part.text
    assert "fragment" not in part.text, "no link of it leads to a fragment"


async def test_take_in_the_row_takes_that_case_as_oneself(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    await api.opened("2")
    page = await chooses(someone, "acknowledge zendesk-2", ["zendesk-1"])
    assert said(api) == [("zendesk-2", "acknowledge", "dana")]
    assert "Checkout is down Done" in page.words
    board = await someone.opens("/")
    assert "acknowledge zendesk-2" not in board.html
    assert rows(await someone.opens("/?owner=mine")) == ["zendesk-2"]


async def test_several_at_once_are_asked_for_what_the_command_needs_and_each_says_what_came_of_it(
    api: Api, someone: Visitor
) -> None:
    for number in ("1", "2"):
        await api.opened(number)
    await api.say("zendesk-2", "cancel", reason="a test")
    asked = await chooses(someone, "assign", ["zendesk-1", "zendesk-2", "zendesk-9"])
    assert api.temporal.updates[1:] == [], "nothing is said before the fields are filled in"
    assert ("Assign these cases" in asked.words, asked.forms[-1].options["to"][0]) == (True, "dana")
    told = await chooses(someone, "assign", ["zendesk-1", "zendesk-2", "zendesk-9"], asked, to="sam")
    assert said(api)[1:] == [("zendesk-1", "assign", "dana")]
    assert (await api.get("/v1/escalations/zendesk-1")).json()["owner"] == "sam"
    assert told.words.count("Done") == 1
    assert "Not done: This case was withdrawn" in told.words or "Not done" in told.words
    assert told.words.count("Not done") == 2


@pytest.mark.parametrize(
    ("command", "typed", "status"),
    [
        ("escalate", {"reason": "it is worse"}, "open"),
        ("pause", {"reason": "scheduled", "until": "2036-12-01T09:30"}, "paused"),
        ("resolve", {"summary": "restarted"}, "resolved"),
    ],
)
async def test_each_command_works_with_its_fields(
    api: Api, someone: Visitor, command: str, typed: dict[str, str], status: str
) -> None:
    await api.opened("1")
    await chooses(someone, "acknowledge", ["zendesk-1"])
    asked = await chooses(someone, command, ["zendesk-1"])
    empty = await chooses(someone, command, ["zendesk-1"], asked, **dict.fromkeys(typed, ""))
    assert (empty.status, "Please fill in" in empty.words) == (422, True)
    told = await chooses(someone, command, ["zendesk-1"], empty, **typed)
    assert "Done" in told.words, told.words
    shown = (await api.get("/v1/escalations/zendesk-1")).json()
    assert shown["status"] == status
    assert shown["pause"] is None or shown["pause"]["until"] == "2036-12-01T09:30:00Z", "the reader's clock is UTC"


async def test_the_same_form_sent_twice_acts_once(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    page = await someone.opens("/")
    for _ in range(2):
        assert "Done" in (await chooses(someone, "acknowledge", ["zendesk-1"], page)).words
    assert {command.id for _, command in api.temporal.updates} == {api.temporal.updates[0][1].id}


async def test_while_no_worker_answers_the_word_is_kept(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    api.temporal.worker = False
    page = await chooses(someone, "acknowledge", ["zendesk-1"])
    assert "Kept; it takes effect as soon as the system is back" in page.words
    assert [command.name for _, command in api.temporal.signals] == ["acknowledge"]


async def test_nothing_chosen_and_too_much_chosen_are_said(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    none = await chooses(someone, "acknowledge", [])
    many = await chooses(someone, "acknowledge", [f"zendesk-{number}" for number in range(51)])
    assert (none.status, "Choose at least one case" in none.words) == (422, True)
    assert (many.status, "At most 50 cases" in many.words) == (422, True)
    assert said(api) == []


async def test_far_too_many_at_once_are_refused_in_words_of_their_own(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    page = await chooses(someone, "acknowledge", [f"zendesk-{number}" for number in range(300)])
    assert (page.status, "Choose fewer cases, at most 50" in page.words) == (422, True), page.words
    assert said(api) == []


async def test_the_menu_of_a_row_offers_what_makes_sense_and_means_that_case_only(api: Api, someone: Visitor) -> None:
    for number in ("1", "2", "3"):
        await api.opened(number)
    await api.say("zendesk-2", "acknowledge")
    await api.say("zendesk-3", "resolve", summary="restarted")
    page = await someone.opens("/")
    assert {one for one in page.commands if one.partition(" ")[2]} == {
        "acknowledge zendesk-1", "assign zendesk-1", "escalate zendesk-1", "resolve zendesk-1",
        "assign zendesk-2", "escalate zendesk-2", "pause zendesk-2", "resolve zendesk-2",
    }  # fmt: skip
    asked = await someone.presses(page, "pause zendesk-2")
    told = await someone.presses(asked, "pause", reason="scheduled")
    assert "Done" in told.words
    assert said(api)[-1] == ("zendesk-2", "pause", "dana")
    assert [name for _, name, _ in said(api)].count("pause") == 1


async def test_a_refusal_does_not_begin_with_the_cases_id(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    told = await chooses(someone, "pause", ["zendesk-1"], go="1", reason="scheduled")
    assert "Not done" in told.words
    assert "zendesk-1:" not in told.words.lower(), told.words


async def test_a_key_of_nobody_is_asked_who_acts(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    await someone.signs_in("operator", "/")
    asked = await chooses(someone, "acknowledge", ["zendesk-1"])
    assert [form.fields["by"] for form in asked.forms if "by" in form.fields] == [""], "nobody is chosen for them"
    unchosen = await chooses(someone, "acknowledge", ["zendesk-1"], asked, go="1", by="")
    assert (unchosen.status, "Please fill in: Who does it." in unchosen.words) == (422, True)
    assert said(api) == []
    await chooses(someone, "acknowledge", ["zendesk-1"], asked, by="sam")
    assert said(api) == [("zendesk-1", "acknowledge", "sam")]


async def test_an_agent_acts_as_themself_only(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    page = await chooses(someone, "acknowledge", ["zendesk-1"], by="sam")
    assert "Not done" in page.words
    assert said(api) == []


async def test_who_only_reads_has_no_buttons_and_can_do_nothing(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    agents = await someone.opens("/")
    page = await someone.signs_in("viewer", "/")
    assert rows(page) == ["zendesk-1"]
    assert [command for command in page.commands if command not in ("sign-out", "save-view")] == []
    token = {"form_token": page.forms[0].fields["form_token"]}
    refused = await chooses(someone, "acknowledge", ["zendesk-1"], agents, **token)
    assert (refused.status, said(api)) == (403, [])


async def test_a_form_of_another_session_does_nothing(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    for token in ("", "x"):
        refused = await chooses(someone, "acknowledge", ["zendesk-1"], form_token=token)
        assert (refused.status, "reload the page" in refused.words) == (403, True)
    assert said(api) == []


async def test_a_view_is_kept_for_its_person_and_can_be_forgotten(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    page = await someone.opens("/?tier=L1&owner=nobody")
    kept = await someone.presses(page, "save-view", name="Waiting <b>here</b>")
    assert kept.address.endswith("/?tier=L1&owner=nobody")
    assert ("Waiting <b>here</b>" in kept.words, "b" in kept.tags) == (True, False)
    assert 'href="/?tier=L1&amp;owner=nobody"' in kept.html
    other = await someone.signs_in("operator", "/")
    assert "Waiting" not in other.words
    again = await someone.signs_in("agent", "/")
    gone = await someone.presses(again, "forget-view")
    assert "Waiting" not in gone.words


async def test_no_more_views_than_fit(api: Api, someone: Visitor) -> None:
    for number in range(30):
        page = await someone.presses(await someone.opens("/"), "save-view", name=f"view {number}")
    page = await someone.presses(await someone.opens("/"), "save-view", name="view 3")
    assert page.status == 200, "one of that name is replaced"
    refused = await someone.presses(await someone.opens("/"), "save-view", name="one more")
    assert (refused.status, "as many saved views as fit" in refused.words) == (409, True)


async def test_what_others_wrote_is_text_and_nothing_else(api: Api, someone: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7919 * 7 }}\u202e"
    await api.opened(
        "1",
        ticket={"system": "zendesk", "id": "1", "subject": hostile},
        customer={"id": "x\"'><script>", "name": hostile + "y" * 400},
    )
    page = await someone.opens("/")
    assert page.words.count("<script>alert(1)</script>") >= 2
    assert page.tags.count("script") == 2, "our own, from files"
    assert ("img" in page.tags, "onerror" in page.attributes, "55433" in page.words) == (False, False, False)
    asked = await chooses(someone, "resolve", ["zendesk-1", hostile, "\0", "zendesk-" + "x" * 10_000])
    assert (asked.status, "script" in asked.tags, "onerror" in asked.attributes) == (200, False, False)
    told = await chooses(someone, "resolve", ["zendesk-1", hostile, "x" * 10_000], asked, summary=hostile)
    assert (told.status, told.words.count("Not done"), "script" in told.tags) == (200, 2, False)


async def test_the_page_may_not_be_framed_and_runs_no_script_but_ours(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    for path in ("/", "/?fragment=rows", "/escalations/zendesk-1"):
        answer = await api.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'; connect-src 'self'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert not re.search(r"<script>|<style|style=|\son[a-z]+=", answer.text), path


async def test_a_german_reads_german_on_their_own_clock(api: Api, someone: Visitor) -> None:
    await api.opened("1")
    roster = (await api.get("/v1/roster")).json()
    next(one for one in roster["people"] if one["id"] == "dana").update(locale="de", timezone="Asia/Tokyo")
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    page = await someone.opens("/")
    assert (page.language, "Alle Zeiten sind die von Asia/Tokyo" in page.words) == ("de", True)
    assert "L1 Annahme" in page.words
    asked = await chooses(someone, "pause", ["zendesk-1"])
    assert "Diese Fälle anhalten" in asked.words
