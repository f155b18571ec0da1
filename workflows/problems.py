"""A problem is followed up until it is resolved: its owner hears what happens to it, and every week that it is still there.

The API starts the run when a problem has opened, and tells it to look again whenever something has happened; everything it
knows stands in the store, so a run that ended too early is begun again by the next thing that happens.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    from activities.recording import Recording
    from domain.problem_reminders import ProblemLook, ProblemPlan
    from workflows.bringing import RECORD_LIMIT, OnTheirWay, Pause

WHY = "then the owner of the problem is reminded"


@workflow.defn(name=contract.PROBLEM)
class ProblemWorkflow:
    """One problem."""

    def __init__(self) -> None:
        self._messages = OnTheirWay()
        self._pause = Pause()

    @workflow.signal(name=contract.LOOK_AGAIN)
    def look_again(self) -> None:
        """Something has happened to the problem."""
        self._pause.over = True

    @workflow.run
    async def run(self, plan: ProblemPlan) -> str:
        """Live until the problem is resolved; returns `resolved`."""
        while True:
            self._pause.over = False
            found = await workflow.execute_activity_method(
                Recording.record_problem_news,
                ProblemLook(problem=plan.problem, at=workflow.now()),
                start_to_close_timeout=RECORD_LIMIT,
                summary="write down what the owner of the problem is told",
            )
            if found.place is not None:
                place = found.place
                self._messages.bring(found.messages, place.escalation, place.episode, place.priority)
            if found.next_at is None:
                await self._messages.all_ended()
                return "resolved"
            if workflow.info().is_continue_as_new_suggested():  # years of reminders to somebody who does not mind
                await self._messages.all_ended()
                workflow.continue_as_new(plan)
            await self._pause.until(found.next_at, WHY)
