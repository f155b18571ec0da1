"""When more waits to be sent than may be sent, urgent cases go first: on the queue of all sends, in the real server.

A task queue has four partitions by default, and each gives its most urgent task first; the test server has one.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.rendering import Renderer
from activities.sending import Sending
from domain.identity import reference_of
from tests.scenarios.test_stories import LADDER
from tests.until import LIMIT, until
from tests.workflows.house import TEMPLATES, Postbox, house, says, send_workers

WAITING = 16
ON_THEIR_WAY = 2  # tasks the server may have handed out before it saw the urgent one


async def test_urgent_messages_overtake_routine_ones(env: WorkflowEnvironment, tmp_path: Path) -> None:
    """Sixteen routine cases wait for a sender, then a critical one; its message goes before theirs."""
    with env.with_time_skipping_disabled():
        async with house(env.client, tmp_path, sends=False) as tierline:
            policy = LADDER.replace("critical: L2", "critical: L1").replace("[sms, email]", "[sms]")
            routine = [await tierline.opens(policy, priority="low") for _ in range(WAITING)]
            urgent = await tierline.opens(policy, priority="critical")
            for case in (*routine, urgent):
                await its_message_waits(case)
            sms = Postbox("sms")
            sending = Sending(tierline.database, {"sms": sms}, Renderer(TEMPLATES), "http://tierline.example")
            with ThreadPoolExecutor(1) as threads:
                async with send_workers(env.client, sending, threads, at_once=1):
                    await until(lambda: len(sms.kept) == WAITING + 1)
            references = {reference_of(one.key): one.key for one in tierline.escalations.all_messages()}
            order = [references[envelope.reference].split(".")[0] for envelope in sms.kept]
            await asyncio.gather(*(says(case, "cancel", reason="end") for case in [*routine, urgent]))
    assert order.index(urgent.id) <= ON_THEIR_WAY, (
        f"the critical case was told as number {order.index(urgent.id) + 1} of {len(order)}"
    )


async def its_message_waits(case: WorkflowHandle[Any, Any]) -> None:
    """The server holds the send of this case."""
    async with asyncio.timeout(LIMIT):
        while not (await case.describe()).raw_description.pending_activities:  # noqa: ASYNC110 - the server alone knows
            await asyncio.sleep(0.05)
