"""The send activity where nobody knows how a try ended: looked up where one can, tried again, counted, never forgotten."""

import time
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.providers.port import AnswerLost, Refused, RetryLater, Sent
from activities.sending import (
    FIRST_PAUSE_IN_DOUBT,
    LATER_PAUSE_IN_DOUBT,
    LONGEST_HISTORY,
    MOST_TRIES_IN_DOUBT,
    history,
)
from records.database import Database
from records.outbound import Outbound
from records.stored import POSSIBLE_DUPLICATE
from tests.activities.cases import NOW, stored
from tests.activities.posts import LONG, MAIL, SMS, Dripping, DrippingPigeons, Pigeons, Post, fate, tries


def test_a_lost_answer_is_tried_again_ever_later_and_then_stays_unknown(db: Database, send: Any) -> None:
    stored(db, MAIL)
    post = Post("email", *[AnswerLost("connection reset")] * MOST_TRIES_IN_DOUBT)
    failures = tries(send, post, MAIL, MOST_TRIES_IN_DOUBT - 1)
    assert [(one.type, one.non_retryable) for one in failures] == [("answer_lost", False)] * len(failures)
    pauses = [one.next_retry_delay for one in failures]
    assert pauses == [FIRST_PAUSE_IN_DOUBT, LATER_PAUSE_IN_DOUBT]
    assert fate(db, MAIL.key).status == "unknown"
    result = send(post, MAIL)
    words = "the answer was lost (connection reset)"
    assert (result.status, result.code, result.reason) == ("unknown", POSSIBLE_DUPLICATE, words)
    assert len(post.sent) == MOST_TRIES_IN_DOUBT


def test_a_first_lost_answer_is_worth_another_try_however_often_the_provider_said_later(
    db: Database, send: Any
) -> None:
    stored(db, MAIL)
    slow, lost = RetryLater("429", "slow down"), AnswerLost("connection reset")
    post = Post("email", *[slow] * MOST_TRIES_IN_DOUBT, lost, Sent("M9"))
    tries(send, post, MAIL, MOST_TRIES_IN_DOUBT + 1)
    assert send(post, MAIL).status == "sent"
    told = "429: slow down; then the answer was lost (connection reset); then sent again: it may have arrived twice"
    assert (fate(db, MAIL.key).code, fate(db, MAIL.key).reason) == (POSSIBLE_DUPLICATE, told)


def test_where_one_can_look_a_lost_answer_is_tried_until_the_patience_ends(db: Database, send: Any) -> None:
    """A look-up before each try makes no duplicate, so nothing speaks for giving up early."""
    stored(db, SMS)
    post = Pigeons("sms", *[AnswerLost("timed out")] * 6)
    tries(send, post, SMS, 5)
    result = send(post, SMS, timedelta(minutes=1))
    assert (result.status, result.code) == ("unknown", "answer_lost")


def test_a_message_whose_answer_was_lost_is_not_lost_itself(db: Database, send: Any) -> None:
    """The second try sends it and says that it may have arrived twice."""
    stored(db, MAIL)
    post = Post("email", AnswerLost("connection reset"), Sent("M2"))
    tries(send, post, MAIL, 1)
    result = send(post, MAIL)
    assert (result.status, result.code) == ("sent", POSSIBLE_DUPLICATE)


@pytest.mark.parametrize("between", [RetryLater("429", "slow down"), RetryLater("unreachable", "refused")])
def test_the_doubt_of_a_lost_answer_outlives_a_later_known_failure(
    db: Database, send: Any, between: RetryLater
) -> None:
    stored(db, MAIL)
    post = Post("email", AnswerLost("connection reset"), between, Sent("M3"))
    tries(send, post, MAIL, 2)
    assert fate(db, MAIL.key).status == "unknown"
    assert (send(post, MAIL).code, fate(db, MAIL.key).code) == (POSSIBLE_DUPLICATE, POSSIBLE_DUPLICATE)


def test_where_one_can_look_the_doubt_asks_again_before_each_try(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Pigeons("sms", AnswerLost("timed out"), RetryLater("20429", "slow down"))
    tries(send, post, SMS, 2)
    post.there = Sent("SM9")  # it was in their queue all the time
    result = send(post, SMS)
    assert (result.status, result.code, len(post.sent)) == ("sent", None, 2)
    assert (fate(db).provider_id, fate(db).code) == ("SM9", None)
    assert (fate(db).reason or "").endswith("20429: slow down; then found at the provider, not sent again")


def test_a_refusal_after_a_lost_answer_says_that_it_may_be_out_all_the_same(db: Database, send: Any) -> None:
    stored(db, MAIL)
    post = Post("email", AnswerLost("connection reset"), Refused("401", "The key was revoked."))
    tries(send, post, MAIL, 1)
    result = send(post, MAIL)
    assert (result.status, result.code) == ("failed", "401"), "one try may be out: that is no duplicate"
    assert "lost (connection reset); then 401: The key was revoked.; an earlier try may have" in (result.reason or "")


def test_two_tries_that_may_be_out_are_counted_even_when_the_third_is_refused(db: Database, send: Any) -> None:
    stored(db, MAIL)
    lost = AnswerLost("connection reset")
    post = Post("email", lost, lost, Refused("401", "The key was revoked."))
    tries(send, post, MAIL, 2)
    assert send(post, MAIL).status == "failed"
    assert fate(db, MAIL.key).code == POSSIBLE_DUPLICATE


def test_errors_until_the_patience_ends_are_told_in_the_providers_words_and_counted(db: Database, send: Any) -> None:
    """A 5xx promises nothing: the provider may have taken each of them."""
    stored(db, MAIL)
    post = Post("email", *[RetryLater("502", "Bad Gateway", may_have_sent=True)] * 3)
    tries(send, post, MAIL, 2)
    result = send(post, MAIL, timedelta(seconds=30))
    assert (result.status, fate(db, MAIL.key).status, fate(db, MAIL.key).code) == (
        "failed",
        "failed",
        POSSIBLE_DUPLICATE,
    )
    assert result.reason == "502: Bad Gateway; an earlier try may have gone out"


def test_a_try_whose_worker_was_killed_is_part_of_the_history(db: Database, send: Any) -> None:
    stored(db, MAIL)
    Outbound(db).claim(MAIL.key, "dana@example.com", None, "text", NOW)
    result = send(Post("email", Sent("M2")), MAIL)
    assert (result.status, result.code) == ("sent", POSSIBLE_DUPLICATE)
    assert (fate(db, MAIL.key).reason or "").startswith(
        "a try ended without a word (its worker was stopped or killed);"
    )


def test_a_history_is_short_enough_to_read_and_ends_with_the_newest() -> None:
    told: str | None = None
    for number in range(200):
        told = history(told, f"50{number % 5}: something broke")
    assert told is not None
    assert len(told) == LONGEST_HISTORY
    assert told.startswith("…")
    assert told.endswith("then 504: something broke")
    assert history(told, "504: something broke") == told


def test_where_nobody_can_look_a_second_try_counts_as_a_possible_duplicate(db: Database, send: Any) -> None:
    stored(db, MAIL)
    post = Post("email", RetryLater("503", "oops", may_have_sent=True), Sent("1"))
    with pytest.raises(ApplicationError):
        send(post, MAIL)
    assert fate(db, MAIL.key).status == "unknown"
    result = send(post, MAIL)
    assert (result.status, result.code, fate(db, MAIL.key).code) == ("sent", POSSIBLE_DUPLICATE, POSSIBLE_DUPLICATE)


def test_what_the_provider_has_is_not_sent_again(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Pigeons("sms", RetryLater("500", "oops", may_have_sent=True))
    with pytest.raises(ApplicationError):
        send(post, SMS)
    post.there = Sent("SM9")
    assert (send(post, SMS).status, len(post.sent)) == ("sent", 1)
    assert (fate(db).provider_id, post.asked_since) == ("SM9", NOW)


def test_what_the_provider_does_not_have_is_sent_again(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Pigeons("sms", RetryLater("500", "oops", may_have_sent=True), Sent("SM2"))
    with pytest.raises(ApplicationError):
        send(post, SMS)
    result = send(post, SMS)
    assert (result.status, result.code, len(post.sent)) == ("sent", None, 2)


def test_after_a_crash_between_claim_and_mark_the_provider_is_asked_first(db: Database, send: Any) -> None:
    stored(db, SMS)
    Outbound(db).claim(SMS.key, "+493023125001", None, "text", NOW)
    post = Pigeons("sms")
    post.there = Sent("SM9")
    assert (send(post, SMS).status, post.sent) == ("sent", [])


@pytest.mark.parametrize("kind", [Dripping, DrippingPigeons])
def test_a_vendor_that_never_ends_its_answer_holds_no_sender(
    db: Database, send: Any, monkeypatch: pytest.MonkeyPatch, kind: type[Dripping]
) -> None:
    """Its client's own time-out counts from byte to byte."""
    monkeypatch.setattr("activities.sending.SEND_TIMEOUT", timedelta(seconds=0.2))
    stored(db, SMS)
    post = kind("sms")
    begun = time.monotonic()
    failures = tries(send, post, SMS, 2)
    assert time.monotonic() - begun < LONG / 2
    post.enough.set()
    looked = kind is DrippingPigeons
    assert [one.type for one in failures] == ["answer_lost", "lookup_failed" if looked else "answer_lost"]
    assert (fate(db).status, len(post.sent)) == ("unknown", 1 if looked else 2)


def test_a_first_try_asks_nobody(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Pigeons("sms", Sent("SM1"))
    send(post, SMS)
    assert post.asked_since is None


def test_while_the_provider_cannot_tell_nothing_is_sent(db: Database, send: Any) -> None:
    stored(db, SMS)
    Outbound(db).claim(SMS.key, "+493023125001", None, "text", NOW)
    post = Pigeons("sms")
    post.there = RetryLater("lookup_failed", "Timeout")
    with pytest.raises(ApplicationError, match="lookup_failed"):
        send(post, SMS)
    assert (post.sent, fate(db).status) == ([], "unknown")
