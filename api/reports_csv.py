"""A report as CSV: one table, the first row its headings. A text that a spreadsheet would take for a formula is told as text."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

CSV: Final = "text/csv"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a cell begins that Excel and its like would run
ROWS: Final = ("causes", "cells", "tiers")  # reports that are a table already


class Csv(Response):
    """The table of a report, for download."""

    media_type = CSV

    def __init__(self, report: Mapping[str, Any]) -> None:
        super().__init__(as_csv(report), headers={"Content-Disposition": 'attachment; filename="report.csv"'})


def wants_csv(format: str | None, accept: str) -> bool:
    """The parameter wins; else a caller that names CSV and not JSON."""
    return format == "csv" if format else CSV in accept and "json" not in accept


def as_csv(report: Mapping[str, Any]) -> str:
    """The report's rows; where it is grouped, a row for each group and a column for each number."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([safe(cell) for cell in row] for row in _table(report))
    return out.getvalue()


def safe(cell: Any) -> Any:
    """The cell as it may stand in a spreadsheet: numbers as they are, and no text that is a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _table(report: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    rows = next((report[name] for name in ROWS if name in report), None)
    if rows is None:
        yield from _groups(report)
        return
    names = [name for name in (rows[0] if rows else ()) if name != "cases"]
    yield names
    yield from ([row[name] for name in names] for row in rows)


def _groups(report: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """All of it first, as `*`, where the report has that; then each group."""
    whole = [{"value": "*", "figures": report["figures"]}] if "figures" in report else []
    rows = [*whole, *report["groups"]]
    yield [report["group_by"] or "group", *(one["kpi"] for one in rows[0]["figures"])] if rows else ["group"]
    for row in rows:
        yield [row["value"], *(one["value"] for one in row["figures"])]
