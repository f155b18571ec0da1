"""A limit for the whole of one call to a vendor.

The vendors' clients limit each wait for the next bytes, not the sum of them: a vendor that drips its answer would hold a sender's
thread for as long as it likes, and a worker has only so many. Here the caller goes on at the limit. What was called ends by
itself when its line does; nobody hears its answer any more.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


def within(limit: timedelta, call: Callable[[], T]) -> T:
    """What `call` returns or raises. Raises TimeoutError when it has not come to its end by then."""
    end: Future[T] = Future()
    context = copy_context()  # log lines keep what the caller has bound

    def run() -> None:
        try:
            end.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            end.set_exception(error)

    # A daemon, so that a vendor still dripping cannot keep a stopped worker alive.
    threading.Thread(target=run, name="vendor", daemon=True).start()
    return end.result(limit.total_seconds())
