"""A problem is followed up in a run of its own: it wakes for what happens, reminds every week, and ends with the problem."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.causes import load_causes
from domain.problem_reminders import ProblemPlan
from records.causes import CauseTree
from records.problems import Problems
from tests.until import until
from tests.workflows.house import House, says, sends_taken_in
from tests.workflows.test_actions import CAUSE, Followed, Handle, resolved
from workflows import contract

TREE = "recurrence: {within: 30d, count: 2}\ncategories: [{id: certificate, title: {en: Certificate expired}}]\n"
TODAY = datetime.now(UTC).date()


async def closed(tierline: House) -> None:
    """One more case of the same cause has closed, and is counted."""
    case = await resolved(tierline)
    await says(case, "root-cause", **CAUSE)
    await says(case, "close")
    await case.result()
    await tierline.client.get_workflow_handle(f"{case.id}/1/lessons").result()


async def followed(env: WorkflowEnvironment, tierline: House) -> Followed:
    """P-1 is there, and its run has looked once."""
    CauseTree(tierline.database).save(load_causes(TREE), "api", None, datetime.now(UTC))
    for _ in range(2):
        await closed(tierline)
    run = await happens(tierline)
    await sends_taken_in(run, 1)
    return Followed(env, run)


async def happens(tierline: House) -> Handle:
    """What is owed to the run is told, as the API's relay does it; the store of each test has a P-1 of its own."""
    problems = Problems(tierline.database)
    [owed] = problems.owed(10)
    run = await tierline.client.start_workflow(
        contract.PROBLEM,
        ProblemPlan(problem=owed.problem),
        id=f"{contract.problem_run_id(ProblemPlan(problem=owed.problem))}-{tierline.task_queue}",
        task_queue=tierline.task_queue,
        start_signal=contract.LOOK_AGAIN,
    )
    problems.handed_over(owed)
    return run


def told(tierline: House) -> list[str]:
    """Whom the mails of the problem went to, and what they say, in the order in which they went out."""
    mails = [(one.to.split("@")[0], one.subject or "") for one in tierline.email.kept]
    return [f"{who}: {subject.split(':')[0]}" for who, subject in mails if "Problem P-1" in subject]


def assigns(tierline: House, to: str, by: str = "dana") -> None:
    Problems(tierline.database).assign("P-1", to, by, datetime.now(UTC))


async def test_the_owner_hears_what_happens_and_every_week_until_it_is_resolved(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        problem = await followed(env, tierline)
        await until(lambda: len(told(tierline)) == 1)
        assigns(tierline, "sam")
        await happens(tierline)
        await sends_taken_in(problem.run, 3)  # another look, a message
        await closed(tierline)
        await happens(tierline)
        await sends_taken_in(problem.run, 5)
        await problem.passes_to(TODAY + timedelta(days=7), 7)
        assert told(tierline) == [
            "lee: [high] Problem P-1 opened",
            "sam: [high] Problem P-1 is yours now",
            "sam: [high] Problem P-1 came back again",
            "sam: [high] Problem P-1 is not solved yet",
        ]
        Problems(tierline.database).resolve("P-1", "sam", "renews itself", datetime.now(UTC))
        await happens(tierline)
        assert await asyncio.wait_for(problem.run.result(), 20) == "resolved"
        assert len(told(tierline)) == 4


async def test_however_often_the_run_is_told_to_look_nobody_hears_twice(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        problem = await followed(env, tierline)
        assigns(tierline, "sam")
        await happens(tierline)
        await sends_taken_in(problem.run, 3)
        for ended in (4, 5):
            await problem.run.signal(contract.LOOK_AGAIN)
            await sends_taken_in(problem.run, ended)
        assert told(tierline)[1:] == ["sam: [high] Problem P-1 is yours now"]
        assert (await problem.run.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_run_that_was_ended_is_begun_again_by_what_happens_next(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        problem = await followed(env, tierline)
        await problem.run.terminate()
        assigns(tierline, "sam")
        again = await happens(tierline)
        assert again.first_execution_run_id != problem.run.first_execution_run_id
        await until(lambda: told(tierline)[1:] == ["sam: [high] Problem P-1 is yours now"])


async def test_its_worker_may_be_replaced(env: WorkflowEnvironment, tierline: House) -> None:
    """The next one reads the history from its beginning."""
    with env.with_time_skipping_disabled():
        problem = await followed(env, tierline)
        await tierline.crew.leaves()
        await tierline.crew.comes()
        assigns(tierline, "sam")
        await happens(tierline)
        await sends_taken_in(problem.run, 3)
        assert told(tierline)[1:] == ["sam: [high] Problem P-1 is yours now"]
