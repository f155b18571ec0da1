"""The sandbox the workflow runs in, the same in workers, replays and tests.

Three libraries behind pydantic's e-mail and phone types load parts of themselves when first used, `phonenumbers` under a lock.
Inside the sandbox that import fails while the lock is held, and every later task of the process hangs. They are pure, so they
are passed through.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

LOADED_LATE = ("phonenumbers", "email_validator", "idna")


def runner() -> SandboxedWorkflowRunner:
    """A sandbox with everything the SDK forbids, forbidden."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*LOADED_LATE))
