"""Writes one transition of an escalation down and answers its questions about who is on duty.

Both in one activity, because both are quick, and what completes together costs one workflow task. The roster is read when
the question is asked, for the instant the workflow names: a swap of shifts applies at once, a retry answers the same.

A record that takes too long is given up by Temporal and goes on here to its own end. The SDK's default would throw an
exception into its thread, between any two instructions: who waits for the store's lock would get it and never give it back.
"""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from domain.actions import LessonsPlan, Look, Reminders
from domain.afterwards import LateSurvey, SurveyPlan, Unsent
from domain.duty_answers import answered
from domain.messages import DutyAnswer, Message
from domain.outcome import Transition
from domain.problem_reminders import ProblemLook, ProblemNews
from records.afterwards import Afterwards
from records.database import Database
from records.lessons import Lessons
from records.problem_reminders import ProblemReminders
from records.roster import RosterStore
from records.transitions import Transitions

# Beside the document that `record_survey` answers: the message to the lead, where the answer was low.
ALERT_KEY = "alert"


class Recording:
    """The store as the workflow sees it. Safe to run again: what is written stays as it is."""

    def __init__(self, db: Database) -> None:
        self._transitions = Transitions(db)
        self._afterwards = Afterwards(db)
        self._lessons = Lessons(db)
        self._problems = ProblemReminders(db)
        self._roster = RosterStore(db)

    @activity.defn(name="record", no_thread_cancel_exception=True)
    def record(self, transition: Transition) -> list[DutyAnswer]:
        """Write the transition in one transaction; the answers stand in the order of its questions."""
        self._transitions.record(transition, datetime.now(UTC), activity.info().scheduled_time)
        if not transition.questions:
            return []
        roster = self._roster.current()
        return [answered(roster, question) for question in transition.questions]

    @activity.defn(name="record_survey", no_thread_cancel_exception=True)
    def record_survey(self, given: LateSurvey) -> dict[str, Any]:
        """Write a survey answer into a closed case; the document as it then stands, and under `alert` what the lead is told."""
        rated = self._afterwards.record_survey(given, datetime.now(UTC))
        if rated.alert is None:
            return rated.document
        return {**rated.document, ALERT_KEY: rated.alert.model_dump(mode="json")}

    @activity.defn(name="record_question", no_thread_cancel_exception=True)
    def record_question(self, plan: SurveyPlan) -> Message | None:
        """Write down that the customer is asked how it was; the message to send, None when nobody is to be asked."""
        return self._afterwards.record_question(plan, datetime.now(UTC))

    @activity.defn(name="record_unsent", no_thread_cancel_exception=True)
    def record_unsent(self, unsent: Unsent) -> Message | None:
        """Write down what became of a message after closing; the same on its next channel, None when there is none."""
        return self._afterwards.record_unsent(unsent, datetime.now(UTC))

    @activity.defn(name="record_recurrence", no_thread_cancel_exception=True)
    def record_recurrence(self, plan: LessonsPlan) -> Message | None:
        """Count the cause of a closed case; the message to the owner of the problem it opens, None when it opens none."""
        return self._lessons.record_recurrence(plan, datetime.now(UTC))

    @activity.defn(name="record_reminders", no_thread_cancel_exception=True)
    def record_reminders(self, look: Look) -> Reminders:
        """Write down which reminders of actions fell due; what to send now, and when to look again."""
        return self._lessons.record_reminders(look, datetime.now(UTC))

    @activity.defn(name="record_problem_news", no_thread_cancel_exception=True)
    def record_problem_news(self, look: ProblemLook) -> ProblemNews:
        """Write down what the owner of a problem is told; what to send now, and when to look again."""
        return self._problems.record_news(look, datetime.now(UTC))
