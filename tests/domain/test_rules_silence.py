"""rules.md, "never in silence": when the customer could not be told somebody hears of it, and no promise counts as kept."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from domain import escalation
from domain.commands import Command
from domain.errors import NotAllowed
from domain.messages import Message, overtaken
from domain.told_by_people import require_address
from tests.domain.story import Story, policy

BOTH = "customer_updates: {every: {all: 4h}, channels: [email, sms], on: []}"
NOTICES = "customer_updates: {every: {all: 4h}, channels: [email], on: [opened, acknowledged, resolved, closed]}"
NOWHERE: Mapping[str, None] = {"email": None, "phone": None}
UNHEARD = {("customer", "email"), ("customer", "sms")}


def acknowledged(rules: str = BOTH, customer: Mapping[str, None] = MappingProxyType({})) -> Story:
    """Dana has it since 10:00; a word to the customer is due at 14:00."""
    story = Story(policy(rules), customer=customer)
    story.dana.acknowledges()
    story.never_mind()
    return story


def by_earlier_rules(story: Story) -> Story:
    story.state = story.state.model_copy(update={"rules_version": 5})
    return story


def promises(story: Story) -> list[tuple[str, str | None]]:
    return [(one.status, one.due) for one in story.targets("customer_update")]


def is_told_to_call(story: Story, who: str, channel: str = "sms") -> Message:
    return story.expect_told(who, channel, kind="unreachable")[0]


def update(story: Story) -> Message:
    """Dana writes to the customer, and the e-mail seems to go out."""
    story.dana.updates_the_customer()
    return story.expect_customer_told("update")


def bounces(story: Story, *messages: Message) -> None:
    for message in messages:
        story.does(None, "undelivered", message=message.model_dump(mode="json"), code="bounce", reason="gone")


# an update that reached nobody


def test_when_the_last_channel_to_the_customer_fails_the_accountable_person_is_told_what_they_were_to_hear() -> None:
    with acknowledged() as story:
        story.at("11:00")
        story.provider.failing = UNHEARD
        story.dana.updates_the_customer()
        story.expect_told("customer", "email", "sms", kind="customer_update")
        told = is_told_to_call(story, "dana")
        assert (told.facts["text"], told.facts["unsaid"]) == ("we are on it", "customer_update")
        assert told.purpose == "the customer could not be told: update"
        said = "dana told: the customer could not be told: update; the promise still stands"
        assert story.texts("told")[-1] == said


def test_an_update_that_reached_nobody_keeps_no_promise() -> None:
    with acknowledged() as story:
        story.at("11:00")
        mail = update(story)
        assert promises(story) == [("met", "14:00"), ("running", "15:00")]
        story.at("11:30")
        bounces(story, mail)
        sms = story.expect_customer_told("update", "sms")
        assert promises(story)[-1] == ("running", "15:00")  # not yet: the SMS may arrive
        story.at("12:00")
        bounces(story, sms, sms)
        is_told_to_call(story, "dana")  # once
        assert promises(story) == [("running", "14:00")]
        story.at("13:12").expect_told("dana", "email", kind="promise_reminder")
        story.dana.does("customer-update", text="we are on it", told_by="phone")


def test_an_update_found_lost_after_the_promise_was_due_is_a_miss_at_its_true_time() -> None:
    with acknowledged(BOTH.replace("[email, sms]", "[email]")) as story:
        story.at("13:00")
        mail = update(story)
        story.at("15:00")
        bounces(story, mail)
        is_told_to_call(story, "dana")
        story.expect_customer_told("holding")
        story.expect_told("finn", "sms")
        assert [(one.breached, one.due) for one in story.targets("customer_update")] == [
            ("14:00", "14:00"),
            (None, "18:00"),
        ]
        assert story.tier == "L2"


def test_a_lost_update_changes_no_promise_when_a_later_one_has_kept_it() -> None:
    with acknowledged(BOTH.replace("[email, sms]", "[email]")) as story:
        story.at("11:00")
        mail = update(story)
        story.at("12:00")
        story.dana.updates_the_customer()
        story.expect_customer_told("update")
        bounces(story, mail)
        is_told_to_call(story, "dana")
        assert promises(story)[-1] == ("running", "16:00")
        assert "promise" not in story.texts("told")[-1]


def test_a_promise_taken_back_goes_through_the_pauses_and_priorities_that_came_since() -> None:
    rules = "customer_updates: {every: {critical: 3h, all: 4h}, channels: [email], on: []}"
    with acknowledged(rules) as story:
        story.at("11:00")
        mail = update(story)
        story.at("11:30")
        story.dana.waits_for_the_customer()
        story.at("12:00")
        bounces(story, mail)
        is_told_to_call(story, "dana")
        assert story.target("customer_update").status == "paused"
        story.at("12:30")
        story.dana.resumes()
        assert promises(story) == [("running", "15:00")]
        story.dana.sets_priority("critical")
        assert promises(story) == [("running", "14:00")]

    with acknowledged(rules) as story:
        mail = update(story)
        story.dana.sets_priority("critical")
        bounces(story, mail)
        is_told_to_call(story, "dana")
        assert promises(story) == [("running", "13:00")]


def test_an_update_lost_after_the_case_was_resolved_is_told_and_no_promise_comes_back() -> None:
    with acknowledged(BOTH.replace("[email, sms]", "[email]")) as story:
        mail = update(story)
        story.dana.resolves()
        bounces(story, mail)
        is_told_to_call(story, "dana")
        assert [status for status, _ in promises(story)] == ["met", "cancelled"]


def test_a_notice_that_reached_nobody_is_told_once_and_touches_no_promise() -> None:
    with Story(policy(NOTICES), failing=(("customer", "email"),)) as story:
        story.expect_told("dana", "sms", "email")
        story.expect_customer_told("opened")
        told = is_told_to_call(story, "dana")
        assert (told.purpose, "text" in told.facts) == ("the customer could not be told: we have your case", False)
        assert promises(story) == [("running", "14:00")]


def test_nobody_is_told_after_closing() -> None:
    with acknowledged(NOTICES) as story:
        story.dana.resolves()
        story.dana.records_the_cause()
        story.never_mind()
        story.provider.failing = UNHEARD
        story.dana.closes()
        story.expect_customer_told("closed")
        story.expect_nobody_told()


def test_a_case_of_earlier_rules_goes_on_as_it_began() -> None:
    with by_earlier_rules(acknowledged()) as story:
        story.at("11:00")
        story.provider.failing = UNHEARD
        story.dana.updates_the_customer()
        story.expect_told("customer", "email", "sms", kind="customer_update")
        assert promises(story) == [("met", "14:00"), ("running", "15:00")]
        assert story.messages[-1].facts.keys() == {"text", "by", "next_update_by"}


# no address at all


def test_without_an_address_whoever_is_accountable_is_told_at_the_first_message_and_not_again() -> None:
    with Story(policy(NOTICES), customer=NOWHERE) as story:
        is_told_to_call(story, "lea")  # nobody has been told of the case yet: its team's lead
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.dana.escalates()
        story.expect_told("finn", "sms")
        assert len(story.texts("delivery_failed")) == 2


def test_without_an_address_an_update_counts_and_somebody_has_heard_to_call() -> None:
    with acknowledged(customer=NOWHERE) as story:
        story.dana.updates_the_customer()
        assert [status for status, _ in promises(story)] == ["met", "running"]
        is_told_to_call(story, "dana")


@pytest.mark.parametrize("customer", [{}, {"email": None, "phone": None}, {"email": "", "phone": ""}])
def test_who_writes_by_a_page_to_nowhere_says_how_they_told_them(customer: dict[str, str | None]) -> None:
    with pytest.raises(NotAllowed, match="call them, then say how you told them") as refused:
        require_address(customer, "customer-update", {"text": "soon"})
    assert refused.value.code == "customer_unreachable"
    require_address(customer, "customer-update", {"text": "soon", "told_by": "phone"})
    require_address(customer, "note", {"text": "for us"})
    require_address({"email": None, "phone": "+4915100000001"}, "customer-update", {"text": "soon"})


@pytest.mark.parametrize(("how", "said"), [("phone", "by phone"), ("in_person", "in person"), ("other", "another way")])
def test_who_has_told_them_another_way_keeps_the_promise_and_nothing_goes_out(how: str, said: str) -> None:
    for customer in ({}, NOWHERE):
        with acknowledged(customer=customer) as story:
            story.at("11:00")
            story.dana.does("customer-update", text="we are on it", told_by=how, next_update_in="2h")
            assert promises(story) == [("met", "14:00"), ("running", "13:00")]
            [line] = [one for one in story.timeline if one.kind == "customer_told"]
            assert (line.actor, line.text, line.data["text"]) == (
                "dana",
                f"dana told the customer {said}",
                "we are on it",
            )


def test_without_an_address_a_case_of_earlier_rules_takes_the_update_as_it_did() -> None:
    with by_earlier_rules(acknowledged(customer=NOWHERE)) as story:
        story.dana.updates_the_customer()
        assert [status for status, _ in promises(story)] == ["met", "running"]


# reopened


def test_who_was_told_that_it_is_solved_hears_that_we_are_at_it_again() -> None:
    with acknowledged(NOTICES) as story:
        story.dana.resolves()
        story.expect_customer_told("resolved")
        story.at("12:00")
        story.dana.reopens()
        again = story.expect_customer_told("reopened")
        assert (again.facts["next_update_by"], again.entry) == ("2026-03-02T16:00:00Z", story.entry)
        story.expect_told("dana", "sms", "email")


@pytest.mark.parametrize("rules", [BOTH, NOTICES.replace("resolved, ", "")])
def test_who_was_not_told_that_it_is_solved_is_not_told_that_it_is_not(rules: str) -> None:
    with acknowledged(rules) as story:
        story.dana.resolves()
        story.dana.reopens()
        story.expect_told("dana", "sms", "email")


def test_a_case_of_earlier_rules_says_nothing_of_a_reopening() -> None:
    with by_earlier_rules(acknowledged(NOTICES)) as story:
        story.dana.resolves()
        story.expect_customer_told("resolved")
        story.dana.reopens()
        story.expect_told("dana", "sms", "email")


# taken and solved at once


def test_who_resolves_what_nobody_has_taken_sends_the_customer_one_message() -> None:
    with Story(policy(NOTICES)) as story:
        story.expect_customer_told("opened")
        story.expect_told("dana", "sms", "email")
        story.dana.resolves()
        story.expect_customer_told("resolved")


def taken_and_solved() -> tuple[Message, ...]:
    """What two words that are heard in one go say to the customer."""
    story = Story(policy(NOTICES))
    story.never_mind()
    said: list[Message] = []
    for name, body in (("acknowledge", {}), ("resolve", {"summary": "restarted it"})):
        word = Command(id=name, name=name, by="dana", received_at=story.now, body=body)
        made = escalation.apply(story.state, word, story.now)
        story.state, said = made.state, [*said, *made.messages]
    return tuple(said)


def test_taken_and_solved_in_one_go_is_one_message() -> None:
    said = taken_and_solved()
    assert [one.kind for one in said] == ["customer_acknowledged", "customer_resolved"]
    assert [one.kind for one in overtaken(said, 6)] == ["customer_acknowledged"]
    assert overtaken(said, 5) == ()
    assert overtaken(said[::-1], 6) == ()  # solved, reopened and taken again
