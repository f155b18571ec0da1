"""The rows of a preview folded, as the API gives them: a row without its time, and what it speaks of as how far ahead that is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain import folding
from domain.folding import Again

Row = Mapping[str, Any]


def folded(rows: Sequence[Row]) -> Iterator[Row | Again[Row]]:
    """The rows in their order; where several moments repeat, `Again` stands for all but the first."""
    return folding.folded(rows, _at, _said)


def _at(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["at"]))


def _said(row: Row) -> Row:
    return {**row, "at": None, "by": datetime.fromisoformat(row["by"]) - _at(row) if row["by"] else None}
