"""What was promised is followed up from when it is recorded, whatever the case, its people and the providers do meanwhile."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, RetryLater, Sent
from domain.actions import ActionsPlan
from records.actions import Actions
from tests.until import until
from tests.workflows.house import House, child_of, says, sends_taken_in
from workflows import contract

POLICY = """
name: calm
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m}}
    steps: [{tell: on_call, channels: [sms]}]
closing: {root_cause: required}
"""
CAUSE = {"category": "certificate", "description": "expired", "origin": "ours"}
Handle = WorkflowHandle[Any, Any]
TODAY = datetime.now(UTC).date()
TUESDAY = TODAY + timedelta(days=15 - TODAY.weekday())  # the working day before is the day before
WEDNESDAY = TUESDAY + timedelta(days=1)


@dataclass
class Followed:
    """The run that follows up the actions of one root cause, and how far its own clock is ahead."""

    env: WorkflowEnvironment
    run: Handle
    ahead: timedelta = timedelta()

    async def passes_to(self, day: date, ended: int) -> None:
        """Let time pass until just after nine of that day, and so many activities of the run come to their end."""
        span = datetime.combine(day, time(9, 1), UTC) - datetime.now(UTC) - self.ahead
        await self.env.fast_forward(self.run, span)
        self.ahead += span
        await sends_taken_in(self.run, ended)


def action(owner: str, due_on: date = TUESDAY, text: str = "alert") -> dict[str, str]:
    return {"text": text, "kind": "corrective", "owner": owner, "due_on": due_on.isoformat()}


async def resolved(tierline: House) -> Handle:
    """A case that Dana has solved; it is not closed, and nothing happens in it by itself."""
    case = await tierline.opens(POLICY)
    await says(case, "resolve", summary="renewed the certificate")
    return case


async def explains(
    env: WorkflowEnvironment, tierline: House, case: Handle, *actions: dict[str, str], time_: int = 1
) -> Followed:
    """Dana records the cause, for the `time_`th time; what follows it up has looked once."""
    await says(case, "root-cause", **CAUSE, actions=list(actions))
    run = await child_of(tierline, case, contract.ACTIONS, time_)
    await sends_taken_in(run, 1)
    return Followed(env, run)


def reminded(tierline: House, case: Handle) -> list[tuple[str | None, str, str]]:
    """Who, for which day, and what became of it."""
    sent = [one for one in tierline.escalations.messages(case.id, 1) if one.kind == "action_due"]
    return [(one.person, one.key.split("/")[3].split(".")[1], one.status) for one in sent]


def day(one: date) -> str:
    return f"{one:%Y%m%d}"


async def test_the_owner_is_reminded_while_the_case_is_still_open_and_after_it_has_closed(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await followed.passes_to(TUESDAY - timedelta(days=1), 3)  # a look, a message
        assert reminded(tierline, case) == [("sam", day(TUESDAY - timedelta(days=1)), "sent")]
        assert tierline.document(case)["status"] == "resolved"
        await says(case, "close")
        assert await case.result() == "closed"
        await followed.passes_to(TUESDAY, 5)
        assert reminded(tierline, case)[1:] == [("sam", day(TUESDAY), "sent")]
        Actions(tierline.database).end(f"{case.id}.1.1", "done", "sam", None, datetime.now(UTC))
        await env.fast_forward(followed.run, timedelta(days=8))
        assert await followed.run.result() == "followed up"
    assert len(reminded(tierline, case)) == 2


async def test_the_closing_counts_the_cause_and_reminds_nobody_a_second_time(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        await explains(env, tierline, case, action("sam", TODAY - timedelta(days=30)))
        await until(lambda: len(reminded(tierline, case)) == 1)
        await says(case, "close")
        await case.result()
        lessons = await child_of(tierline, case, contract.LESSONS)
        assert await asyncio.wait_for(lessons.result(), 20) == "followed up"
    assert len(reminded(tierline, case)) == 1


async def test_a_later_cause_puts_a_day_off_and_has_a_run_of_its_own(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        before = await explains(env, tierline, case, action("sam"))
        after = await explains(env, tierline, case, action("sam", WEDNESDAY), time_=2)
        await before.passes_to(TUESDAY - timedelta(days=1), 2)
        assert await before.run.result() == "followed up"
        assert reminded(tierline, case) == []
        await after.passes_to(TUESDAY, 3)
        assert reminded(tierline, case) == [("sam", day(TUESDAY), "sent")]


async def test_a_later_cause_without_actions_ends_it(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await says(case, "root-cause", **CAUSE)
        await until(lambda: tierline.kinds(case).count("root_cause_recorded") == 2)
        await followed.passes_to(TUESDAY - timedelta(days=1), 2)
        assert await followed.run.result() == "followed up"
    assert reminded(tierline, case) == []


async def test_a_provider_that_answers_nobody_keeps_no_other_reminder_waiting(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """Sam's mail is tried for a day; Lee's goes out at once, and the next morning's, too."""
    tierline.email.answers = away_for("sam@support.example", tierline)
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        long_ago = TODAY - timedelta(days=30)
        await explains(env, tierline, case, action("sam", long_ago, "one"), action("lee", long_ago, "two"))
        await until(lambda: {who: how for who, _, how in reminded(tierline, case)}.get("lee") == "sent")
        assert {who: how for who, _, how in reminded(tierline, case)}["sam"] != "sent"


async def test_a_case_that_reopened_and_is_explained_once_more_goes_on_being_followed_up(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await says(case, "reopen", reason="it is still down")
        assert tierline.document(case)["root_cause"] is not None
        await followed.passes_to(TUESDAY - timedelta(days=1), 3)
        assert reminded(tierline, case) == [("sam", day(TUESDAY - timedelta(days=1)), "sent")]


async def test_a_withdrawn_case_reminds_nobody_any_more(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await says(case, "cancel", reason="opened by mistake")
        assert await case.result() == "cancelled"
        await followed.passes_to(TUESDAY - timedelta(days=1), 2)
        assert await followed.run.result() == "followed up"
    assert reminded(tierline, case) == []


async def test_a_run_that_goes_on_from_another_says_nothing_twice(env: WorkflowEnvironment, tierline: House) -> None:
    """As after a continue-as-new, or a reset by an operator."""
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam", TODAY - timedelta(days=30)))
        await until(lambda: [how for _, _, how in reminded(tierline, case)] == ["sent"])
        plan = await begun_with(followed.run)
        await followed.run.terminate()
        again = await tierline.client.start_workflow(
            contract.ACTIONS, plan, id=followed.run.id, task_queue=tierline.task_queue
        )
        await sends_taken_in(again, 1)
        assert (await again.describe()).status is WorkflowExecutionStatus.RUNNING
    assert len(reminded(tierline, case)) == 1
    assert len(tierline.email.kept) == 1


@pytest.mark.parametrize("by_then", ["open", "closed"])
async def test_the_case_begins_one_run_for_each_cause_whatever_replays(
    env: WorkflowEnvironment, tierline: House, by_then: str
) -> None:
    """Its worker is replaced: the next one reads the history from its beginning."""
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        await explains(env, tierline, case, action("sam"))
        await tierline.crew.leaves()
        await tierline.crew.comes()
        await says(case, "note", text="anew")
        if by_then == "closed":
            await says(case, "close")
            await case.result()
        history = await case.fetch_history()
    begun = [one for one in history.events if one.HasField("start_child_workflow_execution_initiated_event_attributes")]
    names = [one.start_child_workflow_execution_initiated_event_attributes.workflow_type.name for one in begun]
    assert names == [contract.ACTIONS, *([contract.LESSONS] if by_then == "closed" else [])]


async def begun_with(run: Handle) -> ActionsPlan:
    """What a run was started with."""
    async for event in run.fetch_history_events():
        payload = event.workflow_execution_started_event_attributes.input.payloads[0]
        return ActionsPlan.model_validate_json(payload.data)
    raise AssertionError("a run without a beginning")


def away_for(address: str, tierline: House) -> Any:
    """The provider does not answer for this address."""

    def answer(envelope: Envelope) -> Outcome:
        if envelope.to == address:
            raise RetryLater("unreachable", "nobody answers there", after=timedelta(minutes=1))
        tierline.email.kept.append(envelope)
        return Sent(provider_id=f"email-{len(tierline.email.kept)}")

    return answer
