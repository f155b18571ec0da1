"""Bugs other engines have had (architecture.md, "Conventions of time"), each one a test of the machine."""

import pytest

from domain import escalation
from domain.errors import PolicyFaults
from domain.messages import DutyAnswer, SendResult
from domain.state import Escalation
from tests.domain.story import Story, policy, when


def test_timer_lost_at_restart() -> None:
    """After every step the state goes through JSON, as after a restart; the same things happen at the same times."""
    rules = policy(
        "{targets: {resolution: {all: 6h, warn_at: [50, 75]}, closure: {all: 2d}}, customer_updates: {every: {all: 4h}}}"
    )
    with Story(rules) as kept, Story(rules) as restarted:
        for time in ("10:10", "10:30", "13:00", "15:00", "Tue 12:00", "Sat 12:00"):
            restarted.state = Escalation.model_validate_json(restarted.state.model_dump_json())
            assert escalation.next_due(restarted.state) == escalation.next_due(kept.state)
            kept.later(time)
            restarted.later(time)
        assert restarted.timeline == kept.timeline
        assert [message.key for message in restarted.messages] == [message.key for message in kept.messages]
        kept.never_mind()
        restarted.never_mind()


def test_wait_ignored() -> None:
    """`after` is waited for, also after a climb and in every round."""
    steps = "[{tell: on_call, channels: [sms]}, {after: 20m, tell: on_call.next, channels: [sms]}]"
    with Story(policy("start_tier: {high: L2}", L2=f"steps: {steps}", L3=f"{{repeat: 1, steps: {steps}}}")) as story:
        story.expect_told("finn", "sms")
        story.at("10:20").expect_told("gus", "sms")
        story.at("11:00").expect_told("mia", "sms")
        story.at("11:20").expect_told("noa", "sms")
        story.at("12:00").expect_told("mia", "sms")
        story.at("12:20").expect_told("noa", "sms")


def test_duplicate_after_a_retry() -> None:
    """Whatever is delivered twice (a command, the roster's answer, the end of a message) counts once."""
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        again = DutyAnswer(entry=1, step=0, round=0, person="dana", lead="lea", at=story.now)
        assert escalation.answer(story.state, again).messages == ()
        story.at("10:10").expect_told("eli", "sms")
        end = SendResult(key=story.messages[-1].key, status="failed", at=story.now)
        assert escalation.delivered(story.state, end).state == story.state
        story.does("dana", "customer-update", id="u-1", text="on it")
        story.expect_customer_told("update")
        story.does("dana", "customer-update", id="u-1", text="on it")
        story.expect_nobody_told()


BERLIN = (
    'calendars: {berlin: {timezone: Europe/Berlin, day: 8h, hours: {fri: ["09:00-17:00"], sat: ["09:00-17:00"], '
    'sun: ["09:00-17:00"], mon: ["09:00-17:00"]}}}'
)


def test_one_hour_off_at_a_clock_change() -> None:
    """Clocks go forward on 2026-03-29: Saturday opens at 08:00 UTC, Sunday at 07:00 UTC."""
    with Story(
        policy(BERLIN, L1="{calendar: berlin, targets: {acknowledge: {all: 1h}}}"), opens="03-28 15:30"
    ) as story:
        story.expect_told("dana", "sms", "email")
        story.at("03-28 15:40").expect_told("eli", "sms")
        assert story.target("acknowledge").due == "03-29 07:30"
        story.at("03-29 07:30").expect_told("finn", "sms")


def test_pause_lost_when_the_priority_changes() -> None:
    with Story(policy("targets: {resolution: {high: 8h, critical: 4h}}")) as story:
        story.dana.acknowledges()
        story.never_mind()
        story.at("11:00")
        story.dana.waits_for_the_customer()
        story.at("12:00")
        story.dana.sets_priority("critical")
        assert story.target("resolution").status == "paused"
        story.at("13:00")
        story.dana.resumes()
        assert story.target("resolution").due == "16:00"  # ten, plus four, plus the two hours of waiting


def test_merged_case_still_escalates() -> None:
    with Story(policy("targets: {resolution: {all: 4h, warn_at: [50]}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.does("merge", into="zendesk-12")
        story.at("04-30 10:00").expect_nobody_told()
        assert (story.status, story.entry) == ("cancelled", 1)


def test_one_target_masks_another() -> None:
    """Six targets run; each warns and breaches at its own time, whatever the others do."""
    with Story(
        policy(
            "{start_tier: {high: L3}, targets: {resolution: {all: 2h, warn_at: [50]}, closure: {all: 3h, warn_at: [50]}},"
            " customer_updates: {every: {all: 4h}, on: []}}",
            L3="{repeat: 0, targets: {acknowledge: {all: 90m, warn_at: [50]}, tier_resolution: {all: 150m, warn_at: [50]}}}",
        )
    ) as story:
        story.later("14:00")
        assert story.happened("warned") == [f"{time} warned" for time in ("10:45", "11:00", "11:15", "11:30", "13:12")]
        assert story.happened("breached") == [
            f"{time} breached" for time in ("11:30", "12:00", "12:30", "13:00", "14:00")
        ]
        story.never_mind()


@pytest.mark.parametrize("command", ["acknowledge", "cancel", "resolve"])
def test_suppression_does_not_stop_what_is_in_flight(command: str) -> None:
    """The roster is being asked while somebody ends the wait: its answer tells nobody."""
    body = {"cancel": {"reason": "a mistake"}, "resolve": {"summary": "done"}}.get(command, {})
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.answers_wait = True
        story.at("10:10")
        story.dana.does(command, **body)
        story.answer("eli")
        story.expect_nobody_told()
        assert story.texts("skipped") == ["step 2: overtaken"]


def test_an_answer_for_an_entry_already_left_tells_nobody() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        late = DutyAnswer(entry=1, step=1, round=0, person="eli", lead=None, at=when("10:31"))
        story.later("10:30").expect_told("finn", "sms")
        assert escalation.answer(story.state, late).messages == ()


def test_calendar_without_hours_loops_for_ever() -> None:
    for hours in ("{}", "{mon: []}"):
        with pytest.raises(PolicyFaults):
            policy(f"calendars: {{never: {{timezone: UTC, day: 8h, hours: {hours}}}}}", L1="calendar: never")


def test_message_outside_service_hours() -> None:
    """Whatever brings a case to a tier at night, its first step waits for the morning."""
    night = policy(L1="calendar: office", L2="calendar: office", L3="calendar: office")
    with Story(night, opens="16:00") as story:
        story.dana.acknowledges()
        story.never_mind()
        story.at("20:00")
        story.dana.escalates()
        story.finn.hands_back()
        story.eli.resolves()
        story.lea.reopens()
        story.at("Tue 08:59:59").expect_nobody_told()
        story.at("Tue 09:00").expect_told("eli", "sms", "email")


def test_several_opening_windows_a_day() -> None:
    split = 'calendars: {split: {timezone: UTC, day: 8h, hours: {mon: ["09:00-12:00", "13:00-18:00"]}}}'
    tier = "{calendar: split, targets: {acknowledge: {all: 2h, warn_at: [75]}}}"
    with Story(policy(split, L1=tier), opens="11:55") as story:
        story.expect_told("dana", "sms", "email")
        story.at("13:05").expect_told("eli", "sms")
        story.at("14:25").expect_told("eli", "sms", kind="warning")
        story.at("14:55").expect_told("finn", "sms")


def test_a_setting_stored_but_never_applied() -> None:
    """After a rebase every changed setting of the running entry is what counts."""
    before = policy("{start_tier: {high: L3}, closing: {confirm_within: 9d}}", L3="repeat: 3")
    after = policy(
        "{start_tier: {high: L3}, closing: {confirm_within: 1d}, owner_of_last_resort: otto}",
        L3="{repeat: 0, targets: {acknowledge: {all: 2h, warn_at: [50]}}, steps: [{tell: on_call, channels: [sms]}]}",
    ).with_version(2)
    with Story(before) as story:
        story.expect_told("mia", "email")
        story.at("10:30")
        story.ops.moves_to(after)
        story.at("11:00").expect_told("mia", "sms", kind="warning")
        story.at("12:00").expect_told("otto", "sms", kind="last_resort")
        story.mia.resolves()
        story.mia.records_the_cause()
        story.at("Tue 12:00")
        assert story.status == "closed"
