"""Claim, send, mark: nothing goes out twice by our doing, and nothing for a case that has moved on."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from domain.errors import NotFound
from domain.identity import reference_of
from domain.receipts import Receipt
from domain.state import TimelineEntry
from records.database import Database
from records.escalations import Escalations
from records.outbound import Already, Claim, Granted, Outbound, Refused
from records.stored import POSSIBLE_DUPLICATE, Doubts, MessageStatus, StoredMessage
from records.transitions import Transitions
from tests.records.conftest import Open
from tests.records.samples import NOW, at, document, message, transition

KEY = message().key


@pytest.fixture
def outbound(database: Database) -> Outbound:
    Transitions(database).record(transition(1, messages=(message(),)), NOW)
    return Outbound(database)


def claim(outbound: Outbound, key: str = KEY) -> Claim:
    return outbound.claim(key, "+4930123456", None, "Please acknowledge", at(1))


def stored(outbound: Outbound, key: str = KEY) -> StoredMessage:
    return outbound.load(key).record


def test_a_claim_writes_down_what_goes_out(outbound: Outbound) -> None:
    assert claim(outbound) == Granted(attempt=1, previous="queued")
    record = stored(outbound)
    assert (record.status, record.attempts, record.to, record.text) == (
        "sending",
        1,
        "+4930123456",
        "Please acknowledge",
    )
    assert record.claimed_at == at(1)


def test_loading_gives_the_message_and_its_case(outbound: Outbound) -> None:
    loaded = outbound.load(KEY)
    assert loaded.message == message()
    assert loaded.document == document()
    assert (loaded.record.status, loaded.record.to) == ("queued", None)


def test_eight_threads_on_two_pools_get_one_first_attempt(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    Transitions(databases[0]).record(transition(1, messages=(message(),)), NOW)
    start = Barrier(8)

    def race(number: int) -> Claim:
        start.wait()
        return claim(Outbound(databases[number % 2]))

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(race, range(8)))
    attempts = [granted.attempt for granted in claims if isinstance(granted, Granted)]
    assert sorted(attempts) == list(range(1, 9)), "each attempt has its own number, so only one is the first"
    assert [granted.previous for granted in claims if isinstance(granted, Granted)].count("queued") == 1


@pytest.mark.parametrize("before", ["sending", "unknown"])
def test_a_claim_whose_answer_was_lost_is_granted_again_and_says_so(outbound: Outbound, before: MessageStatus) -> None:
    claim(outbound)
    if before != "sending":
        assert outbound.mark(KEY, before, at(2))
    assert claim(outbound) == Granted(attempt=2, previous=before)


def test_a_provider_that_said_later_leaves_no_doubt(outbound: Outbound) -> None:
    claim(outbound)
    assert outbound.mark(KEY, "queued", at(2), code="429", reason="slow down")
    assert claim(outbound) == Granted(attempt=2, previous="queued")


@pytest.mark.parametrize("final", ["sent", "delivered", "failed", "skipped"])
def test_what_has_ended_is_not_claimed_again(outbound: Outbound, final: MessageStatus) -> None:
    claim(outbound)
    outbound.mark(KEY, final, at(2), provider_id="SM1", reason="so it was")
    assert claim(outbound) == Already(final, "so it was", "SM1")
    assert stored(outbound).attempts == 1


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"entry": 2}, "overtaken"),
        ({"status": "acknowledged"}, "overtaken"),
        ({"status": "cancelled"}, "case cancelled"),
        ({"status": "closed"}, "case closed"),
    ],
)
def test_a_case_that_moved_on_refuses_the_claim(database: Database, outbound: Outbound, case: Any, reason: str) -> None:
    Escalations(database).save_document(document(version=2, **case), 2, NOW)
    assert claim(outbound) == Refused(reason)
    assert (stored(outbound).status, stored(outbound).reason, stored(outbound).attempts) == ("skipped", reason, 0)
    assert claim(outbound) == Already("skipped", reason, None)


def test_what_may_have_gone_out_is_not_called_skipped(database: Database, outbound: Outbound) -> None:
    claim(outbound)  # and then nobody heard of it again
    Escalations(database).save_document(document(version=2, status="cancelled"), 2, NOW)
    assert claim(outbound) == Already("unknown", "case cancelled", None)
    assert stored(outbound).status == "unknown"
    assert "may have gone out" in (stored(outbound).reason or "")


def test_the_closed_notice_still_goes_out(database: Database) -> None:
    notice = message("customer/email", kind="customer_closed", person=None)
    Transitions(database).record(transition(1, status="closed", messages=(notice,)), NOW)
    assert isinstance(claim(Outbound(database), notice.key), Granted)


def test_a_receipt_makes_sent_delivered(outbound: Outbound) -> None:
    claim(outbound)
    assert outbound.mark(KEY, "sent", at(2), provider_id="SM1")
    assert outbound.mark(KEY, "delivered", at(3))
    record = stored(outbound)
    assert (record.status, record.provider_id, record.sent_at, record.delivered_at) == (
        "delivered",
        "SM1",
        at(2),
        at(3),
    )
    for named in (Receipt(None, "SM1", "delivered"), Receipt(reference_of(KEY), None, "delivered")):
        assert outbound.spoken_of(named) == [(record, message())]
    assert outbound.spoken_of(Receipt("another", "SM2", "delivered")) == []


def test_a_receipt_that_overtakes_the_answer_is_kept(outbound: Outbound) -> None:
    claim(outbound)
    assert outbound.mark(KEY, "delivered", at(2))
    assert not outbound.mark(KEY, "sent", at(3), provider_id="SM1")
    record = stored(outbound)
    assert (record.status, record.provider_id, record.sent_at, record.delivered_at) == (
        "delivered",
        "SM1",
        at(3),
        at(2),
    )


@pytest.mark.parametrize("final", ["delivered", "failed", "skipped"])
@pytest.mark.parametrize("later", ["queued", "sending", "unknown", "sent", "delivered", "failed", "skipped"])
def test_a_final_status_never_changes_but_for_a_mail_that_bounces_after_its_delivery(
    outbound: Outbound, final: MessageStatus, later: MessageStatus
) -> None:
    claim(outbound)
    outbound.mark(KEY, final, at(2), reason="first")
    bounces_after_all = (final, later) == ("delivered", "failed")
    assert outbound.mark(KEY, later, at(3), reason="second") == bounces_after_all
    expected = (later, "second") if bounces_after_all else (final, "first")
    assert (stored(outbound).status, stored(outbound).reason) == expected


def test_the_remark_of_a_second_try_is_kept_when_the_first_comes_back_late(outbound: Outbound) -> None:
    claim(outbound)
    claim(outbound)
    assert outbound.mark(KEY, "sent", at(2), provider_id="M1")  # the first one's worker had only been paused
    assert not outbound.mark(KEY, "sent", at(3), provider_id="M2", code="possible_duplicate", reason="twice")
    record = stored(outbound)
    assert (record.status, record.code, record.reason) == ("sent", "possible_duplicate", "twice")
    assert (record.provider_id, record.sent_at) == ("M1", at(2))


def test_what_the_provider_said_is_kept_when_the_case_moves_on(database: Database, outbound: Outbound) -> None:
    claim(outbound)
    outbound.mark(KEY, "queued", at(2), code="429", reason="429: slow down")
    Escalations(database).save_document(document(version=2, entry=2), 2, NOW)
    assert claim(outbound) == Refused("overtaken")
    assert (stored(outbound).reason, stored(outbound).code) == ("429: slow down; then overtaken", None)


def gives_up(database: Database) -> None:
    """The case writes down that the message has failed: nobody will try it again."""
    data = {"key": KEY, "code": "gave_up", "reason": "nobody took it"}
    entry = TimelineEntry(seq=9, at=at(9), kind="delivery_failed", actor="tierline", text="failed", data=data)
    Transitions(database).record(transition(2, timeline=(entry,)), at(9))


def test_a_message_no_sender_ever_took_has_failed_when_its_case_gives_up(
    database: Database, outbound: Outbound
) -> None:
    gives_up(database)
    record = stored(outbound)
    assert (record.status, record.code, record.reason) == ("failed", "gave_up", "nobody took it")
    assert claim(outbound) == Already("failed", "nobody took it", None)


def test_the_providers_words_outlive_the_end_of_the_patience(database: Database, outbound: Outbound) -> None:
    claim(outbound)
    outbound.mark(KEY, "queued", at(2), code="429", reason="429: slow down")
    gives_up(database)
    assert (stored(outbound).status, stored(outbound).code, stored(outbound).reason) == (
        "failed",
        "429",
        "429: slow down",
    )


def test_a_send_cut_off_in_the_middle_is_unknown_when_its_case_gives_up(database: Database, outbound: Outbound) -> None:
    claim(outbound)
    gives_up(database)
    assert (stored(outbound).status, stored(outbound).code) == ("unknown", "gave_up")
    assert outbound.mark(KEY, "sent", at(10), provider_id="SM1"), "a sender that was only slow may still know better"


@pytest.mark.parametrize("end", ["sent", "failed", "skipped"])
def test_what_a_sender_marked_stays_when_its_case_gives_up(
    database: Database, outbound: Outbound, end: MessageStatus
) -> None:
    claim(outbound)
    outbound.mark(KEY, end, at(2), code="401", reason="The key was revoked.")
    gives_up(database)
    assert (stored(outbound).status, stored(outbound).code, stored(outbound).reason) == (
        end,
        "401",
        "The key was revoked.",
    )


def test_sent_does_not_fall_back_to_unknown(outbound: Outbound) -> None:
    claim(outbound)
    outbound.mark(KEY, "sent", at(2))
    assert not outbound.mark(KEY, "unknown", at(3))
    assert outbound.mark(KEY, "failed", at(4), code="30003", reason="unreachable handset")
    assert (stored(outbound).status, stored(outbound).code) == ("failed", "30003")


def test_an_unknown_key(outbound: Outbound) -> None:
    for ask in (claim, stored):
        with pytest.raises(NotFound) as missing:
            ask(outbound, "nothing")
        assert missing.value.code == "message_not_found"
    with pytest.raises(NotFound):
        outbound.mark("nothing", "sent", NOW)


def test_the_outbox_shows_the_latest_first(database: Database, outbound: Outbound) -> None:
    later = message("eve/sms")
    Transitions(database).record(transition(2, messages=(later,)), at(5))
    claim(outbound)
    escalations = Escalations(database)
    assert [item.key for item in escalations.all_messages()] == [later.key, KEY]
    assert [item.key for item in escalations.all_messages("sending")] == [KEY]
    assert [item.key for item in escalations.all_messages(limit=1)] == [later.key]


def test_what_is_in_doubt_is_counted_and_found_by_its_code(database: Database, outbound: Outbound) -> None:
    others = [message(f"eve/{number}") for number in range(3)]
    Transitions(database).record(transition(2, messages=tuple(others)), at(5))
    ends: list[tuple[str, MessageStatus, str | None]] = [
        (KEY, "sent", POSSIBLE_DUPLICATE),
        (others[0].key, "unknown", POSSIBLE_DUPLICATE),
        (others[1].key, "unknown", "answer_lost"),
        (others[2].key, "failed", "401"),
    ]
    for key, status, code in ends:
        claim(outbound, key)
        outbound.mark(key, status, at(6), code=code)
    escalations = Escalations(database)
    twice = {item.key for item in escalations.all_messages(code=POSSIBLE_DUPLICATE)}
    assert twice == {KEY, others[0].key}
    assert [item.key for item in escalations.all_messages("unknown", code=POSSIBLE_DUPLICATE)] == [others[0].key]
    assert escalations.in_doubt(NOW) == Doubts(possible_duplicates=2, unknown=2)
    assert escalations.in_doubt(at(1)) == Doubts(possible_duplicates=1, unknown=2)
