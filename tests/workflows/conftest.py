"""A house around the cases of this ring."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.house import House, house


@pytest.fixture
async def tierline(env: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[House]:
    async with house(env.client, tmp_path) as running:
        yield running
