"""An answer to somebody's e-mail: started once under the id it was kept by, and it goes out however long the provider is away.

The history holds that id and nothing of whoever wrote.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    from activities.answering import Answering

SEND_LIMIT = timedelta(seconds=15)  # one try; the vendor's client gives up after 10 s
SEND_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=2))
PATIENCE = timedelta(hours=6)  # an answer later than that only puzzles its reader


@workflow.defn(name=contract.ANSWER)
class AnswerWorkflow:
    """One answer."""

    @workflow.run
    async def run(self, id: str) -> str:
        """Returns how it ended: `sent`, `failed`, `unknown`."""
        return await workflow.execute_activity_method(
            Answering.send_answer,
            id,
            task_queue=contract.SEND_TASK_QUEUE,
            start_to_close_timeout=SEND_LIMIT,
            schedule_to_close_timeout=PATIENCE,
            retry_policy=SEND_RETRY,
            summary="answer an e-mail",
        )
