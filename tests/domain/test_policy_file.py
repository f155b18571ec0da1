"""Policy files that are fine: each says what it means and reads back as itself; anything else is a list of faults."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.durations import Duration
from domain.errors import PolicyFaults
from domain.policy_file import check_policy, dump_policy, load_policy
from domain.tickets import Customer, Ticket, Trigger
from domain.yaml_text import parse_yaml
from tests.domain.small import SMALL, changed

ROOT = Path(__file__).parents[2]
POLICY_FILES = [path for path in sorted((ROOT / "policies").glob("*.yaml")) if path.stem not in ("roster", "causes")]


@pytest.mark.parametrize("path", POLICY_FILES, ids=lambda path: path.name)
def test_the_policies_we_ship_load_and_read_back_as_themselves(path: Path) -> None:
    policy = load_policy(path.read_text(encoding="utf-8"), path.name)
    assert policy.name == path.stem
    assert check_policy(json.loads(json.dumps(dump_policy(policy)))) == policy


@pytest.mark.parametrize("name", ["checkout-down", "login-slow"])
def test_the_examples_are_what_the_api_takes(name: str) -> None:
    body = json.loads((ROOT / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    assert Ticket.model_validate(body["ticket"]).id
    assert Customer.model_validate(body["customer"]).name
    assert Trigger.model_validate(body["trigger"]).kind
    assert (ROOT / "policies" / f"{body['policy']}.yaml").exists()


def test_the_small_policy_is_fine_so_that_each_fault_below_is_the_only_one() -> None:
    assert check_policy(SMALL).tiers[0].steps[0].tell == "on_call"


def test_dump_leaves_out_what_says_nothing_and_keeps_what_does() -> None:
    data = changed("customer_updates", {"every": {"all": "60m"}, "on": []})
    dumped = dump_policy(check_policy(data))
    assert dumped["customer_updates"] == {"every": {"all": "1h"}, "channels": ["email"], "on": []}
    assert {"match", "version", "start_tier", "quiet_hours"}.isdisjoint(dumped)
    assert dump_policy(check_policy(data).with_version(3))["version"] == 3


def test_all_is_the_default_and_a_named_priority_wins() -> None:
    policy = check_policy(changed("tiers.0.targets.acknowledge", {"all": "1h", "critical": "5m"}))
    target = policy.tiers[0].targets.acknowledge
    assert (target.of("critical"), target.of("low")) == (Duration(seconds=300), Duration(seconds=3600))


def test_calendar_is_a_name_or_a_map_by_priority() -> None:
    policy = check_policy(changed("tiers.0.calendar", {"critical": "always", "else": "office"}))
    choice = policy.tiers[0].calendar
    assert [policy.calendar_name(choice, priority) for priority in ("critical", "low")] == ["always", "office"]


def test_extra_open_days_are_read_from_yaml_with_and_without_quotes_and_written_back() -> None:
    text = (
        'calendars: {office: {open: {2026-10-03: ["10:00-14:00"], 12-24: ["09:00-12:00"], "05-16": ["09:00-10:00"]}}}'
    )
    extra: Any = parse_yaml(text, "the calendar")["calendars"]
    data = changed("calendars.office.open", extra["office"]["open"])
    policy = check_policy(data)
    days = {"2026-10-03": ("10:00-14:00",), "12-24": ("09:00-12:00",), "05-16": ("09:00-10:00",)}
    assert policy.calendars["office"].open == days
    assert check_policy(json.loads(json.dumps(dump_policy(policy)))) == policy
    assert "open" not in dump_policy(check_policy(SMALL))["calendars"]["office"]


FULL: dict[str, Any] = parse_yaml((ROOT / "policies" / "standard.yaml").read_text(encoding="utf-8"), "standard.yaml")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1d", "office"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def places_in(value: Any) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (key,)
        yield from ((key, *rest) for rest in places_in(inner))


@given(st.lists(st.tuples(st.sampled_from(list(places_in(FULL))), JSON_VALUES | st.just("delete")), max_size=3))
@settings(deadline=None)
def test_whatever_stands_anywhere_is_a_policy_or_a_list_of_faults(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    data: Any = copy.deepcopy(FULL)
    for path, value in changes:
        here = data
        with suppress(KeyError, IndexError, TypeError):
            for part in path[:-1]:
                here = here[part]
            if value == "delete":
                del here[path[-1]]
            else:
                here[path[-1]] = value
    try:
        policy = check_policy(data)
    except PolicyFaults as refused:
        paths = [fault.path for fault in refused.faults]
        assert len(paths) == len(set(paths)) > 0
    else:
        assert check_policy(dump_policy(policy)) == policy
