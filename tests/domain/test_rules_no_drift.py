"""architecture.md: the next deadline is counted from the stored anchor, never from when the last step happened to run.

A worker wakes some milliseconds after a due time, after an outage hours. Where a target ends exactly at closing time even the
milliseconds would make it end on the next working day.
"""

from tests.domain.story import Story, policy, said

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


def test_who_is_on_duty_at_the_next_step_is_asked_for_the_time_of_the_first() -> None:
    steps = "steps: [{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [sms]}]"
    with Story(policy(L2=steps), nobody=NOBODY_AT_L2) as story:
        story.later("10:29")
        story.answers_wait = True
        story.at("10:30")
        story.at("10:31").dana.notes()
        story.answers_at_last()
        story.at("10:31")
        [second] = story.questions
        assert (second.selector, said(second.at)) == ("on_call.next", "10:30")


def test_the_owner_of_last_resort_is_told_every_day_at_the_time_nobody_was_there() -> None:
    with Story(nobody=(*NOBODY_BELOW, ("management", "on_call"))) as story:
        story.expect_told("olga", "email", kind="last_resort")
        story.leaps_to("Tue 10:00:09")
        story.expect_told("olga", "email", kind="last_resort")
        story.at("Wed 10:00").expect_told("olga", "email", kind="last_resort")
