"""What goes on after a case has closed, each thing in a small run of its own: the run of the case is over by then.

`Survey` is started by the case itself when it closes, waits, and asks the customer. `FollowUp` is started by the API for an
answer that comes after closing, and writes it down; `Alert` tells the lead when the answer was low, so that nobody who
answers waits for a provider. `Lessons`, started by the case as well, tells who gets the problem when the cause came back, and
reminds the owners of actions until none is open. Their messages go the way of all others: recorded, claimed, sent, marked.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    import workflows.describe as describe
    import workflows.sends as sends
    from activities.recording import ALERT_KEY, Recording
    from domain.actions import LessonsPlan, Look, Reminders
    from domain.afterwards import LateSurvey, SurveyPlan, Unsent
    from domain.messages import Message
    from domain.policy import QuietHours
    from domain.tickets import Priority

RECORD_LIMIT = timedelta(seconds=5)  # one SQL transaction; it is tried again until the store takes it


@workflow.defn(name=contract.FOLLOW_UP)
class FollowUpWorkflow:
    """One word said after closing."""

    @workflow.run
    async def run(self, given: LateSurvey) -> dict[str, Any]:
        """Returns the closed case's document with the answer in it."""
        document = await workflow.execute_activity_method(
            Recording.record_survey,
            given,
            start_to_close_timeout=RECORD_LIMIT,
            summary=f"write down: rated {given.answer.score} of 5",
        )
        alert = document.pop(ALERT_KEY, None)  # none either from a worker that knew no alerts
        if alert is not None:
            await _tell_the_lead(given, document, Message.model_validate(alert))
        return document


async def _tell_the_lead(given: LateSurvey, document: dict[str, Any], message: Message) -> None:
    """Begin the run that does it, and leave it to itself."""
    alert = contract.Alert(
        escalation=given.escalation, episode=given.episode, priority=document["priority"], message=message
    )
    with suppress(WorkflowAlreadyStartedError):  # by the run before a reset: it has told the lead, or will
        await workflow.start_child_workflow(
            contract.ALERT,
            alert,
            id=contract.alert_id(given),
            task_timeout=contract.TASK_LIMIT,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary=describe.summary("low score", document["customer"]["name"], document["ticket"]["subject"]),
            priority=describe.temporal_priority(alert.priority),
        )


@workflow.defn(name=contract.ALERT)
class AlertWorkflow:
    """One message of a closed case on its way, on its next channel where one fails.

    A low answer to the lead, or to the owner of last resort where the lead cannot be reached; or what the API starts it with: the
    closed notice or the survey on the next channel, when its e-mail has bounced.
    """

    @workflow.run
    async def run(self, alert: contract.Alert) -> str:
        """Returns how the last message ended."""
        return await _bring(alert.message, alert.escalation, alert.episode, alert.priority)


@workflow.defn(name=contract.SURVEY)
class SurveyWorkflow:
    """The question how it was, to the customer of one closed episode."""

    @workflow.run
    async def run(self, plan: SurveyPlan) -> str:
        """Returns how the last message ended, or `not asked`."""
        await _until(plan.at, "then the customer is asked how it was")
        message = await workflow.execute_activity_method(
            Recording.record_question,
            plan.model_copy(update={"at": workflow.now()}),
            start_to_close_timeout=RECORD_LIMIT,
            summary="write down the question, unless nobody is to be asked any more",
        )
        if message is None:
            return "not asked"
        return await _bring(message, plan.escalation, plan.episode, plan.priority, plan.quiet_hours)


@workflow.defn(name=contract.LESSONS)
class LessonsWorkflow:
    """What one closed episode taught: that its cause came back, and what was to be done about it."""

    @workflow.run
    async def run(self, plan: LessonsPlan) -> str:
        """Live until no action is open any more; returns `followed up`."""
        if plan.looked_at is None:
            problem = await workflow.execute_activity_method(
                Recording.record_recurrence,
                plan,
                start_to_close_timeout=RECORD_LIMIT,
                summary="count its cause: does it come back?",
            )
            await _bring(problem, plan.escalation, plan.episode, plan.priority)
        while True:
            found, plan = await self._look(plan)
            for message in found.messages:
                await _bring(message, plan.escalation, plan.episode, plan.priority)
            if found.next_at is None:
                return "followed up"
            if workflow.info().is_continue_as_new_suggested():  # years of reminders to somebody who does not mind
                workflow.continue_as_new(plan)
            await _until(found.next_at, "then the owners of open actions are reminded")

    async def _look(self, plan: LessonsPlan) -> tuple[Reminders, LessonsPlan]:
        """What fell due since the last look, and the plan with this one in it."""
        look = Look(plan=plan, after=plan.looked_at or plan.closed_at, at=workflow.now())
        found = await workflow.execute_activity_method(
            Recording.record_reminders,
            look,
            start_to_close_timeout=RECORD_LIMIT,
            summary="write down which reminders of actions are due",
        )
        return found, plan.model_copy(update={"looked_at": look.at})


async def _bring(
    message: Message | None, escalation: str, episode: int, priority: Priority, quiet_hours: QuietHours | None = None
) -> str:
    """Send it, on its next channel when one fails; what did not go out is written down. Returns how the last one ended."""
    status = ""
    while message is not None:
        await _until(message.not_before, "the end of the customer's quiet hours")
        send = sends.begin(message, priority)
        await workflow.wait_condition(send.done)
        result = sends.end_of(message.key, send)
        status = result.status
        if status in ("sent", "unknown"):
            break
        unsent = Unsent(escalation=escalation, episode=episode, message=message, result=result, quiet_hours=quiet_hours)
        message = await workflow.execute_activity_method(
            Recording.record_unsent,
            unsent,
            start_to_close_timeout=RECORD_LIMIT,
            summary=describe.cut(f"write down: {message.addressed} {status}"),
        )
    return status


async def _until(at: datetime | None, why: str) -> None:
    """Wait for that instant, if it lies ahead."""
    left = at - workflow.now() if at is not None else timedelta()
    if left > timedelta():
        await workflow.sleep(left, summary=why)
