"""rules.md, table "Identity", the rows the machine keeps: message keys, command ids, the end of a run, queued commands."""

import pytest

from domain import escalation
from domain.commands import BODIES, Command
from domain.deeds import DEEDS
from domain.errors import NotAllowed
from domain.messages import may_still_go_out
from tests.domain.story import Story, policy

NOTICES = "customer_updates: {every: {all: 4h}, on: [opened, closed]}"


# end of a run


def test_end_of_a_run_nothing_is_due_after_closed_or_cancelled() -> None:
    rules = policy(
        "{targets: {closure: {all: 2d}, resolution: {all: 1d, warn_at: [50]}}, closing: {root_cause: optional}}"
    )
    with Story(rules) as closed, Story(rules) as cancelled:
        closed.dana.resolves()
        closed.dana.closes()
        cancelled.dana.does("cancel", reason="a mistake")
        for story in (closed, cancelled):
            story.never_mind()
            assert escalation.next_due(story.state) is None
            assert all(clock.over for clock in story.state.clocks)


def test_end_of_a_run_what_is_in_flight_is_not_claimed_any_more() -> None:
    assert may_still_go_out("step", 1, status="cancelled", current_entry=1) == "case cancelled"
    assert may_still_go_out("customer_update", 1, status="closed", current_entry=1) == "case closed"
    assert may_still_go_out("customer_closed", 1, status="closed", current_entry=1) is None


def test_end_of_a_run_a_late_word_to_it_does_not_reach_the_next_episode() -> None:
    with Story(policy()) as story:
        late = {"id": "late", "name": "close", "by": "dana", "received_at": story.state.at, "body": {}}
        with pytest.raises(NotAllowed) as refused:
            escalation.apply(story.state, Command(**late, episode=2), story.state.at)
        assert (refused.value.code, "episode 2 is over" in refused.value.message) == ("already_closed", True)
        for meant in (None, 1):  # None is what a release before said
            with pytest.raises(NotAllowed) as of_the_rules:
                escalation.apply(story.state, Command(**late, episode=meant), story.state.at)
            assert of_the_rules.value.code == "not_resolved"
        story.never_mind()


# message key


def test_message_key_is_made_of_case_episode_entry_kind_step_round_person_and_channel() -> None:
    with Story(policy(NOTICES)) as story:
        sms, email = story.expect_told("dana", "sms", "email")
        assert sms.key == "zendesk-4711.1/1/step/0.0/dana/sms"
        assert email.key == "zendesk-4711.1/1/step/0.0/dana/email"
        assert story.expect_customer_told("opened").key == "zendesk-4711.1/1/customer_opened/0.0/~customer/email"
        assert story.at("10:10").expect_told("eli", "sms")[0].key == "zendesk-4711.1/1/step/1.0/eli/sms"
        assert story.at("10:30").expect_told("finn", "sms")[0].key == "zendesk-4711.1/2/step/0.0/finn/sms"


def test_message_key_counts_the_rounds_of_what_is_said_again() -> None:
    with Story(policy("start_tier: {high: L3}", L3="repeat: 1")) as story:
        assert story.expect_told("mia", "email")[0].key.endswith("/1/step/0.0/mia/email")
        assert story.at("11:00").expect_told("mia", "email")[0].key.endswith("/1/step/0.1/mia/email")
        for day, number in (("", 0), ("Tue ", 1), ("Wed ", 2)):
            shout = story.at(f"{day}12:00").expect_told("olga", "email", kind="last_resort")[0]
            assert shout.key.endswith(f"/1/last_resort/0.{number}/olga/email")


def test_message_key_never_repeats_in_a_long_story() -> None:
    rules = policy(
        "{targets: {resolution: {all: 6h, warn_at: [50, 75]}, closure: {all: 1d, warn_at: [50]}}, "
        "customer_updates: {every: {all: 2h}, on: [opened, acknowledged, escalated, resolved]}}"
    )
    with Story(rules, failing=(("customer", "email"),)) as story:
        story.later("18:00")
        story.mia.hands_back()
        story.later("20:00")
        story.dana.updates_the_customer()
        story.dana.resolves()
        story.dana.reopens()
        story.later("Wed 12:00")
        story.never_mind()
        keys = [message.key for message in story.messages]
        assert len(keys) > 40
        assert len(set(keys)) == len(keys)


# command id


def test_a_command_id_is_applied_once() -> None:
    with Story() as story:
        story.never_mind()
        story.does("dana", "note", id="n-1", text="looking")
        once = story.state
        story.does("dana", "note", id="n-1", text="looking")
        assert story.state == once
        assert story.happened("note") == ["10:00 note"]


def test_a_command_id_is_applied_once_even_when_the_case_has_moved_on_since() -> None:
    with Story() as story:
        story.does("dana", "acknowledge", id="a-1")
        story.dana.escalates()
        story.never_mind()
        story.does("dana", "acknowledge", id="a-1")  # the same word, delivered again
        assert (story.status, story.owner) == ("open", "nobody")


def test_a_refused_command_changes_nothing_and_may_be_said_again() -> None:
    with Story() as story:
        story.never_mind()
        with story.expect_refused("not_paused"):
            story.does("dana", "resume", id="r-1")
        story.dana.acknowledges()
        story.dana.waits_for_the_customer()
        story.does("dana", "resume", id="r-1")
        assert story.status == "acknowledged"


@pytest.mark.parametrize("command", ["fly", "Acknowledge"])
def test_an_unknown_command_is_refused(command: str) -> None:
    with Story() as story:
        story.never_mind()
        with story.expect_refused("unknown_command"):
            story.does("dana", command)


def test_a_malformed_body_is_refused_with_its_field() -> None:
    with Story() as story:
        story.never_mind()
        with story.expect_refused("invalid_field"):
            story.does("dana", "assign", whom="eli")


def test_every_command_of_the_contract_has_a_body_and_a_deed() -> None:
    assert set(BODIES) == set(DEEDS)
