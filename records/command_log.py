"""Commands that were accepted before anybody could answer them, so that 202 is a promise that can be looked up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from domain.commands import Command
from domain.outcome import Settled
from records.database import Database, exclusive, insert_or_ignore
from records.stored import StoredCommand, stored_command
from records.tables import commands
from records.transitions import settle


class CommandLog:
    """Queued by the API, settled by the workflow's transition (or by the API when the answer came in time)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, command: Command, escalation: str, episode: int | None = None) -> bool:
        """Write the command down as `queued`; False when its id is already known."""
        with self._database.write() as connection:
            return insert_or_ignore(connection, commands, [_row(command, escalation, episode)]) == 1

    def withdraw(self, command_id: str) -> None:
        """Forget a command that was written down and never said."""
        unsaid = (commands.c.command_id == command_id) & (commands.c.status == "queued")
        with self._database.write() as connection:
            connection.execute(delete(commands).where(unsaid))

    def find(self, command_id: str) -> StoredCommand | None:
        """The command and how it stands, or None."""
        with self._database.read() as connection:
            row = (
                connection.execute(select(commands).where(commands.c.command_id == command_id)).mappings().one_or_none()
            )
        return None if row is None else stored_command(row)

    def queue_alone(
        self, command: Command, escalation: str, episode: int, others: Sequence[str], since: datetime
    ) -> bool:
        """Write the command down as `queued`, unless another of its name, received after `since`, is on its way to one of
        `others`; False then. Looking and writing are one step, also between processes."""
        on_its_way = (commands.c.status == "queued") & (commands.c.command_id != command.id)
        same = (commands.c.name == command.name) & commands.c.escalation.in_(others)
        query = select(commands.c.command_id).where(same, on_its_way, commands.c.received_at > since).limit(1)
        with self._database.write() as connection:
            exclusive(connection, f"commands {command.name}")
            if connection.scalar(query) is not None:
                return False
            insert_or_ignore(connection, commands, [_row(command, escalation, episode)])
            return True

    def owe(self, command_id: str, now: datetime) -> None:
        """Temporal has no room for it now: it is handed over later, by whichever API process finds it."""
        # Whatever the store says of its end: it may have that from a workflow task that died.
        this = commands.c.command_id == command_id
        with self._database.write() as connection:
            connection.execute(update(commands).where(this).values(owed_since=now))

    def owed(self, most: int) -> list[StoredCommand]:
        """Up to `most` commands that Temporal has not been given yet, in the order they were received."""
        query = select(commands).where(commands.c.owed_since.is_not(None)).order_by(commands.c.received_at).limit(most)
        with self._database.read() as connection:
            return [stored_command(row) for row in connection.execute(query).mappings()]

    def handed_over(self, command_id: str) -> None:
        """Temporal has it now, or nobody needs it any more."""
        with self._database.write() as connection:
            connection.execute(update(commands).where(commands.c.command_id == command_id).values(owed_since=None))

    def settle(self, settled: Settled, now: datetime) -> bool:
        """Write how it ended; False when it is unknown or already settled."""
        with self._database.write() as connection:
            return settle(connection, settled, now)


def _row(command: Command, escalation: str, episode: int | None) -> dict[str, Any]:
    return {
        "command_id": command.id,
        "escalation": escalation,
        "episode": episode,
        "name": command.name,
        "by": command.by,
        "received_at": command.received_at,
        "body": command.model_dump(mode="json")["body"],
        "status": "queued",
    }
