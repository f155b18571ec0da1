"""A message that had been taken by its provider and did not arrive: the next channel, the next responder, at once."""

import pytest

from domain import escalation
from domain.messages import Message, SendResult
from tests.domain.story import Story, policy, when


def bounces(story: Story, message: Message, reason: str = "no such mailbox") -> None:
    """A receipt says now that the message did not arrive."""
    story.does(None, "undelivered", message=message.model_dump(mode="json"), code="bounce", reason=reason)


def test_one_channel_that_arrives_is_enough() -> None:
    with Story() as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        story.at("10:02")
        bounces(story, sms)
        story.at("10:09").expect_nobody_told()
        assert story.texts("delivery_failed") == ["SMS to dana failed: no such mailbox"]
        story.at("10:10").expect_told("eli", "sms")


def test_when_all_channels_of_a_step_come_back_the_next_step_goes_out_now() -> None:
    with Story() as story:
        both = story.expect_told("dana", "sms", "email")
        story.at("10:02")
        for message in both:
            bounces(story, message)
        story.expect_told("eli", "sms")
        assert story.accountable == "eli"


def test_the_same_receipt_twice_acts_once() -> None:
    with Story() as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        for _ in range(2):
            story.does(None, "undelivered", id="receipt", message=sms.model_dump(mode="json"), reason="gone")
        assert len(story.texts("delivery_failed")) == 1


UPDATES = "customer_updates: {every: {all: 4h}, channels: [email, sms], on: [opened]}"


def test_a_message_that_fails_twice_has_failed_once() -> None:
    """Two mails after a lost answer both bounce, or a bounce follows a drop: one SMS goes out instead, not two."""
    with Story(policy(UPDATES)) as story:
        story.expect_told("dana", "sms", "email")
        opened = story.expect_customer_told("opened")
        bounces(story, opened)
        story.expect_customer_told("opened", "sms")
        bounces(story, opened)
        story.expect_nobody_told()
        assert len(story.texts("delivery_failed")) == 1


def test_a_message_that_fails_twice_does_not_lose_what_waits_for_the_end_of_the_night() -> None:
    with Story(policy(f"{UPDATES}\nquiet_hours: {{customer_sms: '09:00-12:00', timezone: UTC}}")) as story:
        story.never_mind()
        [opened] = [one for one in story.messages if one.kind == "customer_opened"]
        for _ in range(2):
            bounces(story, opened)
        [waiting] = story.state.held
        assert (waiting.channel, story.dropped) == ("sms", [])


def test_what_the_customer_did_not_get_goes_to_the_next_channel() -> None:
    with Story(policy("customer_updates: {every: {all: 4h}, channels: [email, sms], on: [opened]}")) as story:
        story.expect_told("dana", "sms", "email")
        opened = story.expect_customer_told("opened")
        story.at("10:01")
        bounces(story, opened)
        story.expect_customer_told("opened", "sms")


def test_a_warning_that_did_not_arrive_goes_to_the_next_channel_of_the_step() -> None:
    with Story(policy(L1="targets: {acknowledge: {all: 9m, warn_at: [50]}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:04:30")
        [warning] = story.expect_told("dana", "sms", kind="warning")
        bounces(story, warning)
        story.expect_told("dana", "email", kind="warning")


def test_a_warning_of_a_case_of_earlier_rules_has_no_next_channel() -> None:
    """Running cases keep their rules: a replay of their history finds the messages it had."""
    with Story(policy(L1="targets: {acknowledge: {all: 9m, warn_at: [50]}}")) as story:
        story.never_mind()
        story.state = story.state.model_copy(update={"rules_version": 2})
        story.at("10:04:30")
        [warning] = story.expect_told("dana", "sms", kind="warning")
        bounces(story, warning)
        story.expect_nobody_told()


def test_a_receipt_of_an_entry_that_is_over_moves_nothing() -> None:
    with Story() as story:
        sms, email = story.expect_told("dana", "sms", "email")
        story.eli.acknowledges()
        story.never_mind()
        for message in (sms, email):
            bounces(story, message)
        story.expect_nobody_told()
        assert (story.status, story.owner) == ("acknowledged", "eli")


def test_a_receipt_that_overtakes_the_end_of_the_sending_acts_once() -> None:
    with Story(policy("customer_updates: {every: {all: 4h}, channels: [email, sms], on: [opened]}")) as story:
        story.expect_told("dana", "sms", "email")
        opened = story.expect_customer_told("opened")
        story.state = story.state.model_copy(update={"outstanding": {opened.key: opened}})
        bounces(story, opened)
        story.expect_customer_told("opened", "sms")
        late = SendResult(key=opened.key, status="failed", at=story.now)
        assert escalation.delivered(story.state, late).messages == ()


def test_a_message_of_another_episode_is_none_of_its_business() -> None:
    with Story() as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        other = sms.model_copy(update={"key": sms.key.replace(".1/", ".2/", 1)})
        with story.expect_refused("other_episode"):
            bounces(story, other)


@pytest.mark.parametrize("ends", ["cancel", "close"])
def test_a_case_that_is_over_takes_no_receipt(ends: str) -> None:
    with Story(policy("closing: {root_cause: optional}")) as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        if ends == "cancel":
            story.does("dana", "cancel", reason="by mistake")
        else:
            story.dana.acknowledges()
            story.does("dana", "resolve", summary="restarted it")
            story.dana.closes()
        story.never_mind()
        with story.expect_refused(f"already_{'cancelled' if ends == 'cancel' else 'closed'}"):
            bounces(story, sms)


def test_a_receipt_heard_late_loses_nothing_that_was_due_before_it() -> None:
    with Story(policy(L1="targets: {acknowledge: {all: 30m, warn_at: [50]}}")) as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        story.never_mind()
        story.now = when("10:20")
        bounces(story, sms)
        story.expect_told("dana", "sms", kind="warning")
        story.expect_told("eli", "sms")
