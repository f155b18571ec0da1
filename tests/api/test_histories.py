"""Histories of cases that are over, deleted on a real server: all runs of the case that have ended, and no others."""

import asyncio
from collections.abc import Sequence

from temporalio.client import Client, WorkflowExecutionStatus

from api.app import RETRY
from api.histories import Histories, delete_histories
from tests.conftest import virtual_time
from tests.until import LIMIT

ENDED = (
    "forget-1",
    "forget-1/1/survey",
    "forget-1/1/messages",
    "forget-1.1/3/low_score/0.0/dana/sms",
    "forget-1.1.survey.c1",
)
OTHERS = ("forget-11", "forget-1.2", "forget-1/2/survey", "forget-2")
QUICK = [f'history.{of}ProcessorUpdateAckInterval="500ms"' for of in ("transfer", "visibility", "timer")]
"""Temporal deletes a run when it has noted that all tasks of its end are done: every half minute, where nobody says otherwise."""
NOBODY_WORKS_HERE = "forgetting"


async def starts(client: Client, *ids: str, ends: bool) -> None:
    for id in ids:
        handle = await client.start_workflow("Nothing", id=id, task_queue=NOBODY_WORKS_HERE)
        if ends:
            await handle.terminate()


async def listed(client: Client, status: WorkflowExecutionStatus | None = None) -> set[str]:
    found = [one async for one in client.list_workflows(f"TaskQueue = '{NOBODY_WORKS_HERE}'")]
    return {one.id for one in found if status in (None, one.status)}


async def are_listed(client: Client, ids: Sequence[str], status: WorkflowExecutionStatus | None = None) -> None:
    """Temporal's list follows what has happened a moment later."""
    async with asyncio.timeout(LIMIT):
        while await listed(client, status) != set(ids):  # noqa: ASYNC110 - what is waited for is in the server
            await asyncio.sleep(0.05)


async def test_the_runs_of_a_case_that_have_ended_are_deleted_and_no_others() -> None:
    async with virtual_time(*QUICK) as env:
        client = env.client
        await starts(client, *ENDED, *OTHERS, ends=True)
        await starts(client, "forget-1/1/lessons", ends=False)
        await are_listed(client, [*ENDED, *OTHERS], WorkflowExecutionStatus.TERMINATED)
        await are_listed(client, ["forget-1/1/lessons"], WorkflowExecutionStatus.RUNNING)
        tried = await delete_histories(client, [("forget-1", 1)], try_out=True)
        assert tried == Histories(deleted=len(ENDED), running=1, unasked=0)
        assert await delete_histories(client, [("forget-1", 1)]) == tried
        await are_listed(client, [*OTHERS, "forget-1/1/lessons"])
        assert await delete_histories(client, [("forget-1", 1)]) == Histories(running=1)


async def test_a_server_that_is_away_has_deleted_nothing_and_is_not_waited_for_long() -> None:
    nowhere = await Client.connect("127.0.0.1:1", lazy=True, retry_config=RETRY)
    cases = [("forget-1", 1), ("forget-2", 1)]
    assert await delete_histories(nowhere, cases) == Histories(unasked=2)
