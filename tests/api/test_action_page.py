"""The page behind a responder's link: it shows the case to whoever fetches it, and acts when its owner presses a button, once."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.service import RPCStatusCode

from api.pages.words import TEXTS
from api.pages.words import said as worded
from api.services import wire
from domain.escalation import advance
from domain.tickets import Channel
from domain.view import document
from tests.api.conftest import Api
from tests.api.desk import CASE, Desk, desk_of
from tests.api.signing import HOOKS


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


async def test_the_page_says_what_is_wrong_for_whom_how_bad_by_when_and_who_owns_it(desk: Desk) -> None:
    desk.happens("opened at L1", "told dana")
    page = await desk.opens()
    for said in (
        "Checkout is down",
        "Acme GmbH",
        "VIP",
        "critical",
        "nobody can pay",
        "nobody yet; Dana answers for it",
    ):
        assert said in page.words
    assert re.search(r"L1 acknowledge: \w{3} \d+ \w{3} \d\d:\d\d UTC \(in 1[45] min\)", page.words)
    assert page.words.index("told dana") < page.words.index("opened at L1"), "the newest first"
    assert 'href="https://desk.example/4711" rel="noopener noreferrer"' in page.html


async def test_german_times_and_words_for_who_reads_german(desk: Desk) -> None:
    await desk.changes("dana", locale="de-AT", timezone="Asia/Kathmandu")
    page = await desk.opens()
    assert page.language == "de"
    assert "Ich übernehme" in page.html
    assert re.search(r"L1 Annahme: \w\w \d+\.\d+\. \d\d:\d\d UTC\+05:45 \(in 1[45] Min\)", page.words)
    assert "Der Fall gehört jetzt Ihnen." in (await desk.browser.presses(page, "acknowledge")).words


async def test_the_history_and_why_it_is_urgent_are_in_the_readers_language_with_names_and_their_own_clock(
    desk: Desk,
) -> None:
    await desk.changes("dana", locale="de", timezone="Asia/Kathmandu")
    told = {"person": "sam", "channels": ["sms"], "message": "step", "due_at": "2040-11-24T17:05:00Z"}
    desk.happens(("told", "sam told by SMS: acknowledge by 17:05", told), ("note", "as **typed**", {}))
    page = await desk.opens()
    assert "Sam benachrichtigt per SMS: annehmen bis Sa 24.11. 22:50 UTC+05:45" in page.words
    assert "Sam: as **typed**" in page.words
    assert "Die Priorität wurde als kritisch angegeben." not in page.words, "that it is critical stands beside it"
    assert "sam told" not in page.words
    await desk.api.say(CASE, "reprioritize", impact="high", urgency="medium", reason="half of it works")
    assert "Auswirkung hoch und Dringlichkeit mittel ergeben hoch." in (await desk.opens()).words


def test_every_sentence_stands_in_both_languages() -> None:
    assert TEXTS["en"].keys() <= TEXTS["de"].keys()
    more = TEXTS["de"].keys() - TEXTS["en"].keys()  # English has the rules' own words for a refusal
    assert all(key.startswith("refused_") for key in more)
    fields = {key: [sorted(re.findall(r"{(\w+)}", TEXTS[one][key])) for one in ("en", "de")] for key in TEXTS["en"]}
    assert not {key for key, (english, german) in fields.items() if english != german}


def test_one_of_what_is_counted_has_words_of_its_own() -> None:
    apart = {
        "board_confirm",
        "board_selected",
        "duty_mine_more",
        "reports_left_out",
    }  # nothing in them is in the plural
    apart |= {"earlier", "policy_rung", "policy_warned_count", "problems_cases", "reports_cell", "reports_count"}
    apart |= {"case_reopened", "outbox_retried", "problem_latest"}  # a `×`; never one
    counting = {key for key, text in TEXTS["en"].items() if "{count}" in text and not key.endswith("_1")}
    assert {key for key in counting if f"{key}_1" not in TEXTS["en"]} == apart
    assert worded("en", "board_problems_open", count=1) == "open problem"
    assert worded("de", "board_problems_open", count=1) == "offenes Problem"
    assert {worded("en", "board_problems_open", count=count) for count in (0, 2, 11)} == {"open problems"}
    assert worded("de", "problem_resolve_rest", count=1) == "Auch seinen 1 laufenden Fall lösen"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_only_looks_changes_nothing_however_often(desk: Desk, method: str) -> None:
    before = await desk.shown()
    link = desk.link()
    for address in (link, f"{link}?told=x", f"{link}?command=acknowledge&nonce=1", f"{link}?score=1"):
        page = await desk.browser.opens(address, method, **{"User-Agent": "Microsoft-Defender-SafeLinks"})
        assert page.status == 200
    assert (desk.said(), await desk.shown()) == ([], before)


async def test_i_take_it_takes_the_case_and_says_so(desk: Desk) -> None:
    page = await desk.presses("acknowledge")
    assert page.status == 200
    assert "You have the case now." in page.words
    assert "acknowledge" not in page.commands
    assert desk.said() == [("acknowledge", "dana")]
    assert (await desk.shown())["owner"] == "dana"


async def test_a_button_leads_back_to_the_page(desk: Desk) -> None:
    page = await desk.opens()
    fields = {**page.form("acknowledge").fields, "command": "acknowledge"}
    answer = await desk.api.client.post(page.address, data=fields)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("?told=")
    assert answer.headers["cache-control"] == "no-store"


BUTTONS: list[tuple[str, dict[str, str], str, Callable[[dict[str, Any]], Any], Any]] = [
    ("customer-update", {"text": "We found it", "told_by": "phone"}, "open", lambda case: case["status"], "open"),
    ("resolve", {"summary": "new certificate"}, "open", lambda case: case["resolution"]["summary"], "new certificate"),
    (
        "resolve", {"summary": "x", "customer_message": "It works"}, "open",
        lambda case: case["resolution"]["customer_message"], "It works",
    ),
    ("escalate", {"reason": "too hard"}, "open", lambda case: case["tier"]["name"], "L2"),
    (
        "escalate", {"reason": "theirs", "team": "experts"}, "open",
        lambda case: (case["tier"]["name"], case["team"]), ("L1", "experts"),
    ),
    ("assign", {"to": "sam"}, "open", lambda case: case["owner"], "sam"),
    ("note", {"text": "looked at it"}, "open", lambda case: case["status"], "open"),
    ("pause", {"reason": "waiting_on_customer"}, "acknowledged", lambda case: case["status"], "paused"),
    ("resume", {}, "paused", lambda case: case["status"], "acknowledged"),
    (
        "root-cause", {"category": "tls", "origin": "ours", "description": "expired"}, "resolved",
        lambda case: case["root_cause"]["category"], "tls",
    ),
    ("reopen", {"reason": "still broken"}, "resolved", lambda case: case["status"], "open"),
    ("close", {}, "explained", lambda case: case["status"], "closed"),
]  # fmt: skip
WAYS = {
    "open": (),
    "acknowledged": (("acknowledge", {}),),
    "paused": (("acknowledge", {}), ("pause", {"reason": "scheduled"})),
    "resolved": (("resolve", {"summary": "done"}),),
    "explained": (
        ("resolve", {"summary": "done"}),
        ("root-cause", {"category": "x", "origin": "ours", "description": "y"}),
    ),
}


@pytest.mark.parametrize(("command", "typed", "status", "look", "seen"), BUTTONS)
async def test_every_button_acts_once_however_often_it_is_pressed(
    desk: Desk, command: str, typed: dict[str, str], status: str, look: Callable[[dict[str, Any]], Any], seen: Any
) -> None:
    for name, body in WAYS[status]:
        await desk.api.say(CASE, name, **body)
    page, before = await desk.opens(), len(desk.api.temporal.updates)
    for _ in range(3):
        again = await desk.browser.presses(page, command, **typed)
        assert (again.status, f"{TEXTS['en'][f'done_{command}']}" in again.words) == (200, True), again.words
    assert look(await desk.shown()) == seen
    ids = {one.id for _, one in desk.api.temporal.updates[before:]}
    assert (len(ids), desk.said()[-1]) == (1, (command, "dana"))
    assert desk.api.temporal.runs.get(CASE) is None or desk.api.temporal.runs[CASE].applied.count(ids.pop()) == 1


async def test_without_an_address_of_the_customer_the_page_says_to_call_and_keeps_what_was_typed(desk: Desk) -> None:
    promised = (await desk.shown())["next_customer_update_by"]
    page = await desk.presses("customer-update", text="We found it")
    assert page.status == 409
    assert "We have no address of the customer. Call them, then say here how you told them." in page.words
    assert (page.form("customer-update").shown, page.form("customer-update").fields["text"]) == (True, "We found it")
    assert (await desk.shown())["next_customer_update_by"] == promised


async def test_the_same_words_from_another_page_are_said_again(desk: Desk) -> None:
    for _ in range(2):
        await desk.presses("note", text="still looking")
    assert len({one.id for _, one in desk.api.temporal.updates}) == 2


async def test_other_words_in_the_same_form_are_other_words(desk: Desk) -> None:
    """Who goes back and writes something else means it."""
    page = await desk.opens()
    await desk.browser.presses(page, "note", text="one")
    await desk.browser.presses(page, "note", text="two")
    assert len({one.id for _, one in desk.api.temporal.updates}) == 2


async def test_a_case_taken_by_another_says_by_whom(desk: Desk) -> None:
    stale = await desk.opens("sam")
    await desk.presses("acknowledge", "dana")
    late = await desk.browser.presses(stale, "acknowledge")
    assert late.status == 409
    assert "Dana has already taken it. Nothing was changed." in late.words
    assert (await desk.shown())["owner"] == "dana"
    assert "Dana has taken this case." in (await desk.opens("sam")).words


async def test_a_refusal_is_told_in_the_rules_words_with_all_that_was_typed(desk: Desk) -> None:
    await desk.api.say(CASE, "escalate", kind="hierarchical", reason="up")
    page = await desk.presses("escalate", reason="higher, please")
    assert page.status == 409
    assert "There is no higher tier to go to from L2. Nothing was changed." in page.words
    form = page.form("escalate")
    assert (form.shown, form.fields["reason"]) == (True, "higher, please")
    again = await desk.browser.presses(page, "escalate", team="support")
    assert "The case was escalated." in again.words


async def test_what_was_typed_is_not_lost_when_its_form_is_gone(desk: Desk) -> None:
    stale = await desk.opens()
    await desk.api.say(CASE, "resolve", summary="done")
    page = await desk.browser.presses(stale, "resolve", summary="It was the certificate", customer_message="")
    assert page.status == 409
    assert "It is already resolved" in page.words
    assert "You wrote: It was the certificate" in page.words


@pytest.mark.parametrize(
    ("command", "typed", "why"),
    [
        ("resolve", {"summary": " \r\n "}, "Please fill in: What solved it (for us)."),
        ("note", {"text": "a\x00b"}, "control characters are not allowed"),
        ("note", {"text": "a" * 20_001}, "at most 20000 characters"),
        ("assign", {"to": "nobody-here"}, "the roster has no person 'nobody-here'"),
        ("escalate", {"team": "nowhere", "reason": "x"}, "the roster has no team 'nowhere'"),
        ("pause", {"reason": "lunch"}, "is none of"),
        ("merge", {"into": "x"}, "There is no button 'merge' on this page"),
        ("", {}, "There is no button '' on this page"),
    ],
)
async def test_what_cannot_be_meant_is_refused_on_the_page(
    desk: Desk, command: str, typed: dict[str, str], why: str
) -> None:
    page = await desk.opens()
    answer = await desk.browser.sends(page, {"nonce": "n", "command": command, **typed})
    assert answer.status == 422
    assert why in answer.words
    assert desk.said() == []


async def test_a_text_arrives_with_the_line_ends_of_everybody_else(desk: Desk) -> None:
    await desk.presses("note", text="one\r\ntwo")
    assert desk.api.temporal.updates[0][1].body == {"text": "one\ntwo"}


async def closed(desk: Desk) -> None:
    for name, body in WAYS["explained"]:
        await desk.api.say(CASE, name, **body)
    await desk.api.say(CASE, "close")


async def test_a_closed_case_can_be_reopened_and_nothing_else(desk: Desk) -> None:
    stale = await desk.opens()
    await closed(desk)
    page = await desk.opens()
    assert "This case is closed. If it is not solved after all, reopen it here" in page.words
    assert page.commands == ["reopen"]
    for command, typed in (("acknowledge", {}), ("close", {}), ("note", {"text": "x"})):
        late = await desk.browser.sends(stale, {"nonce": "n", "command": command, **typed})
        assert (late.status, "Nothing was changed." in late.words) == (409, True)
    empty = await desk.browser.presses(page, "reopen", reason=" ")
    assert (empty.status, "Please fill in: Why." in empty.words, empty.commands) == (422, True, ["reopen"])
    assert (await desk.shown())["episode"] == 1


async def test_a_closed_case_begins_anew_once_however_often_reopen_is_pressed(desk: Desk) -> None:
    await closed(desk)
    page = await desk.opens("sam")
    for _ in range(3):
        again = await desk.browser.presses(page, "reopen", reason="they rated it 1 of 5")
        assert (again.status, "The case is open again." in again.words) == (200, True), again.words
        assert "it has been reopened since" in again.words
        assert again.forms == []
    origin = desk.api.temporal.runs[CASE].origin
    assert origin is not None
    assert (origin.episode, origin.by, origin.reason) == (1, "sam", "they rated it 1 of 5")
    shown = await desk.shown()
    assert (shown["episode"], shown["status"], shown["reopen_count"]) == (2, "open", 1)
    late = await desk.browser.sends(page, {"nonce": "n", "command": "reopen", "reason": "me too"})
    assert (late.status, "You wrote: me too" in late.words) == (409, True)


async def test_what_was_typed_to_reopen_is_not_lost_while_temporal_is_away(desk: Desk) -> None:
    await closed(desk)
    page = await desk.opens()
    desk.api.temporal.error = RPCStatusCode.UNAVAILABLE
    refused = await desk.browser.presses(page, "reopen", reason="still broken")
    assert (refused.status, refused.form("reopen").fields["reason"]) == (503, "still broken")
    desk.api.temporal.error = None
    assert "The case is open again." in (await desk.browser.presses(refused, "reopen")).words


async def test_a_withdrawn_case_is_shown_and_has_no_buttons(desk: Desk) -> None:
    await desk.api.say(CASE, "cancel", reason="a mistake")
    page = await desk.opens()
    assert "This case was withdrawn. Nothing more can be done here." in page.words
    assert page.forms == []
    late = await desk.browser.sends(page, {"nonce": "n", "command": "reopen", "reason": "no"})
    assert (late.status, (await desk.shown())["status"]) == (409, "cancelled")


async def test_an_older_episode_leads_to_the_newer_message(desk: Desk) -> None:
    for name, body in WAYS["explained"]:
        await desk.api.say(CASE, name, **body)
    stale = await desk.opens()
    await desk.api.say(CASE, "close")
    assert (await desk.api.say(CASE, "reopen", reason="again")).json()["episode"] == 2
    page = await desk.opens()
    assert "it has been reopened since. Take the link in the newest message." in page.words
    assert page.forms == []
    assert (await desk.browser.presses(stale, "note", text="x")).status == 409
    assert (await desk.shown())["episode"] == 2
    assert "acknowledge" in (await desk.opens(episode=2)).commands


async def test_while_nobody_works_the_word_is_kept_and_the_page_tells_when_it_has_taken_effect(desk: Desk) -> None:
    desk.api.temporal.worker = False
    page = await desk.presses("acknowledge")
    assert "Your word is kept" in page.words
    assert [command.name for _, command in desk.api.temporal.signals] == ["acknowledge"]


async def test_while_temporal_is_away_the_word_is_owed_to_it(desk: Desk) -> None:
    page = await desk.opens()
    desk.api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert "Your word is kept" in (await desk.browser.presses(page, "acknowledge")).words
    assert [one.name for one in desk.api.services.commands.owed(10)] == ["acknowledge"]


async def test_a_promise_that_is_nearly_due_brings_a_ready_draft(desk: Desk) -> None:
    folder = desk.api.services.settings.policies / "templates" / "en"
    folder.mkdir(parents=True)
    (folder / "_draft.j2").write_text('{# for them #}\nStill working on "{{ subject }}".\n')
    assert (await desk.opens()).form("customer-update").fields["text"] == ""
    run = desk.api.temporal.runs[CASE]
    [promise] = [clock for clock in document(run)["targets"] if clock["name"] == "customer_update"]
    at = run.opened_at + timedelta(hours=3, minutes=30)
    desk.api.temporal.runs[CASE] = advance(run, at).state
    desk.happens("time passes")
    desk.api.app.state.services = replace(desk.api.services, now=lambda: at)
    page = await desk.browser.opens(desk.link())
    assert promise["warn_at"], "a promise has a reminder"
    form = page.form("customer-update")
    assert (form.shown, form.fields["text"]) == (True, 'Still working on "Checkout is down".')
    assert page.commands.index("customer-update") < page.commands.index("resolve")


async def test_the_banner_says_what_stays_on_this_machine(desk: Desk) -> None:
    banners: dict[tuple[Channel, ...], str] = {
        ("email", "sms"): "Local mode: e-mails and SMS go to the local outbox; nobody outside gets them.",
        ("sms",): "Local mode: SMS go to the local outbox",
    }
    for channels, said in banners.items():
        desk.api.app.state.services = replace(desk.api.services, outbox_only=channels)
        assert said in (await desk.opens()).words
    desk.api.app.state.services = replace(desk.api.services, outbox_only=())
    assert "outbox" not in (await desk.opens()).words


@pytest.mark.parametrize(
    ("mode", "credentials", "stays"),
    [
        ("local", {}, ("email", "sms")),
        ("local", {"SENDGRID_API_KEY": "SG.key"}, ("sms",)),
        ("local", {"SENDGRID_API_KEY": "SG.key", "TWILIO_ACCOUNT_SID": "AC1"}, ()),
        ("production", {}, ()),
    ],
)
def test_what_stays_here_is_what_has_no_credentials(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: Any, credentials: dict[str, str], stays: Any
) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env`
    for name in ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    settings = desk.api.services.settings.model_copy(update={"mode": mode})
    services = wire(settings, desk.api.services.database, desk.api.services.client, hooks=HOOKS)
    assert services.outbox_only == stays


async def test_the_style_of_the_pages_is_found_and_kept_by_its_content(desk: Desk) -> None:
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', (await desk.opens()).html)
    style = await desk.api.client.get(address)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    again = await desk.api.client.get(address, headers={"If-None-Match": style.headers["etag"]})
    assert again.status_code == 304
    assert "@import" not in style.text
    assert "url(" not in style.text
