"""rules.md, table "Clocks": one test per row (or per sentence of a row), in the order of the table."""

from datetime import datetime, timedelta

import pytest

from domain import escalation
from domain.calendars import Calendar
from domain.clocks import Clock, deadline, elapsed, started, warning_at
from domain.errors import PolicyFaults
from domain.state import Origin
from tests.domain.story import Story, policy, said, when

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


# anchors


def test_all_targets_start_when_the_escalation_is_accepted_not_when_the_ticket_was_opened() -> None:
    rules = f"{{targets: {{resolution: {{all: 24h}}, closure: {{all: 15d}}}}, {PROMISES}}}"
    with Story(policy(rules, L1="targets: {tier_resolution: {all: 2h}}")) as story:
        story.expect_told("dana", "sms", "email")
        assert story.state.ticket.opened_at == when("08:00")
        due = {name: story.target(name).due for name in ("acknowledge", "tier_resolution", "resolution", "customer_update")}
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
    for priority, due in (("low", "18:00"), ("critical", "12:00")):
        with Story(rules, priority=priority) as story:  # type: ignore[arg-type]
            assert story.target("resolution").due == due
            story.never_mind()


def test_no_duration_for_the_priority_means_no_target() -> None:
    with Story(policy("targets: {resolution: {critical: 2h}}")) as story:
        assert story.targets("resolution") == []
        story.never_mind()


# calendar


def test_calendar_is_a_name_or_a_map_by_priority() -> None:
    by_priority = policy("targets: {resolution: {all: 9h, calendar: {critical: always, else: office}}}")
    for priority, due in (("critical", "19:00"), ("high", "Tue 11:00")):
        with Story(by_priority, priority=priority) as story:  # type: ignore[arg-type]
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
        with story.refused("not_acknowledged"):
            story.dana.waits_for_the_customer()
        story.dana.acknowledges()
        story.dana.waits_for_the_customer()
        with story.refused("already_paused"):
            story.dana.waits_for_the_customer()
        story.dana.resolves()
        with story.refused("already_resolved"):
            story.dana.waits_for_the_customer()


def test_pause_resume_and_until_lead_back_to_acknowledged() -> None:
    with acknowledged() as story:
        story.dana.waits_for_the_customer(until="12:00")
        story.at("11:00")
        story.dana.resumes()
        assert (story.status, story.owner) == ("acknowledged", "dana")
        story.dana.waits_for_the_customer(until="12:00")
        story.at("12:00")
        assert (story.state.status, story.owner) == ("acknowledged", "dana")
        with story.refused("not_paused"):
            story.dana.resumes()


def test_pause_without_until_ends_after_three_days() -> None:
    with acknowledged() as story:
        story.dana.waits_for_the_customer()
        story.at("Thu 09:59:59")
        assert story.status == "paused"
        story.at("Thu 10:00")
        assert story.state.status == "acknowledged"


def test_pause_until_must_lie_ahead() -> None:
    with acknowledged() as story:
        story.at("11:00")
        with story.refused("until_in_the_past"):
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
    with Story(policy(L2="steps: [{tell: on_call, channels: [sms]}, {after: 5m, tell: on_call.next, channels: [sms]}]")) as story:
        story.dana.escalates()
        story.hugo.resolves()
        story.never_mind()
        story.at("11:00")
        story.lea.reopens()
        story.expect_told("hugo", "sms")
        assert (story.tier, story.entry, story.accountable) == ("L2", 3, "hugo")
        story.at("11:05").expect_told("gus", "sms")


def test_reopen_needs_a_resolved_case() -> None:
    with acknowledged() as story:
        with story.refused("not_resolved"):
            story.dana.reopens()
        story.dana.resolves()
        story.dana.records_the_cause()
        story.dana.closes()
        with story.refused("already_closed"):
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
        assert story.state.status == "closed"
    with resolved(SILENCE) as story:
        story.dana.records_the_cause()
        story.at("Wed 09:59:59")
        assert story.status == "resolved"
        story.at("Wed 10:00")
        assert story.state.status == "closed"


def test_closing_by_silence_is_stopped_by_a_reply_which_tells_the_owner() -> None:
    with resolved(SILENCE) as story:
        story.dana.records_the_cause()
        story.at("Tue 10:00")
        story.customer_replies()
        story.expect_told("dana", "sms", kind="customer_replied")
        story.at("Sun 10:00")
        assert story.status == "resolved"
        story.dana.closes()
        assert story.state.status == "closed"


def test_closing_without_confirm_within_is_only_by_hand() -> None:
    with resolved() as story:
        story.dana.records_the_cause()
        story.at("04-30 10:00")
        assert story.status == "resolved"
        story.dana.closes()


def test_closing_needs_a_resolution_and_a_recorded_cause() -> None:
    with acknowledged() as story:
        with story.refused("not_resolved"):
            story.dana.closes()
        story.dana.resolves()
        with story.refused("root_cause_required"):
            story.dana.closes()


# hard limit


def test_the_hard_limit_never_closes_a_case_it_shouts() -> None:
    with acknowledged("targets: {closure: {all: 2d}}") as story:
        story.at("Wed 10:00").expect_told("olga", "sms", "email", kind="closure_overdue")
        story.at("Thu 09:00")
        assert (story.status, story.target("closure").status) == ("acknowledged", "breached")


# after closing


def test_after_closing_nothing_goes_out_but_the_closed_notice() -> None:
    rules = "{targets: {closure: {all: 2d, warn_at: [50]}, root_cause: {all: 1d}}, customer_updates: {every: {all: 4h}, on: [closed]}}"
    with resolved(rules) as story:
        story.dana.records_the_cause()
        story.dana.closes()
        story.expect_customer_told("closed")
        story.at("04-30 10:00").expect_nobody_told()
        assert story.target("closure").status == "met"


@pytest.mark.parametrize("command", ["note", "acknowledge", "resolve", "escalate", "customer-reply", "cancel"])
def test_after_closing_every_command_is_refused(command: str) -> None:
    bodies = {"note": {"text": "x"}, "resolve": {"summary": "x"}, "customer-reply": {"text": "x"}, "cancel": {"reason": "x"}}
    bodies["escalate"] = {"kind": "hierarchical", "reason": "x"}
    with resolved() as story:
        story.dana.records_the_cause()
        story.dana.closes()
        with story.refused("already_closed"):
            story.does("dana", command, **bodies.get(command, {}))


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
    state, timeline = began, ()
    for hour in range(1, 7 * 24 - 7):
        step = escalation.advance(state, when("18:00") + timedelta(hours=hour))
        state, timeline = step.state, (*timeline, *step.timeline)
    assert leap.state.model_copy(update={"version": 0}) == state.model_copy(update={"version": 0})
    assert leap.timeline == timeline
    breaches = [(said(line.at), line.data["target"]) for line in timeline if line.kind == "breached"]
    assert breaches[:3] == [("21:00", "resolution"), ("22:00", "acknowledge"), ("22:00", "customer_update")]


def test_outage_messages_of_an_entry_already_left_are_skipped_as_overtaken() -> None:
    with Story(policy(L1="calendar: office", L2="targets: {acknowledge: {all: 2h}}"), opens="08:00") as story:
        story.leaps_to("10:00")
        story.expect_told("finn", "sms")  # not dana, not eli: their entry is over
        assert story.texts("skipped") == ["step 1: overtaken", "step 2: overtaken"]
        assert story.happened("breached", "climbed") == ["09:30 breached", "09:30 climbed"]


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
        story.later("10:35")
        story.now = when("10:20")
        story.dana.acknowledges()
        assert story.happened("acknowledged") == ["10:35 acknowledged"]


# the worked cases of the architecture page that concern pauses

WEEKDAYS = ("tue", "wed", "thu", "fri")
SHOP = Calendar.model_validate(
    {"timezone": "UTC", "hours": {"mon": ["10:30-19:00"], **dict.fromkeys(WEEKDAYS, ["08:30-19:00"])}}
)
BERLIN_WEEK = Calendar.model_validate(
    {
        "timezone": "Europe/Berlin",
        "hours": dict.fromkeys(("mon", *WEEKDAYS), ["08:00-20:00"]),
        "closed": ["11-01"],
    }
)
BERLIN_DAILY = Calendar.model_validate(
    {"timezone": "Europe/Berlin", "hours": dict.fromkeys(("mon", *WEEKDAYS, "sat", "sun"), ["09:00-18:00"])}
)


def paused_clock(start: str, seconds: int, *pauses: tuple[str, str]) -> Clock:
    clock = started("resolution", instant(start), seconds, "shop", warn_at=(50,))
    for begins, ends in pauses:
        clock = clock.then("pause", instant(begins)).then("resume", instant(ends))
    return clock


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


WORKED = [
    pytest.param(
        SHOP,
        paused_clock(
            "2034-06-09 08:46:12",
            30 * 60,
            ("2034-06-09 08:47:42", "2034-06-09 10:05:54"),
            ("2034-06-09 10:09:13", "2034-06-09 10:34:38"),
            ("2034-06-09 10:43:41", "2034-06-09 11:29:17"),
        ),
        "2034-06-09 11:45:25",
        id="three pauses in one morning",
    ),
    pytest.param(
        SHOP,
        paused_clock(
            "2034-06-05 10:00:00",
            4 * 3600,
            ("2034-06-05 11:00:00", "2034-06-07 09:30:00"),
            ("2034-06-07 10:00:00", "2034-06-08 09:00:00"),
        ),
        "2034-06-08 12:00:00",
        id="pauses over nights, start before opening",
    ),
    pytest.param(
        BERLIN_WEEK,
        paused_clock("2016-11-01 15:59:14", 20 * 3600, ("2016-11-01 15:59:58", "2016-11-07 13:26:36")),
        "2016-11-09 09:26:36",
        id="pause that begins on a holiday",
    ),
    pytest.param(
        BERLIN_DAILY,
        paused_clock("2013-06-04 09:00:00", 2 * 3600, ("2013-06-04 10:00:00", "2013-06-04 15:00:00")),
        "2013-06-04 16:00:00",
        id="deadline on closing time",
    ),
]


@pytest.mark.parametrize(("calendar", "clock", "due"), WORKED)
def test_worked_case_with_pauses(calendar: Calendar, clock: Clock, due: str) -> None:
    assert deadline(clock, calendar) == instant(due)
    assert elapsed(clock, calendar, instant(due)) == clock.seconds
    half = warning_at(clock, calendar, 50)
    assert half is not None
    assert elapsed(clock, calendar, half) == clock.seconds // 2


def test_a_deadline_behind_an_open_pause_is_unknown_and_elapsed_stands_still() -> None:
    clock = started("resolution", instant("2034-06-09 09:00:00"), 3600, "shop").then("pause", instant("2034-06-09 09:20:00"))
    assert deadline(clock, SHOP) is None
    assert elapsed(clock, SHOP, instant("2034-06-12 12:00:00")) == 20 * 60
