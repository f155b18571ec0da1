"""The SendGrid of our tests against SendGrid's own words: its specification, its signature vector, its verifier for Node.

What our client sends must pass the specification and reach the server; what the specification refuses, the server refuses, too.
What the server signs, and the vector of SendGrid's own library, must be right for npm `@sendgrid/eventwebhook`.
"""

import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from activities.answering import envelope
from activities.providers.port import Envelope, Refused, Sent
from activities.providers.sendgrid_mail import SendGridMail
from records.answers import MailAnswer
from tests.api.signing import OFFICIAL_KEY, SIGNED_WITH, Request, official_vector
from tests.sendgrid import KEY, MAIL_PATH, SendGrid, events, sendgrid
from tests.vendors.conftest import mail_send, prism
from tests.vendors.test_specs import GOOD, everything

ANSWER = envelope("3f2a/7b1c", MailAnswer("ada@example.com", "Re: Late", "You own 7K2 now.\n", "1@mail.example"))
REPLIES = "Tierline <reply@in.example.org>"
VERIFY = """
const { EventWebhook } = require("@sendgrid/eventwebhook");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const webhook = new EventWebhook();
const key = webhook.convertPublicKeyToECDSA(asked.key);
console.log(JSON.stringify(asked.signed.map((one) => webhook.verifySignature(key, one.body, one.signature, one.at))));
"""


@dataclass(frozen=True)
class Behind:
    """Our server, and Prism with SendGrid's specification in front of it."""

    url: str
    server: SendGrid


@pytest.fixture(scope="module")
async def behind(node: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Behind]:
    with sendgrid() as server:
        async with prism(node, mail_send(node), tmp_path_factory, server.url) as checking:
            yield Behind(checking.url, server)


def test_every_email_we_send_passes_the_specification_and_is_kept(behind: Behind) -> None:
    mail = SendGridMail(KEY, "Tierline <desk@example.org>", behind.url, reply_to=REPLIES)
    before, sent = len(behind.server.mails), [*everything("email"), ANSWER]
    assert [type(mail.send(one)) for one in sent] == [Sent] * len(sent)
    kept = behind.server.mails[before:]
    assert [(one.to, one.subject) for one in kept] == [(one.to, one.subject) for one in sent]
    assert {one.reply_to for one in kept} == {"reply@in.example.org"}
    assert kept[-1].headers["In-Reply-To"] == "<1@mail.example>"


def test_with_a_wrong_key_nothing_is_kept(behind: Behind) -> None:
    before = len(behind.server.mails)
    outcome = SendGridMail("SG.another", "desk@example.org", behind.url).send(ANSWER)
    assert isinstance(outcome, Refused)
    assert (outcome.code, len(behind.server.mails)) == ("401", before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": [{"type": "text/plain", "value": ""}]},
        {"from": {"name": "Tierline"}},
        {"personalizations": [{"to": [{"name": "Ada"}]}]},
    ],
    ids=["an empty text", "no sender", "no recipient"],
)
async def test_what_the_specification_refuses_our_server_refuses(behind: Behind, wrong: Mapping[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(headers=headers) as client:
        for url in (behind.url, behind.server.url):
            assert (await client.post(f"{url}{MAIL_PATH}", json={**GOOD, **wrong})).status_code in (400, 422)


@pytest.mark.parametrize("name", ["Subject", "Reply-To", "received"])
def test_a_header_that_sendgrid_makes_itself_is_refused(behind: Behind, name: str) -> None:
    reserved = Envelope("r", "ada@example.com", "Late", "Late", None, timedelta(minutes=1), {name: "x"})
    assert isinstance(SendGridMail(KEY, "desk@example.org", behind.server.url).send(reserved), Refused)


def verified(node: Path, public_key: str, *signed: Request) -> list[bool]:
    """What SendGrid's verifier for Node says of them."""
    name = "X-Twilio-Email-Event-Webhook"
    asked = [
        {
            "body": one["content"].decode(),
            "signature": one["headers"][f"{name}-Signature"],
            "at": one["headers"][f"{name}-Timestamp"],
        }
        for one in signed
    ]
    text = json.dumps({"key": public_key, "signed": asked})
    done = subprocess.run(
        ["node", "-e", VERIFY], cwd=node, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


def test_what_our_server_signs_is_right_for_sendgrids_own_verifier(node: Path, behind: Behind) -> None:
    SendGridMail(KEY, "desk@example.org", behind.server.url).send(ANSWER)
    mail = behind.server.mails[-1]
    good = events(mail.event("delivered"), mail.event("bounce", type="bounce", reason="550 kein Empfänger"))
    forged = {**good, "content": good["content"].replace(b"delivered", b"dropped")}
    cut = {**good, "content": good["content"].rstrip()}
    assert verified(node, SIGNED_WITH["SENDGRID_WEBHOOK_PUBLIC_KEY"], good, forged, cut) == [True, False, False]


def test_sendgrids_official_vector_is_right_for_its_own_verifier(node: Path) -> None:
    """The vector that `tests/api/test_receipts.py` gives to our webhook: so both verifiers agree on what is right."""
    official = official_vector()
    cut = {**official, "content": official["content"].rstrip()}
    assert verified(node, OFFICIAL_KEY, official, cut) == [True, False]
