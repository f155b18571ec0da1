"""What is left of a case when its customer is forgotten: who did what and when, numbers and categories, and no word about them.

What holds words is known by its place and emptied whole; nobody can say of a free text whether it speaks of a person. Texts
about something else (a problem, another customer's case) are searched for the customer's own words (`Traces`): their addresses
are theirs alone and can be taken out, their name may mean somebody else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from domain.errors import NotAllowed
from domain.messages import CUSTOMER

FORGOTTEN = "(forgotten)"
PSEUDONYM = "forgotten-"  # begins the id that takes the place of a customer's
OUT_OF_REACH = 1_000_000  # added to versions: a record of the case that comes late does not bring its words back

SHORTEST_NAME = 4  # characters; a shorter one is a part of many words that mean nobody
SHORTEST_TEXT = 12  # of a subject or a fix; `Down` is no trace of anybody
LONGEST_TEXT = 40  # how far into one it is looked for in their own cases: where it is quoted, it may be cut

WRITTEN_BY_PEOPLE = frozenset(
    {
        *("opened", "acknowledged", "escalated", "handed_back", "paused", "note", "customer_told", "customer_replied"),
        *("reprioritized", "resolved", "root_cause_recorded", "reopened", "cancelled", "delivery_failed"),
    }
)
"""The kinds of lines whose text repeats what somebody wrote, or an address."""
TYPED = ("words", "note", "comment", "text", "mail")  # in the data of a line; in its place stands nothing
OF_A_MESSAGE = frozenset(
    {
        *("action", "problem", "command", "owner", "by", "why", "given"),
        *("due_at", "due_on", "next_update_by", "target", "percent", "score", "times"),
    }
)
"""The facts of a message that are ids, times, numbers and words of ours; what is still to go out is judged by them."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Traces:
    """The words a customer is known by: `names` and `addresses` say who they are, `about` are whole texts of their cases."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    about: tuple[str, ...]

    @property
    def who(self) -> tuple[str, ...]:
        """Names and addresses."""
        return (*self.names, *self.addresses)

    def name_them(self, text: str | None) -> bool:
        """Whether a text says who they are, in whole words and any case of letters."""
        return _mentions(text, self.who)

    def quoted_in(self, text: str | None) -> bool:
        """Whether a text has a whole text of a case of theirs in it."""
        return _mentions(text, self.about)

    def betrayed_by(self, text: str | None) -> bool:
        """Whether a text of a case of theirs says who they are or quotes that case, perhaps cut: there too much costs nothing."""
        return _mentions(text, (*self.who, *self._beginnings))

    def without_addresses(self, value: Any) -> Any:
        """A text without their e-mail addresses and phone numbers, or whatever else JSON knows with texts in it."""
        if isinstance(value, str):
            return self._address.sub(FORGOTTEN, value) if self.addresses else value
        if isinstance(value, Mapping):
            return {key: self.without_addresses(one) for key, one in value.items()}
        return [self.without_addresses(one) for one in value] if isinstance(value, list) else value

    def beside(self, customer: Mapping[str, Any]) -> "Traces":
        """What means them in the case of another customer: not what is in that one's own name and addresses."""
        own = [customer.get(part) for part in ("name", "email", "phone")]
        kept = [tuple(one for one in some if not _in_any(own, one)) for some in (self.names, self.addresses)]
        return replace(self, names=kept[0], addresses=kept[1])

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(text[:LONGEST_TEXT].strip() for text in self.about)

    @cached_property
    def _address(self) -> re.Pattern[str]:
        """Each as a whole: neither `kit@fuchs.example` nor `it@fuchs.example.org` is `it@fuchs.example`."""
        longest_first = sorted(self.addresses, key=len, reverse=True)
        return re.compile(
            rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w@])(?![.-]\w)", re.IGNORECASE
        )


def traces_of(documents: Iterable[Document]) -> Traces:
    """What the cases of one customer know of them."""
    names, addresses, about = dict[str, None](), dict[str, None](), dict[str, None]()
    for one in documents:
        customer, cause, fix = one["customer"], one["root_cause"] or {}, one["resolution"] or {}
        if len(customer["name"]) >= SHORTEST_NAME and customer["name"] != FORGOTTEN:
            names[customer["name"]] = None
        addresses |= dict.fromkeys(word for word in (customer.get("email"), customer.get("phone")) if word)
        texts = (one["ticket"]["subject"], one["ticket"].get("url"), fix.get("summary"), cause.get("description"))
        about |= dict.fromkeys(text.strip() for text in texts if text and len(text) >= SHORTEST_TEXT)
    return Traces(tuple(names), tuple(addresses), tuple(about))


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


def is_forgotten(document: Mapping[str, Any]) -> bool:
    """Whether its customer was forgotten before."""
    return str(document["customer"]["id"]).startswith(PSEUDONYM)


def require_remembered(document: Mapping[str, Any]) -> None:
    """Raises NotAllowed `customer_forgotten`: nobody could work on a case without a word of what it is about."""
    if is_forgotten(document):
        message = "the customer of this case was forgotten, so it stays closed; open a new case instead"
        raise NotAllowed("customer_forgotten", message)


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


def _mentions(text: str | None, words: Iterable[str]) -> bool:
    if not text:
        return False
    folded = text.casefold()
    found = (word for one in words if (word := one.casefold()) in folded)
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded) for word in found)


def _in_any(texts: Iterable[str | None], word: str) -> bool:
    return any(_mentions(text, (word,)) for text in texts)
