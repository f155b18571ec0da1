"""A report as CSV: one table, the first row its headings. A text that a spreadsheet would take for a formula is told as text."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.report_shapes import CauseRow, HeatCell, TierRow
from api.shapes import Shape

CSV: Final = "text/csv"
MARK: Final = "\ufeff"  # Excel takes a file without it for one of its own code page; what reads a pipe trips over it
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a cell begins that Excel and its like would run
Row = Mapping[str, Any]

ROWS: Final[Mapping[str, type[Shape]]] = {"causes": CauseRow, "cells": HeatCell, "tiers": TierRow}
"""Reports that are a table already, and what their rows are."""


class Csv(Response):
    """The table of a report, for download."""

    media_type = CSV

    def __init__(self, report: Mapping[str, Any], name: str, *, for_excel: bool = False) -> None:
        saved_as = f'attachment; filename="{file_name(report, name)}"'
        table = f"{MARK if for_excel else ''}{as_csv(report)}"
        super().__init__(table, headers={"Content-Disposition": saved_as, "Cache-Control": "no-store"})


def wants_csv(format: str | None, accept: str) -> bool:
    """The parameter wins; else a caller that names CSV and not JSON."""
    return format == "csv" if format else CSV in accept and "json" not in accept


def as_csv(report: Mapping[str, Any]) -> str:
    """The report's rows; where it is grouped, a row for each group and a column for each number."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([safe(cell) for cell in row] for row in _table(report))
    return out.getvalue()


def file_name(report: Mapping[str, Any], name: str) -> str:
    """`tierline-trend-2026-03-01-2026-03-31.csv`: its first and its last day in its time zone; of now: today."""
    if "from" not in report:
        return f"tierline-{name}-{report['at'][:10]}.csv"
    begin, end = (
        datetime.fromisoformat(report[one]).astimezone(ZoneInfo(report["timezone"])) for one in ("from", "to")
    )
    last = end - timedelta(microseconds=1)  # the end is not part of it
    return f"tierline-{name}-{begin:%Y-%m-%d}-{last:%Y-%m-%d}.csv"


def safe(cell: Any) -> Any:
    """The cell as it may stand in a spreadsheet: numbers as they are, and no text that is a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _table(report: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    kind = next((name for name in ROWS if name in report), None)
    if kind is None:
        yield from _groups(report)
        return
    names, rows = [name for name in ROWS[kind].model_fields if not name.endswith("cases")], report[kind]
    if kind == "tiers" and report["group_by"]:
        names, rows = ["value", *names], _with_groups(rows, report["groups"])
    yield names
    yield from ([row[name] for name in names] for row in rows)


def _with_groups(rows: Sequence[Row], groups: Sequence[Row]) -> Sequence[Row]:
    """Tiers may be grouped, too: then the rows of all are `*`, and those of each group follow."""
    return [{"value": one["value"], **row} for one in ({"value": "*", "tiers": rows}, *groups) for row in one["tiers"]]


def _groups(report: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """All of it first, as `*`, where the report has that; then each group."""
    whole = [{"value": "*", "figures": report["figures"]}] if "figures" in report else []
    rows = [*whole, *report["groups"]]
    yield [report["group_by"] or "group", *(name for name, _ in _numbers(rows[0]))] if rows else ["group"]
    for row in rows:
        yield [row["value"], *(value for _, value in _numbers(row))]


def _numbers(row: Row) -> Iterator[tuple[str, Any]]:
    """The heading and the value of each."""
    yield from ((one["kpi"], one["value"]) for one in row["figures"])
    yield from ((f"breaches_at_{one['tier']}", one["breaches"]) for one in row.get("breaches_by_tier", ()))
