"""Hands over what Temporal had no room for when it was said, so that a 202 is kept whatever limit was reached; and that an action
was moved or something happened to a problem, to the run that reminds of it.

Every API process looks, and any may hand over: the workflow applies a command id once, and looks at its actions as often as it is
told to. A word is only forgotten here after Temporal has it, or when its case is over.
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
from domain.problem_reminders import ProblemPlan
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
            await tell_of_moves(services)
            await tell_of_problems(services)
        except (NoRoom, Unavailable):
            continue  # there is still no room; what is owed stays written down
        except SQLAlchemyError as error:
            log.error("what is owed cannot be read", error=type(error).__name__)


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


async def tell_of_moves(services: Services) -> int:
    """Have each run look again whose action has another day or owner; how many there were. Raises Unavailable.

    A run that is not there has ended, or is about to begin, and looks then.
    """
    owed = await in_thread(services.actions.owed, AT_ONCE)
    for one in owed:
        await services.cases.look_again(one.escalation, one.episode, one.cause_at)
        await in_thread(services.actions.handed_over, one)
    return len(owed)


async def tell_of_problems(services: Services) -> int:
    """Have the run of each problem look to which something has happened; how many there were. Raises Unavailable."""
    owed = await in_thread(services.problems.owed, AT_ONCE)
    for one in owed:
        await services.cases.follow_problem(ProblemPlan(problem=one.problem))
        await in_thread(services.problems.handed_over, one)
    return len(owed)


def _settle_over(services: Services, stored: StoredCommand) -> None:
    """The case has ended, or its workflow is gone: the command is refused with the reason."""
    why = why_no_workflow(services, stored.escalation)
    refused = Settled(command_id=stored.command_id, status="refused", code=why.code, reason=why.message)
    services.commands.settle(refused, services.now())
