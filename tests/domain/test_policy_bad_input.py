"""Policy files that could hurt or hide something: refused as a whole, at once, with the place and the reason."""

from time import perf_counter

import pytest

from domain.errors import PolicyFaults
from domain.policy_file import load_policy

TIER = "  - {name: L%d, team: support, targets: {acknowledge: {all: 1h}}, steps: [{tell: on_call, channels: [sms]}]}\n"
TOO_LARGE = "line 1, column 1: larger than 500 kB, the most that is read; name the right file, or shorten it"
HEAD = "name: big\nowner_of_last_resort: olga\n"


def faults_of(text: str) -> list[str]:
    with pytest.raises(PolicyFaults) as refused:
        load_policy(text, "bad.yaml")
    return [str(fault) for fault in refused.value.faults]


def test_five_megabytes_of_policy_are_refused_at_once_with_the_reason() -> None:
    text = HEAD + "tiers:\n" + "".join(TIER % n for n in range(50_000))
    assert len(text) > 5_000_000
    began = perf_counter()
    assert faults_of(text) == [TOO_LARGE]
    assert perf_counter() - began < 10  # a guard against growth, not a measurement


def test_fifty_one_calendars_are_counted() -> None:
    calendars = "calendars:\n" + "".join(f"  c{n}: {{timezone: UTC, hours: always}}\n" for n in range(51))
    assert faults_of(HEAD + calendars + "tiers:\n" + TIER % 1) == ["calendars: has 51 entries, and 50 are the most"]


def test_a_hundred_tiers_are_read_in_a_second() -> None:
    began = perf_counter()
    assert len(load_policy(HEAD + "tiers:\n" + "".join(TIER % n for n in range(100))).tiers) == 100
    assert perf_counter() - began < 10  # a guard against growth, not a measurement


def test_a_double_key_in_a_policy_is_refused_with_both_places() -> None:
    assert faults_of("name: a\ntiers:\n  - name: L1\n    team: x\n    name: L2\n") == [
        "line 5, column 5: the key 'name' stands here twice (first in line 3); keep one of them"
    ]


def test_a_yaml_bomb_in_a_policy_is_refused_before_it_grows() -> None:
    lines = ["a: &a [x, x]", *(f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))]
    began = perf_counter()
    (fault,) = faults_of(HEAD + "\n".join(lines))
    assert fault.startswith("line 3, column 4: anchors (&name) and aliases (*name) are not read")
    assert perf_counter() - began < 10  # a guard against growth, not a measurement


def test_one_mistake_a_hundred_times_is_told_a_hundred_times_quickly() -> None:
    began = perf_counter()
    found = faults_of(HEAD + "tiers:\n" + "".join((TIER % n).replace("1h", "1x") for n in range(100)))
    assert [fault.partition(":")[0] for fault in found] == [f"tiers[{n}].targets.acknowledge.all" for n in range(100)]
    assert perf_counter() - began < 10  # a guard against growth, not a measurement


def test_a_duration_beyond_ten_years_of_its_calendar_is_refused_for_it_would_stop_a_case() -> None:
    text = (
        "name: slow\nowner_of_last_resort: olga\n"
        'calendars: {glimpse: {timezone: UTC, hours: {mon: ["00:00-00:01"]}}}\n'
        "tiers:\n  - name: L1\n    team: support\n    calendar: glimpse\n"
        "    targets: {acknowledge: {all: 200h}}\n"
        "    steps: [{tell: on_call, channels: [sms]}, {after: 100h, tell: on_call, channels: [sms]}]\n"
    )
    ten_years = "takes over ten years of the calendar 'glimpse'; shorten it"
    assert faults_of(text) == [
        f"tiers[0].targets.acknowledge.all: '200h' {ten_years}",
        f"tiers[0].steps[1].after: '100h' {ten_years}",
    ]


def test_more_tiers_than_anybody_climbs_are_refused() -> None:
    tier = (
        "  - {name: L%d, team: support, targets: {acknowledge: {all: 1h}}, steps: [{tell: on_call, channels: [sms]}]}\n"
    )
    text = "name: tall\nowner_of_last_resort: olga\ntiers:\n" + "".join(tier % number for number in range(101))
    assert faults_of(text)[0].startswith("tiers: has 101 entries, and 100 are the most")
