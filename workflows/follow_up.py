"""What goes on after a case has closed. For now: the customer's survey answer is written down, durably."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    from activities.recording import Recording
    from domain.afterwards import LateSurvey

RECORD_LIMIT = timedelta(seconds=5)  # one SQL transaction; it is tried again until the store takes it


@workflow.defn(name=contract.FOLLOW_UP)
class FollowUpWorkflow:
    """One word said after closing."""

    @workflow.run
    async def run(self, given: LateSurvey) -> dict[str, Any]:
        """Returns the closed case's document with the answer in it."""
        return await workflow.execute_activity_method(
            Recording.record_survey,
            given,
            start_to_close_timeout=RECORD_LIMIT,
            summary=f"write down: rated {given.answer.score} of 5",
        )
