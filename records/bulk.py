"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

Columns of JSON take text that is JSON already: who writes a million documents has them as text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table

Row = Mapping[str, Any]


def insert_many(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all name the same columns; a column that none names is empty, or numbered by the database."""
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in rows[0])
    into, values = f"{quote(table.name)} ({names})", _values(connection, table, rows)
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()  # psycopg's, which can copy
        with cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
    else:  # the driver's own words: SQLAlchemy would look at every value of every row once more
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({', '.join('?' * len(rows[0]))})", list(values))  # noqa: S608 - names of ours


def _values(connection: Connection, table: Table, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver takes them, in the order of the first one's names."""
    prepared = [(name, _processor(connection, table.c[name])) for name in rows[0]]
    for row in rows:
        yield tuple([made(row[name]) if made else row[name] for name, made in prepared])


def _processor(connection: Connection, column: Column[Any]) -> Callable[[Any], Any] | None:
    """What a value becomes on its way to this database; None where it stays as it is."""
    if isinstance(column.type, JSON):
        return None
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
