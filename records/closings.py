"""How many cases were closed in each piece of a period: the other half of a trend, whose numbers are by opening.

A case counts when it ended, whenever it was opened, withdrawn ones too. The pieces are joined to the rows of cases, whose
`closed_at` has an index; the facts are read only where something is filtered by.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import FromClause, Integer, and_, column, func, select, values

from domain.periods import Piece
from records.counted import is_one
from records.database import Database
from records.tables import UtcDateTime, escalations, facts


def closings(database: Database, cut: Sequence[Piece], filters: Mapping[str, str]) -> list[int]:
    """The count of each piece, in their order; `filters` are those of `records.figures.Wanted`."""
    columns = (column("number", Integer), column("begins", UtcDateTime), column("ends", UtcDateTime))
    edges = values(*columns, name="pieces").data([(n, one.begin, one.end) for n, one in enumerate(cut)]).cte()
    closed = escalations.c.closed_at
    source: FromClause = edges.join(escalations, and_(closed >= edges.c.begins, closed < edges.c.ends))
    if filters:
        same = and_(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
        source = source.join(facts, same)
    conditions = [is_one(name, value) for name, value in filters.items()]
    query = (
        select(edges.c.number, func.count().label("cases"))
        .select_from(source)
        .where(*conditions)
        .group_by(edges.c.number)
    )
    with database.read() as connection:
        found = {row.number: row.cases for row in connection.execute(query)}
    return [found.get(number, 0) for number in range(len(cut))]
