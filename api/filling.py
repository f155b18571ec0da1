"""The facts of cases from before there were any: made in the background after a start, a hundred at a time.

Every API process does it and none waits for another: facts are made of what the store has, so twice is no harm.
"""

import asyncio
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.services import Services, in_thread
from records.facts import Place, fill

TRY_AGAIN = 5.0  # seconds, when the database did not serve
PAUSE = 0.05  # between two batches: those who act are not to wait behind this

log = structlog.get_logger()


async def fill_facts(services: Services) -> NoReturn:
    """Until all have facts; then there is nothing left to do, for every record makes its own."""
    place: Place | None = None
    while True:
        try:
            following = await in_thread(fill, services.database, place)
        except SQLAlchemyError as error:
            log.error("facts of earlier cases cannot be made yet", error=type(error).__name__)
            await asyncio.sleep(TRY_AGAIN)
            continue
        if following is None:
            await asyncio.Event().wait()
        place = following
        await asyncio.sleep(PAUSE)
