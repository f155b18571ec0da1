"""Writes one transition of an escalation down and answers its questions about who is on duty.

Both in one activity, because both are quick, and what completes together costs one workflow task. The roster is read when
the question is asked, for the instant the workflow names: a swap of shifts applies at once, a retry answers the same.

A record that takes too long is given up by Temporal and goes on here to its own end. The SDK's default would throw an
exception into its thread, between any two instructions: who waits for the store's lock would get it and never give it back.
"""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from domain.afterwards import LateSurvey
from domain.duty_answers import answered
from domain.messages import DutyAnswer
from domain.outcome import Transition
from records.afterwards import Afterwards
from records.database import Database
from records.roster import RosterStore
from records.transitions import Transitions


class Recording:
    """The store as the workflow sees it. Safe to run again: what is written stays as it is."""

    def __init__(self, db: Database) -> None:
        self._transitions = Transitions(db)
        self._afterwards = Afterwards(db)
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
        """Write a survey answer into a closed case; the document as it then stands."""
        return self._afterwards.record_survey(given, datetime.now(UTC))
