"""Examples of bodies, for /openapi.json and whoever learns from it; a test says each of them to a running installation."""

from collections.abc import Mapping
from typing import Any, Final

CASE: Final = "zendesk-4711"

OPEN: Final[dict[str, Any]] = {
    "ticket": {
        "system": "zendesk",
        "id": "4711",
        "subject": "Checkout is down",
        "category": "service-outage",
        "product": "checkout",
        "opened_at": "2026-03-06T16:50:00Z",
    },
    "customer": {
        "id": "acme",
        "name": "Acme GmbH",
        "email": "it@acme.example",
        "phone": "+493012345678",
        "tier": "vip",
        "locale": "de",
        "timezone": "Europe/Berlin",
    },
    "trigger": {"kind": "sla_breach", "detail": "first response 4 h overdue"},
    "impact": "high",
    "urgency": "high",
}

COMMANDS: Final[Mapping[str, dict[str, Any]]] = {
    "acknowledge": {"by": "dana", "note": "on it"},
    "assign": {"by": "dana", "to": "sam"},
    "escalate": {"by": "dana", "kind": "hierarchical", "reason": "needs a specialist"},
    "hand-back": {"by": "dana", "reason": "a question of billing"},
    "pause": {"by": "dana", "reason": "waiting_on_customer", "note": "asked for the log file"},
    "resume": {"by": "dana"},
    "note": {"by": "dana", "text": "seen it at two other customers"},
    "customer-update": {"by": "dana", "text": "We have found the cause.", "next_update_in": "2h"},
    "customer-reply": {"text": "It works from the office now.", "channel": "email"},
    "ticket-update": {"fields": {"subject": "Checkout is down in Europe", "tags": ["outage"]}},
    "watch": {"by": "dana", "person": "sam"},
    "reprioritize": {"by": "dana", "impact": "high", "reason": "more customers call"},
    "resolve": {"by": "dana", "summary": "renewed the certificate", "customer_message": "It works again."},
    "root-cause": {
        "by": "dana",
        "category": "certificate",
        "description": "it had expired",
        "origin": "ours",
        "actions": [{"text": "renew by itself", "kind": "preventive", "owner": "sam", "due_on": "2030-01-31"}],
    },
    "close": {"by": "dana"},
    "survey": {"score": 4, "comment": "quick"},
    "reopen": {"by": "dana", "reason": "down again"},
    "cancel": {"by": "dana", "reason": "a false alarm"},
    "merge": {"by": "dana", "into": "zendesk-4712"},
    "rebase": {"by": "dana"},
}

PREVIEW: Final[dict[str, Any]] = {
    "policy": "standard",
    "escalation": OPEN,
    "at": "2026-03-06T16:50:00Z",
    "events": [
        {"at": "2026-03-06T17:10:00Z", "command": "acknowledge", "by": "dana"},
        {
            "at": "2026-03-06T18:00:00Z",
            "command": "pause",
            "reason": "waiting_on_customer",
            "until": "2026-03-09T08:00:00Z",
        },
    ],
}


def body(example: Mapping[str, Any]) -> dict[str, Any]:
    """Declares an example of a route's JSON body in OpenAPI."""
    return {"requestBody": {"content": {"application/json": {"example": dict(example)}}}}
