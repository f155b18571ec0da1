"""Nobody is buried in messages: a few go out at once, the rest waits in the open and goes out as one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from domain.identity import reference_of
from domain.messages import Message
from domain.receipts import Receipt
from domain.state import TimelineEntry
from records.crowding import CROWDED, LOOK_AGAIN, MAYBE_OUT, MOST_FOLLOWERS, URGENT_GAP, Crowded, Limit
from records.database import Database
from records.outbound import Already, Claim, Granted, Outbound
from records.stored import POSSIBLE_DUPLICATE, MessageStatus
from records.transitions import Transitions
from tests.records.conftest import Open
from tests.records.samples import NOW, at, document, message, transition

MINUTE = timedelta(minutes=1)
A_FEW = 3

Case = Callable[..., Message]


def told(number: int, *, channel: str = "sms", person: str = "dana") -> Message:
    """The step message of case `number`."""
    key = f"zendesk-{number}.1/1/step/0.0/{person}/{channel}"
    return message(person=person).model_copy(update={"key": key, "channel": channel})


def opened(database: Database, number: int, priority: str = "high", **changes: str) -> str:
    """Case `number` with a message to dana queued; its key."""
    made = told(number, **changes)
    case = transition(1, messages=(made,)).model_copy(
        update={"document": document(f"zendesk-{number}", priority=priority)}
    )
    Transitions(database).record(case, NOW)
    return made.key


def claim(database: Database, key: str, now: datetime, per_minute: int = A_FEW, *, pressed: bool = False) -> Claim:
    limit = Limit(per_minute, pressed)
    return Outbound(database).claim(key, "+4930123456", None, f"about {key}", now, limit)


def sent(database: Database, key: str, now: datetime) -> None:
    assert isinstance(claim(database, key, now), Granted)
    assert Outbound(database).mark(key, "sent", now, provider_id=f"SM {key}")


def waiting(database: Database, *numbers: int, priority: str = "high") -> list[str]:
    """Cases whose messages found dana's minute full."""
    keys = [opened(database, number, priority) for number in numbers]
    for key in keys:
        assert isinstance(claim(database, key, NOW), Crowded)
    return keys


def status(database: Database, key: str) -> tuple[str, str | None]:
    record = Outbound(database).load(key).record
    return record.status, record.led_by


def close(database: Database, number: int) -> None:
    case = document(f"zendesk-{number}", version=2, status="closed")
    Transitions(database).record(transition(2).model_copy(update={"document": case}), at(0.5))


def sent_since(database: Database) -> None:
    """Dana has been sent a few more, a minute later, with one that is out already."""
    for number in range(50, 49 + A_FEW):
        sent(database, opened(database, number), at(1))


@pytest.fixture
def crowd(database: Database) -> Database:
    """Dana has been sent a few messages just now."""
    for number in range(A_FEW):
        sent(database, opened(database, number), NOW)
    return database


def test_a_few_messages_of_a_minute_go_out_at_once(database: Database) -> None:
    for number in range(A_FEW):
        assert isinstance(claim(database, opened(database, number), NOW), Granted)


def test_the_next_one_waits_until_the_minute_is_over_and_says_so(crowd: Database) -> None:
    key = opened(crowd, 7)
    asked = claim(crowd, key, NOW + timedelta(seconds=20))
    assert asked == Crowded(timedelta(seconds=40), "waits until 17:01:00 UTC: dana was sent 3 messages within a minute")
    record = Outbound(crowd).load(key).record
    assert (record.status, record.code, record.reason) == ("waiting", CROWDED, asked.reason)
    assert isinstance(claim(crowd, key, at(1)), Granted)
    record = Outbound(crowd).load(key).record
    assert (record.status, record.code, record.reason) == ("sending", None, None)


@pytest.mark.parametrize("other", [{"person": "eli"}, {"channel": "email"}])
def test_another_person_or_channel_has_room_of_its_own(crowd: Database, other: dict[str, str]) -> None:
    assert isinstance(claim(crowd, opened(crowd, 7, **other), NOW), Granted)


def test_without_a_limit_nothing_waits(crowd: Database) -> None:
    asked = Outbound(crowd).claim(opened(crowd, 7), "+4930123456", None, "now", NOW)
    assert asked == Granted(1, "queued")


def test_a_customers_message_never_waits_for_this(crowd: Database) -> None:
    notice = message("customer/sms", kind="customer_update", person=None)
    Transitions(crowd).record(transition(1, messages=(notice,)), NOW)
    assert isinstance(claim(crowd, notice.key, NOW, per_minute=0), Granted)


def test_what_waits_goes_out_with_the_first_of_them(crowd: Database) -> None:
    first, second, third = waiting(crowd, 11, 12, 13)
    granted = claim(crowd, first, at(1))
    assert granted == Granted(1, "waiting", along=(second, third))
    assert status(crowd, second) == ("sending", first)
    Outbound(crowd).mark(first, "sent", at(1), provider_id="SM1")
    for key in (second, third):
        record = Outbound(crowd).load(key).record
        assert (record.status, record.led_by, record.provider_id, record.sent_at) == ("sent", first, "SM1", at(1))
        assert record.attempts == 1


def test_the_most_urgent_is_listed_first(crowd: Database) -> None:
    low = opened(crowd, 11, "low")
    first, medium = opened(crowd, 12, "medium"), opened(crowd, 13, "medium")
    critical = opened(crowd, 14, "critical")
    for key in (low, first, medium, critical):
        assert isinstance(claim(crowd, key, NOW), Crowded)
    assert claim(crowd, first, at(1)) == Granted(1, "waiting", along=(critical, medium, low))


def test_an_urgent_one_waits_for_seconds_only_and_takes_the_others_along(crowd: Database) -> None:
    [routine] = waiting(crowd, 11)
    urgent = opened(crowd, 12, "critical")
    asked = claim(crowd, urgent, NOW)
    assert isinstance(asked, Crowded)
    assert asked.wait == URGENT_GAP
    assert claim(crowd, urgent, NOW + URGENT_GAP) == Granted(1, "waiting", along=(routine,))


def test_one_message_of_many_counts_as_one(crowd: Database) -> None:
    first, *_ = waiting(crowd, 11, 12, 13, 14)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "sent", at(1))
    for number in (21, 22):
        sent(crowd, opened(crowd, number), at(1))
    assert isinstance(claim(crowd, opened(crowd, 23), at(1)), Crowded)


def test_a_follower_that_asks_meanwhile_waits_for_its_leader(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    asked = claim(crowd, second, at(1))
    assert isinstance(asked, Crowded)
    assert asked.wait == LOOK_AGAIN
    assert status(crowd, second) == ("sending", first)


def test_when_the_leader_does_not_get_through_each_is_on_its_own_again(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "failed", at(1), code="30006", reason="landline")
    assert status(crowd, first) == ("failed", None)
    assert status(crowd, second) == ("waiting", None)
    assert isinstance(claim(crowd, second, at(2)), Granted)


def test_a_leader_told_to_come_again_later_takes_them_along_again(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "queued", at(1), code="20429", reason="too many requests")
    assert status(crowd, second) == ("waiting", None)
    assert claim(crowd, first, at(1) + timedelta(seconds=2)) == Granted(2, "queued", along=(second,))


def test_a_leader_whose_worker_was_killed_keeps_its_followers(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    assert claim(crowd, first, at(1.5)) == Granted(2, "sending", along=(second,))


def test_nobody_knows_whether_followers_of_a_lost_answer_arrived(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "unknown", at(1), code="answer_lost")
    assert status(crowd, second) == ("unknown", first)
    Outbound(crowd).mark(first, "sent", at(2), provider_id="SM1")
    assert status(crowd, second) == ("sent", first)


def test_nobody_joins_a_leader_that_may_be_out_already(crowd: Database) -> None:
    [first] = waiting(crowd, 11)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "unknown", at(1), code="answer_lost")
    [late] = [opened(crowd, 12)]
    sent_since(crowd)
    assert isinstance(claim(crowd, late, at(1)), Crowded)
    assert claim(crowd, first, at(1.1)) == Granted(2, "unknown"), (
        "what is found at the provider says nothing of the late one"
    )
    Outbound(crowd).mark(first, "sent", at(1.1), provider_id="SM1")
    assert status(crowd, late) == ("waiting", None)


@pytest.mark.parametrize("fate", ["sending", "unknown"])
def test_followers_stay_with_a_leader_whose_answer_is_missing(crowd: Database, fate: MessageStatus) -> None:
    first, *others = waiting(crowd, *range(11, 31))
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, fate, at(1))
    for pressed in (False, True):
        asked = [claim(crowd, key, at(2), pressed=pressed) for key in others]
        assert asked == [Crowded(LOOK_AGAIN, "in one message with others")] * len(others)
    assert claim(crowd, first, at(3), pressed=True) == Granted(2, fate, along=tuple(others)), (
        "whatever time it has left"
    )


def test_a_doubt_is_kept_when_the_leader_fails_in_the_end(crowd: Database) -> None:
    first, second, third = waiting(crowd, 11, 12, 13)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "unknown", at(1), code="answer_lost")
    claim(crowd, first, at(1.1))
    Outbound(crowd).mark(first, "unknown", at(1.2), code="answer_lost")
    Outbound(crowd).mark(first, "failed", at(1.3), code="401", reason="unauthorised")
    record = Outbound(crowd).load(second).record
    assert (record.status, record.led_by, record.reason) == ("unknown", None, MAYBE_OUT)
    assert claim(crowd, second, at(2)) == Granted(2 + 1, "unknown", twice=True)
    assert status(crowd, third)[0] == "unknown", "it goes out by itself: nobody knows in which message it was"


def test_those_in_doubt_do_not_storm_out_together(crowd: Database) -> None:
    first, *others = waiting(crowd, *range(11, 31))
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "unknown", at(1), code="answer_lost")
    Outbound(crowd).mark(first, "failed", at(1), code="401", reason="unauthorised")
    granted = [key for key in others if isinstance(claim(crowd, key, at(1)), Granted)]
    assert len(granted) == A_FEW - 1
    assert status(crowd, others[-1]) == ("unknown", None), "a doubt does not become a plain wait"


def test_a_possible_duplicate_is_one_for_everything_in_it(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "sent", at(1), code=POSSIBLE_DUPLICATE, reason="it may have arrived twice")
    assert Outbound(crowd).load(second).record.code == POSSIBLE_DUPLICATE


def test_a_receipt_may_come_before_the_answer(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "delivered", at(2), provider_id="SM1")
    record = Outbound(crowd).load(second).record
    assert (record.status, record.sent_at, record.delivered_at) == ("delivered", at(2), at(2))


def test_the_case_of_the_leader_may_close_while_its_answer_is_missing(crowd: Database) -> None:
    first, *others = waiting(crowd, *range(11, 20))
    claim(crowd, first, at(1))
    close(crowd, 11)
    assert isinstance(claim(crowd, first, at(1.1)), Already)
    granted = [key for key in others if isinstance(claim(crowd, key, at(1.1)), Granted)]
    assert len(granted) <= A_FEW


def gave_up(database: Database, number: int, key: str) -> None:
    """The case no longer waits for that message."""
    data = {"key": key, "code": "gave_up", "reason": "no sender"}
    line = TimelineEntry(seq=9, at=at(10), kind="delivery_failed", actor="tierline", text="failed", data=data)
    case = transition(2).model_copy(update={"document": document(f"zendesk-{number}", version=2), "timeline": (line,)})
    Transitions(database).record(case, at(10))


def test_a_message_its_case_has_given_up_never_goes_out(crowd: Database) -> None:
    [first] = waiting(crowd, 11)
    gave_up(crowd, 11, first)
    assert status(crowd, first) == ("failed", None)
    [later] = waiting(crowd, 12)
    assert claim(crowd, later, at(11)) == Granted(1, "waiting")


def test_followers_of_a_leader_given_up_are_on_their_own(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    gave_up(crowd, 11, first)
    assert status(crowd, second) == ("waiting", None)


def test_what_was_left_out_takes_no_place_in_the_minute(crowd: Database) -> None:
    first, *others = waiting(crowd, *range(11, 21))
    claim(crowd, first, at(1))
    Outbound(crowd).reword(first, None, "2 messages: …", others[1:])
    Outbound(crowd).mark(first, "sent", at(1))
    again = claim(crowd, others[1], at(1))
    assert isinstance(again, Granted)
    assert again.attempt == 1, "it has never been out"


def test_a_case_that_has_moved_on_is_not_taken_along(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    close(crowd, 12)
    assert claim(crowd, first, at(1)) == Granted(1, "waiting")
    assert status(crowd, second) == ("waiting", None)


def test_what_finds_no_room_in_the_message_waits_again(crowd: Database) -> None:
    first, second, third = waiting(crowd, 11, 12, 13)
    claim(crowd, first, at(1))
    Outbound(crowd).reword(first, None, "2 messages: …", [third])
    assert Outbound(crowd).load(first).record.text == "2 messages: …"
    Outbound(crowd).mark(first, "sent", at(1))
    assert [status(crowd, key)[0] for key in (second, third)] == ["sent", "waiting"]


def test_no_message_takes_more_along_than_a_person_can_read(crowd: Database) -> None:
    first, *_ = waiting(crowd, *range(10, 12 + MOST_FOLLOWERS))
    granted = claim(crowd, first, at(1))
    assert isinstance(granted, Granted)
    assert len(granted.along) == MOST_FOLLOWERS


def test_a_receipt_speaks_of_everything_that_went_out_in_the_message(crowd: Database) -> None:
    first, second = waiting(crowd, 11, 12)
    claim(crowd, first, at(1))
    Outbound(crowd).mark(first, "sent", at(1), provider_id="SM1")
    for named in (Receipt(None, "SM1", "delivered"), Receipt(reference_of(first), None, "failed")):
        assert [stored.key for stored, _ in Outbound(crowd).spoken_of(named)] == [first, second]


def at_once(databases: list[Database], keys: list[str], now: datetime) -> list[Claim]:
    """Each key is claimed by a sender of its own, all at the same moment."""
    start = Barrier(len(keys))

    def race(number: int) -> Claim:
        start.wait()
        return claim(databases[number % 2], keys[number], now)

    with ThreadPoolExecutor(len(keys)) as threads:
        return list(threads.map(race, range(len(keys))))


def test_senders_at_once_let_no_more_through_than_they_may(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    claims = at_once(databases, [opened(databases[0], number) for number in range(10)], NOW)
    through = [one for one in claims if isinstance(one, Granted)]
    assert len(through) == A_FEW
    assert sum(1 + len(one.along) for one in through) <= len(claims)


def test_all_that_wait_may_wake_at_the_same_moment(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    keys = [opened(databases[0], number) for number in range(20)]
    for key in keys:
        claim(databases[0], key, NOW)
    claims = at_once(databases, keys[A_FEW:], at(1))
    [leader] = [one for one in claims if isinstance(one, Granted) and one.along]
    assert len(leader.along) == len(keys) - A_FEW - 1
    assert sum(isinstance(one, Crowded) for one in claims) == len(leader.along)
