"""What goes on after a case has closed, each thing in a small run of its own: the run of the case is over by then.

`Survey` is started by the case itself when it closes, waits, and asks the customer. `FollowUp` is started by the API for an
answer that comes after closing, and writes it down; `Alert` tells the lead when the answer was low, so that nobody who
answers waits for a provider. What a root cause teaches has runs of its own, see `lessons`.
"""

from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    import workflows.describe as describe
    from activities.recording import ALERT_KEY, Recording
    from domain.afterwards import LateSurvey, SurveyPlan
    from domain.messages import Message
    from workflows.bringing import RECORD_LIMIT, bring, until


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
        return await bring(alert.message, alert.escalation, alert.episode, alert.priority)


@workflow.defn(name=contract.SURVEY)
class SurveyWorkflow:
    """The question how it was, to the customer of one closed episode."""

    @workflow.run
    async def run(self, plan: SurveyPlan) -> str:
        """Returns how the last message ended, or `not asked`."""
        await until(plan.at, "then the customer is asked how it was")
        message = await workflow.execute_activity_method(
            Recording.record_question,
            plan.model_copy(update={"at": workflow.now()}),
            start_to_close_timeout=RECORD_LIMIT,
            summary="write down the question, unless nobody is to be asked any more",
        )
        if message is None:
            return "not asked"
        return await bring(message, plan.escalation, plan.episode, plan.priority, plan.quiet_hours)
