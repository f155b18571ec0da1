"""The page behind a responder's link, in the wrong hands: refused in words, nothing shown, nothing kept, nothing logged."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from domain.messages import Message
from domain.outcome import Transition
from domain.view import document
from records.transitions import Transitions
from signed_links import SignedLinks
from tests.api.conftest import Api
from tests.api.desk import CASE, Desk, desk_of

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


async def test_who_has_left_the_roster_sees_and_does_nothing(desk: Desk) -> None:
    page = await desk.opens("sam")
    await desk.changes("sam", gone=True)
    for late in (await desk.opens("sam"), await desk.browser.presses(page, "acknowledge")):
        assert (late.status, "Checkout" in late.html) == (403, False)
        assert "You are no longer in the roster" in late.words
    assert desk.said() == []


async def test_a_case_the_store_does_not_have_is_said_to_be_unknown(desk: Desk) -> None:
    page = await desk.opens(case="zendesk-9999")
    assert (page.status, "does not know the case any more" in page.words) == (404, True)


async def test_another_persons_command_is_told_to_nobody_else(desk: Desk) -> None:
    page = await desk.presses("acknowledge", "dana")
    told = page.address.partition("?")[2]
    assert "You have the case now." not in (await desk.browser.opens(f"{desk.link('sam')}?{told}")).words


@pytest.mark.parametrize("kind", ["cut", "longer", "changed", "other key", "other kind", "nothing", "huge", "odd"])
async def test_a_link_that_is_none_of_ours_is_refused_and_leaves_no_trace(desk: Desk, kind: str) -> None:
    link = desk.link()
    token = link.rpartition("/")[2]
    payload, signature = token.split(".")
    forged = {
        "cut": token[:-1],
        "longer": f"{token}A",
        "changed": f"{payload[:-2]}AA.{signature}",
        "other key": SignedLinks("another secret", "")
        .to_act("dana", CASE, 1, desk.api.services.now())
        .removeprefix("/r/"),
        "other kind": f"{payload}.{desk.api.services.links.to_rate(CASE, 1, desk.api.services.now()).rpartition('.')[2]}",
        "nothing": "-.-",
        "huge": "A" * 60_000,
        "odd": "%00%ff%F0%9F%92%A9",
    }[kind]
    page = await desk.opens()
    with structlog.testing.capture_logs() as logs:
        looked = await desk.browser.opens(f"/r/{forged}")
        page.address = f"http://tierline.test/r/{forged}"
        pressed = await desk.browser.presses(page, "acknowledge")
    for one in (looked, pressed):
        assert (one.status, one.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "not one of ours" in one.words
        assert "Checkout" not in one.html
    assert (desk.said(), logs) == ([], [])


async def test_an_expired_link_says_where_a_new_one_is(desk: Desk) -> None:
    await desk.changes("dana", locale="de")
    page = await desk.opens(age=timedelta(days=7, seconds=2))
    assert (page.status, page.language) == (403, "de")
    assert "Jede Nachricht zum Fall bringt einen neuen" in page.words
    assert (await desk.opens(age=timedelta(days=7) - timedelta(minutes=1))).status == 200


async def test_a_page_keeps_itself_to_itself(desk: Desk) -> None:
    for page in (await desk.opens(), await desk.browser.opens("/r/none")):
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert (policy["style-src"], policy["form-action"]) == ("'self'", "'self'")
        assert "script" not in page.tags
        assert "style" not in (*page.tags, *page.attributes)
        assert not [name for name in page.attributes if name.startswith("on")]


async def test_what_others_wrote_is_text_and_nothing_else(desk: Desk) -> None:
    await desk.api.opened(
        "2", ticket={"system": "zendesk", "id": "2", "subject": HOSTILE}, customer={"id": "x", "name": HOSTILE}
    )
    await desk.changes("dana", name=HOSTILE)
    await desk.api.say("zendesk-2", "acknowledge")
    page = await desk.opens("sam", case="zendesk-2")
    assert page.words.count(" ".join(HOSTILE.split())) >= 4, "title, heading, customer, owner"
    desk.happens(HOSTILE)
    assert " ".join(HOSTILE.split()) in (await desk.opens()).words
    refused = await desk.browser.sends(
        await desk.opens(), {"nonce": "n", "command": "resolve", "customer_message": HOSTILE}
    )
    assert refused.form("resolve").fields["customer_message"] == HOSTILE
    unknown = await desk.browser.sends(await desk.opens(), {"nonce": "n", "command": HOSTILE})
    for one in (page, await desk.opens(), refused, unknown):
        assert not {"script", "img"} & set(one.tags)
        assert not [name for name in one.attributes if name.startswith("on")]


class Turned(HTMLParser):
    """The texts in which the direction of writing is turned, where nothing keeps that to the text itself."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[bool] = []
        self.loose: list[str] = []
        self.found = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "br"):
            self.kept.append(tag == "bdi" or ("dir", "auto") in attributes)

    def handle_endtag(self, tag: str) -> None:
        self.kept.pop()

    def handle_data(self, text: str) -> None:
        self.found += TURNED in text
        if TURNED in text and not any(self.kept):
            self.loose.append(text)


TURNED = "\u202eevil"


async def test_writing_that_is_turned_round_turns_nothing_else(desk: Desk) -> None:
    history = [{"at": "2026-11-23T10:00:00Z", "from": TURNED, "channel": "email", "text": f"is {TURNED}"}]
    ticket = {"system": "zendesk", "id": "2", "subject": f"It is {TURNED}", "description": TURNED, "history": history}
    await desk.api.opened("2", ticket=ticket, customer={"id": "x", "name": TURNED})
    await desk.api.say("zendesk-2", "resolve", summary=TURNED)
    desk.happens(TURNED)
    refused = await desk.browser.sends(await desk.opens(), {"nonce": "n", "command": "close", "text": TURNED})
    customers = await desk.browser.opens(desk.api.services.links.to_rate("zendesk-2", 1, desk.api.services.now()))
    for page, times in (
        (await desk.opens("sam", case="zendesk-2"), 4),
        (await desk.opens(), 1),
        (refused, 2),
        (customers, 0),
    ):
        read = Turned()
        read.feed(page.html)
        assert (read.loose, read.found >= times) == ([], True)


async def test_half_a_character_breaks_no_page(desk: Desk) -> None:
    kind = "multipart/form-data; boundary=x; charset=utf-7"  # in which a lone surrogate can be written
    parts = {"nonce": "n+2AA-", "command": "note", "text": "half +2AA-"}
    form = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
    )
    answer = await desk.api.client.post(
        desk.link(), content=f"{form}--x--\r\n".encode(), headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert desk.said() == []


@pytest.mark.parametrize("nonce", ["", "n" * 101])
async def test_a_form_without_a_nonce_is_none_of_ours(desk: Desk, nonce: str) -> None:
    page = await desk.opens()
    answer = await desk.browser.sends(page, {"nonce": nonce, "command": "acknowledge"})
    assert (answer.status, desk.said()) == (422, [])
    assert "could not be read" in answer.words


async def test_a_body_that_is_too_large_or_no_form_is_refused(desk: Desk) -> None:
    link = desk.link()
    largest = desk.api.services.settings.max_body_bytes
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await desk.api.client.post(link, content=b"x" * (largest + 1), headers=form)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "What was sent is too long" in answer.text
    broken = {"Content-Type": "multipart/form-data"}
    assert (await desk.api.client.post(link, content=b"x", headers=broken)).status_code == 400
    assert (await desk.api.client.post(link, json={"command": "acknowledge", "nonce": "n"})).status_code == 422
    assert desk.said() == []


async def test_only_who_may_act_as_anybody_reads_the_links_of_others(desk: Desk) -> None:
    desk.happens("told")
    sent = Message(key=f"{CASE}.1/1/step/0.0/dana/email", kind="step", channel="email", person="dana", entry=1, at=NOW)
    run = desk.api.temporal.runs[CASE].model_copy(update={"version": 99})
    made = Transition(document=document(run), version=99, messages=(sent,))
    Transitions(desk.api.services.database).record(made, desk.api.services.now())
    link = desk.link()
    text = f"- open the case and act: {link}\n- case: {CASE}"
    desk.api.services.outbound.claim(
        sent.key, "dana@tierline.example", "Please acknowledge", text, desk.api.services.now()
    )
    for path in (f"/v1/escalations/{CASE}/messages", "/v1/messages"):
        for role in ("viewer", "agent", "operator", "admin"):
            shown = (await desk.api.get(path, role)).json()
            [one] = shown if isinstance(shown, list) else shown["items"]
            hidden = text.replace(link.rpartition("/")[2], "…") if role in ("viewer", "agent") else text
            assert one["text"] == hidden, (path, role)


async def test_a_database_that_is_away_is_said_on_a_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("it@acme.example"))

    monkeypatch.setattr(desk.api.services.escalations, "find", away)
    with structlog.testing.capture_logs() as logs:
        page = await desk.opens()
    assert (page.status, page.headers["retry-after"]) == (503, "2")
    assert "try again in a minute" in page.words
    assert [(one["event"], one["reason"]) for one in logs] == [("database does not serve a page", "OperationalError")]
    assert "acme" not in str(logs)


async def test_what_breaks_inside_is_logged_without_the_link(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.api.services.escalations, "find", lambda *_: 1 / 0)
    link = desk.link()
    with structlog.testing.capture_logs() as logs:
        answer = await desk.api.client.get(link)
    assert (answer.status_code, [one["path"] for one in logs]) == (500, ["/r/…"])
    assert link.rpartition("/")[2] not in str(logs)
