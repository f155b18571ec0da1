"""How a worker is put together: who sends, and what production refuses to start without."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

import worker
from activities.providers.port import Envelope, Refused, Sent
from domain.policy_file import load_policy
from domain.webhooks import team_secret
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
    for name in (*SENDGRID, *TWILIO, *PRODUCTION, "TWILIO_MESSAGING_SERVICE_SID", "TIERLINE_WEBHOOK_PRIVATE"):
        monkeypatch.delenv(name, raising=False)


def chosen(monkeypatch: pytest.MonkeyPatch, used: Any = worker.ALL_CHANNELS, **environment: str) -> dict[str, str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    providers = worker.chosen_providers(WorkerSettings(), SendGridSettings(), TwilioSettings(), used)
    return {channel: provider.name for channel, provider in providers.items()}


def test_without_credentials_everything_stays_in_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch) == {"email": "outbox", "sms": "outbox", "webhook": "webhook"}


def test_with_credentials_the_vendors_send(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, **SENDGRID, **TWILIO) == {"email": "sendgrid", "sms": "twilio", "webhook": "webhook"}


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


def test_replies_are_asked_for_where_they_reach_us(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(**environment: str) -> set[str]:
        with monkeypatch.context() as here:
            for name, value in environment.items():
                here.setenv(name, value)
            return set(worker.answered(WorkerSettings(), SendGridSettings(), TwilioSettings()))

    assert answered(**SENDGRID, **TWILIO) == set()
    assert answered(**TWILIO, TIERLINE_PUBLIC_URL="https://tierline.example") == {"sms"}
    assert answered(**SENDGRID, SENDGRID_INBOUND_ADDRESS="reply@in.example.org") == {"email"}
    assert answered(SENDGRID_INBOUND_ADDRESS="reply@in.example.org") == set()  # to the outbox nobody replies


def test_an_address_for_replies_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(worker.StartRefused, match="SENDGRID_INBOUND_ADDRESS"):
        chosen(monkeypatch, **SENDGRID, SENDGRID_INBOUND_ADDRESS="in.example.org")


def test_production_names_every_credential_that_its_policies_need(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(worker.StartRefused) as caught:
        chosen(monkeypatch, **PRODUCTION)
    assert set(re.findall(r"[A-Z]+_[A-Z_]+", str(caught.value))) - {"TIERLINE_MODE"} == {
        *SENDGRID, *TWILIO, "TWILIO_MESSAGING_SERVICE_SID",
    }  # fmt: skip


def test_production_starts_with_what_its_policies_use(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**PRODUCTION, **SENDGRID}
    sends = chosen(monkeypatch, frozenset({"email", "webhook"}), **environment)
    assert sends == {"email": "sendgrid", "sms": "none", "webhook": "webhook"}


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


@pytest.mark.parametrize("environment", [{}, {"TIERLINE_WEBHOOK_PRIVATE": "true"}])
def test_webhooks_go_inside_only_where_the_setting_allows_it(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    httpserver.expect_request("/").respond_with_data("")
    settings = WorkerSettings(secret=SecretStr("of the installation"))
    webhook = worker.chosen_providers(settings, SendGridSettings(), TwilioSettings(), frozenset())["webhook"]
    outcome = webhook.send(
        Envelope("ref", httpserver.url_for("/"), None, "{}", None, timedelta(minutes=5), team="support")
    )
    assert (outcome == Sent(None)) == (len(httpserver.log) == 1) == bool(environment)
    if environment:
        [(request, _)] = httpserver.log
        Webhook(team_secret("of the installation", "support")).verify(request.get_data(), dict(request.headers))


def test_the_channels_in_use_are_those_of_the_policies(tmp_path: Path) -> None:
    db = new_store(tmp_path)
    assert worker.used_channels(Policies(db)) == {"email", "sms", "webhook"}
    demo = (POLICIES / "demo.yaml").read_text().replace("[sms, email]", "[email]")
    Policies(db).save(load_policy(demo), "file", None, NOW)
    assert worker.used_channels(Policies(db)) == {"email"}
    db.close()


async def test_a_temporal_that_does_not_answer_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(worker.StartRefused, match=r"Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\) did not answer"):
        await worker.connected(timedelta(0))
