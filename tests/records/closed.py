"""Closed cases for the tests of finding them again; the texts beside this file are a made-up desk's in English and German."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.outcome import Transition
from records.database import Database
from records.transitions import Transitions
from tests.records.samples import NOW, document, text


def lines(name: str) -> list[list[str]]:
    """The lines of a file beside this one, in their columns."""
    written = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [[part.strip() for part in line.split("|")] for line in written if line and not line.startswith("#")]


def closed(
    id: str = "zendesk-1",
    subject: str = "Checkout is down",
    cause: str = "Certificate expired",
    fix: str = "Renewed",
    days: float = 0,
    **changes: Any,
) -> dict[str, Any]:
    """A closed document; `product`, `category`, `description` are the ticket's, `origin` the cause's, `customer` an id."""
    named: dict[str, Any] = {name: changes[name] for name in ("episode", "version") if name in changes}
    whole = document(id, **named)
    ticket: dict[str, Any] = {name: changes[name] for name in ("product", "category", "description") if name in changes}
    return whole | {
        "status": "closed",
        "closed_at": text(NOW + timedelta(days=days)),
        "ticket": whole["ticket"] | {"subject": subject, **ticket},
        "customer": {"id": changes.get("customer", "acme"), "name": changes.get("name", "Acme GmbH")},
        "resolution": {"summary": fix, "by": "dana", "at": text(NOW)},
        "root_cause": {
            "category": "certificate",
            "origin": changes.get("origin", "ours"),
            "description": cause,
            "at": text(NOW),
        },
    }


def close(database: Database, *documents: dict[str, Any]) -> None:
    """Record their closing."""
    for one in documents:
        Transitions(database).record(Transition(document=one, version=one["version"]), NOW)


def desk(database: Database) -> None:
    """All closed cases of the made-up desk, one a day."""
    for number, (product, subject, cause, fix) in enumerate(lines("closed_cases.txt")):
        close(database, closed(f"zendesk-{number}", subject, cause, fix, days=number - 200, product=product))
