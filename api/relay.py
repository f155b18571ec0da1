"""Hands over what Temporal had no room for when it was said, so that a 202 is kept whatever limit was reached.

Every API process looks, and any may hand over: the workflow applies a command id once. A word is only forgotten here after
Temporal has it, or when its case is over.
"""

import asyncio
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.cases import NoRoom, NoWorkflow
from api.commands import why_no_workflow
from api.errors import Unavailable
from api.services import Services, in_thread
from domain.outcome import Settled
from records.stored import StoredCommand

LOOK_EVERY = 1.0  # seconds; one small query
AT_ONCE = 50  # handed over one by one: where there was no room, a crowd would find none either

log = structlog.get_logger()


async def relay(services: Services) -> NoReturn:
    """Look for owed commands and hand them over, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await hand_over(services)
        except (NoRoom, Unavailable):
            continue  # there is still no room; what is owed stays written down
        except SQLAlchemyError as error:
            log.error("owed commands cannot be read", error=type(error).__name__)


async def hand_over(services: Services) -> int:
    """Give Temporal what it is owed, oldest first; how many were. Raises NoRoom or Unavailable at the first that fails."""
    owed = await in_thread(services.commands.owed, AT_ONCE)
    for stored in owed:
        try:
            await services.cases.say(stored.escalation, stored.command, wait=False)
        except NoWorkflow:
            await in_thread(_settle_over, services, stored)
        await in_thread(services.commands.handed_over, stored.command_id)
    return len(owed)


def _settle_over(services: Services, stored: StoredCommand) -> None:
    """The case has ended, or its workflow is gone: the command is refused with the reason."""
    why = why_no_workflow(services, stored.escalation)
    refused = Settled(command_id=stored.command_id, status="refused", code=why.code, reason=why.message)
    services.commands.settle(refused, services.now())
