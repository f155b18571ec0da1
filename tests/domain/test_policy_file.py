"""Policy and roster files: good ones read back as themselves, bad ones are refused with every fault and its place."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.durations import Duration
from domain.errors import PolicyFaults
from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_file import check_policy, dump_policy, load_policy
from domain.roster_file import check_roster, load_roster
from domain.tickets import Customer, Ticket, Trigger
from domain.yaml_text import parse_yaml

ROOT = Path(__file__).parents[2]
POLICY_FILES = [path for path in sorted((ROOT / "policies").glob("*.yaml")) if path.name != "roster.yaml"]

SMALL: dict[str, Any] = {
    "name": "small",
    "owner_of_last_resort": "ops-manager",
    "calendars": {"office": {"timezone": "Europe/Berlin", "hours": {"mon": ["09:00-17:00"]}}},
    "tiers": [
        {
            "name": "L1",
            "team": "support",
            "targets": {"acknowledge": {"all": "1h"}},
            "steps": [{"tell": "on_call", "channels": ["email"]}],
        }
    ],
}
TIER = SMALL["tiers"][0]
STEP = TIER["steps"][0]


def changed(path: str, value: object) -> dict[str, Any]:
    """The small policy with one value set; numbers in the dotted path are list positions."""
    data = copy.deepcopy(SMALL)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = data
    for part in parents:
        here = here[part] if isinstance(part, int) else here.setdefault(part, {})
    here[last] = value
    return data


def faults_of(data: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(PolicyFaults) as refused:
        check_policy(data)
    assert refused.value.code == "invalid_policy"
    return {fault.path: fault.message for fault in refused.value.faults}


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


def test_days_need_the_calendars_day_unless_it_is_always_open() -> None:
    assert check_policy(changed("tiers.0.targets.acknowledge", {"all": "2d"}))  # the tier's calendar is always open
    data = changed("tiers.0.targets.acknowledge", {"all": "1h", "low": "2d", "calendar": "office"})
    faults = faults_of(data)
    assert list(faults) == ["tiers[0].targets.acknowledge.low"]
    assert "add `day: 8h` to calendars.office" in faults["tiers[0].targets.acknowledge.low"]
    data["calendars"]["office"]["day"] = "8h"
    assert check_policy(data)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("tiers.0.calendar", {"low": "office", "else": "always"}, "tiers[0].targets.acknowledge.all"),
        ("targets.resolution", {"all": "5d", "calendar": "office"}, "targets.resolution.all"),
        ("customer_updates", {"every": {"all": "1d"}, "calendar": "office"}, "customer_updates.every.all"),
    ],
)
def test_days_are_looked_at_in_every_place_and_for_every_priority(path: str, value: object, place: str) -> None:
    data = changed(path, value)
    data["tiers"][0]["targets"]["acknowledge"] = {"all": "1d"}
    assert place in faults_of(data)


def test_days_of_a_step_and_of_the_timeout_are_in_the_tiers_calendar() -> None:
    data = changed("tiers.0.calendar", "office")
    data["tiers"][0]["acknowledge_timeout"] = {"all": "1d"}
    data["tiers"][0]["steps"] = [STEP, {**STEP, "after": "1d"}]
    assert list(faults_of(data)) == ["tiers[0].steps[1].after", "tiers[0].acknowledge_timeout.all"]


def test_customer_updates_use_the_calendar_of_resolution() -> None:
    data = changed("customer_updates", {"every": {"all": "1d"}})
    assert check_policy(data)
    data["targets"] = {"resolution": {"all": "8h", "calendar": "office"}}
    assert list(faults_of(data)) == ["customer_updates.every.all"]


def test_warnings_are_whole_percentages_from_1_to_99_ascending() -> None:
    path = "tiers.0.targets.acknowledge"
    assert check_policy(changed(path, {"all": "1h", "warn_at": [1, 50, 99]}))
    assert (
        "write [50, 80]"
        in faults_of(changed(path, {"all": "1h", "warn_at": [80, 50, 80]}))["tiers[0].targets.acknowledge.warn_at"]
    )
    assert faults_of(changed(path, {"all": "1h", "warn_at": [50, 50]}))
    for bad in (0, 100, 50.5, "50", True):
        faults = faults_of(changed(path, {"all": "1h", "warn_at": [bad]}))
        assert list(faults) == ["tiers[0].targets.acknowledge.warn_at[0]"]


@pytest.mark.parametrize(
    ("path", "value", "place", "words"),
    [
        ("tiers.0.calendar", "ofice", "tiers[0].calendar", "did you mean 'office'?"),
        ("tiers.0.calendar", {"critical": "always"}, "tiers[0].calendar", "low, medium, high"),
        ("tiers.0.calendar", {"else": "nowhere"}, "tiers[0].calendar.else", "no calendar 'nowhere'"),
        ("tiers.0.calendar", 7, "tiers[0].calendar", "write a calendar's name"),
        ("start_tier", {"critical": "L9"}, "start_tier.critical", "no tier 'L9'"),
        ("start_tier", {"urgent": "L1"}, "start_tier.urgent", "'critical'"),
        ("tiers.0.steps.0.tell", "on_cal", "tiers[0].steps[0].tell", "on_call.next"),
        ("tiers.0.steps.0.after", "5m", "tiers[0].steps[0].after", "leave `after` out"),
        ("tiers.0.steps.0.after", "-5m", "tiers[0].steps[0].after", "negative"),
        ("tiers.0.steps.0.channels", ["sms", "sms"], "tiers[0].steps[0].channels", "write [sms]"),
        ("tiers.0.steps.0.channels", ["fax"], "tiers[0].steps[0].channels[0]", "'email' or 'sms'"),
        ("tiers.0.steps", [], "tiers[0].steps", "at least one step"),
        ("tiers", [], "tiers", "at least one tier"),
        ("tiers", [5], "tiers[0]", "must be a map"),
        ("tiers.0.targets.acknowledge", {"high": "1h"}, "tiers[0].targets.acknowledge", "low, medium, critical"),
        ("tiers.0.targets.acknowledge.all", 90, "tiers[0].targets.acknowledge.all", "90m for minutes"),
        ("tiers.0.targets.acknowledge.pauses", "often", "tiers[0].targets.acknowledge.pauses", "write true, false"),
        ("tiers.0.colour", "red", "tiers[0].colour", "known here: name, team"),
        ("tiers.0.stesp", [], "tiers[0].stesp", "did you mean 'steps'?"),
        ("targets.resolution", {"warn_at": [50]}, "targets.resolution", "gives no duration"),
        ("targets.closure", "15d", "targets.closure", "map by priority"),
        ("priority.matrix", {"high": {}}, "priority.matrix.low.medium", "low impact and medium urgency"),
        ("priority.raise_for", [{"customer": {}}], "priority.raise_for[0].customer", "every case"),
        ("priority.raise_for", [{"customer": {"tier": []}}], "priority.raise_for[0].customer.tier", "never holds"),
        ("priority.raise_for", [{"customer": {"tier": "a"}, "by": 4}], "priority.raise_for[0].by", "write 1, 2 or 3"),
        (
            "priority.raise_for",
            [{"customer": {"annual_value_at_least": float("inf")}}],
            "priority.raise_for[0].customer.annual_value_at_least",
            "finite",
        ),
        ("match", {}, "match", "names nothing"),
        ("match", {"ticket": {"subject": "x"}}, "match.ticket.subject", "system, category, product, tags"),
        ("match", {"customer": {"name": "x"}}, "match.customer.name", "cannot be matched"),
        ("match", {"trigger": {"detail": "x"}}, "match.trigger.detail", "'kind'"),
        ("match", {"ticket": {"system": []}}, "match.ticket.system", "never fits"),
        ("match", {"ticket": {"tags": ["a", 5]}}, "match.ticket.tags[1]", "put quotes"),
        (
            "functional",
            [{"team": "a"}, {"team": "b", "ticket": {"sytem": "x"}}],
            "functional[1].ticket.sytem",
            "'system'",
        ),
        ("functional", [{"team": "a", "customer": {"locale": []}}], "functional[0].customer.locale", "never fits"),
        ("functional", [{"team": "a", "skill": []}], "functional[0].skill", "never asked for"),
        ("functional", [{"skill": "sql"}], "functional[0].team", "is missing"),
        ("calendars.always", {"timezone": "UTC", "hours": {"mon": ["09:00-17:00"]}}, "calendars.always", "built in"),
        ("calendars.office.holidays", {"country": "XX"}, "calendars.office.holidays.country", "ISO 3166"),
        (
            "calendars.office.holidays",
            {"country": "DE", "subdivision": "BERLIN"},
            "calendars.office.holidays.subdivision",
            "BE",
        ),
        ("calendars.office.hours", {"monday": []}, "calendars.office.hours.monday", "'mon'"),
        ("calendars.office.hours", {"mon": ["09:00-12:00", "11:00-13:00"]}, "calendars.office.hours", "overlap"),
        ("calendars.office.hours", {"mon": ["17:00-17:00"]}, "calendars.office.hours.mon[0]", "ends when it starts"),
        ("calendars.office.hours", {"mon": ["09:00-25:00"]}, "calendars.office.hours.mon[0]", "write HH:MM-HH:MM"),
        ("calendars.office.timezone", "Europe/Berlinn", "calendars.office.timezone", "IANA name such as Europe/Berlin"),
        ("calendars.office.day", "0h", "calendars.office.day", "write at least 1s"),
        ("calendars.office.closed", ["24.12."], "calendars.office.closed[0]", "write MM-DD"),
        ("calendars.office.open", {"24.12.": ["09:00-12:00"]}, "calendars.office.open.24.12.", "write MM-DD"),
        ("calendars.office.open", {"02-30": ["09:00-12:00"]}, "calendars.office.open.02-30", "is no date"),
        ("calendars.office.open", {"12-24": "09:00-12:00"}, "calendars.office.open.12-24", 'such as {"12-24": ["09'),
        ("calendars.office.open", {"12-24": ["9-12"]}, "calendars.office.open.12-24[0]", "write HH:MM-HH:MM"),
        ("calendars.office.open", {"12-24": []}, "calendars.office.open.12-24", "put the date into `closed`"),
        (
            "calendars.office.open",
            {"12-24": ["09:00-12:00", "11:00-13:00"]},
            "calendars.office.open.12-24",
            "overlap: write one window",
        ),
        ("calendars.office.open", ["12-24"], "calendars.office.open", 'such as {"12-24": ["09'),
        ("tiers.0.targets.acknowledge.all", "0m", "tiers[0].targets.acknowledge.all", "write at least 1s"),
        ("tiers.0.acknowledge_timeout", {"all": "0s"}, "tiers[0].acknowledge_timeout.all", "write at least 1s"),
        ("customer_updates", {"every": {"all": "0d"}}, "customer_updates.every.all", "write at least 1s"),
        ("closing", {"confirm_within": "0h"}, "closing.confirm_within", "write at least 1s"),
        ("tiers.0.targets.acknowledge.warn_at", [101], "tiers[0].targets.acknowledge.warn_at[0]", "from 1 to 99"),
        ("quiet_hours", {"customer_sms": "9pm-8am"}, "quiet_hours.customer_sms", '"21:00-08:00"'),
        ("quiet_hours", {"customer_sms": "08:00-08:00"}, "quiet_hours.customer_sms", "begins when it ends"),
        ("name", "my policy", "name", "write a name"),
        ("customer_updates", {}, "customer_updates.every", "is missing"),
    ],
)
def test_a_mistake_is_named_by_its_place_and_what_to_write(path: str, value: object, place: str, words: str) -> None:
    faults = faults_of(changed(path, value))
    assert words in faults[place]


def test_a_date_that_is_open_and_closed_is_refused_and_named() -> None:
    data = changed("calendars.office.closed", ["12-24", "2026-05-15"])
    data["calendars"]["office"]["open"] = {"2026-05-15": ["09:00-12:00"], "2026-12-24": ["09:00-12:00"]}
    assert faults_of(data) == {
        "calendars.office.open": "2026-05-15 stands in `closed` too: write it in one of them",
    }


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


def test_each_mistake_is_told_once_and_alone() -> None:
    assert list(faults_of(changed("tiers.0.calendar", 7))) == ["tiers[0].calendar"]
    assert list(faults_of(changed("tiers", [5]))) == ["tiers[0]"]
    assert list(faults_of(changed("tiers.0.steps.0.channels", ["fax"]))) == ["tiers[0].steps[0].channels[0]"]
    assert list(faults_of(changed("calendars.office", {"hours": "always", "day": "8h"}))) == [
        "calendars.office.timezone"
    ]


def test_steps_stand_in_the_order_they_go_out() -> None:
    steps = [STEP, {**STEP, "after": "10m"}, {**STEP, "after": "5m"}]
    assert list(faults_of(changed("tiers.0.steps", steps))) == ["tiers[0].steps[2].after"]


def test_tier_names_are_unique() -> None:
    faults = faults_of(changed("tiers", [TIER, TIER]))
    assert list(faults) == ["tiers[1].name"]


BROKEN = """\
name: broken
match: {ticket: {sytem: zendesk}}
calendars:
  office: {timezone: Europe/Berlinn, hours: {mon: ["09:00-17:00"]}}
  late: {timezone: UTC, hours: {mon: ["09:00-17:00"]}}
tiers:
  - name: L1
    team: support
    calendar: ofice
    targets:
      acknowledge: {all: 5 minutes}
      tier_resolution: {all: 1d, calendar: late, warn_at: [80, 50]}
    steps:
      - {tell: nobody, channels: [sms]}
      - {after: 1.5h, tell: on_call, channels: [fax]}
  - {name: L1, team: support, targets: {acknowledge: {low: 1h}}, steps: []}
start_tier: {critical: L9}
closing: {root_cause: maybe}
"""


def test_a_broken_file_lists_every_fault_with_its_path_in_file_order() -> None:
    with pytest.raises(PolicyFaults) as refused:
        load_policy(BROKEN, "broken.yaml")
    assert [fault.path for fault in refused.value.faults] == [
        "match.ticket.sytem",
        "calendars.office.timezone",
        "tiers[0].calendar",
        "tiers[0].targets.acknowledge.all",
        "tiers[0].targets.tier_resolution.all",
        "tiers[0].targets.tier_resolution.warn_at",
        "tiers[0].steps[0].tell",
        "tiers[0].steps[1].after",
        "tiers[0].steps[1].channels[0]",
        "tiers[1].name",
        "tiers[1].targets.acknowledge",
        "tiers[1].steps",
        "start_tier.critical",
        "closing.root_cause",
        "owner_of_last_resort",
    ]
    assert refused.value.message.startswith("broken.yaml has 15 mistake(s):")


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


def test_data_nested_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert "nested deeper" in faults_of({**SMALL, "extra": deep})["(the whole file)"]
    with pytest.raises(PolicyFaults):
        check_roster({"people": deep})


def test_holidays_become_dates_of_this_year_and_two_years_ahead() -> None:
    policy = check_policy(changed("calendars.office.holidays", {"country": "DE", "subdivision": "BE"}))
    dates = with_holidays(policy, datetime(2026, 3, 6, tzinfo=UTC)).calendars["office"].closed_dates
    assert {day.year for day in dates} == {2026, 2027, 2028}
    assert date(2026, 3, 8) in dates  # International Women's Day is a holiday in Berlin only
    assert date(2028, 12, 25) in dates
    assert list(dates) == sorted(set(dates))
    assert policy.calendars["office"].closed_dates == ()


def test_holidays_count_the_year_in_the_calendars_own_zone() -> None:
    policy = check_policy(changed("calendars.office.holidays", {"country": "DE"}))
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # already 2027 in Berlin
    dates = with_holidays(policy, eve).calendars["office"].closed_dates
    assert {day.year for day in dates} == {2027, 2028, 2029}


def test_a_policy_without_holidays_is_left_as_it_is() -> None:
    policy: Policy = check_policy(SMALL)
    assert with_holidays(policy, datetime(2026, 3, 6, tzinfo=UTC)) == policy


def test_a_broken_roster_lists_every_fault_with_its_path() -> None:
    text = """
people: [{id: dana, name: Dana, manager: bob}, {id: sam, name: 7, timezone: Mars}]
teams:
  - {id: support, lead: joe, members: [dana], rotations: [{handoff: "9:00", members: [dana]}]}
absenses: []
"""
    with pytest.raises(PolicyFaults) as refused:
        load_roster(text)
    assert [fault.path for fault in refused.value.faults] == [
        "people[0].manager",
        "people[1].name",
        "people[1].timezone",
        "teams[0].lead",
        "teams[0].rotations[0].handoff",
        "teams[0].rotations[0].timezone",
        "teams[0].rotations[0].every",
        "teams[0].rotations[0].start",
        "absenses",
    ]


def test_names_are_not_called_unknown_where_an_id_could_not_be_read() -> None:
    with pytest.raises(PolicyFaults) as refused:
        check_roster({"people": [{"id": "Dana!", "name": "Dana"}], "teams": [{"id": "support", "lead": "dana"}]})
    assert [fault.path for fault in refused.value.faults] == ["people[0].id"]
