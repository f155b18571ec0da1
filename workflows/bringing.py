"""What is said of a case beside its own run: one message brought on its way, on its next channel where one fails.

It goes the way of all others (recorded, claimed, sent, marked), and what did not go out is written down.
"""

from datetime import datetime, timedelta

from temporalio import workflow

import workflows.describe as describe
import workflows.sends as sends
from activities.recording import Recording
from domain.afterwards import Unsent
from domain.messages import Message
from domain.policy import QuietHours
from domain.tickets import Priority

RECORD_LIMIT = timedelta(seconds=5)  # one SQL transaction; it is tried again until the store takes it


async def bring(
    message: Message | None, escalation: str, episode: int, priority: Priority, quiet_hours: QuietHours | None = None
) -> str:
    """Send it, on its next channel when one fails; what did not go out is written down. Returns how the last one ended."""
    status = ""
    while message is not None:
        await until(message.not_before, "the end of the customer's quiet hours")
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


async def until(at: datetime | None, why: str) -> None:
    """Wait for that instant, if it lies ahead."""
    left = at - workflow.now() if at is not None else timedelta()
    if left > timedelta():
        await workflow.sleep(left, summary=why)
