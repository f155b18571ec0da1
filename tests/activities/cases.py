"""A case for the activities' tests: made by the real rules, stored in a real SQLite store, told to a small roster."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from domain.escalation import open_case
from domain.messages import Message, MessageKind
from domain.outcome import Transition
from domain.policy_file import load_policy
from domain.roster import Roster
from domain.state import Escalation, Opening
from domain.tickets import Channel, Customer, Ticket, Trigger
from domain.view import document
from records.database import Database
from records.roster import RosterStore
from records.transitions import Transitions

POLICIES = Path(__file__).parents[2] / "policies"
TEMPLATES = POLICIES / "templates"
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
DUE = "2026-11-24T16:05:00Z"
PROMISE = "2099-11-24T17:05:00Z"

ROSTER = Roster.model_validate(
    {
        "people": [
            {
                "id": "dana",
                "name": "Dana Weber",
                "email": "dana@example.com",
                "phone": "+493023125001",
                "locale": "de-AT",
            },
            {"id": "eve", "name": "Eve Stone", "email": "eve@example.com", "timezone": "Europe/Berlin"},
            {"id": "ops-manager", "name": "Olga Peters", "email": "olga@example.com", "phone": "+493023125002"},
        ],
        "teams": [{"id": "support", "name": "Support desk", "lead": "eve", "members": ["dana", "eve"]}],
    }
)


def opening(**customer: Any) -> Opening:
    """Customer fields as given; the rest is one case of the demo policy."""
    return Opening(
        id="zendesk-4711",
        episode=1,
        accepted_at=NOW,
        opened_by=None,
        policy=load_policy((POLICIES / "demo.yaml").read_text()),
        priority="high",
        priority_reasons=("Impact high, urgency medium: high.",),
        ticket=Ticket(system="zendesk", id="4711", subject="Checkout is down", description="owner note: blame Bob"),
        customer=Customer(**{"id": "acme", "name": "Ada King", "email": "ada@example.org", **customer}),
        trigger=Trigger(kind="manual", detail="SLA at risk, L1 is asleep"),
        leads={"support": "eve"},
    )


def state(**customer: Any) -> Escalation:
    """The case right after it was opened."""
    return open_case(opening(**customer)).state


def shown(**customer: Any) -> dict[str, Any]:
    """Its document."""
    return document(state(**customer))


def message(
    kind: MessageKind = "step", channel: Channel = "sms", person: str | None = "dana", round_: int = 0, **facts: str
) -> Message:
    """A message of the case's first entry; `person` None is the customer."""
    key = f"zendesk-4711.1/1/{kind}/0.{round_}/{person or 'customer'}/{channel}"
    return Message(
        key=key, kind=kind, channel=channel, person=person, entry=1, at=NOW, facts=facts, purpose="acknowledge"
    )


def stored(
    db: Database,
    *messages: Message,
    version: int = 1,
    changes: dict[str, Any] | None = None,
    at: datetime = NOW,
    **customer: Any,
) -> None:
    """Write the case, changed as asked, and queue the messages at that time."""
    transition = Transition(document={**shown(**customer), **(changes or {})}, version=version, messages=messages)
    Transitions(db).record(transition, at)


def new_store(folder: Path) -> Database:
    """An empty, migrated store with the roster in it."""
    db = Database(f"sqlite:///{folder / 'tierline.db'}")
    db.migrate()
    RosterStore(db).save(ROSTER, None, NOW - timedelta(days=1))
    return db
