"""What is written after closing is written once, beside the run's own lines, and claimed only while it is still news."""

from datetime import datetime
from typing import Any

import pytest

from domain.afterwards import LateSurvey, SurveyPlan, Unsent
from domain.commands import Command, Survey
from domain.messages import Message, SendResult
from domain.roster import Roster
from records.afterwards import Afterwards
from records.command_log import CommandLog
from records.database import Database
from records.escalations import Escalations
from records.outbound import Granted, Outbound, Refused
from records.policies import Policies
from records.roster import RosterStore
from records.transitions import Transitions
from tests.records.samples import NOW, at, document, line, policy, transition

CUSTOMER = {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example", "phone": "+493012345678"}
PLAN = SurveyPlan(
    escalation="zendesk-1", episode=1, entry=1, priority="high", at=at(60), channels=("email", "sms"), quiet_hours=None
)


@pytest.fixture
def after(database: Database) -> Afterwards:
    """A closed case of rules that follow up, with its policy and its team's lead in the store."""
    version = Policies(database).save(policy(), "api", None, NOW)
    people = [{"id": "lee", "name": "Lee", "email": "lee@support.example"}]
    team = {"id": "support", "lead": "lee", "members": ["lee"]}
    RosterStore(database).save(Roster.model_validate({"people": people, "teams": [team]}), None, NOW)
    closes(database, policy={"name": "standard", "version": version})
    return Afterwards(database)


def closes(database: Database, episode: int = 1, **changes: Any) -> None:
    plain = {"rules_version": 4, "customer": CUSTOMER, "resolution": {"summary": "done", "by": "dana"}}
    whole = document(episode=episode, **{"status": "closed", **plain, **changes})
    Transitions(database).record(transition(1).model_copy(update={"document": whole, "timeline": (line(1),)}), at(1))


def rated(score: int, id: str, database: Database, when: datetime | None = None) -> LateSurvey:
    """An answer as the API has it: its command is queued."""
    received, body = when or at(2), {"score": score}
    command = Command(id=id, name="survey", by=None, received_at=received, body=body)
    CommandLog(database).queue(command, "zendesk-1", 1)
    return LateSurvey(escalation="zendesk-1", episode=1, command_id=id, at=received, answer=Survey(score=score))


def texts(database: Database) -> list[str]:
    return [entry.text for entry in Escalations(database).timeline("zendesk-1", 1)][1:]


def kept(database: Database) -> list[tuple[str, str]]:
    return [(one.key, one.status) for one in Escalations(database).messages("zendesk-1", 1)]


def asked(after: Afterwards, plan: SurveyPlan = PLAN) -> Message:
    message = after.record_question(plan, at(61))
    assert message is not None
    return message


# the question


def test_the_question_is_written_once_however_often_its_activity_runs(database: Database, after: Afterwards) -> None:
    first = asked(after)
    assert after.record_question(PLAN.model_copy(update={"at": at(70)}), at(71)) == first
    assert texts(database) == ["customer told by e-mail: is it still working, and how was it?"]
    assert kept(database) == [("zendesk-1.1/1/customer_survey/0.0/~customer/email", "queued")]


def test_a_case_that_is_back_or_rated_is_not_asked(database: Database, after: Afterwards) -> None:
    closes(database, episode=2, status="open")
    assert after.record_question(PLAN, at(61)) is None
    assert (texts(database), kept(database)) == ([], [])


def test_a_rated_case_is_not_asked(database: Database, after: Afterwards) -> None:
    after.record_survey(rated(5, "c1", database), at(2))
    assert after.record_question(PLAN, at(61)) is None


def test_whose_address_is_gone_is_not_asked_and_the_record_says_so_once(database: Database, after: Afterwards) -> None:
    gone = {"id": "acme", "name": "-"}
    current = Escalations(database).latest("zendesk-1")
    assert current is not None
    Escalations(database).save_document({**current, "customer": gone}, 2, at(3))
    for _ in range(2):
        assert after.record_question(PLAN, at(61)) is None
    assert texts(database) == ["customer not told, there is no address: is it still working, and how was it?"]


@pytest.mark.parametrize("since", ["case reopened", "already rated"])
def test_a_question_on_its_way_is_not_sent_when_it_has_become_idle(
    database: Database, after: Afterwards, since: str
) -> None:
    """The provider may be away for hours between the question and its claim."""
    message = asked(after)
    assert isinstance(Outbound(database).claim(message.key, "it@acme.example", "how", "was it", at(62)), Granted)
    Outbound(database).mark(message.key, "queued", at(62))
    if since == "case reopened":
        closes(database, episode=2, status="open")
    else:
        after.record_survey(rated(4, "c1", database), at(63))
    claim = Outbound(database).claim(message.key, "it@acme.example", "how", "was it", at(64))
    assert claim == Refused(since)


def test_a_question_that_failed_goes_to_the_next_channel_once(database: Database, after: Afterwards) -> None:
    message = asked(after)
    result = SendResult(key=message.key, status="failed", at=at(62), code="550", reason="no such mailbox")
    unsent = Unsent(escalation="zendesk-1", episode=1, message=message, result=result)
    following = after.record_unsent(unsent, at(62))
    assert following is not None
    assert after.record_unsent(unsent, at(62)) == following
    assert texts(database)[1:] == [
        "e-mail to customer failed: no such mailbox",
        "customer told by SMS: is it still working, and how was it?",
    ]
    assert kept(database) == [(message.key, "failed"), (following.key, "queued")]
    again = result.model_copy(update={"key": following.key})
    last = Unsent(escalation="zendesk-1", episode=1, message=following, result=again)
    assert after.record_unsent(last, at(63)) is None


# the answer


def test_a_low_answer_queues_the_alert_in_the_same_breath_and_once(database: Database, after: Afterwards) -> None:
    given = rated(1, "c1", database)
    first, again = after.record_survey(given, at(2)), after.record_survey(given, at(3))
    assert first.alert is not None
    assert again.alert == first.alert
    assert (first.alert.person, first.alert.kind) == ("lee", "low_score")
    assert kept(database) == [("zendesk-1.1/1/low_score/0.0/lee/sms", "queued")]
    assert texts(database) == ["the customer rated it 1 of 5", "lee told: the customer rated it 1 of 5"]


def test_each_low_answer_alerts_under_a_key_of_its_own(database: Database, after: Afterwards) -> None:
    for number in (1, 2):
        after.record_survey(rated(1, f"c{number}", database), at(number))
    assert [key.split("/")[3] for key, _ in kept(database)] == ["0.0", "0.1"]


def test_a_better_answer_takes_the_place_of_a_low_one_and_alerts_nobody(database: Database, after: Afterwards) -> None:
    after.record_survey(rated(1, "c1", database), at(2))
    better = after.record_survey(rated(5, "c2", database), at(3))
    assert (better.document["survey"]["score"], better.alert) == (5, None)


def test_a_case_of_earlier_rules_alerts_nobody(database: Database, after: Afterwards) -> None:
    current = Escalations(database).latest("zendesk-1")
    assert current is not None
    Escalations(database).save_document({**current, "rules_version": 3}, 2, at(2))
    assert after.record_survey(rated(1, "c1", database), at(3)).alert is None


def test_a_team_without_a_lead_has_the_owner_of_last_resort(database: Database, after: Afterwards) -> None:
    RosterStore(database).save(Roster(), None, at(2))
    told = after.record_survey(rated(1, "c1", database), at(3)).alert
    assert told is not None
    assert told.person == "ops-manager"


@pytest.mark.parametrize(("led", "hears"), [(True, "sam"), (False, "noor")])
def test_who_is_away_when_the_answer_comes_is_stood_in_for(
    database: Database, after: Afterwards, led: bool, hears: str
) -> None:
    people = [
        {"id": name, "name": name, "email": f"{name}@x.example"} for name in ("lee", "sam", "ops-manager", "noor")
    ]
    team = {"id": "support", "lead": "lee" if led else None, "members": ["lee"]}
    away = [
        {"person": person, "delegate": delegate, "from": at(2), "to": at(3)}
        for person, delegate in (("lee", "sam"), ("ops-manager", "noor"))
    ]
    known = Roster.model_validate({"people": people, "teams": [team], "absences": away})
    RosterStore(database).save(known, None, at(1))
    for number, expected in ((2, hears), (3, "lee" if led else "ops-manager")):
        told = after.record_survey(rated(1, f"c{number}", database, at(number)), at(number)).alert
        assert told is not None
        assert told.person == expected


def test_an_alert_that_failed_goes_to_the_owner_of_last_resort_once(database: Database, after: Afterwards) -> None:
    message = after.record_survey(rated(1, "c1", database), at(2)).alert
    assert message is not None
    result = SendResult(key=message.key, status="failed", at=at(3), code="550", reason="no such number")
    only = message.model_copy(update={"fallbacks": ()})
    unsent = Unsent(escalation="zendesk-1", episode=1, message=only, result=result)
    following = after.record_unsent(unsent, at(3))
    assert following is not None
    assert after.record_unsent(unsent, at(4)) == following
    assert following.person == "ops-manager"
    assert texts(database)[2:] == [
        "SMS to lee failed: no such number",
        "ops-manager told: the customer rated it 1 of 5",
    ]
    assert kept(database) == [(message.key, "failed"), (following.key, "queued")]


def test_what_a_customer_writes_to_a_case_that_is_over_is_kept_once(database: Database, after: Afterwards) -> None:
    for _ in range(2):
        after.record_words("zendesk-1", 1, "mail-1", "It is back", at(5))
    assert texts(database) == ["It is back"]
