"""The numbers of the reports, in SQL: the same as the functions of `domain.kpis` over the facts of the same cases.

How a set of cases is measured: `records.measured`. A trend joins the facts to its pieces, whose edges are instants made by the
rules: no database's idea of a time zone is asked. A test holds this and the functions together, on both databases.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Integer,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    text,
    values,
)

from domain.kpis import WAITING, nearest_rank, pareto, share
from domain.periods import Period, Piece
from domain.seen import tickets_seen
from records.counted import DIMENSIONS, NONE, OF_TICKETS, is_one
from records.database import Database
from records.facts import EPOCH, QUARTER
from records.measured import BY, Values, in_order, listed, measured, measured_in_all, nothing, ranks_of, total_of
from records.seen import spans_between
from records.tables import UtcDateTime, facts, tier_facts

Dimension = Literal["team", "tier", "priority", "product", "customer", "category", "owner", "origin", "cause"]

A_DAY: Final = 86_400
IN_MEMORY: Final = {"work_mem": "64MB", "enable_sort": "off"}  # 2,000 customers with all their times take 14 MB
BANDS: Final = (1, 3, 7, 30)  # days: the limits of the ages a backlog is sorted into


@dataclass(frozen=True)
class Wanted:
    """The cases a report is about: opened in the period, with these values by dimension (`NONE`: without any)."""

    period: Period
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """On `facts`."""
        opened = facts.c.opened_at
        return [opened >= self.period.begin, opened < self.period.end, *self.of_dimensions]

    @property
    def of_dimensions(self) -> list[ColumnElement[bool]]:
        """The filters alone."""
        return [is_one(name, value) for name, value in self.filters.items()]


@dataclass(frozen=True)
class Group:
    """The numbers of some of the cases: those with `value` (None: without any), or of the day, week or month from `value`."""

    value: str | None
    values: Values


@dataclass(frozen=True)
class CauseRow:
    """A line of the Pareto; `customers` and `recurrences` are how many there were."""

    value: str
    cases: int
    share: float
    cumulative: float
    customers: int
    recurrences: int


@dataclass(frozen=True)
class TierRow:
    """What became of cases at a tier; seconds are per case, all its stays there together."""

    tier: str
    cases: int
    stays: int
    breaches: int
    seconds: int
    median: int | None
    p90: int | None


@dataclass(frozen=True)
class BacklogRow:
    """What waits now: how many, how old (seconds), and how many in each band of age."""

    value: str | None
    cases: int
    age_median: int | None
    age_p90: int | None
    oldest: int | None
    by_age: tuple[int, ...]


class Figures:
    """Reads only; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """PostgreSQL guesses far too many groups and would sort whole rows on disk for them; it is to add up in memory.

        Both settings end with the transaction.
        """
        with self._database.read() as connection:
            if not self._database.is_sqlite:
                settings = (func.set_config(name, value, True) for name, value in IN_MEMORY.items())
                connection.execute(select(*settings))
            yield connection

    def total(self, wanted: Wanted) -> Values:
        """Every KPI of all these cases, and their escalation rate."""
        with self._reading() as connection:
            found = measured(connection, facts, literal(""), wanted.conditions)
            rates = _rates(connection, wanted, None)
        return {**found.get("", nothing()), "escalation_rate": rates.get(None)}

    def groups(self, wanted: Wanted, by: Dimension) -> list[Group]:
        """The same for each value of a dimension, the one with most cases first."""
        with self._reading() as connection:
            found = measured(connection, facts, DIMENSIONS[by], wanted.conditions)
            return _groups(found, _rates(connection, wanted, by))

    def total_and_groups(self, wanted: Wanted, by: Dimension) -> tuple[Values, list[Group]]:
        """Both of these, in hardly more than the time of one."""
        with self._reading() as connection:
            found, total = measured_in_all(connection, DIMENSIONS[by], wanted.conditions)
            whole = {**total, "escalation_rate": _rates(connection, wanted, None).get(None)}
            return whole, _groups(found, _rates(connection, wanted, by))

    def trend(self, wanted: Wanted, cut: Sequence[Piece]) -> list[Group]:
        """The same for each piece of the period, also those without a case, oldest first."""
        with self._reading() as connection:
            found = measured(connection, *_by_piece(connection, wanted, cut))
            rates = _rates_over_time(connection, wanted, cut)
        return [
            Group(piece.first.isoformat(), {**found.get(number, nothing()), "escalation_rate": rates[number]})
            for number, piece in enumerate(cut)
        ]

    def causes(self, wanted: Wanted, by: Dimension = "cause") -> list[CauseRow]:
        """The Pareto of a dimension among the cases whose cause is recorded."""
        named = DIMENSIONS[by]
        explained = [*wanted.conditions, facts.c.cause.is_not(None), named.is_not(None)]
        sums = func.count().label("cases"), total_of(facts.c.recurrence).label("recurrences")
        # By customer first: PostgreSQL would sort all rows to count different ones.
        each = select(named.label("value"), *sums).where(*explained).group_by(named, facts.c.customer).subquery()
        totals = [cast(func.sum(each.c[name]), BigInteger).label(name) for name in ("cases", "recurrences")]
        query = select(each.c.value, func.count().label("customers"), *totals).group_by(each.c.value)
        with self._reading() as connection:
            found = {row.value: row for row in connection.execute(query)}
        lines = pareto({value: row.cases for value, row in found.items()})
        return [CauseRow(*line, found[line[0]].customers, found[line[0]].recurrences) for line in lines]

    def heat(self, wanted: Wanted) -> dict[tuple[int, int], int]:
        """(weekday, hour) on the clock of the period's zone → cases opened then; Monday is 0."""
        query = select(facts.c.opened_quarter, func.count()).where(*wanted.conditions).group_by(facts.c.opened_quarter)
        zone, found = ZoneInfo(wanted.period.timezone), Counter[tuple[int, int]]()
        with self._reading() as connection:
            for quarter, cases in connection.execute(query):
                at = (EPOCH + quarter * QUARTER).astimezone(zone)
                found[at.weekday(), at.hour] += cases
        return dict(found)

    def time_in_tier(self, wanted: Wanted) -> list[TierRow]:
        """What became of the cases at each tier they came to, the one with most cases first."""
        source, conditions = _at_tiers(wanted)
        sums = [total_of(tier_facts.c[name]).label(name) for name in ("stays", "breaches", "seconds")]
        counts = (func.count().label("cases"), *sums, listed(tier_facts.c.seconds).label("each"))
        query = select(tier_facts.c.tier, *counts).select_from(source)
        with self._reading() as connection:
            found = connection.execute(query.where(*conditions).group_by(tier_facts.c.tier)).all()
        rows = [
            TierRow(one.tier, one.cases, one.stays, one.breaches, one.seconds, *ranks_of(in_order(one.each)))
            for one in found
        ]
        return sorted(rows, key=lambda row: (-row.cases, row.tier))

    def backlog(self, filters: Mapping[str, str], by: Dimension | None, now: datetime) -> list[BacklogRow]:
        """What waits now, in all or for each value of a dimension, the largest first; empty when nothing waits."""
        named = DIMENSIONS[by] if by else literal("")
        chosen = [facts.c.status.in_(WAITING), *(is_one(name, value) for name, value in filters.items())]
        ages: defaultdict[str | None, list[int]] = defaultdict(list)
        with self._reading() as connection:
            for value, opened_at in connection.execute(select(named, facts.c.opened_at).where(*chosen)):
                ages[value if by else None].append((now - opened_at) // timedelta(seconds=1))
        rows = [_backlog_row(value, found) for value, found in ages.items()]
        return sorted(rows, key=lambda row: (-row.cases, row.value is None, row.value or ""))


def _groups(found: Mapping[str | None, Values], rates: Mapping[str | None, float | None]) -> list[Group]:
    made = [Group(value, {**one, "escalation_rate": rates.get(value)}) for value, one in found.items()]
    return sorted(made, key=lambda one: (-(one.values["volume"] or 0), one.value is None, one.value or ""))


def _by_piece(
    connection: Connection, wanted: Wanted, cut: Sequence[Piece]
) -> tuple[FromClause, ColumnElement[int], list[ColumnElement[bool]]]:
    """What to select from, the number of the piece a case was opened in, and the conditions.

    PostgreSQL finds the piece of each case; SQLite, which cannot, finds the cases of each piece, a range of the index.
    """
    if connection.dialect.name == "postgresql":
        begins = cast([piece.begin for piece in cut], ARRAY(DateTime(timezone=True)))
        return facts, func.width_bucket(facts.c.opened_at, begins) - 1, wanted.conditions
    columns = (column("number", Integer), column("begins", UtcDateTime), column("ends", UtcDateTime))
    edges = values(*columns, name="pieces").data([(n, one.begin, one.end) for n, one in enumerate(cut)]).cte()
    inside = and_(facts.c.opened_at >= edges.c.begins, facts.c.opened_at < edges.c.ends)
    return edges.join(facts, inside), edges.c.number, wanted.of_dimensions


def _at_tiers(wanted: Wanted) -> tuple[FromClause, list[ColumnElement[bool]]]:
    """The rows of tiers for these cases; where nothing is filtered they know themselves when the case was opened."""
    opened = tier_facts.c.opened_at
    inside = [opened >= wanted.period.begin, opened < wanted.period.end]
    if not wanted.filters:
        return tier_facts, inside
    same = and_(tier_facts.c.id == facts.c.id, tier_facts.c.episode == facts.c.episode)
    return facts.join(tier_facts, same), [*inside, *wanted.conditions]


def _rates(connection: Connection, wanted: Wanted, by: Dimension | None) -> dict[str | None, float | None]:
    """Value of `by` (None: all) → escalation rate; nothing where tickets are not counted that way."""
    if not _counts_tickets(wanted) or by not in (None, *OF_TICKETS):
        return {}
    begin, end = wanted.period.begin, wanted.period.end
    spans = spans_between(connection, begin, end)
    named = DIMENSIONS[by] if by else literal("")
    query = select(named, facts.c.system, func.count()).where(*wanted.conditions).group_by(named, facts.c.system)
    cases: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    if spans and by is None:
        cases[None] = Counter()  # also where no case was opened, tickets were seen
    for value, system, count in connection.execute(query) if spans else ():
        cases[value if by else None][system] += count
    asked = {**wanted.filters}
    found: dict[str | None, float | None] = {}
    for value, counted in cases.items():
        if value is not None or by is None:
            seen = tickets_seen(spans, begin, end, **(asked | ({by: value} if by and value else {})))
            found[value] = share(sum(counted[system] for system in seen), sum(seen.values()))
    return found


def _counts_tickets(wanted: Wanted) -> bool:
    """Whether somebody could say how many tickets there were like these: of a product, yes; of those without any, no."""
    return wanted.filters.keys() <= OF_TICKETS and NONE not in wanted.filters.values()


def _rates_over_time(connection: Connection, wanted: Wanted, cut: Sequence[Piece]) -> list[float | None]:
    """The escalation rate of each piece."""
    spans = spans_between(connection, wanted.period.begin, wanted.period.end)
    if not spans or not _counts_tickets(wanted):
        return [None] * len(cut)
    source, number, conditions = _by_piece(connection, wanted, cut)
    query = select(number.label(BY), facts.c.system, func.count()).select_from(source).where(*conditions)
    cases = [Counter[str]() for _ in cut]
    for place, system, count in connection.execute(query.group_by(text(BY), facts.c.system)):
        cases[place][system] = count
    by_piece = [tickets_seen(spans, piece.begin, piece.end, **wanted.filters) for piece in cut]
    return [
        share(sum(counted[one] for one in seen), sum(seen.values()))
        for counted, seen in zip(cases, by_piece, strict=True)
    ]


def _backlog_row(value: str | None, ages: Sequence[int]) -> BacklogRow:
    limits = [0, *(days * A_DAY for days in BANDS)]
    bands = Counter(sum(age >= limit for limit in limits[1:]) for age in ages)
    by_age = tuple(bands[number] for number in range(len(limits)))
    return BacklogRow(value, len(ages), nearest_rank(ages, 50), nearest_rank(ages, 90), max(ages), by_age)
