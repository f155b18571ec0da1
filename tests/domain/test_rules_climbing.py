"""rules.md, table "Climbing", from "entry" to "acknowledge": a test per row or sentence of a row, in its order."""

from tests.domain.story import Story, policy

NOBODY_AT_L1 = (("support", "on_call"), ("support", "on_call.next"))
NOBODY_AT_L3 = (("management", "on_call"),)
AT_THE_TOP = "start_tier: {high: L3}"


# entry


def test_entries_are_numbered_whatever_brings_the_case_to_a_tier() -> None:
    with Story() as story:
        assert story.entry == 1
        story.dana.escalates()
        assert (story.entry, story.tier) == (2, "L2")
        story.finn.hands_back()
        assert (story.entry, story.tier) == (3, "L1")
        story.later("10:30")  # the acknowledge target of entry 3
        assert (story.entry, story.tier) == (4, "L2")
        story.finn.resolves()
        story.finn.reopens()
        assert (story.entry, story.tier) == (5, "L2")
        story.never_mind()


def test_entry_cancels_the_clocks_of_the_entry_before_and_starts_new_ones() -> None:
    with Story(policy(L1="targets: {tier_resolution: {all: 4h}}", L2="targets: {tier_resolution: {all: 2h}}")) as story:
        story.later("10:05")
        story.dana.escalates()
        assert story.target("acknowledge", "L1").status == story.target("tier_resolution", "L1").status == "cancelled"
        assert (story.target("acknowledge", "L2").status, story.target("acknowledge", "L2").due) == ("running", "11:05")
        assert story.target("tier_resolution", "L2").due == "12:05"
        story.never_mind()


def test_entry_clears_the_owner_and_begins_the_steps_again() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.dana.escalates()
        assert (story.owner, story.status) == ("nobody", "open")
        story.expect_told("finn", "sms")
        story.finn.hands_back()
        story.expect_told("dana", "sms", "email")
        story.at("10:10").expect_told("eli", "sms")


# steps


def test_steps_go_out_one_after_the_other_at_their_time_after_the_entry() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:09:59").expect_nobody_told()
        story.at("10:10").expect_told("eli", "sms")
        story.at("10:29:59").expect_nobody_told()


def test_after_is_working_time_in_the_calendar_of_the_tier() -> None:
    with Story(policy(L1="calendar: office"), opens="16:55") as story:
        story.expect_told("dana", "sms", "email")
        story.at("Tue 09:04:59").expect_nobody_told()
        story.at("Tue 09:05").expect_told("eli", "sms")


def test_outside_its_hours_step_0_waits_for_the_opening() -> None:
    with Story(policy(L1="calendar: office"), opens="17:00") as story:
        assert story.accountable == "lea"  # the lead, until somebody is told
        story.at("Tue 09:00").expect_told("dana", "sms", "email")
        story.at("Tue 09:10").expect_told("eli", "sms")
        assert story.target("acknowledge").due == "Tue 09:30"


def test_steps_end_at_acknowledgement() -> None:
    with Story() as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:05")
        story.dana.acknowledges()
        story.at("Fri 10:00").expect_nobody_told()


# channels of a step


def test_a_responder_is_told_on_all_channels_at_once() -> None:
    with Story() as story:
        told = story.expect_told("dana", "sms", "email")
        assert {message.at for message in told} == {story.now}


def test_one_channel_that_works_is_enough() -> None:
    with Story(failing=(("dana", "sms"),)) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:09").expect_nobody_told()
        assert (story.accountable, story.happened("delivery_failed")) == ("dana", ["10:00 delivery_failed"])
        story.at("10:10").expect_told("eli", "sms")


def test_when_all_channels_of_a_step_fail_the_next_step_goes_out_now() -> None:
    with Story(failing=(("dana", "sms"), ("dana", "email"))) as story:
        story.expect_told("dana", "sms", "email")
        story.expect_told("eli", "sms")
        assert story.accountable == "eli"
        story.at("10:29").expect_nobody_told()


def test_when_every_step_fails_the_case_climbs_now() -> None:
    with Story(failing=(("dana", "sms"), ("dana", "email"), ("eli", "sms"))) as story:
        story.expect_told("dana", "sms", "email")
        story.expect_told("eli", "sms")
        story.expect_told("finn", "sms")
        assert story.happened("delivery_failed", "climbed") == ["10:00 delivery_failed"] * 3 + ["10:00 climbed"]


def test_a_first_step_that_fails_after_the_last_one_reached_nobody_climbs_too() -> None:
    """Whichever answer comes last: once nobody was reached in the entry, it climbs."""
    with Story(nobody=(("support", "on_call.next"),)) as story:
        told = story.expect_told("dana", "sms", "email")
        story.at("10:10").expect_nobody_told()
        story.at("10:12")
        for message in told:
            story.fails(message)
        story.expect_told("finn", "sms")
        assert story.tier == "L2"


def test_a_late_failure_of_an_earlier_round_does_not_hurry_the_new_one() -> None:
    rules = policy(
        AT_THE_TOP, L3="steps: [{tell: on_call, channels: [sms]}, {after: 20m, tell: on_call.next, channels: [sms]}]"
    )
    with Story(rules) as story:
        told = story.expect_told("mia", "sms")
        story.later("11:00").expect_told("mia", "sms")
        story.at("11:05").fails(told[0])
        story.at("11:19").expect_nobody_told()
        story.at("11:20").expect_told("noa", "sms")


def test_the_customer_is_told_on_the_first_channel_that_works() -> None:
    rules = policy("customer_updates: {every: {all: 4h}, channels: [email, sms], on: [opened]}")
    with Story(rules, failing=(("customer", "email"),)) as story:
        story.expect_told("dana", "sms", "email")
        story.expect_told("customer", "email", "sms", kind="customer_opened")
    with Story(rules) as story:
        story.expect_told("dana", "sms", "email")
        story.expect_customer_told("opened", "email")


# nobody on duty


def test_nobody_on_duty_is_recorded_and_the_next_step_is_tried_at_once() -> None:
    with Story(nobody=NOBODY_AT_L1[:1]) as story:
        story.expect_told("eli", "sms")
        assert story.texts("nobody_on_duty") == ["nobody on duty for on_call of support"]
        story.at("10:29").expect_nobody_told()


def test_nobody_on_duty_for_any_step_goes_to_the_next_tier() -> None:
    with Story(nobody=NOBODY_AT_L1) as story:
        story.expect_told("finn", "sms")
        assert (story.tier, story.happened("nobody_on_duty")) == ("L2", ["10:00 nobody_on_duty"] * 2)


def test_nobody_on_duty_at_the_last_tier_tells_the_owner_of_last_resort() -> None:
    with Story(policy(AT_THE_TOP), nobody=NOBODY_AT_L3) as story:
        story.expect_told("olga", "email", kind="last_resort")
        assert story.accountable == "olga"


def test_nobody_on_duty_after_somebody_was_told_does_not_climb() -> None:
    with Story(nobody=NOBODY_AT_L1[1:]) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:29").expect_nobody_told()
        assert (story.tier, story.accountable) == ("L1", "dana")


# breach


def test_breach_of_acknowledge_climbs_one_tier() -> None:
    with Story() as story:
        story.later("10:29:59")
        assert story.tier == "L1"
        story.at("10:30").expect_told("finn", "sms")
        assert story.tier == "L2"


def test_breach_of_tier_resolution_climbs_one_tier() -> None:
    with Story(policy(L1="targets: {tier_resolution: {all: 4h}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("14:00").expect_told("finn", "sms")


def test_breach_of_resolution_climbs_one_tier_and_runs_no_second_time() -> None:
    with Story(policy("targets: {resolution: {all: 4h}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("14:00").expect_told("finn", "sms")
        story.finn.acknowledges()
        story.at("Fri 10:00")
        assert (story.tier, story.target("resolution").breached) == ("L2", "14:00")


def test_breach_of_a_customer_update_climbs_one_tier() -> None:
    with Story(policy("customer_updates: {every: {all: 4h}, on: []}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.later("14:00").expect_told("finn", "sms")
        story.expect_customer_told("holding")


def test_several_breaches_at_the_same_instant_climb_once() -> None:
    rules = policy("targets: {resolution: {all: 30m}}", L1="targets: {tier_resolution: {all: 30m}}")
    with Story(rules) as story:
        story.later("10:30").expect_told("finn", "sms")
        assert (story.tier, story.entry) == ("L2", 2)
        assert story.happened("breached", "climbed") == ["10:30 breached"] * 3 + ["10:30 climbed"]


def test_breach_of_root_cause_tells_the_resolver_then_the_lead_of_the_team() -> None:
    with Story(policy("targets: {root_cause: {all: 1d}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.eli.resolves()
        story.at("Tue 10:00").expect_told("eli", "sms", kind="root_cause_overdue")
        story.at("Wed 10:00").expect_told("lea", "sms", kind="root_cause_overdue")
        story.at("Sun 10:00").expect_nobody_told()
        assert (story.tier, story.status) == ("L1", "resolved")


def test_a_root_cause_recorded_late_is_met_and_spares_the_lead() -> None:
    with Story(policy("targets: {root_cause: {all: 1d}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.eli.resolves()
        story.at("Tue 10:00").expect_told("eli", "sms", kind="root_cause_overdue")
        story.at("Tue 11:00")
        story.eli.records_the_cause()
        story.at("Sun 10:00").expect_nobody_told()
        assert (story.target("root_cause").breached, story.target("root_cause").met) == ("Tue 10:00", "Tue 11:00")


def test_breach_of_closure_tells_the_owner_of_last_resort_daily() -> None:
    with Story(policy("targets: {closure: {all: 2d}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.resolves()
        for day in ("Wed", "Thu", "Fri"):
            story.at(f"{day} 10:00").expect_told("olga", "sms", "email", kind="closure_overdue")
        story.dana.records_the_cause()
        story.dana.closes()
        story.at("Sun 10:00").expect_nobody_told()


def test_breached_at_stays_for_ever_and_met_at_may_still_be_set() -> None:
    with Story(policy("targets: {resolution: {all: 1h}}")) as story:
        story.later("12:00")
        story.finn.resolves()
        story.never_mind()
        found = story.target("resolution")
        assert (found.status, found.breached, found.met) == ("breached", "11:00", "12:00")


# acknowledge


def test_acknowledge_meets_the_acknowledge_target() -> None:
    with Story(policy(L1="targets: {acknowledge: {warn_at: [50]}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:07")
        story.dana.acknowledges()
        assert (story.target("acknowledge").status, story.target("acknowledge").met) == ("met", "10:07")
        story.at("Fri 10:00").expect_nobody_told()


def test_tier_resolution_runs_on_from_the_entry_and_its_breach_clears_the_acknowledgement() -> None:
    with Story(policy(L1="targets: {tier_resolution: {all: 1h}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:09")
        story.dana.acknowledges()
        assert story.target("tier_resolution").due == "11:00"
        story.at("11:00").expect_told("finn", "sms")
        assert (story.status, story.owner, story.tier) == ("open", "nobody", "L2")
        assert story.state.acknowledged_at is None


def test_acknowledged_but_nothing_happens_goes_back_to_the_steps_of_the_same_tier() -> None:
    with Story(policy(L1="{acknowledge_timeout: {all: 2h}, targets: {tier_resolution: {all: 8h}}}")) as story:
        story.expect_told("dana", "sms", "email")
        story.dana.acknowledges()
        story.at("11:00")
        story.dana.notes()  # something happens: the two hours begin again
        story.at("13:00").expect_told("dana", "sms", "email")
        assert (story.tier, story.entry, story.owner) == ("L1", 2, "nobody")
        assert story.target("acknowledge").due == "13:30"
        assert story.target("tier_resolution").due == "18:00"  # runs on from the first arrival
