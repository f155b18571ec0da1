"""The worker of the bare side: a process of its own, with the settings of Tierline's worker and the SDK's own sandbox.

Its send writes one byte to a file, so that the bench can count how many have been done without asking the server.
"""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.worker import PollerBehaviorAutoscaling, Worker

import process
from bench import bare
from settings import WorkerSettings
from worker import CASES_AT_ONCE, GRACE, RECORD_THREADS, STICKY_LIMIT

READY = "bare worker ready"
TALLY = "bare-sends"  # the file in home; its length is the number of sends


class Activities:
    """What a case does; both as good as nothing."""

    def __init__(self, tally: Path) -> None:
        self._tally = os.open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @activity.defn(name=bare.RECORD)
    def record(self, what: str) -> None:
        """In Tierline this is one SQL transaction."""
        del what

    @activity.defn(name=bare.SEND)
    def send(self, what: str) -> None:
        """In Tierline: render, claim, hand over, mark."""
        del what
        os.write(self._tally, b".")


def workers(client: Client, settings: WorkerSettings, threads: ThreadPoolExecutor) -> list[Worker]:
    """The same two workers as `worker.py` makes."""
    activities = Activities(settings.home / TALLY)
    cases = Worker(
        client,
        task_queue=bare.TASK_QUEUE,
        workflows=[bare.BareWorkflow],
        activities=[activities.record],
        activity_executor=threads,
        max_concurrent_workflow_tasks=CASES_AT_ONCE,
        max_concurrent_activities=RECORD_THREADS,
        max_concurrent_local_activities=RECORD_THREADS,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=GRACE,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    )
    sends = Worker(
        client,
        task_queue=bare.SEND_TASK_QUEUE,
        activities=[activities.send],
        activity_executor=threads,
        max_concurrent_activities=settings.max_sends,
        max_task_queue_activities_per_second=settings.sends_per_second,
        graceful_shutdown_timeout=GRACE,
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    )
    return [cases, sends]


async def serve(settings: WorkerSettings) -> None:
    """Work until SIGTERM."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    config = ClientConfig.load_client_connect_config()
    client = await Client.connect(**config, data_converter=pydantic_data_converter)
    with ThreadPoolExecutor(RECORD_THREADS + settings.max_sends) as threads:
        cases, sends = workers(client, settings, threads)
        async with cases, sends:
            print(READY, flush=True)
            await asked.wait()


def main() -> int:
    """Run the bare worker."""
    settings = WorkerSettings()
    process.begin(settings.mode)
    process.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
