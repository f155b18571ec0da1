"""What is left of a case when its customer is forgotten: who did what and when, numbers and categories, and no word about them.

What holds words is known by its place and emptied whole; nobody can say of a free text whether it speaks of a person. Only
texts about something else (a problem, a message of another case) are searched for the customer's own words (`Traces`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.messages import CUSTOMER

FORGOTTEN = "(forgotten)"
PSEUDONYM = "forgotten-"  # begins the id that takes the place of a customer's
OUT_OF_REACH = 1_000_000  # added to versions: a record of the case that comes late does not bring its words back

SHORTEST_NAME = 4  # characters; a shorter one is a part of many words that mean nobody
SHORTEST_TEXT = 12  # of a subject or a fix; `Down` is no trace of anybody
LONGEST_TEXT = 40  # how far into one it is looked for: where it is quoted, it may be cut

WRITTEN_BY_PEOPLE = frozenset(
    {
        *("opened", "acknowledged", "escalated", "handed_back", "paused", "note", "customer_told", "customer_replied"),
        *("reprioritized", "resolved", "root_cause_recorded", "reopened", "cancelled", "delivery_failed"),
    }
)
"""The kinds of lines whose text repeats what somebody wrote, or an address."""
TYPED = ("words", "note", "comment", "text", "mail")  # in the data of a line; in its place stands nothing
OF_A_MESSAGE = ("action", "problem", "command", "due_at", "due_on", "next_update_by", "target", "percent", "score")
"""The facts of a message that are ids, times and numbers."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Traces:
    """The words by which a customer is known in texts about something else: `who` names them, `about` quotes their cases."""

    who: tuple[str, ...]
    about: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.who, *self.about)

    def name_them(self, text: str | None) -> bool:
        """Whether a text says who they are, in whole words and any case of letters."""
        return _mentions(text, self.who)

    def betrayed_by(self, text: str | None) -> bool:
        """Whether a text says who they are or quotes a case of theirs."""
        return _mentions(text, self.all)


def traces_of(documents: Iterable[Document]) -> Traces:
    """What the cases of one customer know of them."""
    who: dict[str, None] = {}
    about: dict[str, None] = {}
    for one in documents:
        customer, cause, fix = one["customer"], one["root_cause"] or {}, one["resolution"] or {}
        name = customer["name"] if len(customer["name"]) >= SHORTEST_NAME else None
        who |= dict.fromkeys(word for word in (name, customer.get("email"), customer.get("phone")) if word)
        texts = (one["ticket"]["subject"], one["ticket"].get("url"), fix.get("summary"), cause.get("description"))
        about |= dict.fromkeys(text[:LONGEST_TEXT].strip() for text in texts if text and len(text) >= SHORTEST_TEXT)
    return Traces(tuple(word for word in who if word != FORGOTTEN), tuple(about))


def forgotten_case(document: Document, pseudonym: str) -> Document:
    """The document of a case that is over, without its customer: keys and what the figures are made of stay."""
    return {
        **document,
        "version": document["version"] + (0 if is_forgotten(document) else OUT_OF_REACH),
        "priority_reasons": [],
        "ticket": _ticket(document["ticket"]),
        "customer": _customer(document["customer"], pseudonym),
        "trigger": _emptied(document["trigger"], detail=None, reasons=[]),
        "pause": _emptied(document["pause"], note=None),
        "resolution": _emptied(document["resolution"], summary=FORGOTTEN, customer_message=None),
        "root_cause": _root_cause(document["root_cause"]),
        "survey": _emptied(document["survey"], comment=None),
    }


def is_forgotten(document: Document) -> bool:
    """Whether its customer was forgotten before."""
    return str(document["customer"]["id"]).startswith(PSEUDONYM)


def forgotten_line(kind: str, actor: str, text: str, data: Mapping[str, Any], traces: Traces) -> tuple[str, Document]:
    """Text and data of a line of the timeline without what anybody wrote; its sentence is still made of what stays."""
    kept = {key: None if key in TYPED else value for key, value in data.items()}
    if kind == "delivery_failed" and "reason" in kept:
        kept["reason"] = None  # the provider's own words, which may repeat the address
    if kept.get("reasons"):
        kept["reasons"] = []
    wordy = kind in WRITTEN_BY_PEOPLE or actor == CUSTOMER or traces.betrayed_by(text)
    return (FORGOTTEN if wordy else text), kept


def forgotten_message(document: Document, traces: Traces) -> Document:
    """The message as the rules made it, without the words it carries."""
    facts = {key: value for key, value in document["facts"].items() if key in OF_A_MESSAGE}
    return {
        **document,
        "facts": facts,
        "purpose": "" if traces.betrayed_by(document["purpose"]) else document["purpose"],
    }


def _ticket(ticket: Mapping[str, Any]) -> Document:
    kept = {key: ticket.get(key) for key in ("category", "product", "opened_at")}
    known = {"system": ticket["system"], "id": ticket["id"], "subject": FORGOTTEN}
    return {**known, "description": None, "url": None, "history": [], **kept, "tags": []}


def _customer(customer: Mapping[str, Any], pseudonym: str) -> Document:
    """Their tier stays: it is one of a few. Since when they are one and what they pay may be nobody else's."""
    unknown = dict.fromkeys(("email", "phone", "since", "annual_value", "locale", "timezone"))
    return {**unknown, "id": pseudonym, "name": FORGOTTEN, "tier": customer.get("tier")}


def _root_cause(cause: Mapping[str, Any] | None) -> Document | None:
    if cause is None:
        return None
    actions = [{**action, "text": FORGOTTEN} for action in cause.get("actions") or ()]
    return {**cause, "description": FORGOTTEN, "contributing_factors": [], "actions": actions}


def _emptied(part: Mapping[str, Any] | None, **instead: Any) -> Document | None:
    """The part with these of its fields replaced, as far as it has them."""
    return None if part is None else {key: instead.get(key, value) for key, value in part.items()}


def _mentions(text: str | None, traces: Iterable[str]) -> bool:
    if not text:
        return False
    folded = text.casefold()
    return any(re.search(rf"(?<!\w){re.escape(one.casefold())}(?!\w)", folded) for one in traces)
