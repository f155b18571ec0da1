"""From the escalation's document to its row: the columns people filter and sort by are derived here, never given."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.tickets import PRIORITIES
from records.database import upsert_newer
from records.tables import escalations


def save(connection: Connection, document: Mapping[str, Any], version: int, now: datetime) -> bool:
    """Insert or overwrite the row of one episode; False when the stored version is as new or newer."""
    return upsert_newer(connection, escalations, escalation_row(document, version, now))


def escalation_row(document: Mapping[str, Any], version: int, now: datetime) -> dict[str, Any]:
    """All columns of `escalations` for a document with the keys of `domain.view`."""
    return {
        "id": document["id"],
        "episode": document["episode"],
        "status": document["status"],
        "priority": document["priority"],
        "priority_rank": PRIORITIES.index(document["priority"]),
        "tier": document["tier"]["name"],
        "tier_index": document["tier"]["index"],
        "entry": document["entry"],
        "team": document["team"],
        "owner": document["owner"],
        "accountable": document["accountable"],
        "customer": document["customer"]["id"],
        "subject": document["ticket"]["subject"],
        "policy": document["policy"]["name"],
        "policy_version": document["policy"]["version"],
        "next_due_at": _time(document["next_due_at"]),
        "breached": is_breached(document),
        "opened_at": _time(document["opened_at"]),
        "closed_at": _time(document["closed_at"]),
        "updated_at": now,
        "version": version,
        "document": {key: value for key, value in document.items() if key != "links"},
        "search": search_text(document),
    }


def is_breached(document: Mapping[str, Any]) -> bool:
    """Whether a promise is broken now: the latest target of some name was missed and is still unmet.

    Targets of an entry already left keep the status `breached` for ever, so an older target of the name, or one of
    another tier, does not count; the climb has answered it.
    """
    latest = {target["name"]: target for target in document["targets"]}
    here = (None, document["tier"]["name"])
    return any(
        target["breached_at"] is not None and target["met_at"] is None and target["status"] != "cancelled"
        for target in latest.values()
        if target["tier"] in here
    )


def search_text(document: Mapping[str, Any]) -> str:
    """What `q` looks through, case folded: id, subject, customer."""
    customer = document["customer"]
    parts = (document["id"], document["ticket"]["id"], document["ticket"]["subject"], customer["id"], customer["name"])
    return "\n".join(parts).casefold()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
