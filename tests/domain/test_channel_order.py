"""What a person takes: the channels of a step that they would be told on, by priority, best first."""

from collections.abc import Mapping

import pytest

from domain.channel_order import ChannelOrder
from domain.duty_answers import answered
from domain.errors import PolicyFaults
from domain.messages import DutyAnswer, DutyQuestion
from domain.roster_file import check_roster, load_roster, roster_text
from domain.tickets import Channel, Priority
from tests.domain.story import Story, policy, when

BOTH: tuple[Channel, ...] = ("sms", "email")
WARNS = policy(L1="targets: {acknowledge: {all: 9m, warn_at: [50]}}")


def order(**said: list[str]) -> ChannelOrder:
    return ChannelOrder.model_validate(said)


@pytest.mark.parametrize(
    ("said", "listed", "priority", "taken"),
    [
        ({"all": ["email"]}, BOTH, "high", ["email"]),
        ({"all": ["email", "sms"]}, BOTH, "high", ["email", "sms"]),
        ({"all": ["email"], "critical": ["sms"]}, BOTH, "critical", ["sms"]),
        ({"all": ["email"], "critical": ["sms"]}, BOTH, "low", ["email"]),
        ({"critical": ["sms"]}, BOTH, "low", ["sms", "email"]),
        ({"all": ["email"]}, ("sms",), "high", ["sms"]),
        ({"all": ["email", "sms"]}, ("sms",), "high", ["sms"]),
        ({"all": ["email"]}, ("webhook", "sms", "email"), "high", ["email", "webhook"]),
        ({"all": ["email"]}, ("sms", "webhook"), "high", ["sms", "webhook"]),
        ({"all": ["email"]}, ("webhook",), "high", ["webhook"]),
    ],
)
def test_a_step_tells_a_person_on_what_they_take_and_where_that_leaves_none_on_its_own(
    said: dict[str, list[str]], listed: tuple[Channel, ...], priority: Priority, taken: list[str]
) -> None:
    assert list(order(**said).narrowed(listed, priority)) == taken


def test_what_goes_on_one_channel_takes_the_persons_order_and_keeps_the_others_as_a_way_out() -> None:
    assert order(all=["email"]).ordered(BOTH, "high") == ("email", "sms")
    assert order(all=["email", "sms"]).ordered(BOTH, "high") == ("email", "sms")
    assert order(all=["email"]).ordered(("sms",), "high") == ("sms",)


# In a case


def test_a_responder_is_told_only_on_the_channels_they_take() -> None:
    with Story(takes={"dana": {"all": ["email"]}}) as story:
        story.expect_told("dana", "email")
        assert story.texts("told") == ["dana told by e-mail: acknowledge by 10:30 UTC"]


def test_who_says_nothing_is_told_on_all_channels_of_the_step() -> None:
    with Story(takes={"eli": {"all": ["email"]}}) as story:
        story.expect_told("dana", "sms", "email")


def test_a_named_priority_wins_and_counts_as_soon_as_the_case_has_it() -> None:
    rules = policy(L1="repeat: 2", L2="steps: [{tell: 'person:dana', channels: [sms, email]}]")
    with Story(rules, takes={"dana": {"all": ["email"], "critical": ["sms"]}}) as story:
        story.expect_told("dana", "email")
        story.lea.sets_priority("critical")
        story.lea.escalates()
        story.expect_told("dana", "sms")
        story.never_mind()


def test_when_the_only_channel_a_person_takes_fails_the_next_step_goes_out_now() -> None:
    with Story(takes={"dana": {"all": ["sms"]}}, failing=(("dana", "sms"),)) as story:
        story.expect_told("dana", "sms")
        story.expect_told("eli", "sms")


def test_a_warning_takes_the_persons_order_and_then_the_other_channels_of_the_step() -> None:
    with Story(WARNS, takes={"dana": {"all": ["email"]}}) as story:
        story.expect_told("dana", "email")
        story.at("10:04:30")
        [warning] = story.expect_told("dana", "email", kind="warning")
        assert warning.fallbacks == ("sms",)
        story.fails(warning)
        story.expect_told("dana", "sms", kind="warning")


def test_of_a_person_whom_no_step_has_told_the_order_of_the_step_stands() -> None:
    with Story(WARNS, takes={"finn": {"all": ["email"]}}) as story:
        story.expect_told("dana", "sms", "email")
        story.lea.assigns_to("finn")
        story.expect_told("finn", "sms", kind="assigned")


def test_the_owner_of_last_resort_is_told_on_every_channel_whatever_they_prefer() -> None:
    top = policy("start_tier: {high: L3}", L3="{repeat: 0, steps: [{tell: 'person:olga', channels: [sms, email]}]}")
    with Story(top, takes={"olga": {"all": ["email"]}}, failing=(("olga", "email"),)) as story:
        story.expect_told("olga", "email")
        story.expect_told("olga", "sms", "email", kind="last_resort")


def test_a_person_who_says_nothing_any_more_is_told_on_all_channels_again() -> None:
    with Story(
        policy(L1="steps: [{tell: on_call, channels: [sms, email]}]"), takes={"dana": {"all": ["sms"]}}
    ) as story:
        story.expect_told("dana", "sms")
        story.takes = {}
        story.lea.escalates()
        story.never_mind()
        story.greta.hands_back()
        story.expect_told("dana", "sms", "email")


def test_a_case_of_earlier_rules_goes_on_as_before() -> None:
    with Story(policy(L1="steps: [{tell: on_call, channels: [sms, email]}]")) as story:
        story.expect_told("dana", "sms", "email")
        story.takes = {"dana": order(all=["email"])}
        story.state = story.state.model_copy(update={"rules_version": 3})
        story.lea.escalates()
        story.never_mind()
        story.greta.hands_back()
        story.expect_told("dana", "sms", "email")


def test_an_answer_that_was_recorded_before_people_could_choose_knows_of_no_channels() -> None:
    answer = '{"entry": 1, "step": 0, "round": 0, "person": "dana", "lead": null, "at": "2026-03-02T10:00:00Z"}'
    assert DutyAnswer.model_validate_json(answer).channels is None


# In a roster

DANA = {"id": "dana", "name": "Dana", "email": "dana@x.example", "phone": "+493023125101"}
FULL = {
    **DANA,
    "timezone": "Europe/Berlin",
    "channels": {"all": ["email", "sms"], "critical": ["sms", "email"]},
    "working_hours": {"mon": ["08:00-12:00", "13:00-18:00"]},
    "do_not_disturb": "22:00-07:00",
}


def faults(**changes: object) -> dict[str, str]:
    with pytest.raises(PolicyFaults) as refused:
        check_roster({"people": [{name: value for name, value in {**DANA, **changes}.items() if value is not None}]})
    return {fault.path.removeprefix("people[0]."): fault.message for fault in refused.value.faults}


def test_the_answer_of_the_roster_says_what_the_person_takes() -> None:
    roster = check_roster({"people": [FULL], "teams": [{"id": "support", "members": ["dana"]}]})
    question = DutyQuestion(entry=1, step=0, round=0, team="support", selector="on_call", at=when("10:00"))
    answer = answered(roster, question)
    assert (answer.person, answer.channels) == ("dana", order(all=["email", "sms"], critical=["sms", "email"]))
    assert answered(roster, question.model_copy(update={"team": "nobody"})).channels is None


def test_what_a_person_prefers_is_kept_by_the_roster_and_its_file() -> None:
    roster = check_roster({"people": [FULL]})
    [shown] = roster.model_dump(mode="json", by_alias=True)["people"]
    assert {name: shown[name] for name in FULL} == FULL
    assert load_roster(roster_text(roster.model_dump(mode="json", by_alias=True))) == roster


def test_of_a_person_who_prefers_nothing_the_roster_says_nothing_new() -> None:
    """A process of an earlier version refuses keys it does not know."""
    [shown] = check_roster({"people": [DANA]}).model_dump(mode="json", by_alias=True)["people"]
    assert not {"channels", "working_hours", "do_not_disturb"} & set(shown)


def test_working_hours_may_be_one_list_for_all_days() -> None:
    [person] = check_roster({"people": [{**DANA, "working_hours": ["08:00-18:00"]}]}).people
    assert person.working_hours is not None
    assert set(person.working_hours.values()) == {("08:00-18:00",)}
    assert len(person.working_hours) == 7


MAP = "write channels by priority, best first, such as {critical: [sms, email], all: [email]}"
REST = 'write when it begins and ends such as "22:00-07:00"'


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"channels": ["sms"]}, "channels", f"must be a map of keys and values; {MAP}"),
        ({"channels": {}}, "channels", "says nothing: write channels by priority such as {all: [email, sms]}, or leave it out"),
        ({"channels": {"all": []}}, "channels.all", "is an empty list; write one or both of [email, sms], best first"),
        ({"channels": {"all": ["fax"]}}, "channels.all[0]", "'fax' is none of 'email' or 'sms'"),
        ({"channels": {"all": ["webhook"]}}, "channels.all[0]", "'webhook' is none of 'email' or 'sms'"),
        ({"channels": {"all": ["sms", "email", "sms"]}}, "channels.all", "names sms twice: write [sms, email]"),
        ({"channels": {"urgent": ["sms"]}}, "channels.urgent",
         "unknown key 'urgent'; known here: all, low, medium, high, critical"),
        ({"channels": {"low": ["sms"]}, "phone": None}, "channels.low", "'dana' has no phone number: add it, or leave sms out"),
        ({"channels": {"low": ["email"]}, "email": None}, "channels.low",
         "'dana' has no e-mail address: add it, or leave email out"),
        ({"channels": {"low": ["sms"]}, "phone": 49}, "phone",
         'put the number in quotes, or YAML drops its plus: "+493023125000"'),
        ({"working_hours": {}}, "working_hours",
         'there are no hours at all: write some, such as mon: ["09:00-17:30"], or leave it out'),
        ({"working_hours": {"mon": ["9-17"]}}, "working_hours.mon[0]",
         "'9-17' is no opening window: write HH:MM-HH:MM, such as 09:00-17:30 or 22:00-06:00"),
        ({"working_hours": {"moon": ["09:00-17:00"]}}, "working_hours.moon",
         "unknown key 'moon'; write 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'"),
        ({"do_not_disturb": "10pm-7am"}, "do_not_disturb", f"'10pm-7am' is no time of rest: {REST}"),
        ({"do_not_disturb": "07:00-07:00"}, "do_not_disturb", f"'07:00-07:00' is no time of rest: {REST}"),
        ({"do_not_disturb": "22:00-07:00", "timezone": "Mars"}, "timezone",
         "'Mars' is no time zone: write an IANA name such as Europe/Berlin or UTC"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place_and_what_to_write(
    changes: Mapping[str, object], place: str, message: str
) -> None:
    assert faults(**changes) == {place: message}
