"""Records are dated by the beginning of their workflow task: executed once more, the task must write the very same."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Refused
from domain.outcome import Transition
from records.tables import timeline
from records.transitions import Transitions
from tests.until import LIMIT, until
from tests.workflows.house import House, opening
from workflows import contract

STORE_HELD = 3.9  # seconds; the SDK asks the server for another task after 3.2 of a task's four


async def test_what_one_workflow_task_writes_down_carries_its_beginning(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: "told" in tierline.kinds(case))
    told, opened = dates(tierline, case, "told"), dates(tierline, case, "opened")
    assert told == opened, "the answer of the roster came within the first task"


async def test_what_follows_a_record_that_outlived_its_task_is_dated_by_no_clock(
    env: WorkflowEnvironment, tierline: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SMS's failure is written down slowly; the e-mail's comes while that is under way, and is written down right after."""
    record, slow_one_begun = Transitions.record, threading.Event()

    def slowly(store: Transitions, transition: Transition, *more: Any) -> None:
        if not slow_one_begun.is_set() and any(entry.kind == "delivery_failed" for entry in transition.timeline):
            slow_one_begun.set()
            time.sleep(STORE_HELD)
        record(store, transition, *more)

    def fails_meanwhile(_: Envelope) -> Refused:
        assert slow_one_begun.wait(LIMIT)
        return Refused("400", "no such address")

    monkeypatch.setattr(Transitions, "record", slowly)
    tierline.sms.answers, tierline.email.answers = lambda _: Refused("400", "no such number"), fails_meanwhile
    with env.with_time_skipping_disabled():
        opened = opening()
        case: WorkflowHandle[Any, Any] = await tierline.client.start_workflow(
            contract.ESCALATION,
            contract.Start(opening=opened),
            id=opened.id,
            task_queue=tierline.task_queue,
            task_timeout=contract.TASK_LIMIT,
        )
        await until(lambda: len(dates(tierline, case, "delivery_failed")) > 1)
    slow, follows, *_ = sorted(dates(tierline, case, "delivery_failed"))
    assert follows - slow < timedelta(milliseconds=1), "the clock had gone on by seconds"


def dates(tierline: House, case: WorkflowHandle[Any, Any], kind: str) -> set[datetime]:
    """As of when the lines of that kind were written."""
    lines = select(timeline.c.as_of).where(timeline.c.id == case.id, timeline.c.kind == kind)
    with tierline.database.read() as connection:
        return set(connection.scalars(lines))
