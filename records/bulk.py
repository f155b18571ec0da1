"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

Columns of JSON take text that is JSON already: who writes a million documents has them as text.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, Column, Connection, MetaData, Table, Text, insert

Row = Mapping[str, Any]


def insert_many(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all name the same columns; a column that none names is empty, or numbered by the database."""
    if not rows:
        return
    taken = _as_text(table, tuple(rows[0]))
    if connection.dialect.name != "postgresql":
        connection.execute(insert(taken), list(rows))
        return
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(column.name) for column in taken.c)
    prepared = [_processor(connection, column) for column in taken.c]
    cursor: Any = connection.connection.cursor()  # psycopg's, which can copy
    with cursor.copy(f"COPY {preparer.quote(table.name)} ({names}) FROM STDIN") as into:
        for row in rows:
            into.write_row([made(row[name]) if made else row[name] for name, made in prepared])


def _processor(connection: Connection, column: Column[Any]) -> tuple[str, Any]:
    return column.name, column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)


@cache
def _as_text(table: Table, names: tuple[str, ...]) -> Table:
    """The same table, as far as it is named, with plain text where it has JSON."""
    columns = [table.c[name] for name in names]
    plain = [Column(one.name, Text() if isinstance(one.type, JSON) else one.type) for one in columns]
    return Table(table.name, MetaData(), *plain)
