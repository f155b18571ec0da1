"""rules.md, table "Climbing", from "last tier" on: a test per row or sentence of a row, in its order."""

import pytest

from domain import escalation
from domain.messages import SendResult
from domain.view import document
from tests.domain.story import Story, policy, said, when

AT_THE_TOP = "start_tier: {high: L3}"


# last tier


def test_at_the_last_tier_there_is_no_climb_but_the_steps_repeat_and_then_the_last_resort_is_told_daily() -> None:
    with Story(policy(AT_THE_TOP, L3="repeat: 2")) as story:
        story.expect_told("mia", "email")
        story.at("11:00").expect_told("mia", "email")
        story.at("12:00").expect_told("mia", "email")
        story.at("13:00").expect_told("olga", "email", kind="last_resort")
        story.at("Tue 13:00").expect_told("olga", "email", kind="last_resort")
        story.at("Wed 13:00").expect_told("olga", "email", kind="last_resort")
        assert (story.tier, story.entry, story.accountable) == ("L3", 1, "olga")
        assert story.target("acknowledge").breached == "11:00"


def test_the_steps_repeat_three_times_by_default() -> None:
    with Story(policy(AT_THE_TOP)) as story:
        story.later("14:00").expect_told("olga", "email", kind="last_resort")
        assert [message.round for message in story.messages if message.kind == "step"] == [0, 1, 2, 3]


def test_a_round_that_waits_for_the_opening_is_news_to_the_store() -> None:
    """The round begins at night and its step waits for the morning: what is due next has changed, so the version moves."""
    rules = policy(AT_THE_TOP, L3="{calendar: office, targets: {acknowledge: {all: 8h, calendar: always}}}")
    with Story(rules) as story:
        story.expect_told("mia", "email")
        story.at("Tue 01:59")
        before = story.state.version
        story.at("Tue 02:00")
        assert said(document(story.state)["next_due_at"]) == "Tue 09:00"
        assert story.state.version == before + 1


def test_an_acknowledgement_ends_the_rounds_and_the_daily_telling() -> None:
    with Story(policy(AT_THE_TOP, L3="repeat: 0")) as story:
        story.later("11:00").expect_told("olga", "email", kind="last_resort")
        story.mia.acknowledges()
        story.at("Sun 10:00").expect_nobody_told()


def test_any_other_breach_at_the_last_tier_is_told_to_the_last_resort_once() -> None:
    with Story(policy(f"{{targets: {{resolution: {{all: 4h}}}}, {AT_THE_TOP}}}")) as story:
        story.expect_told("mia", "email")
        story.mia.acknowledges()
        story.at("14:00").expect_told("olga", "email", kind="top_breach")
        story.at("Sun 10:00").expect_nobody_told()
        assert (story.status, story.owner) == ("acknowledged", "mia")


def test_at_the_last_tier_a_closing_limit_missed_with_the_acknowledgement_shouts_once() -> None:
    with Story(policy(f"{{targets: {{closure: {{all: 1h}}}}, {AT_THE_TOP}}}")) as story:
        story.expect_told("mia", "email")
        story.at("11:00").expect_told("mia", "email")
        story.expect_told("olga", "email", kind="closure_overdue")


def test_a_raised_priority_at_the_last_tier_does_not_use_up_the_rounds_at_once() -> None:
    rules = policy("start_tier: {low: L3}", L3="{repeat: 2, targets: {acknowledge: {low: 8h, critical: 30m}}}")
    with Story(rules, priority="low") as story:
        story.expect_told("mia", "email")
        story.at("14:00")
        story.max.sets_priority("critical")
        assert story.target("acknowledge").breached == "10:30"
        story.expect_told("mia", "email")
        story.at("14:30").expect_told("mia", "email")
        story.at("15:00").expect_told("olga", "email", kind="last_resort")


# warnings


def test_warnings_come_at_percentages_of_the_working_duration_and_tell_the_accountable_person() -> None:
    rules = policy(L1="{calendar: office, targets: {tier_resolution: {all: 4h, warn_at: [50, 75]}}}")
    with Story(rules, opens="15:00") as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("17:00").expect_told("dana", "sms", kind="warning")
        story.at("Tue 10:00").expect_told("dana", "sms", kind="warning")
        assert story.target("tier_resolution").warns == ("17:00", "Tue 10:00")
        assert story.happened("warned") == ["17:00 warned", "Tue 10:00 warned"]


def test_warnings_use_the_first_channel_of_the_current_step() -> None:
    steps = "steps: [{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [email, sms]}]"
    with Story(policy(L1=f"{{targets: {{acknowledge: {{warn_at: [20, 50]}}}}, {steps}}}")) as story:
        story.expect_told("dana", "sms")
        story.at("10:06").expect_told("dana", "sms", kind="warning")
        story.at("10:10").expect_told("eli", "email", "sms")
        story.at("10:15").expect_told("eli", "email", kind="warning")


def test_no_warning_follows_a_breach() -> None:
    with Story(policy("targets: {closure: {all: 1h, warn_at: [99]}}")) as story:
        story.dana.acknowledges()
        story.later("10:59:24").expect_told("dana", "sms", kind="warning")
        story.at("11:00").expect_told("olga", "sms", "email", kind="closure_overdue")
        story.at("11:30").expect_nobody_told()


# same instant


ALL_AT_1030 = policy(
    "targets: {resolution: {all: 1h, warn_at: [50]}}",
    L1="steps: [{tell: on_call, channels: [email]}, {after: 30m, tell: on_call.next, channels: [email]}]",
)


def test_same_instant_commands_then_breaches_then_steps_then_warnings() -> None:
    """At 10:30 at once: a breach of L1, which climbs; the second step of L1, now too late; a warning of the whole case."""
    with Story(ALL_AT_1030) as story:
        story.expect_told("dana", "email")
        story.at("10:30")
        assert story.happened("breached", "climbed", "warned") == ["10:30 breached", "10:30 climbed", "10:30 warned"]
        assert story.happened("skipped") == []  # the roster was not even asked for the late step
        story.expect_told("finn", "sms")
        story.expect_told(
            "greta", "sms", kind="warning"
        )  # by the channel of L2's step: it had begun before the warning


def test_same_instant_a_command_at_due_counts_as_met() -> None:
    with Story(ALL_AT_1030) as story:
        story.expect_told("dana", "email")
        story.at("10:29:59")
        story.now = when("10:30")
        story.dana.acknowledges()
        assert (story.tier, story.target("acknowledge").status) == ("L1", "met")
        story.expect_told("dana", "email", kind="warning")


def test_same_instant_a_warning_after_the_step_uses_the_channel_of_that_step() -> None:
    steps = "steps: [{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [email]}]"
    with Story(policy(L1=f"{{targets: {{acknowledge: {{all: 20m, warn_at: [50]}}}}, {steps}}}")) as story:
        story.expect_told("dana", "sms")
        story.at("10:10").expect_told("eli", "email")
        story.expect_told("dana", "email", kind="warning")


# owner, accountable


def test_owner_is_null_until_someone_acknowledges_or_is_assigned() -> None:
    with Story() as story:
        assert story.owner == "nobody"
        story.dana.acknowledges()
        assert story.owner == "dana"
        story.lea.assigns_to("eli")
        assert story.owner == "eli"
        story.never_mind()


def test_accountable_is_the_owner_else_the_last_told_else_the_lead_else_the_last_resort() -> None:
    office = policy(L1="calendar: office")
    with Story(office, opens="08:00", leads={}) as story:
        assert story.accountable == "olga"
    with Story(office, opens="08:00") as story:
        assert story.accountable == "lea"
        story.at("09:00").expect_told("dana", "sms", "email")
        assert story.accountable == "dana"
        story.at("09:10").expect_told("eli", "sms")
        assert story.accountable == "eli"
        story.lea.acknowledges()
        assert story.accountable == "lea"


def test_accountable_after_a_climb_is_the_lead_of_the_new_team_until_somebody_there_is_told() -> None:
    with Story(policy(L2="calendar: office"), opens="08:00") as story:
        story.later("08:30")
        assert (story.tier, story.accountable) == ("L2", "greta")
        story.at("09:00").expect_told("finn", "sms")
        assert story.accountable == "finn"


# acknowledge by another


def test_acknowledge_by_another_is_refused_and_by_the_same_person_again_changes_nothing() -> None:
    with Story() as story:
        story.dana.acknowledges()
        before = document_of(story)
        with story.expect_refused("already_acknowledged"):
            story.eli.acknowledges()
        story.dana.acknowledges()
        assert document_of(story) == before
        story.never_mind()


def document_of(story: Story) -> tuple[object, ...]:
    return (story.state.model_copy(update={"applied": ()}), len(story.timeline), len(story.messages))


def test_assign_acknowledges_for_the_person_named() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.lea.assigns_to("gus")
        story.expect_told("gus", "sms", kind="assigned")
        assert (story.status, story.owner, story.target("acknowledge").status) == ("acknowledged", "gus", "met")
        story.gus.acknowledges()  # again by the same person: nothing changes
        with story.expect_refused("already_acknowledged"):
            story.dana.acknowledges()


def test_resolve_on_an_open_case_acknowledges_first() -> None:
    with Story() as story:
        story.later("10:05")
        story.eli.resolves()
        assert story.happened("acknowledged", "resolved") == ["10:05 acknowledged", "10:05 resolved"]
        assert (story.owner, story.target("acknowledge").met) == ("eli", "10:05")


# escalate


def test_hierarchical_goes_to_the_next_tier_or_the_tier_named() -> None:
    with Story() as story:
        story.dana.escalates()
        assert (story.tier, story.state.team) == ("L2", "specialists")
        story.never_mind()
    with Story() as story:
        story.dana.escalates(tier="L3")
        assert (story.tier, story.state.team) == ("L3", "management")
        story.never_mind()


def test_hierarchical_at_the_top_is_refused() -> None:
    with Story(policy(AT_THE_TOP)) as story:
        story.expect_told("mia", "email")
        with story.expect_refused("no_higher_tier"):
            story.mia.escalates()


def test_hierarchical_goes_up_only() -> None:
    with Story(policy("start_tier: {high: L2}")) as story:
        story.expect_told("finn", "sms")
        for tier in ("L1", "L2"):
            with story.expect_refused("no_higher_tier"):
                story.finn.escalates(tier=tier)


def test_functional_keeps_the_tier_unless_one_is_named_and_goes_to_the_team_named() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.dana.escalates_to_team("database")
        story.expect_told("dora", "sms", "email")
        assert (story.tier, story.state.team, story.entry) == ("L1", "database", 2)
        story.dora.escalates_to_team("specialists", tier="L2")
        story.expect_told("finn", "sms")
        assert (story.tier, story.state.team) == ("L2", "specialists")


def test_functional_goes_where_the_policy_says_when_no_team_is_named() -> None:
    rules = "functional: [{team: database, skill: sql}, {team: specialists, ticket: {system: zendesk}}]"
    with Story(policy(f"{{{rules}}}")) as story:
        story.never_mind()
        story.dana.escalates(kind="functional", skill="sql")
        story.expect_told("dora", "sms", "email")
        assert story.state.team == "database"
        story.dora.escalates(kind="functional")
        assert story.state.team == "specialists"
        story.never_mind()
        with story.expect_refused("no_team_fits"):
            story.dana.escalates(kind="functional", skill="cobol")
        for asked_for_nothing in ({"skill": "sql"}, {"kind": "functional", "team": "database", "skill": "sql"}):
            with story.expect_refused("skill_not_asked"):
                story.dana.escalates(**asked_for_nothing)


def test_functional_needs_a_team() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        with story.expect_refused("field_required"):
            story.dana.escalates(kind="functional")


def test_hand_back_goes_one_tier_down_and_from_the_first_it_is_refused() -> None:
    with Story(policy("start_tier: {high: L2}")) as story:
        story.expect_told("finn", "sms")
        story.finn.hands_back()
        story.expect_told("dana", "sms", "email")
        assert (story.tier, story.state.team) == ("L1", "support")
        with story.expect_refused("no_lower_tier"):
            story.dana.hands_back()


# re-prioritise


def test_reprioritise_recomputes_targets_from_their_original_anchors_and_keeps_the_tier() -> None:
    rules = policy(
        "{start_tier: {critical: L3}, targets: {resolution: {high: 8h, critical: 4h}}}",
        L1="targets: {acknowledge: {high: 8h, critical: 2h}}",
    )
    with Story(rules) as story:
        story.later("11:00")
        story.lea.sets_priority("critical")
        assert (story.tier, story.entry) == ("L1", 1)
        assert (story.target("resolution").due, story.target("acknowledge").due) == ("14:00", "12:00")
        story.lea.sets_priority("high")
        assert (story.target("resolution").due, story.target("acknowledge").due) == ("18:00", "18:00")


def test_reprioritise_fires_only_the_latest_of_the_warnings_already_past() -> None:
    with Story(policy("targets: {resolution: {high: 20h, critical: 4h, warn_at: [25, 50, 75]}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("12:30")  # 12 % of twenty hours, 62 % of four
        story.dana.sets_priority("critical")
        warned = story.expect_told("dana", "sms", kind="warning")
        assert [message.facts["percent"] for message in warned] == ["50"]
        story.at("13:00").expect_told("dana", "sms", kind="warning")


def test_reprioritise_into_the_past_breaches_with_the_true_due_time() -> None:
    with Story(policy("targets: {resolution: {high: 8h, critical: 1h}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("13:00")
        story.dana.sets_priority("critical")
        assert (story.tier, story.target("resolution").breached) == ("L2", "11:00")
        story.expect_told("finn", "sms")


def test_reprioritise_to_a_priority_without_a_target_and_back_brings_the_target_back() -> None:
    with Story(policy("targets: {resolution: {high: 8h, critical: 4h}}")) as story:
        story.later("10:05")
        story.lea.sets_priority("low")
        assert story.target("resolution").status == "cancelled"
        story.lea.sets_priority("critical")
        assert (story.target("resolution").status, story.target("resolution").due) == ("running", "14:00")


def test_reprioritise_after_a_stale_acknowledgement_starts_no_second_tier_resolution() -> None:
    with Story(
        policy(L1="{acknowledge_timeout: {all: 1h}, targets: {tier_resolution: {high: 8h, low: 16h}}}")
    ) as story:
        story.dana.acknowledges()
        story.later("11:00")
        story.lea.sets_priority("low")
        assert [target.due for target in story.targets("tier_resolution")] == ["Tue 02:00"]
        story.never_mind()


# merge


def test_merge_the_target_records_the_child_and_the_child_is_cancelled_with_its_parent() -> None:
    with Story() as into, Story() as merged:
        into.never_mind()
        merged.never_mind()
        into.does("dana", "adopt", child="zendesk-99")
        merged.does("dana", "merge", into="zendesk-12")
        assert (into.state.children, into.status) == (("zendesk-99",), "open")
        assert (merged.status, merged.state.parent) == ("cancelled", "zendesk-12")


@pytest.mark.parametrize(("command", "body"), [("adopt", {"child": "zendesk-99"}), ("merge", {"into": "zendesk-12"})])
def test_merge_both_steps_are_idempotent_by_command_id(command: str, body: dict[str, str]) -> None:
    with Story() as story:
        story.never_mind()
        story.does("dana", command, id="the-merge", **body)
        once = story.state
        story.does("dana", command, id="the-merge", **body)
        assert story.state == once
        assert story.happened("merged") == ["10:00 merged"]


# the ends of messages


def test_a_failure_heard_late_loses_nothing_that_was_due_before_it() -> None:
    """The chaos run found it: a warning made in the same breath was forgotten, and why it was skipped was never written down."""
    with Story(policy(L1="targets: {acknowledge: {all: 30m, warn_at: [50]}}")) as story:
        sms, _ = story.expect_told("dana", "sms", "email")
        story.never_mind()
    under_way = story.state.model_copy(update={"outstanding": {sms.key: sms}})
    late = escalation.delivered(under_way, SendResult(key=sms.key, status="failed", at=when("10:20")))
    [warning] = [message for message in late.messages if message.kind == "warning"]
    assert list(late.state.outstanding) == [warning.key]
