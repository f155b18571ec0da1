"""From our SMS to Twilio's receipt and back: our client, the emulator's signature, our webhook, the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx2
import pytest
import uvicorn
from temporalio.client import Client

from activities.providers.port import Envelope, Sent
from activities.providers.twilio_sms import TwilioSms
from api.app import create_app
from api.services import Services
from domain.identity import reference_of
from domain.messages import Message
from domain.outcome import Transition
from records.database import Database
from records.outbound import Outbound
from records.transitions import Transitions
from settings import ApiSettings
from tests.api.fakes import FakeTemporal
from tests.records.samples import NOW, document
from tests.until import until
from tests.vendors.node import Server
from tests.vendors.test_twilio_emulator import ACCOUNT, SENDER, TOKEN
from workflows.contract import TWILIO_STATUS_PATH, TWILIO_TRIES

KEY = "zendesk-1.1/1/step/0.0/dana/sms"
TO = "+15552220077"


@pytest.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """`TWILIO_AUTH_TOKEN` is the emulator's."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    async with listening_api(tmp_path, tmp_path) as services:
        yield services


@asynccontextmanager
async def listening_api(home: Path, policies: Path) -> AsyncIterator[Services]:
    """The API on loopback, known by the very address it listens at."""
    listening = uvicorn.Config("", port=0).bind_socket()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = ApiSettings(home=home, policies=policies, public_url=address)
    app = create_app(settings, client=cast(Client, FakeTemporal()))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    serving = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    yield app.state.services
    server.should_exit = True
    await serving


def sent(database: Database, twilio: TwilioSms) -> str:
    """A message of a case goes out as the worker sends it; Twilio's id of it."""
    message = Message(key=KEY, kind="step", channel="sms", person="dana", entry=1, at=NOW)
    Transitions(database).record(Transition(document=document(), version=1, messages=(message,)), NOW)
    outbound, reference = Outbound(database), reference_of(KEY)
    text = f"Acknowledge by 17:05 #{reference}"
    outbound.claim(KEY, TO, None, text, NOW)
    answer = twilio.send(Envelope(reference, TO, None, text, None, timedelta(minutes=5)))
    assert isinstance(answer, Sent)
    outbound.mark(KEY, "sent", NOW)  # without Twilio's id: its answer may have been lost, the reference is enough
    return str(answer.provider_id)


@pytest.mark.parametrize(("status", "ends"), [("delivered", "delivered"), ("undelivered", "failed")])
async def test_what_twilio_reports_is_written_down(
    emulator: Server, services: Services, status: str, ends: str
) -> None:
    callback = f"{services.settings.public_address}{TWILIO_STATUS_PATH}?ref={{reference}}{TWILIO_TRIES}"
    twilio = TwilioSms(ACCOUNT, TOKEN, SENDER, base_url=emulator.url, callback=callback)
    sid = await asyncio.to_thread(sent, services.database, twilio)
    async with httpx2.AsyncClient(base_url=emulator.url, auth=(ACCOUNT, TOKEN)) as simulator:
        report = {"MessageSid": sid, "Status": status}
        assert (await simulator.post("/_twilio/simulate/message-status", data=report)).status_code == 200
    await until(lambda: Outbound(services.database).load(KEY).record.status == ends)
