"""E-mail both ways: SendGrid's own client, a SendGrid that keeps mail and reports of it, our webhooks, the case, the answer."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.providers.sendgrid_mail import SendGridMail
from records.stored import StoredMessage
from tests.api.signing import INBOUND_KEY, SIGNED_WITH
from tests.scenarios.system import Tierline, on_both_databases, system
from tests.sendgrid import KEY, Mail, SendGrid, events, parsed, sendgrid
from tests.until import until
from workflows.contract import SENDGRID_INBOUND_PATH

MAIL_ONLY = """
name: mail-only
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m}, tier_resolution: {all: 8h}}
    steps: [{tell: on_call, channels: [email]}, {after: 10m, tell: on_call.next, channels: [sms]}]
closing: {root_cause: required}
"""
NOTICES = "customer_updates: {every: {all: 8h}, channels: [email], on: [opened]}"
DANA, CUSTOMER, REPLIES = "dana@support.example", "it@acme.example", "reply@in.tierline.example"


@dataclass
class Post:
    """The installation and its SendGrid."""

    tierline: Tierline
    sendgrid: SendGrid

    async def reports(self, *reported: dict[str, Any]) -> None:
        """SendGrid says so, signed."""
        answer = await self.tierline.http.post("/v1/hooks/sendgrid/events", **events(*reported))
        assert answer.status_code == 204, answer.text

    async def brings(self, message: EmailMessage, *, proven: bool = True) -> None:
        """SendGrid posts a mail that has come in."""
        path = f"{SENDGRID_INBOUND_PATH}?key={INBOUND_KEY}"
        answer = await self.tierline.http.post(path, **parsed(message, proven=proven))
        assert answer.status_code == 204, answer.text

    def mail_of(self, message: StoredMessage) -> Mail:
        """What SendGrid has of one of our messages."""
        [found] = [mail for mail in self.sendgrid.mails if mail.id == message.provider_id]
        return found


@pytest.fixture
def server() -> Iterator[SendGrid]:
    with sendgrid() as running:
        yield running
        assert running.refused == []


@pytest.fixture
async def post(
    env: WorkflowEnvironment, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, server: SendGrid
) -> AsyncIterator[Post]:
    for name, value in SIGNED_WITH.items():
        monkeypatch.setenv(name, value)
    with env.with_time_skipping_disabled():
        async with system(env, tmp_path, database_url, frozenset({"email"})) as running:
            client = SendGridMail(KEY, "Tierline <desk@example.org>", server.url, reply_to=REPLIES)
            running.house.email.answers = client.send
            await running.has_policy(MAIL_ONLY)
            yield Post(running, server)
            await running.nothing_else_was_said()


@on_both_databases
async def test_who_got_the_mail_answers_it_and_has_the_case(post: Post) -> None:
    case = await post.tierline.opens(policy="mail-only")
    called = post.mail_of(await case.tells("dana", "email", "step"))
    assert called.reply_to == REPLIES
    await post.brings(called.answered("ACK"))
    await until(lambda: len(post.sendgrid.sent_to(DANA)) == 2)
    shown = await case.shows()
    assert (shown["status"], shown["owner"]) == ("acknowledged", "dana")
    answer = post.sendgrid.sent_to(DANA)[1]
    assert "now: Checkout is down." in answer.text
    assert answer.subject == f"Re: {called.subject}"
    assert answer.headers["Auto-Submitted"] == "auto-replied"
    assert answer.headers["In-Reply-To"].startswith("<")
    assert (answer.reply_to, DANA in str(answer.args)) == (REPLIES, False)
    await case.says("dana", "cancel", reason="the story ends")


async def test_a_mail_with_attachments_acts_by_its_words_alone(post: Post) -> None:
    case = await post.tierline.opens(policy="mail-only")
    called = post.mail_of(await case.tells("dana", "email", "step"))
    reply = called.answered("ACK")
    reply.add_attachment(bytes(2_000_000), maintype="image", subtype="png", filename="screen.png")
    reply.add_attachment("RES fixed it", subtype="plain", filename="notes.txt")
    await post.brings(reply)
    await until(lambda: len(post.sendgrid.sent_to(DANA)) == 2)
    assert (await case.shows())["status"] == "acknowledged"
    await case.says("dana", "cancel", reason="the story ends")


async def test_two_machines_do_not_answer_each_other(post: Post) -> None:
    case = await post.tierline.opens(policy="mail-only")
    called = post.mail_of(await case.tells("dana", "email", "step"))
    await post.brings(called.answered("what is this?"))
    await until(lambda: len(post.sendgrid.sent_to(DANA)) == 2)
    answer = post.sendgrid.sent_to(DANA)[1]
    await post.brings(answer.answered("I am away until Monday.", Auto_Submitted="auto-replied"))
    await post.brings(called.answered("ACK"), proven=False)
    await post.brings(answer.answered("ACK"))
    await until(lambda: len(post.sendgrid.sent_to(DANA)) == 3)
    assert "You own" in post.sendgrid.sent_to(DANA)[2].text
    acknowledged = [entry for entry in await case.timeline() if entry["kind"] == "acknowledged"]
    assert len(acknowledged) == 1
    await case.says("dana", "cancel", reason="the story ends")


@on_both_databases
async def test_a_customers_answer_to_our_notice_reaches_the_case_and_its_owner(post: Post) -> None:
    await post.tierline.has_policy(MAIL_ONLY.replace("mail-only", "notices") + NOTICES)
    case = await post.tierline.opens(policy="notices")
    another = await post.tierline.opens(policy="notices", subject="Login is slow")
    notice = post.mail_of(await case.tells(None, "email", "customer_opened"))
    await another.tells(None, "email", "customer_opened")
    await case.tells("dana", "email", "step")
    await another.tells("dana", "email", "step")
    await case.says("dana", "acknowledge")
    await post.brings(notice.answered("And now?", Subject="Checkout"))  # of which of the two nobody can tell
    await post.brings(notice.answered("It works again. Thank you!"))
    told = post.mail_of(await case.tells("dana", "email", "customer_replied"))
    assert "It works again. Thank you!" in told.text
    assert notice.text.splitlines()[0] not in told.text  # what they quoted is ours
    await until(lambda: len(post.sendgrid.sent_to(CUSTOMER)) == 3)
    question = post.sendgrid.sent_to(CUSTOMER)[2]
    assert "which of your requests" in question.text
    assert "(Checkout is down)" in question.text
    assert "(Login is slow)" in question.text
    for one in (case, another):
        await one.says("dana", "cancel", reason="the story ends")


@pytest.mark.parametrize(
    ("event", "more", "dead"),
    [
        ("bounce", {"type": "bounce", "status": "5.1.1", "reason": "550 no such user"}, ["no_such_address"]),
        ("bounce", {"type": "blocked", "status": "4.7.1", "reason": "451 try again"}, []),
        ("dropped", {"reason": "Spam Content"}, []),
    ],
    ids=["for good", "blocked", "dropped"],
)
async def test_the_next_responder_is_told_at_once_when_a_mail_does_not_arrive(
    post: Post, event: str, more: dict[str, str], dead: list[str]
) -> None:
    case = await post.tierline.opens(policy="mail-only")
    message = await case.tells("dana", "email", "step")
    lost = post.mail_of(message).event(event, **more)
    await post.reports(lost)
    await case.tells("sam", "sms", "step")
    await post.reports(lost, lost)  # again, twice
    assert (case.message(message.key).status, case.message(message.key).reason) == ("failed", more["reason"])
    bad = (await post.tierline.call("GET", "/v1/roster/bad-addresses")).json()
    assert [one["fault"] for one in bad] == dead
    assert (await case.kinds()).count("delivery_failed") == 1
    await case.says("sam", "cancel", reason="the story ends")


async def test_reports_in_any_order_and_any_number_leave_the_mail_delivered(post: Post) -> None:
    case = await post.tierline.opens(policy="mail-only")
    message = await case.tells("dana", "email", "step")
    mail = post.mail_of(message)
    delivered, deferred = mail.event("delivered"), mail.event("deferred", response="451 later", attempt="1")
    await post.reports(mail.event("open"), delivered, deferred)
    await post.reports(mail.event("processed"), delivered)
    await until(lambda: case.message(message.key).status == "delivered")
    await post.reports(deferred)
    assert (await case.shows())["status"] == "open"
    assert "delivery_failed" not in await case.kinds()
    await case.says("dana", "cancel", reason="the story ends")


async def test_a_bounce_after_the_case_was_closed_is_written_down_and_tells_nobody(post: Post) -> None:
    case = await post.tierline.opens(policy="mail-only")
    message = await case.tells("dana", "email", "step")
    await case.says("dana", "cancel", reason="by mistake")
    await post.reports(post.mail_of(message).event("bounce", type="bounce", reason="550"))
    await until(lambda: case.message(message.key).status == "failed")
