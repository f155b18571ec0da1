"""What is said of a case beside its own run: one message brought on its way, on its next channel where one fails.

It goes the way of all others (recorded, claimed, sent, marked), and what did not go out is written down.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
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


class OnTheirWay:
    """Messages brought while their run goes on: a provider that hangs keeps nothing else waiting."""

    def __init__(self) -> None:
        self._brought: list[asyncio.Task[str]] = []

    def bring(self, messages: Iterable[Message], escalation: str, episode: int, priority: Priority) -> None:
        """Begin to bring them; returns at once."""
        self._brought = [one for one in self._brought if not one.done()]
        self._brought += [asyncio.create_task(bring(one, escalation, episode, priority)) for one in messages]

    async def all_ended(self) -> None:
        """Wait until every message has come to its end."""
        await asyncio.gather(*self._brought)


async def until(at: datetime | None, why: str) -> None:
    """Wait for that instant, if it lies ahead."""
    left = at - workflow.now() if at is not None else timedelta()
    if left > timedelta():
        await workflow.sleep(left, summary=why)


class Pause:
    """From one look at what is to be said to the next: until something is due, or something has happened and it is `over`.

    A run begins it anew (`over` is False) before every look. What is said while a look is under way counts for another one:
    nobody knows whether the first has seen it.
    """

    def __init__(self) -> None:
        self.over = False

    async def until(self, at: datetime, why: str) -> None:
        """Wait for that instant, or for what happens."""
        left = at - workflow.now()
        if left > timedelta():
            with suppress(TimeoutError):
                await workflow.wait_condition(lambda: self.over, timeout=left, timeout_summary=why)
