"""A database that is full, or gone for a while, under a running API and worker: the case goes on and is complete afterwards."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event
from temporalio.testing import WorkflowEnvironment

from records.database import Database
from tests.postgres import embedded
from tests.records.troubles import disk_full, everything
from tests.scenarios.system import Case, Tierline, on_both_databases, system
from tests.scenarios.test_stories import LADDER
from tests.until import until
from tests.workflows.house import said

WARNED_AFTER = timedelta(minutes=7, seconds=30)  # half of LADDER's fifteen minutes
OUTAGE = timedelta(minutes=8)
NEXT_TRY = timedelta(seconds=31)  # a record waits 30 s at most between two tries
LONG_NOTE = "seen " * 2_000


async def told_l1(tierline: Tierline) -> Case:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await until(lambda: len(tierline.house.escalations.timeline(case.id, 1)) == 2)  # opened, and told by both
    await tierline.call("GET", "/v1/messages", "dana")  # her key is made while there is room for it
    return case


async def runs_on(case: Case, span: timedelta) -> None:
    """Let time pass for the case, whatever its database does."""
    tierline = case.tierline
    await tierline.env.fast_forward(tierline.house.client.get_workflow_handle(case.id), span)
    tierline.clock.ahead += span


async def goes_on_as_if_nothing_had_been(case: Case) -> None:
    """The warning that fell due meanwhile goes out, is recorded for the instant it was due, and nothing is there twice."""
    await runs_on(case, NEXT_TRY)
    await case.tells("dana", "sms", "warning")
    timeline = await case.timeline()
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    [warned] = [datetime.fromisoformat(entry["at"]) for entry in timeline if entry["kind"] == "warned"]
    assert warned - datetime.fromisoformat(case.opened["opened_at"]) == WARNED_AFTER
    await case.says("dana", "note", text=LONG_NOTE)
    await case.says("dana", "cancel", reason="end of the story")
    await case.ends()
    await case.nothing_else_was_said()


def recorded(database: Database) -> dict[str, int | None]:
    """How many rows there are, without who looked: that is written down a moment later, and lost where there is no room."""
    return {name: number for name, number in everything(database).items() if name != "audit"}


@on_both_databases
async def test_a_full_disk_holds_up_the_record_and_not_the_case(tierline: Tierline) -> None:
    case = await told_l1(tierline)
    database, failures = tierline.house.database, []
    before, version = recorded(database), (await case.shows())["version"]
    with disk_full(database):
        event.listen(database.engine, "handle_error", lambda context: failures.append(context.statement))
        workflow = tierline.house.client.get_workflow_handle(case.id)
        await workflow.signal("note", said("note", text=LONG_NOTE))  # kept by Temporal, as a 202 promises
        await runs_on(case, OUTAGE)
        await until(lambda: len(failures) > 1)  # the worker has tried to record that, and tried again
        assert recorded(database) == before
        assert (await case.shows())["version"] == version
    await goes_on_as_if_nothing_had_been(case)
    assert [entry["text"] for entry in await case.timeline() if entry["kind"] == "note"] == [LONG_NOTE.strip()] * 2


async def test_a_database_that_goes_down_and_comes_back_is_waited_for(env: WorkflowEnvironment, tmp_path: Path) -> None:
    with embedded() as server, env.with_time_skipping_disabled():
        async with system(env, tmp_path, server.postgres.address("postgres")) as tierline:
            case = await told_l1(tierline)
            server.crashes()
            answer = await tierline.call("POST", f"/v1/escalations/{case.id}/note", "dana", text="seen")
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert answer.headers["retry-after"].isdigit()
            ready = await tierline.http.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]) == (503, {"temporal": "ok", "database": "unreachable"})
            await runs_on(case, OUTAGE)
            server.comes_back()
            await goes_on_as_if_nothing_had_been(case)
