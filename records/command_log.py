"""Commands that were accepted before anybody could answer them, so that 202 is a promise that can be looked up."""

from datetime import datetime

from sqlalchemy import select

from domain.commands import Command
from domain.outcome import Settled
from records.database import Database, insert_or_ignore
from records.stored import StoredCommand
from records.tables import commands
from records.transitions import settle


class CommandLog:
    """Queued by the API, settled by the workflow's transition (or by the API when the answer came in time)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, command: Command, escalation: str, episode: int | None = None) -> bool:
        """Write the command down as `queued`; False when its id is already known."""
        row = {
            "command_id": command.id,
            "escalation": escalation,
            "episode": episode,
            "name": command.name,
            "by": command.by,
            "received_at": command.received_at,
            "body": command.model_dump(mode="json")["body"],
            "status": "queued",
        }
        with self._database.write() as connection:
            return insert_or_ignore(connection, commands, [row]) == 1

    def find(self, command_id: str) -> StoredCommand | None:
        """The command and how it stands, or None."""
        with self._database.read() as connection:
            row = (
                connection.execute(select(commands).where(commands.c.command_id == command_id)).mappings().one_or_none()
            )
        return None if row is None else StoredCommand(**row)

    def settle(self, settled: Settled, now: datetime) -> bool:
        """Write how it ended; False when it is unknown or already settled."""
        with self._database.write() as connection:
            return settle(connection, settled, now)
