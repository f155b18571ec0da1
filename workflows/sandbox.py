"""The sandbox the workflow runs in, the same in workers, replays and tests.

Three libraries behind pydantic's e-mail and phone types load parts of themselves when first used, `phonenumbers` under a lock.
Inside the sandbox that import fails while the lock is held, and every later task of the process hangs. They are pure, so they
are passed through.

For every payload that comes or goes the SDK enters the sandbox up to four times to ask whose payload it is, for converters,
codecs and stores that care. Ours do not, so it is told without entering, which saves a quarter of the time workflows take.
A codec that needs to know (`WithSerializationContext`) needs the SDK's own runner back.
"""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

LOADED_LATE = ("phonenumbers", "email_validator", "idna")


def runner() -> SandboxedWorkflowRunner:
    """A sandbox with everything the SDK forbids, forbidden."""
    return _Runner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*LOADED_LATE))


class _Runner(SandboxedWorkflowRunner):
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The sandboxed workflow, with the SDK's questions about payloads answered outside."""
        return _Sandboxed(super().create_instance(det))


class _Sandboxed(WorkflowInstance):
    """A sandboxed workflow whose payloads belong to nobody in particular."""

    def __init__(self, inside: WorkflowInstance) -> None:
        self._inside = inside

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Run the workflow on."""
        return self._inside.activate(act)

    def get_serialization_context(self, command_info: object) -> None:
        """No converter or codec of ours asks."""

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        """No payload of ours is stored elsewhere."""
        del command_info
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        """For the SDK's own logs."""
        return self._inside.get_info()

    def get_thread_id(self) -> int | None:
        """For the SDK's deadlock detector."""
        return self._inside.get_thread_id()
