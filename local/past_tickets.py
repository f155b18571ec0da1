"""A file of past tickets, read line by line: columns by their name in the first line, `,` or `;` between them, UTF-8.

A fault of the file as a whole (no such file, no UTF-8, no column `opened_at`) is `FileFault`; a fault of one line is a sentence
about that line, and the others are played. The file is never in memory as a whole.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from domain.backtest import PastTicket
from domain.calendars import wall_to_utc
from domain.tickets import Customer

SEPARATORS = (",", ";")
REQUIRED = "opened_at"
LISTS = ("tags", "updated_at")  # several values in one cell, `;` between them
TIMES = ("opened_at", "acknowledged_at", "resolved_at", "closed_at", "updated_at")
LOWERED = ("system", "priority", "impact", "urgency", "trigger")  # exports write `High`; we mean the same
SHORTEST_TIME = len("2026-03-06 17")  # what is shorter is a day, and midnight would be a guess
LONGEST_CELL = 40  # characters of a cell that a fault repeats

PLACES: Mapping[str, tuple[str, ...]] = {
    "id": ("ticket", "id"),
    "system": ("ticket", "system"),
    "subject": ("ticket", "subject"),
    "category": ("ticket", "category"),
    "product": ("ticket", "product"),
    "tags": ("ticket", "tags"),
    "trigger": ("trigger", "kind"),
    "customer_id": ("customer", "id"),
    "customer_name": ("customer", "name"),
    "customer_tier": ("customer", "tier"),
    "customer_since": ("customer", "since"),
    "annual_value": ("customer", "annual_value"),
    "locale": ("customer", "locale"),
    "timezone": ("customer", "timezone"),
    "priority": ("priority",),
    "impact": ("impact",),
    "urgency": ("urgency",),
    **{name: (name,) for name in TIMES},
}
COLUMNS_OF = {place: column for column, place in PLACES.items()}

LEVELS = "write low, medium or high"
TIME_FORMS = "write a time such as 2026-03-06T17:50:00+01:00"
HINTS = {
    "system": "write 1 to 32 of a-z, 0-9 and _, such as zendesk",
    "trigger": "write 1 to 64 of a-z, 0-9 and _, such as sla_breach",
    "customer_since": "write a day such as 2019-04-01",
    "annual_value": "write a number such as 120000",
    "locale": "write a language such as de or en-GB",
    "timezone": "write an IANA name such as Europe/Berlin",
    "priority": "write low, medium, high or critical",
    "impact": LEVELS,
    "urgency": LEVELS,
}
# Where the file does not say: the customer can be reached on every channel, for the past knows no address that did not work.
REACHABLE = {"email": "customer@example.com", "phone": "+493012345678"}


class FileFault(Exception):
    """The file cannot be read at all; the text says why and what to do about it."""


class LineFault(Exception):
    """One line is no ticket; the text says which column is wrong, and what to write instead."""


@dataclass(frozen=True)
class Line:
    """The cells of one ticket, and the number of the line it begins on (a quoted cell may hold several)."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Columns:
    """What the first line says: the column of each cell. `unknown` are those nobody here reads."""

    names: tuple[str, ...]
    separator: str

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in PLACES)


def columns_of(file: Path) -> Columns:
    """The columns of the file. Raises FileFault."""
    with _readable(file), file.open(encoding="utf-8-sig", newline="") as opened:
        first = opened.readline()
        found = max((_split(first, separator) for separator in SEPARATORS), key=lambda one: len(one.names))
    known = [name for name in found.names if name in PLACES]
    if REQUIRED not in known:
        raise FileFault(
            f"{file}: the first line names no column '{REQUIRED}'; it is the one that must be there. "
            f"Write names such as {REQUIRED},id,priority,acknowledged_at,resolved_at,closed_at in the first line"
        )
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise FileFault(f"{file}: the first line names the column '{twice[0]}' twice; leave one of them out")
    return found


def lines_of(file: Path, columns: Columns) -> Iterator[Line]:
    """Every line but the first and the empty ones. Raises FileFault, also in the middle."""
    with _readable(file), file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened, delimiter=columns.separator)
        try:
            next(reader, None)
            begins = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Line(begins, cells)
                begins = reader.line_num + 1
        except csv.Error as error:
            raise FileFault(f"{file}, line {reader.line_num}: {error}; is a quotation mark left open?") from None


def ticket_of(line: Line, columns: Columns, zone: ZoneInfo | None) -> PastTicket:
    """The ticket of a line; times without an offset are local to `zone`. Raises LineFault with everything that is wrong."""
    if len(line.cells) != len(columns.names):
        raise LineFault(
            f"has {len(line.cells)} {'cell' if len(line.cells) == 1 else 'cells'} where the first line has {len(columns.names)}"
        )
    pairs = zip(columns.names, line.cells, strict=True)
    cells = {name: cell.strip() for name, cell in pairs if name in PLACES and cell.strip()}
    values, faults = _values(cells, zone)
    try:
        past = PastTicket.model_validate(_nested(values, line))
    except ValidationError as error:
        raise _line_fault({**_faults(error, cells), **faults}, columns) from None
    if faults:
        raise _line_fault(faults, columns)
    reachable: Customer = past.customer.model_copy(update=REACHABLE)
    return past.model_copy(update={"customer": reachable})


def _line_fault(faults: Mapping[str, str], columns: Columns) -> LineFault:
    """Everything that is wrong with a line, in the order of its cells."""
    return LineFault("; ".join(f"{column}: {faults[column]}" for column in columns.names if column in faults))


def _values(cells: Mapping[str, str], zone: ZoneInfo | None) -> tuple[dict[str, object], dict[str, str]]:
    """Texts as values, and what could not be read, both by column."""
    values: dict[str, object] = {}
    faults: dict[str, str] = {}
    for column, text in cells.items():
        try:
            values[column] = _value(column, text, zone)
        except ValueError as error:
            faults[column] = str(error)
    return values, faults


def _value(column: str, text: str, zone: ZoneInfo | None) -> object:
    if column in LISTS:
        parts = [part.strip() for part in text.split(";") if part.strip()]
        return [_time(part, zone) for part in parts] if column in TIMES else parts
    if column in TIMES:
        return _time(text, zone)
    if column == "annual_value":
        return _number(text)
    if column == "customer_since":
        return _day(text)
    return text.lower() if column in LOWERED else text


def _time(text: str, zone: ZoneInfo | None) -> datetime:
    try:
        at = datetime.fromisoformat(text) if len(text) >= SHORTEST_TIME else None
    except ValueError:
        at = None
    if at is None:
        raise ValueError(f"{_shown(text)} is no time; {TIME_FORMS}")
    if at.tzinfo is not None:
        return at
    if zone is None:
        raise ValueError(f"{_shown(text)} has no offset; {TIME_FORMS}, or name the zone of the file with --timezone")
    return wall_to_utc(at, zone)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{_shown(text)} is no number; {HINTS['annual_value']}") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_shown(text)} is no day; {HINTS['customer_since']}") from None


def _nested(values: Mapping[str, object], line: Line) -> dict[str, object]:
    """The values at their places, with something harmless where the file is silent."""
    ticket: dict[str, object] = {"system": "past", "id": f"line-{line.number}", "subject": "A past ticket"}
    customer: dict[str, object] = {"id": "customer"}
    trigger: dict[str, object] = {"kind": "manual"}
    whole: dict[str, object] = {"ticket": ticket, "customer": customer, "trigger": trigger}
    parts = {"ticket": ticket, "customer": customer, "trigger": trigger}
    for column, value in values.items():
        *inside, last = PLACES[column]
        (parts[inside[0]] if inside else whole)[last] = value
    customer.setdefault("name", customer["id"])
    return whole


def _faults(error: ValidationError, cells: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by column, in the words of this file and not of the model behind it."""
    found: dict[str, str] = {}
    for fault in error.errors():
        path = tuple(str(part) for part in fault["loc"])
        column = COLUMNS_OF.get(path[:2]) or COLUMNS_OF.get(path[:1])
        if column == REQUIRED and column not in cells:
            found[column] = f"is empty; {TIME_FORMS}"
        elif column is not None and column in cells:  # a name left out is the id, and that is named already
            why = HINTS.get(column) or fault["msg"].removeprefix("Value error, ")
            found.setdefault(column, f"{_shown(cells[column])}: {why}")
    return found


def _shown(text: str) -> str:
    short = text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
    return repr(short)


def _split(first: str, separator: str) -> Columns:
    cells = next(csv.reader([first], delimiter=separator), [])
    return Columns(tuple(cell.strip().lower() for cell in cells), separator)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileFault(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileFault(f"{file}{_odd_place(file)}; save it as UTF-8 (in a spreadsheet: CSV UTF-8)") from None


def _odd_place(file: Path) -> str:
    """Where the first byte is that is no UTF-8, looked for anew: the reader was already further on."""
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f", line {number}: byte 0x{line[error.start]:02X} is no UTF-8"
    return " is no UTF-8"
