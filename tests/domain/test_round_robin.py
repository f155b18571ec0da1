"""Round robin inside a team: even shares, another person each round, and the same person again wherever it is asked again."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import PolicyFaults
from domain.messages import DutyQuestion
from domain.roster import Roster, on_duty, responder
from domain.roster_file import check_roster
from domain.round_robin import from_turn, turn_of
from tests.domain.story import Story, policy

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
MEMBERS = ("ann", "bob", "cat", "dan", "eve", "fay", "gil")
AWAY = {"from": MONDAY - timedelta(days=1), "to": MONDAY + timedelta(days=1)}


def team(size: int = 3, **rest: object) -> Roster:
    """Team `t` of the first `size` members, by turns."""
    people = [{"id": name, "name": name.title()} for name in MEMBERS]
    found = {"id": "t", "members": MEMBERS[:size], "choose": "round_robin"}
    return Roster.model_validate({"people": people, "teams": [found], **rest})


def test_the_ladder_begins_with_the_member_whose_turn_it_is_and_goes_on_in_the_written_order() -> None:
    ladders = [on_duty(team(), "t", MONDAY, turn) for turn in range(4)]
    assert ladders == [["ann", "bob", "cat"], ["bob", "cat", "ann"], ["cat", "ann", "bob"], ["ann", "bob", "cat"]]
    assert responder(team(), "t", "on_call", MONDAY, 1) == "bob"
    assert responder(team(), "t", "on_call.next", MONDAY, 1) == "cat"


def test_a_team_that_does_not_ask_for_it_answers_in_the_written_order_whatever_the_turn() -> None:
    written = {"id": "t", "members": MEMBERS[:3]}
    in_order = team(teams=[written])
    assert [on_duty(in_order, "t", MONDAY, turn) for turn in range(3)] == [list(MEMBERS[:3])] * 3
    assert in_order.teams[0].choose == "in_order"


@pytest.mark.parametrize("size", range(2, 8))
@pytest.mark.parametrize("name", ["zendesk-{}", "freshdesk-{:06}", "jira-OPS~2D{}", "hubspot-{}00"])
def test_over_many_cases_the_shares_are_even_within_a_few_percent(size: int, name: str) -> None:
    count, asked = 10_000, team(size)
    shares = Counter(responder(asked, "t", "on_call", MONDAY, turn_of(name.format(n), 1, 0)) for n in range(count))
    assert len(shares) == size
    assert max(abs(share / count * size - 1) for share in shares.values()) < 0.07


def test_another_round_and_another_entry_ask_another_person() -> None:
    for case in ("zendesk-4711", "jira-OPS~2D1"):
        rounds = [responder(team(), "t", "on_call", MONDAY, turn_of(case, 1, round)) for round in range(3)]
        entries = [responder(team(), "t", "on_call", MONDAY, turn_of(case, entry, 0)) for entry in range(1, 4)]
        assert sorted(map(str, rounds)) == sorted(map(str, entries)) == ["ann", "bob", "cat"]


def test_another_round_asks_another_person_also_while_one_is_away() -> None:
    two_left = team(absences=[{**AWAY, "person": "ann"}])
    asked = [responder(two_left, "t", "on_call", MONDAY, turn) for turn in range(4)]
    assert asked == ["bob", "cat", "bob", "cat"]


def test_the_delegate_of_an_absent_member_has_the_turn_of_the_member() -> None:
    stood_in_for = team(absences=[{**AWAY, "person": "ann", "delegate": "dan"}])
    assert on_duty(stood_in_for, "t", MONDAY, 0) == ["dan", "bob", "cat"]
    assert on_duty(stood_in_for, "t", MONDAY, 1) == ["bob", "cat", "dan"]


def test_who_is_put_on_duty_by_an_override_comes_before_any_turn() -> None:
    covered = team(overrides=[{**AWAY, "person": "eve", "team": "t"}])
    assert [on_duty(covered, "t", MONDAY, turn)[0] for turn in range(3)] == ["eve"] * 3
    assert on_duty(covered, "t", MONDAY, 1) == ["eve", "bob", "cat", "ann"]


def test_a_team_of_nobody_has_nobodys_turn() -> None:
    assert from_turn([], 7) == []
    everybody = [{**AWAY, "person": name} for name in MEMBERS[:3]]
    assert responder(team(absences=everybody), "t", "on_call", MONDAY, 5) is None


def test_the_turn_of_a_case_is_the_same_number_in_every_process() -> None:
    """A worker that takes a case over asks the same person; Python's own `hash` would not."""
    here = [turn_of("zendesk-4711", 2, 3), turn_of("jira-Größe", 1, 0)]
    assert here == [2374867658, 1090261526]
    code = "from domain.round_robin import turn_of; print([turn_of('zendesk-4711', 2, 3), turn_of('jira-Größe', 1, 0)])"
    there = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert there == {f"{here}\n".encode()}


class Asked(Story):
    """A story that remembers what the roster was asked."""

    def _answer(self, question: DutyQuestion, person: str | None, at: datetime) -> None:
        self.__dict__.setdefault("asked", []).append(question)
        super()._answer(question, person, at)


def test_the_machine_asks_with_the_turn_of_the_case_the_entry_and_the_round() -> None:
    with Asked(policy("start_tier: {high: L3}", L3="repeat: 2")) as story:
        story.later("12:00").never_mind()
        asked = story.__dict__["asked"]
        assert [one.turn - asked[0].turn for one in asked] == [0, 1, 2]
        assert asked[0].turn == turn_of("zendesk-4711", 1, 0)
    with Asked(policy()) as story:
        story.later("10:35").never_mind()
        asked = story.__dict__["asked"]
        assert [(one.selector, one.entry, one.turn - asked[0].turn) for one in asked] == [
            ("on_call", 1, 0),
            ("on_call.next", 1, 0),
            ("on_call", 2, 1),
        ]


def test_a_question_of_an_earlier_version_had_no_turn() -> None:
    question = {"entry": 1, "step": 0, "round": 0, "team": "t", "selector": "on_call", "at": MONDAY}
    assert DutyQuestion.model_validate(question).turn == 0


def test_round_robin_in_a_team_with_rotations_is_refused_and_told_what_to_write() -> None:
    turns = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "start": "2026-03-02", "members": ["ann"]}
    both = {"id": "t", "members": ["ann"], "choose": "round_robin", "rotations": [turns]}
    with pytest.raises(PolicyFaults) as refused:
        check_roster({"people": [{"id": "ann", "name": "Ann"}], "teams": [both]})
    assert [fault.path for fault in refused.value.faults] == ["teams[0].choose"]
    assert "leave `choose` out" in refused.value.faults[0].message


def test_an_unknown_way_to_choose_is_refused_and_told_what_to_write() -> None:
    with pytest.raises(PolicyFaults) as refused:
        check_roster({"teams": [{"id": "t", "choose": "by_load"}]})
    assert "teams[0].choose: 'by_load' is none of 'in_order' or 'round_robin'" in str(refused.value)


def test_a_roster_that_does_not_use_it_says_nothing_of_it() -> None:
    """A worker of an earlier version can go on reading it while the others are replaced."""
    plain = team(teams=[{"id": "t", "members": MEMBERS[:3]}])
    assert "choose" not in plain.model_dump(mode="json")["teams"][0]
    again = Roster.model_validate(team().model_dump(mode="json", by_alias=True))
    assert again == team()
