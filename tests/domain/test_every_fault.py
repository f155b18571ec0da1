"""However many mistakes a policy or a roster has, all are told in one go, and each as if it were the only one."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import PolicyFaults
from domain.policy_file import check_policy
from domain.roster_file import check_roster
from tests.domain.small import changed, faults_of

Mistake = tuple[str, object]  # a dotted path, and what stands there
MISSING = object()

_BOTH = {"low": "office", "else": "always"}
POLICY: dict[str, Any] = {
    "name": "full",
    "match": {"ticket": {"system": ["zendesk", "freshdesk"], "tags": "vip"}, "customer": {"tier": "gold"}},
    "owner_of_last_resort": "olga",
    "priority": {
        "matrix": {one: dict.fromkeys(("high", "medium", "low"), "low") for one in ("high", "medium", "low")},
        "raise_for": [{"customer": {"tier": "vip"}, "by": 1}, {"customer": {"customer_for_at_least": "2d"}}],
    },
    "calendars": {
        "office": {
            "timezone": "Europe/Berlin",
            "day": "8h",
            "hours": {"mon": ["09:00-12:00", "13:00-17:00"], "tue": ["09:00-17:00"], "wed": ["09:00-17:00"]},
            "holidays": {"country": "DE", "subdivision": "BE"},
            "closed": ["12-24", "2026-05-15"],
            "open": {"2026-12-31": ["09:00-12:00"], "2027-12-31": ["09:00-12:00"]},
        },
        "nights": {"timezone": "UTC", "hours": {"fri": ["22:00-06:00"], "sat": ["06:00-08:00"]}},
        "always-on": {"timezone": "UTC", "hours": "always"},
    },
    "tiers": [
        {
            "name": name,
            "team": "support",
            "calendar": copy.deepcopy(_BOTH),
            "targets": {
                "acknowledge": {"all": "4h", "critical": "1h", "warn_at": [50, 80, 90]},
                "tier_resolution": {"all": "8h", "calendar": "nights", "pauses": ["scheduled"]},
            },
            "acknowledge_timeout": {"all": "2h"},
            "steps": [
                {"tell": "on_call", "channels": ["sms", "email"]},
                {"after": "5m", "tell": "team.lead", "channels": ["sms"]},
                {"after": "10m", "tell": "on_call.next", "channels": ["email"]},
            ],
        }
        for name in ("L1", "L2", "L3")
    ],
    "start_tier": {"critical": "L2"},
    "functional": [{"team": "databases", "ticket": {"category": "db"}}, {"team": "network", "skill": "bgp"}],
    "targets": {
        "resolution": {"all": "24h", "warn_at": [50, 75], "pauses": True},
        "closure": {"all": "15d", "calendar": "office"},
        "root_cause": {"high": "3d", "warn_at": [66]},
    },
    "customer_updates": {"every": {"all": "4h"}, "channels": ["email"], "on": ["opened", "closed"]},
    "closing": {"confirm_within": "2d", "low_score": 2},
    "quiet_hours": {"customer_sms": "21:00-08:00", "timezone": "UTC"},
}
OVERLAP = ["09:00-12:00", "11:00-13:00"]
IN_A_POLICY: Sequence[Mistake] = (
    ("name", "my policy"),
    ("match.ticket.tags", 5),
    ("match.customer.tyer", "vip"),
    ("owner_of_last_resort", MISSING),
    ("priority.matrix.high.low", "urgent"),
    ("priority.matrix.low.medium", MISSING),
    ("priority.raise_for.0.by", 9),
    ("priority.raise_for.1.customer", {"tier": []}),
    ("calendars.office.timezone", "Europe/Berlim"),
    ("calendars.office.hours.mon", OVERLAP),
    ("calendars.office.hours.tue", ["9-17"]),
    ("calendars.office.hours.someday", ["09:00-17:00"]),
    ("calendars.office.day", "30h"),
    ("calendars.office.holidays.subdivision", "BERLIN"),
    ("calendars.office.closed.0", "24.12."),
    ("calendars.office.closed.2", "2027-12-31"),
    ("calendars.office.open.2026-12-31", OVERLAP),
    ("calendars.nights.hours.sat", ["05:00-08:00"]),
    ("calendars.always-on.day", "8h"),
    ("calendars.always-on.timezone", "Factory"),
    ("tiers.0.name", "L 1"),
    ("tiers.0.calendar.low", "ofice"),
    ("tiers.0.targets.acknowledge.warn_at", [80, 50, 120]),
    ("tiers.0.targets.tier_resolution.calendar", 7),
    ("tiers.0.steps.1.channels", ["fax", "sms", "sms"]),
    ("tiers.0.steps.2.after", "1.5h"),
    ("tiers.1.team", MISSING),
    ("tiers.1.targets.acknowledge.all", "5 minutes"),
    ("tiers.1.targets.tier_resolution.all", "2d"),
    ("tiers.1.steps.0.after", "5m"),
    ("tiers.1.steps.1.tell", "nobody"),
    ("tiers.1.steps.2", "on_call"),
    ("tiers.1.repeat", 1000),
    ("tiers.2.name", "L2"),
    ("tiers.2.acknowledge_timeout", {}),
    ("tiers.2.targets.tier_resolution.pauses", ["scheduled", "scheduled", "lunch"]),
    ("tiers.2.steps.2.after", "1m"),
    ("functional.0", 5),
    ("functional.1.customer", {"name": "x"}),
    ("targets.resolution.warn_at", 50),
    ("targets.closure.all", "0d"),
    ("targets.root_cause", {"warn_at": [0, 66, 66]}),
    ("customer_updates.every.all", 4),
    ("customer_updates.on", ["opened", "opened", "lost"]),
    ("closing.low_score", 9),
    ("quiet_hours.customer_sms", "08:00-08:00"),
    ("quiet_hours.timezone", "Mars"),
    ("colour", "red"),
)

SPAN = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
TURNS: dict[str, Any] = {
    "timezone": "UTC",
    "handoff": "09:00",
    "every": "1d",
    "members": ["dana", "sam"],
    "start": "2026-03-02",
}
PREFERENCES: dict[str, Any] = {
    "email": "one@x.example",
    "channels": {"critical": ["email"], "all": ["email"]},
    "working_hours": {"mon": ["09:00-12:00"], "tue": ["22:00-06:00"], "wed": ["07:00-08:00"]},
    "do_not_disturb": "22:00-07:00",
}
ROSTER: dict[str, Any] = {
    "people": [
        {"id": name, "name": name.title(), "manager": manager, **copy.deepcopy(PREFERENCES)}
        for name, manager in (("dana", "olga"), ("sam", "dana"), ("olga", None), ("eve", None), ("finn", "eve"))
    ],
    "teams": [
        {
            "id": "support",
            "lead": "dana",
            "members": ["dana", "sam"],
            "rotations": [
                {**copy.deepcopy(TURNS), "hours": {"mon": ["09:00-12:00", "22:00-06:00"], "tue": ["06:00-08:00"]}},
                {
                    **copy.deepcopy(TURNS),
                    "handoff": "mon 09:00",
                    "every": "1w",
                    "hours": ["09:00-12:00", "13:00-14:00"],
                },
            ],
        },
        {"id": "experts", "lead": "olga", "members": ["olga", "eve"]},
    ],
    "overrides": [
        {**SPAN, "person": "dana", "instead_of": "sam"},
        {**SPAN, "person": "eve", "team": "support"},
        {**SPAN, "person": "eve"},
        {**SPAN, "person": "sam", "team": "experts"},
    ],
    "absences": [
        {**SPAN, "person": "dana", "delegate": "sam"},
        {**SPAN, "person": "eve", "delegate": "olga"},
        {**SPAN, "person": "olga"},
        {**SPAN, "person": "finn"},
    ],
}
IN_A_ROSTER: Sequence[Mistake] = (
    ("people.0.name", ""),
    ("people.0.email", "nobody"),
    ("people.0.manager", "ogla"),
    ("people.1.timezone", "Factory"),
    ("people.2.phone", 493023125000),
    ("people.3.manager", "finn"),
    ("people.4.locale", "english please"),
    ("people.1.channels.critical", ["fax", "email"]),
    ("people.1.channels.urgent", ["email"]),
    ("people.1.working_hours.wed", ["05:00-08:00"]),
    ("people.1.do_not_disturb", "10pm-7am"),
    ("people.2.channels", ["email"]),
    ("people.2.working_hours", {"mon": ["9-17"]}),
    ("people.3.channels.all", ["email", "email"]),
    ("people.3.working_hours", 5),
    ("people.4.channels", {}),
    ("teams.0.lead", "dan"),
    ("teams.0.members.1", 7),
    ("teams.0.rotations.0.timezone", "Mars"),
    ("teams.0.rotations.0.handoff", "9:00"),
    ("teams.0.rotations.0.every", "90m"),
    ("teams.0.rotations.0.hours.tue", ["05:00-08:00"]),
    ("teams.0.rotations.0.members.0", "zoe"),
    ("teams.0.rotations.1.every", "1d"),
    ("teams.0.rotations.1.hours", [*OVERLAP, "9-17"]),
    ("teams.0.rotations.1.start", "2026-13-01"),
    ("teams.0.choose", "round_robin"),
    ("teams.1.colour", "red"),
    ("overrides.0.to", "2026-03-01T00:00:00Z"),
    ("overrides.0.person", "zz"),
    ("overrides.1.person", MISSING),
    ("overrides.1.team", "nix"),
    ("overrides.3.instead_of", "sam"),
    ("absences.0.from", "2026-03-02T00:00:00"),
    ("absences.0.delegate", "dana"),
    ("absences.2.delegate", "eve"),
    ("absences.3.to", 20260309),
    ("absenses", []),
)

Told = Mapping[str, str]


def with_all(data: Mapping[str, Any], mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """The data with every mistake made; a number in a path that is one too high is a new entry."""
    found = copy.deepcopy(dict(data))
    for path, value in mistakes:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        here: Any = found
        for part in parents:
            here = here[part]
        if value is MISSING:
            del here[last]
        elif isinstance(here, list) and last == len(here):
            here.append(copy.deepcopy(value))
        else:
            here[last] = copy.deepcopy(value)
    return found


def told(check: Callable[[Mapping[str, object]], object], data: Mapping[str, object]) -> Told:
    """What is wrong, by its place."""
    with pytest.raises(PolicyFaults) as refused:
        check(data)
    return {fault.path: fault.message for fault in refused.value.faults}


def alone(check: Callable[[Mapping[str, object]], object], data: Mapping[str, Any], mistake: Mistake) -> Told:
    """What is told of one mistake that is the only one."""
    return told(check, with_all(data, [mistake]))


def assert_each_is_told(
    check: Callable[[Mapping[str, object]], object], data: Mapping[str, Any], mistakes: Sequence[Mistake]
) -> None:
    expected = {place: words for mistake in mistakes for place, words in alone(check, data, mistake).items()}
    assert told(check, with_all(data, mistakes)) == expected


def test_nothing_is_wrong_with_them_before_a_mistake_is_made() -> None:
    assert check_policy(POLICY)
    assert check_roster(ROSTER)


def test_fifty_mistakes_in_all_places_of_a_policy_are_told_in_one_go() -> None:
    assert_each_is_told(check_policy, POLICY, IN_A_POLICY)
    assert len(told(check_policy, with_all(POLICY, IN_A_POLICY))) == len(IN_A_POLICY) + 6  # some make two or three


def test_forty_mistakes_in_all_places_of_a_roster_are_told_in_one_go() -> None:
    assert_each_is_told(check_roster, ROSTER, IN_A_ROSTER)
    assert len(told(check_roster, with_all(ROSTER, IN_A_ROSTER))) == len(IN_A_ROSTER) + 1  # one makes two


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(IN_A_POLICY), min_size=1, unique_by=lambda mistake: mistake[0]))
def test_whichever_mistakes_a_policy_has_all_of_them_are_told(mistakes: list[Mistake]) -> None:
    assert_each_is_told(check_policy, POLICY, mistakes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(IN_A_ROSTER), min_size=1, unique_by=lambda mistake: mistake[0]))
def test_whichever_mistakes_a_roster_has_all_of_them_are_told(mistakes: list[Mistake]) -> None:
    assert_each_is_told(check_roster, ROSTER, mistakes)


CUT = "write one window, or end the first before the second"


def test_windows_that_overlap_are_told_for_every_day_and_date() -> None:
    hours = {"mon": OVERLAP, "tue": OVERLAP, "wed": ["10:00-14:00", "09:00-12:00", "13:00-15:00"]}
    data = changed("calendars.office.hours", hours)
    data["calendars"]["office"]["open"] = {"12-24": [*OVERLAP, "12:30-14:00"], "12-31": OVERLAP}
    assert faults_of(data) == {
        "calendars.office.hours": f"mon, tue: 09:00-12:00 and 11:00-13:00 overlap: {CUT}; "
        f"wed: 09:00-12:00 and 10:00-14:00 overlap: {CUT}; wed: 10:00-14:00 and 13:00-15:00 overlap: {CUT}",
        "calendars.office.open.12-24": f"09:00-12:00 and 11:00-13:00 overlap: {CUT}; "
        f"11:00-13:00 and 12:30-14:00 overlap: {CUT}",
        "calendars.office.open.12-31": f"09:00-12:00 and 11:00-13:00 overlap: {CUT}",
    }


@pytest.mark.parametrize("tuesday", [["9-17"], ["09:00-12:00", "9-17"], 5])
def test_windows_that_overlap_are_told_beside_one_that_cannot_be_read(tuesday: object) -> None:
    faults = faults_of(changed("calendars.office.hours", {"mon": OVERLAP, "tue": tuesday}))
    assert faults.pop("calendars.office.hours") == f"mon: 09:00-12:00 and 11:00-13:00 overlap: {CUT}"
    assert [place.startswith("calendars.office.hours.tue") for place in faults] == [True]


def test_a_week_of_which_nothing_can_be_read_is_not_called_empty() -> None:
    assert list(faults_of(changed("calendars.office.hours", {"mon": ["9-17"], "tue": ["9-17"]}))) == [
        "calendars.office.hours.mon[0]",
        "calendars.office.hours.tue[0]",
    ]


def test_percentages_out_of_order_are_told_beside_one_over_a_hundred() -> None:
    place = "tiers[0].targets.acknowledge.warn_at"
    assert faults_of(changed("tiers.0.targets.acknowledge.warn_at", [80, 120, 50])) == {
        place: "must rise without repeating; write [50, 80]",
        f"{place}[1]": "120 is too large; write whole percentages from 1 to 99 such as [50, 80]",
    }


def test_all_that_speaks_against_hours_always_is_told_at_once() -> None:
    data = changed("calendars.office", {"timezone": "UTC", "hours": "always", "day": "8h", "closed": ["12-24"]})
    data["calendars"]["office"]["open"] = {"12-24": ["09:00-12:00"], "12-25": ["09:00-12:00"]}
    assert "12-24 stands in `closed` too" in faults_of(data)["calendars.office.open"]
    del data["calendars"]["office"]["open"]["12-24"]
    assert faults_of(data)["calendars.office"] == (
        "`hours: always` is open on every day already: leave `open` out; "
        '`hours: always` has no closed days: write the week instead, such as mon: ["00:00-24:00"]; '
        "`hours: always` has days of 24h: leave `day:` out"
    )


def test_a_misspelt_key_is_told_alone_and_an_unreadable_value_beside_what_is_missing() -> None:
    acknowledge = {"low": "4h", "medium": "2h", "hihg": "1h", "critical": "30m"}
    assert list(faults_of(changed("tiers.0.targets.acknowledge", acknowledge))) == ["tiers[0].targets.acknowledge.hihg"]
    assert list(faults_of(changed("targets.resolution", {"warn_at": 50}))) == [
        "targets.resolution",
        "targets.resolution.warn_at",
    ]


@pytest.mark.parametrize("day", ["30h", "0h", 8, "1d"])
def test_a_day_that_cannot_be_read_is_not_called_missing_where_days_are_counted(day: object) -> None:
    data = changed("calendars.office.day", day)
    data["tiers"][0].update(calendar="office", targets={"acknowledge": {"all": "2d"}})
    assert list(faults_of(data)) == ["calendars.office.day"]


def test_calendars_and_tiers_that_cannot_be_read_leave_nobody_with_an_unknown_name() -> None:
    data = changed("tiers.0.calendar", "office")
    assert list(faults_of({**data, "calendars": [], "start_tier": {"high": "L1"}})) == ["calendars"]
    assert list(faults_of({**data, "tiers": [], "start_tier": {"high": "L1"}})) == ["tiers"]


def test_an_end_before_the_start_hides_no_unknown_name_in_any_entry() -> None:
    over = {"from": SPAN["to"], "to": SPAN["from"]}
    wrong = [{**over, "person": "zz"}, {**SPAN, "person": "zz", "team": "nix"}]
    assert told(check_roster, {**ROSTER, "overrides": wrong, "absences": [{**over, "person": "zz"}]}) == {
        place: message
        for entry in ("overrides[0]", "absences[0]")
        for place, message in {
            f"{entry}.person": "no person 'zz' in `people`: add it, or correct the name",
            f"{entry}.to": "`to` is not after `from`: write the end later than the start",
        }.items()
    } | {
        "overrides[1].person": "no person 'zz' in `people`: add it, or correct the name",
        "overrides[1].team": "no team 'nix' in `teams`: add it, or correct the name",
    }


def test_where_an_id_cannot_be_read_everything_but_unknown_names_is_told() -> None:
    mistakes = (("people.0.id", "Dana!"), ("people.3.manager", "finn"), ("overrides.1.team", "nix"))
    assert list(told(check_roster, with_all(ROSTER, mistakes))) == [
        "people[0].id",
        "people[3].manager",
        "overrides[1].team",
    ]


def test_where_members_cannot_be_read_nobody_is_said_to_be_in_no_team() -> None:
    mistakes = (("teams.1.members", 5), ("overrides.1.team", "nix"))
    assert list(told(check_roster, with_all(ROSTER, mistakes))) == ["teams[1].members", "overrides[1].team"]
