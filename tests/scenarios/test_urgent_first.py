"""When more waits to be sent than may be sent, urgent cases go first: on the queue of all sends, in the real server.

A task queue has four partitions, and each gives its most urgent task first; so the urgent one is among the first few.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from activities.rendering import Renderer
from activities.sending import Sending
from tests.scenarios.test_stories import LADDER
from tests.until import until
from tests.workflows.house import TEMPLATES, Postbox, house, says, send_worker

WAITING = 16
PARTITIONS = 4


async def test_urgent_messages_overtake_routine_ones(env: WorkflowEnvironment, tmp_path: Path) -> None:
    """Sixteen routine cases wait for a sender, then a critical one; its message goes before theirs."""
    with env.with_time_skipping_disabled():
        async with house(env.client, tmp_path, sends=False) as tierline:
            policy = LADDER.replace("critical: L2", "critical: L1").replace("[sms, email]", "[sms]")
            routine = [await tierline.opens(policy, priority="low") for _ in range(WAITING)]
            await until(lambda: len(tierline.escalations.all_messages("queued")) == WAITING)
            urgent = await tierline.opens(policy, priority="critical")
            await until(lambda: len(tierline.escalations.all_messages("queued")) == WAITING + 1)
            sms = Postbox("sms")
            sending = Sending(tierline.database, {"sms": sms}, Renderer(TEMPLATES), "http://tierline.example")
            with ThreadPoolExecutor(1) as threads:
                async with send_worker(env.client, sending, threads, at_once=1):
                    await until(lambda: len(sms.kept) == WAITING + 1)
            sent = sorted(tierline.escalations.all_messages("sent"), key=lambda one: one.sent_at or datetime.now(UTC))
            order = [message.key.split(".")[0] for message in sent]
            await asyncio.gather(*(says(case, "cancel", reason="end") for case in [*routine, urgent]))
    assert order.index(urgent.id) <= PARTITIONS, (
        f"the critical case was told as number {order.index(urgent.id) + 1} of {len(order)}"
    )
