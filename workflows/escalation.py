"""The durable life of one escalation: wait for whichever comes first, a word, a finished effect, the next due time.

All deciding is done by the pure rules in `domain.escalation`; here is only when they are asked. The one loop never waits for a
provider or the store: effects run beside it, their handles are kept, and their ends are inputs of the machine.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    # Not `from workflows import …`: that way around, the sandbox runs both modules anew for every case.
    import workflows.contract as contract
    import workflows.describe as describe
    import workflows.sends as sends
    from activities.recording import Recording
    from domain.actions import ActionsPlan, LessonsPlan, actions_plan, lessons_plan
    from domain.afterwards import SurveyPlan, survey_plan
    from domain.commands import Command
    from domain.errors import DomainError, Invalid
    from domain.escalation import advance, answer, apply, delivered, next_event, open_case
    from domain.messages import DutyAnswer, Message, SendResult
    from domain.outcome import Outcome, Settled, Transition
    from domain.rebasing import due_times_moved
    from domain.state import NO_DRIFT, Escalation
    from domain.view import document

RECORD_LIMIT = timedelta(seconds=5)  # one SQL transaction; longer means the store is in trouble
RECORD_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
RECORD_TIMER_FROM = timedelta(seconds=1)  # longer waits between tries become timers and free the workflow task


@workflow.defn(name=contract.ESCALATION)
class EscalationWorkflow:
    """One episode of one escalation."""

    @workflow.init
    def __init__(self, start: contract.Start) -> None:
        opened = open_case(start.opening) if start.opening else None
        state = opened.state if opened else start.state
        if state is None:
            raise ValueError("a start needs an opening or a state")  # `Start` refuses to be made so
        self._state: Escalation = state
        self._takes_over = not state.live  # and not: by words that were there before the first task was done
        self._first_ticket = (
            state.ticket if opened else None
        )  # the API has it, so answers leave it out until it changes
        self._unrecorded: list[Outcome] = [opened] if opened else []
        self._settled: list[Settled] = []
        self._recording: tuple[Transition, workflow.ActivityHandle[list[DutyAnswer]]] | None = None
        self._recorded = workflow.info().workflow_start_time  # the `as_of` of the last record
        self._task = 0  # the workflow task that made it, by the length of the history at its beginning
        self._outlived_until = 0  # the later task in which it came to its end, if it took so long
        self._sends: dict[str, workflow.ActivityHandle[SendResult]] = {}
        self._timer: tuple[datetime, asyncio.Task[None]] | None = None
        self._shown = describe.search_attributes(state)  # set by the client at the start; continue-as-new keeps them
        self._shown_version: int | None = None
        self._news = False
        self._next_one_waits = False
        self._misread = False
        self._followed_up = False
        self._followed_cause = None if opened else state.root_cause  # one that was carried over has its run already

    @workflow.run
    async def run(self, start: contract.Start) -> str:  # noqa: ARG002 - `__init__` has taken it
        """Live until the case is closed or cancelled, and its messages have ended; returns which of the two."""
        if self._takes_over:
            await self._take_over()
        while True:
            self._news = False
            self._harvest()
            # The API's clock, which stamped the opening, may run ahead of the server's.
            self._take(advance(self._state, max(workflow.now(), self._state.at)))
            self._record()
            self._show()
            if self._written:
                await self._follow_actions()
            if self._written and not self._state.live:
                await self._follow_up()
            if self._idle and not self._state.live:
                return self._state.status
            if self._next_one_waits and self._written and not self._state.live:
                await self._leave_the_messages()
                continue  # and write down what was said meanwhile
            if self._idle and workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(contract.Start(state=self._state))
            self._arm_timer()
            await workflow.wait_condition(self._something_happened)

    @workflow.update(dynamic=True)
    def command(self, name: str, args: Sequence[RawValue]) -> contract.Answer:
        """Apply a command; the answer is the case as it then stands."""
        command = _command(name, args)
        outcome = self._obey(command)
        self._settle(Settled(command_id=command.id, status="applied"))
        as_opened = self._state.ticket is self._first_ticket
        left_out = (*contract.STATIC_KEYS, *(("ticket",) if as_opened else ()))
        shown = {key: value for key, value in document(self._state).items() if key not in left_out}
        return contract.Answer(document=shown, moved=due_times_moved(outcome.timeline))

    @command.validator
    def refuse(self, name: str, args: Sequence[RawValue]) -> None:
        """Try the command on the pure rules; a refusal leaves no trace in the history."""
        try:
            command = _command(name, args)
            apply(self._state, command, self._heard_at(command))
        except DomainError as error:
            raise _refusal(error) from error

    @workflow.signal(dynamic=True)
    def word(self, name: str, args: Sequence[RawValue]) -> None:
        """The same command, left durably while no worker answered; its end is settled in the store."""
        try:
            command = _command(name, args)
        except DomainError as error:
            # Anybody can type a signal into the Temporal UI. Raising here would stop the case for good.
            workflow.logger.warning("A signal that is no command was left aside: %s", error)
            return
        try:
            self._obey(command)
        except DomainError as error:
            settled = Settled(command_id=command.id, status="refused", code=error.code, reason=error.message)
        else:
            settled = Settled(command_id=command.id, status="applied")
        self._settle(settled)

    @workflow.signal(name=contract.GIVE_WAY)
    def give_way(self) -> None:
        """The customer is back and a new episode wants to begin, while messages of this one are still tried.

        A case that lives is asked because the store has it as over, by a task that died: it is written down as it stands.
        """
        self._news = True
        if self._state.live:
            self._misread = True
        else:
            self._next_one_waits = True

    def _obey(self, command: Command) -> Outcome:
        outcome = apply(self._state, command, self._heard_at(command), workflow.now())
        self._take(outcome)
        return outcome

    def _settle(self, settled: Settled) -> None:
        """Have the end of a command written down, and wake the loop for it: a refusal too is waited for."""
        self._settled.append(settled)
        self._news = True

    def _heard_at(self, command: Command) -> datetime:
        """A command counts from when the API received it, but neither the future nor the machine's past can be spoken to."""
        return max(self._state.at, min(command.received_at, workflow.now()))

    def _take(self, outcome: Outcome) -> None:
        """Take in what came of it; time goes on for the case only where something is written down.

        A task that gives Temporal no command (a message was sent, nothing else) looks like a heartbeat to the SDK: in a replay it
        may become one with the next task, and what has happened in it comes after the words of that one. So it must leave
        no trace that a word could find, and the time of the case would be one.
        """
        if outcome.state.version != self._state.version:
            self._unrecorded.append(outcome)
            self._state = outcome.state
        else:
            self._state = outcome.state.model_copy(update={"at": self._state.at})

    @property
    def _idle(self) -> bool:
        """Nothing is under way and nothing waits to be written down."""
        return self._written and not self._sends

    @property
    def _written(self) -> bool:
        return not (self._recording or self._unrecorded or self._settled)

    def _something_happened(self) -> bool:
        timer_fired = self._timer is not None and self._timer[1].done()
        recorded = self._recording is not None and self._recording[1].done()
        return self._news or timer_fired or recorded or any(send.done() for send in self._sends.values())

    def _harvest(self) -> None:
        """Take in the ends of effects: first what the store answered, then what became of messages."""
        if self._recording is not None and self._recording[1].done():
            transition, recorded = self._recording
            self._recording = None
            task = workflow.info().get_current_history_length()
            self._outlived_until = task if task != self._task else 0
            for message in transition.messages:
                self._sends[message.key] = sends.begin(message, self._state.priority)
            now = workflow.now()
            ends = (partial(delivered, result=_overtaken(message), heard_at=now) for message in transition.dropped)
            answers = (partial(answer, duty=duty, heard_at=now) for duty in _answers(recorded))
            # An answer counts from its question, before which nothing may have happened later.
            answers_first = self._state.rules_version >= NO_DRIFT
            for taken_in in (*answers, *ends) if answers_first else (*ends, *answers):
                self._take(taken_in(self._state))
        for key in [key for key, send in self._sends.items() if send.done()]:
            self._take(delivered(self._state, sends.end_of(key, self._sends.pop(key)), workflow.now()))

    def _record(self) -> None:
        """Write down everything that has happened since the last time, in one transaction; one at a time."""
        if self._recording is not None or not (self._unrecorded or self._settled or self._misread):
            return
        self._misread = False
        shown, version = document(self._state), self._state.version
        made = Transition.of(shown, version, self._unrecorded, self._settled)
        before, self._recorded = self._recorded, self._task_began()
        transition = made.model_copy(update={"as_of": self._recorded, "after": before})
        self._unrecorded, self._settled = [], []
        handle = workflow.start_local_activity_method(
            Recording.record,
            transition,
            start_to_close_timeout=RECORD_LIMIT,
            retry_policy=RECORD_RETRY,
            local_retry_threshold=RECORD_TIMER_FROM,
            summary=describe.recorded(transition),
        )
        self._recording = (transition, handle)

    async def _follow_up(self) -> None:
        """Once the closing is written down: runs of their own ask the customer how it was, and count the cause."""
        if self._followed_up:
            return
        self._followed_up = True
        survey, lessons = survey_plan(self._state), lessons_plan(self._state)
        if survey is not None:
            await self._begin(contract.SURVEY, survey, contract.survey_id(survey))
        if lessons is not None:
            await self._begin(contract.LESSONS, lessons, contract.lessons_id(lessons))

    async def _follow_actions(self) -> None:
        """Once a root cause is written down: a run of its own follows up its actions."""
        if self._state.root_cause == self._followed_cause:
            return
        self._followed_cause = self._state.root_cause
        plan = actions_plan(self._state)
        if plan is not None:
            await self._begin(contract.ACTIONS, plan, contract.actions_id(plan))

    async def _begin(self, name: str, plan: SurveyPlan | LessonsPlan | ActionsPlan, id: str) -> None:
        """Begin such a run, and leave it to itself: it may live longer than this one."""
        with suppress(WorkflowAlreadyStartedError):  # by the run before, or before a reset: it has done it, or will
            await workflow.start_child_workflow(
                name,
                plan,
                id=id,
                task_timeout=contract.TASK_LIMIT,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=describe.summary(name.lower(), self._state.customer.name, self._state.ticket.subject),
                priority=describe.temporal_priority(plan.priority),
            )

    async def _leave_the_messages(self) -> None:
        """A run of its own goes on with them, for there is one run of a case."""
        for send in self._sends.values():
            send.cancel()  # no further try; one that is under way ends, and the other run waits for it
        self._sends, self._next_one_waits = {}, False
        with suppress(WorkflowAlreadyStartedError):  # after a reset by an operator: it has them already
            await workflow.start_child_workflow(
                contract.ESCALATION,
                contract.Start(state=self._state),
                id=contract.remainder_id(self._state),
                task_timeout=contract.TASK_LIMIT,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                search_attributes=describe.at_the_start(self._state),
                static_summary=describe.summary(
                    self._state.status, self._state.customer.name, self._state.ticket.subject
                ),
            )

    async def _take_over(self) -> None:
        """Go on with the messages of the run before, once what it left under way has ended."""
        await workflow.sleep(sends.SEND_LIMIT, summary="a try of the run before may still be under way")
        self._recorded = workflow.now()  # what stands in the store until now is the other run's
        self._sends = {
            key: sends.begin(message, self._state.priority) for key, message in self._state.outstanding.items()
        }

    def _task_began(self) -> datetime:
        """As the server has it: the same at every execution of the task, however long its records take.

        Time goes on within a task by what a record took, so only the first record of a task may look at it; and none
        where the record before outlived its task.
        """
        task = workflow.info().get_current_history_length()
        if task == self._task:
            return self._recorded
        later = timedelta(microseconds=task - self._task)
        began = self._recorded + later if task == self._outlived_until else workflow.now()
        self._task = task
        return began

    def _show(self) -> None:
        """Keep what an operator sees and filters by in step with the case."""
        if self._state.version == self._shown_version:
            return  # what is shown changes only with what is written down
        self._shown_version = self._state.version
        workflow.set_current_details(describe.details(self._state))
        attributes = describe.search_attributes(self._state)
        if attributes != self._shown:
            workflow.upsert_search_attributes(attributes)
            self._shown = attributes

    def _arm_timer(self) -> None:
        """One timer, to the nearest due time; it is set anew only when that changes."""
        due = next_event(self._state)
        if self._timer is not None and (due is None or self._timer[0] != due.at or self._timer[1].done()):
            self._timer[1].cancel()
            self._timer = None
        if due is not None and self._timer is None:
            wait = (due.at - workflow.now()).total_seconds()
            self._timer = (due.at, asyncio.create_task(workflow.sleep(wait, summary=due.what)))


def _command(name: str, args: Sequence[RawValue]) -> Command:
    """The one argument of the update or signal `name`. Raises Invalid `malformed_command`."""
    try:
        command = workflow.payload_converter().from_payload(args[0].payload, Command)
    except (LookupError, ValueError, TypeError, RuntimeError) as error:
        raise Invalid("malformed_command", f"'{name}' needs one argument, a command: {error}") from error
    if not isinstance(command, Command) or command.name != name:
        raise Invalid("malformed_command", f"the argument of '{name}' must be a command of that name")
    return command


def _refusal(error: DomainError) -> ApplicationError:
    """A refusal as it crosses the wire: the code is the type, the kind of error and the field are details."""
    details = {"kind": type(error).__name__, "field": error.field}
    return ApplicationError(error.message, details, type=error.code, non_retryable=True)


def _overtaken(message: Message) -> SendResult:
    """How a message ends that never went out because a later one says the same."""
    return SendResult(key=message.key, status="skipped", at=workflow.now(), reason="overtaken")


def _answers(recorded: workflow.ActivityHandle[list[DutyAnswer]]) -> list[DutyAnswer]:
    """What the store answered. A record is tried for ever; should it fail all the same, the case must not end by it.

    An ActivityError would fail the workflow; any other error fails its task only, which waits for mended code.
    """
    try:
        return recorded.result()
    except ActivityError as error:
        raise RuntimeError("a transition could not be recorded") from error
