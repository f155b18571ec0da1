"""What providers push to us is kept first, then acted on, by whichever API process finds it.

What was kept is not lost: what a process did not get done is found again. Each kind acts once however often it is acted on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import receipts, replies
from api.services import Services, in_thread
from records.inbound import InboundEvent

LOOK_EVERY = 2.0  # seconds; for what another process has left
AT_ONCE = 100

ACT: Mapping[str, Callable[[Services, InboundEvent], Awaitable[object]]] = {
    receipts.TWILIO: receipts.act_on,
    receipts.SENDGRID: receipts.act_on,
    replies.SMS: replies.act_on,
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
    kept = await in_thread(services.inbound.unhandled, tuple(ACT), AT_ONCE)
    for event in kept:
        try:
            await ACT[event.source](services, event)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this one
            log.error("left aside", source=event.source, id=event.event_id, error=type(error).__name__)
        await in_thread(services.inbound.handled, event.source, event.event_id, services.now())
    return len(kept)
