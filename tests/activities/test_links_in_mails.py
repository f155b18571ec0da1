"""The link of an e-mail: its reader's own, for its case, as a button and as an address that can be copied."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from temporalio.testing import ActivityEnvironment

from activities.providers.port import Envelope, Sent
from activities.rendering import Renderer
from activities.sending import Sending
from domain.messages import LESSONS, Message, ResponderKind
from records.database import Database
from signed_links import SignedLinks, ToAct
from tests.activities.cases import TEMPLATES, message, stored
from tests.activities.posts import Post

LINKS = SignedLinks("a secret of ours", "https://tierline.example")
ADDRESS = r"https://tierline\.example/r/([\w.-]+)"


def sent(db: Database, renderer: Renderer, what: Message) -> Envelope:
    """What leaves for the provider."""
    stored(db, what)
    post = Post(what.channel, Sent("1"))
    sending = Sending(db, {what.channel: post}, renderer, "https://tierline.example", links=LINKS)
    ActivityEnvironment().run(sending.send, what)
    return post.sent[0]


OF_THE_CASE = [
    kind for kind in get_args(ResponderKind) if kind not in LESSONS
]  # those two go to the people of a closed case


@pytest.mark.parametrize("kind", OF_THE_CASE)
def test_every_mail_to_a_responder_has_a_link_of_their_own(
    db: Database, renderer: Renderer, kind: ResponderKind
) -> None:
    mail = sent(db, renderer, message(kind, "email"))
    [token] = re.findall(ADDRESS, mail.text)
    link = LINKS.read(token, datetime.now(UTC))
    assert link == ToAct("dana", "zendesk-4711", 1)
    assert mail.html is not None
    assert re.findall(rf'<a href="{ADDRESS}"', mail.html) == [token]
    assert token not in (mail.subject or "")


def test_an_sms_has_no_room_for_a_link(db: Database, tmp_path: Path) -> None:
    (tmp_path / "own" / "de").mkdir(parents=True)
    (tmp_path / "own" / "de" / "step.sms.j2").write_text("{{ 'a link' if link else 'no link' }}, {{ id }}")
    assert sent(db, Renderer(TEMPLATES, tmp_path / "own"), message("step", "sms")).text.startswith("no link")


def test_a_customers_news_has_no_link_to_act(db: Database, renderer: Renderer) -> None:
    news = sent(db, renderer, message("customer_update", "email", None, text="We found it."))
    assert "/r/" not in news.text + (news.html or "")
