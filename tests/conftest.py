"""One full Temporal server with virtual time, and one PostgreSQL, for every ring that needs them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import structlog
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import process
from tests.postgres import Postgres, server
from workflows import contract

SERVER = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    "matching.numTaskqueueReadPartitions=1",  # one queue is one order: who is urgent goes first, not among the first
    "matching.numTaskqueueWritePartitions=1",
)


@pytest.fixture(scope="session", autouse=True)
def logs_go_to_pytest() -> None:
    """Our logs go where pytest keeps logs, never into what a command prints."""
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger)


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with virtual_time() as started:
        yield started


@asynccontextmanager
async def virtual_time(*settings: str) -> AsyncIterator[WorkflowEnvironment]:
    """A full server with a virtual clock for each workflow; `settings` are more of its dynamic configuration."""
    started = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=shutil.which("temporal", path=".venv/bin") or shutil.which("temporal"),
        dev_server_extra_args=[
            word for setting in (*SERVER, *settings) for word in ("--dynamic-config-value", setting)
        ],
        search_attributes=list(contract.SEARCH_ATTRIBUTES),
        data_converter=pydantic_data_converter,
    )
    try:
        yield started
    finally:
        await started.shutdown()
        await asyncio.sleep(process.PAUSE)  # the SDK's threads let go; without it interpreters crash at exit


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this process, from the first test that asks for it on."""
    with server() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property("measured", …)`), also from the processes of xdist."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    said = [value for report in reports for name, value in report.user_properties if name == "measured"]
    if said:
        terminalreporter.section("measured")
        for line in said:
            terminalreporter.line(str(line))
