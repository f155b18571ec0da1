"""Cases that began with an older version of the code must go on with this one.

Each file in `histories/` is the full history of a case as a worker wrote it. A change that makes one of them fail would stop
running cases at the next deployment: keep the old sequence of commands for them (`workflow.patched`, or `rules_version` in
`domain/`). A new one, to be named after its release:

    TIERLINE_RECORD_HISTORIES=1 pytest tests/scenarios/test_reference.py -k small
"""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows import sandbox
from workflows.escalation import EscalationWorkflow
from workflows.follow_up import AlertWorkflow, FollowUpWorkflow, SurveyWorkflow
from workflows.lessons import ActionsWorkflow, LessonsWorkflow
from workflows.problems import ProblemWorkflow

HISTORIES = Path(__file__).parent / "histories"
OLD = {path.stem: path.read_text() for path in sorted(HISTORIES.glob("*.json"))}


@pytest.mark.parametrize("name", OLD)
async def test_a_case_of_an_earlier_version_replays(name: str) -> None:
    replayer = Replayer(
        workflows=[
            *(EscalationWorkflow, FollowUpWorkflow, SurveyWorkflow, AlertWorkflow),
            *(LessonsWorkflow, ActionsWorkflow, ProblemWorkflow),
        ],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox.runner(),
    )
    replayed = await replayer.replay_workflow(WorkflowHistory.from_json(name, OLD[name]))
    assert replayed.replay_failure is None


def test_there_is_a_history_to_replay() -> None:
    assert OLD
