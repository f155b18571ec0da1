"""The messages of a contact test as they leave: each on its channel, marked as a machine's; a dead address is remembered."""

from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from activities.answering import Answering
from activities.providers.port import Refused, Sent
from domain.receipts import Receipt
from domain.tickets import PersonalChannel
from records.answers import MailAnswer
from records.bad_addresses import BadAddress, BadAddresses
from records.contact_tests import ContactTests
from records.database import Database
from tests.activities.test_answering import Postbox

MAIL, PHONE = "dana@example.com", "+493023125101"
NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)


@pytest.fixture
def tests(db: Database) -> ContactTests:
    kept = ContactTests(db)
    mail = MailAnswer(MAIL, "Did it reach you?", "Say so.\n", None, person="dana", asked_by="lee")
    sms = MailAnswer(PHONE, "", "Reply TEST.", None, channel="sms", person="dana", asked_by="lee")
    kept.begin("a1", "dana", [mail, sms], NOW)
    return kept


def tried(db: Database, channel: PersonalChannel, **postboxes: Postbox) -> str:
    providers = {"email": Postbox(lambda: Sent("m1")), "sms": Postbox(lambda: Sent("SM1"), channel="sms"), **postboxes}
    answering = Answering(db, providers)  # type: ignore[arg-type]
    return ActivityEnvironment().run(answering.send_answer, f"contact-test/dana/a1/{channel}")


def message(tests: ContactTests, channel: str) -> MailAnswer:
    test = tests.latest("dana")
    assert test is not None
    return next(one for one in test.messages if one.channel == channel)


def test_each_goes_out_on_its_own_channel_and_once(db: Database, tests: ContactTests) -> None:
    email, sms = Postbox(lambda: Sent("m1")), Postbox(lambda: Sent("SM1"), channel="sms")
    for _ in range(2):
        assert [tried(db, one, email=email, sms=sms) for one in ("email", "sms")] == ["sent", "sent"]
    assert [(one.to, one.subject, one.headers, one.reference) for one in (*email.given, *sms.given)] == [
        (MAIL, "Did it reach you?", {"Auto-Submitted": "auto-generated"}, "test-a1-email"),
        (PHONE, None, {}, "test-a1-sms"),
    ]
    assert (message(tests, "sms").provider_id, message(tests, "sms").sent_at is None) == ("SM1", False)


def test_an_address_that_the_provider_calls_dead_is_remembered_and_not_written_to_again(
    db: Database, tests: ContactTests
) -> None:
    landline = Postbox(lambda: Refused("21614", "not a mobile number"), channel="sms")
    assert tried(db, "sms", sms=landline) == "failed"
    assert message(tests, "sms").reason == "21614: not a mobile number"
    bad = BadAddresses(db).find("sms", PHONE)
    assert bad is not None
    assert bad.fault == "takes_no_sms"


def test_an_address_known_to_be_dead_is_not_written_to_and_the_reason_says_why(
    db: Database, tests: ContactTests
) -> None:
    BadAddresses(db).remember(BadAddress("sms", PHONE, "opted_out", "21610", "STOP", NOW))
    sms = Postbox(lambda: Sent("SM1"), channel="sms")
    assert (tried(db, "sms", sms=sms), sms.given) == ("failed", [])
    assert "its owner has opted out of our messages" in (message(tests, "sms").reason or "")


def test_receipts_in_any_order_leave_what_failed_failed_and_what_arrived_arrived(
    db: Database, tests: ContactTests
) -> None:
    for channel, fates in (("sms", ("failed", "delivered")), ("email", ("delivered", "read", "address_fault"))):
        for fate in fates:
            tests.heard(Receipt(f"test-a1-{channel}", None, fate, "30003", "unreachable"), NOW)  # type: ignore[arg-type]
    assert (message(tests, "sms").status, message(tests, "sms").reason) == ("failed", "30003: unreachable")
    assert (message(tests, "email").status, message(tests, "email").delivered_at) == (
        "delivered",
        "2026-11-24T16:00:00Z",
    )


@pytest.mark.parametrize("reference", [None, "k7f2m9qd3xw4", "test-a2-sms", "test-a1-fax", "test-%-sms", "test-a1"])
def test_a_receipt_of_anything_else_changes_no_test(db: Database, tests: ContactTests, reference: str | None) -> None:
    before = tests.latest("dana")
    assert tests.heard(Receipt(reference, "SM1", "failed"), NOW) is None
    assert tests.latest("dana") == before
