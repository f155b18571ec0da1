"""A message to a team's system, through the send activity: what it says, where it goes, and that a try again does no harm."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.providers.port import AnswerLost, RetryLater, Sent
from activities.rendering import Renderer
from activities.sending import Sending
from domain.roster import Roster
from records.database import Database
from records.outbound import Outbound
from records.roster import RosterStore
from tests.activities.cases import DUE, NOW, ROSTER, message, stored
from tests.activities.posts import Post, fate

URL = "https://hooks.example/tierline"
HOOK = message(channel="webhook", due_at=DUE)


@pytest.fixture(autouse=True)
def address(db: Database) -> None:
    """The team has an address, whose query is a key."""
    [team] = ROSTER.teams
    teams = (team.model_copy(update={"webhook": f"{URL}?key=abc"}),)
    RosterStore(db).save(ROSTER.model_copy(update={"teams": teams}), None, NOW)


def test_the_body_is_json_of_plain_facts(db: Database, send: Any) -> None:
    stored(db, HOOK)
    post = Post("webhook", Sent(None))
    assert send(post, HOOK).status == "sent"
    [envelope] = post.sent
    assert (envelope.to, envelope.team, envelope.html) == (f"{URL}?key=abc", "support", None)
    assert json.loads(envelope.text) == {
        "type": "escalation.told",
        "timestamp": "2026-11-24T16:00:00Z",
        "data": {
            "id": "zendesk-4711",
            "episode": 1,
            "entry": 1,
            "kind": "step",
            "purpose": "acknowledge",
            "person": "dana",
            "priority": "high",
            "status": "open",
            "tier": "L1",
            "team": "support",
            "ticket": {"system": "zendesk", "id": "4711", "subject": "Checkout is down"},
            "customer": "Ada King",
            "due_at": DUE,
            "page": "https://tierline.example/escalations/zendesk-4711",
        },
    }


def test_nobodys_address_and_no_internal_word_is_in_it(db: Database, send: Any) -> None:
    stored(db, HOOK)
    post = Post("webhook", Sent(None))
    send(post, HOOK)
    for private in ("@", "+49", "blame Bob", "asleep", "/r/"):
        assert private not in post.sent[0].text


def test_the_outbox_shows_the_address_without_its_query(db: Database, send: Any) -> None:
    stored(db, HOOK)
    send(Post("webhook", Sent(None)), HOOK)
    kept = fate(db, HOOK.key)
    assert (kept.to, kept.subject, kept.status) == (URL, "Checkout is down", "sent")


def test_a_team_without_an_address_is_a_failed_channel(db: Database, send: Any) -> None:
    RosterStore(db).save(ROSTER, None, NOW)
    stored(db, HOOK)
    result = send(Post("webhook"), HOOK)
    assert (result.status, result.code, result.reason) == ("failed", "no_address", "the team support has no webhook")


def test_it_goes_to_the_team_that_has_the_case_now(db: Database, send: Any) -> None:
    other = {"id": "network", "webhook": "https://network.example/in"}
    RosterStore(db).save(
        Roster.model_validate({**ROSTER.model_dump(mode="json"), "teams": [{"id": "support"}, other]}), None, NOW
    )
    stored(db, HOOK, changes={"team": "network"})
    post = Post("webhook", Sent(None))
    send(post, HOOK)
    assert (post.sent[0].to, post.sent[0].team) == ("https://network.example/in", "network")


@pytest.mark.parametrize("end", [RetryLater("no_answer", "ReadTimeout: timed out"), AnswerLost("reset")])
def test_however_often_a_try_ends_in_the_dark_it_is_never_called_a_duplicate(
    db: Database, send: Any, end: RetryLater | AnswerLost
) -> None:
    stored(db, HOOK)
    post = Post("webhook", *[end] * 4, Sent(None))
    for _ in range(4):
        with pytest.raises(ApplicationError):
            send(post, HOOK)
    result = send(post, HOOK)
    assert (result.status, result.code) == ("sent", None)
    assert len({envelope.reference for envelope in post.sent}) == 1
    assert fate(db, HOOK.key).attempts == 5


def test_a_worker_killed_in_the_middle_leaves_no_doubt_either(db: Database, send: Any) -> None:
    stored(db, HOOK)
    for _ in range(3):
        Outbound(db).claim(HOOK.key, URL, None, "{}", datetime.now(UTC))  # and there it was killed
    result = send(Post("webhook", Sent(None)), HOOK)
    assert (result.status, result.code) == ("sent", None)


def test_one_that_never_answers_has_failed_when_the_patience_ends(db: Database, send: Any) -> None:
    stored(db, HOOK)
    post = Post("webhook", RetryLater("no_answer", "ConnectTimeout: timed out"))
    result = send(post, HOOK, patience=timedelta(seconds=30))
    assert (result.status, result.code) == ("failed", "no_answer")


def test_a_system_gets_every_message_by_itself_however_many_there_are(db: Database, renderer: Renderer) -> None:
    post, many = Post("webhook", *[Sent(None)] * 4), [message(channel="webhook", round_=number) for number in range(4)]
    stored(db, *many)
    sending = Sending(db, {"webhook": post}, renderer, "https://tierline.example", per_minute=1)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, schedule_to_close_timeout=None)
    assert [environment.run(sending.send, one).status for one in many] == ["sent"] * 4
    assert len(post.sent) == 4
