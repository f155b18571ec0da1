"""The whole system, up for one scenario; nothing may be said that the scenario did not expect."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.api.signing import SIGNED_WITH
from tests.postgres import Postgres
from tests.scenarios.system import Tierline, system


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An SQLite file, or a PostgreSQL database where the test is marked `on_both_databases`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'tierline.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


@pytest.fixture
async def tierline(
    env: WorkflowEnvironment, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Tierline]:
    for name, value in SIGNED_WITH.items():
        monkeypatch.setenv(name, value)
    with env.with_time_skipping_disabled():
        async with system(env, tmp_path, database_url) as running:
            yield running
            await running.nothing_else_was_said()
