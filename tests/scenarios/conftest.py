"""The whole system, up for one scenario; nothing may be said that the scenario did not expect."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.scenarios.system import Tierline, system


@pytest.fixture
async def tierline(env: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Tierline]:
    with env.with_time_skipping_disabled():
        async with system(env, tmp_path) as running:
            yield running
            await running.nothing_else_was_said()
