"""What Tierline is compared with: the plainest Temporal workflow that does the same number of things.

No rules, no store, no HTTP: it is told how many records and sends follow each event, and does them. Records are local
activities and sends are activities on a queue of their own, as in Tierline, but neither does anything. So everything the
figures differ by is ours: rules, validation, SQL, search attributes, the API.
"""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

WORKFLOW = "Bare"
COMMAND = "command"
RECORD = "bare_record"
SEND = "bare_send"
TASK_QUEUE = "bare"
SEND_TASK_QUEUE = "bare-send"
LIMIT = timedelta(seconds=15)
NEVER = timedelta(hours=8)


class Deed(BaseModel):
    """What follows one event: for each number one record, then so many sends. `rearms`: another timer is due then."""

    name: str
    sends: tuple[int, ...]
    rearms: bool = True
    last: bool = False


class Due(BaseModel):
    """A deed that happens by itself."""

    at: datetime
    deed: Deed


class Life(BaseModel):
    """The workflow's input."""

    opening: Deed
    dues: tuple[Due, ...] = ()


@workflow.defn(name=WORKFLOW)
class BareWorkflow:
    """One case: what follows the opening, then whatever comes first, a command or a timer."""

    @workflow.init
    def __init__(self, life: Life) -> None:
        self._dues = list(life.dues)
        self._deeds = [life.opening]
        self._sends: list[workflow.ActivityHandle[None]] = []
        self._timer: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, life: Life) -> str:  # noqa: ARG002 - `__init__` has taken it
        """Live until the last deed is done."""
        while True:
            while self._deeds:
                deed = self._deeds.pop(0)
                await self._do(deed)
                if deed.last:
                    await workflow.wait(self._sends)
                    return deed.name
            await self._wait()

    @workflow.update
    def command(self, deed: Deed) -> str:
        """Take a command; its record is written before the answer leaves, as in Tierline."""
        self._deeds.append(deed)
        return deed.name

    async def _do(self, deed: Deed) -> None:
        for number, sends in enumerate(deed.sends):
            await workflow.execute_local_activity(RECORD, deed.name, start_to_close_timeout=LIMIT, summary=deed.name)
            self._sends += [self._send(deed, number, one) for one in range(sends)]
        if deed.rearms and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, deed: Deed, number: int, one: int) -> workflow.ActivityHandle[None]:
        return workflow.start_activity(
            SEND,
            deed.name,
            activity_id=f"{deed.name}/{number}.{one}",
            task_queue=SEND_TASK_QUEUE,
            start_to_close_timeout=LIMIT,
            summary=deed.name,
        )

    async def _wait(self) -> None:
        if self._timer is None:
            ahead = self._dues[0].at - workflow.now() if self._dues else NEVER
            self._timer = asyncio.create_task(workflow.sleep(max(ahead, timedelta()), summary="due"))
        timer = self._timer
        await workflow.wait_condition(lambda: bool(self._deeds) or timer.done())
        if timer.done():
            self._timer = None
            self._deeds += [due.deed for due in self._dues[:1]]
            self._dues = self._dues[1:]
