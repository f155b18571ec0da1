"""Store calls are synchronous: they run on threads, so that the event loop never waits for a disk."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import to_thread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(call: Callable[[*Ts], T], *args: *Ts) -> T:
    """Run a store call on a thread and wait for it without holding up the event loop.

    A thread cannot be stopped. Who is cancelled meanwhile waits until it has given its connection back: the store may be
    closed next.
    """
    work = asyncio.ensure_future(to_thread.run_sync(call, *args))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait((work,))
        raise
