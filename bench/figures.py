"""What was measured, beside its aim: as a table for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

HEADER = ("figure", "unit", "Tierline", "bare", "aim", "")
MISSED = {True: "reached", False: "MISSED", None: ""}


@dataclass(frozen=True)
class Figure:
    """One line of the table; `bare` and `aim` are None where there is nothing to compare with."""

    key: str
    what: str
    unit: str
    tierline: float
    bare: float | None = None
    aim: str | None = None
    reached: bool | None = None


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)]


def table(figures: Sequence[Figure]) -> str:
    """A table that reads well in a terminal and in Markdown."""
    rows = [HEADER, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [_line(row, widths) for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(path: Path, about: Mapping[str, Any], figures: Sequence[Figure]) -> None:
    """The same, with what it was measured on."""
    results = {**about, "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(figure: Figure) -> tuple[str, ...]:
    bare = "" if figure.bare is None else _number(figure.bare)
    return (
        figure.what,
        figure.unit,
        _number(figure.tierline),
        bare,
        figure.aim or "",
        MISSED[figure.reached],
    )


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.0f}" if value == round(value) else f"{value:,.{digits}f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if 1 < column < 4 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"
