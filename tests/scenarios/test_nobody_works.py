"""With every worker away an agent's word is kept, and counts from when it was said."""

from datetime import datetime, timedelta

from records.command_log import CommandLog
from records.stored import StoredCommand
from tests.scenarios.system import Tierline, on_both_databases
from tests.scenarios.test_stories import LADDER, resolved_and_closed
from tests.until import until


@on_both_databases
async def test_what_is_said_while_nobody_works_is_applied_once_somebody_comes(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    path = f"/v1/escalations/{case.id}/acknowledge"
    await tierline.house.crew.leaves()
    answers = [await tierline.call("POST", path, who) for who in ("dana", "sam")]
    assert [(one.status_code, one.json()["status"]) for one in answers] == [(202, "queued")] * 2
    assert (await case.shows())["status"] == "open"
    await tierline.house.crew.comes()
    first, second = [await settled(tierline, one.json()["command_id"]) for one in answers]
    assert (first.status, second.status, second.code) == ("applied", "refused", "already_acknowledged")
    shown = await case.shows()
    assert (shown["status"], shown["owner"]) == ("acknowledged", "dana")
    late = datetime.fromisoformat(shown["acknowledged_at"]) - first.received_at
    assert abs(late) < timedelta(milliseconds=10), f"it counts {late} after it was said"
    await resolved_and_closed(case, "dana")


async def settled(tierline: Tierline, command_id: str) -> StoredCommand:
    """The command at its end."""
    log = CommandLog(tierline.house.database)
    await until(lambda: (found := log.find(command_id)) is not None and found.settled_at is not None)
    found = log.find(command_id)
    assert found is not None
    return found
