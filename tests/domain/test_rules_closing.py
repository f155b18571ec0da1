"""rules.md, table "Clocks", the rows about an end: resolve, reopen, closing, hard limit, after closing."""

import pytest

from domain.state import Origin
from tests.domain.story import Story, policy

PROMISES = "customer_updates: {every: {all: 4h}, on: []}"
SILENCE = "closing: {confirm_within: 2d}"


def acknowledged(rules: str = "{}", **tiers: str) -> Story:
    """Dana was told at 10:00 and has it at once."""
    story = Story(policy(rules, **tiers))
    story.expect_told("dana", "sms", "email")
    story.dana.acknowledges()
    return story


def resolved(rules: str = "{}", **tiers: str) -> Story:
    story = acknowledged(rules, **tiers)
    story.dana.resolves()
    return story


# resolve


def test_resolve_meets_both_resolutions_cancels_the_customer_update_and_starts_the_root_cause() -> None:
    rules = f"{{targets: {{resolution: {{all: 4h}}, root_cause: {{all: 3d, calendar: office}}}}, {PROMISES}}}"
    with acknowledged(rules, L1="targets: {tier_resolution: {all: 3h}}") as story:
        story.at("11:00")
        story.dana.resolves()
        assert (story.target("resolution").met, story.target("tier_resolution").met) == ("11:00", "11:00")
        assert story.target("customer_update").status == "cancelled"
        assert (story.target("root_cause").status, story.target("root_cause").due) == ("running", "Thu 11:00")


# reopen


def test_reopen_from_resolved_is_the_same_run_and_the_resolved_time_counts_as_a_pause_of_resolution() -> None:
    with acknowledged("targets: {resolution: {all: 4h}}") as story:
        story.at("12:00")
        story.dana.resolves()
        story.at("Wed 09:00")
        story.dana.reopens()
        assert (story.state.episode, story.state.reopen_count, story.status) == (1, 1, "open")
        assert (story.target("resolution").status, story.target("resolution").due) == ("running", "Wed 11:00")
        story.expect_told("dana", "sms", "email")


def test_reopen_cancels_root_cause_but_a_recorded_cause_stays() -> None:
    with resolved("targets: {root_cause: {all: 3d}}") as story:
        story.dana.reopens()
        assert (story.target("root_cause").status, story.state.root_cause) == ("cancelled", None)
        story.never_mind()
        story.dana.records_the_cause()
        story.dana.resolves()
        story.dana.reopens()
        assert story.state.root_cause is not None
        assert len(story.targets("root_cause")) == 1  # nothing more to record: no new target
        story.never_mind()


def test_reopen_enters_the_tier_that_resolved_it_and_its_resolver_is_told_first() -> None:
    with Story(
        policy(L2="steps: [{tell: on_call, channels: [sms]}, {after: 5m, tell: on_call.next, channels: [sms]}]")
    ) as story:
        story.dana.escalates()
        story.hugo.resolves()
        story.never_mind()
        story.at("11:00")
        story.lea.reopens()
        story.expect_told("hugo", "sms")
        assert (story.tier, story.entry, story.accountable) == ("L2", 3, "hugo")
        story.at("11:05").expect_told("gus", "sms")


def test_reopen_with_the_resolver_absent_tells_the_steps_of_the_tier() -> None:
    with Story() as story:
        story.dana.escalates()
        story.hugo.resolves()
        story.never_mind()
        story.roster["specialists", "person:hugo"] = None
        story.lea.reopens()
        story.expect_told("finn", "sms")
        assert (story.tier, story.happened("nobody_on_duty")) == ("L2", ["10:00 nobody_on_duty"])


def test_reopen_needs_a_resolved_case() -> None:
    with acknowledged() as story:
        with story.expect_refused("not_resolved"):
            story.dana.reopens()
        story.dana.resolves()
        story.dana.records_the_cause()
        story.dana.closes()
        with story.expect_refused("already_closed"):
            story.dana.reopens()


def test_reopen_from_closed_is_a_new_episode_that_begins_there_and_links_to_the_one_before() -> None:
    before = Origin(episode=1, tier=1, resolver="hugo", reopen_count=2, reason="broken again", by="lea")
    with Story(origin=before) as story:
        story.expect_told("hugo", "sms")
        assert (story.tier, story.state.episode, story.state.reopen_count) == ("L2", 2, 2)
        assert story.state.origin == before
        assert story.texts("reopened") == ["goes on from episode 1: broken again"]


# closing


def test_closing_by_silence_needs_the_cause_and_the_silence() -> None:
    with resolved(SILENCE) as story:
        story.at("Wed 10:00")
        assert story.status == "resolved"  # silent long enough, but no cause
        story.at("Wed 11:00")
        story.dana.records_the_cause()
        assert story.status == "closed"
    with resolved(SILENCE) as story:
        story.dana.records_the_cause()
        story.at("Wed 09:59:59")
        assert story.status == "resolved"
        story.at("Wed 10:00")
        assert story.status == "closed"


def test_closing_by_silence_is_stopped_by_a_reply_which_tells_the_owner() -> None:
    with resolved(SILENCE) as story:
        story.dana.records_the_cause()
        story.at("Tue 10:00")
        story.customer_replies()
        story.expect_told("dana", "sms", kind="customer_replied")
        story.at("Sun 10:00")
        assert story.status == "resolved"
        story.dana.closes()
        assert story.status == "closed"


def test_closing_without_confirm_within_is_only_by_hand() -> None:
    with resolved() as story:
        story.dana.records_the_cause()
        story.at("04-30 10:00")
        assert story.status == "resolved"
        story.dana.closes()


def test_closing_needs_a_resolution_and_a_recorded_cause() -> None:
    with acknowledged() as story:
        with story.expect_refused("not_resolved"):
            story.dana.closes()
        story.dana.resolves()
        with story.expect_refused("root_cause_required"):
            story.dana.closes()


# hard limit


def test_the_hard_limit_never_closes_a_case_it_shouts() -> None:
    with acknowledged("targets: {closure: {all: 2d}}") as story:
        story.at("Wed 10:00").expect_told("olga", "sms", "email", kind="closure_overdue")
        story.at("Thu 09:00")
        assert (story.status, story.target("closure").status) == ("acknowledged", "breached")


# after closing


def test_after_closing_nothing_goes_out_but_the_closed_notice() -> None:
    rules = (
        "{targets: {closure: {all: 2d, warn_at: [50]}, root_cause: {all: 1d}},"
        " customer_updates: {every: {all: 4h}, on: [closed]}}"
    )
    with resolved(rules) as story:
        story.dana.records_the_cause()
        story.dana.closes()
        story.expect_customer_told("closed")
        story.at("04-30 10:00").expect_nobody_told()
        assert story.target("closure").status == "met"


@pytest.mark.parametrize("command", ["note", "acknowledge", "resolve", "escalate", "customer-reply", "cancel"])
def test_after_closing_every_command_is_refused(command: str) -> None:
    bodies = {
        "note": {"text": "x"},
        "resolve": {"summary": "x"},
        "customer-reply": {"text": "x"},
        "cancel": {"reason": "x"},
    }
    bodies["escalate"] = {"kind": "hierarchical", "reason": "x"}
    with resolved() as story:
        story.dana.records_the_cause()
        story.dana.closes()
        with story.expect_refused("already_closed"):
            story.does("dana", command, **bodies.get(command, {}))
