"""A storm of receipts, and the API restarted in the middle of it: every one is answered, and none is lost.

STORM=5000 .venv/bin/python -m pytest tests/processes/test_receipt_storm.py -rA
"""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx2

from domain.identity import reference_of
from domain.messages import Message
from domain.outcome import Transition
from records.database import Database
from records.escalations import Escalations
from records.transitions import Transitions
from tests.api.signing import TOKEN, by_twilio
from tests.processes.installation import Installation, Program, installation
from tests.records.samples import NOW, document
from tests.until import until
from workflows.contract import TWILIO_STATUS_PATH

HOW_MANY = int(os.environ.get("STORM", "1000"))
AT_ONCE = 20
ANSWERED_WITHIN = 2.0  # seconds for 99 of 100, a bound for the slowest of days; `measured` says how long they took here
ACTED_ON_WITHIN = 300.0  # seconds
API = (sys.executable, "-m", "api")

Measured = Callable[[str, object], None]


async def test_a_storm_of_receipts_over_a_restart_of_the_api(tmp_path: Path, record_property: Measured) -> None:
    with installation(tmp_path, TWILIO_AUTH_TOKEN=TOKEN) as tierline:
        await tierline.begins_temporal().says("Server:")
        api = await serving(tierline)
        keys = list(sent(tierline))
        storm = Storm(tierline, keys)
        blowing = asyncio.create_task(storm.blows())
        await until(lambda: len(storm.took) > HOW_MANY // 2, limit=120)
        api.hears(signal.SIGTERM)
        await api.ends()
        await serving(tierline)
        await blowing
        with_api = sorted(storm.took)
        slow = with_api[int(len(with_api) * 0.99)]
        record_property(
            "measured", f"{HOW_MANY} receipts, {AT_ONCE} at once, a restart between: p99 {slow * 1000:.0f} ms"
        )
        assert (len(with_api), slow < ANSWERED_WITHIN) == (HOW_MANY, True)
        begin = time.monotonic()
        await until(lambda: fates(tierline) == {"delivered": HOW_MANY}, limit=ACTED_ON_WITHIN)
        record_property("measured", f"the last of them acted on {time.monotonic() - begin:.1f} s later")


async def serving(tierline: Installation) -> Program:
    """The API, once it answers."""
    api = tierline.starts(*API)
    await until(tierline.is_ready, limit=60)
    return api


def sent(tierline: Installation) -> Iterator[str]:
    """So many SMS of one case that Twilio has taken; their keys."""
    shown = {**document(), "policy": {"name": "standard", "version": 1}}
    told = tuple(
        Message(
            key=f"zendesk-1.1/1/step/{step}.0/dana/sms", kind="step", channel="sms", person="dana", entry=1, step=step,
            at=NOW,
        )
        for step in range(HOW_MANY)
    )  # fmt: skip
    store = Database(f"sqlite:///{tierline.home / 'tierline.db'}")
    Transitions(store).record(Transition(document=shown, version=1, messages=told), NOW)
    store.close()
    return (one.key for one in told)


def fates(tierline: Installation) -> Counter[str]:
    store = Database(f"sqlite:///{tierline.home / 'tierline.db'}")
    try:
        return Counter(
            message.status for message in Escalations(store).messages("zendesk-1", 1) if message.status != "queued"
        )
    finally:
        store.close()


class Storm:
    """Twilio's side: posts each receipt until it is answered, as Twilio does; `took` is how long each answer took."""

    def __init__(self, tierline: Installation, keys: list[str]) -> None:
        self._address = f"http://127.0.0.1:{tierline.env['TIERLINE_PORT']}"
        self._keys = iter(keys)
        self._numbers = count()
        self.took: list[float] = []

    async def blows(self) -> None:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client, asyncio.TaskGroup() as gusts:
            for _ in range(AT_ONCE):
                gusts.create_task(self._posts(client))

    async def _posts(self, client: httpx2.AsyncClient) -> None:
        for key in self._keys:
            path = f"{TWILIO_STATUS_PATH}?ref={reference_of(key)}"
            fields = {"MessageSid": f"SM{next(self._numbers)}", "MessageStatus": "delivered"}
            request = by_twilio(path, fields, public=self._address)
            self.took.append(await self._answered(client, path, request))

    async def _answered(self, client: httpx2.AsyncClient, path: str, request: dict[str, object]) -> float:
        """How long the answer took; while nobody listens it is tried again, and that is not the API's time."""
        while True:
            begin = time.monotonic()
            try:
                answer = await client.post(f"{self._address}{path}", **request)  # type: ignore[arg-type]
            except httpx2.TransportError:
                await asyncio.sleep(0.2)  # the pause between Twilio's tries
                continue
            assert answer.status_code == 204, answer.text
            return time.monotonic() - begin
