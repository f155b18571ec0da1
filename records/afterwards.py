"""What is written to a case that has closed.

Its run may still be ending (a message under way comes back after the closing) and numbers lines of its own; so these are numbered
far behind them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from domain.afterwards import LateSurvey, survey_entry, with_survey
from domain.errors import NotFound
from domain.outcome import Settled
from records import rows
from records.database import Database, insert_or_ignore
from records.tables import escalations, timeline
from records.transitions import settle, timeline_row

AFTER_THE_RUN = 1_000_000  # no run writes so many lines: its history ends long before


class Afterwards:
    """Writes answers that come after closing; each once, by the id of its command."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_survey(self, given: LateSurvey, now: datetime) -> dict[str, Any]:
        """Write the answer into document and timeline and settle its command; returns the document as it then stands.

        Raises NotFound `escalation_not_found`.
        """
        case = (given.escalation, given.episode)
        mine = (escalations.c.id == case[0]) & (escalations.c.episode == case[1])
        with self._database.write() as connection:
            document: dict[str, Any] | None = connection.scalar(
                select(escalations.c.document).where(mine).with_for_update()
            )
            if document is None:
                raise NotFound("escalation_not_found", f"there is no episode {case[1]} of an escalation '{case[0]}'")
            if not settle(connection, Settled(command_id=given.command_id, status="applied"), now):
                return document
            told = (timeline.c.id == case[0]) & (timeline.c.episode == case[1])
            last = connection.scalar(select(func.max(timeline.c.seq)).where(told)) or 0
            last = max(last, AFTER_THE_RUN)
            insert_or_ignore(connection, timeline, [timeline_row(case, survey_entry(last + 1, given.at, given.answer))])
            changed = with_survey(document, given)
            rows.save(connection, changed, changed["version"], now)
            return changed
