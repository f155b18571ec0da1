"""Closed cases as the memory of the organisation: a page of them, and those that resemble a case that has just opened.

    Closures(database).similar_to(document, limit) -> list[Similar]      # for a case's document, best first, its own id left out
    Closures(database).similar(question, now, excluded, limit)           # for words somebody typed

The full-text index of the database (FTS5 on SQLite, a GIN index on PostgreSQL) names candidates, `domain.similar` puts them in
order, so that both databases answer alike. How rare a word is is read from the cases closed last, at most every ten minutes.
"""

import base64
import binascii
import json
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from domain.errors import Invalid
from domain.search_words import Word, words
from domain.similar import Candidate, Hit, Question, Rarity, heaviest, question, ranked
from records.database import Database
from records.escalations import LARGEST_PAGE, LONGEST_Q
from records.tables import closures

SAMPLE = 5_000  # cases; more would not make a common word less common
SAMPLE_LASTS = 600.0  # seconds
MOST_ASKED = 12  # words the index is asked for: the rarest find the case, the rest only put it in order
MOST_MATCHES = 3_000  # rows that match, as far as the sample can tell; to sort more takes longer than a reader waits
CANDIDATES = 80  # to be put in order; what the index ranks below is no good hit either
MOST_SIMILAR = 50
LONGEST_QUESTION = 2_000  # characters of a description

_INDEX = table("closure_words", column("rowid"), column("terms"))

Document = Mapping[str, Any]
Wanted = Sequence[Sequence[Word]]  # alternatives; of each all words


@dataclass(frozen=True)
class Closure:
    """A closed case; `cause` and `origin` are None where nobody had to record them. Long texts are shortened."""

    id: str
    episode: int
    closed_at: datetime
    customer: str
    product: str | None
    category: str | None
    priority: str
    subject: str
    cause_category: str | None
    cause: str | None
    origin: str | None
    fix: str | None
    language: str | None


@dataclass(frozen=True)
class Similar:
    """A closed case and how it resembles what was asked: score from 0 to 1, words in common, the heaviest first."""

    closure: Closure
    score: float
    words: tuple[str, ...]
    same_product: bool
    same_category: bool


@dataclass(frozen=True)
class ClosureFilters:
    """What a list shows; None means anything. Every word of `q` must be found, in any of its forms; `to` is not included."""

    q: str | None = None
    product: str | None = None
    category: str | None = None
    cause_category: str | None = None
    customer: str | None = None
    origin: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Closures:
    """Only reads; `records.transitions` writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rarity: tuple[float, Rarity] | None = None

    def similar_to(
        self,
        document: Document,
        limit: int = 5,
        *,
        product: str | None = None,
        category: str | None = None,
        exclude: str | None = None,
    ) -> list[Similar]:
        """The closed cases most like this one, the best first, as of its opening; other episodes of it are not among them.

        `product` and `category` take the place of the ticket's own; `exclude` is the id of another case that is not meant.
        """
        ticket = document["ticket"]
        described = (ticket.get("description") or "")[:LONGEST_QUESTION]
        about = (product or ticket.get("product"), category or ticket.get("category"))
        excluded = [document["id"], *([exclude] if exclude else [])]
        opened_at = datetime.fromisoformat(document["opened_at"])
        return self.similar(question(ticket["subject"], described, *about), opened_at, excluded, limit)

    def similar(self, asked: Question, now: datetime, excluded: Collection[str] = (), limit: int = 5) -> list[Similar]:
        """The closed cases that answer best, the best first; `excluded` are ids of cases that are not meant."""
        with self._database.read() as connection:
            rarity = self._rarity_of(connection)
            wanted = _wanted(asked, rarity, _last_number(connection))
            if not wanted:
                return []
            found = connection.execute(_candidates(connection, wanted, rarity))
            best = [row for row in found if row.id not in excluded]
            hits = ranked(asked, (_candidate(row) for row in best), rarity, now, limit)
        by_number = {row.number: row for row in best}
        return [_similar(hit, by_number[hit.number]) for hit in hits]

    def list_page(
        self, filters: ClosureFilters, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Closure], str | None]:
        """A page of closed cases, closed last first, and the cursor of the next page, None at the end.

        Raises Invalid: `bad_limit`, `bad_cursor`, `invalid_field` (q).
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid("bad_limit", f"limit is 1 to {LARGEST_PAGE}", field="limit")
        with self._database.read() as connection:
            conditions = _conditions(connection, filters)
            if cursor is not None:
                conditions.append(_before(*_place(cursor)))
            query = select(closures).where(*conditions)
            newest = query.order_by(closures.c.closed_at.desc(), closures.c.number.desc()).limit(limit + 1)
            rows = connection.execute(newest).all()
        following = _cursor(rows[limit - 1]) if len(rows) > limit else None
        return [_closure(row) for row in rows[:limit]], following

    def _rarity_of(self, connection: Connection) -> Rarity:
        made, rarity = self._rarity or (None, None)
        if rarity is None or made is None or time.monotonic() - made > SAMPLE_LASTS:
            last = select(closures.c.terms).order_by(closures.c.number.desc()).limit(SAMPLE)
            found = list(connection.scalars(last))
            rarity = Rarity(len(found), Counter(form for terms in found for form in terms))
            self._rarity = (time.monotonic(), rarity)
        return rarity


def _wanted(asked: Question, rarity: Rarity, cases: int) -> Wanted:
    """The rarest words by themselves, as long as not too many cases have them; the two rarest of the others together."""
    alone: list[Sequence[Word]] = []
    common: list[Word] = []
    left = float(MOST_MATCHES)
    for word in heaviest(asked, rarity, MOST_ASKED):
        matches = cases * rarity.share(word.forms)
        if matches <= left:
            alone.append((word,))
            left -= matches
        else:
            common.append(word)
    if alone and len(common) == 1:
        return alone
    return [*alone, common[:2]] if common else alone


def _last_number(connection: Connection) -> int:
    """About how many there are; counting them would read them all."""
    return connection.scalar(select(func.max(closures.c.number))) or 0


def _candidates(connection: Connection, wanted: Wanted, rarity: Rarity) -> Select[Any]:
    """The rows that match best by the index's own lights."""
    if connection.dialect.name == "sqlite":
        best = select(_INDEX.c.rowid).where(_has(connection, wanted)).order_by(literal_column("rank")).limit(CANDIDATES)
        return select(closures).where(closures.c.number.in_(best))
    asked = dict.fromkeys(word for together in wanted for word in together)
    weights = [case((_has(connection, [[word]]), rarity.of(word.forms)), else_=0.0) for word in asked]
    order = (reduce(add, weights).desc(), closures.c.number.desc())
    return select(closures).where(_has(connection, wanted)).order_by(*order).limit(CANDIDATES)


def _has(connection: Connection, wanted: Wanted) -> ColumnElement[bool]:
    """On SQLite of a row of the index, on PostgreSQL of one of the table. Forms are letters and digits; quotes do for both."""
    if connection.dialect.name == "sqlite":
        ask = " OR ".join(f"({' AND '.join(_any_form(word, ' OR ') for word in together)})" for together in wanted)
        return literal_column("closure_words").op("MATCH", is_comparison=True)(ask.replace("'", '"'))
    ask = " | ".join(f"({' & '.join(_any_form(word, ' | ') for word in together)})" for together in wanted)
    return closures.c.terms.op("@@", is_comparison=True)(cast(literal(ask, Text), TSQUERY))


def _any_form(word: Word, either: str) -> str:
    return f"({either.join(repr(form) for form in sorted(word.forms))})"


def _conditions(connection: Connection, filters: ClosureFilters) -> list[ColumnElement[bool]]:
    exact = ("product", "category", "cause_category", "customer", "origin")
    wanted = {name: getattr(filters, name) for name in exact}
    found: list[ColumnElement[bool]] = [
        closures.c[name] == value for name, value in wanted.items() if value is not None
    ]
    if filters.since is not None:
        found.append(closures.c.closed_at >= filters.since)
    if filters.until is not None:
        found.append(closures.c.closed_at < filters.until)
    asked = [word for word in words(_short(filters.q or "")) if not word.part]
    if asked:
        found.append(_holds(connection, asked))
    return found


def _holds(connection: Connection, asked: Sequence[Word]) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return closures.c.number.in_(select(_INDEX.c.rowid).where(_has(connection, [asked])))
    return _has(connection, [asked])


def _short(q: str) -> str:
    if len(q) > LONGEST_Q or "\0" in q:
        raise Invalid("invalid_field", f"q: at most {LONGEST_Q} printable characters", field="q")
    return q


def _candidate(row: Row[Any]) -> Candidate:
    subject, terms = frozenset(row.subject_terms.split()), frozenset(row.terms)
    return Candidate(row.number, subject, terms, row.product, row.category, row.closed_at)


def _closure(row: Row[Any]) -> Closure:
    return Closure(**{one.name: getattr(row, one.name) for one in fields(Closure)})


def _similar(hit: Hit, row: Row[Any]) -> Similar:
    return Similar(_closure(row), hit.score, hit.words, hit.same_product, hit.same_category)


def _before(closed_at: datetime, number: int) -> ColumnElement[bool]:
    earlier_number = and_(closures.c.closed_at == closed_at, closures.c.number < number)
    return or_(closures.c.closed_at < closed_at, earlier_number)


def _cursor(row: Row[Any]) -> str:
    text = json.dumps([row.closed_at.isoformat(), row.number], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, int]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        closed_at, number = json.loads(text)
        at = datetime.fromisoformat(closed_at)
        if at.tzinfo is None or type(number) is not int or not 0 <= number < 2**63:
            raise ValueError
        return at.astimezone(UTC), number
    except (binascii.Error, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Invalid("bad_cursor", "the cursor is not one of ours; begin at the first page", field="cursor") from error
