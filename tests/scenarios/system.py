"""The whole system as a person meets it: an HTTP API, a worker, a real Temporal server with virtual time.

Scenarios are written with `Tierline` and `Case`: open, say, let time pass, expect a message. Messages are expected in the order
they were made; one that nobody expected fails the scenario at its end.
"""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from domain.tickets import Channel
from records.stored import StoredMessage
from settings import ApiSettings
from tests.until import LIMIT, until
from tests.workflows.house import House, house
from workflows import contract

PUBLIC_URL = "http://tierline.example"
SENT = ("sent", "delivered")
PLAIN = """
name: plain
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m}, tier_resolution: {all: 8h}}
    steps: [{tell: on_call, channels: [email]}]
closing: {root_cause: required}
"""
"""A policy of one tier, for what comes after the case is solved."""
on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
_numbers = count(4711)


class Clock:
    """The API's clock: real, plus the time that scenarios let pass."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclasses.dataclass
class Tierline:
    """A running installation and an admin's key."""

    env: WorkflowEnvironment
    house: House
    http: httpx2.AsyncClient
    clock: Clock
    keys: dict[str, str]
    cases: list["Case"] = dataclasses.field(default_factory=list)

    async def call(self, method: str, path: str, who: str = "admin", **body: Any) -> httpx2.Response:
        """One HTTP request as `admin` or as a person with an agent's key."""
        if who not in self.keys:
            made = await self.call("POST", "/v1/keys", role="agent", person=who, label=who)
            assert made.status_code == 201, made.text
            self.keys[who] = made.json()["key"]
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return await self.http.request(method, path, headers=headers, json=body or None)

    async def has_policy(self, text: str) -> None:
        """Put a policy in force."""
        found = re.search(r"^name: (\S+)$", text, re.MULTILINE)
        assert found, "the policy has no name"
        name = found.group(1)
        headers = {"Authorization": f"Bearer {self.keys['admin']}", "Content-Type": "application/yaml"}
        answer = await self.http.put(f"/v1/policies/{name}", content=text.encode(), headers=headers)
        assert answer.status_code in (200, 201), answer.text

    async def opens(self, *, policy: str, subject: str = "Checkout is down", **changes: Any) -> "Case":
        """Escalate a new ticket."""
        customer = {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example", "phone": "+493012345678"}
        body = {
            "ticket": {"system": "zendesk", "id": str(next(_numbers)), "subject": subject},
            "customer": customer | changes.pop("customer", {}),
            "trigger": {"kind": "manual"},
            "policy": policy,
            **changes,
        }
        answer = await self.call("POST", "/v1/escalations", **body)
        assert answer.status_code == 201, answer.text
        case = Case(self, answer.json()["id"], body, answer.json())
        self.cases.append(case)
        return case

    async def nothing_else_was_said(self) -> None:
        """Every message of every case was expected."""
        for case in self.cases:
            await case.nothing_else_was_said()


@dataclasses.dataclass
class Case:
    """One escalation and what has been expected of it so far."""

    tierline: Tierline
    id: str
    body: dict[str, Any]
    opened: dict[str, Any]
    expected: set[str] = dataclasses.field(default_factory=set)

    async def shows(self, episode: int | None = None) -> dict[str, Any]:
        """The escalation as the API has it."""
        query = f"?episode={episode}" if episode else ""
        answer = await self.tierline.call("GET", f"/v1/escalations/{self.id}{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def timeline(self, episode: int | None = None) -> list[dict[str, Any]]:
        query = f"?episode={episode}" if episode else ""
        answer = await self.tierline.call("GET", f"/v1/escalations/{self.id}/timeline{query}")
        return answer.json()  # type: ignore[no-any-return]

    async def comes_to_say(self, text: str) -> None:
        """A line of the timeline has these words, or gets them soon: how a message ended is written down after it has ended."""
        async with asyncio.timeout(LIMIT):
            while not any(text in entry["text"] for entry in await self.timeline()):  # noqa: ASYNC110 - as in `until`
                await asyncio.sleep(0.02)

    async def kinds(self, episode: int | None = None) -> list[str]:
        return [entry["kind"] for entry in await self.timeline(episode)]

    async def says(self, who: str, command: str, **body: Any) -> dict[str, Any]:
        """A person says a command with their own key and it is applied."""
        answer = await self.tierline.call("POST", f"/v1/escalations/{self.id}/{command}", who, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def refuses(self, who: str, command: str, code: str, **body: Any) -> None:
        """A person says a command and it is refused with that code."""
        answer = await self.tierline.call("POST", f"/v1/escalations/{self.id}/{command}", who, **body)
        assert answer.status_code in (403, 404, 409, 422), answer.text
        assert answer.json()["code"] == code

    async def passes(self, **span: float) -> None:
        """Let time pass for this case."""
        await self.passes_by(timedelta(**span))

    async def passes_by(self, span: timedelta) -> None:
        env, handle = self.tierline.env, self.tierline.house.client.get_workflow_handle(self.id)
        await env.fast_forward(handle, span)
        self.tierline.clock.ahead += span
        await self.settles()

    async def settles(self) -> None:
        """Wait until every message of this case has come to its end."""
        await until(lambda: all(message.status not in ("queued", "sending") for message in self._messages()))

    async def tells(self, person: str | None, channel: str, kind: str) -> StoredMessage:
        """The next message not yet expected is this one, and it was sent. `person` None is the customer."""
        await until(lambda: bool(self._unexpected()))
        first = self._unexpected()[0].created_at
        at_once = [message for message in self._unexpected() if message.created_at == first]
        found = [one for one in at_once if (one.person, one.channel, one.kind) == (person, channel, kind)]
        said = [(one.person, one.channel, one.kind, one.status) for one in at_once]
        assert found, f"expected {(person, channel, kind)} to be told next, but: {said}"
        key = found[0].key
        await until(lambda: self.message(key).status not in ("queued", "sending"))
        assert self.message(key).status in SENT, self.message(key)
        self.expected.add(key)
        return self.message(key)

    async def fails(self, person: str | None, channel: str, kind: str, code: str) -> None:
        """That message is recorded, and could not go out."""
        await until(lambda: bool(self._failed(person, channel, kind)))
        [message] = self._failed(person, channel, kind)
        assert message.code == code, message
        self.expected.add(message.key)

    def _failed(self, *which: str | None) -> list[StoredMessage]:
        failed = [one for one in self._unexpected() if one.status == "failed"]
        return [one for one in failed if (one.person, one.channel, one.kind) == which]

    async def skips(self, person: str | None, channel: str, kind: str) -> None:
        """That message is recorded, and did not go out."""
        which = (person, channel, kind)
        await until(lambda: which in [(one.person, one.channel, one.kind) for one in self._unexpected()])
        await self.settles()
        found = [one for one in self._unexpected() if (one.person, one.channel, one.kind) == which]
        assert found[0].status == "skipped"
        self.expected.add(found[0].key)

    async def nothing_else_was_said(self) -> None:
        await self.settles()
        surprises = [(one.person, one.channel, one.kind, one.status) for one in self._unexpected()]
        assert not surprises, f"{self.id}: nobody expected {surprises}"

    async def ends(self) -> None:
        """The run of the latest episode has completed."""
        async with asyncio.timeout(20):
            await self.tierline.house.client.get_workflow_handle(self.id).result()

    def _messages(self) -> list[StoredMessage]:
        escalations = self.tierline.house.escalations
        latest = escalations.latest(self.id)
        episodes = range(1, latest["episode"] + 1) if latest else ()
        return [message for episode in episodes for message in escalations.messages(self.id, episode)]

    def _unexpected(self) -> list[StoredMessage]:
        return sorted((one for one in self._messages() if one.key not in self.expected), key=lambda one: one.created_at)

    def message(self, key: str) -> StoredMessage:
        """The message of that key as it stands now."""
        return next(message for message in self._messages() if message.key == key)


@asynccontextmanager
async def system(
    env: WorkflowEnvironment, folder: Path, database_url: str | None = None, answered: Set[Channel] = frozenset(),
    *, links: bool = False,
) -> AsyncIterator[Tierline]:  # fmt: skip
    """Bring the whole system up on loopback and take it down again.

    Replies reach it on the channels `answered`; with `links` messages lead to the pages to act on.
    """
    clock = Clock()
    settings = ApiSettings(home=folder, policies=Path("policies"), port=1, public_url=PUBLIC_URL)
    async with house(
        env.client, folder, task_queue=contract.TASK_QUEUE, database_url=database_url, answered=answered, links=links
    ) as running:
        app = create_app(settings, client=env.client, database=running.database)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        app.state.services = dataclasses.replace(app.state.services, now=clock)
        port = server.servers[0].sockets[0].getsockname()[1]
        keys = {"admin": (folder / "admin-key").read_text().strip()}
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield Tierline(env, running, http, clock, keys)
        finally:
            await _end_all(env.client)
            server.should_exit = True
            await serving


async def _end_all(client: Client) -> None:
    """End the runs that a scenario leaves open: minutes later they would go on in the system of another one."""
    async for run in client.list_workflows(f"TaskQueue = '{contract.TASK_QUEUE}' AND ExecutionStatus = 'Running'"):
        with suppress(RPCError):  # it has ended by itself
            await client.get_workflow_handle(run.id).terminate("the scenario is over")
