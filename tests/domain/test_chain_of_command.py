"""In the absence of the senior manager the director, then the VP: delegates, then managers, one person at a time and no loop."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import PolicyFaults
from domain.roster import Roster, manager_of, on_duty, reachable, responder
from domain.roster_file import check_roster

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHAIN = ("agent", "senior-manager", "director", "vp")
EVERYBODY = (*CHAIN, "deputy", "assistant")


def house(**rest: Any) -> Roster:
    """An agent, three managers above, a deputy and an assistant; the senior manager leads the team."""
    managers = dict(zip(CHAIN, [*CHAIN[1:], None], strict=True))
    people = [{"id": name, "name": name.title(), "manager": managers.get(name)} for name in EVERYBODY]
    team = {"id": "management", "lead": "senior-manager", "members": ["senior-manager"]}
    return Roster.model_validate({"people": people, "teams": [team], **rest})


def away(**delegates: str | None) -> Roster:
    """The house while these are absent; `senior_manager="deputy"` names the delegate."""
    span = {"from": NOW - timedelta(days=1), "to": NOW + timedelta(days=1)}
    absences = [{**span, "person": name.replace("_", "-"), "delegate": one} for name, one in delegates.items()]
    return house(absences=absences)


def told(roster: Roster, at: datetime = NOW) -> str | None:
    """Whom a step with `tell: team.lead` tells; a step that names the senior manager must tell the same person."""
    by_role = responder(roster, "management", "team.lead", at)
    assert (
        by_role
        == responder(roster, "management", "person:senior-manager", at)
        == reachable(roster, "senior-manager", at)
    )
    return by_role


def test_the_senior_manager_is_told_while_present() -> None:
    assert told(house()) == "senior-manager"
    assert told(away(director=None, vp=None)) == "senior-manager"


def test_in_the_absence_of_the_senior_manager_the_director_and_in_the_directors_the_vp() -> None:
    assert told(away(senior_manager=None)) == "director"
    assert told(away(senior_manager=None, director=None)) == "vp"


def test_an_absence_counts_from_its_first_instant_to_before_its_end() -> None:
    roster = away(senior_manager=None)
    edges = [
        NOW - timedelta(days=1, seconds=1),
        NOW - timedelta(days=1),
        NOW + timedelta(hours=24, seconds=-1),
        NOW + timedelta(days=1),
    ]
    assert [told(roster, at) for at in edges] == ["senior-manager", "director", "director", "senior-manager"]


def test_the_delegate_comes_before_the_chain_of_command() -> None:
    assert told(away(senior_manager="deputy")) == "deputy"
    assert told(away(senior_manager="deputy", deputy="assistant")) == "assistant"


def test_where_the_delegate_is_away_too_the_chain_goes_on_from_the_senior_manager() -> None:
    assert told(away(senior_manager="deputy", deputy=None)) == "director"
    assert told(away(senior_manager="deputy", deputy=None, director="assistant")) == "assistant"


def test_delegates_who_name_each_other_end_at_the_director() -> None:
    assert told(away(senior_manager="deputy", deputy="senior-manager")) == "director"
    assert told(away(senior_manager="deputy", deputy="assistant", assistant="deputy")) == "director"
    assert told(away(senior_manager="director", director="senior-manager")) == "vp"


def test_the_absence_of_everybody_ends_at_nobody() -> None:
    nobody = away(**dict.fromkeys(("senior_manager", "director", "vp", "deputy", "assistant", "agent")))
    assert told(nobody) is None
    assert on_duty(nobody, "management", NOW) == []
    assert responder(nobody, "management", "on_call", NOW) is None
    assert manager_of(nobody, "agent", NOW) is None


def test_everybody_delegating_in_a_circle_ends_at_nobody() -> None:
    circle = away(senior_manager="director", director="vp", vp="senior-manager")
    assert told(circle) is None
    assert manager_of(circle, "agent", NOW) is None


def test_the_manager_of_somebody_is_never_that_person_again() -> None:
    assert manager_of(house(), "agent", NOW) == "senior-manager"
    assert manager_of(away(senior_manager="agent"), "agent", NOW) == "director"
    assert manager_of(away(senior_manager="agent", director="agent", vp="agent"), "agent", NOW) is None


def test_climbing_the_chain_by_hand_meets_one_person_after_the_other_and_ends() -> None:
    met = ["agent"]
    while above := manager_of(away(director=None), met[-1], NOW):
        met.append(above)
    assert met == ["agent", "senior-manager", "vp"]


def test_somebody_the_roster_does_not_know_is_nobody_and_has_no_manager() -> None:
    assert reachable(house(), "stranger", NOW) is None
    assert manager_of(house(), "stranger", NOW) is None
    assert responder(house(), "management", "person:stranger", NOW) is None


def refused(**sections: Any) -> str:
    with pytest.raises(PolicyFaults) as faults:
        check_roster(sections)
    return str(faults.value)


def test_managers_who_manage_each_other_are_refused_and_shown() -> None:
    people = [{"id": one, "name": one, "manager": other} for one, other in [("a", "b"), ("b", "c"), ("c", "a")]]
    assert "people[0].manager: the chain of command loops: a → b → c → a" in refused(people=people)
    assert "people[0].manager: the chain of command loops: a → a" in refused(
        people=[{"id": "a", "name": "a", "manager": "a"}]
    )


def test_a_loop_of_managers_that_was_never_checked_still_ends() -> None:
    """Rosters are checked at the gate; should one get past it, a case must not hang on it."""
    looped = house()
    people = tuple(one.model_copy(update={"manager": "agent"}) if one.id == "vp" else one for one in looped.people)
    looped = away(**dict.fromkeys(("agent", "senior_manager", "director", "vp"))).model_copy(update={"people": people})
    assert reachable(looped, "agent", NOW) is None
    assert manager_of(looped, "agent", NOW) is None


def test_an_unknown_delegate_manager_and_lead_are_refused_with_the_nearest_name() -> None:
    people = [{"id": "dana", "name": "Dana"}, {"id": "sam", "name": "Sam", "manager": "dnaa"}]
    span = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    said = refused(
        people=people, teams=[{"id": "t", "lead": "smm"}], absences=[{**span, "person": "sam", "delegate": "dan"}]
    )
    assert "people[1].manager: no person 'dnaa' in `people`: did you mean 'dana'?" in said
    assert "teams[0].lead: no person 'smm' in `people`: did you mean 'sam'?" in said
    assert "absences[0].delegate: no person 'dan' in `people`: did you mean 'dana'?" in said


@pytest.mark.parametrize("members", [[], None])
def test_a_rotation_without_members_is_refused_and_told_what_to_write(members: object) -> None:
    turns = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "start": "2026-03-02", "members": members}
    said = refused(people=[{"id": "dana", "name": "Dana"}], teams=[{"id": "t", "rotations": [turns]}])
    assert "teams[0].rotations[0].members" in said
    assert "write a list of people's ids such as [dana, sam]" in said
