"""A customer who comes back need not wait for the last messages of the closed case: they go on in a run of their own."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, Refused, RetryLater
from tests.until import until
from tests.workflows.house import House, opening, says
from workflows import contract

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
    return tierline.client.get_workflow_handle(f"{case.id}.1.messages")


def away(envelope: Envelope) -> Outcome:
    raise AWAY


def refusing(code: str, reason: str) -> Callable[[Envelope], Outcome]:
    return lambda _: Refused(code, reason)
