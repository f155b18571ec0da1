"""What providers push to us is kept first, then acted on, by whichever API process finds it.

What was kept is not lost: what a process did not get done is found again. Each kind acts once however often it is acted on. A
reply by SMS is acted on by the request that brings it, for its answer goes back there; here only when that request has died.
Receipts, e-mails and the answers to these stand in lines of their own: a mail waits seconds where no worker answers, and while
Temporal is away answers stay where they are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import contact_tests, mails, receipts, replies
from api.errors import Unavailable
from api.services import Services, in_thread
from records import answers
from records.inbound import InboundEvent

LOOK_EVERY = 2.0  # seconds; for what another process has left
AT_ONCE = 100
PAUSE = 0.1  # seconds; in a storm it leaves room for those who wait for an answer, and more is acted on together
IN_HAND = timedelta(seconds=30)  # a reply is in the hands of the request that brought it; Twilio gives up after fifteen

ACT: Mapping[str, Callable[[Services, InboundEvent], Awaitable[object]]] = {
    receipts.TWILIO: contact_tests.act_on_receipt,
    receipts.SENDGRID: contact_tests.act_on_receipt,
    replies.SMS: replies.act_late,
    mails.MAIL: mails.act_on,
    answers.SOURCE: mails.hand_over,
}
LINES = ((receipts.TWILIO, receipts.SENDGRID), (replies.SMS, mails.MAIL), (answers.SOURCE,))

log = structlog.get_logger()


async def act_on_what_comes(services: Services) -> NoReturn:
    """Act on what was kept, as soon as it is there, until cancelled."""
    first, *others = LINES
    async with asyncio.TaskGroup() as group:
        for line in others:
            group.create_task(_act_on_line(services, line))
        await _act_on_line(services, first)


async def _act_on_line(services: Services, line: Collection[str]) -> NoReturn:
    while True:
        try:
            while await act(services, line):  # noqa: ASYNC110 - what is looked for lies in the database
                await asyncio.sleep(PAUSE)
        except SQLAlchemyError as error:
            log.error("what was kept cannot be read", error=type(error).__name__)
        services.something_came.clear()
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await services.something_came.wait()
        except TimeoutError:
            continue


async def _arrived(services: Services, events: Sequence[InboundEvent]) -> list[tuple[str, str]]:
    """Those that say that something has arrived, acted on together; none where one cannot be read: then each by itself."""
    try:
        return await receipts.act_on_arrivals(services, events)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one of them
        log.error("receipts are acted on one by one", error=type(error).__name__)
        return []


async def act(services: Services, sources: Collection[str] = tuple(ACT)) -> int:
    """Act on the oldest of what was kept; how many there were. What cannot be acted on is left aside: others wait behind it."""
    now = services.now()
    kept = await in_thread(services.inbound.unhandled, sources, AT_ONCE)
    free = [event for event in kept if event.source != replies.SMS or now - event.received_at > IN_HAND]
    # Receipts are written off together: acting on one again changes nothing. Most are of what has arrived.
    settled = await _arrived(services, free)
    done = len(settled)
    for event in free:
        if (event.source, event.event_id) in settled:
            continue
        try:
            await ACT[event.source](services, event)
        except SQLAlchemyError:
            raise
        except Unavailable:
            break  # Temporal is away; what waits here is for later
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this one
            log.error("left aside", source=event.source, id=event.event_id, error=type(error).__name__)
        done += 1
        if event.source in receipts.READ:
            settled.append((event.source, event.event_id))
        else:
            await in_thread(services.inbound.handled, event.source, event.event_id, services.now())
    await in_thread(services.inbound.all_handled, settled, services.now())
    return done
