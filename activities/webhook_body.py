"""What a team's system is told: one JSON body of ids and plain facts, made in code, for programs read it and not people.

Its shape is a promise to whoever wrote the receiver: keys are only ever added. It holds no address of a person, no signed link
and no internal note; who wants more follows `page`, or asks the API.
"""

import json
from typing import Any, Final

from activities.reading import Case
from activities.rendering import Rendered
from domain.view_time import rfc3339

TYPE: Final = "escalation.told"


def told_by_webhook(case: Case) -> Rendered:
    """The body as the message's text; people who look at the outbox are shown the ticket's subject."""
    body = {"type": TYPE, "timestamp": rfc3339(case.message.at), "data": _data(case)}
    return Rendered(case.document["ticket"]["subject"], json.dumps(body, separators=(",", ":")), None)


def _data(case: Case) -> dict[str, Any]:
    message, document = case.message, case.document
    return {
        "id": document["id"],
        "episode": document["episode"],
        "entry": message.entry,
        "kind": message.kind,
        "purpose": message.purpose,
        "person": message.person,
        "priority": document["priority"],
        "status": document["status"],
        "tier": document["tier"]["name"],
        "team": document["team"],
        "ticket": {key: document["ticket"][key] for key in ("system", "id", "subject")},
        "customer": document["customer"]["name"],
        "due_at": message.facts.get("due_at"),
        "page": case.page,
    }
