"""architecture.md: the next deadline is counted from the stored anchor, never from when the last step happened to run.

A worker wakes some milliseconds after a due time, after an outage hours. Where a target ends exactly at closing time even the
milliseconds would make it end on the next working day.
"""

import pytest

from domain.commands import Command
from domain.escalation import apply, delivered
from domain.messages import SendResult
from tests.domain.story import Story, policy, said, when

UNTIL_CLOSING = {"L3": "{calendar: office, targets: {acknowledge: {all: 6h30m}}}"}  # from 10:30 to 17:00
NOBODY_AT_L2 = (("specialists", "on_call"),)
NOBODY_BELOW = (("support", "on_call"), ("support", "on_call.next"), *NOBODY_AT_L2)


def test_a_tier_passed_over_costs_the_next_one_nothing_however_late_the_worker_was() -> None:
    for late in ("10:30:00", "10:30:02", "11:29:59"):
        with Story(policy(**UNTIL_CLOSING), nobody=NOBODY_AT_L2) as story:
            story.later("10:29")
            story.leaps_to(late)
            story.expect_told("mia", "email")
            assert story.happened("climbed") == ["10:30 climbed", "10:30 climbed"]
            assert story.target("acknowledge", "L3").due == "17:00"


def test_a_running_case_of_earlier_rules_keeps_counting_as_it_did() -> None:
    with Story(policy(**UNTIL_CLOSING), nobody=NOBODY_AT_L2) as story:
        story.later("10:29")
        story.state = story.state.model_copy(update={"rules_version": 6})
        story.leaps_to("10:30:02")
        story.at("10:30:02").expect_told("mia", "email")
        assert story.target("acknowledge", "L3").due == "Tue 09:00:02"


def test_an_answer_that_comes_late_counts_from_its_question() -> None:
    """The store was slow, and somebody wrote a note in the meantime: the time of the case has gone on."""
    with Story(policy(**UNTIL_CLOSING), nobody=NOBODY_AT_L2) as story:
        story.later("10:29")
        story.answers_wait = True
        story.at("10:30")
        story.at("10:31").dana.notes()
        story.answers_wait = False
        story.answers_at_last()
        story.at("10:31").expect_told("mia", "email")
        assert story.happened("climbed") == ["10:30 climbed", "10:31 climbed"], "it is written down when it is known"
        assert story.target("acknowledge", "L3").due == "17:00"


def the_answer_of_half_past_ten_comes_after_a_note(story: Story) -> None:
    """L1 is missed at 10:30; the store is slow to say who is on duty at L2."""
    story.later("10:29")
    story.answers_wait = True
    story.at("10:30")
    story.at("10:31").dana.notes()
    story.answers_at_last()
    story.at("10:31")


def test_who_is_on_duty_at_the_next_step_is_asked_for_the_time_of_the_first() -> None:
    steps = "steps: [{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [sms]}]"
    with Story(policy(L2=steps), nobody=NOBODY_AT_L2) as story:
        the_answer_of_half_past_ten_comes_after_a_note(story)
        [second] = story.questions
        assert (second.selector, said(second.at)) == ("on_call.next", "10:30")


def test_the_owner_of_last_resort_is_told_every_day_at_the_time_nobody_was_there() -> None:
    with Story(nobody=(*NOBODY_BELOW, ("management", "on_call"))) as story:
        story.expect_told("olga", "email", kind="last_resort")
        story.leaps_to("Tue 10:00:09")
        story.expect_told("olga", "email", kind="last_resort")
        story.at("Wed 10:00").expect_told("olga", "email", kind="last_resort")


def test_a_second_tier_passed_over_costs_the_next_one_nothing_either() -> None:
    """The question of a tier that was entered before it was known is about the time at which it was entered."""
    with Story(policy(**UNTIL_CLOSING), nobody=NOBODY_AT_L2) as story:
        the_answer_of_half_past_ten_comes_after_a_note(story)
        [third] = story.questions
        assert (third.team, said(third.at)) == ("management", "10:30")


def test_a_tier_that_was_missed_when_it_began_costs_the_next_one_nothing() -> None:
    tiers = {
        "L1": "steps: [{tell: on_call, channels: [sms]}]",
        "L2": "targets: {acknowledge: {all: 15m}}",
        "L3": "{calendar: office, targets: {acknowledge: {all: 6h45m}}}",
    }
    with Story(policy(**tiers), nobody=NOBODY_BELOW, answers_wait=True) as story:
        story.at("10:20").dana.notes()
        story.answers_wait = False
        story.answers_at_last()
        story.at("10:20").expect_told("mia", "email")
        assert story.happened("climbed") == ["10:20 climbed", "10:20 climbed"], "it is written down when it is known"
        assert story.target("acknowledge", "L3").due == "17:00"


def test_what_a_change_of_priority_makes_due_counts_from_the_change() -> None:
    """Nobody counts on a target that was not there yet: who is on duty is asked for now, and the next tier begins now."""
    tier = "{targets: {acknowledge: {high: 2h, critical: 30m}}, steps: [{tell: on_call, channels: [sms]}]}"
    with Story(policy(L1=tier)) as story:
        story.expect_told("dana", "sms")
        story.at("11:00").dana.sets_priority("critical")
        story.expect_told("finn", "sms")
        assert story.happened("breached", "climbed") == ["11:00 breached", "11:00 climbed"]
        assert story.target("acknowledge", "L2").due == "12:00"


def test_what_comes_of_a_message_that_could_never_go_out_counts_from_the_message() -> None:
    with Story(policy(**UNTIL_CLOSING), failing=(("finn", "sms"),)) as story:
        story.provider.code = "no_address"
        story.later("10:29")
        story.leaps_to("10:30:02")
        story.expect_told("finn", "sms")
        story.expect_told("mia", "email")
        assert story.target("acknowledge", "L3").due == "17:00"


QUIET = """{customer_updates: {every: {all: 9h}, channels: [sms], on: [escalated]},
            quiet_hours: {customer_sms: "21:55-08:00", timezone: UTC}}"""


def test_after_an_outage_quiet_hours_are_those_of_the_night_in_which_it_ends() -> None:
    """What was due in the evening would be an SMS to the customer at three in the morning."""
    patient = "targets: {acknowledge: {all: 12h}}"
    with Story(policy(QUIET, L2=patient, L3=patient), opens="21:20", nobody=NOBODY_AT_L2) as story:
        story.never_mind()
        story.leaps_to("Tue 03:00")
        story.expect_told("mia", "email")
        assert [(one.kind, said(one.not_before)) for one in story.held] == [("customer_escalated", "Tue 08:00")] * 2
        assert {said(one.at) for one in story.held} == {"21:50"}


def test_a_worker_that_is_a_few_seconds_late_keeps_to_what_the_preview_says() -> None:
    with Story(policy(QUIET.replace("21:55", "21:50")), opens="21:19:30") as story:
        story.never_mind()
        story.leaps_to("21:50:02")
        story.expect_customer_told("escalated", "sms")
        story.expect_told("finn", "sms")


def test_who_rests_when_an_outage_ends_is_passed_over_then_and_the_next_tier_is_asked() -> None:
    alone = "{targets: {acknowledge: {all: 8h}}, steps: [{tell: on_call, channels: [sms]}]}"
    with Story(policy(L1=alone), opens="21:50", failing=(("dana", "sms"),), answers_wait=True) as story:
        story.provider.code = "not_now"
        story.answers_wait = False
        story.leaps_to("Tue 03:00")
        story.answers_at_last()
        story.expect_told("dana", "sms")
        story.expect_told("finn", "sms")
        assert story.target("acknowledge", "L2").due == "Tue 04:00"


UPDATES = """{customer_updates: {every: {all: 20h}, channels: [sms], on: [escalated]},
              quiet_hours: {customer_sms: "22:00-08:00", timezone: UTC}}"""


@pytest.mark.parametrize(
    ("name", "body", "held"),
    [
        ("customer-update", {"text": "we are on it"}, ["customer_update"]),
        ("note", {"text": "looking"}, ["customer_escalated"]),
    ],
    ids=["its own message", "what was due before it"],
)
def test_a_word_that_waited_for_the_worker_sends_no_sms_in_the_night_in_which_it_is_taken_in(
    name: str, body: dict[str, str], held: list[str]
) -> None:
    patient = "targets: {acknowledge: {all: 12h}}"
    tier = "targets: {acknowledge: {all: 11h}}" if name == "note" else "targets: {acknowledge: {all: 20h}}"
    story = Story(policy(UPDATES, L1=tier, L2=patient, L3=patient))
    evening, night = when("21:55"), when("Tue 03:00")
    waited = Command(id="w", name=name, by="dana", received_at=evening, body=body)
    outcome = apply(story.state, waited, evening, night)
    assert [one.channel for one in outcome.messages if one.person is None] == []
    assert [(one.kind, said(one.not_before)) for one in outcome.waiting] == [(kind, "Tue 08:00") for kind in held]


def test_a_message_whose_end_waited_for_the_worker_sends_no_sms_in_its_place_at_night() -> None:
    story = Story(policy(UPDATES.replace("[sms]", "[email, sms]"), L1="targets: {acknowledge: {all: 20h}}"))
    story.later("21:54").never_mind()
    update = Command(id="u", name="customer-update", by="dana", received_at=story.now, body={"text": "we are on it"})
    outcome = apply(story.state, update, story.now)
    [mail] = outcome.messages
    refused = SendResult(key=mail.key, status="failed", at=when("21:56"), code="550")
    after = delivered(outcome.state, refused, when("Tue 03:00"))
    assert (after.messages, [said(one.not_before) for one in after.waiting]) == ((), ["Tue 08:00"])


@pytest.mark.parametrize("late", [False, True])
def test_a_change_of_priority_counts_for_an_entry_that_is_known_only_later_too(*, late: bool) -> None:
    tiers = {
        "L1": "{steps: [{tell: on_call, channels: [sms]}]}",
        "L2": "targets: {acknowledge: {critical: 5m, high: 1h}}",
    }
    with Story(policy(**tiers), nobody=NOBODY_BELOW[:1], answers_wait=late) as story:
        story.never_mind()
        story.at("10:09").dana.sets_priority("critical")
        if late:
            story.answers_wait = False
            story.answers_at_last()
            story.at("10:09")
        story.expect_told("mia", "email")
        story.never_mind()
        assert story.target("acknowledge", "L3").due == "11:09"
