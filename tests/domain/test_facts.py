"""What a case leaves behind for the KPIs: facts of whole stories, each number worked out by hand."""

from datetime import timedelta
from typing import Any

from domain.facts import Beside, Facts, TierFacts, facts_of, recurs
from domain.view import document
from tests.domain.setting import when
from tests.domain.story import Story, policy

LADDER = ("L1", "L2", "L3")
MINUTE, HOUR = 60, 3600
OFFICE = "{targets: {resolution: {all: 16h, calendar: office, pauses: true}}, customer_updates: {every: {all: 4h}}}"


def facts(story: Story, **beside: Any) -> Facts:
    return facts_of(document(story.state), story.timeline, Beside(LADDER, **beside))


def at_tier(tier: str, stays: int, seconds: int, breaches: int = 0) -> TierFacts:
    return TierFacts(tier=tier, stays=stays, seconds=seconds, breaches=breaches)


def test_a_case_just_opened_has_no_times_yet() -> None:
    one = facts(Story(policy()))
    assert (one.id, one.episode, one.status, one.team, one.tier) == ("zendesk-4711", 1, "open", "support", "L1")
    assert (one.acknowledged_at, one.acknowledge_seconds, one.acknowledge_working) == (None, None, None)
    assert (one.climbs, one.reopen_count, one.resolutions, one.nobody_on_duty) == (0, 0, 0, 0)
    assert one.tiers == (at_tier("L1", 1, 0),)


def test_times_to_acknowledge_and_to_resolve_run_from_the_opening() -> None:
    story = Story(policy(OFFICE)).later("10:05")
    story.dana.acknowledges()
    story.later("12:00").dana.resolves()
    one = facts(story)
    assert (one.acknowledge_seconds, one.acknowledge_working) == (5 * MINUTE, 5 * MINUTE)
    assert (one.resolve_seconds, one.resolve_working) == (2 * HOUR, 2 * HOUR)
    assert (one.met["acknowledge"], one.met["resolution"], one.owner) == (1, 1, "dana")


def test_working_time_leaves_out_nights_and_pauses_and_wall_time_does_not() -> None:
    """From Monday 10:00 to Tuesday 11:00 with 09–17 hours: 7 h and 2 h, less a pause of 3 h."""
    story = Story(policy(OFFICE, L1="calendar: office")).later("10:10")
    story.dana.acknowledges()
    story.later("13:00").dana.waits_for_the_customer(until="16:00")
    story.later("Tue 11:00").dana.resolves()
    one = facts(story)
    assert (one.resolve_seconds, one.resolve_working) == (25 * HOUR, 6 * HOUR)


def test_the_first_acknowledgement_counts_and_its_working_time_is_that_of_all_entries() -> None:
    """30 min at L1, then 15 min at L2; the climb away from an acknowledgement takes nothing back."""
    story = Story(policy()).later("10:45")
    story.finn.acknowledges()
    story.later("11:00").finn.escalates()
    one = facts(story)
    assert (one.acknowledge_seconds, one.acknowledge_working) == (45 * MINUTE, 45 * MINUTE)
    assert (one.tier, one.highest_tier, one.climbs) == ("L3", "L3", 1)
    assert one.breached["acknowledge"] == 1


def test_an_assignment_is_an_acknowledgement() -> None:
    story = Story(policy()).later("10:07")
    story.dana.assigns_to("eli")
    assert facts(story).acknowledge_seconds == 7 * MINUTE


def test_seconds_stays_and_breaches_by_tier() -> None:
    """L1 10:00–10:30 and 11:00–11:10, L2 10:30–11:00; the breach belongs to the tier that missed."""
    story = Story(policy()).later("10:40")
    story.finn.acknowledges()
    story.later("11:00").finn.hands_back()
    story.later("11:10").dana.resolves()
    one = facts(story)
    assert one.tiers == (at_tier("L1", 2, 40 * MINUTE, breaches=1), at_tier("L2", 1, 30 * MINUTE))
    assert (one.tier, one.highest_tier) == ("L1", "L2")


def test_the_time_while_resolved_is_time_at_no_tier() -> None:
    story = Story(policy()).later("10:05")
    story.dana.resolves()
    story.later("11:00").dana.reopens()
    story.later("11:10").dana.resolves()
    one = facts(story)
    assert one.tiers == (at_tier("L1", 2, 15 * MINUTE),)
    assert (one.resolutions, one.reopen_count, one.resolve_seconds) == (2, 1, 70 * MINUTE)
    assert (one.came_back, one.reopens) == (True, False)


def test_a_case_that_opens_higher_up_began_there() -> None:
    story = Story(policy("start_tier: {high: L2}")).later("10:05")
    story.finn.acknowledges()
    story.later("10:10").finn.hands_back()
    assert [one.tier for one in facts(story).tiers] == ["L2", "L1"]


def test_promises_are_kept_by_updates_and_by_the_fix_and_missed_by_silence() -> None:
    """Due at 14:00, kept at 13:00; the next at 17:00 is missed; its successor at 21:00 is open when the fix comes."""
    story = Story(policy("customer_updates: {every: {all: 4h}}")).later("10:05")
    story.dana.acknowledges()
    story.later("13:00").dana.updates_the_customer()
    open_one = facts(story)
    assert (open_one.promises_made, open_one.promises_kept, open_one.breached["customer_update"]) == (2, 1, 0)
    story.later("17:30").finn.resolves()
    one = facts(story)
    assert (one.promises_made, one.promises_kept, one.breached["customer_update"]) == (3, 2, 1)


def test_an_update_that_reached_nobody_keeps_no_promise() -> None:
    story = Story(policy("customer_updates: {every: {all: 4h}, channels: [email], on: []}"))
    story.dana.acknowledges()
    story.provider.failing = {("customer", "email")}
    story.dana.updates_the_customer()
    assert (facts(story).promises_made, facts(story).promises_kept) == (1, 0)
    story.dana.does("customer-update", text="we are on it", told_by="phone")
    assert (facts(story).promises_made, facts(story).promises_kept) == (2, 1)


def test_promises_that_the_state_has_forgotten_still_count() -> None:
    story = Story(policy("customer_updates: {every: {all: 4h}}")).later("10:05")
    story.dana.acknowledges()
    for hour in range(11, 17):
        story.later(f"{hour}:00").dana.updates_the_customer()
    assert facts(story).promises_kept == 6


def test_without_a_promise_an_update_keeps_none() -> None:
    story = Story(policy()).later("10:05")
    story.dana.acknowledges()
    story.dana.updates_the_customer()
    story.dana.resolves()
    assert (facts(story).promises_made, facts(story).promises_kept) == (0, 0)


def test_nobody_on_duty_counts_each_time() -> None:
    story = Story(policy(), nobody=(("support", "on_call"), ("support", "on_call.next")))
    assert facts(story.later("10:01")).nobody_on_duty == 2


def test_cause_survey_and_messages_are_what_stands_now() -> None:
    story = Story(policy()).later("10:05")
    story.dana.resolves()
    story.dana.records_the_cause()
    story.does(None, "survey", score=4)
    story.dana.closes()
    one = facts(story, sent=7, failed=1)
    assert (one.cause, one.origin, one.cause_at, one.survey_score) == ("disk", "ours", when("10:05"), 4)
    assert (one.messages_sent, one.messages_failed, one.status) == (7, 1, "closed")


def test_a_document_from_before_has_wall_times_and_no_working_time() -> None:
    story = Story(policy(OFFICE)).later("10:05")
    story.dana.resolves()
    before = document(story.state)
    for target in before["targets"]:
        del target["working_seconds"]
    one = facts_of(before, story.timeline)
    assert (one.acknowledge_seconds, one.resolve_seconds) == (5 * MINUTE, 5 * MINUTE)
    assert (one.acknowledge_working, one.resolve_working) == (None, None)


def test_a_cause_recurs_within_thirty_days_for_the_same_product_of_another_ticket() -> None:
    story = Story(policy()).later("10:05")
    story.dana.resolves()
    story.dana.records_the_cause()
    one = facts(story)
    earlier = one.model_copy(update={"id": "zendesk-1", "cause_at": when("10:05") - timedelta(days=30)})
    assert recurs(one, [earlier])
    others: dict[str, dict[str, Any]] = {
        "too long ago": {"cause_at": when("10:04") - timedelta(days=30)},
        "at the same instant": {"cause_at": one.cause_at},
        "another product": {"product": "search"},
        "another cause": {"cause": "network"},
        "the same ticket": {"id": one.id},
        "no cause": {"cause": None, "cause_at": None},
    }
    for why, change in others.items():
        assert not recurs(one, [earlier.model_copy(update=change)]), why
    assert not recurs(earlier.model_copy(update={"cause": None, "cause_at": None}), [one])


def test_a_target_tells_its_working_time_only_when_it_has_ended() -> None:
    story = Story(policy(OFFICE)).later("10:05")
    assert {one["working_seconds"] for one in document(story.state)["targets"]} == {None}
    story.dana.acknowledges()
    told = {one["name"]: one["working_seconds"] for one in document(story.state)["targets"]}
    assert (told["acknowledge"], told["resolution"]) == (5 * MINUTE, None)
