"""Policy files that are refused: every mistake at once, each with its place and what to write instead."""

from typing import Any

import pytest

from domain.errors import PolicyFaults
from domain.policy_file import check_policy, load_policy
from domain.roster_file import check_roster
from tests.domain.small import SMALL, STEP, TIER, changed, faults_of


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
        ("tiers.0.steps.0.channels", ["fax"], "tiers[0].steps[0].channels[0]", "'email', 'sms' or 'webhook'"),
        (
            "customer_updates",
            {"every": {"all": "1h"}, "channels": ["email", "webhook"]},
            "customer_updates.channels[1]",
            "'webhook' is none of 'email' or 'sms'",
        ),
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
    assert refused.value.message.startswith("broken.yaml has 15 mistakes:")


def test_data_nested_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert "nested deeper" in faults_of({**SMALL, "extra": deep})["(the whole file)"]
    with pytest.raises(PolicyFaults):
        check_roster({"people": deep})
