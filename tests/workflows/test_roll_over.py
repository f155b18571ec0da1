"""Continue-as-new: a case whose history grows long goes on in a new run, and nobody can tell from outside.

The server suggests it at 4,096 events; here at 40, so that a case rolls over many times.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from records.stored import StoredMessage
from tests.conftest import virtual_time
from tests.until import until
from tests.workflows.house import House, house, said, says
from workflows import contract

SHORT = "limit.historyCount.suggestContinueAsNew=40"
A_WHILE = timedelta(hours=30)  # both tiers, every round, the last resort, four missed promises, the missed resolution
NOTES = 60

Measured = Callable[[str, object], None]


@pytest.fixture(scope="module")
async def short() -> AsyncIterator[WorkflowEnvironment]:
    """A server that finds 40 events many."""
    async with virtual_time(SHORT) as started:
        yield started


async def test_a_case_that_rolls_over_tells_the_same_story_as_one_that_does_not(
    env: WorkflowEnvironment, short: WorkflowEnvironment, tmp_path: Path, record_property: Measured
) -> None:
    folders = [tmp_path / "whole", tmp_path / "rolled"]
    for folder in folders:
        folder.mkdir()
    whole, one = await unattended(env, folders[0])
    rolled, runs = await unattended(short, folders[1])
    record_property("measured", f"{A_WHILE} unattended with a limit of 40 events: {runs} runs, the same story")
    assert one == 1
    assert runs > 3
    assert rolled == whole


async def unattended(env: WorkflowEnvironment, folder: Path) -> tuple[list[Any], int]:
    """What was written down and sent, with the minutes since the opening; and how many runs it took."""
    async with house(env.client, folder) as tierline:
        with env.with_time_skipping_disabled():
            case = await tierline.opens(priority="low")
            await env.fast_forward(case, A_WHILE)
            await says(case, "cancel", "ops-manager", reason="the customer has left")
            await case.result()
        timeline = tierline.escalations.timeline(case.id, 1)
        opened = timeline[0].at
        story = [((entry.at - opened) // timedelta(minutes=1), entry.kind) for entry in timeline]
        messages = tierline.escalations.messages(case.id, 1)
        return [*story, sorted(fate(message) for message in messages)], await runs_of(tierline, case)


def fate(message: StoredMessage) -> tuple[str, str]:
    """Which message, whatever the case is called, and what became of it."""
    return message.key.partition("/")[2], message.status


async def test_no_word_is_lost_or_doubled_while_a_case_rolls_over(short: WorkflowEnvironment, tmp_path: Path) -> None:
    """Ten people write at the same time, each note as update and as signal, over several runs."""
    async with house(short.client, tmp_path) as tierline:
        with short.with_time_skipping_disabled():
            case = await tierline.opens()
            await says(case, "acknowledge")
            notes = [said("note", text=f"note {number}") for number in range(NOTES)]
            for ten in range(0, NOTES, 10):
                await asyncio.gather(*(case.signal("note", note) for note in notes[ten : ten + 10]))
                await asyncio.gather(
                    *(case.execute_update("note", note, result_type=contract.Answer) for note in notes[ten : ten + 10])
                )
            await until(lambda: tierline.kinds(case).count("note") >= NOTES)
            again = said("note", text="the first once more, some runs later", id=notes[0].id)
            await case.execute_update("note", again, result_type=contract.Answer)
            await says(case, "cancel", reason="done testing")
            await case.result()
        told = Counter(entry.text for entry in tierline.escalations.timeline(case.id, 1) if entry.kind == "note")
        assert len(told) == NOTES
        assert set(told.values()) == {1}
        assert await runs_of(tierline, case) > 1


async def test_what_an_operator_sees_and_how_urgent_it_is_are_carried_over(
    short: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with house(short.client, tmp_path) as tierline:
        with short.with_time_skipping_disabled():
            case = await tierline.opens(priority="critical")
            await says(case, "acknowledge")
            for number in range(20):
                await says(case, "note", text=f"note {number}")
            await until_rolled_over(tierline, case)
            described = await case.describe()
            seen = await case.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
            await says(case, "cancel", reason="done testing")
            await case.result()
        assert seen.current_details.startswith("critical · Acme GmbH · Checkout is down\n\n**acknowledged** at **L1**")
        assert described.typed_search_attributes.get(contract.STATUS) == "acknowledged"
        assert described.typed_search_attributes.get(contract.PRIORITY) == "critical"
        assert described.raw_description.workflow_execution_info.priority.priority_key == 1


async def until_rolled_over(tierline: House, case: WorkflowHandle[Any, Any]) -> None:
    async with asyncio.timeout(20):
        while await runs_of(tierline, case) < 2:  # noqa: ASYNC110 - the server alone knows
            await asyncio.sleep(0.05)


async def runs_of(tierline: House, case: WorkflowHandle[Any, Any]) -> int:
    """How many runs the case has had, counted back from the latest to the first."""
    runs, run_id = 0, None
    while True:
        handle = tierline.client.get_workflow_handle(case.id, run_id=run_id)
        first = await anext(handle.fetch_history_events(page_size=1))
        assert first.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
        runs += 1
        run_id = first.workflow_execution_started_event_attributes.continued_execution_run_id
        if not run_id:
            return runs
