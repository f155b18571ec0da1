"""Twilio as the npm package `emulate` plays it, with a memory of its own: what we send is there, and our look-up finds it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from activities.providers.port import Envelope, Refused, RetryLater, Sent
from activities.providers.twilio_sms import TwilioSms
from tests.vendors.node import Server

ACCOUNT, TOKEN = "AC" + "0" * 32, "twilio_test_auth_token"  # the emulator's own
SENDER = "+15551234567"
HOUR = timedelta(hours=1)


@pytest.fixture
def begun() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def twilio(emulator: Server) -> TwilioSms:
    return TwilioSms(ACCOUNT, TOKEN, SENDER, base_url=emulator.url)


@pytest.fixture
def api(emulator: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=emulator.url, auth=(ACCOUNT, TOKEN)) as client:
        yield client


def sms(reference: str, to: str = "+15552220001") -> Envelope:
    return Envelope(reference, to, None, f"Acknowledge zendesk-1 by 17:05 #{reference}", None, timedelta(minutes=5))


def kept(api: httpx2.Client, to: str) -> list[dict[str, Any]]:
    answer = api.get(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", params={"To": to})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["messages"])


def test_what_we_send_is_kept_once_as_we_wrote_it(twilio: TwilioSms, api: httpx2.Client) -> None:
    envelope = sms("kept00000001", "+15552220011")
    sent = twilio.send(envelope)
    [there] = kept(api, envelope.to)
    assert sent == Sent(there["sid"])
    assert (there["body"], there["from"], there["to"]) == (envelope.text, SENDER, envelope.to)
    assert there["status"] in ("accepted", "queued", "sending", "sent", "delivered")


def test_the_look_up_finds_the_message_by_recipient_and_reference(twilio: TwilioSms, begun: datetime) -> None:
    first, second = sms("first0000001"), sms("second000001")
    sent = [twilio.send(first), twilio.send(second)]
    assert [twilio.find(first, begun), twilio.find(second, begun)] == sent


def test_the_look_up_finds_no_other_reference_person_or_time(twilio: TwilioSms, begun: datetime) -> None:
    there = sms("there0000001", "+15552220021")
    twilio.send(there)
    assert twilio.find(sms("absent000001", there.to), begun) is None
    assert twilio.find(sms("there0000001", "+15552220022"), begun) is None
    assert twilio.find(there, begun + HOUR) is None


def test_a_message_that_has_gone_on_to_its_receiver_is_still_found(
    twilio: TwilioSms, api: httpx2.Client, begun: datetime
) -> None:
    envelope = sms("delivered001", "+15552220031")
    sent = twilio.send(envelope)
    assert isinstance(sent, Sent)
    moved = api.post("/_twilio/simulate/message-status", data={"MessageSid": sent.provider_id, "Status": "delivered"})
    assert moved.status_code == 200, moved.text
    assert [one["status"] for one in kept(api, envelope.to)] == ["delivered"]
    assert twilio.find(envelope, begun) == sent


def test_a_wrong_token_is_refused_in_twilios_words_and_keeps_nothing(emulator: Server, api: httpx2.Client) -> None:
    wrong, envelope = TwilioSms(ACCOUNT, "wrong", SENDER, base_url=emulator.url), sms("wrong0000001", "+15552220041")
    assert wrong.send(envelope) == Refused("20003", "Authenticate")
    assert kept(api, envelope.to) == []
    with pytest.raises(RetryLater, match="answered 401 when asked whether it has the message"):
        wrong.find(envelope, datetime.now(UTC))
