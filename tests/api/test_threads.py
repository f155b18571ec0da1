"""A thread cannot be stopped: whoever is cancelled waits for it, for it may hold a connection of a store that is closed next."""

import asyncio
import threading

import pytest

from api.threads import in_thread
from tests.until import until


async def test_who_is_cancelled_waits_for_the_thread() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def works() -> None:
        begun.set()
        may_end.wait(20)
        ended.set()

    task = asyncio.create_task(in_thread(works))
    await until(begun.is_set)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_the_call_answers_or_raises_comes_back() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)
