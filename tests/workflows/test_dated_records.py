"""Records are dated by the beginning of their workflow task: executed once more, the task must write the very same."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from records.tables import timeline
from tests.until import until
from tests.workflows.house import House


async def test_what_one_workflow_task_writes_down_carries_its_beginning(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: "told" in tierline.kinds(case))
    told, opened = dates(tierline, case, "told"), dates(tierline, case, "opened")
    assert told == opened, "the answer of the roster came within the first task"


def dates(tierline: House, case: WorkflowHandle[Any, Any], kind: str) -> set[datetime]:
    """As of when the lines of that kind were written."""
    lines = select(timeline.c.as_of).where(timeline.c.id == case.id, timeline.c.kind == kind)
    with tierline.database.read() as connection:
        return set(connection.scalars(lines))
