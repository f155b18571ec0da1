"""Escalations as people read them: one case, a page of cases, its timeline and its messages.

Pages are keyset pages: a cursor names the last row seen, so cases that open or move meanwhile neither repeat nor hide
others. Cases without the sorted value come last in both directions.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import Column, ColumnElement, FromClause, Select, and_, false, func, or_, select, tuple_

from domain.errors import Invalid
from domain.messages import CUSTOMER
from domain.state import LIVE, Status, TimelineEntry
from domain.tickets import Channel
from records import rows
from records.behind import of_reports
from records.counted import VALUES
from records.database import Database
from records.stored import POSSIBLE_DUPLICATE, Doubts, MessageStatus, StoredMessage, stored_message
from records.tables import LIVE_ROWS, escalations, facts, messages, timeline

LARGEST_PAGE = 200
LATEST_MESSAGES = 500
LONGEST_Q = 200  # characters; SQLite refuses patterns that are much longer
LARGEST_NUMBER = 2**31 - 1

SORTS: dict[str, Column[Any]] = {
    "opened_at": escalations.c.opened_at,
    "next_due_at": escalations.c.next_due_at,
    "priority": escalations.c.priority_rank,
    "closed_at": escalations.c.closed_at,
    "updated_at": escalations.c.updated_at,
}

BY_VALUE = "value"  # of the cases behind a number: what each brings to it

Document = dict[str, Any]


@dataclass(frozen=True)
class Filters:
    """What a list shows; None means anything. `status` may be a comma list, every word of `q` must be found.

    From `opened_from` on: what the links of reports ask for (`records.behind`); an
    empty owner, product, category, cause or origin is that of cases without any.
    """

    status: str | None = None
    tier: str | None = None
    team: str | None = None
    owner: str | None = None
    priority: str | None = None
    customer: str | None = None
    overdue: bool | None = None
    q: str | None = None
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None
    product: str | None = None
    category: str | None = None
    cause: str | None = None
    origin: str | None = None
    came_to: str | None = None
    breached_at_tier: str | None = None
    problem: str | None = None
    counted_in: str | None = None
    opened_hour: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True)
class Place:
    """The row a page ended with: its sorted value and its key."""

    value: Any
    id: str
    episode: int


class Escalations:
    """Reads and, for the API that wants to read its own writes, the version-guarded write of one document."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, id: str) -> Document | None:
        """The latest episode, or None when the ticket was never escalated."""
        return self._one(select(escalations.c.document).where(escalations.c.id == id))

    def find(self, id: str, episode: int) -> Document | None:
        """One episode, or None."""
        return self._one(select(escalations.c.document).where(escalations.c.id == id, escalations.c.episode == episode))

    def live(self, id: str) -> Document | None:
        """The episode that is neither closed nor cancelled, or None."""
        return self._one(select(escalations.c.document).where(escalations.c.id == id, escalations.c.status.in_(LIVE)))

    def next_episode(self, id: str) -> int:
        """The number the next episode of this id gets; 1 for the first."""
        with self._database.read() as connection:
            last: int | None = connection.scalar(select(func.max(escalations.c.episode)).where(escalations.c.id == id))
        return (last or 0) + 1

    def save_document(self, document: Document, version: int, now: datetime) -> bool:
        """Insert or overwrite; False when the stored version is as new or newer, which is left as it is."""
        with self._database.write() as connection:
            return rows.save(connection, document, version, now)

    def list_page(
        self, filters: Filters, sort: str = "-opened_at", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """A page of documents and the cursor of the next page, None at the end.

        Raises Invalid: `bad_sort`, `bad_limit`, `bad_cursor` (not ours, or of another sort), `invalid_field` (filters).
        """
        column, descending = _sorted_by(filters, sort)
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid("bad_limit", f"limit is 1 to {LARGEST_PAGE}", field="limit")
        conditions = _conditions(filters)
        if cursor is not None:
            conditions.append(_after(column, descending, place_of(cursor, sort)))
        place = (escalations.c.id, escalations.c.episode)
        # Which rows is answered by an index alone; a document is read only of those that are shown.
        every = select(*place, column.label("value")).select_from(_with(column)).where(*conditions)
        which = every.order_by(_order(column, column, descending), *place).limit(limit + 1).subquery()
        here = and_(escalations.c.id == which.c.id, escalations.c.episode == which.c.episode)
        query = select(escalations.c.document, which).select_from(which.join(escalations, here))
        query = query.order_by(_order(column, which.c.value, descending), *place)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        page = found[:limit]
        more = len(found) > limit
        following = cursor_of(sort, Place(page[-1].value, page[-1].id, page[-1].episode)) if more else None
        return [row.document for row in page], following

    def values(self, counted_in: str, cases: Sequence[Document]) -> dict[tuple[str, int], int]:
        """(id, episode) → what the case brings to that number of the reports; nothing where its cases only count."""
        keys = [(one["id"], one["episode"]) for one in cases]
        column = VALUES.get(counted_in)
        if column is None or not keys:
            return {}
        query = select(facts.c.id, facts.c.episode, column).where(tuple_(facts.c.id, facts.c.episode).in_(keys))
        with self._database.read() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query) if row[2] is not None}

    def count(self, filters: Filters) -> int:
        """How many cases all pages of a list have together. Raises Invalid as `list_page` does of its filters."""
        query = select(func.count()).select_from(escalations).where(*_conditions(filters))
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def timeline(self, id: str, episode: int) -> list[TimelineEntry]:
        """The history of one episode, oldest first; what was not written by its own run is numbered far behind (`afterwards`)."""
        mine = (timeline.c.id == id) & (timeline.c.episode == episode)
        query = select(timeline).where(mine).order_by(timeline.c.at, timeline.c.seq)
        names = TimelineEntry.model_fields
        with self._database.read() as connection:
            found = connection.execute(query).mappings().all()
        return [TimelineEntry.model_validate({name: row[name] for name in names}) for row in found]

    def messages(self, id: str, episode: int) -> list[StoredMessage]:
        """Everything said to anybody in one episode, oldest first."""
        query = select(messages).where(messages.c.id == id, messages.c.episode == episode)
        return self._messages(query.order_by(messages.c.created_at, messages.c.key))

    def all_messages(
        self,
        status: MessageStatus | None = None,
        limit: int = LATEST_MESSAGES,
        code: str | None = None,
        *,
        person: str | None = None,
        channel: Channel | None = None,
        case: str | None = None,
        after: str | None = None,
    ) -> list[StoredMessage]:
        """The latest messages of all cases, newest first, those that follow the one with the key `after` if given.

        `code` is a provider's, or one of ours; `person` may be `customer`. Raises Invalid `bad_cursor` for an unknown `after`.
        """
        query = select(messages).order_by(messages.c.created_at.desc(), messages.c.key).limit(limit)
        exact = {"status": status, "code": code, "channel": channel, "id": case}
        for name, wanted in exact.items():
            query = query if wanted is None else query.where(messages.c[name] == wanted)
        if person is not None:
            query = query.where(messages.c.person.is_(None) if person == CUSTOMER else messages.c.person == person)
        return self._messages(query if after is None else query.where(self._following(after)))

    def in_doubt(self, since: datetime) -> Doubts:
        """How many messages made since then may have arrived twice, and of how many nobody knows whether they arrived."""
        young = messages.c.created_at >= since
        twice, unknown = messages.c.code == POSSIBLE_DUPLICATE, messages.c.status == "unknown"
        with self._database.read() as connection:
            counts = [
                connection.scalar(select(func.count()).select_from(messages).where(young, which)) or 0
                for which in (twice, unknown)
            ]
        return Doubts(*counts)

    def _following(self, key: str) -> ColumnElement[bool]:
        with self._database.read() as connection:
            at: datetime | None = connection.scalar(select(messages.c.created_at).where(messages.c.key == key))
        if at is None:
            raise Invalid("bad_cursor", "the cursor is not one of ours; begin at the first page", field="cursor")
        return or_(messages.c.created_at < at, and_(messages.c.created_at == at, messages.c.key > key))

    def _one(self, query: Select[Any]) -> Document | None:
        with self._database.read() as connection:
            found: Document | None = connection.scalar(query.order_by(escalations.c.episode.desc()).limit(1))
        return found

    def _messages(self, query: Select[Any]) -> list[StoredMessage]:
        with self._database.read() as connection:
            return [stored_message(row) for row in connection.execute(query).mappings()]


def sort_of(sort: str) -> tuple[Column[Any], bool]:
    """The column, and whether the highest come first. Raises Invalid `bad_sort`."""
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        raise Invalid("bad_sort", f"sort is one of {', '.join(SORTS)}, with '-' in front for descending", field="sort")
    return column, sort.startswith("-")


def _sorted_by(filters: Filters, sort: str) -> tuple[Column[Any], bool]:
    """The same, and by the value that the cases of `counted_in` have. Raises Invalid `bad_sort`."""
    if sort.removeprefix("-") != BY_VALUE:
        return sort_of(sort)
    column = VALUES.get(filters.counted_in or "")
    if column is None:
        words = f"sort by {BY_VALUE} goes with counted_in one of {', '.join(VALUES)}"
        raise Invalid("bad_sort", words, field="sort")
    return column, sort.startswith("-")


def _order(column: Column[Any], value: ColumnElement[Any], descending: bool) -> ColumnElement[Any]:
    """In words that an index of this order answers."""
    ordered = value.desc() if descending else value.asc()
    return ordered.nulls_last() if column.nullable else ordered


def _with(column: Column[Any]) -> FromClause:
    """Where a column is selected from."""
    same = and_(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
    return escalations.join(facts, same) if column.table is facts else escalations


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    exact = ("tier", "team", "owner", "priority", "customer")
    wanted = {name: getattr(filters, name) for name in exact}
    found: list[ColumnElement[bool]] = [
        escalations.c[name] == value if value else escalations.c[name].is_(None)
        for name, value in wanted.items()
        if value is not None
    ]
    found.extend(of_reports(filters))
    if filters.status is not None:
        statuses = statuses_of(filters.status)
        if set(statuses) <= set(LIVE):
            found.append(LIVE_ROWS)
        if set(statuses) != set(LIVE):
            found.append(escalations.c.status.in_(statuses))
    if filters.overdue is not None:
        late = and_(escalations.c.breached, escalations.c.status.in_(LIVE))
        found.append(late if filters.overdue else ~late)
    found.extend(escalations.c.search.contains(word, autoescape=True) for word in words_of(filters.q or ""))
    return found


def words_of(q: str) -> list[str]:
    """Those that must all be found, case folded. Raises Invalid `invalid_field`."""
    if len(q) > LONGEST_Q or "\0" in q:
        raise Invalid("invalid_field", f"q: at most {LONGEST_Q} printable characters", field="q")
    return q.casefold().split()


def statuses_of(text: str) -> Sequence[str]:
    """Those of a comma list. Raises Invalid `invalid_field`."""
    wanted = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in wanted if word not in get_args(Status)]
    if unknown or not wanted:
        known = ", ".join(get_args(Status))
        raise Invalid("invalid_field", f"status: '{text}' is not a comma list of {known}", field="status")
    return wanted


def _after(column: Column[Any], descending: bool, place: Place) -> ColumnElement[bool]:
    key = and_(escalations.c.id == place.id, escalations.c.episode > place.episode)
    later_key = or_(escalations.c.id > place.id, key)
    if place.value is None:
        return and_(column.is_(None), later_key)
    beyond = column < place.value if descending else column > place.value
    without = column.is_(None) if column.nullable else false()
    return or_(beyond, and_(column == place.value, later_key), without)


def cursor_of(sort: str, place: Place) -> str:
    """What a page that ends there is gone on from."""
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    text = json.dumps([sort, value, place.id, place.episode], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str, sort: str) -> Place:
    """Where a page ended. Raises Invalid `bad_cursor`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, value, id, episode = json.loads(text)
        if made_for != sort or not isinstance(id, str) or "\0" in id:
            raise ValueError
        id.encode()  # half a character is no id, and no driver could say it
        return Place(_value(sort, value), id, _number(episode))
    except (binascii.Error, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Invalid(
            "bad_cursor", "the cursor is not one of ours for this sort; begin at the first page", field="cursor"
        ) from error


def _value(sort: str, value: Any) -> datetime | int | None:
    if sort.removeprefix("-") == "priority":
        return _number(value)
    if value is None:
        return None
    if sort.removeprefix("-") == BY_VALUE:
        return _number(value)
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)  # here, where an instant beyond the calendar is still a bad cursor


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
        raise ValueError
    return value
