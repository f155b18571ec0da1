"""Answers to e-mails: each goes out once, a machine can tell that a machine wrote it, and no failure keeps on for ever."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.answering import Answering
from activities.providers.port import AnswerLost, Channel, Envelope, Outcome, Refused, RetryLater, Sent
from records.answers import Answers, MailAnswer
from records.bad_addresses import BadAddress, BadAddresses
from records.database import Database

ID, TO = "3f2a/7b1c", "dana@example.com"
ANSWER = MailAnswer(TO, "Re: Please acknowledge", "You own 7K2 now.\n", "1@mail.example")


@dataclass
class Postbox:
    """A provider that answers as a test wants, and counts what it was given."""

    answers: Callable[[], Outcome]
    given: list[Envelope] = field(default_factory=list)
    name: str = "postbox"
    channel: Channel = "email"

    def send(self, envelope: Envelope) -> Outcome:
        self.given.append(envelope)
        return self.answers()


def later() -> Outcome:
    raise RetryLater("429", "too many requests", timedelta(seconds=40))


@pytest.fixture
def answers(db: Database) -> Answers:
    kept = Answers(db)
    assert kept.keep(ID, ANSWER, datetime.now(UTC))
    return kept


def tried(db: Database, postbox: Postbox, id: str = ID) -> str:
    return ActivityEnvironment().run(Answering(db, {"email": postbox}).send_answer, id)


def test_an_answer_goes_back_with_headers_that_end_a_loop(db: Database, answers: Answers) -> None:
    postbox = Postbox(lambda: Sent("m1"))
    assert tried(db, postbox) == "sent"
    [sent] = postbox.given
    assert (sent.to, sent.subject, sent.text, sent.html) == (TO, ANSWER.subject, ANSWER.text, None)
    assert sent.headers == {
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "In-Reply-To": "<1@mail.example>",
        "References": "<1@mail.example>",
    }
    assert (answers.find(ID).status, answers.find(ID).provider_id) == ("sent", "m1")


def test_run_again_it_sends_nothing_more(db: Database, answers: Answers) -> None:
    postbox = Postbox(lambda: Sent("m1"))
    assert [tried(db, postbox), tried(db, postbox)] == ["sent", "sent"]
    assert len(postbox.given) == 1


def test_the_first_answer_under_an_id_stays(answers: Answers) -> None:
    assert not answers.keep(ID, MailAnswer(TO, "Re: x", "Another.\n", None), datetime.now(UTC))
    assert answers.find(ID) == ANSWER


def test_what_is_refused_has_ended(db: Database, answers: Answers) -> None:
    assert tried(db, Postbox(lambda: Refused("400", "no"))) == "failed"
    assert answers.find(ID).reason == "400: no"


def test_what_is_to_be_tried_later_is_tried_when_the_provider_says(db: Database, answers: Answers) -> None:
    for _ in range(5):
        with pytest.raises(ApplicationError) as caught:
            tried(db, Postbox(later))
        assert (caught.value.type, caught.value.next_retry_delay) == ("429", timedelta(seconds=40))
        assert not caught.value.non_retryable
    assert tried(db, Postbox(lambda: Sent("m1"))) == "sent"


def test_after_lost_answers_it_is_sent_three_times_at_most(db: Database, answers: Answers) -> None:
    postbox = Postbox(lambda: AnswerLost("TimeoutError"))
    for _ in range(3):
        with pytest.raises(ApplicationError, match="answer_lost"):
            tried(db, postbox)
    assert tried(db, postbox) == "unknown"
    assert len(postbox.given) == 3


def test_a_worker_killed_in_the_middle_counts_as_a_lost_answer(db: Database, answers: Answers) -> None:
    for _ in range(3):
        answers.claim(ID)
    assert tried(db, Postbox(lambda: Sent("m1"))) == "unknown"


def test_a_dead_address_gets_no_answer(db: Database, answers: Answers) -> None:
    dead = BadAddress("email", TO, "no_such_address", "sendgrid.bounce", "550", datetime.now(UTC))
    BadAddresses(db).remember(dead)
    postbox = Postbox(lambda: Sent("m1"))
    assert (tried(db, postbox), postbox.given) == ("failed", [])


def test_an_answer_nobody_has_kept_is_final(db: Database) -> None:
    with pytest.raises(ApplicationError) as caught:
        tried(db, Postbox(lambda: Sent("m1")), "none")
    assert (caught.value.type, caught.value.non_retryable) == ("answer_not_found", True)


def test_answers_are_counted_by_whom_they_go_to_and_since_when(answers: Answers) -> None:
    now = datetime.now(UTC)
    answers.keep("3f2a/other", ANSWER, now - timedelta(hours=2))
    answers.keep("3f2b/7b1c", ANSWER, now)
    assert answers.since("3f2a/", now - timedelta(hours=1)) == 1
    assert answers.since("3_2a/", now - timedelta(hours=1)) == 0
