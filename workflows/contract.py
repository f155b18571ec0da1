"""Every name on the wire: workflow, commands, activities, task queues, search attributes. Pinned by a test.

A name here is data: running cases and other systems hold it. Never rename one; add a new one and keep the old.
"""

from datetime import timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from temporalio.common import SearchAttributeKey

from domain.actions import ActionsPlan, LessonsPlan
from domain.afterwards import LateSurvey, SurveyPlan
from domain.commands import BODIES
from domain.messages import Message
from domain.problem_reminders import ProblemPlan
from domain.state import Escalation, Opening
from domain.tickets import Channel, Priority
from domain.view_time import rfc3339

ESCALATION = "Escalation"
FOLLOW_UP = "FollowUp"
SURVEY = "Survey"
ALERT = "Alert"
LESSONS = "Lessons"
ACTIONS = "Actions"
PROBLEM = "Problem"
ANSWER = "Answer"
TASK_QUEUE = "tierline"
SEND_TASK_QUEUE = "tierline-send"  # what belongs to no channel's own queue: answers, and what earlier releases left
DEPLOYMENT = "tierline"  # the name that versions of our workers go by in Temporal

RECORD = "record"
RECORD_SURVEY = "record_survey"
RECORD_QUESTION = "record_question"
RECORD_UNSENT = "record_unsent"
RECORD_RECURRENCE = "record_recurrence"
RECORD_REMINDERS = "record_reminders"
RECORD_PROBLEM_NEWS = "record_problem_news"
SEND = "send"
SEND_ANSWER = "send_answer"

COMMANDS = tuple(BODIES)  # each is an update and a signal of the same name
LOOK_AGAIN = (
    "look-again"  # a signal to the runs that remind of actions and problems: something has happened to one of them
)
GIVE_WAY = "give-way"  # a signal: the case's next episode waits for this run to end

STATUS = SearchAttributeKey.for_keyword("TierlineStatus")
TIER = SearchAttributeKey.for_keyword("TierlineTier")
PRIORITY = SearchAttributeKey.for_keyword("TierlinePriority")
TEAM = SearchAttributeKey.for_keyword("TierlineTeam")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("TierlineNextDeadline")
SEARCH_ATTRIBUTES = (STATUS, TIER, PRIORITY, TEAM, NEXT_DEADLINE)

TWILIO_STATUS_PATH = "/v1/hooks/twilio/status"  # of the API; every SMS under way names it
SENDGRID_INBOUND_PATH = "/v1/hooks/sendgrid/inbound"  # as operators have told SendGrid
TWILIO_TRIES = "#rc=5&rp=all"  # Twilio reports once unless told to try again: up to five times, whatever went wrong

RETENTION = timedelta(days=30)
TASK_LIMIT = timedelta(seconds=4)  # then another worker takes over from one killed at work; Temporal's own limit is ten
UPDATE_LIMIT = timedelta(seconds=3)  # then the API sends the signal of the same name and answers 202


def send_queue(channel: Channel) -> str:
    """Each channel has a queue of its own, for each vendor takes so many messages a second."""
    return f"{SEND_TASK_QUEUE}-{channel}"


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


def answer_id(id: str) -> str:
    """The id of the run that sends the answer to an e-mail, kept under `id`; one run for each answer."""
    return f"mail-answer/{id}"  # no id of a case has a slash


def survey_id(plan: SurveyPlan) -> str:
    """The id of the run that asks the customer of this episode how it was; there is one."""
    return f"{plan.escalation}/{plan.episode}/survey"


def lessons_id(plan: LessonsPlan) -> str:
    """The id of the run that counts the cause of this episode once it is closed; there is one."""
    return reminding_ids(plan.escalation, plan.episode, None)[1]


def actions_id(plan: ActionsPlan) -> str:
    """The id of the run that follows up the actions of this root cause; there is one for each that was recorded."""
    return reminding_ids(plan.escalation, plan.episode, rfc3339(plan.recorded_at))[0]


def reminding_ids(escalation: str, episode: int, cause_at: str | None) -> tuple[str, str]:
    """Which runs may remind of the actions of the root cause recorded at `cause_at`: its own, by earlier rules the closing's."""
    return f"{escalation}/{episode}/actions/{cause_at}", f"{escalation}/{episode}/lessons"


def problem_run_id(plan: ProblemPlan) -> str:
    """The id of the run that follows up this problem; one at a time."""
    return f"problem/{plan.problem}"  # no id of a case has a slash


def alert_id(given: LateSurvey) -> str:
    """The id of the run that tells the lead of this answer; one for each command."""
    return f"{given.escalation}/{given.episode}/alert/{given.command_id}"


class Alert(BaseModel):
    """The input of the run that brings one message of a closed case: it is written down already; and its place in the queues.

    A low answer for the lead, or what follows a message after closing that a provider says did not arrive.
    """

    model_config = ConfigDict(frozen=True)

    escalation: str
    episode: int
    priority: Priority
    message: Message


def bring_id(alert: Alert) -> str:
    """The id of the run that brings a message after one that did not arrive: the message's own key, so there is one."""
    return alert.message.key  # no id of a case has a slash


class Answer(BaseModel):
    """What a command's update answers: the public document without what never changes (ticket, customer, trigger).

    `moved` is what a rebase did to the due times: target → [was, is]; None for every other command, and from an older worker.
    """

    document: dict[str, Any]
    moved: dict[str, list[str | None]] | None = None


STATIC_KEYS = ("customer", "trigger")  # left out of an `Answer`; the API puts them back from the row it has
