"""What callers may repeat: commands, requests under an Idempotency-Key, webhooks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from domain.errors import Invalid
from domain.outcome import Settled
from records.answers import MailAnswer
from records.command_log import CommandLog
from records.contact_tests import ContactTests
from records.database import Database
from records.idempotency import Fresh, Given, Idempotency, Pending, Replay
from records.inbound import Inbound
from records.stored import StoredCommand
from tests.records.conftest import Open
from tests.records.samples import NOW, applied, at, command

CALL = ("key1", "POST", "/v1/escalations", "abc")


@pytest.fixture
def idempotency(database: Database) -> Idempotency:
    return Idempotency(database)


def test_a_command_is_queued_once_and_found(database: Database) -> None:
    log = CommandLog(database)
    assert log.find("c1") is None
    assert log.queue(command(), "zendesk-1", 2)
    assert not log.queue(command(), "zendesk-9")
    body: dict[str, Any] = {"note": "mine"}
    assert log.find("c1") == StoredCommand(
        "c1", "zendesk-1", 2, "acknowledge", "dana", NOW, body, "queued", None, None, None, None
    )


def test_a_command_temporal_had_no_room_for_is_owed_until_it_is_handed_over(database: Database) -> None:
    log = CommandLog(database)
    for number in (2, 1, 3):
        log.queue(command(f"c{number}").model_copy(update={"received_at": at(number)}), "zendesk-1")
    for number in (1, 2):
        log.owe(f"c{number}", at(5))
    assert [one.command_id for one in log.owed(10)] == ["c1", "c2"]
    assert [one.command_id for one in log.owed(1)] == ["c1"]
    log.handed_over("c1")
    assert [one.command_id for one in log.owed(10)] == ["c2"]
    log.handed_over("c2")
    assert not log.owed(10)


def test_a_command_whose_end_may_be_taken_back_is_owed_all_the_same(database: Database) -> None:
    """The store may have its end from a workflow task that died; the workflow applies it once."""
    log = CommandLog(database)
    log.queue(command(), "zendesk-1")
    log.settle(applied(), at(1))
    log.owe("c1", at(2))
    assert [one.command_id for one in log.owed(10)] == ["c1"]


def test_a_command_is_settled_once(database: Database) -> None:
    log = CommandLog(database)
    log.queue(command(), "zendesk-1")
    assert log.settle(applied(), at(1))
    assert not log.settle(Settled(command_id="c1", status="refused", code="not_paused"), at(2))
    assert not log.settle(applied("unknown"), at(2))
    found = log.find("c1")
    assert found is not None
    assert (found.status, found.code, found.settled_at) == ("applied", None, at(1))


def test_a_command_is_queued_alone_of_its_name_among_some_cases(database: Database) -> None:
    log = CommandLog(database)
    first, second = command("c1"), command("c2")
    assert log.queue_alone(first, "zendesk-1", 1, ("zendesk-1", "zendesk-2"), at(-1))
    assert log.queue_alone(first, "zendesk-1", 1, ("zendesk-1", "zendesk-2"), at(-1))  # a retry is the same command
    assert not log.queue_alone(second, "zendesk-2", 1, ("zendesk-2", "zendesk-1"), at(-1))
    assert log.find("c2") is None
    assert log.queue_alone(second, "zendesk-2", 1, ("zendesk-2", "zendesk-1"), at(1))  # the first is too old by then
    log.withdraw("c2")
    assert log.find("c2") is None
    log.settle(applied("c1"), at(1))
    log.withdraw("c1")
    assert log.find("c1") is not None  # it was said
    assert log.queue_alone(second, "zendesk-2", 1, ("zendesk-2", "zendesk-1"), at(-1))


def test_of_two_at_once_one_is_queued_alone(database: Database) -> None:
    log, both, start = CommandLog(database), ("zendesk-1", "zendesk-2"), Barrier(2)

    def go(number: int) -> bool:
        start.wait()
        return log.queue_alone(command(f"c{number}"), f"zendesk-{number}", 1, both, at(-1))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, (1, 2))) == [False, True]


def test_fresh_then_pending_then_replay(idempotency: Idempotency) -> None:
    assert idempotency.begin(*CALL, "h1", NOW, command_id="c1") == Fresh()
    assert idempotency.begin(*CALL, "h1", at(1), command_id="c1") == Pending(NOW, "c1")
    assert idempotency.finish(*CALL, answer(201, {"id": "zendesk-1"}), at(2)) is None
    assert idempotency.finish(*CALL, answer(500, {"id": "later"}), at(3)) == Replay(201, {"id": "zendesk-1"}, "c1")
    assert idempotency.begin(*CALL, "h1", at(2)) == Replay(201, {"id": "zendesk-1"}, "c1")


def test_an_answer_is_remembered_though_another_try_let_the_key_go(idempotency: Idempotency) -> None:
    """Two tries work at once, for the first was given up; the one that fails must not take the other's answer along."""
    idempotency.begin(*CALL, "h1", NOW, command_id="c1")
    idempotency.release(*CALL)
    assert idempotency.finish(*CALL, answer(202, {"status": "queued"}), at(2)) is None
    assert idempotency.begin(*CALL, "h1", at(3)) == Replay(202, {"status": "queued"}, "c1")


def answer(status: int, response: object) -> Given:
    """What a request was answered."""
    return Given(status, response, "h1", "c1")


def test_another_body_under_the_same_key_is_refused(idempotency: Idempotency) -> None:
    idempotency.begin(*CALL, "h1", NOW)
    with pytest.raises(Invalid) as refused:
        idempotency.begin(*CALL, "h2", at(1))
    assert refused.value.code == "idempotency_key_reused"


def test_owner_method_path_and_key_all_count(idempotency: Idempotency) -> None:
    idempotency.begin(*CALL, "h1", NOW)
    for place in range(4):
        other = [*CALL]
        other[place] += "x"
        assert idempotency.begin(other[0], other[1], other[2], other[3], "h2", NOW) == Fresh()


def test_a_key_is_forgotten_after_a_day(idempotency: Idempotency) -> None:
    idempotency.begin(*CALL, "h1", NOW)
    idempotency.finish(*CALL, answer(200, None), NOW)
    almost = NOW + timedelta(hours=24) - timedelta(seconds=1)
    assert idempotency.begin(*CALL, "h1", almost) == Replay(200, None, None)
    assert idempotency.begin(*CALL, "h2", NOW + timedelta(hours=24)) == Fresh()
    assert idempotency.begin(*CALL, "h2", NOW + timedelta(hours=25)) == Pending(NOW + timedelta(hours=24), None)


def test_purging_deletes_only_what_is_old(idempotency: Idempotency) -> None:
    idempotency.begin(*CALL, "h1", NOW)
    idempotency.begin("key2", *CALL[1:], "h1", at(60))
    assert idempotency.purge(NOW + timedelta(hours=24)) == 1
    assert idempotency.begin("key2", *CALL[1:], "h1", at(90)) == Pending(at(60), None)


def test_a_released_key_is_fresh_again_but_an_answer_stays(idempotency: Idempotency) -> None:
    idempotency.begin(*CALL, "h1", NOW)
    idempotency.release(*CALL)
    assert idempotency.begin(*CALL, "h2", at(1)) == Fresh()
    idempotency.finish(*CALL, answer(200, {}), at(1))
    idempotency.release(*CALL)
    assert idempotency.begin(*CALL, "h2", at(2)) == Replay(200, {}, None)


def test_of_eight_callers_at_once_one_is_fresh(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    start = Barrier(8)

    def race(number: int) -> Fresh | Replay | Pending:
        start.wait()
        return Idempotency(databases[number % 2]).begin(*CALL, "h1", NOW)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(race, range(8)))
    assert answers.count(Fresh()) == 1
    assert answers.count(Pending(NOW, None)) == 7


def test_a_webhook_is_stored_once(database: Database) -> None:
    inbound = Inbound(database)
    assert inbound.store_new("twilio", [("e1", {"status": "delivered"})], NOW) == 1
    assert inbound.store_new("twilio", [("e1", {"status": "failed"})], at(1)) == 0
    assert inbound.store_new("sendgrid", [("e1", []), ("e2", []), ("e1", [])], at(1)) == 2
    assert [event.body for event in inbound.unhandled(["twilio", "sendgrid"])] == [{"status": "delivered"}, [], []]


def test_what_was_handled_is_forgotten_after_a_month_and_nothing_else(database: Database) -> None:
    inbound, tests = Inbound(database), ContactTests(database)
    inbound.store_new("twilio", [(name, {}) for name in ("old", "older", "waits")], NOW)
    inbound.store_new("twilio", [("young", {})], at(1))
    inbound.all_handled([("twilio", name) for name in ("old", "older", "young")], at(2))
    test = MailAnswer("+4915112345678", "", "Please reply TEST", None, channel="sms", person="dana")
    tests.begin("t1", "dana", [test], NOW)
    inbound.handled("mail-answer", "contact-test/dana/t1/sms", at(2))
    a_month_on = NOW + timedelta(days=30)
    assert inbound.purge(a_month_on - timedelta(seconds=1), 10) == 0
    assert [inbound.purge(a_month_on, 1) for _ in range(3)] == [1, 1, 0], "in parts, for others want to write"
    assert inbound.store_new("twilio", [(name, {}) for name in ("old", "older", "waits", "young")], NOW) == 2
    assert [event.event_id for event in inbound.unhandled(["twilio"])] == ["old", "older", "waits"]
    assert tests.latest("dana") is not None


def test_sms_are_counted_by_their_number_without_those_that_got_no_answer(database: Database) -> None:
    inbound = Inbound(database)
    for number, (sender, second) in enumerate((("+491", 0), ("+491", 5), ("+491", 6), ("+492", 7))):
        inbound.store_new("sms", [(f"e{number}", {"From": sender, "Body": "hi"})], at(second))
    assert inbound.of_number("sms", "+491", at(5)) == 2
    last = inbound.unhandled(["sms"])[2]
    inbound.left_unanswered(last, "too many")
    assert inbound.of_number("sms", "+491", at(5)) == 1
    assert inbound.unhandled(["sms"])[2].body == {"From": "+491", "Body": "hi", "unanswered": "too many"}


def test_an_sms_that_does_not_count_is_left_out_and_keeps_its_words(database: Database) -> None:
    inbound = Inbound(database)
    inbound.store_new("sms", [(f"e{number}", {"From": "+491", "Body": "ACK"}) for number in range(2)], NOW)
    inbound.does_not_count(inbound.unhandled(["sms"])[0])
    assert inbound.of_number("sms", "+491", NOW) == 1
    assert [event.body["Body"] for event in inbound.unhandled(["sms"])] == ["ACK", "ACK"]


def test_a_handled_webhook_is_no_longer_waiting(database: Database) -> None:
    inbound = Inbound(database)
    inbound.store_new("twilio", [("e1", {})], NOW)
    inbound.store_new("twilio", [("e2", {})], at(1))
    assert [event.event_id for event in inbound.unhandled(["twilio", "sendgrid"])] == ["e1", "e2"]
    inbound.handled("twilio", "e1", at(2))
    assert [event.event_id for event in inbound.unhandled(["twilio", "sendgrid"])] == ["e2"]
