"""Many receipts of what has arrived, written down at once: as if each had come by itself, and in no time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import event, select

from domain.identity import reference_of
from domain.receipts import Receipt
from records.database import Database
from records.outbound import Outbound
from records.stored import MessageStatus, StoredMessage
from records.tables import facts
from tests.records.conftest import Open
from tests.records.samples import NOW, at
from tests.records.test_crowding import MINUTE, claim, opened, sent, waiting

LATER = NOW + MINUTE


def stored(database: Database, key: str) -> StoredMessage:
    return Outbound(database).load(key).record


def by_reference(*keys: str) -> list[Receipt]:
    return [Receipt(reference_of(key), None, "delivered") for key in keys]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *[(status, "delivered") for status in ("queued", "sending", "unknown", "sent", "delivered")],
        *[(status, status) for status in ("failed", "skipped")],
    ],
)
def test_what_may_arrive_has_arrived_and_what_has_ended_stays(
    database: Database, before: MessageStatus, after: MessageStatus
) -> None:
    key, other = opened(database, 1), opened(database, 2)
    outbound = Outbound(database)
    if before not in ("queued", "skipped"):
        claim(database, key, NOW)
    if before not in ("queued", "sending"):
        outbound.mark(key, before, at(1), code="c", reason="because")
    outbound.arrived(by_reference(key), at(2))
    record = stored(database, key)
    assert record.status == after
    said = "because" if before in ("failed", "skipped", "delivered") else None
    assert (record.reason, record.code) == (said, "c" if said else None)
    came = {"delivered": at(1), "failed": None, "skipped": None}
    assert record.delivered_at == came.get(before, at(2))
    assert stored(database, other).status == "queued"


def test_a_message_is_known_by_our_reference_else_by_the_providers_id(database: Database) -> None:
    keys = [opened(database, number) for number in (1, 2, 3)]
    for number, key in enumerate(keys):
        sent(database, key, NOW + number * MINUTE)
    of_none = [Receipt("r-of-nobody", None, "delivered"), Receipt(None, "SM nobody", "delivered")]
    by_id = Receipt(None, f"SM {keys[1]}", "delivered")
    wrong_id = Receipt(reference_of(keys[0]), f"SM {keys[2]}", "delivered")
    Outbound(database).arrived([*of_none, by_id, wrong_id, wrong_id], LATER)
    assert [stored(database, key).status for key in keys] == ["delivered", "delivered", "sent"]


def test_a_receipt_that_names_nothing_marks_nothing(database: Database) -> None:
    key = opened(database, 1)  # neither claimed nor known to a provider
    Outbound(database).arrived([Receipt(None, None, "delivered")], LATER)
    assert stored(database, key).status == "queued"


def test_what_went_along_has_arrived_with_it(database: Database) -> None:
    for number in (1, 2, 3):
        sent(database, opened(database, number), NOW)
    leader, *others = waiting(database, 4, 5, 6)
    alone = opened(database, 7)
    sent(database, leader, LATER)
    Outbound(database).arrived(by_reference(leader, *others, alone), LATER + MINUTE)
    for key in (leader, *others):
        record = stored(database, key)
        assert (record.status, record.delivered_at) == ("delivered", LATER + MINUTE)
    assert {stored(database, key).led_by for key in others} == {leader}


def test_what_has_arrived_counts_as_what_went_out(database: Database) -> None:
    keys = [opened(database, number) for number in (1, 2)]
    Outbound(database).arrived(by_reference(*keys), LATER)
    with database.read() as connection:
        assert list(connection.scalars(select(facts.c.messages_sent))) == [1, 1]


def test_two_processes_with_the_same_receipts_do_not_wait_for_each_other(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    keys = [opened(databases[0], number) for number in range(40)]
    start = Barrier(4)

    def race(number: int) -> None:
        start.wait()
        Outbound(databases[number % 2]).arrived(by_reference(*(keys if number < 2 else reversed(keys))), LATER)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(race, range(4)))
    assert {stored(databases[0], key).status for key in keys} == {"delivered"}


def test_a_hundred_receipts_are_a_few_statements(database: Database) -> None:
    keys = [opened(database, number) for number in range(100)]
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    Outbound(database).arrived(by_reference(*keys), LATER)
    assert len([one for one in said if one.split()[0] in ("SELECT", "UPDATE", "INSERT")]) <= 6
