"""Two API processes over one database and one Temporal: callers cannot tell which of them answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import httpx2
import pytest
from temporalio.client import Client

from api.app import create_app
from settings import ApiSettings
from tests.api.conftest import Api, case
from tests.api.fakes import FakeTemporal
from tests.postgres import Postgres

KEY = {"Idempotency-Key": "retry-1"}
AT_ONCE = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, settings: ApiSettings) -> Iterator[ApiSettings]:
    """Nothing is there yet: the two begin together on an empty database."""
    if request.param == "sqlite":
        yield settings
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database(migrated=False) as url:
        yield settings.model_copy(update={"database_url": url})


@pytest.fixture
async def both(shared: ApiSettings, tmp_path: Path) -> AsyncIterator[list[Api]]:
    temporal = FakeTemporal()
    homes = [tmp_path / "first", tmp_path / "second"]
    apps = [
        create_app(
            shared.model_copy(update={"home": home, "database_url": shared.database}),
            client=cast(Client, temporal),
        )
        for home in homes
    ]
    shared.home.mkdir()
    running = [app.router.lifespan_context(app) for app in apps]
    await asyncio.gather(*(one.__aenter__() for one in running))
    keys = {"operator": apps[0].state.services.keys.create("operator", "dana", "op", apps[0].state.services.now())[1]}
    clients = [
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tierline.test") for app in apps
    ]
    yield [Api(app, temporal, client, keys) for app, client in zip(apps, clients, strict=True)]
    for one in (*clients, *running):
        await one.__aexit__(None, None, None)


async def test_one_ticket_sent_to_both_at_once_opens_one_case_and_is_told_alike(both: list[Api]) -> None:
    first, second = both
    answers = await asyncio.gather(
        *(api.post("/v1/escalations", case(), headers=KEY) for api in (first, second) * (AT_ONCE // 2))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["command-id"] for answer in answers}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers].count("true") == AT_ONCE - 1
    assert len(first.temporal.started) == 1


async def test_one_command_sent_to_both_at_once_is_said_once(both: list[Api]) -> None:
    first, second = both
    await first.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"text": "once"}
    answers = await asyncio.gather(*(api.post(path, body, headers=KEY) for api in (first, second) * (AT_ONCE // 2)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(first.temporal.updates) == 1


async def test_the_same_ticket_without_a_key_opens_one_case(both: list[Api]) -> None:
    first, second = both
    answers = await asyncio.gather(*(api.post("/v1/escalations", case()) for api in (first, second) * (AT_ONCE // 2)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(first.temporal.started) == 1


async def test_a_fresh_database_gets_each_policy_and_the_roster_once(both: list[Api]) -> None:
    """They began at the same instant and read the same folder."""
    for api in both:
        assert [one.version for one in api.services.policies.versions("standard")] == [1]
        assert api.services.roster.current().person("dana") is not None
