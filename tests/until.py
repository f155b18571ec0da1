"""Waiting in tests: for a condition, with a limit, never for a time."""

import asyncio
from collections.abc import Callable

LIMIT = 20.0  # seconds; generous, because a slow day is no failure


async def until(condition: Callable[[], bool], limit: float = LIMIT) -> None:
    """Return as soon as `condition()` holds; fail when it does not within `limit` seconds."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110 - what is waited for lies in other processes and the database
            await asyncio.sleep(0.02)
