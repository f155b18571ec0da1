"""One full Temporal server with virtual time for every ring that needs one."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
import structlog
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import process
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
    started = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=shutil.which("temporal", path=".venv/bin") or shutil.which("temporal"),
        dev_server_extra_args=[word for setting in SERVER for word in ("--dynamic-config-value", setting)],
        search_attributes=list(contract.SEARCH_ATTRIBUTES),
        data_converter=pydantic_data_converter,
    )
    yield started
    await started.shutdown()
    await asyncio.sleep(process.PAUSE)  # the SDK's threads let go; without it interpreters crash at exit


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property("measured", …)`), also from the processes of xdist."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    said = [value for report in reports for name, value in report.user_properties if name == "measured"]
    if said:
        terminalreporter.section("measured")
        for line in said:
            terminalreporter.line(str(line))
