"""What goes on once a case has closed: when the customer is asked, on which channel, and whom a low answer reaches."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.afterwards import LateSurvey, SurveyPlan, Unsent, alert, is_low, last_try, next_try, question, survey_plan
from domain.commands import Survey
from domain.escalation import open_case
from domain.messages import Message, SendResult, may_still_go_out
from domain.roster import Roster
from domain.state import RULES_VERSION, Opening
from domain.view import document
from tests.domain.story import Story, policy, said, when

ASKS = "{closing: {root_cause: optional, survey_after: 1d}, customer_updates: {every: {all: 8h}, channels: %s, on: []}}"
BOTH = ASKS % "[email, sms]"
NOBODY = Roster.model_validate({"people": [], "teams": []})
SMS_FIRST = "{quiet_hours: {customer_sms: '21:00-08:00', timezone: UTC}, " + (ASKS % "[sms, email]")[1:]


def resolved(rules: str = "{}", **customer: Any) -> Story:
    """Dana has solved it at 10:00."""
    story = Story(policy(rules), customer=customer)
    story.dana.resolves()
    story.never_mind()
    return story


def closed(rules: str = BOTH, at: str = "10:00", **customer: Any) -> Story:
    story = resolved(rules, **customer)
    story.at(at)
    story.dana.closes()
    return story


def rates(story: Story, score: int, comment: str | None = None, id: str | None = None) -> None:
    story.does(None, "survey", id=id, score=score, **({"comment": comment} if comment else {}))


def plan_of(story: Story) -> SurveyPlan:
    plan = survey_plan(story.state)
    assert plan is not None
    return plan


def asked(story: Story) -> Message:
    message = question(plan_of(story), document(story.state))
    assert message is not None
    return message


# when the customer is asked


def test_the_customer_is_asked_survey_after_closing_its_days_of_24_hours() -> None:
    assert said(plan_of(closed(at="Fri 18:00")).at) == "Sat 18:00"  # whatever calendar the promises keep


def test_nobody_is_asked_where_the_policy_says_nothing_of_a_survey() -> None:
    assert survey_plan(closed("closing: {root_cause: optional}").state) is None


def test_nobody_is_asked_of_a_case_that_was_cancelled_or_is_not_closed() -> None:
    with resolved(BOTH) as story:
        assert survey_plan(story.state) is None
        story.dana.does("cancel", reason="a mistake")
        assert survey_plan(story.state) is None


def test_a_case_of_earlier_rules_asks_nobody() -> None:
    assert survey_plan(closed().state.model_copy(update={"rules_version": 3})) is None


def test_an_opening_that_does_not_say_by_which_rules_began_before_they_were_asked() -> None:
    """A running case is made of its opening at every replay, and must not learn new rules by that."""
    opening = Opening.model_validate(_opening()).model_dump(mode="json")
    assert Opening.model_validate_json(json.dumps(opening)).rules_version == RULES_VERSION
    del opening["rules_version"]
    old = Opening.model_validate_json(json.dumps(opening))
    assert (old.rules_version, open_case(old).state.rules_version) == (3, 3)


def test_the_survey_may_go_out_after_closing_unless_reopened_or_rated_meanwhile() -> None:
    place: dict[str, Any] = {"status": "closed", "current_entry": 1}
    assert may_still_go_out("customer_survey", 1, **place) is None
    assert may_still_go_out("customer_survey", 1, **place, reopened=True) == "case reopened"
    assert may_still_go_out("customer_survey", 1, **place, rated=True) == "already rated"
    assert may_still_go_out("customer_survey", 1, status="open", current_entry=1) == "case open"  # after a reset
    assert may_still_go_out("low_score", 1, **place, reopened=True, rated=True) is None


# on which channel


def test_the_first_channel_with_an_address_asks_and_the_next_stands_by() -> None:
    assert (asked(closed()).channel, asked(closed()).fallbacks) == ("email", ("sms",))
    assert (asked(closed(email=None)).channel, asked(closed(email=None)).fallbacks) == ("sms", ())
    assert asked(closed()).key == "zendesk-4711.1/1/customer_survey/0.0/~customer/email"


def test_a_customer_without_an_address_is_not_asked() -> None:
    story = closed()
    forgotten = document(story.state)
    forgotten["customer"] = {**forgotten["customer"], "email": None, "phone": None}
    assert question(plan_of(story), forgotten) is None


@pytest.mark.parametrize(("at", "until"), [("22:00", "Wed 08:00"), ("12:00", None)])
def test_an_sms_that_asks_keeps_the_quiet_hours(at: str, until: str | None) -> None:
    assert said(asked(closed(SMS_FIRST, at)).not_before) == until


def test_an_e_mail_that_asks_goes_at_once_and_its_sms_waits() -> None:
    rules = SMS_FIRST.replace("[sms, email]", "[email, sms]")
    story = closed(rules, "22:00")
    assert asked(story).not_before is None
    following = next_try(unsent(story, asked(story), "failed"), document(story.state))
    assert following is not None
    assert (following.channel, said(following.not_before)) == ("sms", "Wed 08:00")
    assert following.key.endswith("/customer_survey/0.0/~customer/sms")


def test_what_was_no_longer_to_be_asked_has_no_next_channel() -> None:
    story = closed()
    assert next_try(unsent(story, asked(story), "skipped"), document(story.state)) is None


# the answer


def test_a_low_answer_to_a_resolved_case_tells_the_lead_on_the_steps_channel() -> None:
    with resolved() as story:
        rates(story, 2, "it took a day")
        [message] = story.expect_told("lea", "sms", kind="low_score")
        assert message.facts == {"score": "2", "text": "it took a day", "by": "dana"}
        assert message.fallbacks == ("email",)
        assert story.texts("told")[-1] == "lea told: the customer rated it 2 of 5"
        assert story.accountable == "dana"


def test_an_answer_above_low_score_tells_nobody() -> None:
    with resolved() as story:
        rates(story, 3)
        story.expect_nobody_told()


def test_low_score_is_the_policys() -> None:
    with resolved("closing: {low_score: 4}") as story:
        rates(story, 4)
        story.expect_told("lea", "sms", kind="low_score")


def test_each_low_answer_tells_once_and_a_better_one_replaces_it_in_silence() -> None:
    with resolved() as story:
        rates(story, 1, id="first")
        rates(story, 1, id="first")
        [first] = story.expect_told("lea", "sms", kind="low_score")
        rates(story, 2)
        [second] = story.expect_told("lea", "sms", kind="low_score")
        assert (first.round, second.round) == (0, 1)
        rates(story, 5)
        assert story.state.survey is not None
        assert story.state.survey.score == 5


def test_without_a_lead_the_owner_of_last_resort_hears_of_it() -> None:
    with Story(leads={}) as story:
        story.answers_wait = True
        story.never_mind()
        story.state = story.state.model_copy(update={"leads": {}})
        story.dana.resolves()
        rates(story, 1)
        story.expect_told("olga", "sms", kind="low_score")


def test_a_low_answer_to_a_case_of_earlier_rules_tells_nobody() -> None:
    with resolved() as story:
        story.state = story.state.model_copy(update={"rules_version": 3})
        rates(story, 1)
        story.expect_nobody_told()
    assert not is_low(policy(), 3, Survey(score=1))


def test_the_alert_goes_on_to_its_next_channel_although_the_case_has_closed() -> None:
    with resolved() as story:
        rates(story, 1)
        [sms] = story.expect_told("lea", "sms", kind="low_score")
        story.dana.records_the_cause()
        story.dana.closes()
        story.fails(sms)
        story.expect_told("lea", "email", kind="low_score")


def test_a_low_answer_that_no_channel_brings_to_the_lead_reaches_the_owner_of_last_resort() -> None:
    with resolved() as story:
        rates(story, 1)
        for channel in ("sms", "email"):
            [message] = story.expect_told("lea", channel, kind="low_score")
            story.fails(message)
        [last] = story.expect_told("olga", "sms", kind="low_score")
        assert (last.facts["score"], last.fallbacks) == ("1", ("email",))
        assert story.texts("told")[-1] == "olga told: the customer rated it 1 of 5"
        story.fails(last)
        [last] = story.expect_told("olga", "email", kind="low_score")
        story.fails(last)  # nobody stands behind her
        story.expect_nobody_told()


def test_after_closing_a_low_answer_reaches_the_owner_of_last_resort_too_when_the_lead_cannot_be() -> None:
    story = closed()
    given = LateSurvey(escalation="zendesk-4711", episode=1, command_id="c1", at=when("12:00"), answer=Survey(score=1))
    seen, rules = document(story.state), story.state.policy
    message = alert(given, seen, rules, "lea", 1).model_copy(update={"fallbacks": ()})
    last = last_try(unsent(story, message, "failed"), seen, rules, NOBODY)
    assert last is not None
    assert (last.key, last.fallbacks) == ("zendesk-4711.1/1/low_score/1.1/olga/sms", ("email",))
    assert last_try(unsent(story, message, "skipped"), seen, rules, NOBODY) is None
    failed_again = last.model_copy(update={"fallbacks": ()})
    assert last_try(unsent(story, failed_again, "failed"), seen, rules, NOBODY) is None
    survey = asked(story).model_copy(update={"fallbacks": ()})
    assert last_try(unsent(story, survey, "failed"), seen, rules, NOBODY) is None


# reopened


def test_reopened_in_the_same_run_the_customer_is_asked_again_and_the_old_answer_stays_in_the_timeline() -> None:
    with resolved(BOTH) as story:
        rates(story, 3)
        story.lea.reopens()
        story.never_mind()
        assert document(story.state)["survey"] is None
        story.dana.resolves()
        story.dana.closes()
        story.never_mind()
        assert asked(story).channel == "email"
        assert "the customer rated it 3 of 5" in story.texts("note")


def test_a_case_of_earlier_rules_keeps_its_answer_when_it_is_reopened() -> None:
    with resolved() as story:
        story.state = story.state.model_copy(update={"rules_version": 3})
        rates(story, 3)
        story.lea.reopens()
        story.never_mind()
        assert story.state.survey is not None


def test_after_closing_the_alert_goes_to_the_first_steps_channels_of_the_tier() -> None:
    story = closed()
    given = LateSurvey(escalation="zendesk-4711", episode=1, command_id="c1", at=when("12:00"), answer=Survey(score=1))
    message = alert(given, document(story.state), story.state.policy, "lea", 1)
    assert (message.key, message.fallbacks) == ("zendesk-4711.1/1/low_score/0.1/lea/sms", ("email",))
    assert message.facts == {"score": "1", "by": "dana", "command": "c1"}


def unsent(story: Story, message: Message, status: Any) -> Unsent:
    result = SendResult(key=message.key, status=status, at=message.at + timedelta(seconds=1))
    quiet = story.state.policy.quiet_hours
    return Unsent(escalation="zendesk-4711", episode=1, message=message, result=result, quiet_hours=quiet)


def _opening() -> dict[str, Any]:
    state = Story().state
    return {
        **{name: getattr(state, name) for name in ("id", "episode", "policy", "priority", "priority_reasons")},
        **{name: getattr(state, name) for name in ("ticket", "customer", "trigger")},
        "accepted_at": state.opened_at,
        "opened_by": None,
    }
