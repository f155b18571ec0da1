"""What of a closed case is kept to be found again, derived from its document and never given.

As little of the customer as can be: their id, to filter by, and what people wrote as subject, cause and fix. Neither their
name nor their address is among the words a case is found by, even where the texts mention them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from domain.search_words import forms, guess
from records.tables import closures

LONGEST_KEPT = 2_000  # characters of a fix or a cause; the case itself has the whole
LONGEST_READ = 2_000  # characters of each text that give words; a description goes on with logs
MOST_TERMS = 200  # forms; so that a long text is not found by everything


def keep(connection: Connection, document: Mapping[str, Any]) -> None:
    """Enter a closed case; one that is entered, and one that is not closed, change nothing.

    Call it in the transaction that holds the row of the escalation: nobody else can be entering it then.
    """
    known = select(closures.c.number).where(_of((document["id"], document["episode"])))
    if document["status"] == "closed" and document["closed_at"] and connection.scalar(known) is None:
        connection.execute(closures.insert().values(**closure_row(document)))


def take_back(connection: Connection, case: tuple[str, int]) -> None:
    """Forget that the case `(id, episode)` was closed."""
    connection.execute(delete(closures).where(_of(case)))


def closure_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """All columns of `closures` but the number, for a closed document with the keys of `domain.view`."""
    ticket, cause, resolution = document["ticket"], document["root_cause"] or {}, document["resolution"] or {}
    subject, fix, why = ticket["subject"], resolution.get("summary"), cause.get("description")
    product, category = ticket.get("product"), ticket.get("category")
    described = ticket.get("description")
    return {
        "id": document["id"],
        "episode": document["episode"],
        "closed_at": datetime.fromisoformat(document["closed_at"]),
        "customer": document["customer"]["id"],
        "product": product,
        "category": category,
        "cause_category": cause.get("category"),
        "origin": cause.get("origin"),
        "priority": document["priority"],
        "subject": subject,
        "fix": _kept(fix),
        "cause": _kept(why),
        "language": guess(_read(subject, described, why, fix)),
        "subject_terms": " ".join(_terms(document, [subject])),
        "terms": _terms(document, [subject, product, category, cause.get("category"), fix, why, described]),
    }


def _terms(document: Mapping[str, Any], texts: Iterable[str | None]) -> tuple[str, ...]:
    customer = document["customer"]
    names = frozenset(forms([customer["id"], customer["name"]]))
    found = forms(text[:LONGEST_READ] for text in texts if text)
    return tuple(form for form in found if form not in names)[:MOST_TERMS]


def _read(*texts: str | None) -> str:
    return "\n".join(text[:LONGEST_READ] for text in texts if text)


def _kept(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_KEPT else text[: LONGEST_KEPT - 1].rstrip() + "…"


def _of(case: tuple[str, int]) -> ColumnElement[bool]:
    return and_(closures.c.id == case[0], closures.c.episode == case[1])
