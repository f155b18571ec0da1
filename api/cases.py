"""The way to the workflows: start a case, say a command to it, read how a running one began.

Everything Temporal can answer becomes one of a few words here, by error type and status, never by text: an answer, None
("no worker in time, but the word is kept"), or an exception of ours. A word is first an update, which answers with the new
state; when nobody answers in time it becomes a signal with the same command id, which Temporal keeps until a worker is back.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.errors import Unavailable
from domain.afterwards import LateSurvey
from domain.commands import Command
from domain.errors import DomainError, Forbidden, Invalid, NotAllowed, NotFound
from domain.escalation import open_case
from domain.problem_reminders import ProblemPlan
from domain.state import Escalation, Opening
from workflows import contract, describe

RPC_LIMIT = timedelta(seconds=3)  # a start or a signal takes milliseconds; longer means the server is in trouble
PATIENCE = 5.0  # seconds for one call with the SDK's own retries in it; a person is waiting
UPDATE_PATIENCE = (
    contract.UPDATE_LIMIT.total_seconds() + 0.3
)  # the SDK tries again where a worker fell silent in mid-task
UPDATES_AT_ONCE = 100  # the server limits concurrent waits per namespace; who finds no room is heard by signal

ENDED_FIRST = "AcceptedUpdateCompletedWorkflow"  # the server's own type for an update whose run ended
AWAY = (TimeoutError, RuntimeError)  # the SDK raises a bare RuntimeError when a lazy client cannot connect

KINDS: Mapping[str, type[DomainError]] = {
    kind.__name__: kind for kind in (NotAllowed, NotFound, Forbidden, Invalid)
}  # as the workflow names them in the details of a refusal


log = structlog.get_logger()


class NoWorkflow(Exception):
    """No run of this case takes commands: it has ended, or never was."""


class NoRoom(Exception):
    """Temporal answers and has no room now (RESOURCE_EXHAUSTED): the word must be kept here and said later."""


MOVED = "moved"  # beside the document: what a rebase did to the due times


class Cases:
    """One per process and event loop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._room = asyncio.Semaphore(UPDATES_AT_ONCE)

    async def start(self, opening: Opening, state: Escalation) -> bool:
        """Start the run of an episode; False when a run of this case is there already. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.start_workflow(
                    contract.ESCALATION,
                    contract.Start(opening=opening),
                    id=opening.id,
                    task_queue=contract.TASK_QUEUE,
                    task_timeout=contract.TASK_LIMIT,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    search_attributes=describe.at_the_start(state),
                    static_summary=summary(state),
                    priority=describe.temporal_priority(state.priority),
                    rpc_timeout=RPC_LIMIT,
                )
        except WorkflowAlreadyStartedError:
            return False
        except (RPCError, *AWAY) as error:
            raise _unavailable() from error
        return True

    async def beginning(self, id: str) -> Escalation | None:
        """The state the latest run of this case began with, from its history; None when there is no such run."""
        try:
            async with asyncio.timeout(PATIENCE):
                events = self._handle(id).fetch_history_events(page_size=1, rpc_timeout=RPC_LIMIT)
                first = await anext(events)
                payloads = first.workflow_execution_started_event_attributes.input.payloads
                [start] = await self._client.data_converter.decode(payloads, [contract.Start])
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise _unavailable() from error
        except AWAY as error:
            raise _unavailable() from error
        return open_case(start.opening).state if start.opening else start.state

    async def say(self, id: str, command: Command, *, wait: bool = True) -> dict[str, Any] | None:
        """The document after the command, or None when it is kept for a worker to come; not to `wait` is to keep it at once.

        Raises the workflow's refusal (a DomainError), NoWorkflow, NoRoom, Unavailable.
        """
        if not wait:
            await self._keep(id, command)
            return None
        try:
            async with asyncio.timeout(UPDATE_PATIENCE), self._room:
                answer: contract.Answer = await self._handle(id).execute_update(
                    command.name,
                    command,
                    id=command.id,
                    result_type=contract.Answer,
                    rpc_timeout=contract.UPDATE_LIMIT,
                )
                return answer.document if answer.moved is None else {**answer.document, MOVED: answer.moved}
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from error
        except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
            await self._keep(id, command)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise NoWorkflow from error
            await self._keep(id, command)  # too many updates at once, a limit reached, a hiccup: a signal may still do
        except RuntimeError as error:
            raise _unavailable() from error
        return None

    async def give_way(self, id: str) -> None:
        """Ask a run that has ended but for its messages to let the next episode begin. Raises Unavailable."""
        try:
            await self._handle(id).signal(contract.GIVE_WAY, rpc_timeout=RPC_LIMIT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # else it is over by now
                raise _unavailable() from error
        except RuntimeError as error:
            raise _unavailable() from error

    async def look_again(self, escalation: str, episode: int, cause_at: str | None) -> None:
        """Have the run that reminds of the actions of that root cause look at once, if one lives. Raises Unavailable."""
        for id in contract.reminding_ids(escalation, episode, cause_at):
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._handle(id).signal(contract.LOOK_AGAIN, rpc_timeout=RPC_LIMIT)
                return
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise _unavailable() from error
            except AWAY as error:
                raise _unavailable() from error

    async def follow_problem(self, plan: ProblemPlan) -> None:
        """Have the run that follows up this problem look at once; it begins where there is none. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.start_workflow(
                    contract.PROBLEM,
                    plan,
                    id=contract.problem_run_id(plan),
                    task_queue=contract.TASK_QUEUE,
                    task_timeout=contract.TASK_LIMIT,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    start_signal=contract.LOOK_AGAIN,
                    static_summary=f"problem {plan.problem}",
                    rpc_timeout=RPC_LIMIT,
                )
        except (RPCError, *AWAY) as error:
            raise _unavailable() from error

    async def follow_up(self, given: LateSurvey) -> dict[str, Any] | None:
        """The closed case's document with the answer in it, or None when it is kept for a worker. Raises Unavailable."""
        try:
            handle = await self._client.start_workflow(
                contract.FOLLOW_UP,
                given,
                id=contract.follow_up_id(given),
                task_queue=contract.TASK_QUEUE,
                task_timeout=contract.TASK_LIMIT,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                result_type=dict[str, Any],
                rpc_timeout=RPC_LIMIT,
            )
            async with asyncio.timeout(contract.UPDATE_LIMIT.total_seconds()), self._room:
                document: dict[str, Any] = await handle.result()
                return document
        except TimeoutError:
            return None
        except (RPCError, RuntimeError) as error:
            raise _unavailable() from error

    async def send_answer(self, id: str) -> None:
        """Have the answer to an e-mail sent that is kept under `id`; once, however often this is asked. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.start_workflow(
                    contract.ANSWER,
                    id,
                    id=contract.answer_id(id),
                    task_queue=contract.TASK_QUEUE,
                    task_timeout=contract.TASK_LIMIT,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    rpc_timeout=RPC_LIMIT,
                )
        except WorkflowAlreadyStartedError:
            return
        except (RPCError, *AWAY) as error:
            raise _unavailable() from error

    async def bring(self, alert: contract.Alert) -> None:
        """Have a message of a closed case sent that is written down already; once, however often asked. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.start_workflow(
                    contract.ALERT,
                    alert,
                    id=contract.bring_id(alert),
                    task_queue=contract.TASK_QUEUE,
                    task_timeout=contract.TASK_LIMIT,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=alert.message.summary,
                    priority=describe.temporal_priority(alert.priority),
                    rpc_timeout=RPC_LIMIT,
                )
        except WorkflowAlreadyStartedError:
            return
        except (RPCError, *AWAY) as error:
            raise _unavailable() from error

    async def reachable(self, patience: timedelta) -> bool:
        """Whether Temporal answers."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await self._client.service_client.check_health(timeout=patience)
        except (RPCError, *AWAY):
            return False

    async def _keep(self, id: str, command: Command) -> None:
        try:
            async with asyncio.timeout(RPC_LIMIT.total_seconds()):
                await self._signal(id, command)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise NoWorkflow from error
            if error.status == RPCStatusCode.RESOURCE_EXHAUSTED:
                raise NoRoom from error
            raise _unavailable() from error
        except AWAY as error:
            raise _unavailable() from error

    async def _signal(self, id: str, command: Command) -> None:
        """One call and no more: where Temporal has no room the SDK would wait a second and ask again, and a person waits."""
        request = SignalWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=id),
            signal_name=command.name,
            input=Payloads(payloads=await self._client.data_converter.encode([command])),
            identity=self._client.identity,
            request_id=command.id,
        )
        await self._client.workflow_service.signal_workflow_execution(request, retry=False, timeout=RPC_LIMIT)

    def _handle(self, id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(id)


def summary(state: Escalation) -> str:
    """`critical · Acme GmbH · Checkout is down`, on one line."""
    return " ".join(describe.summary(state.priority, state.customer.name, state.ticket.subject).split())


def _refusal(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if not isinstance(cause, ApplicationError) or cause.type == ENDED_FIRST:
        return NoWorkflow()  # the run ended before it could answer; what it left in the store tells why
    details = cause.details[0] if cause.details else None
    if not isinstance(details, Mapping):
        log.error("command failed in the workflow", kind=cause.type)  # not its text, which may repeat the command's
        return NotAllowed(
            "command_failed", "the rules failed on this command; the case is as it was. Please report this"
        )
    kind = KINDS.get(str(details.get("kind")), NotAllowed)
    return kind(cause.type or "refused", cause.message, field=details.get("field"))


def _unavailable() -> Unavailable:
    return Unavailable("temporal_unavailable", "Temporal does not answer; nothing is known to be lost, try again")
