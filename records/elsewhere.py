"""What other customers' cases still say of whoever is forgotten.

An e-mail address and a phone number are theirs alone: they are taken out wherever they stand. A name is a few words, which may
mean something else, and the sentence around it is about another case: where it stands is told, for people to look. What Temporal
still needs stays as it is and is told, too: a case that lives, a word on its way to one.

Each table is read once for thirty names and addresses; over a million closed cases with their timelines that takes minutes
(docs/privacy.md has the numbers).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table, Text, and_, cast, select, update

from domain.forgetting import Document, Traces
from domain.state import LIVE
from records import rows
from records.closure_rows import closure_row
from records.tables import actions, closures, commands, escalations, timeline
from records.tally import Step, Tally
from records.word_search import Others, find, parts, strings

_WORDS = frozenset(
    {
        *("priority_reasons", "reasons", "subject", "description", "url", "history", "tags", "detail", "text", "note"),
        *("summary", "customer_message", "contributing_factors", "comment"),
    }
)
"""The fields of a document in which somebody wrote."""


@dataclass(frozen=True)
class _Place:
    """A table with texts of cases, the columns that say of which, and the columns with texts."""

    table: Table
    id: Column[Any]
    episode: Column[Any]
    texts: tuple[str, ...]
    with_case: bool = False  # its rows are changed only when the case is over, for a live case writes them anew

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """The texts, as the database looks through them."""
        return [cast(self.table.c[name], Text) for name in self.texts]

    def row(self, found: Mapping[str, Any]) -> ColumnElement[bool]:
        """That row alone."""
        return and_(*(column == found[column.name] for column in self.table.primary_key))


_PLACES = (
    _Place(timeline, timeline.c.id, timeline.c.episode, ("text", "data")),
    _Place(commands, commands.c.escalation, commands.c.episode, ("body", "reason")),
    _Place(actions, actions.c.escalation, actions.c.episode, ("text", "note", "moved"), with_case=True),
    _Place(escalations, escalations.c.id, escalations.c.episode, ("document",), with_case=True),
)


@dataclass(frozen=True)
class Mention:
    """A row whose addresses go, by its key."""

    place: _Place
    key: dict[str, Any]
    known: Traces


def find_mentions(connection: Connection, tally: Tally) -> list[Mention]:
    """The rows with their addresses; where their name stands, or what cannot be changed now, is told in the tally."""
    others = Others(tally.known, tally.cases)
    return [one for place in _PLACES for one in _look(connection, place, others, tally)]


def remove_mentions(step: Step, found: Sequence[Mention], tally: Tally) -> None:
    """Take the addresses out."""
    for some in parts(found):
        with step() as connection:
            tally.removed["mentions"] += sum(_clean(connection, one) for one in some)


def _look(connection: Connection, place: _Place, others: Others, tally: Tally) -> Iterator[Mention]:
    for some in find(connection, select(place.table), place.table, place.columns, tally.known.who):
        here = [(row, row[place.id], row[place.episode]) for row in some]
        foreign = [(row, id, episode) for row, id, episode in here if not others.are_theirs(id, episode)]
        others.look_up(connection, {id for _, id, _ in foreign})
        for row, id, episode in foreign:
            known, status = others.of(id, episode)
            changes = {} if _is_needed(place, row, status) else _changes(place, row, known)
            if any(_names(known, name, changes.get(name, row[name])) for name in place.texts):
                tally.leave("named", id)
            if changes:
                yield Mention(place, {column.name: row[column] for column in place.table.primary_key}, known)


def _is_needed(place: _Place, row: RowMapping, status: str) -> bool:
    """Whether Temporal still works with it."""
    return status in LIVE if place.with_case else place.table is commands and row["settled_at"] is None


def _changes(place: _Place, row: RowMapping, known: Traces) -> dict[str, Any]:
    cleaned = {name: _cleaned(known, name, row[name]) for name in place.texts}
    return {name: value for name, value in cleaned.items() if value != row[name]}


def _cleaned(known: Traces, name: str, value: Any) -> Any:
    return known.without_addresses(value) if name != "document" else _without_addresses(known, value)


def _without_addresses(known: Traces, part: Any) -> Any:
    """A part of a document with its words cleaned: an id is no word, nor is what the figures are counted by."""
    if isinstance(part, Mapping):
        return {
            name: known.without_addresses(one) if name in _WORDS else _without_addresses(known, one)
            for name, one in part.items()
        }
    return [_without_addresses(known, one) for one in part] if isinstance(part, list) else part


def _names(known: Traces, name: str, value: Any) -> bool:
    return any(known.name_them(text) for text in strings(_said(value) if name == "document" else value))


def _said(document: Document) -> Document:
    """All but whose case it is: another customer's own name and addresses are theirs."""
    return {key: value for key, value in document.items() if key != "customer"}


def _clean(connection: Connection, found: Mention) -> int:
    """Read again with its lock: what stands there may have changed."""
    place, this = found.place, found.place.row(found.key)
    row = connection.execute(select(place.table).where(this).with_for_update()).mappings().one_or_none()
    changes = _changes(place, row, found.known) if row else {}
    if not row or not changes:
        return 0
    if place.table is escalations:
        changes = _row_and_closure(connection, row, changes["document"])
    return connection.execute(update(place.table).where(this).values(**changes)).rowcount


def _row_and_closure(connection: Connection, row: RowMapping, document: Document) -> dict[str, Any]:
    """The row anew; what the case is found by follows it."""
    if document["status"] == "closed" and document["closed_at"]:
        mine = (closures.c.id == document["id"]) & (closures.c.episode == document["episode"])
        connection.execute(update(closures).where(mine).values(**closure_row(document)))
    return rows.escalation_row(document, row["version"], row["updated_at"])
