"""What was missed at each tier over time, and what became of cases there by team, product and every other dimension.

`Figures.time_in_tier` says the same of all cases together. A test holds all three and the functions of `domain.kpis` together,
on both databases.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Integer,
    and_,
    cast,
    column,
    func,
    select,
    text,
    values,
)

from domain.periods import Piece
from records.counted import DIMENSIONS
from records.database import Database
from records.figures import Dimension, TierRow, Wanted
from records.measured import BY, in_order, listed, ranks_of, total_of
from records.tables import UtcDateTime, facts, tier_facts

_WITH_TIERS: Final = facts.join(
    tier_facts, and_(tier_facts.c.id == facts.c.id, tier_facts.c.episode == facts.c.episode)
)


def time_in_tier_by(database: Database, wanted: Wanted, by: Dimension) -> dict[str | None, list[TierRow]]:
    """Value of the dimension → what became of its cases at each tier, the one with most cases first."""
    sums = [total_of(tier_facts.c[name]).label(name) for name in ("stays", "breaches", "seconds")]
    counts = (func.count().label("cases"), *sums, listed(tier_facts.c.seconds).label("each"))
    query = select(DIMENSIONS[by].label(BY), tier_facts.c.tier, *counts).select_from(_WITH_TIERS)
    query = query.where(*wanted.conditions).group_by(text(BY), tier_facts.c.tier)
    found: defaultdict[str | None, list[TierRow]] = defaultdict(list)
    with database.read() as connection:
        for one in connection.execute(query):
            ranks = ranks_of(in_order(one.each))
            found[one[0]].append(TierRow(one.tier, one.cases, one.stays, one.breaches, one.seconds, *ranks))
    return {value: sorted(rows, key=lambda row: (-row.cases, row.tier)) for value, rows in found.items()}


def breaches_over_time(database: Database, wanted: Wanted, cut: Sequence[Piece]) -> list[dict[str, int]]:
    """Tier → targets missed there by the cases opened in each piece, oldest first; 0 where they came and missed none."""
    found = [dict[str, int]() for _ in cut]
    with database.read() as connection:
        source, number, conditions = _by_piece(connection, wanted, cut)
        columns = (number.label(BY), tier_facts.c.tier, total_of(tier_facts.c.breaches))
        query = select(*columns).select_from(source).where(*conditions)
        for place, tier, breaches in connection.execute(query.group_by(text(BY), tier_facts.c.tier)):
            found[place][tier] = breaches
    return found


def _by_piece(
    connection: Connection, wanted: Wanted, cut: Sequence[Piece]
) -> tuple[FromClause, ColumnElement[int], list[ColumnElement[bool]]]:
    """As in `records.figures`; a tier knows when its case was opened, so the facts are read only where something is filtered."""
    source, opened = (_WITH_TIERS if wanted.filters else tier_facts), tier_facts.c.opened_at
    if connection.dialect.name == "postgresql":
        begins = cast([piece.begin for piece in cut], ARRAY(DateTime(timezone=True)))
        inside = [opened >= wanted.period.begin, opened < wanted.period.end]
        return source, func.width_bucket(opened, begins) - 1, [*inside, *wanted.of_dimensions]
    columns = (column("number", Integer), column("begins", UtcDateTime), column("ends", UtcDateTime))
    edges = values(*columns, name="pieces").data([(n, one.begin, one.end) for n, one in enumerate(cut)]).cte()
    within = and_(opened >= edges.c.begins, opened < edges.c.ends)
    return edges.join(source, within), edges.c.number, wanted.of_dimensions
