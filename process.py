"""What every process of ours does at its start and at its end, whatever it is for.

Start: files that only this user can read, log lines for people (JSON in production), and time zones from the tzdata package
installed with us, because a business deadline must not change with the machine under replay. End: a short pause, because
Temporal's threads are still letting go when the event loop is done, and in 10 to 40 % of short processes Python then aborts
although everything succeeded; half a second removes it (0 of 20 measured).
"""

import asyncio
import logging
import os
import sys
import time
import zoneinfo
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import structlog

PAUSE = 0.5  # seconds; see above
ONLY_MINE = 0o077  # umask: databases and logs hold customers' data, and are nobody else's business

T = TypeVar("T")


def begin(mode: Literal["local", "production"]) -> None:
    """Set up logging, pin the time zones, and keep what is written to this user."""
    os.umask(ONLY_MINE)
    _log_to_stderr(mode)
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()


@contextmanager
def letting_go() -> Iterator[None]:
    """Wait at the end of the block until Temporal's threads have let go."""
    try:
        yield
    finally:
        time.sleep(PAUSE)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, then the pause, also when it raised."""
    with letting_go():
        return asyncio.run(coroutine)


def _log_to_stderr(mode: Literal["local", "production"]) -> None:
    """Everything to stderr, the libraries' own records from INFO up; tracebacks never print the values of variables."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_written(mode)],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _written(mode: Literal["local", "production"]) -> list[structlog.typing.Processor]:
    if mode == "production":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
