"""A running API on a fresh SQLite store, a stand-in for Temporal, and a key for every role."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from fastapi import FastAPI
from temporalio.client import Client

from api.app import create_app
from api.seeding import seed
from api.services import Services, wire
from records.database import Database
from records.keys import Role
from settings import ApiSettings
from tests.api.fakes import FakeTemporal
from tests.api.signing import HOOKS

POLICY = """
name: standard
owner_of_last_resort: boss
tiers:
  - {name: L1, team: support, targets: {acknowledge: {all: 15m}}, steps: [{tell: on_call, channels: [email]}]}
  - {name: L2, team: experts, targets: {acknowledge: {all: 30m}}, steps: [{tell: on_call, channels: [email]}]}
targets: {resolution: {all: 24h}, root_cause: {all: 3d}}
customer_updates: {every: {all: 4h}, channels: [email]}
"""
ROSTER = """
people:
  - {id: dana, name: Dana, email: dana@tierline.example}
  - {id: sam, name: Sam, email: sam@tierline.example}
  - {id: boss, name: Bo, email: bo@tierline.example}
teams:
  - {id: support, lead: dana, members: [dana, sam]}
  - {id: experts, lead: sam, members: [sam]}
"""


class Api:
    """Calls the API as one role."""

    def __init__(self, app: FastAPI, temporal: FakeTemporal, client: httpx2.AsyncClient, keys: dict[str, str]) -> None:
        self.app = app
        self.temporal = temporal
        self.client = client
        self.keys = keys

    @property
    def services(self) -> Services:
        return cast(Services, self.app.state.services)

    async def call(self, method: str, path: str, role: str | None = "operator", **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
        return await self.client.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)

    async def get(self, path: str, role: str | None = "operator", **more: Any) -> httpx2.Response:
        return await self.call("GET", path, role, **more)

    async def post(self, path: str, body: Any = None, role: str | None = "operator", **more: Any) -> httpx2.Response:
        content = {} if body is None else {"json": body}
        return await self.call("POST", path, role, **content, **more)

    async def say(self, id: str, command: str, role: str = "operator", **body: Any) -> httpx2.Response:
        who = {"by": "dana"} if role in ("operator", "admin") and "by" not in body else {}
        return await self.post(f"/v1/escalations/{id}/{command}", {**who, **body}, role)

    async def opened(self, ticket_id: str = "4711", **more: Any) -> dict[str, Any]:
        answer = await self.post("/v1/escalations", case(ticket_id, **more))
        assert answer.status_code == 201, answer.text
        return cast(dict[str, Any], answer.json())


def case(ticket_id: str = "4711", **more: Any) -> dict[str, Any]:
    """A small, valid escalation."""
    return {
        "ticket": {"system": "zendesk", "id": ticket_id, "subject": "Checkout is down"},
        "customer": {"id": "acme", "name": "Acme GmbH"},
        "trigger": {"kind": "manual"},
        **more,
    }


def write_policies(folder: Path, policy: str = POLICY, roster: str = ROSTER) -> Path:
    """A policies folder."""
    folder.mkdir(exist_ok=True)
    (folder / "standard.yaml").write_text(policy)
    (folder / "roster.yaml").write_text(roster)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    """Settings that lead nowhere but into a folder of this test."""
    policies = write_policies(tmp_path / "policies")
    return ApiSettings(home=tmp_path / "home", policies=policies, database_url=None, public_url="http://tierline.test")


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """One app for all tests, since FastAPI builds its routes at the first request; every test gets its own services."""
    return create_app(ApiSettings(home=tmp_path_factory.mktemp("unused")))


@pytest.fixture
async def api(app: FastAPI, settings: ApiSettings) -> AsyncIterator[Api]:
    """The API on a store of its own, with keys for all roles."""
    temporal, database = FakeTemporal(), Database(settings.database)
    settings.home.mkdir()
    database.migrate()
    services = app.state.services = wire(settings, database, cast(Client, temporal), hooks=HOOKS)
    seed(services, services.now())
    people: dict[Role, str | None] = {"system": None, "agent": "dana", "operator": None, "admin": None, "viewer": None}
    keys = {
        str(role): services.keys.create(role, one, f"the {role}", services.now())[1] for role, one in people.items()
    }
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://tierline.test") as client:
        yield Api(app, temporal, client, keys)
    database.close()
