"""What may still be said of a case that has closed: the customer's answer to the survey.

The state machine of the episode has ended; its document goes on as it was, with the answer in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.commands import Survey
from domain.messages import CUSTOMER
from domain.state import Survey as SurveyAnswer
from domain.state import TimelineEntry


class LateSurvey(BaseModel):
    """A survey answer for one closed episode, under the id of its command."""

    model_config = ConfigDict(frozen=True)

    escalation: str
    episode: int
    command_id: str
    at: datetime
    answer: Survey


def with_survey(document: Mapping[str, Any], given: LateSurvey) -> dict[str, Any]:
    """The document with the answer in it, one version on; a later answer takes the place of an earlier one."""
    answer = SurveyAnswer(score=given.answer.score, comment=given.answer.comment, at=given.at)
    return {**document, "version": document["version"] + 1, "survey": answer.model_dump(mode="json")}


def rating_words(answer: Survey) -> str:
    """`the customer rated it 4 of 5`: the same before and after closing."""
    return f"the customer rated it {answer.score} of 5"


def survey_entry(seq: int, at: datetime, answer: Survey) -> TimelineEntry:
    """The line of the timeline that says so."""
    data = {"score": answer.score, "comment": answer.comment}
    return TimelineEntry(seq=seq, at=at, kind="note", actor=CUSTOMER, text=rating_words(answer), data=data)
