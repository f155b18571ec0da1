"""How every process of ours that has spoken to Temporal ends: after a short pause.

Temporal's threads are still letting go when the event loop is done; in 10 to 40 % of short processes Python then aborts at
exit although everything succeeded. Half a second removes it (0 of 20 measured). This is the one place that waits.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

PAUSE = 0.5  # seconds; see above

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, then the pause, also when it raised."""
    try:
        return asyncio.run(coroutine)
    finally:
        time.sleep(PAUSE)
