"""Names on the wire are data: running cases hold them. A rename in the code must never change one."""

import pytest
from temporalio import activity, workflow

from activities.answering import Answering
from activities.recording import Recording
from activities.sending import Sending
from workflows import contract
from workflows.answer import AnswerWorkflow
from workflows.describe import LONGEST_SUMMARY, summary
from workflows.escalation import EscalationWorkflow
from workflows.follow_up import AlertWorkflow, FollowUpWorkflow, SurveyWorkflow
from workflows.lessons import ActionsWorkflow, LessonsWorkflow
from workflows.problems import ProblemWorkflow

COMMANDS = (
    "acknowledge assign escalate hand-back pause resume note customer-update customer-reply ticket-update watch reprioritize "
    "resolve root-cause close survey reopen cancel merge adopt release rebase undelivered"
)
SEARCH_ATTRIBUTES = {
    "TierlineStatus": "KEYWORD",
    "TierlineTier": "KEYWORD",
    "TierlinePriority": "KEYWORD",
    "TierlineTeam": "KEYWORD",
    "TierlineNextDeadline": "DATETIME",
}


def test_names_on_the_wire_are_pinned() -> None:
    assert (contract.ESCALATION, contract.FOLLOW_UP) == ("Escalation", "FollowUp")
    assert (contract.SURVEY, contract.ALERT, contract.LESSONS) == ("Survey", "Alert", "Lessons")
    assert (contract.ACTIONS, contract.PROBLEM, contract.LOOK_AGAIN) == ("Actions", "Problem", "look-again")
    assert (contract.TASK_QUEUE, contract.SEND_TASK_QUEUE) == ("tierline", "tierline-send")
    assert contract.send_queue("sms") == "tierline-send-sms"
    assert contract.DEPLOYMENT == "tierline"
    assert (tuple(COMMANDS.split()), contract.GIVE_WAY) == (contract.COMMANDS, "give-way")
    assert {key.name: key.indexed_value_type.name for key in contract.SEARCH_ATTRIBUTES} == SEARCH_ATTRIBUTES


def test_what_runs_bears_the_names_of_the_contract() -> None:
    names = {
        contract.ESCALATION: EscalationWorkflow,
        contract.FOLLOW_UP: FollowUpWorkflow,
        contract.SURVEY: SurveyWorkflow,
        contract.ALERT: AlertWorkflow,
        contract.LESSONS: LessonsWorkflow,
        contract.ACTIONS: ActionsWorkflow,
        contract.PROBLEM: ProblemWorkflow,
    }
    assert [workflow._Definition.must_from_class(cls).name for cls in names.values()] == list(names)
    assert workflow._Definition.must_from_class(AnswerWorkflow).name == contract.ANSWER == "Answer"
    assert activity._Definition.must_from_callable(Answering.send_answer).name == contract.SEND_ANSWER == "send_answer"
    methods = (
        *(Recording.record, Recording.record_survey, Recording.record_question, Recording.record_unsent),
        *(Recording.record_recurrence, Recording.record_reminders, Recording.record_problem_news),
        Sending.send,
    )
    assert [activity._Definition.must_from_callable(method).name for method in methods] == [
        "record",
        "record_survey",
        "record_question",
        "record_unsent",
        "record_recurrence",
        "record_reminders",
        "record_problem_news",
        "send",
    ]
    assert (contract.RECORD, contract.RECORD_SURVEY, contract.SEND) == ("record", "record_survey", "send")
    assert (contract.RECORD_QUESTION, contract.RECORD_UNSENT) == ("record_question", "record_unsent")
    assert contract.RECORD_PROBLEM_NEWS == "record_problem_news"
    assert (contract.RECORD_RECURRENCE, contract.RECORD_REMINDERS) == ("record_recurrence", "record_reminders")


@pytest.mark.parametrize("subject", ["Checkout is down", "Kasse ist tot — " * 40, "結帳" * 90])
def test_a_summary_fits_the_server_and_ends_at_a_character(subject: str) -> None:
    text = summary("critical", "Acme GmbH", subject)
    assert text.startswith("critical · Acme GmbH · ")
    assert len(text.encode()) <= LONGEST_SUMMARY
