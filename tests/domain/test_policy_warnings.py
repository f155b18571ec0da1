"""What a policy may say but probably does not mean: each warning has its place, what goes wrong and when, and what to write."""

import copy
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.calendars import WorkingTime
from domain.policy import Policy
from domain.policy_file import check_policy, load_policy
from domain.policy_warnings import warnings
from domain.roster import Roster
from domain.roster_file import load_roster
from domain.simulation import Sending, course
from domain.state import Opening
from domain.tickets import PRIORITIES
from tests.domain.drawn import Case, cases_of

ROOT = Path(__file__).parents[2]
POLICY_FILES = [path for path in sorted((ROOT / "policies").glob("*.yaml")) if path.name != "roster.yaml"]
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday, 11:00 in Berlin; the clocks change on the 29th

WEEK = ("mon", "tue", "wed", "thu", "fri")
STEP = {"tell": "on_call", "channels": ["email"]}
CALM: dict[str, Any] = {
    "name": "calm",
    "owner_of_last_resort": "olga",
    "calendars": {
        "office": {"timezone": "Europe/Berlin", "day": "8h", "hours": {day: ["09:00-17:00"] for day in WEEK}},
        "mornings": {"timezone": "Europe/Berlin", "day": "8h", "hours": {"mon": ["09:00-10:00"]}},
    },
    "tiers": [
        {
            "name": "L1",
            "team": "support",
            "calendar": "office",
            "targets": {"acknowledge": {"all": "1h"}, "tier_resolution": {"all": "4h"}},
            "steps": [STEP],
        },
        {"name": "L2", "team": "experts", "targets": {"acknowledge": {"all": "1h"}}, "steps": [STEP]},
    ],
    "targets": {"closure": {"all": "15d"}},
}
PEOPLE = [{"id": person, "name": person, "email": f"{person}@x.example"} for person in ("olga", "dana", "eli")]
ROTATION = {
    "timezone": "Europe/Berlin",
    "handoff": "09:00",
    "every": "1d",
    "start": "2026-01-05",
    "members": ["dana"],
}
SUPPORT = {"id": "support", "members": ["dana"]}
EXPERTS = {"id": "experts", "members": ["eli"]}
EVERYBODY_THERE = Roster.model_validate({"people": PEOPLE, "teams": [SUPPORT, EXPERTS]})


def changed(path: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(CALM)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = data
    for part in parents:
        here = here[part]
    here[last] = value
    return data


def told(data: dict[str, Any], roster: Roster = EVERYBODY_THERE, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(fault.path, fault.message) for fault in warnings(check_policy(data), roster, now)]


def told_of_one_stored_earlier(data: dict[str, Any], now: datetime = NOW) -> list[tuple[str, str]]:
    """Of a policy that may be refused today."""
    return [(fault.path, fault.message) for fault in warnings(Policy.model_validate(data), EVERYBODY_THERE, now)]


def support_by(*rotations: dict[str, Any]) -> Roster:
    return Roster.model_validate({"people": PEOPLE, "teams": [{"id": "support", "rotations": rotations}, EXPERTS]})


def test_the_calm_policy_has_no_warning_so_that_each_one_below_is_the_only_one() -> None:
    assert told(CALM) == []


@pytest.mark.parametrize("path", POLICY_FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("month", range(1, 13))
def test_the_policies_we_ship_fit_the_roster_we_ship_in_every_month(path: Path, month: int) -> None:
    roster = load_roster((ROOT / "policies" / "roster.yaml").read_text(encoding="utf-8"), "roster.yaml")
    policy = load_policy(path.read_text(encoding="utf-8"))
    assert warnings(policy, roster, datetime(2027, month, 1, 6, 30, tzinfo=UTC)) == []


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        warnings(check_policy(CALM), EVERYBODY_THERE, datetime(2026, 3, 4))


# Names and steps


def test_references_the_roster_lacks_are_warnings_not_faults() -> None:
    data = changed("tiers.0.steps", [STEP, {**STEP, "tell": "person:dena", "after": "5m"}])
    data["functional"] = [{"team": "payments"}]
    roster = Roster.model_validate({"people": [{"id": "dana", "name": "Dana"}]})
    found = dict(told(data, roster))
    assert list(found) == [
        "owner_of_last_resort",
        "tiers[0].team",
        "tiers[0].steps[1].tell",
        "tiers[1].team",
        "functional[0].team",
    ]
    assert "did you mean 'dana'?" in found["tiers[0].steps[1].tell"]


def test_a_step_at_or_after_its_acknowledge_target_is_a_warning() -> None:
    data = changed("tiers.0.targets.acknowledge", {"all": "1h", "critical": "10m"})
    data["tiers"][0]["steps"] = [STEP, {**STEP, "after": "9m"}, {**STEP, "after": "10m"}, {**STEP, "after": "1h"}]
    found = dict(told(data))
    assert list(found) == ["tiers[0].steps[2].after", "tiers[0].steps[3].after"]
    assert "for critical;" in found["tiers[0].steps[2].after"]
    assert "for low, medium, high, critical;" in found["tiers[0].steps[3].after"]
    assert "goes out there only when the step above it reaches nobody" in found["tiers[0].steps[3].after"]


def steps_sent(data: dict[str, Any], priority: str, at: datetime) -> set[tuple[str, int]]:
    """The steps that go out in a case that nobody answers: tier and number."""
    case = {"id": "zendesk-1", "episode": 1, "accepted_at": at, "opened_by": None, "trigger": {"kind": "manual"}}
    ticket = {"system": "zendesk", "id": "1", "subject": "It is down"}
    rules = {"policy": check_policy(data), "priority": priority, "priority_reasons": ()}
    opening = Opening.model_validate({**case, **rules, "ticket": ticket, "customer": {"id": "c", "name": "C"}})
    sent = (one for one in course(opening, EVERYBODY_THERE).happenings if isinstance(one, Sending))
    return {(one.tier, one.message.step) for one in sent if one.message.kind == "step"}


def late_steps(data: dict[str, Any], priority: str) -> set[tuple[str, int]]:
    """The steps that are warned of, in the same words."""
    places = ((re.fullmatch(r"tiers\[(\d)]\.steps\[(\d)]\.after", path), message) for path, message in told(data))
    names = [tier["name"] for tier in data["tiers"]]
    return {
        (names[int(place[1])], int(place[2]))
        for place, message in places
        if place and priority in message.partition(" for ")[2].partition(";")[0].split(", ")
    }


def with_steps(tier: str | None, target: str | None, acknowledge: int, afters: list[int]) -> dict[str, Any]:
    steps = [STEP, *({**STEP, "after": f"{after}m"} for after in afters)]
    calendars = {} if target is None else {"calendar": target}
    targets = {"acknowledge": {"all": f"{acknowledge}m", "critical": "20m", **calendars}}
    part = {"targets": targets, "steps": steps, "calendar": tier or "always", "repeat": 1}
    return {**CALM, "tiers": [{**CALM["tiers"][0], **part}, {**CALM["tiers"][1], **part}]}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from((None, "office", "mornings")),
    st.sampled_from((None, "always", "office", "mornings")),
    st.sampled_from((10, 45, 60)),
    st.lists(st.sampled_from((5, 10, 20, 45, 60, 90)), min_size=1, max_size=3, unique=True).map(sorted),
    st.sampled_from(PRIORITIES),
    st.integers(0, 7 * 24 * 4),
)
def test_a_step_that_is_warned_of_does_not_go_out_in_a_case_that_nobody_answers(
    tier: str | None, target: str | None, acknowledge: int, afters: list[int], priority: str, quarter: int
) -> None:
    data = with_steps(tier, target, acknowledge, afters)
    sent = steps_sent(data, priority, NOW + timedelta(minutes=15 * quarter))
    late = late_steps(data, priority)
    assert not late & sent
    if (target or tier or "always") == (tier or "always"):  # then the order is the same for every case
        assert {name for name, _ in late} <= {"L1"}
        assert {("L1", number) for number in range(len(afters) + 1)} - late <= sent


def test_a_step_whose_target_waits_for_another_calendar_does_go_out_and_is_not_warned_of() -> None:
    data = with_steps("always", "office", 60, [60])
    friday_evening = datetime(2026, 3, 6, 18, tzinfo=UTC)
    assert ("L1", 1) in steps_sent(data, "low", friday_evening)
    assert late_steps(data, "low") == set()


def test_at_the_last_tier_the_steps_go_on_after_the_target_and_are_not_warned_of() -> None:
    data = with_steps("always", None, 60, [90])
    assert ("L2", 1) in steps_sent(data, "low", NOW)
    assert late_steps(data, "low") == {("L1", 1)}


# Steps that find nobody, and channels that reach nobody


def test_who_would_be_next_in_a_team_of_one_is_told() -> None:
    data = changed("tiers.0.steps", [STEP, {**STEP, "tell": "on_call.next", "after": "5m"}])
    assert told(data) == [
        (
            "tiers[0].steps[1].tell",
            "in 'support' nobody is next in the next four weeks, so this step finds nobody; "
            "give the team another member or rotation in the roster, or tell somebody else",
        )
    ]
    two = {"id": "support", "members": ["dana", "eli"]}
    assert told(data, Roster.model_validate({"people": PEOPLE, "teams": [two, EXPERTS]})) == []


def test_a_lead_that_a_team_does_not_have_is_told() -> None:
    data = changed("tiers.0.steps", [STEP, {**STEP, "tell": "team.lead", "after": "5m"}])
    ((path, message),) = told(data)
    assert path == "tiers[0].steps[1].tell"
    assert message.startswith("'support' has no lead, so this step finds nobody")
    led = {**SUPPORT, "lead": "eli"}
    assert told(data, Roster.model_validate({"people": PEOPLE, "teams": [led, EXPERTS]})) == []


def by_phone(*with_phone: str, **support: Any) -> Roster:
    people = [{**one, "phone": "+493023125101"} if one["id"] in with_phone else one for one in PEOPLE]
    return Roster.model_validate({"people": people, "teams": [{**SUPPORT, **support}, EXPERTS]})


@pytest.mark.parametrize(
    ("tell", "support", "lacking"),
    [
        ("on_call", {}, "dana"),
        ("on_call", {"members": ["eli", "dana"]}, "eli"),
        ("on_call.next", {"members": ["eli", "dana"]}, "dana"),
        ("on_call", {"members": ["dana", "eli"], "choose": "round_robin"}, "dana, eli"),
        ("on_call", {"members": [], "rotations": [{**ROTATION, "members": ["dana", "eli"]}]}, "dana, eli"),
        ("team.lead", {"lead": "eli"}, "eli"),
        ("person:eli", {}, "eli"),
    ],
)
def test_whoever_a_step_may_reach_needs_an_address_for_its_channels(
    tell: str, support: dict[str, Any], lacking: str
) -> None:
    data = changed("tiers.0.steps", [{**STEP, "tell": tell, "channels": ["sms", "email"]}])
    assert told(data, by_phone("olga", **support)) == [
        (
            "tiers[0].steps[0].channels",
            f"by SMS it cannot reach {lacking}, who may be told: the roster has no phone number there; add it, or tell "
            "them on another channel",
        )
    ]
    assert told(data, by_phone("olga", "dana", "eli", **support)) == []


def test_of_many_without_an_address_ten_are_named_and_the_others_counted() -> None:
    crowd = [{"id": f"p{n}", "name": f"P{n}"} for n in range(12)]
    team = {"id": "support", "choose": "round_robin", "members": [one["id"] for one in crowd]}
    roster = Roster.model_validate({"people": [*PEOPLE, *crowd], "teams": [team, EXPERTS]})
    ((_, message),) = told(CALM, roster)
    assert "cannot reach p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more, who may be told" in message


def test_the_owner_of_last_resort_needs_an_address_for_every_channel_that_steps_use() -> None:
    data = changed("tiers.1.steps", [{**STEP, "channels": ["sms"]}])
    ((path, message),) = told(data, by_phone("dana", "eli"))
    assert path == "owner_of_last_resort"
    assert message.startswith("by SMS it cannot reach olga, who may be told: the roster has no phone number there")


def test_somebody_without_e_mail_is_told_too() -> None:
    people = [{"id": "dana", "name": "Dana"}, *(one for one in PEOPLE if one["id"] != "dana")]
    ((path, message),) = told(CALM, Roster.model_validate({"people": people, "teams": [SUPPORT, EXPERTS]}))
    assert path == "tiers[0].steps[0].channels"
    assert "by e-mail it cannot reach dana, who may be told: the roster has no e-mail address there" in message


def test_who_is_on_duty_only_while_the_tier_is_closed_needs_no_address() -> None:
    day, night = ({**ROTATION, "hours": [hours]} for hours in ("08:00-20:00", "20:00-08:00"))
    data = changed("tiers.0.steps", [{**STEP, "channels": ["sms"]}])
    roster = by_phone("olga", "dana", rotations=[day, {**night, "members": ["eli"]}])
    assert told(data, roster) == []


# A team nobody is on duty for


def test_gaps_in_the_rota_are_named_where_the_calendar_of_the_tier_is_open() -> None:
    morning = {**ROTATION, "hours": ["08:00-12:00"]}
    afternoon = {**ROTATION, "hours": ["12:30-20:00"]}
    assert told(CALM, support_by(morning, afternoon)) == [
        (
            "tiers[0].team",
            "nobody of 'support' is on duty while the calendar 'office' is open: Wed 2026-03-04 12:00–12:30, "
            "Thu 2026-03-05 12:00–12:30, Fri 2026-03-06 12:00–12:30 and 17 times more (Europe/Berlin), in all 10 h of the "
            "next four weeks; give the team a rotation for these hours in the roster",
        )
    ]


def test_a_gap_while_the_tier_is_closed_harms_nobody() -> None:
    assert told(CALM, support_by({**ROTATION, "hours": ["09:00-17:00"]})) == []


def test_a_gap_over_nights_is_one_and_counts_opening_hours_only() -> None:
    away = {"person": "dana", "from": "2026-03-10T15:00:00+01:00", "to": "2026-03-12T10:30:00+01:00"}
    teams = [{"id": "support", "rotations": [ROTATION]}, EXPERTS]
    roster = Roster.model_validate({"people": PEOPLE, "teams": teams, "absences": [away]})
    ((_, message),) = told(CALM, roster)
    assert ": Tue 2026-03-10 15:00 to Thu 2026-03-12 10:30 (Europe/Berlin), in all 11 h 30 min of" in message


def test_a_team_of_nobody_is_told_without_a_list() -> None:
    ((path, message),) = told(CALM, Roster.model_validate({"people": PEOPLE, "teams": [{"id": "support"}, EXPERTS]}))
    assert path == "tiers[0].team"
    assert "at any time of the next four weeks; give the team members or a rotation" in message


def test_each_calendar_of_a_tier_has_its_own_gaps() -> None:
    data = changed("tiers.0.calendar", {"critical": "always", "else": "office"})
    found = told(data, support_by({**ROTATION, "hours": ["09:00-16:00"]}))
    assert [path for path, _ in found] == ["tiers[0].team", "tiers[0].team"]
    assert found[0][1].startswith("for low, medium, high: nobody of 'support' is on duty while the calendar 'office'")
    assert "Wed 2026-03-04 16:00–17:00" in found[0][1]
    assert found[1][1].startswith("for critical: nobody of 'support' is on duty while the calendar 'always'")
    assert "Wed 2026-03-04 15:00 to Thu 2026-03-05 08:00" in found[1][1]  # that calendar's clock shows UTC


def test_a_gap_of_a_closed_day_harms_nobody_and_one_of_an_extra_open_day_does() -> None:
    roster = support_by({**ROTATION, "hours": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu")}})
    data = changed("calendars.office.closed", ["2026-03-06", "2026-03-13", "2026-03-20", "2026-03-27"])
    assert told(data, roster) == []
    data["calendars"]["office"]["open"] = {"2026-03-07": ["10:00-14:00"]}
    ((_, message),) = told(data, roster)
    assert "is open: Sat 2026-03-07 10:00–14:00 (Europe/Berlin), in all 4 h" in message


def test_public_holidays_are_closed_also_for_the_gaps() -> None:
    no_friday = support_by({**ROTATION, "hours": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu")}})
    data = changed("calendars.office.holidays", {"country": "DE"})
    ((_, message),) = told(data, no_friday, datetime(2026, 4, 1, 10, tzinfo=UTC))
    assert "Good Friday" not in message
    assert "Fri 2026-04-03" not in message
    assert "is open: Fri 2026-04-10 09:00–17:00" in message


def test_a_tier_that_never_asks_the_rota_has_no_gaps() -> None:
    data = changed("tiers.0.steps", [{**STEP, "tell": "person:dana"}])
    assert told(data, support_by({**ROTATION, "hours": ["01:00-02:00"]})) == []


# A target that can never be met


def test_a_target_over_a_year_away_says_when_it_ends() -> None:
    data = changed("tiers.0.targets.tier_resolution", {"all": "4h", "low": "30d", "calendar": "mornings"})
    assert told(data) == [
        (
            "tiers[0].targets.tier_resolution.low",
            "30d of the calendar 'mornings', begun now, ends only on Mon 2030-10-07; "
            "write something shorter, or a calendar that is open more often",
        )
    ]


def test_a_target_without_end_in_sight_is_told_quickly() -> None:
    data = changed("targets.resolution", {"all": "3000d", "calendar": "mornings"})
    began = perf_counter()
    ((path, message),) = told_of_one_stored_earlier(data)
    assert perf_counter() - began < 10  # a guard against growth, not a measurement
    assert path == "targets.resolution.all"
    assert "does not end within ten years" in message


def test_a_calendar_that_is_hardly_ever_open_is_told_by_its_targets() -> None:
    data = changed("calendars.mornings.closed", [f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 29)])
    data["tiers"][0]["calendar"] = "mornings"
    data["tiers"][0]["targets"]["tier_resolution"] = {"all": "50h"}
    assert [path for path, _ in told_of_one_stored_earlier(data)] == ["tiers[0].targets.tier_resolution.all"]


def test_a_promise_to_the_customer_can_be_too_far_away_too() -> None:
    data = {**CALM, "customer_updates": {"every": {"all": "60d"}, "calendar": "mornings"}}
    assert [path for path, _ in told(data)] == ["customer_updates.every.all"]


@pytest.mark.parametrize("target", ["acknowledge", "tier_resolution"])
def test_a_target_missed_before_anybody_is_told_names_the_first_such_arrival(target: str) -> None:
    data = changed(f"tiers.0.targets.{target}", {"all": "90m", "calendar": "always"})
    data["tiers"][0]["targets"].setdefault("tier_resolution", {"all": "4h"})
    assert told(data) == [
        (
            f"tiers[0].targets.{target}.calendar",
            "a case that arrives Wed 2026-03-04 17:00 misses it Wed 2026-03-04 18:30, and nobody is told before "
            "Thu 2026-03-05 09:00 (Europe/Berlin): the target counts while the steps wait for the calendar 'office'; "
            "write office here too, or give the tier a calendar that is open then",
        )
    ]


def test_a_target_that_only_a_weekend_breaks_names_the_friday() -> None:
    data = changed(
        "tiers.0.targets.acknowledge", {"all": "1h", "low": "16h", "calendar": {"low": "always", "else": "office"}}
    )
    ((_, message),) = told(data)
    assert message.startswith("for low: a case that arrives Wed 2026-03-04 17:00 misses it Thu 2026-03-05 09:00")
    data["tiers"][0]["targets"]["acknowledge"]["low"] = "16h1s"
    ((_, message),) = told(data)
    assert message.startswith("for low: a case that arrives Fri 2026-03-06 17:00 misses it Sat 2026-03-07 09:00")
    data["tiers"][0]["targets"]["acknowledge"]["low"] = "65h"
    assert told(data) == []


def test_a_case_that_arrives_while_closed_already_counts_from_now() -> None:
    data = changed("tiers.0.targets.acknowledge", {"all": "1h", "calendar": "always"})
    ((_, message),) = told(data, now=datetime(2026, 3, 7, 12, tzinfo=UTC))
    assert "arrives Sat 2026-03-07 13:00 misses it Sat 2026-03-07 14:00" in message


def test_a_tier_resolution_no_longer_than_the_acknowledge_target_is_told() -> None:
    data = changed("tiers.0.targets.tier_resolution", {"all": "4h", "high": "1h", "critical": "59m"})
    ((path, message),) = told(data)
    assert path == "tiers[0].targets.tier_resolution"
    assert message.startswith("for high, critical: it ends no later than the acknowledge target")
    assert told(changed("tiers.0.targets.tier_resolution", {"all": "61m"})) == []
    assert told(changed("tiers.0.targets.tier_resolution", {"low": "4h"})) == []


def test_targets_in_days_are_compared_by_the_day_of_their_calendar() -> None:
    data = changed("tiers.0.targets", {"acknowledge": {"all": "8h"}, "tier_resolution": {"all": "1d"}})
    assert [path for path, _ in told(data)] == ["tiers[0].targets.tier_resolution"]


# A last tier without end


def test_without_a_closing_limit_the_last_tier_has_no_end() -> None:
    data = copy.deepcopy(CALM)
    del data["targets"]
    assert told(data) == [
        (
            "targets.closure",
            "is missing, so nothing limits the time at the last tier 'L2': where nobody acknowledges, the owner of last "
            "resort 'olga' is told every 24 h for ever; write a limit such as closure: {all: 15d}",
        )
    ]


def test_a_closing_limit_for_some_priorities_leaves_the_others_without_end() -> None:
    ((path, message),) = told(changed("targets.closure", {"critical": "5d", "high": "5d"}))
    assert path == "targets.closure"
    assert message.startswith("says nothing for low, medium, so nothing limits")


# Whatever the calendar


@settings(max_examples=50, deadline=None)
@given(cases_of(st.integers(0, 1439)), st.integers(1, 100), st.sampled_from("mhd"), st.sampled_from("mhd"))
def test_any_calendar_is_looked_at_and_an_arrival_that_is_named_is_truly_missed(
    case: Case, count: int, first: str, second: str
) -> None:
    data = changed("calendars.office", {**case.calendar.model_dump(mode="json"), "day": "8h"})
    data["tiers"][0]["targets"]["acknowledge"] = {"all": f"{count}{first}", "calendar": "always"}
    data["tiers"][0]["targets"]["tier_resolution"] = {"all": f"{count}{second}"}
    now = datetime(case.middle.year, case.middle.month, case.middle.day, 1, 2, 3, 4, tzinfo=UTC) - timedelta(days=7)
    work = WorkingTime(case.calendar)
    closed = [now, *(closes for _, closes in work.stretches(now, now + timedelta(weeks=4)))]
    longest = max(work.opening(at) - at for at in closed)
    assume(WorkingTime(case.calendar).between(now, now + timedelta(weeks=52)) > 100 * 8 * 3600)  # a target within reach
    told_so = any(path == "tiers[0].targets.acknowledge.calendar" for path, _ in told_of_one_stored_earlier(data, now))
    assert told_so == (
        longest >= {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[first] * count
    )


# What it costs


def test_five_tiers_and_twenty_teams_are_looked_at_in_under_a_second(record_property: Any) -> None:
    hours = {"mon": ["08:00-12:00", "12:30-20:00"], "wed": ["08:00-12:00", "22:00-06:00"]}
    layers = [{**ROTATION, "every": every, "members": ["dana", "eli"]} for every in ("12h", "1d", "1w")]
    teams = [{"id": f"team-{n}", "rotations": [{**layer, "hours": hours} for layer in layers]} for n in range(20)]
    away = [
        {"person": person, "from": f"2026-03-{day:02}T09:00:00Z", "to": f"2026-03-{day + 1:02}T09:00:00Z"}
        for day in range(5, 25)
        for person in ("dana", "eli")
    ]
    roster = Roster.model_validate({"people": PEOPLE, "teams": teams, "absences": away})
    data = copy.deepcopy(CALM)
    mixed = {"critical": "always", "else": "office"}
    tier = {**CALM["tiers"][0], "calendar": mixed}
    data["tiers"] = [{**tier, "name": f"L{n}", "team": f"team-{n}"} for n in range(5)]
    policy = check_policy(data)
    took = []
    for _ in range(3):  # the quickest: the others were held up by something else on the machine
        began = perf_counter()
        assert len(warnings(policy, roster, NOW)) == 10
        took.append(perf_counter() - began)
    record_property(
        "measured",
        f"policy warnings: 5 tiers, 20 teams of 3 rotations, 40 absences in {min(took) * 1000:.0f} ms",
    )
    assert min(took) < 10  # a guard against growth, not a measurement
