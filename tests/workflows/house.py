"""Everything an escalation needs around it, real but for the two vendors: store, roster, workers, and postboxes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.answering import Answering
from activities.providers.port import Envelope, Outcome, Provider, Sent
from activities.providers.webhook import TeamWebhook
from activities.recording import Recording
from activities.rendering import Renderer
from activities.sending import Sending
from domain.commands import Command
from domain.policy_file import load_policy
from domain.roster import Roster
from domain.state import Opening
from domain.tickets import Channel, Customer, Priority, Ticket, Trigger
from records.database import Database
from records.escalations import Escalations
from records.roster import RosterStore
from settings import ServerSettings
from signed_links import SignedLinks, secret_of
from tests.until import LIMIT
from workflows import contract, describe, sandbox
from workflows.answer import AnswerWorkflow
from workflows.escalation import EscalationWorkflow
from workflows.follow_up import AlertWorkflow, FollowUpWorkflow, SurveyWorkflow
from workflows.lessons import ActionsWorkflow, LessonsWorkflow
from workflows.problems import ProblemWorkflow

ENDED = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
TEMPLATES = Path("policies/templates")

POLICY = """
name: quick
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m, warn_at: [50]}, tier_resolution: {all: 2h}}
    steps: [{tell: on_call, channels: [sms, email]}, {after: 5m, tell: on_call.next, channels: [sms]}]
  - name: L2
    team: specialists
    targets: {acknowledge: {all: 15m}, tier_resolution: {all: 4h}}
    repeat: 1
    steps: [{tell: on_call, channels: [sms]}]
targets: {resolution: {all: 1d}, closure: {all: 15d, warn_at: [80]}, root_cause: {all: 3d}}
customer_updates: {every: {all: 8h}, channels: [email], on: [opened, resolved, closed]}
closing: {root_cause: required, confirm_within: 2d}
"""

ROSTER = Roster.model_validate(
    {
        "people": [
            {"id": "dana", "name": "Dana", "email": "dana@support.example", "phone": "+493023125101"},
            {"id": "sam", "name": "Sam", "email": "sam@support.example", "phone": "+493023125102"},
            {"id": "lee", "name": "Lee", "email": "lee@support.example", "phone": "+493023125201"},
            {"id": "noor", "name": "Noor", "email": "noor@network.example", "phone": "+493023125301"},
            {"id": "ops-manager", "name": "Alex", "email": "alex@support.example", "phone": "+493023125402"},
        ],
        "teams": [
            {"id": "support", "lead": "lee", "members": ["dana", "sam"]},
            {"id": "specialists", "lead": "lee", "members": ["lee"]},
            {"id": "network", "lead": "noor", "members": ["noor"]},
        ],
    }
)


@dataclass
class Postbox:
    """A provider that keeps what it is given; `answers` lets a test make it fail, hang or lose answers."""

    channel: Channel
    name: str = "postbox"
    kept: list[Envelope] = field(default_factory=list)
    answers: Callable[[Envelope], Outcome] | None = None

    def send(self, envelope: Envelope) -> Outcome:
        if self.answers is not None:
            return self.answers(envelope)
        self.kept.append(envelope)
        return Sent(provider_id=f"{self.name}-{len(self.kept)}")


class Crew:
    """The worker that runs cases; a test may send it home and call it back."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._at_work = AsyncExitStack()

    async def comes(self) -> None:
        await self._at_work.enter_async_context(self._make())

    async def leaves(self) -> None:
        await self._at_work.aclose()


@dataclass
class House:
    """A running installation, without the API."""

    client: Client
    database: Database
    task_queue: str
    sms: Postbox
    email: Postbox
    crew: Crew

    @property
    def escalations(self) -> Escalations:
        return Escalations(self.database)

    async def opens(
        self, policy: str = POLICY, priority: Priority = "high", **changes: Any
    ) -> WorkflowHandle[Any, Any]:
        """Open a case the way the API does."""
        return await self.starts(contract.Start(opening=opening(policy, priority, **changes)))

    async def starts(self, start: contract.Start) -> WorkflowHandle[Any, Any]:
        """Start a case from its opening, or from the state it carried over."""
        case = start.opening or start.state
        assert case is not None
        return await self.client.start_workflow(
            contract.ESCALATION,
            start,
            id=case.id,
            task_queue=self.task_queue,
            static_summary=describe.summary(case.priority, case.customer.name, case.ticket.subject),
            priority=describe.temporal_priority(case.priority),
        )

    def document(self, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
        """The case as the store has it."""
        found = self.escalations.latest(handle.id)
        assert found is not None
        return found

    def kinds(self, handle: WorkflowHandle[Any, Any]) -> list[str]:
        return [entry.kind for entry in self.escalations.timeline(handle.id, 1)]

    def at(self, handle: WorkflowHandle[Any, Any], kind: str) -> list[timedelta]:
        """When things of that kind happened, counted from the opening."""
        timeline = self.escalations.timeline(handle.id, 1)
        return [entry.at - timeline[0].at for entry in timeline if entry.kind == kind]


def opening(policy: str = POLICY, priority: Priority = "high", **changes: Any) -> Opening:
    """What the API accepts: a ticket of its own, just now."""
    number = uuid.uuid4().hex[:8]
    return Opening(
        id=f"zendesk-{number}",
        episode=1,
        accepted_at=datetime.now(UTC),
        opened_by=None,
        policy=load_policy(policy),
        priority=priority,
        priority_reasons=(),
        ticket=Ticket(system="zendesk", id=number, subject="Checkout is down"),
        customer=Customer(id="acme", name="Acme GmbH", email="it@acme.example", phone="+493012345678"),
        trigger=Trigger(kind="manual"),
        leads={"support": "lee"},
    ).model_copy(update=changes)


def said(
    name: str, by: str | None = "dana", *, at: datetime | None = None, id: str | None = None, **body: Any
) -> Command:
    """A command as the API makes it."""
    received = at or datetime(2100, 1, 1, tzinfo=UTC)  # the workflow takes its own now when that is earlier
    return Command(id=id or uuid.uuid4().hex, name=name, by=by, received_at=received, body=body)


async def says(handle: WorkflowHandle[Any, Any], name: str, by: str | None = "dana", **body: Any) -> dict[str, Any]:
    """Send a command as an update and return the document it answers."""
    answer = await handle.execute_update(name, said(name, by, **body), result_type=contract.Answer)
    return cast(dict[str, Any], answer.document)


async def sends_taken_in(case: WorkflowHandle[Any, Any], count: int) -> None:
    """Wait until the workflow has heard how so many messages (or other activities) ended."""
    async with asyncio.timeout(LIMIT):
        while sum([event.event_type == ENDED async for event in case.fetch_history_events()]) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the server alone knows


async def child_of(
    tierline: House, case: WorkflowHandle[Any, Any], name: str, count: int = 1
) -> WorkflowHandle[Any, Any]:
    """The run of that kind that the case has started, the `count`th, as soon as it is there."""
    async with asyncio.timeout(LIMIT):
        while len(found := [one async for one in _begun(case, name)]) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the server alone knows
    return tierline.client.get_workflow_handle(found[count - 1])


async def _begun(case: WorkflowHandle[Any, Any], name: str) -> AsyncIterator[str]:
    async for event in case.fetch_history_events():
        begun = event.child_workflow_execution_started_event_attributes
        if begun.workflow_type.name == name:
            yield begun.workflow_execution.workflow_id


@asynccontextmanager
async def send_workers(
    client: Client, sending: Sending, threads: ThreadPoolExecutor, at_once: int = 4, answering: Answering | None = None
) -> AsyncIterator[None]:
    """Workers of the queues that the sends of the installation go through, `at_once` on each channel."""
    async with AsyncExitStack() as stack:
        for queue in (contract.SEND_TASK_QUEUE, *map(contract.send_queue, get_args(Channel))):
            worker = Worker(
                client,
                task_queue=queue,
                activities=[sending.send, *([answering.send_answer] if answering else [])],
                activity_executor=threads,
                max_concurrent_activities=at_once,
            )
            await stack.enter_async_context(worker)
        yield


def case_worker(
    client: Client, recording: Recording, threads: ThreadPoolExecutor, task_queue: str, cached: int
) -> Worker:
    """A worker of the queue that the test's cases wait in."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[
            *(EscalationWorkflow, AnswerWorkflow, FollowUpWorkflow),
            *(SurveyWorkflow, AlertWorkflow, LessonsWorkflow, ActionsWorkflow, ProblemWorkflow),
        ],
        workflow_runner=sandbox.runner(),
        activities=[
            *(recording.record, recording.record_survey, recording.record_question, recording.record_unsent),
            *(recording.record_recurrence, recording.record_reminders, recording.record_problem_news),
        ],
        activity_executor=threads,
        max_concurrent_activities=4,
        max_concurrent_local_activities=4,
        max_cached_workflows=cached,
    )


@asynccontextmanager
async def house(
    client: Client,
    folder: Path,
    *,
    cached: int = 100,
    task_queue: str | None = None,
    sends: bool = True,
    database_url: str | None = None,
    answered: Set[Channel] = frozenset(),
    per_minute: int | None = None,
    links: bool = False,
) -> AsyncIterator[House]:
    """Run a worker for cases and one for sends (unless `sends` is false) until the block ends.

    `answered`: the channels on which replies reach us; `per_minute`: how much a person gets before messages go out together;
    `links`: whether messages lead to the pages to act on.
    """
    queue = task_queue or f"test-{uuid.uuid4().hex[:8]}"
    sms, email = Postbox("sms"), Postbox("email")
    with closing(Database(database_url or f"sqlite:///{folder / 'tierline.db'}")) as database:
        database.migrate()
        RosterStore(database).save(ROSTER, None, datetime.now(UTC))
        secret = secret_of(ServerSettings(home=folder))
        webhook = TeamWebhook(secret, private=True)  # a test's own server stands for a team's
        providers: dict[Channel, Provider] = {"sms": sms, "email": email, "webhook": webhook}
        url = "http://tierline.example"
        signed = SignedLinks(secret, url) if links else None
        sending = Sending(database, providers, Renderer(TEMPLATES), url, answered, links=signed, per_minute=per_minute)
        with ThreadPoolExecutor(8) as threads:
            crew = Crew(lambda: case_worker(client, Recording(database), threads, queue, cached))
            answering = Answering(database, providers)
            async with send_workers(client, sending, threads, answering=answering) if sends else nullcontext():
                await crew.comes()
                try:
                    yield House(client, database, queue, sms, email, crew)
                finally:
                    await crew.leaves()
