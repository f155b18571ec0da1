"""The sandbox costs a case as little as it can: our modules are run once for the process, not once for each case."""

from typing import Any

from pydantic import BaseModel
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows import contract, sandbox
from workflows.escalation import EscalationWorkflow


async def test_a_case_does_not_run_the_contract_anew() -> None:
    made = _instance()
    kept = [
        one for one in BaseModel.__subclasses__() if one.__module__ == contract.__name__ and one.__name__ == "Start"
    ]
    assert made
    assert kept == [contract.Start]


async def test_the_sdk_does_not_enter_the_sandbox_for_each_payload() -> None:
    """If this fails after an update of the SDK: look whether `workflows/sandbox.py` is still needed and still right."""
    made = _instance()
    inside: Any = vars(made)["_inside"]
    inside.get_serialization_context = inside.get_external_store_context = _entered
    assert made.get_serialization_context(None) is None
    assert made.get_external_store_context(None).target is None


def _entered(_: object) -> None:
    raise AssertionError("entered")


def _instance() -> WorkflowInstance:
    """A workflow as a worker makes it, for the first task of a case; the details are the SDK's own for a trial."""
    taken: list[WorkflowInstanceDetails] = []

    class Runner(SandboxedWorkflowRunner):
        def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
            taken.append(det)
            return super().create_instance(det)

    Runner(restrictions=sandbox.runner().restrictions).prepare_workflow(_definition())
    return sandbox.runner().create_instance(taken[0])


def _definition() -> Any:
    return vars(EscalationWorkflow)["__temporal_workflow_definition"]
