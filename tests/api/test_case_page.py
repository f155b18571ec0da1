"""The page of a case: all there is about it, and the forms that its state and the reader's role allow."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from activities.wording import LANGUAGES
from api.pages.case_bars import WIDE, Axis, axis_of, bar_of, pauses_of
from api.pages.terms import figure, message_words, trigger_words
from api.pages.words import TEXTS
from domain.messages import CustomerKind, ResponderKind
from domain.outcome import Transition
from domain.state import TimelineEntry
from records.transitions import Transitions
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.desk import Desk, desk_of
from tests.api.letters import letters
from tests.api.signed_in import Visitor, visitor
from tests.records.samples import document as sample

PATH = "/escalations/zendesk-4711"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/")
    return found


def forms_of(page: Page) -> list[str]:
    """The commands there are buttons for."""
    return [command for command in page.commands if command != "sign-out"]


async def test_the_page_of_the_contract_shows_the_case(api: Api, desk: Desk, someone: Visitor) -> None:
    page = await someone.opens((await desk.shown())["links"]["page"])
    assert page.status == 200
    for words in (
        "Checkout is down",
        "Acme GmbH",
        "VIP",
        "critical",
        "L1, support",
        "nobody",
        "L1 acknowledge",
        "nobody can pay",
    ):
        assert words in page.words
    assert "https://desk.example/4711" in page.html
    assert f"{api.services.settings.temporal_ui}/namespaces/default/workflows/zendesk-4711" in page.html


async def test_the_history_reads_from_the_newest_and_messages_say_what_became_of_them(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    desk.happens("first", "second")
    page = await someone.opens(PATH)
    assert page.words.index("second") < page.words.index("first")


async def test_messages_say_what_became_of_them(api: Api, someone: Visitor) -> None:
    out = await letters(api)
    out.goes_out(out.write(), "failed", code="30003", reason="unreachable handset")
    page = await someone.opens(PATH)
    assert "SMS Dana (+4915112345678) failed somebody is to take the case" in page.words
    assert "unreachable handset" in page.words


async def test_the_newest_messages_are_seen_and_the_rest_is_folded_below_them(api: Api, someone: Visitor) -> None:
    out = await letters(api)
    for _ in range(20):
        out.goes_out(out.write(round=out.count))
    messages = (await someone.opens(PATH)).html.split('id="part-messages"')[1].split("</section>")[0]
    assert (messages.count("<li>"), "<details>" in messages) == (20, False)
    oldest, *_ = (await api.get("/v1/escalations/zendesk-4711/messages")).json()
    for channel in ("email", "webhook", "email"):
        out.goes_out(out.write(channel=channel, round=out.count))
    messages = (await someone.opens(PATH)).html.split('id="part-messages"')[1].split("</section>")[0]
    seen, folded = messages.split("<details>")
    assert (seen.count("<li>"), folded.count("<li>")) == (20, 3), "nothing is lost"
    assert "<summary>Everything before (3)</summary>" in folded
    assert ("Webhook" in seen, "Webhook" in folded) == (True, False), "the newest come first"
    assert oldest["channel"] == "sms"


async def test_it_says_what_falls_due_next(desk: Desk, someone: Visitor) -> None:
    assert re.search(r"Due next in 1[45] min \S+ L1 acknowledge Customer hears", (await someone.opens(PATH)).words)
    await desk.api.say("zendesk-4711", "acknowledge")
    until = (desk.api.services.now() + timedelta(minutes=40)).isoformat()
    await desk.api.say("zendesk-4711", "pause", reason="scheduled", until=until)
    await desk.changes("dana", locale="de")
    page = await someone.opens(PATH)
    assert re.search(r"Als Nächstes fällig in 39 Min \S+ die Pause endet", page.words)


async def test_what_callers_and_rules_call_things_is_said_in_words(api: Api, someone: Visitor) -> None:
    trigger, customer = {"kind": "low_csat"}, {"id": "acme", "name": "Acme", "annual_value": 12000.0}
    await api.opened(trigger=trigger, customer=customer)
    page = await someone.opens(PATH)
    for words in ("Why escalated a bad rating", "Yearly value 12,000"):
        assert words in page.words
    for raw in ("low_csat", "12000.0"):
        assert raw not in page.words


def test_every_kind_of_message_has_words_and_a_reason_of_a_callers_own_is_readable() -> None:
    kinds = [*get_args(ResponderKind), *get_args(CustomerKind)]
    assert {one: "_" in message_words(one, language) for one in kinds for language in LANGUAGES} == dict.fromkeys(
        kinds, False
    )
    assert {f"message_{one}" for one in kinds} <= set(TEXTS["en"])
    assert trigger_words("our_own_reason", "de") == "our own reason"
    assert [figure(one, "de") for one in (12000.0, 1234.5, None)] == ["12.000", "1.234,50", None]


async def test_a_long_closed_case_says_that_temporal_may_have_forgotten_it(api: Api, someone: Visitor) -> None:
    now = api.services.now()
    for days, gone in ((29, False), (31, True)):
        closed = sample(status="closed", closed_at=(now - timedelta(days=days)).isoformat(), version=days)
        api.services.escalations.save_document(closed, days, now)
        page = await someone.opens("/escalations/zendesk-1")
        assert ("Temporal keeps a history 30 days" in page.words) is gone


async def test_the_page_says_of_the_case_and_not_of_the_board_that_it_changed(desk: Desk, someone: Visitor) -> None:
    assert 'data-changed="The case has changed."' in (await someone.opens(PATH)).html
    assert 'data-changed="The board has changed."' in (await someone.opens("/")).html


async def test_what_asks_nothing_is_a_button_and_not_folded(api: Api, desk: Desk, someone: Visitor) -> None:
    await api.say("zendesk-4711", "resolve", summary="restarted")
    for page in (await someone.opens(PATH), await desk.opens()):
        assert page.form("close").shown


async def test_a_button_acts_as_oneself_and_the_page_says_so(api: Api, desk: Desk, someone: Visitor) -> None:
    page = await someone.presses(await someone.opens(PATH), "acknowledge")
    assert desk.said() == [("acknowledge", "dana")]
    assert "You have the case now." in page.words
    assert "acknowledge" not in forms_of(page)


async def test_every_form_of_every_state_works(api: Api, desk: Desk, someone: Visitor) -> None:
    typed: dict[str, dict[str, str]] = {
        "acknowledge": {},
        "note": {"text": "we look"},
        "watch": {"person": "sam"},
        "customer-update": {"text": "soon", "next_update_in": "2h", "told_by": "phone"},
        "customer-reply": {"text": "still down", "channel": "phone"},
        "reprioritize": {"priority": "low", "reason": "calmer"},
        "escalate": {"reason": "too hard"},
        "hand-back": {"reason": "done up here"},
        "assign": {"to": "dana"},
        "pause": {"reason": "scheduled", "until": "2036-12-01T09:30", "note": "the window"},
        "resume": {},
        "resolve": {"summary": "restarted", "customer_message": "It works again."},
        "root-cause": {
            "category": "certificate", "origin": "ours", "description": "it had expired",
            "contributing_factors": "nobody looked\nno alarm", "action.1.text": "an alarm", "action.1.kind": "preventive",
            "action.1.owner": "sam", "action.1.due_on": "2036-12-24",
        },
        "close": {},
    }  # fmt: skip
    for command, fields in typed.items():
        page = await someone.opens(PATH)
        assert command in forms_of(page), f"{command} is not offered"
        said = await someone.presses(page, command, **fields)
        assert said.status == 200, (command, said.words)
        assert "told=" in said.address
    cause = (await desk.shown())["root_cause"]
    assert cause["contributing_factors"] == ["nobody looked", "no alarm"]
    assert [(one["text"], one["owner"], one["due_on"]) for one in cause["actions"]] == [
        ("an alarm", "sam", "2036-12-24")
    ]
    closed = await someone.opens(PATH)
    assert "an alarm preventive, Sam, due Wednesday 24 December 2036" in closed.words
    assert forms_of(closed) == ["reopen"]


async def test_a_refused_root_cause_keeps_what_was_typed_every_action_with_it(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    await api.say("zendesk-4711", "resolve", summary="restarted")
    typed = {"category": "x", "description": "why", "action.2.text": "an alarm", "action.2.due_on": "tomorrow"}
    page = await someone.presses(await someone.opens(PATH), "root-cause", **typed)
    form = page.form("root-cause")
    assert (page.status, "Nothing was changed" in page.words) == (422, True)
    assert (form.fields["description"], form.fields["action.2.text"], form.shown) == ("why", "an alarm", True)


@pytest.mark.parametrize(
    ("role", "offered", "not_offered"),
    [
        ("viewer", set(), {"acknowledge", "note", "rebase"}),
        (
            "agent",
            {"acknowledge", "resolve", "note", "cancel"},
            {"rebase", "close", "resume", "root-cause", "hand-back"},
        ),
        ("operator", {"acknowledge", "rebase"}, {"close"}),
    ],
)
async def test_each_role_is_offered_what_it_may_say(
    desk: Desk, someone: Visitor, role: str, offered: set[str], not_offered: set[str]
) -> None:
    found = set(forms_of(await someone.signs_in(role, PATH)))
    assert (offered - found, found & not_offered) == (set(), set())


async def test_a_viewers_post_is_refused(desk: Desk, someone: Visitor) -> None:
    page = await someone.opens(PATH)
    viewer = await someone.signs_in("viewer", PATH)
    token = viewer.forms[0].fields["form_token"]
    refused = await someone.presses(page, "acknowledge", form_token=token)
    assert (refused.status, desk.said()) == (403, [])


async def test_an_agent_cannot_act_as_another(desk: Desk, someone: Visitor) -> None:
    refused = await someone.presses(await someone.opens(PATH), "acknowledge", by="sam")
    assert (refused.status, desk.said()) == (403, [])


async def test_a_form_of_another_session_or_without_a_nonce_does_nothing(desk: Desk, someone: Visitor) -> None:
    page = await someone.opens(PATH)
    for wrong in ({"form_token": "x"}, {"nonce": ""}):
        assert (await someone.presses(page, "acknowledge", **wrong)).status in (403, 422)
    assert desk.said() == []


async def test_a_refusal_is_said_in_words_with_what_was_typed(api: Api, desk: Desk, someone: Visitor) -> None:
    page = await someone.opens(PATH)
    await api.say("zendesk-4711", "acknowledge", by="sam")
    refused = await someone.presses(page, "acknowledge")
    assert (refused.status, "Sam has already taken it. Nothing was changed." in refused.words) == (409, True)
    empty = await someone.presses(await someone.opens(PATH), "escalate", reason=" ")
    assert "Please fill in: Why." in empty.words


async def test_a_word_kept_for_later_is_told_as_such(api: Api, desk: Desk, someone: Visitor) -> None:
    api.temporal.worker = False
    page = await someone.presses(await someone.opens(PATH), "acknowledge")
    assert "Your word is kept" in page.words


@pytest.mark.parametrize(
    "path", ["/escalations/zendesk-9", "/escalations/%00", "/escalations/<b>", f"{PATH}?episode=7"]
)
async def test_what_is_not_there_is_said_in_words(desk: Desk, someone: Visitor, path: str) -> None:
    page = await someone.opens(path)
    assert (page.status, "There is no such case" in page.words) == (404, True)


async def test_an_older_episode_is_shown_as_such_and_leads_to_the_newest(api: Api, someone: Visitor) -> None:
    now = api.services.now()
    old = sample("zendesk-7", 1, status="closed", closed_at="2026-03-06T18:00:00Z", targets=[])
    api.services.escalations.save_document(old, 1, now)
    api.services.escalations.save_document(sample("zendesk-7", 2, parent="zendesk-1", children=["zendesk-2"]), 1, now)
    page = await someone.opens("/escalations/zendesk-7?episode=1")
    assert "This is episode 1. The case went on in a newer one. To the newest" in page.words
    assert forms_of(page) == []
    newest = await someone.opens("/escalations/zendesk-7")
    for path in ("/escalations/zendesk-7?episode=1", "/escalations/zendesk-1", "/escalations/zendesk-2"):
        assert f'href="{path}"' in newest.html


async def test_closed_cases_like_it_are_named_with_cause_and_fix(api: Api, desk: Desk, someone: Visitor) -> None:
    cause: dict[str, Any] = {
        "by": "dana", "at": "2026-03-06T17:30:00Z", "category": "certificate", "description": "it had expired",
        "origin": "ours", "contributing_factors": [], "actions": [], "problem": None,
    }  # fmt: skip
    fix = {"summary": "renewed the certificate", "by": "dana", "at": "2026-03-06T17:20:00Z", "customer_message": None}
    closed = sample("zendesk-1", status="closed", closed_at="2026-03-06T18:00:00Z", resolution=fix, root_cause=cause)
    Transitions(api.services.database).record(Transition(document=closed, version=1), api.services.now())
    page = await someone.opens(PATH)
    assert "Solved before Checkout is down" in page.words
    assert "it had expired" in page.words
    assert "renewed the certificate" in page.words
    assert 'href="/escalations/zendesk-1?episode=1"' in page.html


async def test_what_others_wrote_is_text_and_nothing_else(api: Api, someone: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7919 * 7 }}\u202e"
    await api.opened(
        "4711",
        ticket={
            "system": "zendesk", "id": "4711", "subject": hostile, "description": hostile + "x" * 10_000,
            "category": hostile, "product": hostile, "tags": ["<b>"],
            "history": [{"at": "2026-03-06T16:50:00Z", "from": hostile, "channel": hostile, "text": hostile}],
        },
        customer={"id": hostile, "name": hostile},
        trigger={"kind": "manual", "detail": hostile},
    )  # fmt: skip
    await api.say("zendesk-4711", "resolve", summary=hostile)
    await api.say(
        "zendesk-4711",
        "root-cause",
        category=hostile,
        origin="ours",
        description=hostile,
        contributing_factors=[hostile],
    )
    page = await someone.opens(f"{PATH}?told={hostile}&episode=1")
    assert page.status == 200
    assert page.words.count("<script>alert(1)</script>") >= 9
    assert page.tags.count("script") == 2, "our own, from files"
    assert ("img" in page.tags, "onerror" in page.attributes, "55433" in page.words) == (False, False, False)
    again = await someone.presses(page, "note", text="\0" + hostile)
    assert (again.status, "onerror" in again.attributes) == (422, False)


async def test_a_links_key_pasted_into_a_form_is_left_out(api: Api, desk: Desk, someone: Visitor) -> None:
    await someone.presses(await someone.opens(PATH), "note", text=f"see {desk.link('sam')}")
    [(_, command)] = api.temporal.updates
    assert desk.link("sam").rpartition("/")[2] not in command.body["text"]


def entry(kind: Any, minutes: int) -> TimelineEntry:
    return TimelineEntry(seq=minutes + 1, at=NOW + timedelta(minutes=minutes), kind=kind, actor="dana", text=kind)


def target(due: int, **more: Any) -> dict[str, Any]:
    """A target that began with the case; times in minutes after it."""
    times: dict[str, Any] = {
        name: (NOW + timedelta(minutes=more.pop(name))).isoformat()
        for name in ("breached_at", "met_at")
        if name in more
    }
    blank: dict[str, Any] = {
        "name": "resolution",
        "tier": None,
        "status": "running",
        "warn_at": [],
        "breached_at": None,
        "met_at": None,
    }
    ends = {"started_at": NOW.isoformat(), "due_at": (NOW + timedelta(minutes=due)).isoformat()}
    return {**blank, **ends, **times, **more}


def case(*targets: dict[str, Any]) -> dict[str, Any]:
    return {"opened_at": NOW.isoformat(), "closed_at": None, "targets": targets}


def test_the_axis_has_room_for_the_nearest_deadlines_and_says_which_go_on() -> None:
    targets = [target(15), target(60), target(120), target(20_000), {**target(300), "name": "closure"}]
    axis = axis_of(case(*targets), NOW)
    assert axis.end == NOW + timedelta(minutes=120) * 1.08
    bars = [bar_of(one, axis, NOW, []) for one in targets]
    assert [bar.goes_on for bar in bars if bar] == [False, False, False, True, True]
    assert all(bar.whole.x + bar.whole.width <= WIDE for bar in bars if bar)


def test_a_bar_shows_what_ran_what_was_missed_and_what_stood_still() -> None:
    now = NOW + timedelta(minutes=100)
    axis = Axis(NOW, NOW + timedelta(minutes=200), 500)
    pauses = pauses_of([entry("paused", 20), entry("resumed", 30), entry("paused", 90)], now)
    assert pauses == [(NOW + timedelta(minutes=20), NOW + timedelta(minutes=30)), (NOW + timedelta(minutes=90), now)]
    missed = target(40, status="breached", breached_at=40, warn_at=[(NOW + timedelta(minutes=20)).isoformat()])
    bar = bar_of(missed, axis, now, pauses)
    assert bar
    assert (bar.done and bar.done.width, bar.late and (bar.late.x, bar.late.width), bar.missed) == (
        200,
        (200, 300),
        200,
    )
    assert ([(one.x, one.width) for one in bar.pauses], bar.warnings) == ([(100, 50), (450, 50)], (100,))


def test_a_target_that_was_kept_ends_there() -> None:
    now = NOW + timedelta(minutes=100)
    bar = bar_of(target(40, status="met", met_at=20), Axis(NOW, NOW + timedelta(minutes=200), 500), now, [])
    assert bar
    assert (bar.whole.width, bar.met, bar.late, bar.missed) == (100, 100, None, None)


async def test_the_bars_are_drawn_without_a_style_and_said_in_a_table(desk: Desk, someone: Visitor) -> None:
    page = await someone.opens(PATH)
    assert page.tags.count("svg") >= 3
    assert not re.search(r"<style|style=", page.html)
    assert "resolution" in page.words
    assert "running begun" in page.words
