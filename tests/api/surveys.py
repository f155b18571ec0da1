"""The survey of a closed case: asked, and answered by a follow-up that writes at once."""

from typing import Any

import pytest

from api.cases import Cases
from api.errors import Unavailable
from domain.afterwards import LateSurvey, SurveyPlan
from domain.tickets import PersonalChannel
from records.afterwards import Afterwards
from records.stored import MessageStatus
from tests.api.conftest import Api


def follows_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def recorded(_: Cases, given: LateSurvey) -> dict[str, Any]:
        """What the follow-up does."""
        return Afterwards(api.services.database).record_survey(given, api.services.now()).document

    monkeypatch.setattr(Cases, "follow_up", recorded)


async def is_away(_: Cases, __: LateSurvey) -> dict[str, Any]:
    raise Unavailable("temporal_unavailable", "Temporal does not answer")


def is_asked(api: Api, channel: PersonalChannel, status: MessageStatus = "sent", ticket: str = "1") -> None:
    """The question goes out to the customer of a closed case, and that is what becomes of it."""
    services = api.services
    case, now = services.escalations.latest(f"zendesk-{ticket}"), services.now()
    assert case is not None
    place = {"escalation": case["id"], "episode": case["episode"], "entry": case["entry"], "priority": case["priority"]}
    plan = SurveyPlan(**place, at=now, channels=(channel,))
    question = Afterwards(services.database).record_question(plan, now)
    assert question is not None
    services.outbound.claim(question.key, "somewhere", None, "How was it?", now)
    services.outbound.mark(question.key, status, now)


def rated(case: dict[str, Any]) -> tuple[int, str | None] | None:
    """The score and the comment."""
    survey = case["survey"]
    return (survey["score"], survey["comment"]) if survey else None
