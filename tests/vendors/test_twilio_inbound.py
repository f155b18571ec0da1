"""A responder's SMS through a Twilio of somebody else: its number, its signature, our webhook, the case."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.services import Services
from tests.api.conftest import ROSTER, case, write_policies
from tests.vendors.node import Server
from tests.vendors.test_twilio_emulator import ACCOUNT, SENDER, TOKEN
from tests.vendors.test_twilio_receipts import listening_api

DANA, STRANGER = "+15550002222", "+15550003333"
NUMBERS = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers"


@pytest.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """Dana has a number in the roster; `TWILIO_AUTH_TOKEN` is the emulator's."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    roster = ROSTER.replace("name: Dana,", f'name: Dana, phone: "{DANA}",')
    async with listening_api(tmp_path, write_policies(tmp_path / "policies", roster=roster)) as services:
        yield services


@pytest.fixture
async def twilio(emulator: Server, services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """The emulator, told as an operator tells Twilio where an SMS to our number is to go."""
    async with httpx2.AsyncClient(base_url=emulator.url, auth=(ACCOUNT, TOKEN)) as client:
        numbers = (await client.get(f"{NUMBERS}.json")).json()["incoming_phone_numbers"]
        [sid] = [one["sid"] for one in numbers if one["phone_number"] == SENDER]
        webhook = {"SmsUrl": f"{services.settings.public_address}/v1/hooks/twilio/inbound", "SmsMethod": "POST"}
        assert (await client.post(f"{NUMBERS}/{sid}.json", data=webhook)).status_code == 200
        yield client


async def opened(services: Services) -> str:
    """A case opens; its code."""
    _, key = services.keys.create("operator", None, "the test", services.now())
    async with httpx2.AsyncClient(base_url=services.settings.public_address) as client:
        answer = await client.post("/v1/escalations", json=case(), headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201, answer.text
    return services.reply_codes.code_for("zendesk-4711", 1, services.now())


async def sends(twilio: httpx2.AsyncClient, number: str, text: str) -> None:
    """Somebody writes to our number; the emulator has called us when it answers."""
    sms = {"To": SENDER, "From": number, "Body": text}
    answer = await twilio.post("/_twilio/simulate/inbound-message", data=sms)
    assert answer.status_code == 201, answer.text


def stands(services: Services) -> tuple[Any, Any]:
    found = services.escalations.latest("zendesk-4711")
    assert found is not None
    return found["status"], found["owner"]


async def test_ack_with_the_code_by_sms_takes_the_case(twilio: httpx2.AsyncClient, services: Services) -> None:
    code = await opened(services)
    assert stands(services) == ("open", None)
    await sends(twilio, DANA, f"ACK {code}")
    assert stands(services) == ("acknowledged", "dana")


async def test_the_same_words_from_another_number_move_nothing(twilio: httpx2.AsyncClient, services: Services) -> None:
    code = await opened(services)
    await sends(twilio, STRANGER, f"ACK {code}")
    assert stands(services) == ("open", None)
