"""The send activity against a real store: every outcome, and never twice what may go out once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.providers.port import (
    MAX_REFERENCE,
    Finder,
    Refused,
    RetryLater,
    Sent,
)
from activities.providers.twilio_sms import TRY_ONCE
from activities.sending import ONCE_MORE, Sending, validity
from domain.identity import reference_of
from domain.messages import Message
from domain.roster import Roster
from records.bad_addresses import BadAddresses
from records.database import Database
from records.roster import RosterStore
from tests.activities.cases import DUE, NOW, ROSTER, message, stored
from tests.activities.posts import MAIL, SMS, Pigeons, Post, fate


def test_the_name_on_the_wire_is_send() -> None:
    assert activity._Definition.must_from_callable(Sending.send).name == "send"


def test_a_message_goes_out_once_and_is_marked(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Post("sms", Sent("SM1"))
    result = send(post, SMS)
    assert (result.key, result.status, result.code) == (SMS.key, "sent", None)
    assert abs(result.at - datetime.now(UTC)) < timedelta(seconds=10)
    kept = fate(db)
    assert (kept.status, kept.provider_id, kept.attempts, kept.to) == ("sent", "SM1", 1, "+493023125001")
    assert kept.text == post.sent[0].text
    assert "zendesk-4711" in post.sent[0].text


def test_the_activity_run_again_after_success_sends_nothing(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Post("sms", Sent("SM1"))
    assert send(post, SMS).status == send(post, SMS).status == "sent"
    assert len(post.sent) == 1


def test_a_failure_told_again_keeps_its_code(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Post("sms", Refused("21610", "opted out"))
    first, again = send(post, SMS), send(post, SMS)
    assert (again.status, again.code, again.reason) == (first.status, first.code, first.reason)
    assert len(post.sent) == 1


def test_a_customers_message_goes_to_the_address_of_the_case(db: Database, send: Any) -> None:
    news = message("customer_update", "email", None, text="We found it.")
    stored(db, news)
    post = Post("email", Sent(None))
    assert send(post, news).status == "sent"
    [envelope] = post.sent
    assert (envelope.to, envelope.subject) == ("ada@example.org", "News: Checkout is down (4711)")
    assert envelope.html is not None


def test_the_reference_is_short_steady_and_ends_an_sms(db: Database, send: Any) -> None:
    stored(db, SMS)
    post = Post("sms", Sent("SM1"))
    send(post, SMS)
    reference = reference_of(SMS.key)
    assert post.sent[0].reference == reference
    assert len(reference) <= MAX_REFERENCE
    assert post.sent[0].text.endswith(f"#{reference}")
    assert reference != reference_of(MAIL.key)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (message(person="eve"), "eve has no phone number"),
        (message(person="zoe", channel="email"), "zoe is not in the roster"),
        (message("customer_opened", "sms", None), "the customer has no phone number"),
    ],
)
def test_without_an_address_the_channel_has_failed(db: Database, send: Any, what: Message, reason: str) -> None:
    stored(db, what)
    result = send(Post(what.channel), what)
    assert (result.status, result.code, result.reason) == ("failed", "no_address", reason)
    assert fate(db, what.key).status == "failed"


def rests(db: Database) -> None:
    """dana takes no SMS at the time the messages are made: it is 16:00 in London."""
    wishes = {"do_not_disturb": "15:00-17:00", "timezone": "Europe/London"}
    people = [{**one.model_dump(), **(wishes if one.id == "dana" else {})} for one in ROSTER.people]
    RosterStore(db).save(Roster.model_validate({**ROSTER.model_dump(), "people": people}), None, NOW)


def test_in_the_hours_of_rest_an_sms_is_skipped_its_case_goes_on_and_an_e_mail_goes_out(
    db: Database, send: Any
) -> None:
    stored(db, SMS, MAIL)
    rests(db)
    post = Post("sms", Sent("SM1"))
    result = send(post, SMS)
    assert (result.status, result.code, post.sent) == ("failed", "not_now", [])
    assert result.reason == "dana takes no SMS from 15:00 to 17:00 (Europe/London) except critical"
    assert (fate(db).status, fate(db).code, fate(db).reason) == ("skipped", "not_now", result.reason)
    again = send(post, SMS)  # its end was lost on the way to the case, which must not take it for needless
    assert (again.status, again.code, post.sent) == ("failed", "not_now", [])
    assert send(Post("email", Sent("1")), MAIL).status == "sent"


@pytest.mark.parametrize(("rules_version", "status"), [(7, "failed"), (6, "sent")])
def test_after_an_outage_the_hours_of_rest_are_those_of_the_time_at_which_a_message_is_made(
    db: Database, send: Any, rules_version: int, status: str
) -> None:
    due_before_the_rest = SMS.model_copy(update={"at": SMS.at - timedelta(minutes=90)})
    stored(db, due_before_the_rest, changes={"rules_version": rules_version})
    rests(db)
    assert send(Post("sms", Sent("SM1")), due_before_the_rest).status == status


@pytest.mark.parametrize("changes", [{"priority": "critical"}, {"rules_version": 3}])
def test_a_critical_case_disturbs_and_one_of_earlier_rules_goes_on_as_before(
    db: Database, send: Any, changes: Any
) -> None:
    stored(db, SMS, changes=changes)
    rests(db)
    assert send(Post("sms", Sent("SM1")), SMS).status == "sent"


def test_it_is_the_time_of_the_message_that_counts_not_that_of_a_later_try(db: Database, send: Any) -> None:
    early = SMS.model_copy(update={"at": NOW - timedelta(hours=2)})
    stored(db, early, at=early.at)
    rests(db)
    assert send(Post("sms", Sent("SM1")), early).status == "sent"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "closed"}, "case closed"),
        ({"status": "cancelled"}, "case cancelled"),
        ({"entry": 2}, "overtaken"),
        ({"status": "acknowledged"}, "overtaken"),
    ],
)
def test_the_claim_refuses_what_the_case_has_left_behind(db: Database, send: Any, changes: Any, reason: str) -> None:
    stored(db, SMS)
    stored(db, version=2, changes=changes)
    post = Post("sms", Sent("SM1"))
    result = send(post, SMS)
    assert (result.status, result.reason) == ("skipped", reason)
    assert (post.sent, fate(db).status) == ([], "skipped")


def test_the_closed_notice_still_goes_out(db: Database, send: Any) -> None:
    goodbye = message("customer_closed", "email", None)
    stored(db, goodbye, changes={"status": "closed"})
    assert send(Post("email", Sent("1")), goodbye).status == "sent"


def test_a_refusal_is_a_result_in_the_providers_words(db: Database, send: Any) -> None:
    stored(db, SMS)
    result = send(Post("sms", Refused("21610", "The person said STOP.")), SMS)
    assert (result.status, result.code, result.reason) == ("failed", "21610", "The person said STOP.")
    assert (fate(db).status, fate(db).code) == ("failed", "21610")


def test_to_a_number_that_refuses_us_for_good_nothing_is_sent_again(db: Database, send: Any) -> None:
    again = message(round_=1)
    stored(db, SMS, again)
    send(Post("sms", Refused("21610", "The person said STOP.")), SMS)
    post = Post("sms", Sent("SM1"))
    result = send(post, again)
    assert (result.status, result.code, post.sent) == ("failed", "opted_out", [])
    assert (result.reason or "").startswith("its owner has opted out of our messages, known since 20")
    [bad] = BadAddresses(db).all()
    assert (bad.channel, bad.address, bad.code, bad.reason) == (
        "sms", "+493023125001", "21610", "The person said STOP."
    )  # fmt: skip
    assert BadAddresses(db).forgive("sms", bad.address)
    stored(db, message(round_=2), version=2)
    assert send(post, message(round_=2)).status == "sent"


def test_a_refusal_that_says_nothing_of_the_address_is_not_held_against_it(db: Database, send: Any) -> None:
    stored(db, SMS)
    send(Post("sms", Refused("30007", "filtered")), SMS)
    assert BadAddresses(db).all() == []


def test_later_raises_for_temporal_with_the_providers_wait(db: Database, send: Any) -> None:
    stored(db, MAIL)
    with pytest.raises(ApplicationError) as caught:
        send(Post("email", RetryLater("429", "slow down", timedelta(seconds=40))), MAIL)
    assert (caught.value.type, caught.value.non_retryable) == ("429", False)
    assert caught.value.next_retry_delay == timedelta(seconds=40)
    assert (fate(db, MAIL.key).status, fate(db, MAIL.key).reason) == ("queued", "429: slow down")


def test_after_later_the_next_try_sends_without_a_remark(db: Database, send: Any) -> None:
    stored(db, MAIL)
    post = Post("email", RetryLater("429", "slow down"), Sent("1"))
    with pytest.raises(ApplicationError):
        send(post, MAIL)
    result = send(post, MAIL)
    assert (result.status, result.code, fate(db, MAIL.key).attempts) == ("sent", None, 2)
    assert fate(db, MAIL.key).reason == "429: slow down; then sent"


def test_when_the_patience_ends_a_known_failure_is_told(db: Database, send: Any) -> None:
    stored(db, MAIL)
    result = send(Post("email", RetryLater("429", "slow down")), MAIL, timedelta(seconds=30))
    assert (result.status, result.code, fate(db, MAIL.key).status) == ("failed", "429", "failed")


def test_an_unknown_failure_inside_twilio_is_tried_once_more_only(db: Database, send: Any) -> None:
    assert ONCE_MORE == TRY_ONCE
    stored(db, SMS)
    post = Post("sms", *(RetryLater("30500", "oops") for _ in range(2)))
    with pytest.raises(ApplicationError):
        send(post, SMS)
    assert (send(post, SMS).status, fate(db).status) == ("failed", "failed")


def test_an_email_that_two_tries_may_have_sent_is_shown_so_though_its_case_moves_on(db: Database, send: Any) -> None:
    """There is no third try to say it: the claim refuses that, and what the second left behind stays."""
    stored(db, MAIL)
    post = Post("email", *(RetryLater("500", "oops", may_have_sent=True) for _ in range(2)))
    for _ in range(2):
        with pytest.raises(ApplicationError):
            send(post, MAIL)
    stored(db, version=2, changes={"status": "closed"})
    assert send(post, MAIL).status == "unknown"
    assert (fate(db, MAIL.key).status, fate(db, MAIL.key).code) == ("unknown", "possible_duplicate")


def test_one_doubtful_try_is_no_duplicate(db: Database, send: Any) -> None:
    stored(db, MAIL)
    with pytest.raises(ApplicationError):
        send(Post("email", RetryLater("500", "oops", may_have_sent=True)), MAIL)
    assert (fate(db, MAIL.key).status, fate(db, MAIL.key).code) == ("unknown", "500")


def test_a_message_nobody_recorded_is_no_reason_to_try_again(send: Any) -> None:
    with pytest.raises(ApplicationError) as caught:
        send(Post("sms"), SMS)
    assert (caught.value.type, caught.value.non_retryable) == ("message_not_found", True)


@pytest.mark.parametrize(
    ("what", "now", "expected"),
    [
        (message(due_at=DUE), datetime(2026, 11, 24, 15, 35, tzinfo=UTC), timedelta(minutes=30)),
        (message(due_at=DUE), datetime(2026, 11, 24, 17, 0, tzinfo=UTC), timedelta(minutes=5)),
        (message(due_at=DUE), datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=10)),
        (message(), NOW, timedelta(hours=1)),
        (message("customer_opened", "sms", None), NOW, timedelta(hours=4)),
    ],
)
def test_an_sms_is_worth_delivering_until_its_due_time(what: Message, now: datetime, expected: timedelta) -> None:
    assert validity(what, now) == expected


def test_the_fakes_are_what_the_port_asks_for() -> None:
    assert isinstance(Pigeons("sms"), Finder)
    assert not isinstance(Post("sms"), Finder)
