"""Small documents and messages for the store's tests, with the keys of `domain.view`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.commands import Command
from domain.messages import Message
from domain.outcome import Settled, Transition
from domain.policy import Policy
from domain.state import TimelineEntry

NOW = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def target(name: str, *, tier: str | None = None, breached: bool = False, met: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "tier": tier,
        "status": "breached" if breached else "met" if met else "running",
        "started_at": text(NOW),
        "due_at": text(at(15)),
        "warn_at": [],
        "breached_at": text(at(15)) if breached else None,
        "met_at": text(at(16)) if met else None,
    }


def document(id: str = "zendesk-1", episode: int = 1, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": id,
        "episode": episode,
        "version": 1,
        "rules_version": 1,
        "status": "open",
        "priority": "high",
        "priority_reasons": [],
        "policy": {"name": "standard", "version": 3},
        "ticket": {"system": "zendesk", "id": id.removeprefix("zendesk-"), "subject": "Checkout is down"},
        "customer": {"id": "acme", "name": "Acme GmbH"},
        "trigger": {"kind": "manual"},
        "risk": None,
        "tier": {"index": 0, "name": "L1"},
        "team": "support",
        "entry": 1,
        "owner": None,
        "accountable": "dana",
        "responders_told": ["dana"],
        "watchers": [],
        "pause": None,
        "targets": [],
        "next_due_at": text(at(15)),
        "next_customer_update_by": None,
        "opened_at": text(NOW),
        "acknowledged_at": None,
        "resolved_at": None,
        "closed_at": None,
        "resolution": None,
        "root_cause": None,
        "reopen_count": 0,
        "reopened_from": None,
        "survey": None,
        "parent": None,
        "children": [],
    }
    return base | changes


def message(name: str = "dana/sms", *, entry: int = 1, kind: str = "step", person: str | None = "dana") -> Message:
    return Message.model_validate(
        {
            "key": f"zendesk-1.1/{entry}/{kind}/0.0/{name}",
            "kind": kind,
            "channel": "sms",
            "person": person,
            "entry": entry,
            "at": NOW,
            "facts": {"due_at": "2026-03-06T17:15:00Z"},
            "purpose": "acknowledge by 17:15",
        }
    )


def line(seq: int, words: str = "opened") -> TimelineEntry:
    return TimelineEntry(seq=seq, at=at(seq), kind="opened", actor="tierline", text=words, data={"minutes": seq})


def transition(version: int = 1, **changes: Any) -> Transition:
    of_case = {name: changes.pop(name) for name in ("status", "entry", "owner", "subject") if name in changes}
    return Transition(document=document(version=version, **of_case), version=version, **changes)


def command(id: str = "c1") -> Command:
    return Command(id=id, name="acknowledge", by="dana", received_at=NOW, body={"note": "mine"})


def applied(id: str = "c1") -> Settled:
    return Settled(command_id=id, status="applied")


def policy(name: str = "standard", last_resort: str = "ops-manager") -> Policy:
    return Policy.model_validate(
        {
            "name": name,
            "owner_of_last_resort": last_resort,
            "calendars": {"office": {"timezone": "Europe/Berlin", "day": "8h", "hours": {"mon": ["09:00-17:00"]}}},
            "tiers": [
                {
                    "name": "L1",
                    "team": "support",
                    "calendar": {"critical": "always", "else": "office"},
                    "targets": {"acknowledge": {"all": "15m", "critical": "5m", "warn_at": [50]}},
                    "steps": [{"after": "0m", "tell": "on_call", "channels": ["sms", "email"]}],
                }
            ],
        }
    )
