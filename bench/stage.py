"""What every measurement works with, and how it waits.

It waits until every message is out, so that what one side still has to do never slows the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import Client

from bench.ground import Ground
from bench.sides import Bare, Side, Tierline
from bench.sizes import Sizes

GLANCE = 0.01  # seconds between two looks
SLOW_GLANCE = 0.1  # the same where a look counts thousands of rows
SETTLE_LIMIT = 300.0  # seconds; thousands of openings may have to go out
QUIET = 1.0  # seconds for the workflow tasks behind the last message


@dataclass(frozen=True)
class Stage:
    """The two sides on their ground."""

    sizes: Sizes
    ground: Ground
    client: Client
    tierline: Tierline
    bare: Bare
    say: Callable[[str], None]

    @property
    def sides(self) -> tuple[Side, Side]:
        """In the order they take turns."""
        return (self.tierline, self.bare)


async def settled(side: Side, sends: int, glance: float = GLANCE) -> None:
    """Wait until `side` has handed over so many messages in all. Raises RuntimeError when it does not."""
    end = time.monotonic() + SETTLE_LIMIT
    while (sent := side.sent()) < sends:
        if time.monotonic() > end:
            raise RuntimeError(f"{side.name} has handed over {sent} of {sends} messages after {SETTLE_LIMIT:.0f} s")
        await asyncio.sleep(glance)


async def all_climbed(tierline: Tierline, prefix: str, cases: int) -> None:
    """Wait until every one of these cases has told the next tier; what it had to say before may have been overtaken."""
    end = time.monotonic() + SETTLE_LIMIT
    while (climbed := tierline.climbed(prefix)) < cases:
        if time.monotonic() > end:
            raise RuntimeError(f"{climbed} of {cases} cases have told the next tier after {SETTLE_LIMIT:.0f} s")
        await asyncio.sleep(SLOW_GLANCE)


async def timed(work: Awaitable[object]) -> float:
    """How many milliseconds it took."""
    begin = time.perf_counter()
    await work
    return (time.perf_counter() - begin) * 1000


async def at_once(count: int, limit: int, work: Callable[[int], Awaitable[None]]) -> None:
    """Do `work(0)` … `work(count - 1)`, never more than `limit` at the same time."""
    numbers = iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            await work(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(one_after_the_other())
