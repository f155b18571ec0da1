"""Where replies reach us by e-mail, every mail's subject ends with the code of its case, so that an answer needs none."""

import re

import pytest
from temporalio.testing import ActivityEnvironment

from activities.providers.port import Sent
from activities.rendering import LONGEST_SUBJECT, Rendered, Renderer, answerable
from activities.sending import Sending
from domain.messages import Message
from domain.replies import quoted_code
from domain.tickets import Channel
from records.database import Database
from tests.activities.cases import message, stored
from tests.activities.posts import Post

CALL = message("step", "email", "dana")
NEWS = message("customer_update", "email", None, text="We found it.")
SMS_NEWS = message("customer_update", "sms", None, text="We found it.")


def sent(db: Database, renderer: Renderer, what: Message, *answered: Channel) -> Rendered:
    """What goes out where replies on those channels reach us."""
    stored(db, what, phone="+493023125009")
    post = Post(what.channel, Sent("1"))
    sending = Sending(db, {what.channel: post}, renderer, "https://tierline.example", frozenset(answered))
    ActivityEnvironment().run(sending.send, what)
    [envelope] = post.sent
    return Rendered(envelope.subject, envelope.text, envelope.html)


@pytest.mark.parametrize("what", [CALL, NEWS], ids=["responder", "customer"])
def test_the_subject_ends_with_the_code(db: Database, renderer: Renderer, what: Message) -> None:
    made = sent(db, renderer, what, "email")
    assert made.subject is not None
    assert re.search(r" \[\w{3,}\]$", made.subject)
    code = quoted_code(f"AW: {made.subject}")
    assert code is not None
    assert (f"ACK {code}" in made.text) == (what is CALL)
    assert (code in made.text) == (what is CALL)


@pytest.mark.parametrize("what", [CALL, NEWS], ids=["responder", "customer"])
def test_where_nobody_reads_replies_no_mail_asks_for_one(db: Database, renderer: Renderer, what: Message) -> None:
    made = sent(db, renderer, what, "sms")
    assert made.subject is not None
    assert quoted_code(made.subject) is None
    assert "ACK" not in made.text


def test_an_sms_to_a_customer_has_none(db: Database, renderer: Renderer) -> None:
    assert sent(db, renderer, SMS_NEWS, "sms", "email").subject is None


def test_of_a_long_subject_the_code_is_never_cut() -> None:
    made = answerable(Rendered("x" * LONGEST_SUBJECT, "text", None), "7K2")
    assert made.subject is not None
    assert len(made.subject) == LONGEST_SUBJECT
    assert made.subject.endswith("x… [7K2]")


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("Re: [high] Please acknowledge: Checkout (Acme) [7K2]", "7K2"),
        ("AW: WG: [7K2] [EXTERN] [K4W]", "K4W"),
        ("Re: x [7k2]", "7K2"),
        ("Re: [2026] [urgent] x", None),
        ("Re: 7K2", None),
        ("", None),
    ],
)
def test_the_code_is_read_off_a_quoted_subject(subject: str, code: str | None) -> None:
    assert quoted_code(subject) == code
