"""However many words are looked for, a row is found by each of them, and once."""

from sqlalchemy import Text, cast, select

from records.database import Database
from records.tables import inbound_events
from records.word_search import READ_AT_ONCE, WORDS_AT_ONCE, find
from tests.records.samples import NOW

COLUMNS = [
    cast(inbound_events.c.body, Text),
    inbound_events.c.source,
    inbound_events.c.event_id,
    inbound_events.c.source,
]
WORDS = [f"Jürgen Müller {number:03}." for number in range(2 * WORDS_AT_ONCE + 1)]  # of six forms each


def _found(database: Database, texts: dict[str, str], words: list[str]) -> list[str]:
    rows = [
        {"source": "m", "event_id": id, "received_at": NOW, "body": {"text": text}, "handled_at": None}
        for id, text in texts.items()
    ]
    with database.write() as connection:
        connection.execute(inbound_events.insert(), rows)
        found = find(connection, select(inbound_events), inbound_events, COLUMNS, words)
        return sorted(row["event_id"] for some in found for row in some)


def test_a_row_is_found_by_every_one_of_many_words(database: Database) -> None:
    texts = {word[-4:-1]: f"told {word.upper()}" for word in WORDS}
    assert _found(database, {**texts, "none": "told nobody"}, WORDS) == sorted(texts)


def test_a_row_with_words_of_several_parts_comes_once(database: Database) -> None:
    texts = {str(number): f"{WORDS[0]} and {WORDS[-1]}" for number in range(READ_AT_ONCE + 1)}
    assert _found(database, texts, WORDS) == sorted(texts)


def test_no_words_find_nothing(database: Database) -> None:
    assert _found(database, {"1": "told nobody"}, []) == []
