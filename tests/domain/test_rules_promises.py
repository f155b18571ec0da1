"""rules.md, table "Promises to the customer": one test per row (or per sentence of a row)."""

from datetime import UTC, datetime

import pytest

from domain.policy import Policy, QuietHours
from domain.quiet import quiet_until
from domain.tickets import Priority
from tests.domain.story import Story, policy, when

EVERY_4H = "customer_updates: {every: {all: 4h}, on: []}"
NOTICES = "customer_updates: {every: {all: 4h}, on: [opened, acknowledged, escalated, resolved, closed]}"
BY_SMS = "{customer_updates: {every: {all: 4h}, channels: [sms], on: []}, quiet_hours: {customer_sms: '21:00-08:00'}}"


def acknowledged(rules: str, opens: str = "10:00") -> Story:
    """Dana has it at once, and every message so far is of no matter."""
    return acknowledged_under(policy(rules), opens)


def acknowledged_under(rules: Policy, opens: str = "10:00") -> Story:
    story = Story(rules, opens=opens)
    story.dana.acknowledges()
    story.never_mind()
    return story


# promise


def test_promise_is_first_due_at_acceptance_plus_every_for_the_priority() -> None:
    rules = policy("customer_updates: {every: {high: 4h, all: 8h}, on: []}")
    expected: dict[Priority, str] = {"high": "14:00", "low": "18:00"}
    for priority, due in expected.items():
        with Story(rules, priority=priority) as story:
            assert story.target("customer_update").due == due
            story.never_mind()


@pytest.mark.parametrize(
    ("own", "of_resolution", "due"),
    [
        ("", "", "20:00"),
        ("", "calendar: office", "Tue 12:00"),
        ("calendar: always,", "calendar: office", "20:00"),
        ("calendar: office,", "", "Tue 12:00"),
        ("calendar: {critical: always, else: office},", "", "Tue 12:00"),
    ],
)
def test_promise_is_counted_in_the_calendar_of_resolution_unless_it_has_its_own(
    own: str, of_resolution: str, due: str
) -> None:
    updates = f"customer_updates: {{every: {{all: 4h}}, {own} on: []}}"
    with acknowledged(f"{{targets: {{resolution: {{all: 30h, {of_resolution}}}}}, {updates}}}", opens="16:00") as story:
        assert story.target("customer_update").due == due


def test_promise_is_met_by_a_customer_update_and_counted_anew_from_then() -> None:
    with acknowledged(EVERY_4H) as story:
        story.at("11:00")
        story.dana.updates_the_customer()
        story.expect_customer_told("update")
        kept, running = story.targets("customer_update")
        assert (kept.met, running.due) == ("11:00", "15:00")


def test_promise_next_update_in_says_when_the_next_one_is_due() -> None:
    with acknowledged(EVERY_4H) as story:
        story.at("11:00")
        story.dana.updates_the_customer(next_update_in="90m")
        told = story.expect_customer_told("update")
        assert story.target("customer_update").due == "12:30"
        assert told.facts["next_update_by"] == "2026-03-02T12:30:00Z"


def test_promise_ends_with_resolve() -> None:
    with acknowledged(EVERY_4H) as story:
        story.dana.resolves()
        story.at("Sun 10:00").expect_nobody_told()


def test_promise_is_not_met_by_automatic_notices_which_repeat_its_time() -> None:
    with Story(policy(NOTICES)) as story:
        notices = [story.expect_customer_told("opened")]
        story.expect_told("dana", "sms", "email")
        story.at("10:05")
        story.dana.acknowledges()
        notices.append(story.expect_customer_told("acknowledged"))
        story.dana.escalates()
        notices.append(story.expect_customer_told("escalated"))
        assert {message.facts["next_update_by"] for message in notices} == {"2026-03-02T14:00:00Z"}
        assert [(target.due, target.status) for target in story.targets("customer_update")] == [("14:00", "running")]
        story.never_mind()


def test_promise_after_a_miss_counts_from_the_missed_due() -> None:
    with acknowledged(EVERY_4H) as story:
        story.later("14:00").expect_customer_told("holding")
        story.finn.acknowledges()
        story.later("15:00")
        missed, running = story.targets("customer_update")
        assert (missed.breached, running.due) == ("14:00", "18:00")
        story.finn.updates_the_customer()
        assert story.target("customer_update").due == "19:00"
        story.expect_customer_told("update")


def test_promise_made_while_waiting_on_the_customer_stands_still_until_the_wait_ends() -> None:
    with acknowledged(EVERY_4H) as story:
        story.dana.waits_for_the_customer()
        story.dana.updates_the_customer()
        story.expect_customer_told("update")
        story.at("12:00")
        story.dana.resumes()
        assert story.target("customer_update").due == "16:00"


# reminder


def test_reminder_at_80_percent_gives_the_accountable_person_a_draft() -> None:
    with acknowledged(EVERY_4H) as story:
        story.at("13:11:59").expect_nobody_told()
        story.at("13:12").expect_told("dana", "email", kind="promise_reminder")
        story.dana.updates_the_customer()
        story.expect_customer_told("update")


def test_the_draft_comes_by_email_and_the_reminder_by_sms_where_there_is_no_email() -> None:
    with acknowledged(EVERY_4H) as story:
        story.provider.failing = {("dana", "email")}
        story.at("13:12").expect_told("dana", "email", "sms", kind="promise_reminder")
        story.dana.updates_the_customer()
        story.expect_customer_told("update")


def test_a_warning_that_no_channel_of_the_step_could_say_comes_by_email_at_last() -> None:
    warned = "targets: {resolution: {all: 4h, calendar: always, warn_at: [50]}}"
    by_sms = "steps: [{tell: on_call, channels: [sms]}]"
    with Story(policy(warned, L1=by_sms)) as story:
        story.dana.acknowledges()
        story.never_mind()
        story.provider.failing = {("dana", "sms")}
        story.at("12:00").expect_told("dana", "sms", "email", kind="warning")


# miss


def test_miss_gives_the_customer_a_holding_message_at_once_and_climbs_one_tier() -> None:
    with acknowledged(EVERY_4H) as story:
        story.at("13:12").expect_told("dana", "email", kind="promise_reminder")
        story.at("14:00")
        holding = story.expect_customer_told("holding")
        assert (holding.entry, holding.facts["next_update_by"]) == (story.entry, "2026-03-02T18:00:00Z")
        story.expect_told("finn", "sms")
        assert (story.tier, story.target("customer_update").due) == ("L2", "18:00")


def test_miss_at_the_last_tier_holds_the_customer_and_tells_the_last_resort() -> None:
    with Story(policy(f"{{start_tier: {{high: L3}}, {EVERY_4H}}}")) as story:
        story.mia.acknowledges()
        story.later("14:00").expect_customer_told("holding")
        story.expect_told("olga", "email", kind="top_breach")
        assert (story.tier, story.owner) == ("L3", "mia")


def test_miss_is_counted_as_a_breached_target() -> None:
    with acknowledged(EVERY_4H) as story:
        story.later("14:00")
        assert [target.status for target in story.targets("customer_update")] == ["breached", "running"]
        story.never_mind()


# quiet hours


def test_quiet_hours_email_goes_at_once() -> None:
    with acknowledged(BY_SMS.replace("[sms]", "[email]"), opens="22:00") as story:
        story.dana.updates_the_customer()
        story.expect_customer_told("update", "email")


def test_quiet_hours_an_sms_waits_for_the_end_of_the_window() -> None:
    with acknowledged(BY_SMS.replace("4h", "48h"), opens="22:00") as story:
        story.dana.updates_the_customer()
        story.expect_nobody_told()
        story.at("Tue 07:59:59").expect_nobody_told()
        story.at("Tue 08:00").expect_customer_told("update", "sms")


def test_quiet_hours_only_the_newest_of_several_sms_goes_out() -> None:
    with acknowledged(BY_SMS.replace("4h", "48h"), opens="22:00") as story:
        story.dana.updates_the_customer()
        story.at("23:00")
        story.dana.updates_the_customer()
        story.at("Tue 08:00")
        assert story.expect_customer_told("update", "sms") == story.held[1].model_copy()
        assert story.dropped == [story.held[0]]


def test_quiet_hours_are_the_customers_own_or_the_policys_where_unknown() -> None:
    for zone, ends in (("America/New_York", "13:00"), (None, "07:00")):  # 08:00 there, 08:00 in Berlin
        rules = policy(
            "{customer_updates: {every: {all: 48h}, channels: [sms], on: [opened]},"
            " quiet_hours: {customer_sms: '21:00-08:00', timezone: Europe/Berlin}}"
        )
        with Story(rules, opens="06:30", customer={"timezone": zone}) as story:
            story.later(ends).expect_customer_told("opened", "sms")
            story.never_mind()


QUIET = QuietHours(customer_sms="21:00-02:30", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-03-02T19:59:59", None),
        ("2026-03-02T20:00:00", "2026-03-03T01:30:00"),  # 21:00 in Berlin: inside
        ("2026-03-03T01:29:59", "2026-03-03T01:30:00"),
        ("2026-03-03T01:30:00", None),  # the end is outside
        ("2026-03-29T00:30:00", "2026-03-29T01:00:00"),  # 02:30 does not exist that night: the end of the gap
        ("2026-10-25T00:15:00", "2026-10-25T01:30:00"),  # 02:30 exists twice that night: the last for an end
        ("2026-10-25T00:45:00", "2026-10-25T01:30:00"),
        ("2026-10-25T01:15:00", "2026-10-25T01:30:00"),
    ],
)
def test_quiet_hours_follow_the_conventions_of_time(at: str, ends: str | None) -> None:
    expected = None if ends is None else datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert quiet_until(QUIET, None, datetime.fromisoformat(at).replace(tzinfo=UTC)) == expected


def test_quiet_hours_may_lie_inside_one_day() -> None:
    nap = QuietHours(customer_sms="12:00-14:00")
    assert quiet_until(nap, None, when("13:00")) == when("14:00")
    assert quiet_until(nap, None, when("14:00")) is None


# what the rules remember


def test_a_case_of_weeks_remembers_its_latest_promises_only() -> None:
    """Hourly updates, none given for 15 days: the state must stay small and one leap over them quick."""
    story = Story(policy("{customer_updates: {every: {all: 1h}, on: []}, start_tier: {high: L3}}"))
    story.never_mind()
    story.leaps_to("03-17 10:00")
    promises = story.targets("customer_update")
    assert len(story.texts("breached")) >= 15 * 24
    assert [promise.status for promise in promises] == ["breached"] * 3 + ["running"]
    assert promises[-1].due == "03-17 11:00"


def test_a_promise_in_days_needs_a_calendar_that_knows_how_long_its_day_is() -> None:
    rules = policy("customer_updates: {every: {all: 4h}, calendar: office, on: []}")
    office = rules.calendars["office"].model_copy(update={"day": None})
    dayless = rules.model_copy(update={"calendars": {"office": office}})
    with acknowledged_under(dayless) as story:
        with story.expect_refused("no_working_day"):
            story.dana.updates_the_customer(next_update_in="2d")
        assert story.target("customer_update").due == "14:00"
    with acknowledged_under(rules) as story:
        story.dana.updates_the_customer(next_update_in="2d")
        story.expect_customer_told("update")
        assert story.target("customer_update").due == "Wed 10:00"
