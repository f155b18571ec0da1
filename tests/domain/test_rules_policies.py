"""rules.md, table "Policies", the rows the machine keeps: priority, rebase, references, holidays kept with the case."""

import pytest

from domain import escalation
from domain.state import Escalation
from domain.tickets import Priority
from tests.domain.story import Story, policy, said, when

RAISED = "priority: {raise_for: [{customer: {tier: vip}, by: 1}, {customer: {id: acme}, by: 2}]}"


# priority


def test_priority_given_explicitly_is_final() -> None:
    with Story(policy(RAISED)) as story:
        story.lea.sets_priority("low")
        assert story.state.priority == "low"
        story.never_mind()


def test_priority_by_impact_is_raised_by_the_largest_rule_and_all_that_fired_are_listed() -> None:
    with Story(policy(RAISED), customer={"tier": "vip"}) as story:
        story.lea.does("reprioritize", impact="low", urgency="low", reason="smaller")
        assert story.state.priority == "high"  # low, raised by two
        assert len(story.state.priority_reasons) >= 2
        story.never_mind()


def test_priority_of_nothing_given_is_refused() -> None:
    with Story() as story:
        story.never_mind()
        with story.expect_refused("field_required"):
            story.lea.does("reprioritize", reason="just so")


# rebase


def acknowledged(rules: str = "{}", **tiers: str) -> Story:
    story = Story(policy(rules, **tiers))
    story.expect_told("dana", "sms", "email")
    story.dana.acknowledges()
    return story


def test_rebase_tiers_map_by_name() -> None:
    triage = "{name: L0, team: triage, targets: {acknowledge: {all: 5m}}, steps: [{tell: on_call, channels: [sms]}]}"
    longer = policy().model_dump(mode="json", by_alias=True, exclude_none=True)
    longer["tiers"].insert(0, policy(f"tiers: [{triage}]").model_dump(mode="json", exclude_none=True)["tiers"][0])
    with Story() as story:
        story.dana.escalates()
        story.never_mind()
        story.ops.moves_to(type(story.state.policy).model_validate(longer).with_version(2))
        assert (story.tier, story.state.tier, story.state.policy.version) == ("L2", 2, 2)
        assert (story.entry, story.happened("rebased")) == (2, ["10:00 rebased"])


def test_rebase_to_a_version_without_the_tier_is_refused() -> None:
    renamed = policy(L1="name: Frontline").with_version(2)
    with Story() as story:
        story.never_mind()
        with story.expect_refused("tier_missing"):
            story.ops.moves_to(renamed)


def test_rebase_says_what_is_due_at_another_time() -> None:
    before = "targets: {resolution: {all: 4h}, closure: {all: 15d}}"
    with acknowledged(before) as story:
        story.ops.moves_to(policy("targets: {resolution: {all: 30h}, closure: {all: 15d}}").with_version(2))
        [text] = story.texts("rebased")
        moved = "resolution due Tue 16:00 UTC instead of 14:00 UTC"
        assert text == f"ops moved it from standard version 0 to version 2; {moved}"
        due = story.timeline[-1].data["due"]
        assert due["resolution"] == ["2026-03-02T14:00:00Z", "2026-03-03T16:00:00Z"]
        assert due["closure"][0] == due["closure"][1]


def test_rebase_says_of_a_paused_target_when_it_is_due_if_it_goes_on_now() -> None:
    sooner = policy("targets: {resolution: {all: 3h}}").with_version(2)
    with acknowledged("targets: {resolution: {all: 4h}}") as story:
        story.at("11:00")
        story.dana.waits_for_the_customer()
        story.at("11:30")
        story.ops.moves_to(sooner)
        [text] = story.texts("rebased")
        assert text.endswith("; resolution due 13:30 UTC instead of 14:30 UTC if it went on now")
        story.dana.resumes()
        assert story.target("resolution").due == "13:30"


def test_rebase_to_the_version_it_has_changes_nothing() -> None:
    with Story(policy().with_version(3)) as story:
        story.never_mind()
        before = story.state.version
        story.ops.moves_to(policy("targets: {resolution: {all: 4h}}").with_version(3))
        assert (story.state.version, story.texts("rebased")) == (before, [])


def test_rebase_to_the_version_it_has_is_written_down_in_a_case_of_the_first_rules() -> None:
    """A running case keeps the behaviour it began with, or its history would not replay."""
    with Story(policy().with_version(3)) as story:
        story.never_mind()
        story.state = story.state.model_copy(update={"rules_version": 1})
        story.ops.moves_to(policy().with_version(3))
        assert len(story.texts("rebased")) == 1


def test_rebase_what_is_met_breached_warned_or_told_stays() -> None:
    before = "{targets: {resolution: {all: 4h, warn_at: [50]}, closure: {all: 1h}}}"
    after = policy("{targets: {resolution: {all: 8h, warn_at: [25, 75]}, closure: {all: 30d}}}").with_version(2)
    with acknowledged(before) as story:
        story.later("12:00").expect_told("dana", "sms", kind="warning")
        acknowledge, told = story.target("acknowledge"), story.state.told
        story.ops.moves_to(after)
        assert story.target("acknowledge") == acknowledge  # met
        assert (story.target("closure").status, story.target("closure").breached) == ("breached", "11:00")
        assert (story.owner, story.state.told) == ("dana", told)
        assert story.target("resolution").due == "18:00"
        story.expect_told("dana", "sms", kind="warning")  # 25 % is past and new, 50 % has been told
        story.at("16:00").expect_told("dana", "sms", kind="warning")
        story.never_mind()


def test_rebase_a_deadline_now_in_the_past_breaches_with_its_true_due_time() -> None:
    shorter = policy("targets: {resolution: {all: 1h}}").with_version(2)
    with acknowledged("targets: {resolution: {all: 8h}}") as story:
        story.at("13:00")
        story.ops.moves_to(shorter)
        story.expect_told("finn", "sms")
        assert (story.target("resolution").breached, story.tier) == ("11:00", "L2")


def test_rebase_keeps_pauses_to_the_second() -> None:
    longer = policy("targets: {resolution: {all: 8h}}").with_version(2)
    with acknowledged("targets: {resolution: {all: 4h}}") as story:
        story.at("11:00")
        story.dana.waits_for_the_customer()
        story.at("11:30:07")
        story.ops.moves_to(longer)
        story.at("12:00:01")
        story.dana.resumes()
        assert story.target("resolution").due == "19:00:01"


def test_rebase_applies_a_change_of_pauses_at_once() -> None:
    for before, after, status in (("true", "false", "running"), ("false", "true", "paused")):
        with acknowledged(f"targets: {{resolution: {{all: 9h, pauses: {before}}}}}") as story:
            story.dana.waits_for_the_customer()
            story.ops.moves_to(policy(f"targets: {{resolution: {{all: 9h, pauses: {after}}}}}").with_version(2))
            assert story.target("resolution").status == status


def test_rebase_starts_a_new_target_at_its_original_anchor_and_drops_one_that_is_gone() -> None:
    with acknowledged("targets: {closure: {all: 15d}}") as story:
        story.at("11:00")
        story.ops.moves_to(policy("targets: {resolution: {all: 4h}}").with_version(2))
        assert story.target("resolution").due == "14:00"
        assert story.target("closure").status == "cancelled"


def test_rebase_uses_the_new_hours_for_what_runs_and_the_old_ones_for_what_has_ended() -> None:
    week = ", ".join(f'{day}: ["10:00-12:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))
    shorter = f"calendars: {{office: {{timezone: UTC, day: 2h, hours: {{{week}}}}}}}"
    targets = "targets: {resolution: {all: 4h, calendar: office}}"
    rules = policy(targets, L1="{calendar: office, targets: {acknowledge: {all: 4h}}}")
    with Story(rules) as story:
        story.never_mind()
        story.dana.acknowledges()
        story.ops.moves_to(policy(f"{{{targets}, {shorter}}}", L1="calendar: office").with_version(2))
        assert story.target("resolution").due == "Tue 12:00"
        assert story.target("acknowledge").due == "14:00"


def test_rebase_that_takes_a_step_away_overtakes_its_pending_question() -> None:
    shorter = policy(L1="steps: [{tell: on_call, channels: [sms]}]").with_version(2)
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.answers_wait = True
        story.at("10:10")
        story.ops.moves_to(shorter)
        story.answer("eli")
        story.expect_nobody_told()
        assert story.texts("skipped") == ["step 2: overtaken"]


def test_a_running_case_keeps_the_version_it_started_with() -> None:
    """The policy travels in the state: what is loaded later is another object altogether."""
    with Story(policy().with_version(1)) as story:
        story.never_mind()
        stored = Escalation.model_validate_json(story.state.model_dump_json())
        assert stored.policy == policy().with_version(1)


# references


def test_a_team_the_roster_lacks_is_nobody_on_duty_at_run_time() -> None:
    with Story(policy(L1="team: ghosts")) as story:
        story.expect_told("finn", "sms")
        assert story.texts("nobody_on_duty") == [
            "nobody on duty for on_call of ghosts",
            "nobody on duty for on_call.next of ghosts",
        ]


# holidays


def test_holidays_are_dates_kept_with_the_case() -> None:
    """Wednesday was made a holiday when the case opened; it stays one after a round trip through the store."""
    data = policy(L1="{calendar: office, targets: {acknowledge: {all: 16h}}}").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    data["calendars"]["office"]["closed_dates"] = ["2026-03-04"]
    with Story(type(policy()).model_validate(data), opens="Tue 09:00") as story:
        story.never_mind()
        stored = Escalation.model_validate_json(story.state.model_dump_json())
        assert story.target("acknowledge").due == "Thu 17:00"
        acknowledge = next(clock for clock in stored.clocks if clock.name == "acknowledge")
        breach = escalation.advance(stored, when("Fri 09:00")).state.clocks[stored.clocks.index(acknowledge)]
        assert said(breach.breached_at) == "Thu 17:00"


# start tier


@pytest.mark.parametrize(("priority", "tier"), [("critical", "L2"), ("high", "L1")])
def test_start_tier_is_the_first_unless_the_priority_has_its_own(priority: Priority, tier: str) -> None:
    with Story(policy("start_tier: {critical: L2}"), priority=priority) as story:
        assert story.tier == tier
        story.never_mind()
