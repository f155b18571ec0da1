"""What nobody asks for any more is deleted, so that the store does not grow for ever: answers kept for a retry, handled events,
sessions that are over, lines of the audit log after `TIERLINE_AUDIT_DAYS`.

Every API process looks, soon after its start and then every hour; what another one has deleted is gone, and that is all.
Nothing is lost by it: an event that is deleted has been acted on, and what came of it stands with its case.
"""

import asyncio
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.services import Services, in_thread
from records.audit import AuditLog

EVERY = 3600.0  # seconds
AT_ONCE = 1000  # rows; others want to write, too

log = structlog.get_logger()


async def keep_house(services: Services) -> NoReturn:
    """Delete what is old, again and again, until cancelled."""
    while True:
        try:
            await tidy(services)
        except SQLAlchemyError as error:
            log.error("what is old cannot be deleted", error=type(error).__name__)
        await asyncio.sleep(EVERY)


async def tidy(services: Services) -> int:
    """Delete what is old by now; how many rows there were."""
    now = services.now()
    deleted = await in_thread(services.idempotency.purge, now)
    deleted += await in_thread(services.ended_sessions.purge, now)
    while part := await in_thread(services.inbound.purge, now, AT_ONCE):
        deleted += part
    audit, before = AuditLog(services.database), now - timedelta(days=services.settings.audit_days)
    while part := await in_thread(audit.purge, before):
        deleted += part
    return deleted
