"""The sequence of commands the workflow gives to Temporal, kept word for word beside this test.

A replay must give the same commands in the same order as the first time. Saved histories (`test_replay.py`) prove that for the
cases of earlier releases; this one notices a change the moment it is made, and says what it means.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle
from temporalio.converter import default
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, Refused
from domain.afterwards import LateSurvey
from domain.commands import Survey
from domain.policy_file import load_policy
from records.actions import Actions
from records.command_log import CommandLog
from records.policies import Policies
from records.problems import Problems
from tests.until import until
from tests.workflows.house import ROSTER, House, child_of, opening, said, says, sends_taken_in
from tests.workflows.test_problems import followed
from workflows import contract

FINGERPRINTS = Path(__file__).parent / "fingerprints"
REFRESH = "TIERLINE_RECORD_FINGERPRINTS"

LESSON = """
The workflow '{name}' now gives other commands, or gives them in another order, than {file} says (- before, + now):

{difference}

A running case that began with the old code replays its history with the new code, and must give the old commands again: with this
change it would stop with a nondeterminism error. What to do:
- Not meant? Look for an await, an activity, a timer or an upsert that moved in workflows/, or a rule in domain/ that now asks for
  more or fewer effects.
- Meant for new cases only? Keep the old way for running ones: `if workflow.patched("what-changed"):` in workflows/, or a branch
  on `state.rules_version` in domain/. Then tests/workflows/test_replay.py stays green.
- Only new things at the end, which no running case can have reached yet? Then it is safe.
Then write the new sequence down, and look at the difference before committing it:

    {refresh}=1 .venv/bin/python -m pytest tests/workflows/test_fingerprint.py
"""

ONE_BY_ONE = """
name: one-by-one
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m, warn_at: [50]}, tier_resolution: {all: 2h}}
    steps: [{tell: on_call, channels: [sms]}]
  - {name: L2, team: specialists, targets: {acknowledge: {all: 15m}}, steps: [{tell: on_call, channels: [sms]}]}
closing: {root_cause: required}
"""  # one message at a time, so that the order in which messages end is always the same

CAUSE = {"category": "certificate", "description": "expired", "origin": "ours"}
WORDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("acknowledge", {}),
    ("pause", {"reason": "scheduled"}),
    ("resume", {}),
    ("resolve", {"summary": "renewed the certificate"}),
    ("root-cause", CAUSE),
    ("close", {}),
)
PAST_THE_CLIMB = timedelta(minutes=16)


async def test_the_commands_of_an_escalation_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    """L1 is told, warned and late; L2 acknowledges, waits, resolves, records the cause and closes."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE)
        await sends_taken_in(case, 1)
        await case.signal("note", said("note", text="by signal"))
        await until(lambda: "note" in tierline.kinds(case))
        await env.fast_forward(case, PAST_THE_CLIMB)
        await sends_taken_in(case, 3)
        for name, body in WORDS:
            answer = await says(case, name, "lee", **body)
            await until(_stored(tierline, case, answer["version"]))
        await case.result()
    await check_as_written("escalation", case)


async def test_the_commands_of_a_follow_up_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE)
        for name, body in WORDS[-3:]:
            await says(case, name, "dana", **body)
        await case.result()
        given = LateSurvey(
            escalation=case.id, episode=1, command_id="late", at=datetime.now(UTC), answer=Survey(score=4)
        )
        follow_up = await tierline.client.start_workflow(
            contract.FOLLOW_UP, given, id=contract.follow_up_id(given), task_queue=tierline.task_queue
        )
        await follow_up.result()
    await check_as_written("follow_up", follow_up)


ASKS = ONE_BY_ONE.replace("root_cause: required", "root_cause: required, survey_after: 1d")


async def test_the_commands_of_a_survey_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    """The case starts it when it closes, and goes; it waits, asks, and falls back on the SMS."""
    tierline.email.answers = refusing
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ASKS)
        await sends_taken_in(case, 1)
        for name, body in WORDS[-3:]:
            answer = await says(case, name, "dana", **body)
            await until(_stored(tierline, case, answer["version"]))
        await case.result()
        survey = tierline.client.get_workflow_handle(f"{case.id}/1/survey")
        await env.fast_forward(survey, timedelta(days=1, minutes=1))
        assert await survey.result() == "sent"
    await check_as_written("escalation_with_survey", case)
    await check_as_written("survey", survey)


async def test_a_case_that_began_by_earlier_rules_starts_no_survey(env: WorkflowEnvironment, tierline: House) -> None:
    """Its history may have been written by a worker that knew none."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ASKS, rules_version=3)
        for name, body in WORDS[-3:]:
            await says(case, name, "dana", **body)
        await case.result()
    events = (await case.fetch_history()).events
    assert "start Survey" not in [line for event in events for line in commands_and_causes(event)]


async def test_the_commands_of_actions_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    """The case starts it with its root cause, and lives on; it reminds an owner until the action is done."""
    now, due = datetime.now(UTC), a_working_day_ahead()
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE)
        await sends_taken_in(case, 1)
        for name, body in WORDS[-3:-1]:
            answer = await says(case, name, "dana", **with_action(name, body, due))
            await until(_stored(tierline, case, answer["version"]))
        run = await child_of(tierline, case, contract.ACTIONS)
        await sends_taken_in(run, 1)  # the first look
        await env.fast_forward(run, due - now)
        await sends_taken_in(run, 5)  # three looks, two reminders
        Actions(tierline.database).end(f"{case.id}.1.1", "done", "sam", None, datetime.now(UTC))
        await env.fast_forward(run, timedelta(days=8))
        assert await run.result() == "followed up"
        await says(case, "close")
        await case.result()
        lessons = tierline.client.get_workflow_handle(f"{case.id}/1/lessons")
        assert await lessons.result() == "followed up"
    await check_as_written("escalation_with_actions", case)
    await check_as_written("actions", run)
    await check_as_written("lessons", lessons)


async def test_the_commands_of_actions_that_are_moved_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    """It is told to look again, twice: the day is another one, and then the owner, who hears at once."""
    due = a_working_day_ahead()
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE)
        for name, body in WORDS[-3:-1]:
            await says(case, name, "dana", **with_action(name, body, due))
        run = await child_of(tierline, case, contract.ACTIONS)
        await sends_taken_in(run, 1)  # the first look
        for owner, ended in ((None, 2), ("lee", 4)):  # looks, and a message
            day = due.date() + timedelta(days=7)
            Actions(tierline.database).move(f"{case.id}.1.1", owner, day, "dana", None, datetime.now(UTC), ROSTER)
            await run.signal(contract.LOOK_AGAIN)
            await sends_taken_in(run, ended)
        Actions(tierline.database).end(f"{case.id}.1.1", "done", "lee", None, datetime.now(UTC))
        await env.fast_forward(run, timedelta(days=18))
        assert await run.result() == "followed up"
    await check_as_written("actions_moved", run)


async def test_the_commands_of_a_problem_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    """It looks, is told that it is somebody else's, reminds after a week, and ends when it is resolved."""
    with env.with_time_skipping_disabled():
        problem = await followed(env, tierline)
        Problems(tierline.database).assign("P-1", "sam", "dana", datetime.now(UTC))
        await problem.run.signal(contract.LOOK_AGAIN)
        await sends_taken_in(problem.run, 3)  # two looks, a message
        await problem.passes_to(datetime.now(UTC).date() + timedelta(days=7), 5)
        Problems(tierline.database).resolve("P-1", "sam", "renews itself", datetime.now(UTC))
        await problem.run.signal(contract.LOOK_AGAIN)
        assert await problem.run.result() == "resolved"
    await check_as_written("problem", problem.run)


async def test_the_commands_of_lessons_by_earlier_rules_are_as_written(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """The case starts it when it closes, and goes; it counts the cause, and reminds an owner until the action is done."""
    now, due = datetime.now(UTC), a_working_day_ahead()
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE, rules_version=5)
        for name, body in WORDS[-3:]:
            await says(case, name, "dana", **with_action(name, body, due))
        await case.result()
        lessons = tierline.client.get_workflow_handle(f"{case.id}/1/lessons")
        await env.fast_forward(lessons, due - now)
        await sends_taken_in(lessons, 6)  # one count, three looks, two reminders
        Actions(tierline.database).end(f"{case.id}.1.1", "done", "sam", None, datetime.now(UTC))
        await env.fast_forward(lessons, timedelta(days=8))
        assert await lessons.result() == "followed up"
    events = (await case.fetch_history()).events
    assert "start Actions" not in [line for event in events for line in commands_and_causes(event)]
    await check_as_written("lessons_by_rules_5", lessons)


def a_working_day_ahead() -> datetime:
    """Just after nine of a Thursday, whatever today is."""
    now = datetime.now(UTC)
    return (now + timedelta(days=10 - now.weekday())).replace(hour=9, minute=1)


def with_action(name: str, body: dict[str, Any], due: datetime) -> dict[str, Any]:
    """What is said, and of a root cause what Sam is to do."""
    action = {"text": "alert", "kind": "preventive", "owner": "sam", "due_on": due.date().isoformat()}
    return {**body, "actions": [action]} if name == "root-cause" else body


async def test_a_case_that_began_by_earlier_rules_starts_no_lessons(env: WorkflowEnvironment, tierline: House) -> None:
    """Its history may have been written by a worker that knew none."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(ONE_BY_ONE, rules_version=4)
        for name, body in WORDS[-3:]:
            await says(case, name, "dana", **body)
        await case.result()
    events = (await case.fetch_history()).events
    assert "start Lessons" not in [line for event in events for line in commands_and_causes(event)]


async def test_the_commands_of_an_alert_are_as_written(env: WorkflowEnvironment, tierline: House) -> None:
    rules = load_policy(ONE_BY_ONE)
    stored = rules.with_version(Policies(tierline.database).save(rules, "api", None, datetime.now(UTC)))
    with env.with_time_skipping_disabled():
        case = await tierline.starts(contract.Start(opening=opening().model_copy(update={"policy": stored})))
        for name, body in WORDS[-3:]:
            await says(case, name, "dana", **body)
        await case.result()
        late = said("survey", None, score=1)
        CommandLog(tierline.database).queue(late, case.id, 1)
        given = LateSurvey(
            escalation=case.id, episode=1, command_id=late.id, at=datetime.now(UTC), answer=Survey(score=1)
        )
        follow_up = await tierline.client.start_workflow(
            contract.FOLLOW_UP, given, id=contract.follow_up_id(given), task_queue=tierline.task_queue
        )
        await follow_up.result()
        alert = tierline.client.get_workflow_handle(contract.alert_id(given))
        assert await alert.result() == "sent"
    await check_as_written("follow_up_of_a_low_answer", follow_up)
    await check_as_written("alert", alert)


def refusing(envelope: Envelope) -> Outcome:
    """The customer's mailbox is gone."""
    return Refused("550", "no such mailbox")


def test_a_change_is_refused_with_a_lesson(tmp_path: Path) -> None:
    file = tmp_path / "escalation.txt"
    file.write_text("record\ntimer\n")
    with pytest.raises(AssertionError) as refused:
        compare("escalation", file, ["timer", "record"])
    for words in ("-timer\n", "+timer\n", "nondeterminism", "workflow.patched", "rules_version", REFRESH):
        assert words in str(refused.value)


async def check_as_written(name: str, case: WorkflowHandle[Any, Any]) -> None:
    """Compare what the workflow did with the committed file, or write that file when asked to."""
    events = (await case.fetch_history()).events
    now = [line for event in events for line in commands_and_causes(event)]
    file = FINGERPRINTS / f"{name}.txt"
    if REFRESH in os.environ:
        file.write_text("\n".join(now) + "\n")
    compare(name, file, now)


def compare(name: str, file: Path, now: list[str]) -> None:
    before = file.read_text().splitlines()
    difference = "\n".join(unified_diff(before, now, "before", "now", lineterm=""))
    lesson = LESSON.format(name=name, file=file.name, difference=difference, refresh=REFRESH)
    assert now == before, lesson


def _stored(tierline: House, case: WorkflowHandle[Any, Any], version: int) -> Callable[[], bool]:
    return lambda: bool(tierline.document(case)["version"] >= version)


def commands_and_causes(event: HistoryEvent) -> Iterator[str]:
    """A command as a line; what came from outside before it as a line that begins with a dot, to read it by."""
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    if kind in CAUSES:
        yield f". {CAUSES[kind]}"
    elif kind in COMMANDS:
        yield COMMANDS[kind](event)


def _marker(event: HistoryEvent) -> str:
    """A local activity leaves a marker; its data tells which activity it was."""
    attributes = event.marker_recorded_event_attributes
    data = default().payload_converter.from_payload(attributes.details["data"].payloads[0])
    return f"{attributes.marker_name} {data['activity_type']}"


def _activity(event: HistoryEvent) -> str:
    attributes = event.activity_task_scheduled_event_attributes
    sends = attributes.task_queue.name.startswith(contract.SEND_TASK_QUEUE)  # which of them is no matter of the replay
    elsewhere = f" on {contract.SEND_TASK_QUEUE}" if sends else ""
    return f"activity {attributes.activity_type.name}{elsewhere}"


def _child(event: HistoryEvent) -> str:
    return f"start {event.start_child_workflow_execution_initiated_event_attributes.workflow_type.name}"


def _accepted(event: HistoryEvent) -> str:
    return f"accept {event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name}"


CAUSES: Mapping[str, str] = {
    "WORKFLOW_EXECUTION_STARTED": "started",
    "WORKFLOW_EXECUTION_SIGNALED": "a signal came",
    "ACTIVITY_TASK_COMPLETED": "an activity ended",
    "TIMER_FIRED": "the timer fired",
    "CHILD_WORKFLOW_EXECUTION_STARTED": "a run of its own began",
}
COMMANDS: Mapping[str, Callable[[HistoryEvent], str]] = {
    "MARKER_RECORDED": _marker,
    "ACTIVITY_TASK_SCHEDULED": _activity,
    "TIMER_STARTED": lambda _: "start timer",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": _child,
    "TIMER_CANCELED": lambda _: "cancel timer",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": lambda _: "upsert search attributes",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": _accepted,
    "WORKFLOW_EXECUTION_UPDATE_COMPLETED": lambda _: "answer update",
    "WORKFLOW_EXECUTION_COMPLETED": lambda _: "complete",
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": lambda _: "continue as new",
}
