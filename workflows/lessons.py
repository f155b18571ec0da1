"""What a root cause is for: that its cause came back is noticed, and what was promised is done.

`Actions`, started by the case when a root cause with actions is recorded, reminds their owners until none is open, whatever
becomes of the case meanwhile; the next root cause begins another, and the one before ends when it next looks. `Lessons`, started
when the case closes, counts the cause and tells who gets the problem when it came back.
"""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.contract as contract  # not `from workflows import …`, see `escalation.py`
    from activities.recording import Recording
    from domain.actions import ActionsPlan, LessonsPlan, Look, Reminders
    from workflows.bringing import RECORD_LIMIT, OnTheirWay, Pause, bring

WHY = "then the owners of open actions are reminded"


@workflow.defn(name=contract.LESSONS)
class LessonsWorkflow:
    """What one closed episode taught: that its cause came back, and, by earlier rules, what was to be done about it."""

    def __init__(self) -> None:
        self._pause = Pause()

    @workflow.signal(name=contract.LOOK_AGAIN)
    def look_again(self) -> None:
        """An action has another day or owner."""
        self._pause.over = True

    @workflow.run
    async def run(self, plan: LessonsPlan) -> str:
        """Returns `followed up`; by earlier rules once no action is open any more."""
        if plan.looked_at is None:
            problem = await workflow.execute_activity_method(
                Recording.record_recurrence,
                plan,
                start_to_close_timeout=RECORD_LIMIT,
                summary="count its cause: does it come back?",
            )
            await bring(problem, plan.escalation, plan.episode, plan.priority)
        while plan.reminds:
            at = workflow.now()
            self._pause.over = False
            found = await _look(plan, plan.looked_at or plan.closed_at, at)
            plan = plan.model_copy(update={"looked_at": at})
            for message in found.messages:
                await bring(message, plan.escalation, plan.episode, plan.priority)
            if found.next_at is None:
                break
            if workflow.info().is_continue_as_new_suggested():  # years of reminders to somebody who does not mind
                workflow.continue_as_new(plan)
            await self._pause.until(found.next_at, WHY)
        return "followed up"


@workflow.defn(name=contract.ACTIONS)
class ActionsWorkflow:
    """The actions of one root cause."""

    def __init__(self) -> None:
        self._messages = OnTheirWay()
        self._pause = Pause()

    @workflow.signal(name=contract.LOOK_AGAIN)
    def look_again(self) -> None:
        """An action has another day or owner."""
        self._pause.over = True

    @workflow.run
    async def run(self, plan: ActionsPlan) -> str:
        """Live until no action of this root cause is open any more; returns `followed up`."""
        while True:
            at = workflow.now()
            self._pause.over = False
            found = await _look(plan, plan.looked_at, at)
            plan = plan.model_copy(update={"looked_at": at})
            self._messages.bring(found.messages, plan.escalation, plan.episode, plan.priority)
            if found.next_at is None:
                await self._messages.all_ended()
                return "followed up"
            if workflow.info().is_continue_as_new_suggested():  # years of reminders to somebody who does not mind
                await self._messages.all_ended()
                workflow.continue_as_new(plan)
            await self._pause.until(found.next_at, WHY)


async def _look(plan: LessonsPlan | ActionsPlan, after: datetime | None, at: datetime) -> Reminders:
    """What fell due since the last look."""
    return await workflow.execute_activity_method(
        Recording.record_reminders,
        Look(plan=plan, after=after, at=at),
        start_to_close_timeout=RECORD_LIMIT,
        summary="write down which reminders of actions are due",
    )
