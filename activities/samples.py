"""One made-up case that reads like a real one: what templates are tried with at the start, and what a preview shows.

The story is told in English or German; a language of the user's own is shown the English one. The document has the fields of
the contract, so a message is made of it exactly as of a case in the store.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from activities.problem_told import KINDS as OF_PROBLEMS
from activities.problem_told import ToldProblem
from activities.reading import VIP, Case
from activities.seen_before import KINDS, Seen
from activities.wording import Language
from domain.messages import CustomerKind, Message, MessageKind
from domain.problems import Cost, Problem
from domain.roster import Roster
from domain.tickets import Channel
from domain.view_time import rfc3339

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
ID = "zendesk-4711"
CODE = "7K2"
REFERENCE = "k7f2m9qd3xw4"  # as long as a real one
PUBLIC_URL = "https://support.example.com"
LINK = f"{PUBLIC_URL}/r/ZGFuYTp6ZW5kZXNrLTQ3MTE.aZx3mQ.Vt0hJt4yq"
# As long as a real one, for an SMS must have room for it.
RATE = f"{PUBLIC_URL}/r/WyJ6ZW5kZXNrLTQ3MTEiLDEsMTc5ODIxNDQwMF0.5mDk0n1cHq7wXvT2bRzJfYpLs8aGeUo3NiKdMxQtW4E"

TO_CUSTOMERS: frozenset[str] = frozenset(get_args(CustomerKind))

_STORY: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "subject": "Checkout is down",
        "detail": "First reply 4 h overdue; customers cannot pay since 16:20.",
        "update": "We have found the cause: a certificate of our payment service has expired. We are renewing it now.",
        "reply": "Half of our shops are back, the other half still sees error 503.",
        "rated": "It works now, but for hours nobody told us anything.",
        "cause": "The renewal stood in a private calendar only.",
        "action": "Renew every certificate by itself, and alert two weeks before one expires.",
        "problem": "Certificate expired or wrong: checkout",
        "seen": "Card payments fail",
        "seen_cause": "A certificate of the payment service had expired",
        "seen_fix": "Certificate renewed",
        "workaround": "Restart the payment service; it holds for an hour.",
        "solved": "Payments work again since 17:40: the certificate of our payment service has been renewed.",
    },
    "de": {
        "subject": "Kasse funktioniert nicht",
        "detail": "Erste Antwort seit 4 h überfällig; seit 16:20 Uhr kann niemand bezahlen.",
        "update": "Ein Zertifikat unseres Zahlungsdienstes ist abgelaufen; das war die Ursache. Wir erneuern es gerade.",
        "reply": "Die Hälfte unserer Läden läuft wieder, die andere sieht noch Fehler 503.",
        "rated": "Es geht wieder, aber stundenlang hat uns niemand etwas gesagt.",
        "cause": "Die Erneuerung stand nur in einem privaten Kalender.",
        "action": "Zertifikate selbsttätig erneuern und zwei Wochen vor Ablauf warnen.",
        "problem": "Zertifikat abgelaufen oder falsch: Kasse",
        "seen": "Kartenzahlungen schlagen fehl",
        "seen_cause": "Ein Zertifikat des Zahlungsdienstes war abgelaufen",
        "seen_fix": "Zertifikat erneuert",
        "workaround": "Zahlungsdienst neu starten; das hält eine Stunde.",
        "solved": "Zahlungen laufen seit 17:40 Uhr wieder: Das Zertifikat unseres Zahlungsdienstes ist erneuert.",
    },
}
_SAID: Mapping[str, str] = {
    "customer_update": "update",
    "customer_resolved": "solved",
    "customer_replied": "reply",
    "unreachable": "update",
    "low_score": "rated",
    "action_due": "action",
    "problem_opened": "problem",
    "problem_reminder": "problem",
}
_WARNS: Mapping[str, tuple[str, str]] = {
    "warning": ("L1 resolution at this tier", "75"),
    "promise_reminder": ("customer update", "80"),
}
_TAKEN = frozenset({"warning", "promise_reminder", "customer_replied", "unreachable", "assigned", "closure_overdue"})
_OVER = frozenset({"customer_survey", "low_score", "action_due", *OF_PROBLEMS})
_FIXED = frozenset({"root_cause_overdue", "customer_resolved", "customer_closed"}) | _OVER
_MISSED = frozenset({"last_resort", "top_breach"})


def sample(
    kind: MessageKind, channel: Channel, language: Language, *, vip: bool = False, timezone: str = ZONE, **said: str
) -> Case:
    """A case in which this message is due; `said` replaces the `subject`, the customer's `name` or the `locale`."""
    story = _STORY.get(language, _STORY["en"])
    document = _document(kind, {"locale": language, **story, **said}, vip, timezone)
    to_customer = kind in TO_CUSTOMERS
    message = Message(
        key=f"{ID}.1/1/{kind}/0.0/{'customer' if to_customer else 'dana'}/{channel}",
        kind=kind,
        channel=channel,
        person=None if to_customer else "dana",
        entry=1,
        at=NOW,
        facts=_facts(kind, story),
        purpose="L3 resolution at this tier missed" if kind == "top_breach" else "acknowledge by 17:15",
    )
    people = _roster(language, timezone)
    page, seen, known = f"{PUBLIC_URL}/escalations/{ID}", _seen(kind, channel, story), _known(kind, story)
    told = _told(story) if kind in OF_PROBLEMS else None
    return Case(message, document, people, page, NOW, CODE, LINK, RATE, seen, known, told)


def _seen(kind: MessageKind, channel: Channel, story: Mapping[str, str]) -> Seen | None:
    """A closed case like this one, told by e-mail to somebody new to it."""
    if kind not in KINDS or channel != "email":
        return None
    page = f"{PUBLIC_URL}/escalations/zendesk-3907?episode=1"
    return Seen(story["seen"], story["seen_cause"], story["seen_fix"], NOW - timedelta(days=240), page)


def _known(kind: MessageKind, story: Mapping[str, str]) -> Problem | None:
    """A problem that a case in work belongs to."""
    if kind in TO_CUSTOMERS or (kind in _FIXED and kind not in OF_PROBLEMS):
        return None
    return _problem(story, id="P-7", number=7, state="known_error", opened_at=NOW - timedelta(days=3))


def _told(story: Mapping[str, str]) -> ToldProblem:
    """The problem with what it has cost, and one before it."""
    times = {"opened_at": NOW - timedelta(days=90), "resolved_at": NOW - timedelta(days=30)}
    before = _problem(story, id="P-4", number=4, state="resolved", resolution=story["seen_fix"], **times)
    known = _problem(story, id="P-7", number=7, state="known_error", opened_at=NOW - timedelta(days=3))
    return ToldProblem(known, Cost(cases=3, hours=12.5, breaches=2, customers=1), before)


def _problem(story: Mapping[str, str], **how: Any) -> Problem:
    title, helps = story["problem"], story["workaround"]
    about = {"category": "certificate", "product": "checkout", "title": title, "workaround": helps, "owner": "lee"}
    return Problem.model_validate({**about, **how})


def _facts(kind: MessageKind, story: Mapping[str, str]) -> dict[str, str]:
    facts = {"text": story[_SAID[kind]]} if kind in _SAID else {}
    if kind in _WARNS:
        facts["target"], facts["percent"] = _WARNS[kind]
    if kind in ("step", "promise_reminder"):
        facts["due_at"] = _at(minutes=15)
    if kind in ("assigned", "customer_update"):
        facts["by"] = "lee"
    if kind == "unreachable":
        facts["unsaid"] = "customer_update"
    if kind == "low_score":
        facts |= {"score": "1", "by": "dana"}
    if kind == "action_due":
        facts |= {"action": f"{ID}.1.2", "due_on": "2026-11-23", "by": "dana"}
    if kind == "problem_opened":
        facts |= {"problem": "P-7", "times": "3"}
    if kind == "problem_reminder":
        facts |= {"problem": "P-7", "why": "week", "by": "dana"}
    if kind in TO_CUSTOMERS and kind not in _FIXED:
        facts["next_update_by"] = _at(hours=1)
    return facts


def _document(kind: MessageKind, words: Mapping[str, str], vip: bool, timezone: str) -> dict[str, Any]:
    fixed, taken, missed = kind in _FIXED, kind in _TAKEN or kind in _FIXED, kind in _MISSED
    tier = "L3" if missed else "L1"
    customer = {"id": "acme", "name": words.get("name", "Acme GmbH"), "locale": words["locale"], "timezone": timezone}
    return {
        "id": ID,
        "status": "closed" if kind in _OVER else "resolved" if fixed else "acknowledged" if taken else "open",
        "priority": "critical",
        "priority_reasons": ["High impact and high urgency make it critical."],
        "ticket": {"system": "zendesk", "id": "4711", "subject": words["subject"], "description": None},
        "customer": {**customer, "tier": VIP if vip else None},
        "trigger": {"kind": "sla_breach", "detail": words["detail"]},
        "tier": {"index": 2 if missed else 0, "name": tier},
        "team": "support",
        "owner": "dana" if taken or kind == "customer_acknowledged" else None,
        "targets": [
            _target("acknowledge", tier, 15),
            _target("tier_resolution", tier, -1 if missed else 60, missed=missed),
            _target("customer_update", None, 60),
            _target("resolution", None, 24 * 60),
            _target("root_cause", None, -30 if fixed else 24 * 60),
            _target("closure", None, -30 if kind == "closure_overdue" else 24 * 60),
        ],
        "next_customer_update_by": None if fixed else _at(hours=1),
        "root_cause": {"category": "certificate", "description": words["cause"]} if kind in _OVER else None,
    }


def _target(name: str, tier: str | None, minutes: int, *, missed: bool = False) -> dict[str, Any]:
    due_at = _at(minutes=minutes)
    return {"name": name, "tier": tier, "status": "breached" if missed else "running", "due_at": due_at,
            "breached_at": due_at if missed else None}  # fmt: skip


def _roster(language: Language, timezone: str) -> Roster:
    people = [
        {"id": "dana", "name": "Dana Okafor", "locale": language, "timezone": timezone},
        {"id": "lee", "name": "Lee Novak"},
    ]
    team = {"id": "support", "name": "Customer support", "lead": "lee", "members": ["dana"]}
    return Roster.model_validate({"people": people, "teams": [team]})


def _at(**after: int) -> str:
    return rfc3339(NOW + timedelta(**after)) or ""
