"""A case that closes leaves the survey to a run of its own, and is over: whatever else happens to it meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, RetryLater
from domain.afterwards import LateSurvey, SurveyPlan
from domain.commands import Survey
from domain.policy_file import load_policy
from records.command_log import CommandLog
from records.policies import Policies
from tests.until import until
from tests.workflows.house import POLICY, House, opening, said, says
from workflows import contract

ASKS = POLICY.replace("confirm_within: 2d", "survey_after: 1d")


async def test_a_case_that_was_reset_and_closes_again_has_its_survey_already(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """The id was used: whether that run still waits or has asked, the case ends as ever."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ASKS)
        first = await asks_at_once(tierline, case)
        assert await first.result() == "not asked"  # it is not closed
        await closes(case)
        assert await asyncio.wait_for(case.result(), 20) == "closed"
        assert (await survey(tierline, case).describe()).run_id == first.first_execution_run_id


async def test_a_case_that_gives_way_leaves_one_survey_which_does_not_ask_who_is_back(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ASKS)
        await until(lambda: len(tierline.email.kept) == 2)
        tierline.email.answers = away
        await closes(case)
        await until(lambda: "closed" in tierline.kinds(case))
        await case.signal(contract.GIVE_WAY)
        await asyncio.wait_for(case.result(), 20)
        assert (await survey(tierline, case).describe()).status is WorkflowExecutionStatus.RUNNING
        again = await tierline.starts(contract.Start(opening=opening(ASKS, id=case.id, episode=2)))
        await until(lambda: tierline.document(case)["episode"] == 2)
        tierline.email.answers = None
        await env.fast_forward(survey(tierline, case), timedelta(days=1, minutes=1))
        assert await survey(tierline, case).result() == "not asked"
        await says(again, "cancel", reason="end of the story")


@pytest.mark.parametrize("ending", ["cancel", "merge"])
async def test_a_case_that_was_withdrawn_asks_nobody(env: WorkflowEnvironment, tierline: House, ending: str) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ASKS)
        await says(case, ending, **({"reason": "a mistake"} if ending == "cancel" else {"into": "zendesk-other"}))
        assert await asyncio.wait_for(case.result(), 20) == "cancelled"
        kinds = [event.event_type async for event in case.fetch_history_events()]
    assert EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED not in kinds


async def test_an_answer_whose_follow_up_was_reset_is_written_down_and_its_alert_is_one(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """The id of the alert was used by the run before the reset."""
    rules = load_policy(ASKS)
    stored = rules.with_version(Policies(tierline.database).save(rules, "api", None, datetime.now(UTC)))
    with env.with_time_skipping_disabled():
        case = await tierline.starts(contract.Start(opening=opening(ASKS).model_copy(update={"policy": stored})))
        await closes(case)
        await case.result()
        low = said("survey", None, score=1)
        CommandLog(tierline.database).queue(low, case.id, 1)
        given = LateSurvey(
            escalation=case.id, episode=1, command_id=low.id, at=datetime.now(UTC), answer=Survey(score=1)
        )
        id, queue = contract.follow_up_id(given), tierline.task_queue
        for _ in range(2):
            run = await tierline.client.start_workflow(contract.FOLLOW_UP, given, id=id, task_queue=queue)
            assert (await asyncio.wait_for(run.result(), 20))["survey"]["score"] == 1
        assert await tierline.client.get_workflow_handle(contract.alert_id(given)).result() == "sent"
    assert len([one for one in tierline.escalations.messages(case.id, 1) if one.kind == "low_score"]) == 1


async def asks_at_once(tierline: House, case: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    """What the run before the reset had started."""
    began = (await case.describe()).start_time
    plan = SurveyPlan(escalation=case.id, episode=1, entry=1, priority="high", at=began, channels=("email",))
    id, queue = contract.survey_id(plan), tierline.task_queue
    return await tierline.client.start_workflow(contract.SURVEY, plan, id=id, task_queue=queue)


def survey(tierline: House, case: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    return tierline.client.get_workflow_handle(f"{case.id}/1/survey")


async def closes(case: WorkflowHandle[Any, Any]) -> None:
    await says(case, "acknowledge")
    await says(case, "resolve", summary="renewed the certificate")
    await says(case, "root-cause", category="certificate", description="expired", origin="ours")
    await says(case, "close")


def away(envelope: Envelope) -> Outcome:
    raise RetryLater("unreachable", "nobody answers there", after=timedelta(seconds=1))
