"""What the store hands out where it knows more than the domain: messages with their fate, commands with their end."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import RowMapping

from domain.commands import Command
from domain.errors import NotFound
from domain.tickets import Channel

MessageStatus = Literal["queued", "waiting", "sending", "sent", "delivered", "failed", "skipped", "unknown"]
CommandStatus = Literal["queued", "applied", "refused"]

QUIET_HOURS = "the customer's quiet hours"  # why a message waits
POSSIBLE_DUPLICATE = "possible_duplicate"  # the code of a message that may have arrived more than once


@dataclass(frozen=True)
class StoredMessage:
    """One outbound message and what became of it; `id` and `episode` name its case, `person` is None for the customer.

    `to`, `subject` and `text` are None until it has been claimed: addresses are looked up when it goes out. `led_by` is the key
    of the message it went out in, together with others (`records.crowding`). `waits_until` is the end of the quiet hours that one
    to the customer waits for, with the reason said beside it.
    """

    key: str
    id: str
    episode: int
    entry: int
    kind: str
    channel: Channel
    person: str | None
    to: str | None
    subject: str | None
    text: str | None
    status: MessageStatus
    provider_id: str | None
    attempts: int
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    reason: str | None
    code: str | None
    read_at: datetime | None
    led_by: str | None
    waits_until: datetime | None


@dataclass(frozen=True)
class Doubts:
    """Messages that may have arrived twice, and messages of which nobody knows whether they arrived. One may be both."""

    possible_duplicates: int
    unknown: int


@dataclass(frozen=True)
class StoredCommand:
    """One command as it was received, and how it ended; `episode` is None when the caller did not know it.

    `owed_since` is set while Temporal had no room for it: the API still has to hand it over.
    """

    command_id: str
    escalation: str
    episode: int | None
    name: str
    by: str | None
    received_at: datetime
    body: dict[str, Any]
    status: CommandStatus
    code: str | None
    reason: str | None
    settled_at: datetime | None
    owed_since: datetime | None

    @property
    def command(self) -> Command:
        """The envelope that travels to the workflow, once more."""
        return Command(
            id=self.command_id,
            name=self.name,
            by=self.by,
            received_at=self.received_at,
            body=self.body,
            episode=self.episode,
        )


def stored_message(row: RowMapping) -> StoredMessage:
    """A row of `messages`, or of more, without its domain document; of that only what it waits for."""
    shown = {field.name: row[field.name] for field in fields(StoredMessage) if field.name != "waits_until"}
    until = row["document"].get("not_before") if row["status"] == "waiting" and row["code"] is None else None
    if until is not None:
        shown["reason"] = QUIET_HOURS
    return StoredMessage(**shown, waits_until=datetime.fromisoformat(until) if until else None)


def message_not_found(key: str) -> NotFound:
    """The error for a key nobody has recorded."""
    return NotFound("message_not_found", f"there is no message '{key}'")


def stored_command(row: RowMapping) -> StoredCommand:
    """A row of `commands`."""
    return StoredCommand(**{name: value for name, value in row.items() if name != "as_of"})
