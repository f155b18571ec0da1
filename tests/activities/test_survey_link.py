"""The link in the survey: the customer's own, for its case, in both channels; nobody else gets one."""

import re
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from activities.providers.port import Sent
from activities.rendering import Renderer
from activities.sending import Sending
from domain.tickets import Channel
from records.database import Database
from signed_links import SignedLinks, ToRate
from tests.activities.cases import message, stored
from tests.activities.posts import Post

LINKS = SignedLinks("a secret of ours", "https://tierline.example")


@pytest.mark.parametrize(("channel", "links"), [("email", 5), ("sms", 1)])
def test_the_survey_that_leaves_has_the_links_of_its_case(
    db: Database, renderer: Renderer, channel: Channel, links: int
) -> None:
    asks = message("customer_survey", channel, None)
    stored(db, asks, changes={"status": "closed"}, phone="+493012345678")
    post = Post(channel, Sent("1"))
    sending = Sending(db, {channel: post}, renderer, "https://tierline.example", links=LINKS)
    ActivityEnvironment().run(sending.send, asks)
    found = re.findall(r"https://tierline\.example/r/([\w.-]+)(?:\?score=(\d))?", post.sent[0].text)
    assert [score for _, score in found] == (["5", "4", "3", "2", "1"] if links == 5 else [""])
    assert {LINKS.read(token, datetime.now(UTC)) for token, _ in found} == {ToRate("zendesk-4711", 1)}
