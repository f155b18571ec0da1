"""A contact test over the whole system: sent by the worker, seen delivered or failed, answered by link and by reply, or not."""

import asyncio
import re
from typing import Any

import pytest

from activities.providers.port import Envelope, Outcome, RetryLater, Sent
from records.contact_tests import ContactTests
from tests.api.browser import Browser
from tests.api.signing import by_sendgrid, by_twilio
from tests.scenarios.system import PUBLIC_URL, Tierline, on_both_databases
from tests.scenarios.test_command_line import Terminal
from tests.scenarios.test_stories import LADDER
from tests.until import until

DANAS_PHONE = "+493023125101"


class Desk:
    """Somebody who tests a contact, and has the phone and the mailbox."""

    def __init__(self, tierline: Tierline) -> None:
        self.tierline = tierline

    async def starts(self, person: str = "dana", who: str = "admin") -> dict[str, Any]:
        answer = await self.tierline.call("POST", f"/v1/roster/people/{person}/contact-test", who)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def sees(self, person: str = "dana") -> dict[str, dict[str, Any]]:
        """What became of it, by channel."""
        answer = await self.tierline.call("GET", f"/v1/roster/people/{person}/contact-test")
        assert answer.status_code == 200, answer.text
        return {one["channel"]: one for one in answer.json()["channels"]}

    async def until_it_is(self, channel: str, status: str) -> dict[str, Any]:
        await until(lambda: self._status(channel) == status)
        return (await self.sees())[channel]

    def _status(self, channel: str, person: str = "dana") -> str:
        test = ContactTests(self.tierline.house.database).latest(person)
        assert test is not None
        return next(one.status for one in test.messages if one.channel == channel)

    async def got(self, channel: str) -> Envelope:
        """What has come last."""
        box = getattr(self.tierline.house, channel)
        await until(lambda: bool(box.kept))
        return box.kept[-1]  # type: ignore[no-any-return]

    async def reports(self, envelope: Envelope, status: str, **more: str) -> None:
        """The provider says what became of it."""
        if "@" in envelope.to:
            event = {"event": status, "sg_event_id": f"{envelope.reference}/{status}", **more}
            path, request = (
                "/v1/hooks/sendgrid/events",
                by_sendgrid([{**event, "tierline_reference": envelope.reference}]),
            )
        else:
            path = f"/v1/hooks/twilio/status?ref={envelope.reference}"
            request = by_twilio(path, {"MessageSid": "SM1", "MessageStatus": status, **more}, public=PUBLIC_URL)
        answer = await self.tierline.http.post(path, **request)
        assert answer.status_code == 204, answer.text

    async def replies(self, text: str, sid: str = "SM9") -> str:
        path = "/v1/hooks/twilio/inbound"
        request = by_twilio(path, {"MessageSid": sid, "From": DANAS_PHONE, "Body": text}, public=PUBLIC_URL)
        answer = await self.tierline.http.post(path, **request)
        assert answer.status_code == 200, answer.text
        return answer.text


def link_in(envelope: Envelope) -> str:
    """The path of the link in a message."""
    found = re.search(rf"{PUBLIC_URL}(/r/\S+)", envelope.text)
    assert found, envelope.text
    return found[1]


@pytest.fixture
def tester(tierline: Tierline) -> Desk:
    return Desk(tierline)


@on_both_databases
async def test_a_test_goes_out_on_each_channel_is_delivered_and_answered(tester: Desk) -> None:
    begun = await tester.starts(who="dana")
    assert {one["status"] for one in begun["channels"]} == {"queued"}
    mail, sms = await tester.got("email"), await tester.got("sms")
    assert (mail.to, sms.to) == ("dana@support.example", DANAS_PHONE)
    assert mail.subject == "This is a test from Tierline: did it reach you?"
    assert (mail.headers, sms.subject) == ({"Auto-Submitted": "auto-generated"}, None)
    assert (await tester.until_it_is("sms", "sent"))["sent_at"] is not None
    await tester.reports(sms, "delivered")
    await tester.reports(mail, "delivered")
    assert (await tester.until_it_is("sms", "delivered"))["delivered_at"] is not None
    assert (await tester.until_it_is("email", "delivered"))["answered_at"] is None

    browser = Browser(tester.tierline.http)
    page = await browser.opens(link_in(mail))
    await browser.opens(link_in(mail), "HEAD")
    assert (await tester.sees())["email"]["answered_at"] is None, "looking is no answer"
    assert "Thank you." in (await browser.presses(page, "confirm")).words
    first = (await tester.sees())["email"]["answered_at"]
    await browser.presses(page, "confirm")
    assert "that SMS reaches you" in await tester.replies("Test")
    seen = await tester.sees()
    assert (seen["email"]["answered_at"], seen["sms"]["answered_at"] is None) == (first, False)


async def test_answering_a_test_never_touches_a_case(tester: Desk) -> None:
    await tester.tierline.has_policy(LADDER)
    case = await tester.tierline.opens(policy="ladder")
    for channel in ("sms", "email"):
        await case.tells("dana", channel, "step")
    await tester.starts()
    await tester.until_it_is("sms", "sent")
    assert "reaches you" in await tester.replies("TEST.")
    assert (await case.shows())["status"] == "open"
    await case.says("dana", "cancel", reason="the story ends")


async def test_what_does_not_arrive_is_shown_with_the_reason_and_the_address_is_remembered(tester: Desk) -> None:
    await tester.starts()
    mail = await tester.got("email")
    await tester.until_it_is("email", "sent")
    await tester.reports(mail, "bounce", type="bounce", reason="550 no such user")
    failed = await tester.until_it_is("email", "failed")
    assert failed["reason"] == "sendgrid.bounce: 550 no such user"
    await tester.reports(mail, "delivered")
    await tester.until_it_is("sms", "sent")
    assert (await tester.sees())["email"]["status"] == "failed", "what failed stays failed"
    bad = (await tester.tierline.call("GET", "/v1/roster/bad-addresses")).json()
    assert [one["address"] for one in bad] == ["dana@support.example"]


async def test_what_the_provider_puts_off_is_tried_again_and_goes_out(tester: Desk) -> None:
    tries: list[Envelope] = []

    def busy(envelope: Envelope) -> Outcome:
        tries.append(envelope)
        if len(tries) == 1:
            raise RetryLater("429", "too many requests")
        return Sent("m1")

    tester.tierline.house.email.answers = busy
    await tester.starts()
    sent = await tester.until_it_is("email", "sent")
    assert (sent["attempts"], len(tries)) == (2, 2)


async def test_the_terminal_shows_each_state_as_it_changes_and_ends_when_all_is_answered(
    tester: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tester.tierline, monkeypatch)
    typed = asyncio.create_task(terminal.types("contact", "test", "dana"))
    mail = await tester.got("email")
    await tester.until_it_is("sms", "sent")
    await tester.until_it_is("email", "sent")
    browser = Browser(tester.tierline.http)
    await browser.presses(await browser.opens(link_in(mail)), "confirm")
    await tester.replies("TEST")
    said = await typed
    assert f"sms to {DANAS_PHONE}: sent" in said
    assert "email to dana@support.example: sent, answered" in said
    assert "not answered everywhere" not in said
    assert "not yet" not in await terminal.types("contact", "show", "dana")
    assert "contact_test_running" in await terminal.types("contact", "test", "dana", "--no-wait", code=1)
