"""Teams that the steps ask in vain: nobody next, no lead, nobody on duty while a tier is open, with the gaps."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.commands import Command
from domain.policy_file import check_policy
from domain.roster import Roster
from domain.simulation import Sending, course
from domain.state import Opening, TimelineEntry
from tests.domain.calm import CALM, EXPERTS, PEOPLE, ROTATION, STEP, SUPPORT, changed, told


def support_by(*rotations: dict[str, Any]) -> Roster:
    return Roster.model_validate({"people": PEOPLE, "teams": [{"id": "support", "rotations": rotations}, EXPERTS]})


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


# The owner of last resort


def without_olga(*away: dict[str, Any]) -> Roster:
    managed = [{**one, "manager": "eli"} if one["id"] == "dana" else one for one in PEOPLE]
    absences = [{"person": "olga", **one} for one in away]
    return Roster.model_validate({"people": managed, "teams": [SUPPORT, EXPERTS], "absences": absences})


def test_an_owner_of_last_resort_who_is_away_without_a_stand_in_is_told() -> None:
    first = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-09T08:00:00Z"}
    next_to_it = {"from": "2026-03-09T08:00:00Z", "to": "2026-03-09T12:00:00Z"}
    later = {"from": "2026-03-20T08:00:00Z", "to": "2026-03-20T16:00:00Z"}
    assert told(CALM, without_olga(first, next_to_it, later)) == [
        (
            "owner_of_last_resort",
            "'olga' is away and nobody stands in: Wed 2026-03-04 10:00 to Mon 2026-03-09 12:00, "
            "Fri 2026-03-20 08:00–16:00 (UTC); what nobody else takes then goes to somebody who is away; "
            "give the absence a delegate in the roster, or 'olga' a manager who is there",
        )
    ]


@pytest.mark.parametrize(
    ("away", "warned"),
    [
        ([{"from": "2026-03-05T00:00:00Z", "to": "2026-03-06T00:00:00Z", "delegate": "dana"}], False),
        ([{"from": "2026-05-05T00:00:00Z", "to": "2026-05-06T00:00:00Z"}], False),
        (
            [
                {"from": "2026-03-05T00:00:00Z", "to": "2026-03-06T00:00:00Z", "delegate": "eli"},
                {"person": "eli", "from": "2026-03-05T00:00:00Z", "to": "2026-03-05T06:00:00Z"},
            ],
            True,
        ),
    ],
    ids=["delegate", "beyond four weeks", "a delegate who is away, too"],
)
def test_an_owner_of_last_resort_with_a_stand_in_is_not_told(away: list[dict[str, Any]], warned: bool) -> None:
    found = [message for path, message in told(CALM, without_olga(*away)) if path == "owner_of_last_resort"]
    assert [": Thu 2026-03-05 00:00–06:00 (UTC)" in message for message in found] == [True] * warned


def test_a_manager_stands_in_for_the_owner_of_last_resort() -> None:
    away = {"from": "2026-03-05T00:00:00Z", "to": "2026-03-06T00:00:00Z"}
    assert told({**CALM, "owner_of_last_resort": "dana"}, without_olga({**away, "person": "dana"}))[1:] == []


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


# Teams of functional escalation


def functional(*teams: str, **changes: Any) -> dict[str, Any]:
    rules = [{"team": team, "ticket": {"category": str(number)}} for number, team in enumerate(teams)]
    return {**copy.deepcopy(CALM), "functional": rules, **changes}


def with_dba(**dba: Any) -> Roster:
    return Roster.model_validate({"people": PEOPLE, "teams": [SUPPORT, EXPERTS, {"id": "dba", **dba}]})


def test_a_functional_team_is_warned_of_once_for_each_calendar_of_the_tiers_it_may_be_brought_to() -> None:
    data = functional("dba")
    data["tiers"][0]["calendar"] = {"critical": "always", "else": "office"}
    assert told(data, with_dba(rotations=[{**ROTATION, "hours": ["08:00-16:00"]}])) == [
        (
            "functional[0].team",
            "at L1 (low, medium, high): nobody of 'dba' is on duty while the calendar 'office' is open: "
            "Wed 2026-03-04 16:00–17:00, Thu 2026-03-05 16:00–17:00, Fri 2026-03-06 16:00–17:00 and 17 times more "
            "(Europe/Berlin), in all 20 h of the next four weeks; give the team a rotation for these hours in the roster",
        ),
        (
            "functional[0].team",
            "at L1 (critical), L2: nobody of 'dba' is on duty while the calendar 'always' is open: "
            "Wed 2026-03-04 15:00 to Thu 2026-03-05 07:00, Thu 2026-03-05 15:00 to Fri 2026-03-06 07:00, "
            "Fri 2026-03-06 15:00 to Sat 2026-03-07 07:00 and 25 times more (UTC), in all 447 h of the next four weeks; "
            "give the team a rotation for these hours in the roster",
        ),
    ]


def test_a_functional_team_that_is_always_there_is_not_warned_of() -> None:
    assert told(functional("dba"), with_dba(rotations=[ROTATION])) == []


def test_a_functional_team_that_several_rules_bring_is_told_at_the_first_of_them() -> None:
    found = told(functional("experts", "dba", "dba"), with_dba())
    assert [(path, message.partition(" is on duty")[0]) for path, message in found] == [
        ("functional[1].team", "at L1: nobody of 'dba'"),
        ("functional[1].team", "at L2: nobody of 'dba'"),
    ]


def test_a_functional_team_that_is_a_tiers_own_is_told_at_the_tier_and_elsewhere_only_what_the_tier_does_not_have() -> (
    None
):
    found = told(functional("support"), support_by({**ROTATION, "hours": ["09:00-16:00"]}))
    assert [(path, message.partition(": Wed")[0]) for path, message in found] == [
        ("tiers[0].team", "nobody of 'support' is on duty while the calendar 'office' is open"),
        ("functional[0].team", "at L2: nobody of 'support' is on duty while the calendar 'always' is open"),
    ]


def test_a_functional_team_that_is_a_tiers_own_is_told_with_the_tiers_it_may_be_brought_to_at_the_same_hours() -> None:
    data = functional("support")
    data["tiers"][1]["calendar"] = "office"
    ((path, message),) = told(data, support_by({**ROTATION, "hours": ["09:00-16:00"]}))
    assert path == "tiers[0].team"
    assert message.startswith("at L1, L2: nobody of 'support' is on duty while the calendar 'office' is open: Wed")


def test_a_team_of_several_tiers_is_told_once_with_the_tiers() -> None:
    data = changed("tiers.1", {**CALM["tiers"][0], "name": "L2", "calendar": {"low": "always", "else": "office"}})
    data["tiers"].append({**CALM["tiers"][1], "name": "L3"})
    found = told(data, support_by({**ROTATION, "hours": ["09:00-16:00"]}))
    assert [(path, message.partition(": Wed")[0]) for path, message in found] == [
        (
            "tiers[0].team",
            "at L1, L2 (medium, high, critical): nobody of 'support' is on duty while the calendar 'office' is open",
        ),
        ("tiers[1].team", "for low: nobody of 'support' is on duty while the calendar 'always' is open"),
    ]


def test_a_functional_team_is_not_asked_by_steps_that_name_a_person() -> None:
    by_name = [{**STEP, "tell": "person:dana"}]
    data = functional("dba", tiers=[{**tier, "steps": by_name} for tier in CALM["tiers"]])
    assert told(data, with_dba()) == []


def test_a_functional_team_the_roster_lacks_is_told_once_as_such() -> None:
    ((path, message),) = told(functional("dba"))
    assert path == "functional[0].team"
    assert message.startswith("the roster has no team 'dba'")


def test_a_functional_team_without_a_lead_or_a_next_is_told_with_the_tiers_whose_steps_ask_for_one() -> None:
    data = functional("dba", "experts")
    further = [STEP, {**STEP, "tell": "team.lead", "after": "5m"}, {**STEP, "tell": "on_call.next", "after": "10m"}]
    data["tiers"][0]["steps"] = further
    data["tiers"][1]["steps"] = [*further[:2]]
    teams = [{**SUPPORT, "lead": "eli", "members": ["dana", "eli"]}, EXPERTS, {"id": "dba", "members": ["dana"]}]
    assert told(data, Roster.model_validate({"people": PEOPLE, "teams": teams})) == [
        (
            "tiers[1].steps[1].tell",
            "'experts' has no lead, so this step finds nobody; give the team a lead in the roster, or tell somebody else",
        ),
        (
            "functional[0].team",
            "'dba' has no lead, so the steps of L1, L2 that tell team.lead find nobody; "
            "give the team a lead in the roster, or tell somebody else",
        ),
        (
            "functional[0].team",
            "in 'dba' nobody is next in the next four weeks, so the steps of L1 that tell on_call.next find nobody; "
            "give the team another member or rotation in the roster, or tell somebody else",
        ),
        (
            "functional[1].team",
            "in 'experts' nobody is next in the next four weeks, so the steps of L1 that tell on_call.next find nobody; "
            "give the team another member or rotation in the roster, or tell somebody else",
        ),
    ]


def answers_of_dba(roster: Roster, tier: str, at: str) -> list[str]:
    """What comes of the first step of a case that is brought to the team at that tier on a day of that week."""
    arrival = datetime.fromisoformat(f"2026-03-{at}+01:00")
    case = {"id": "zendesk-1", "episode": 1, "accepted_at": arrival, "opened_by": None, "trigger": {"kind": "manual"}}
    ticket = {"system": "zendesk", "id": "1", "subject": "It is down", "category": "0"}
    rules = {"policy": check_policy(functional("dba")), "priority": "low", "priority_reasons": ()}
    opening = Opening.model_validate({**case, **rules, "ticket": ticket, "customer": {"id": "c", "name": "C"}})
    body = {"kind": "functional", "tier": tier, "reason": "theirs"}
    played = course(opening, roster, [Command(id="1", name="escalate", by="dana", received_at=arrival, body=body)])
    return [
        one.text if isinstance(one, TimelineEntry) else f"{one.message.person} told"
        for one in played.happenings
        if (isinstance(one, TimelineEntry) and one.kind == "nobody_on_duty")
        or (isinstance(one, Sending) and one.message.kind == "step" and one.message.entry == 2)
    ]


@pytest.mark.parametrize(
    ("tier", "at", "answer"),
    [
        ("L1", "04T15:59", "dana told"),
        ("L1", "04T16:00", "nobody on duty for on_call of dba"),
        ("L1", "04T20:00", "dana told"),  # at nine the next morning
        ("L2", "04T20:00", "nobody on duty for on_call of dba"),
    ],
)
def test_a_case_brought_to_a_functional_team_finds_nobody_where_a_gap_is_told(tier: str, at: str, answer: str) -> None:
    roster = with_dba(rotations=[{**ROTATION, "hours": ["08:00-16:00"]}])
    assert answers_of_dba(roster, tier, at)[0] == answer
    assert [message.partition(" is open: ")[0] for _, message in told(functional("dba"), roster)] == [
        "at L1: nobody of 'dba' is on duty while the calendar 'office'",
        "at L2: nobody of 'dba' is on duty while the calendar 'always'",
    ]
