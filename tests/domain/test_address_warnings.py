"""People without the address: whoever a step may reach needs one for each of its channels, and is named once."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import WorkingTime
from domain.policy_file import check_policy
from domain.roster import Roster, responder
from tests.domain.calm import CALM, EXPERTS, NOW, PEOPLE, ROTATION, STEP, SUPPORT, changed, told


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


def test_who_stands_in_for_the_owner_of_last_resort_needs_one_too() -> None:
    data = changed("tiers.1.steps", [{**STEP, "channels": ["sms"]}])
    away = {"person": "olga", "delegate": "mia", "from": "2026-03-05T00:00:00Z", "to": "2026-03-06T00:00:00Z"}
    people = [*by_phone("olga", "dana", "eli").people, {"id": "mia", "name": "Mia", "email": "mia@x.example"}]
    roster = Roster.model_validate({"people": people, "teams": [SUPPORT, EXPERTS], "absences": [away]})
    ((path, message),) = told(data, roster)
    assert path == "owner_of_last_resort"
    assert message.startswith("by SMS it cannot reach mia, who may be told")


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


# Those who stand in


OFFICE_HOURS = {"from": "2026-03-05T09:00:00+01:00", "to": "2026-03-05T17:00:00+01:00"}
AT_NIGHT = {"from": "2026-03-05T17:00:00+01:00", "to": "2026-03-06T09:00:00+01:00"}
AFTERWARDS = {"from": "2026-04-01T13:00:00+02:00", "to": "2026-05-01T09:00:00+02:00"}  # than the four weeks
ALL_THE_TIME = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}


def staffed(*people: dict[str, Any], lead: str = "dana", **rest: Any) -> Roster:
    """Dana is support and leads it; whoever is not of these people has a phone."""
    others = [one for one in PEOPLE if one["id"] not in {each["id"] for each in people}]
    everybody = [*people, *({**one, "phone": "+493023125101"} for one in others)]
    return Roster.model_validate({"people": everybody, "teams": [{**SUPPORT, "lead": lead}, EXPERTS], **rest})


def lacking(tell: str, roster: Roster) -> str:
    """Whom a step by SMS at L1, which is open in office hours, is said not to reach."""
    data = changed("tiers.0.steps", [{**STEP, "tell": tell, "channels": ["sms"]}])
    found = told(data, roster)
    assert {path for path, _ in found} <= {"tiers[0].steps[0].channels"}
    return " / ".join(
        message.removeprefix("by SMS it cannot reach ").partition(", who may be told")[0] for _, message in found
    )


EVERY_SELECTOR = pytest.mark.parametrize("tell", ["on_call", "team.lead", "person:dana"])
FRED, GINA = ({"id": person, "name": person.title(), "email": f"{person}@x.example"} for person in ("fred", "gina"))


@EVERY_SELECTOR
@pytest.mark.parametrize(
    ("span", "found"), [(OFFICE_HOURS, "fred"), (ALL_THE_TIME, "fred"), (AT_NIGHT, ""), (AFTERWARDS, "")]
)
def test_a_delegate_needs_the_addresses_of_the_place_while_the_tier_is_open(
    tell: str, span: dict[str, str], found: str
) -> None:
    away = {**span, "person": "dana", "delegate": "fred"}
    assert lacking(tell, staffed(FRED, absences=[away])) == found


@EVERY_SELECTOR
def test_a_delegate_of_the_delegate_needs_them_too(tell: str) -> None:
    away = {**ALL_THE_TIME, "person": "dana", "delegate": "fred"}
    away_too = {**OFFICE_HOURS, "person": "fred", "delegate": "gina"}
    assert lacking(tell, staffed(FRED, GINA, absences=[away, away_too])) == "fred, gina"


@pytest.mark.parametrize("tell", ["team.lead", "person:dana"])
def test_managers_need_them_as_far_up_as_the_absences_lead(tell: str) -> None:
    dana = {**PEOPLE[1], "phone": "+493023125101", "manager": "fred"}
    people = [dana, {**FRED, "manager": "gina"}, {**GINA, "manager": "hal"}, {**GINA, "id": "hal"}]
    absences = [{**OFFICE_HOURS, "person": "dana"}]
    assert lacking(tell, staffed(*people)) == ""
    assert lacking(tell, staffed(*people, absences=absences)) == "fred"
    absences.append({**OFFICE_HOURS, "person": "fred", "from": "2026-03-05T12:00:00+01:00"})
    assert lacking(tell, staffed(*people, absences=absences)) == "fred, gina"


@pytest.mark.parametrize("tell", ["team.lead", "person:fred"])
def test_who_is_away_all_the_time_needs_no_address(tell: str) -> None:
    away = {**ALL_THE_TIME, "person": "fred", "delegate": "eli"}
    assert lacking(tell, staffed(FRED, lead="fred")) == "fred"
    assert lacking(tell, staffed(FRED, lead="fred", absences=[away])) == ""


def test_who_would_be_told_only_before_or_after_the_four_weeks_needs_none() -> None:
    longer = {**ALL_THE_TIME, "person": "dana", "delegate": "fred"}
    shorter = {"from": "2026-02-01T00:00:00Z", "to": "2026-06-01T00:00:00Z", "person": "fred", "delegate": "eli"}
    assert lacking("person:dana", staffed(FRED, absences=[longer])) == "fred"
    assert lacking("person:dana", staffed(FRED, absences=[longer, shorter])) == ""


@pytest.mark.parametrize("instead", [{"instead_of": "dana"}, {"team": "support"}])
def test_a_person_of_an_override_needs_them(instead: dict[str, str]) -> None:
    def swap(span: dict[str, str]) -> Roster:
        return staffed(FRED, overrides=[{**span, **instead, "person": "fred"}])

    assert (lacking("on_call", swap(OFFICE_HOURS)), lacking("on_call", swap(AT_NIGHT))) == ("fred", "")
    assert lacking("team.lead", swap(OFFICE_HOURS)) == ""  # overrides are about duty, not about a role


# Once for each team


def test_somebody_whom_several_steps_of_a_team_may_reach_is_named_at_the_first() -> None:
    data = changed("tiers.0.steps", [{**STEP, "channels": ["sms"]}, {**STEP, "tell": "team.lead", "after": "5m"}])
    data["tiers"][0]["steps"][1]["channels"] = ["email", "sms"]
    data["tiers"].insert(1, {**CALM["tiers"][1], "name": "L1b", "team": "support", "steps": data["tiers"][0]["steps"]})
    found = told(data, by_phone("olga", "eli", lead="dana"))
    assert [(path, message.partition(", who")[0]) for path, message in found] == [
        ("tiers[0].steps[0].channels", "by SMS it cannot reach dana")
    ]


def test_somebody_whom_steps_name_is_told_once_whatever_team_has_the_case() -> None:
    by_name = {**STEP, "tell": "person:dana", "channels": ["sms"]}
    data = {**changed("tiers.0.steps", [by_name, {**by_name, "after": "5m"}]), "functional": [{"team": "experts"}]}
    data["tiers"][1]["steps"] = [by_name]
    found = told(data, by_phone("olga", "eli"))
    assert [path for path, _ in found] == ["tiers[0].steps[0].channels"]


def brought(*rules: str, steps: list[dict[str, Any]], teams: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What is warned of where these steps are those of both tiers; only olga, dana and eli have a phone."""
    data = {**changed("tiers.0.steps", steps), "functional": [{"team": team} for team in rules]}
    data["tiers"][1]["steps"] = steps
    people = [FRED, GINA, *({**one, "phone": "+493023125101"} for one in PEOPLE)]
    everybody = [{**SUPPORT, "lead": "eli"}, {**EXPERTS, "lead": "eli"}, *teams]
    found = told(data, Roster.model_validate({"people": people, "teams": everybody}))
    return [(path, message.partition(", who")[0]) for path, message in found]


BY_SMS, LEAD_TOO = {**STEP, "channels": ["email", "sms"]}, {**STEP, "tell": "team.lead", "after": "5m"}
DBA = {"id": "dba", "members": ["fred"], "lead": "gina"}


def test_whoever_a_functional_team_brings_needs_an_address_for_the_channels_of_the_tiers() -> None:
    found = brought("dba", steps=[BY_SMS, {**LEAD_TOO, "channels": ["sms"]}], teams=[DBA])
    assert found == [("functional[0].team", "by SMS the steps of L1, L2 cannot reach fred, gina")]


def test_a_lead_of_a_functional_team_whom_no_step_tells_needs_no_address() -> None:
    found = brought("dba", steps=[BY_SMS], teams=[DBA])
    assert found == [("functional[0].team", "by SMS the steps of L1, L2 cannot reach fred")]
    assert brought("dba", steps=[STEP, LEAD_TOO], teams=[DBA]) == []


def test_each_functional_team_is_told_once_at_the_first_rule_that_brings_it() -> None:
    found = brought("dba", "web", "dba", steps=[BY_SMS], teams=[DBA, {**DBA, "id": "web"}])
    assert [path for path, _ in found] == ["functional[0].team", "functional[1].team"]


def test_who_is_told_at_a_tier_of_the_team_is_not_told_again_for_the_functional_rule() -> None:
    data = {**changed("tiers.1.team", "support"), "functional": [{"team": "experts"}, {"team": "support"}]}
    data["tiers"][0]["steps"] = [{**STEP, "channels": ["sms"]}]
    found = told(data, by_phone("olga", members=["dana"]))
    assert [(path, message.partition(", who")[0]) for path, message in found] == [
        ("tiers[0].steps[0].channels", "by SMS it cannot reach dana"),
        ("functional[0].team", "by SMS the steps of L1 cannot reach eli"),
    ]


def test_who_is_on_duty_in_a_functional_team_only_while_the_tiers_are_closed_needs_no_address() -> None:
    data = {**changed("tiers.0.steps", [{**STEP, "channels": ["sms"]}]), "functional": [{"team": "dba"}]}
    day, night = ({**ROTATION, "hours": [hours]} for hours in ("08:00-20:00", "20:00-08:00"))
    dba = {"id": "dba", "rotations": [day, {**night, "members": ["fred"]}]}
    people = [FRED, *({**one, "phone": "+493023125101"} for one in PEOPLE)]
    roster = Roster.model_validate({"people": people, "teams": [SUPPORT, EXPERTS, dba]})
    assert told(data, roster) == []
    data["tiers"][0]["calendar"] = {"critical": "always", "else": "office"}
    assert [path for path, _ in told(data, roster)] == ["functional[0].team"]


# Whatever the roster


HOURS = st.integers(-7 * 24, 5 * 7 * 24).map(lambda hour: NOW + timedelta(hours=hour))
SPANS = st.tuples(HOURS, st.sampled_from([1, 8, 60, 400, 1500])).map(
    lambda one: {"from": one[0], "to": one[0] + timedelta(hours=one[1])}
)
NAMES = ("ada", "ben", "cleo", "dora", "emil")


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    """Five people without addresses, each led by the one before, with absences and overrides of whole hours."""
    chain = zip(NAMES, (None, *NAMES[:-1]), strict=True)
    people = [{"id": name, "name": name, "manager": above} for name, above in chain]
    pairs = st.permutations(NAMES).map(lambda names: names[:2])
    absences = [
        {**span, "person": pair[0], "delegate": draw(st.sampled_from([None, pair[1]]))}
        for span, pair in draw(st.lists(st.tuples(SPANS, pairs), max_size=6))
    ]
    overrides = [
        {**span, "team": "dba", "person": pair[0], "instead_of": draw(st.sampled_from([None, pair[1]]))}
        for span, pair in draw(st.lists(st.tuples(SPANS, pairs), max_size=3))
    ]
    rotation = {**ROTATION, "members": draw(pairs), "every": "12h", "hours": ["08:00-20:00"]}
    rota: list[dict[str, Any]] = [{"members": draw(pairs)}, {"rotations": [rotation]}]
    teams = [{"id": "experts"}, {"id": "dba", "lead": "dora", **draw(st.sampled_from(rota))}]
    return Roster.model_validate({"people": people, "teams": teams, "absences": absences, "overrides": overrides})


@settings(max_examples=40, deadline=None)
@given(rosters(), st.sampled_from(["on_call", "on_call.next", "team.lead", "person:emil"]))
def test_named_is_exactly_who_would_be_told_at_some_hour_at_which_the_tier_is_open(roster: Roster, tell: str) -> None:
    data = changed("tiers.0", {**CALM["tiers"][0], "team": "dba", "steps": [{**STEP, "tell": tell}]})
    office = WorkingTime(check_policy(data).calendar("office"))
    every = [NOW + timedelta(hours=hour) for hour in range(4 * 7 * 24)]
    asked = {responder(roster, "dba", tell, at) for at in every if office.is_open(at)}
    message = dict(told(data, roster)).get("tiers[0].steps[0].channels", "")
    named = message.partition("cannot reach ")[2].partition(", who may be told")[0]
    assert {*named.split(", ")} - {""} == asked - {None}
