"""A stand-in for the Temporal client: the real rules behind it, no server, no worker.

Good for what the API does with an answer; the workflow itself is tested against a real server elsewhere.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.commands import Command
from domain.errors import DomainError
from domain.escalation import apply, open_case
from domain.problem_reminders import ProblemPlan
from domain.rebasing import due_times_moved
from domain.state import Escalation
from domain.view import document
from workflows.contract import ANSWER, GIVE_WAY, LOOK_AGAIN, STATIC_KEYS, Alert, Answer, Start


def rpc_error(status: RPCStatusCode) -> RPCError:
    """What the SDK raises when a call fails."""
    return RPCError(status.name, status, b"")


class FakeTemporal:
    """Runs by workflow id. `worker` off: updates time out; `error`: every call fails with that status."""

    def __init__(self) -> None:
        self.namespace = "default"
        self.identity = "api"
        self.data_converter = pydantic_data_converter
        self.runs: dict[str, Escalation] = {}
        self.inputs: dict[str, Start] = {}
        self.started: list[dict[str, Any]] = []
        self.updates: list[tuple[str, Command]] = []
        self.signals: list[tuple[str, Command]] = []
        self.gave_way: list[str] = []
        self.reminding: dict[str, int] = {}  # the runs that remind of actions: how often each was told to look again
        self.followed: list[tuple[str, str, str]] = []  # the runs of problems that were begun or told to look again
        self.answers: list[str] = []  # the ids of those to e-mails
        self.brought: dict[str, Alert] = {}  # messages of closed cases
        self.worker = True
        self.error: RPCStatusCode | None = None
        self.service_client = SimpleNamespace(check_health=self._health)
        self.workflow_service = SimpleNamespace(signal_workflow_execution=self._signal)

    async def start_workflow(
        self, workflow: str, start: Start | str | Alert | ProblemPlan, *, id: str, **options: Any
    ) -> None:
        self.fail()
        if isinstance(start, ProblemPlan):  # begun or told, as the server does with a signal at the start
            self.followed.append((workflow, id, options["start_signal"]))
            return
        if id in self.runs or id in self.brought or (workflow == ANSWER and start in self.answers):
            raise WorkflowAlreadyStartedError(id, workflow)
        self.started.append({"workflow": workflow, "id": id, **options})
        if isinstance(start, str):
            self.answers.append(start)
            return
        if isinstance(start, Alert):
            self.brought[id] = start
            return
        assert start.opening is not None
        self.inputs[id] = start
        self.runs[id] = open_case(start.opening).state

    def get_workflow_handle(self, id: str) -> "FakeHandle":
        return FakeHandle(self, id)

    def fail(self) -> None:
        if self.error is not None:
            raise rpc_error(self.error)

    async def _signal(self, request: SignalWorkflowExecutionRequest, **_: Any) -> None:
        id = request.workflow_execution.workflow_id
        self.fail()
        self.state_of(id)
        [command] = await self.data_converter.decode(request.input.payloads, [Command])
        assert (request.namespace, request.signal_name) == (self.namespace, command.name)
        self.signals.append((id, command))

    def state_of(self, id: str) -> Escalation:
        if id not in self.runs:
            raise rpc_error(RPCStatusCode.NOT_FOUND)
        return self.runs[id]

    async def _health(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - the SDK's own name
        self.fail()
        return True


class FakeHandle:
    """One workflow, by its id."""

    def __init__(self, temporal: FakeTemporal, id: str) -> None:
        self._temporal = temporal
        self._id = id

    async def execute_update(self, name: str, command: Command, *, id: str, **_: Any) -> Answer:
        self._temporal.fail()
        state = self._temporal.state_of(self._id)
        if not self._temporal.worker:
            raise WorkflowUpdateRPCTimeoutOrCancelledError
        assert (name, id) == (command.name, command.id)
        self._temporal.updates.append((self._id, command))
        try:
            outcome = apply(state, command, datetime.now(UTC))
        except DomainError as error:
            details = {"kind": type(error).__name__, "field": error.field}
            refusal = ApplicationError(error.message, details, type=error.code)
            raise WorkflowUpdateFailedError(refusal) from refusal
        self._temporal.runs[self._id] = outcome.state
        if not outcome.state.live:
            del self._temporal.runs[self._id]
        left_out = (*STATIC_KEYS, *(("ticket",) if outcome.state.ticket is state.ticket else ()))
        shown = {key: value for key, value in document(outcome.state).items() if key not in left_out}
        return Answer(document=shown, moved=due_times_moved(outcome.timeline))

    async def signal(self, name: str, **_: Any) -> None:
        """A run that has ended but for its messages gives way; one that reminds of actions looks again."""
        if name == LOOK_AGAIN:
            self._looks_again()
            return
        self._temporal.state_of(self._id)
        assert name == GIVE_WAY
        self._temporal.gave_way.append(self._id)
        if self._temporal.worker:
            del self._temporal.runs[self._id]

    def _looks_again(self) -> None:
        self._temporal.fail()
        if self._id not in self._temporal.reminding:
            raise rpc_error(RPCStatusCode.NOT_FOUND)
        self._temporal.reminding[self._id] += 1

    async def fetch_history_events(self, **_: Any) -> AsyncIterator[HistoryEvent]:
        self._temporal.fail()
        self._temporal.state_of(self._id)
        event = HistoryEvent()
        payloads = await self._temporal.data_converter.encode([self._temporal.inputs[self._id]])
        event.workflow_execution_started_event_attributes.input.payloads.extend(payloads)
        yield event
