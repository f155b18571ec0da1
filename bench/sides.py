"""The two sides as the bench drives them: open a case, say a command, count what was sent, read what it cost.

Tierline is spoken to over HTTP as ticket systems and agents do; the bare workflow through Temporal's client, in this process.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx2
from sqlalchemy import func, select
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from bench import bare, policies
from bench.bare import Deed, Due, Life
from bench.ground import Ground
from records.database import Database
from records.tables import escalations, messages

PRIORITIES = ("critical", "high", "medium", "low")
COMMANDS = ("acknowledge", "resolve", "root-cause", "close")
HTTP_LIMIT = 30.0  # seconds; a rush may keep an answer waiting
CALLERS = 64  # connections at most
KEPT_OPEN = 2.0  # seconds without a request; the API closes a connection after five, also just when the next one comes

_BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "resolve": {"summary": "renewed the certificate"},
    "root-cause": {"category": "certificate", "description": "it had expired", "origin": "ours"},
    "close": {},
}
# What Tierline does for each, counted from its histories; `cost.py` compares the two anew in every run.
_DEEDS = {
    "opening": Deed(name="opening", sends=(1, 2)),
    "acknowledge": Deed(name="acknowledge", sends=(1,)),
    "resolve": Deed(name="resolve", sends=(1,)),
    "root-cause": Deed(name="root-cause", sends=(0,)),
    "close": Deed(name="close", sends=(1,), last=True),
}
SENDS = {"opening": 3, "acknowledge": 1, "resolve": 1, "root-cause": 0, "close": 1}

_ONE_SEND = Deed(name="opening", sends=(0, 1))


class Side(Protocol):
    """One of the two."""

    name: str

    async def open(self, number: str, policy: str = policies.LIFE) -> str:
        """Open a case; its id."""

    async def say(self, id: str, command: str) -> None:
        """Say a command and wait for its answer."""

    def sent(self) -> int:
        """How many messages have been handed over so far, of all cases."""


class Tierline:
    """The product, over HTTP."""

    name = "Tierline"

    def __init__(self, ground: Ground) -> None:
        self.put_off = 0  # answers 503 (tried again) and 202 (kept for a worker)
        self._database = Database(ground.database)
        limits = httpx2.Limits(max_connections=CALLERS, keepalive_expiry=KEPT_OPEN)
        headers = {"Authorization": f"Bearer {ground.key}"}
        self._http = httpx2.AsyncClient(
            base_url=ground.url, headers=headers, limits=limits, timeout=HTTP_LIMIT, trust_env=False
        )

    async def close(self) -> None:
        """Let go of the API and the store."""
        await self._http.aclose()
        self._database.close()

    async def has_policy(self, policy: dict[str, Any]) -> None:
        """Put a policy in force."""
        answer = await self._http.put(f"/v1/policies/{policy['name']}", json=policy)
        _expect(answer, 200, 201)

    async def open(self, number: str, policy: str = policies.LIFE, priority: str = "critical") -> str:
        """Escalate a ticket."""
        body = {
            "ticket": {"system": "bench", "id": number, "subject": "Checkout is down", "category": "service-outage"},
            "customer": {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example", "locale": "de"},
            "trigger": {"kind": "sla_breach", "detail": "first response 4 h overdue"},
            "priority": priority,
            "policy": policy,
        }
        answer = await self._patiently("/v1/escalations", body)
        _expect(answer, 200, 201)
        return str(answer.json()["id"])

    async def say(self, id: str, command: str) -> None:
        """A command as dana says it."""
        answer = await self._patiently(f"/v1/escalations/{id}/{command}", {"by": "dana", **_BODIES[command]})
        _expect(answer, 200, 202)
        self.put_off += answer.status_code == 202

    async def _patiently(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        """Once more after each 503, as ticket systems do; the time of it counts."""
        while (answer := await self._http.post(path, json=body)).status_code == 503:
            self.put_off += 1
            await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
        return answer

    def sent(self) -> int:
        """Messages the outbox has taken."""
        with self._database.read() as connection:
            done = select(func.count()).select_from(messages).where(messages.c.status == "sent")
            return int(connection.scalar(done) or 0)

    def climbed(self, prefix: str) -> int:
        """How many of the cases whose id begins so have told the next tier."""
        told = messages.c.id.startswith(prefix) & (messages.c.entry == 2) & (messages.c.status == "sent")
        with self._database.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(messages).where(told)) or 0)

    def handed_over(self, prefix: str) -> list[Any]:
        """Every message sent for the cases whose id begins so: when it was taken, what it is, and its case."""
        same = (messages.c.id == escalations.c.id) & (messages.c.episode == escalations.c.episode)
        columns = (messages.c.sent_at, messages.c.entry, messages.c.kind, messages.c.document["step"].as_integer())
        query = select(*columns, escalations.c.priority, escalations.c.document)
        with self._database.read() as connection:
            found = connection.execute(
                query.join_from(messages, escalations, same).where(
                    messages.c.id.startswith(prefix), messages.c.status == "sent"
                )
            )
            return [tuple(row) for row in found]


class Bare:
    """The plain workflow, through the client."""

    name = "bare"

    def __init__(self, ground: Ground, client: Client) -> None:
        self._ground = ground
        self._client = client

    async def open(self, number: str, policy: str = policies.LIFE) -> str:
        """Start a workflow that does what a case of that policy does at its opening."""
        return await self.start(number, Life(opening=_DEEDS["opening"] if policy == policies.LIFE else _ONE_SEND))

    async def start(self, number: str, life: Life) -> str:
        """Start a workflow with this life."""
        id = f"bare-{number}"
        await self._client.start_workflow(bare.WORKFLOW, life, id=id, task_queue=bare.TASK_QUEUE)
        return id

    async def say(self, id: str, command: str) -> None:
        """The update that does what the command leads to."""
        await self._client.get_workflow_handle(id).execute_update(bare.COMMAND, _DEEDS[command])

    def sent(self) -> int:
        """Sends done."""
        return self._ground.bare_sends


def with_dues(dues: Sequence[tuple[datetime, str, tuple[int, ...]]]) -> Life:
    """A life with one send at its opening, and deeds at given times."""
    made = tuple(Due(at=at, deed=Deed(name=name, sends=sends)) for at, name, sends in dues)
    return Life(opening=_ONE_SEND, dues=made)


async def events(client: Client, id: str) -> list[HistoryEvent]:
    """The history of a case of either side."""
    history = await client.get_workflow_handle(id).fetch_history(rpc_timeout=timedelta(seconds=10))
    return list(history.events)


def _expect(answer: httpx2.Response, *statuses: int) -> None:
    if answer.status_code not in statuses:
        raise RuntimeError(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}")
