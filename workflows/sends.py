"""One message on its way: how long a try may take, how often it is tried, how long it is worth trying, and how it ended.

The same for a running case and for what is said after closing.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError

import workflows.contract as contract
import workflows.describe as describe
from activities.sending import Sending
from domain.messages import LESSONS, Message, SendResult
from domain.tickets import Priority

SEND_LIMIT = timedelta(seconds=15)  # one try; the vendors' clients give up after 10 s
SEND_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=2))
RESPONDER_PATIENCE = timedelta(minutes=10)  # a page later than that is the next responder's business
CUSTOMER_PATIENCE = timedelta(hours=24)  # a customer's message is worth retrying for a day; so is what has no hurry
NOBODY_SENT = "no sender brought it to an end while it was worth sending; are workers running?"


def begin(message: Message, priority: Priority) -> workflow.ActivityHandle[SendResult]:
    """Let it go out; a dead provider never ends the workflow, see `end_of`."""
    patient = message.person is None or message.kind in LESSONS
    return workflow.start_activity_method(
        Sending.send,
        message,
        task_queue=contract.send_queue(message.channel),
        start_to_close_timeout=SEND_LIMIT,
        schedule_to_close_timeout=CUSTOMER_PATIENCE if patient else RESPONDER_PATIENCE,
        retry_policy=SEND_RETRY,
        priority=describe.temporal_priority(priority),
        summary=describe.cut(message.summary),
    )


def end_of(key: str, send: workflow.ActivityHandle[SendResult]) -> SendResult:
    """How a send ended that is done; one that ran out of patience has failed, and its last error says why.

    The sender's clock may run ahead of the server's; what has not come yet must not fire by it.
    """
    try:
        result = send.result()
        return result.model_copy(update={"at": min(result.at, workflow.now())})
    except ActivityError as error:
        cause = error.cause
        code = cause.type if isinstance(cause, ApplicationError) else None
        reason = (
            NOBODY_SENT if isinstance(cause, TimeoutError) else getattr(cause, "message", None) or str(cause or error)
        )
        return SendResult(key=key, status="failed", at=workflow.now(), code=code or "gave_up", reason=reason)
