"""What providers push to us is kept first, then acted on, by whichever API process finds it.

What was kept is not lost: what a process did not get done is found again. Each kind acts once however often it is acted on. A
reply is acted on by the request that brings it, for its answer goes back there; here only when that request has died.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import receipts, replies
from api.services import Services, in_thread
from records.inbound import InboundEvent

LOOK_EVERY = 2.0  # seconds; for what another process has left
AT_ONCE = 100
IN_HAND = timedelta(seconds=30)  # a reply is in the hands of the request that brought it; Twilio gives up after fifteen

ACT: Mapping[str, Callable[[Services, InboundEvent], Awaitable[object]]] = {
    receipts.TWILIO: receipts.act_on,
    receipts.SENDGRID: receipts.act_on,
    replies.SMS: replies.act_late,
}

log = structlog.get_logger()


async def act_on_what_comes(services: Services) -> NoReturn:
    """Act on what was kept, as soon as it is there, until cancelled."""
    while True:
        try:
            while await act(services):
                pass
        except SQLAlchemyError as error:
            log.error("what was kept cannot be read", error=type(error).__name__)
        services.something_came.clear()
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await services.something_came.wait()
        except TimeoutError:
            continue


async def act(services: Services) -> int:
    """Act on the oldest of what was kept; how many there were. What cannot be acted on is left aside: others wait behind it."""
    now = services.now()
    kept = await in_thread(services.inbound.unhandled, tuple(ACT), AT_ONCE)
    free = [event for event in kept if event.source != replies.SMS or now - event.received_at > IN_HAND]
    for event in free:
        try:
            await ACT[event.source](services, event)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this one
            log.error("left aside", source=event.source, id=event.event_id, error=type(error).__name__)
        await in_thread(services.inbound.handled, event.source, event.event_id, services.now())
    return len(free)
