"""rules.md, table "Clocks", all rows but those about an end (`test_rules_closing`): a test per row or sentence, in its order."""

from datetime import timedelta

import pytest

from domain import escalation
from domain.errors import PolicyFaults
from domain.outcome import Transition
from domain.state import TimelineEntry
from domain.tickets import Priority
from tests.domain.story import Story, policy, said, when

PROMISES = "customer_updates: {every: {all: 4h}, on: []}"


def acknowledged(rules: str = "{}", **tiers: str) -> Story:
    """Dana was told at 10:00 and has it at once."""
    story = Story(policy(rules, **tiers))
    story.expect_told("dana", "sms", "email")
    story.dana.acknowledges()
    return story


# anchors


def test_all_targets_start_when_the_escalation_is_accepted_not_when_the_ticket_was_opened() -> None:
    rules = f"{{targets: {{resolution: {{all: 24h}}, closure: {{all: 15d}}}}, {PROMISES}}}"
    with Story(policy(rules, L1="targets: {tier_resolution: {all: 2h}}")) as story:
        story.expect_told("dana", "sms", "email")
        assert story.state.ticket.opened_at == when("08:00")
        due = {
            name: story.target(name).due for name in ("acknowledge", "tier_resolution", "resolution", "customer_update")
        }
        assert due == {
            "acknowledge": "10:30",
            "tier_resolution": "12:00",
            "resolution": "Tue 10:00",
            "customer_update": "14:00",
        }
        assert story.target("closure").due == "03-17 10:00"


# all, priorities


def test_all_is_the_default_and_a_named_priority_wins() -> None:
    rules = policy("targets: {resolution: {all: 8h, critical: 2h}}")
    expected: dict[Priority, str] = {"low": "18:00", "critical": "12:00"}
    for priority, due in expected.items():
        with Story(rules, priority=priority) as story:
            assert story.target("resolution").due == due
            story.never_mind()


def test_no_duration_for_the_priority_means_no_target() -> None:
    with Story(policy("targets: {resolution: {critical: 2h}}")) as story:
        assert story.targets("resolution") == []
        story.never_mind()


# calendar


def test_calendar_is_a_name_or_a_map_by_priority() -> None:
    by_priority = policy("targets: {resolution: {all: 9h, calendar: {critical: always, else: office}}}")
    expected: dict[Priority, str] = {"critical": "19:00", "high": "Tue 11:00"}
    for priority, due in expected.items():
        with Story(by_priority, priority=priority) as story:
            assert story.target("resolution").due == due
            story.never_mind()
    with Story(policy("targets: {resolution: {all: 9h, calendar: office}}")) as story:
        assert story.target("resolution").due == "Tue 11:00"
        story.never_mind()


# days


def test_a_day_is_24_hours_where_it_is_always_open_and_the_day_of_the_calendar_elsewhere() -> None:
    with Story(policy("targets: {resolution: {all: 1d}}")) as story:
        assert story.target("resolution").due == "Tue 10:00"
        story.never_mind()
    with Story(policy("targets: {resolution: {all: 2d, calendar: office}}")) as story:
        assert story.target("resolution").due == "Wed 10:00"  # sixteen open hours
        story.never_mind()


def test_days_in_a_calendar_without_a_day_refuse_the_policy() -> None:
    dayless = 'calendars: {shop: {timezone: UTC, hours: {mon: ["09:00-17:00"]}}}'
    with pytest.raises(PolicyFaults) as refused:
        policy(f"{{{dayless}, targets: {{resolution: {{all: 2d, calendar: shop}}}}}}")
    assert refused.value.faults[0].path.startswith("targets.resolution")


# pause


def test_pause_only_from_acknowledged() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        with story.expect_refused("not_acknowledged"):
            story.dana.waits_for_the_customer()
        story.dana.acknowledges()
        story.dana.waits_for_the_customer()
        with story.expect_refused("already_paused"):
            story.dana.waits_for_the_customer()
        story.dana.resolves()
        with story.expect_refused("already_resolved"):
            story.dana.waits_for_the_customer()


def test_pause_resume_and_until_lead_back_to_acknowledged() -> None:
    with acknowledged() as story:
        story.dana.waits_for_the_customer(until="12:00")
        story.at("11:00")
        story.dana.resumes()
        assert (story.status, story.owner) == ("acknowledged", "dana")
        story.dana.waits_for_the_customer(until="12:00")
        story.at("12:00")
        assert (story.status, story.owner) == ("acknowledged", "dana")
        with story.expect_refused("not_paused"):
            story.dana.resumes()


def test_pause_without_until_ends_after_three_days() -> None:
    with acknowledged() as story:
        story.dana.waits_for_the_customer()
        story.at("Thu 09:59:59")
        assert story.status == "paused"
        story.at("Thu 10:00")
        assert story.status == "acknowledged"


def test_pause_until_may_be_said_in_any_zone_and_is_kept_in_utc() -> None:
    with acknowledged() as story:
        story.dana.does("pause", reason="scheduled", until="2026-03-02T13:00:00+01:00")
        assert story.timeline[-1].data["until"] == "2026-03-02T12:00:00Z"
        story.at("12:00")
        assert (story.status, story.timeline[-1].at.isoformat()) == ("acknowledged", "2026-03-02T12:00:00+00:00")


def test_pause_until_must_lie_ahead() -> None:
    with acknowledged() as story:
        story.at("11:00")
        with story.expect_refused("until_in_the_past"):
            story.dana.waits_for_the_customer(until="10:30")


@pytest.mark.parametrize(
    ("pauses", "reason", "due"),
    [
        ("true", "waiting_on_customer", "15:00"),
        ("true", "scheduled", "15:00"),
        ("true", "waiting_on_third_party", "14:00"),
        ("false", "waiting_on_customer", "14:00"),
        ("[waiting_on_third_party]", "waiting_on_third_party", "15:00"),
        ("[waiting_on_third_party]", "waiting_on_customer", "14:00"),
    ],
)
def test_pauses_true_stops_for_customer_and_scheduled_and_a_list_names_the_reasons(
    pauses: str, reason: str, due: str
) -> None:
    with acknowledged(f"targets: {{resolution: {{all: 4h, pauses: {pauses}}}}}") as story:
        story.at("11:00")
        story.dana.pauses(reason)
        story.at("12:00")
        story.dana.resumes()
        assert story.target("resolution").due == due


def test_pause_by_default_stops_resolution_and_tier_resolution_but_not_closure() -> None:
    with acknowledged(
        "targets: {resolution: {all: 4h}, closure: {all: 1d}}", L1="targets: {tier_resolution: {all: 3h}}"
    ) as story:
        story.dana.waits_for_the_customer()
        statuses = [story.target(name).status for name in ("resolution", "tier_resolution", "closure")]
        assert statuses == ["paused", "paused", "running"]


def test_customer_update_stops_while_waiting_on_the_customer_only() -> None:
    for reason, due in (("waiting_on_customer", "15:00"), ("scheduled", "14:00"), ("waiting_on_third_party", "14:00")):
        with acknowledged(PROMISES) as story:
            story.dana.pauses(reason)
            story.at("11:00")
            story.dana.resumes()
            assert story.target("customer_update").due == due


def test_customer_reply_ends_a_wait_on_the_customer_and_no_other() -> None:
    for reason, after in (("waiting_on_customer", "acknowledged"), ("scheduled", "paused")):
        with acknowledged() as story:
            story.dana.pauses(reason)
            story.customer_replies()
            story.expect_told("dana", "sms", kind="customer_replied")
            assert story.status == after


def test_a_customer_reply_on_a_case_that_nobody_owns_tells_whoever_was_told_last() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.customer_replies()
        story.expect_told("dana", "sms", kind="customer_replied")
        assert (story.owner, story.accountable) == ("nobody", "dana")


def test_a_customer_reply_before_anybody_was_told_tells_the_lead_and_without_one_the_owner_of_last_resort() -> None:
    for leads, hears in (({"support": "lea"}, "lea"), ({}, "olga")):
        with Story(policy(L1="calendar: office"), opens="06:00", leads=leads) as story:
            story.customer_replies()
            story.expect_told(hears, "sms", kind="customer_replied")


def test_a_customer_reply_on_a_case_of_earlier_rules_that_nobody_owns_tells_nobody() -> None:
    """Running cases keep their rules: a replay of their history finds the messages it had."""
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.state = story.state.model_copy(update={"rules_version": 4})
        story.customer_replies()
        story.expect_nobody_told()
        assert story.happened("customer_replied") == ["10:00 customer_replied"]


def test_every_time_that_is_told_names_its_zone() -> None:
    berlin = "calendars: {here: {timezone: Europe/Berlin, hours: always}}"
    with Story(policy(berlin, L1="{calendar: here, targets: {acknowledge: {all: 30m, warn_at: [50]}}}")) as story:
        told = story.expect_told("dana", "sms", "email")
        assert {one.purpose for one in told} == {"acknowledge by 11:30 CET"}
        story.at("10:10").expect_told("eli", "sms")
        [warning] = story.at("10:15").expect_told("eli", "sms", kind="warning")
        assert warning.purpose == "L1 acknowledge due by 11:30 CET"
        assert story.texts("warned") == ["50 % of L1 acknowledge used; eli warned, due by 11:30 CET"]
        story.dana.acknowledges()
        story.dana.pauses("scheduled", "Tue 10:00")
        assert story.texts("paused")[0].endswith("until Tue 11:00 CET")


def test_paused_targets_neither_warn_nor_breach() -> None:
    with acknowledged("targets: {resolution: {all: 4h, warn_at: [50]}}") as story:
        story.dana.waits_for_the_customer(until="Wed 10:00")
        story.at("Wed 10:00").expect_nobody_told()
        story.at("Wed 12:00").expect_told("dana", "sms", kind="warning")


def test_escalating_a_paused_case_ends_the_pause_and_its_targets_run_on() -> None:
    with acknowledged("targets: {resolution: {all: 4h}}") as story:
        story.dana.waits_for_the_customer()
        story.at("11:00")
        story.dana.escalates()
        story.expect_told("finn", "sms")
        assert (story.status, story.target("resolution").status, story.target("resolution").due) == (
            "open",
            "running",
            "15:00",
        )


# outage


def test_outage_one_leap_gives_the_same_state_and_timeline_as_many_small_steps() -> None:
    """A week without workers: promises, targets, warnings, climbs, rounds and the closing limit, at their true times."""
    rules = policy(
        f"{{targets: {{resolution: {{all: 3h, warn_at: [50]}}, closure: {{all: 2d, warn_at: [80]}}}}, {PROMISES}}}",
        L1="calendar: office",
        L3="calendar: office",
    )
    began = Story(rules, opens="18:00").state
    leap = escalation.advance(began, when("03-09 10:00"))
    state = began
    timeline: tuple[TimelineEntry, ...] = ()
    for hour in range(1, 7 * 24 - 7):
        step = escalation.advance(state, when("18:00") + timedelta(hours=hour))
        state, timeline = step.state, (*timeline, *step.timeline)
    assert leap.state.model_copy(update={"version": 0}) == state.model_copy(update={"version": 0})
    assert leap.timeline == timeline
    breaches = [(said(line.at), line.data["target"]) for line in timeline if line.kind == "breached"]
    assert breaches[:3] == [("21:00", "resolution"), ("22:00", "customer_update"), ("22:00", "acknowledge")]


def test_outage_messages_of_an_entry_already_left_are_skipped_as_overtaken() -> None:
    with Story(policy(L1="calendar: office", L2="targets: {acknowledge: {all: 2h}}"), opens="08:00") as story:
        story.leaps_to("10:00")
        story.expect_told("finn", "sms")  # not dana, not eli: their entry is over
        assert story.texts("skipped") == ["step 1: overtaken", "step 2: overtaken"]
        assert story.happened("breached", "climbed") == ["09:30 breached", "09:30 climbed"]


def test_outage_nobody_is_told_once_for_every_missed_tick() -> None:
    """At the top no entry is left: of what the leap says again and again only the latest goes out, the rest is dropped."""
    story = Story(policy(f"{{{PROMISES}, start_tier: {{high: L3}}}}"))
    story.never_mind()
    leap = escalation.advance(story.state, when("Wed 10:00"))
    batch = Transition.of({}, leap.state.version, [leap], [])
    assert [said(one.at) for one in batch.messages if one.kind == "customer_holding"] == ["Wed 10:00"]
    assert [said(one.at) for one in batch.messages if one.kind == "last_resort"] == ["Tue 14:00"]
    assert [one.kind for one in batch.dropped].count("customer_holding") == 2 * 24 // 4 - 1
    assert {one.key for one in (*batch.messages, *batch.dropped)} == {one.key for one in leap.messages}


# command time


def test_command_time_what_was_due_before_comes_first() -> None:
    """The workers were down; the command was received at 10:40, ten minutes after the target was missed."""
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.now = when("10:40")
        story.finn.acknowledges()
        assert story.happened("breached", "climbed", "acknowledged") == [
            "10:30 breached",
            "10:30 climbed",
            "10:40 acknowledged",
        ]
        assert story.target("acknowledge", "L2").met == "10:40"


def test_command_time_never_goes_back_before_what_has_happened() -> None:
    with Story() as story:
        story.later("10:35")  # L1 was missed at 10:30, and nothing has happened since
        story.now = when("10:20")
        story.dana.acknowledges()
        assert story.happened("acknowledged") == ["10:30 acknowledged"]
