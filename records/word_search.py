"""Finding rows by words that may stand anywhere in their texts: the database looks, and finds too much; the caller decides.

No index knows where a word stands in the middle of a text: every search reads the whole table, once for some words.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, false, or_, select

from domain.forgetting import Document, Traces
from records.tables import escalations
from records.tally import Case

AT_ONCE = 40  # rows of a change: SQLite takes statements of that size for sure
WORDS_AT_ONCE = 30  # with six forms each, in four columns: SQLite takes no expression deeper than 1,000
READ_AT_ONCE = 500  # rows in memory

T = TypeVar("T")


def find(
    connection: Connection,
    query: Select[Any],
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    words: Sequence[str],
) -> Iterator[Sequence[RowMapping]]:
    """Rows of `query`, which has the key of `table`, with one of the words in some column: some at a time, each once."""
    seen = set[tuple[Any, ...]]()
    for some in parts(words, WORDS_AT_ONCE):
        asked = query.where(_has(connection, columns, some))
        for rows in connection.execute(asked, execution_options={"yield_per": READ_AT_ONCE}).mappings().partitions():
            new = {key: row for row in rows if (key := tuple(row[column] for column in table.primary_key)) not in seen}
            seen |= new.keys()
            yield list(new.values())


def _has(connection: Connection, columns: Sequence[ColumnElement[Any]], words: Sequence[str]) -> ColumnElement[bool]:
    """Whether some column has one of the words, in any case of letters, as far as the database knows them."""
    if (
        connection.dialect.name == "sqlite"
    ):  # its LIKE takes a and A for the same, and lowering a text costs as much again
        return or_(false(), *(one.contains(form, autoescape=True) for one in columns for form in _forms(words)))
    return or_(false(), *(one.icontains(form, autoescape=True) for one in columns for form in _forms(words)))


def _forms(words: Sequence[str]) -> list[str]:
    """In JSON what is not ASCII is written out, and so it has a case that no database knows."""
    plain = {form for word in words for form in ((word,) if word.isascii() else (word, word.lower(), word.upper()))}
    return sorted(plain | {json.dumps(form)[1:-1] for form in plain})


def parts(whole: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The same in pieces."""
    return (whole[begin : begin + size] for begin in range(0, len(whole), size))


def strings(value: Any) -> Iterator[str]:
    """Every text in a value of JSON; not the names of its fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


class Others:
    """The cases of other customers, as far as they were asked for: what means whom in them depends on whose they are."""

    def __init__(self, known: Traces, cases: Sequence[Case]) -> None:
        self._known = known
        self._theirs = set(cases)
        self._ids = {id for id, _ in cases}
        self._found: dict[str, dict[int, tuple[Traces, str]]] = {}

    def are_theirs(self, id: str, episode: int | None) -> bool:
        """Whether it is a case of whoever is forgotten; a command that began an episode knows none."""
        return (id, episode) in self._theirs if episode is not None else id in self._ids

    def look_up(self, connection: Connection, ids: set[str]) -> None:
        """Read whose cases these are."""
        for some in parts(sorted(ids - self._found.keys())):
            wanted = (escalations.c.id, escalations.c.episode, escalations.c.document)
            for id, episode, document in connection.execute(select(*wanted).where(escalations.c.id.in_(some))):
                self._found.setdefault(id, {})[episode] = self._of(document)

    def _of(self, document: Document) -> tuple[Traces, str]:
        return self._known.beside(document["customer"]), document["status"]

    def of(self, id: str, episode: int | None) -> tuple[Traces, str]:
        """What means whoever is forgotten in that case, and its status. It was looked up before."""
        episodes = self._found[id]
        return episodes[episode if episode in episodes else max(episodes)]
