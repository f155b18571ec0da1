"""A customer who comes back need not wait for the last messages of the closed case: they go on in a run of their own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, Refused, RetryLater
from records.command_log import CommandLog
from records.tables import escalations
from tests.until import until
from tests.workflows.house import House, opening, said, says
from workflows import contract

MOST_WORDS = 500  # it has given way long before
AWAY = RetryLater("unreachable", "nobody answers there", after=timedelta(seconds=1))


async def test_messages_of_a_closed_case_hold_up_no_new_episode(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await closed_while_mail_is_away(tierline)
        await case.signal(contract.GIVE_WAY)
        assert await asyncio.wait_for(case.result(), 20) == "closed"
        again = await tierline.starts(contract.Start(opening=opening(id=case.id, episode=2)))
        assert tierline.kinds(case)[-2:] == ["closed", "customer_told"]
        tierline.email.answers = None
        await until(lambda: notices(tierline, case) == {"sent"}, 30)
        assert await remainder(tierline, case).result() == "closed"
        await says(again, "acknowledge")
    assert tierline.escalations.live(case.id) is not None


async def test_what_becomes_of_them_is_written_in_their_own_episode(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await closed_while_mail_is_away(tierline)
        await case.signal(contract.GIVE_WAY)
        await case.result()
        tierline.email.answers = refusing("550", "no such mailbox")
        assert await asyncio.wait_for(remainder(tierline, case).result(), 30) == "closed"
    assert tierline.kinds(case)[-1] == "delivery_failed"
    assert notices(tierline, case) == {"failed"}


async def test_words_said_while_it_gives_way_are_settled(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await closed_while_mail_is_away(tierline)
        log, taken = CommandLog(tierline.database), list[str]()
        await case.signal(contract.GIVE_WAY)
        with pytest.raises(RPCError, match="already completed"):
            await goes_on_talking(case, log, taken)
        assert await case.result() == "closed"
    stored = [log.find(id) for id in taken]
    assert {one.code for one in stored if one is not None} == {"already_closed"}


async def goes_on_talking(case: WorkflowHandle[Any, Any], log: CommandLog, taken: list[str]) -> None:
    """Until the run takes no word any more."""
    while len(taken) < MOST_WORDS:
        late = said("note", text="too late")
        log.queue(late, case.id, 1)
        await case.signal("note", late)
        taken.append(late.id)


async def test_a_run_that_has_the_messages_already_keeps_them(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await closed_while_mail_is_away(tierline)
        opened = contract.Start(opening=opening())
        id, queue = remainder(tierline, case).id, tierline.task_queue
        await tierline.client.start_workflow(contract.ESCALATION, opened, id=id, task_queue=queue)
        await case.signal(contract.GIVE_WAY)
        assert await asyncio.wait_for(case.result(), 20) == "closed"


async def test_what_a_dead_task_had_closed_is_shown_as_it_is(env: WorkflowEnvironment, tierline: House) -> None:
    """The store says closed, so the API asks; the case lives, and until then had nothing new to write down."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: "told" in tierline.kinds(case))
        await says(case, "acknowledge")
        await until(lambda: tierline.document(case)["status"] == "acknowledged")
        closed = {**tierline.document(case), "status": "closed"}
        with tierline.database.write() as connection:
            later = {"status": "closed", "document": closed, "version": 99, "as_of": datetime.now(UTC)}
            connection.execute(update(escalations).where(escalations.c.id == case.id).values(**later))
        await case.signal(contract.GIVE_WAY)
        await until(lambda: tierline.document(case)["status"] == "acknowledged")
        assert (await case.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_case_that_is_over_before_its_first_task_is_done_is_no_run_that_takes_over(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """The word was there when its first task came. What a dead task had written must be taken back, not waited for."""
    began = opening()
    withdrawn = said("cancel", reason="by mistake")
    with env.with_time_skipping_disabled():
        case = await tierline.client.start_workflow(
            contract.ESCALATION,
            contract.Start(opening=began),
            id=began.id,
            task_queue=tierline.task_queue,
            start_signal="cancel",
            start_signal_args=[withdrawn],
        )
        assert await case.result() == "cancelled"
    kinds = {event.event_type for event in (await case.fetch_history()).events}
    assert EventType.EVENT_TYPE_TIMER_STARTED not in kinds
    assert tierline.kinds(case)[0] == "opened"
    assert "cancelled" in tierline.kinds(case)


async def test_a_case_that_lives_does_not_give_way(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await case.signal(contract.GIVE_WAY)
        document = await says(case, "acknowledge")
        assert document["status"] == "acknowledged"
        assert (await case.describe()).status is WorkflowExecutionStatus.RUNNING


async def closed_while_mail_is_away(tierline: House) -> WorkflowHandle[Any, Any]:
    """A closed case of which one message, the customer's closed notice, is tried again and again."""
    case = await tierline.opens()
    await until(lambda: len(tierline.email.kept) == 2)
    await says(case, "acknowledge")
    await says(case, "resolve", summary="renewed the certificate")
    await says(case, "root-cause", category="certificate", description="expired", origin="ours")
    await until(lambda: all(one.status == "sent" for one in tierline.escalations.messages(case.id, 1)))
    tierline.email.answers = away
    await says(case, "close")
    await until(lambda: notices(tierline, case) == {"queued"} and tried(tierline, case))
    assert (await case.describe()).status is WorkflowExecutionStatus.RUNNING
    return case


def notices(tierline: House, case: WorkflowHandle[Any, Any]) -> set[str]:
    return {one.status for one in tierline.escalations.messages(case.id, 1) if one.kind == "customer_closed"}


def tried(tierline: House, case: WorkflowHandle[Any, Any]) -> bool:
    return any(one.code == AWAY.code for one in tierline.escalations.messages(case.id, 1))


def remainder(tierline: House, case: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    return tierline.client.get_workflow_handle(f"{case.id}/1/messages")


def away(envelope: Envelope) -> Outcome:
    raise AWAY


def refusing(code: str, reason: str) -> Callable[[Envelope], Outcome]:
    return lambda _: Refused(code, reason)
