"""`python -m api`: one process that serves until it is told to stop, and then lets go in order."""

import logging
import signal
import sys
from contextlib import closing

import structlog
from pydantic import ValidationError

import process
import production
from api.app import create_app
from api.seeding import read_folder
from api.serving import NOT_STARTED, serve
from domain.errors import PolicyFaults
from records.database import Database, DatabaseAway
from settings import ApiSettings, setting_faults
from signed_links import SecretFault, masked, secret_of

ACCESS_LOG = "uvicorn.access"
GRACE = 10  # seconds for requests under way; a command takes at most its update limit and a signal

log = structlog.get_logger("api")


class StartRefused(Exception):
    """The API cannot start; the text says why, for people."""


def without_query(record: logging.LogRecord) -> bool:
    """A filter for the access log: what people search for (`?q=`) names customers, and a link is a key: both stay out of it."""
    if isinstance(record.args, tuple):
        record.args = tuple(masked(one.partition("?")[0]) if isinstance(one, str) else one for one in record.args)
    return True


def checked() -> ApiSettings:
    """The settings, once nothing stands against a start. Raises StartRefused.

    Said plainly and before anything is written or opened: before the server's own log begins.
    """
    try:
        settings = ApiSettings()
        if missing := production.missing(settings, production.temporal_address()):
            raise StartRefused(production.refusal(missing))
        read_folder(settings.policies)
    except ValidationError as error:
        raise StartRefused(setting_faults(error)) from None
    except (ValueError, PolicyFaults) as error:
        raise StartRefused(str(error)) from None
    return settings


def reach_store(settings: ApiSettings) -> None:
    """See that the database answers: the server would say it with a traceback. Raises DatabaseAway."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with closing(Database(settings.database)) as database:
        database.reach()


def main() -> int:
    """Serve; the exit status."""
    try:
        settings = checked()
        process.begin(settings.mode)
        reach_store(settings)
        secret_of(settings)  # said plainly when it cannot be read
    except (StartRefused, DatabaseAway, SecretFault) as refused:
        print(f"api: {refused}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again after its own shutdown, and would end here
    if settings.mode == "production" and settings.public_url is None:
        log.warning(production.NO_PUBLIC_URL, now=settings.public_address)
    logging.getLogger(ACCESS_LOG).addFilter(without_query)
    with process.letting_go():
        began = serve(create_app(settings), settings.host, settings.port, GRACE)
    return 0 if began else NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
