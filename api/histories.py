"""What Temporal still has of cases that are over: the histories of their runs, deleted before their retention ends.

A case has its own run of each episode and runs that went on after it: the survey, the follow-up of its actions, messages. One
that is still running is left alone, for it has something to do; its history goes when it has ended.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Execution
from temporalio.service import RPCError, RPCStatusCode

log = structlog.get_logger()

Case = tuple[str, int]

PATIENCE = 10.0  # seconds for all of them; a person is waiting, and a repeat goes on
RPC_LIMIT = timedelta(seconds=3)
AT_ONCE = 10  # cases looked up; Temporal's own list takes a few at a time


@dataclass
class Histories:
    """How many were deleted (or would be), how many runs go on, and of how many cases Temporal was not asked to the end."""

    deleted: int = 0
    running: int = 0
    unasked: int = 0


async def delete_histories(client: Client, cases: Sequence[Case], *, try_out: bool = False) -> Histories:
    """Delete the histories of all runs of these cases that have ended; what cannot be reached in time is counted."""
    found = Histories(unasked=len(cases))
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> None:
        async with room:
            await _of_case(client, case, found, try_out=try_out)
            found.unasked -= 1

    try:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(one(case))
    except* (RPCError, RuntimeError, TimeoutError) as away:
        # A lazy client that cannot connect raises a bare RuntimeError.
        kinds = sorted({type(error).__name__ for error in away.exceptions})
        log.warning(
            "Temporal was not asked about all histories; forgetting again goes on", left=found.unasked, why=kinds
        )
    return found


async def _of_case(client: Client, case: Case, found: Histories, *, try_out: bool) -> None:
    listed = client.list_workflows(_runs_of(case), rpc_timeout=RPC_LIMIT)
    for run in [one async for one in listed]:  # all of them first: a page of a list that shrinks may miss some
        if run.status == WorkflowExecutionStatus.RUNNING:
            found.running += 1
        elif try_out or await _deleted(client, run):
            found.deleted += 1


def _runs_of(case: Case) -> str:
    """By the ids of `workflows.contract`; no id of a case has a slash or a quote."""
    id, episode = case
    begins = (f"{id}/{episode}/", f"{id}.{episode}/", f"{id}.{episode}.survey.")
    return " OR ".join([f"WorkflowId = '{id}'", *(f"WorkflowId STARTS_WITH '{one}'" for one in begins)])


async def _deleted(client: Client, run: Execution) -> bool:
    """False when it was gone before: Temporal's list follows a little later."""
    execution = WorkflowExecution(workflow_id=run.id, run_id=run.run_id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    try:
        await client.workflow_service.delete_workflow_execution(request, timeout=RPC_LIMIT)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True
