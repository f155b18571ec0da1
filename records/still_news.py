"""Whether a message that was written down before is still news when it is about to go out, by itself or along with another.

Its case may have moved on, its action be done, its problem somebody else's by now.
"""

from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from domain.messages import OF_A_PROBLEM, may_still_go_out
from records.actions import state_of
from records.problems import state_for
from records.tables import escalations


def why_not(connection: Connection, row: RowMapping, status: str, entry: int) -> str | None:
    """None when it is, else why not; `status` and `entry` are those of its case now."""
    news = _news(connection, row)
    return may_still_go_out(row["kind"], row["entry"], status=status, current_entry=entry, **news)


def _news(connection: Connection, row: RowMapping) -> dict[str, Any]:
    """What may have come since the message was written down, beside what the case itself says."""
    if row["kind"] == "customer_survey":
        return _asked_in_vain(connection, row)
    if row["kind"] == "action_due":
        return {"action": state_of(connection, row["document"]["facts"])}
    if row["kind"] in OF_A_PROBLEM:
        return {"problem": state_for(connection, row["document"]["facts"])}
    return {}


def _asked_in_vain(connection: Connection, row: RowMapping) -> dict[str, bool]:
    """What has come since the question was written down: a newer episode, an answer."""
    case = escalations.c.id == row["id"]
    newest = connection.scalar(select(func.max(escalations.c.episode)).where(case))
    document = connection.scalar(select(escalations.c.document).where(case, escalations.c.episode == row["episode"]))
    return {"reopened": (newest or 0) > row["episode"], "rated": bool(document and document.get("survey"))}
