"""Steps that come too late, targets that can never be met or are missed before anybody is told, a last tier without end."""

import copy
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.calendars import WorkingTime
from domain.policy import Policy
from domain.policy_file import check_policy
from domain.policy_warnings import warnings
from domain.simulation import Sending, course
from domain.state import Opening
from domain.tickets import PRIORITIES
from tests.domain.calm import CALM, EVERYBODY_THERE, NOW, STEP, changed, told
from tests.domain.drawn import Case, cases_of


def told_of_one_stored_earlier(data: dict[str, Any], now: datetime = NOW) -> list[tuple[str, str]]:
    """Of a policy that may be refused today."""
    return [(fault.path, fault.message) for fault in warnings(Policy.model_validate(data), EVERYBODY_THERE, now)]


def test_a_step_at_or_after_its_acknowledge_target_is_a_warning() -> None:
    data = changed("tiers.0.targets.acknowledge", {"all": "1h", "critical": "10m"})
    data["tiers"][0]["steps"] = [STEP, {**STEP, "after": "9m"}, {**STEP, "after": "10m"}, {**STEP, "after": "1h"}]
    found = dict(told(data))
    assert list(found) == ["tiers[0].steps[2].after", "tiers[0].steps[3].after"]
    assert "for critical;" in found["tiers[0].steps[2].after"]
    assert "for low, medium, high, critical;" in found["tiers[0].steps[3].after"]
    assert "goes out there only when the step above it reaches nobody" in found["tiers[0].steps[3].after"]


def steps_sent(data: dict[str, Any], priority: str, at: datetime) -> Counter[tuple[str, int]]:
    """How often each step goes out in a case that nobody answers: tier and number."""
    case = {"id": "zendesk-1", "episode": 1, "accepted_at": at, "opened_by": None, "trigger": {"kind": "manual"}}
    ticket = {"system": "zendesk", "id": "1", "subject": "It is down"}
    rules = {"policy": check_policy(data), "priority": priority, "priority_reasons": ()}
    opening = Opening.model_validate({**case, **rules, "ticket": ticket, "customer": {"id": "c", "name": "C"}})
    sent = (one for one in course(opening, EVERYBODY_THERE).happenings if isinstance(one, Sending))
    return Counter((one.tier, one.message.step) for one in sent if one.message.kind == "step")


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
    long = {"closure": {"all": "200d"}}  # so that nothing else ends the case
    return {**CALM, "targets": long, "tiers": [{**CALM["tiers"][0], **part}, {**CALM["tiers"][1], **part}]}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from((None, "office", "mornings")),
    st.sampled_from((None, "always", "office", "mornings")),
    st.sampled_from((10, 45, 60)),
    st.lists(st.sampled_from((5, 10, 20, 45, 60, 90)), min_size=1, max_size=3, unique=True).map(sorted),
    st.sampled_from(PRIORITIES),
    st.integers(0, 7 * 24 * 4),
)
def test_a_step_that_is_warned_of_does_not_go_out_in_a_case_that_nobody_answers_or_only_once_at_the_last_tier(
    tier: str | None, target: str | None, acknowledge: int, afters: list[int], priority: str, quarter: int
) -> None:
    data = with_steps(tier, target, acknowledge, afters)
    sent = steps_sent(data, priority, NOW + timedelta(minutes=15 * quarter))
    late = late_steps(data, priority)
    assert {sent[step] for step in late if step[0] == "L1"} <= {0}
    assert {sent[step] for step in late if step[0] == "L2"} <= {1}
    if (target or tier or "always") == (tier or "always"):  # then the order is the same for every case
        fine = {(name, number) for name in ("L1", "L2") for number in range(len(afters) + 1)} - late
        assert {sent[step] for step in fine if step[0] == "L1"} == {1}
        assert {sent[step] for step in fine if step[0] == "L2"} == {2}


def test_a_step_whose_target_waits_for_another_calendar_does_go_out_and_is_not_warned_of() -> None:
    data = with_steps("always", "office", 60, [60])
    friday_evening = datetime(2026, 3, 6, 18, tzinfo=UTC)
    assert ("L1", 1) in steps_sent(data, "low", friday_evening)
    assert late_steps(data, "low") == set()


def test_at_the_last_tier_a_step_after_the_target_goes_out_once_after_the_last_round_and_one_at_it_in_every_round() -> (
    None
):
    data = with_steps("always", None, 60, [60, 90])
    assert steps_sent(data, "low", NOW) == {("L1", 0): 1, ("L2", 0): 2, ("L2", 1): 2, ("L2", 2): 1}
    assert late_steps(data, "low") == {("L1", 1), ("L1", 2), ("L2", 2)}
    found = dict(told(data))["tiers[1].steps[2].after"]
    assert found.endswith(
        "it goes out only once, after the last of them, when the owner of last resort has already been told"
    )


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
