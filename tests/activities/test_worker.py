"""How a worker is put together: who sends, and what production refuses to start without."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import worker
from activities.providers.port import Envelope, Refused
from domain.policy_file import load_policy
from records.policies import Policies
from settings import SendGridSettings, TwilioSettings, WorkerSettings
from tests.activities.cases import NOW, POLICIES, new_store

SENDGRID = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_FROM": "desk@example.org"}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006"}
PRODUCTION = {"TIERLINE_MODE": "production"}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine, no `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    for name in (*SENDGRID, *TWILIO, *PRODUCTION, "TWILIO_MESSAGING_SERVICE_SID"):
        monkeypatch.delenv(name, raising=False)


def chosen(monkeypatch: pytest.MonkeyPatch, used: Any = worker.ALL_CHANNELS, **environment: str) -> dict[str, str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    providers = worker.chosen_providers(WorkerSettings(), SendGridSettings(), TwilioSettings(), used)
    return {channel: provider.name for channel, provider in providers.items()}


def test_without_credentials_everything_stays_in_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch) == {"email": "outbox", "sms": "outbox"}


def test_with_credentials_the_vendors_send(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, **SENDGRID, **TWILIO) == {"email": "sendgrid", "sms": "twilio"}


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"SENDGRID_API_KEY": "SG.key"}, "SENDGRID_FROM"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token"}, "sender number"),
    ],
)
def test_half_of_the_credentials_is_an_error(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], missing: str
) -> None:
    with pytest.raises(worker.StartRefused, match=missing):
        chosen(monkeypatch, **environment)


def test_production_names_every_credential_that_its_policies_need(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(worker.StartRefused) as caught:
        chosen(monkeypatch, **PRODUCTION)
    assert set(re.findall(r"[A-Z]+_[A-Z_]+", str(caught.value))) - {"TIERLINE_MODE"} == {
        *SENDGRID, *TWILIO, "TWILIO_MESSAGING_SERVICE_SID",
    }  # fmt: skip


def test_production_starts_with_what_its_policies_use(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**PRODUCTION, **SENDGRID}
    assert chosen(monkeypatch, frozenset({"email"}), **environment) == {"email": "sendgrid", "sms": "none"}


def test_a_channel_that_production_has_no_credentials_for_refuses_every_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**PRODUCTION, **SENDGRID}.items():
        monkeypatch.setenv(name, value)
    mail_only = worker.chosen_providers(WorkerSettings(), SendGridSettings(), TwilioSettings(), frozenset({"email"}))
    envelope = Envelope("ref", "+15005550006", None, "Checkout is down", None, timedelta(minutes=5))
    assert mail_only["sms"].send(envelope) == Refused(
        "no_credentials", "this installation has no credentials for sms; see .env.example"
    )


def test_the_channels_in_use_are_those_of_the_policies(tmp_path: Path) -> None:
    db = new_store(tmp_path)
    assert worker.used_channels(Policies(db)) == {"email", "sms"}
    demo = (POLICIES / "demo.yaml").read_text().replace("[sms, email]", "[email]")
    Policies(db).save(load_policy(demo), "file", None, NOW)
    assert worker.used_channels(Policies(db)) == {"email"}
    db.close()


async def test_a_temporal_that_does_not_answer_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(worker.StartRefused, match=r"Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\) did not answer"):
        await worker.connected(timedelta(0))
