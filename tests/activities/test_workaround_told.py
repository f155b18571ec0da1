"""A responder who is called to a case of a known problem reads what helps for now in the call itself."""

import pytest
from temporalio.testing import ActivityEnvironment

from activities.providers.port import Sent
from activities.rendering import Renderer
from activities.sending import Sending
from domain.messages import Message, MessageKind
from domain.sms_segments import segments
from domain.tickets import Channel
from records.database import Database
from records.problems import Problems, link, open_problem
from tests.activities.cases import NOW, message, stored
from tests.activities.posts import Post

HELPS = "restart the payment service"


def knows(db: Database, workaround: str | None = HELPS) -> None:
    """The case belongs to a problem."""
    with db.write() as connection:
        opened = open_problem(connection, "Certificate", "certificate", None, "eve", NOW)
        link(connection, opened.id, ("zendesk-4711", 1), None, NOW)
    if workaround is not None:
        Problems(db).work_around("P-1", workaround, NOW)


def said(db: Database, renderer: Renderer, what: Message) -> str:
    """What goes out."""
    post = Post(what.channel, Sent("1"))
    ActivityEnvironment().run(Sending(db, {what.channel: post}, renderer, "https://tierline.example").send, what)
    [envelope] = post.sent
    return envelope.text


def call(kind: MessageKind, channel: Channel) -> Message:
    return message(kind, channel, "dana")


@pytest.mark.parametrize("kind", ["step", "assigned"])
def test_an_sms_says_what_helps_and_stays_within_two_segments(
    db: Database, renderer: Renderer, kind: MessageKind
) -> None:
    what = call(kind, "sms")
    stored(db, what)
    knows(db, f"{HELPS} and " + "wait " * 500)
    text = said(db, renderer, what)
    assert "P-1" in text
    assert HELPS in text
    assert segments(text) <= 2


@pytest.mark.parametrize("kind", ["step", "assigned", "warning", "last_resort"])
def test_an_email_says_the_whole_of_it(db: Database, renderer: Renderer, kind: MessageKind) -> None:
    what = call(kind, "email")
    stored(db, what)
    knows(db)
    assert f"Bekanntes Problem P-1, was vorerst hilft:\n{HELPS}" in said(db, renderer, what)


def test_of_a_problem_nobody_knows_a_way_around_nothing_is_said(db: Database, renderer: Renderer) -> None:
    what = call("step", "email")
    stored(db, what)
    knows(db, None)
    assert "P-1" not in said(db, renderer, what)


def test_a_problem_that_is_solved_is_no_more_spoken_of(db: Database, renderer: Renderer) -> None:
    what = call("step", "email")
    stored(db, what)
    knows(db)
    Problems(db).resolve("P-1", "eve", "renews itself", NOW)
    assert "P-1" not in said(db, renderer, what)


def test_a_customer_is_never_told(db: Database, renderer: Renderer) -> None:
    what = message("customer_update", "email", None, text="We found it.")
    stored(db, what)
    knows(db)
    text = said(db, renderer, what)
    assert HELPS not in text
    assert "P-1" not in text
