"""Every name on the wire: workflow, commands, activities, task queues, search attributes. Pinned by a test.

A name here is data: running cases and other systems hold it. Never rename one; add a new one and keep the old.
"""

from datetime import timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from temporalio.common import SearchAttributeKey

from domain.afterwards import LateSurvey
from domain.commands import BODIES
from domain.state import Escalation, Opening

ESCALATION = "Escalation"
FOLLOW_UP = "FollowUp"
TASK_QUEUE = "tierline"
SEND_TASK_QUEUE = "tierline-send"
DEPLOYMENT = "tierline"  # the name that versions of our workers go by in Temporal

RECORD = "record"
RECORD_SURVEY = "record_survey"
SEND = "send"

COMMANDS = tuple(BODIES)  # each is an update and a signal of the same name
GIVE_WAY = "give-way"  # a signal: the case's next episode waits for this run to end

STATUS = SearchAttributeKey.for_keyword("TierlineStatus")
TIER = SearchAttributeKey.for_keyword("TierlineTier")
PRIORITY = SearchAttributeKey.for_keyword("TierlinePriority")
TEAM = SearchAttributeKey.for_keyword("TierlineTeam")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("TierlineNextDeadline")
SEARCH_ATTRIBUTES = (STATUS, TIER, PRIORITY, TEAM, NEXT_DEADLINE)

TWILIO_STATUS_PATH = "/v1/hooks/twilio/status"  # of the API; every SMS under way names it
TWILIO_TRIES = "#rc=5&rp=all"  # Twilio reports once unless told to try again: up to five times, whatever went wrong

RETENTION = timedelta(days=30)
TASK_LIMIT = timedelta(seconds=4)  # then another worker takes over from one killed at work; Temporal's own limit is ten
UPDATE_LIMIT = timedelta(seconds=3)  # then the API sends the signal of the same name and answers 202


class Start(BaseModel):
    """The workflow's input: a new opening, or (after continue-as-new) the state that goes on."""

    model_config = ConfigDict(frozen=True)

    opening: Opening | None = None
    state: Escalation | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.opening is None) == (self.state is None):
            raise ValueError("a start needs either an opening or a state")
        return self


def remainder_id(ended: Escalation) -> str:
    """The id of the run that brings the last messages of an ended episode to their end, so that the next one can begin."""
    return f"{ended.id}/{ended.episode}/messages"  # no id of a case has a slash


def follow_up_id(given: LateSurvey) -> str:
    """The id of the follow-up that writes this answer down; one run for each command."""
    return f"{given.escalation}.{given.episode}.survey.{given.command_id}"


class Answer(BaseModel):
    """What a command's update answers: the public document without what never changes (ticket, customer, trigger).

    `moved` is what a rebase did to the due times: target → [was, is]; None for every other command, and from an older worker.
    """

    document: dict[str, Any]
    moved: dict[str, list[str | None]] | None = None


STATIC_KEYS = ("customer", "trigger")  # left out of an `Answer`; the API puts them back from the row it has
