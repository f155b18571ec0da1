"""Who is away is not told: the lead's stand-in and that of the last resort hear what these would have heard."""

import json
from typing import Any

import pytest

from domain.actions import responsible
from domain.afterwards import LateSurvey, Unsent, alert, last_try
from domain.commands import Command, Survey
from domain.duty_answers import answered
from domain.escalation import advance, answer, apply, open_case
from domain.messages import DutyAnswer, DutyQuestion, SendResult, StandIn
from domain.opening import accountable
from domain.roster import Roster, accountable_for
from domain.roster_file import check_roster
from domain.simulation import Course, Sending, course
from domain.state import STAND_INS, Escalation, Opening, TimelineEntry
from domain.tickets import Customer, Ticket, Trigger
from domain.view import document
from tests.domain.setting import policy, said, when

NAMES = ("dana", "eli", "finn", "mia", "lea", "kim", "olga", "pia")
TO_LAST = "{closing: {root_cause: required}, targets: {root_cause: {all: 1d}, closure: {all: 3d}}}"


def roster(*absences: dict[str, Any], lead_of_l2: str = "lea") -> Roster:
    """Teams led by lea, one step of one person each; the absences are from ten to noon unless they say otherwise."""
    people = [
        {"id": name, "name": name.title(), "email": f"{name}@x.example", "phone": "+493023125101"} for name in NAMES
    ]
    members = {"support": ["dana", "eli"], "specialists": ["finn"], "management": ["mia"]}
    leads = {"specialists": lead_of_l2}
    teams = [{"id": team, "lead": leads.get(team, "lea"), "members": ids} for team, ids in members.items()]
    times = {"from": when("10:00").isoformat(), "to": when("12:00").isoformat()}
    return check_roster({"people": people, "teams": teams, "absences": [{**times, **one} for one in absences]})


LEA_AWAY = {"person": "lea", "delegate": "kim"}
OLGA_AWAY = {"person": "olga", "delegate": "pia"}


def opening(people: Roster, rules: str = TO_LAST, **changes: Any) -> Opening:
    accepted_at, rules_ = when("10:00"), policy(rules)
    return Opening(
        id="zendesk-4711",
        episode=1,
        accepted_at=accepted_at,
        opened_by=None,
        policy=rules_,
        priority="high",
        priority_reasons=(),
        ticket=Ticket(system="zendesk", id="4711", subject="Checkout is down"),
        customer=Customer(id="acme", name="Acme GmbH", email="it@acme.example"),
        trigger=Trigger(kind="manual"),
        **accountable(people, rules_, accepted_at),
    ).model_copy(update=changes)


def word(at: str, name: str, by: str = "dana", **body: Any) -> Command:
    return Command(id=f"{at} {name}", name=name, by=by, received_at=when(at), body=body)


def told(found: Course, kind: str) -> list[tuple[str | None, str | None]]:
    sent = (one for one in found.happenings if isinstance(one, Sending) and one.message.kind == kind)
    return list(dict.fromkeys((said(one.at), one.message.person) for one in sent))


def question(**changes: Any) -> DutyQuestion:
    asked = {"entry": 1, "step": 0, "round": 0, "team": "support", "selector": "on_call", "at": when("10:00")}
    return DutyQuestion.model_validate({**asked, "last_resort": "olga", **changes})


# the lead


@pytest.mark.parametrize(("away", "hears"), [((), "lea"), ((LEA_AWAY,), "kim")])
def test_a_missing_root_cause_is_told_to_whoever_stands_in_for_the_lead(away: tuple[Any, ...], hears: str) -> None:
    people = roster(*({**one, "to": when("Fri 10:00").isoformat()} for one in away))
    words = [word("10:01", "acknowledge"), word("10:02", "resolve", summary="restarted")]
    found = course(opening(people), people, words)
    assert told(found, "root_cause_overdue") == [("Tue 10:02", "dana"), ("Wed 10:02", hears)]


def test_a_low_answer_is_told_to_whoever_stands_in_for_the_lead() -> None:
    people = roster(LEA_AWAY)
    rates = word("10:03", "survey", by="api", score=1)
    found = course(opening(people), people, [word("10:02", "resolve", summary="restarted"), rates])
    assert told(found, "low_score") == [("10:03", "kim")]


def test_before_anybody_was_told_whoever_stands_in_for_the_lead_is_accountable() -> None:
    begun = open_case(opening(roster(LEA_AWAY))).state
    assert (begun.told, begun.accountable) == ((), "kim")


def away(person: str, by: str | None, begins: str = "10:00", ends: str = "12:00") -> dict[str, tuple[StandIn, ...]]:
    return {person: (StandIn(begins=when(begins), ends=when(ends), by=by),)}


def test_the_answer_says_when_the_lead_is_away_and_who_stands_in() -> None:
    found = answered(roster(LEA_AWAY), question(at=when("09:00")))
    assert (found.lead, found.stand_ins) == ("lea", away("lea", "kim"))


@pytest.mark.parametrize(
    ("absences", "hears"),
    [
        ((LEA_AWAY,), "kim"),
        (({"person": "lea"},), "olga"),
        (({"person": "lea"}, OLGA_AWAY), "pia"),
        (({"person": "lea"}, {"person": "olga"}), "lea"),
    ],
    ids=["somebody stands in", "the last resort does", "who stands in for the last resort does", "nobody is there"],
)
def test_who_answers_for_a_team_whose_lead_is_away(absences: tuple[dict[str, Any], ...], hears: str) -> None:
    people = roster(*absences)
    assert open_case(opening(people)).state.lead == hears
    assert accountable_for(people, "support", "olga", when("10:00")) == hears, "the same after closing"


def test_a_lead_who_is_back_answers_again_though_no_step_has_asked_since() -> None:
    people = roster(
        {**LEA_AWAY, "to": when("Wed 08:00").isoformat()},
        {"person": "kim", "from": when("Wed 08:00").isoformat(), "to": when("Fri 08:00").isoformat()},
    )
    words = [word("10:01", "acknowledge"), word("Tue 09:00", "resolve", summary="restarted")]
    found = course(opening(people), people, words)
    assert told(found, "root_cause_overdue") == [("Wed 09:00", "dana"), ("Thu 09:00", "lea")]


def test_the_stand_in_for_the_lead_of_the_next_tier_is_known_before_that_tier_asks() -> None:
    """Climbed in the evening; its steps wait for the morning, its target does not."""
    kim_leads = roster({"person": "kim", "delegate": "pia", "to": when("Fri 10:00").isoformat()}, lead_of_l2="kim")
    always = "calendars: {always: {timezone: UTC, hours: always}}"
    rules = f"{{{always}, targets: {{resolution: {{all: 10h, calendar: always, warn_at: [90]}}}}}}"
    dated = policy(rules, L1="{calendar: always, targets: {acknowledge: {all: 8h}}}", L2="{calendar: office}")
    found = course(
        opening(kim_leads, policy=dated, **accountable(kim_leads, dated, when("10:00"))), kim_leads, until=when("19:30")
    )
    assert told(found, "warning") == [("19:00", "pia")]


# the last resort


def test_the_answer_says_who_stands_in_for_the_owner_of_last_resort_that_the_question_names() -> None:
    people = roster(OLGA_AWAY, {"person": "mia", "delegate": "kim"})
    assert answered(people, question()).stand_ins == away("olga", "pia")
    assert answered(people, question(last_resort="mia")).stand_ins == away("mia", "kim")
    assert answered(people, question(last_resort="eli")).stand_ins == {}
    assert answered(people, question(last_resort=None)).stand_ins == {}


@pytest.mark.parametrize(("away", "hears"), [((), "olga"), ((OLGA_AWAY,), "pia")])
def test_what_nobody_takes_goes_to_whoever_stands_in_for_the_owner_of_last_resort(
    away: tuple[Any, ...], hears: str
) -> None:
    away += ({"person": "dana"}, {"person": "eli"}, {"person": "finn"}, {"person": "mia"})  # nobody, so it is at once
    people = roster(*away)
    found = course(opening(people), people, until=when("11:00"))
    assert told(found, "last_resort") == [("10:00", hears)]
    text = "owner of last resort olga told" if hears == "olga" else "pia, for owner of last resort olga, told"
    assert any(one.text.startswith(text) for one in found.happenings if isinstance(one, TimelineEntry))


@pytest.mark.parametrize(
    ("ends", "hears"), [("12:00", "olga"), ("Thu 11:00", "pia")], ids=["back in time", "away to that day"]
)
def test_a_closing_limit_that_passed_is_told_to_whoever_is_then_there(ends: str, hears: str) -> None:
    """Nobody has asked the roster since the first step; what it said then knew of the days to come."""
    people = roster({**OLGA_AWAY, "to": when(ends).isoformat()})
    found = course(opening(people), people, [word("10:01", "acknowledge")])
    assert told(found, "closure_overdue") == [("Thu 10:00", hears)]


def test_who_leaves_later_is_stood_in_for_from_then_on_every_day() -> None:
    nobody = ({"person": one} for one in ("dana", "eli", "finn", "mia"))
    late = {"from": when("Tue 18:00").isoformat(), "to": when("Fri 00:00").isoformat()}
    people = roster({**OLGA_AWAY, **late}, *nobody)
    found = course(opening(people), people, until=when("Thu 11:00"))
    expected = [("10:00", "olga"), ("Tue 10:00", "olga"), ("Wed 10:00", "pia"), ("Thu 10:00", "pia")]
    assert told(found, "last_resort") == expected


def test_who_stands_in_is_known_before_any_step_has_asked() -> None:
    """Opened at the weekend, the tier waits for Monday; the target does not."""
    always = "calendars: {always: {timezone: UTC, hours: always}}"
    rules = f"{{{always}, targets: {{resolution: {{all: 4h, calendar: always}}}}, start_tier: {{high: L3}}}}"
    weekend = {"from": when("Sat 00:00").isoformat(), "to": when("03-09 00:00").isoformat()}
    people = roster({**OLGA_AWAY, **weekend})
    dated = policy(rules, L3="{calendar: office}")
    begun = opening(
        people, policy=dated, accepted_at=when("Sat 10:00"), **accountable(people, dated, when("Sat 10:00"))
    )
    found = course(begun, people, until=when("Sun 12:00"))
    assert told(found, "top_breach") == [("Sat 14:00", "pia")]


def test_who_is_back_hears_again_once_a_step_has_asked() -> None:
    people = roster({**OLGA_AWAY, "to": when("10:15").isoformat()})
    found = course(opening(people, "{targets: {resolution: {all: 4h}}}"), people, until=when("15:00"))
    assert told(found, "top_breach") == [("14:00", "olga")]


def first_answer(state: Escalation, **says: Any) -> Escalation:
    said = {"entry": 1, "step": 0, "round": 0, "person": "dana", "lead": "lea", "at": when("10:00"), **says}
    return answer(state, DutyAnswer.model_validate(said)).state


def test_a_case_of_earlier_rules_asks_for_no_stand_in_and_keeps_the_owner_of_last_resort() -> None:
    for version, asks, last, lead in ((STAND_INS - 1, None, "olga", "lea"), (STAND_INS, "olga", "pia", "kim")):
        people = roster(OLGA_AWAY, LEA_AWAY)
        begun = open_case(opening(people, rules_version=version, stand_ins={}))
        [asked] = begun.questions
        assert asked.last_resort == asks
        after = answer(begun.state, answered(people, asked)).state
        assert (after.last_resort, after.lead) == (last, lead)


def test_a_stand_in_is_forgotten_when_the_next_answer_names_none() -> None:
    state = first_answer(open_case(opening(roster())).state, stand_ins=away("olga", "pia"))
    assert state.last_resort == "pia"
    asked_again = advance(state, when("10:10"))
    [asked] = asked_again.questions
    assert answer(asked_again.state, answered(roster(), asked)).state.last_resort == "olga"


def test_a_policy_with_another_owner_of_last_resort_has_no_stand_in_of_the_old_one() -> None:
    state = first_answer(open_case(opening(roster())).state, stand_ins=away("olga", "pia"))
    other = state.policy.model_copy(update={"owner_of_last_resort": "mia", "version": 2})
    moved = apply(state, word("10:05", "rebase", policy=other.model_dump(mode="json")), when("10:05"))
    assert moved.state.last_resort == "mia"


def test_what_an_earlier_release_wrote_knows_no_stand_in() -> None:
    plain = question().model_dump(mode="json", exclude={"last_resort"})
    assert DutyQuestion.model_validate_json(json.dumps(plain)).last_resort is None
    old = answered(roster(OLGA_AWAY), question()).model_dump(mode="json", exclude={"stand_ins"})
    assert DutyAnswer.model_validate_json(json.dumps(old)).stand_ins == {}


# after closing


def test_a_low_answer_that_reached_no_lead_goes_to_whoever_then_stands_in_for_the_last_resort() -> None:
    people, state = roster(OLGA_AWAY), open_case(opening(roster())).state
    resolved = apply(state, word("10:02", "resolve", summary="restarted"), when("10:02")).state
    given = LateSurvey(escalation=state.id, episode=1, command_id="c1", at=when("10:30"), answer=Survey(score=1))
    message = alert(given, document(resolved), state.policy, "lea", 0).model_copy(update={"fallbacks": ()})
    for at, hears in (("11:59", "pia"), ("12:00", "olga")):
        failed = SendResult(key=message.key, status="failed", at=when(at))
        unsent = Unsent(escalation=state.id, episode=1, message=message, result=failed)
        last = last_try(unsent, document(resolved), state.policy, people)
        assert last is not None
        assert last.person == hears


@pytest.mark.parametrize(
    ("owner", "team", "at", "expected"),
    [
        (None, "support", "11:00", "kim"),
        ("gone", "support", "12:00", "lea"),
        (None, "nobody's", "11:00", "pia"),
        ("lea", "support", "11:00", "lea"),
    ],
    ids=["lead away", "lead back", "last resort away", "an owner somebody named stays"],
)
def test_what_is_nobodys_is_whose_who_stands_in_for_the_lead_or_the_last_resort(
    owner: str | None, team: str, at: str, expected: str
) -> None:
    assert responsible(owner, roster(LEA_AWAY, OLGA_AWAY), team, policy(), when(at)) == expected
