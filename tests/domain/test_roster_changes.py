"""A roster as a file and back, and what differs between two, in lines."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.roster import Roster
from domain.roster_changes import roster_changes
from domain.roster_file import check_roster, load_roster, roster_text

SAMPLE = Path(__file__).parents[2] / "policies" / "roster.yaml"
SPAN = {"from": "2026-07-06T07:00:00Z", "to": "2026-07-13T07:00:00Z"}
ROSTER: dict[str, Any] = {
    "people": [
        {"id": "dana", "name": "Dana", "phone": "+493023125101"},
        {"id": "sam", "name": "Sam", "manager": "dana"},
    ],
    "teams": [{"id": "support", "lead": "dana", "members": ["dana", "sam"], "choose": "round_robin"}],
    "overrides": [{**SPAN, "person": "sam", "instead_of": "dana"}],
    "absences": [{**SPAN, "person": "dana", "delegate": "sam", "source": "ical:holidays"}],
}


def document(data: dict[str, Any]) -> dict[str, Any]:
    return check_roster(data).model_dump(mode="json", by_alias=True)


def changed(**sections: Any) -> list[str]:
    return roster_changes(document(ROSTER), document({**ROSTER, **sections}))


# the file


@pytest.mark.parametrize("roster", [load_roster(SAMPLE.read_text(encoding="utf-8")), check_roster(ROSTER), Roster()])
def test_what_is_written_as_a_file_is_read_back_as_the_same_roster(roster: Roster) -> None:
    assert load_roster(roster_text(roster.model_dump(mode="json", by_alias=True))) == roster


def test_a_file_says_nothing_of_what_is_empty() -> None:
    text = roster_text(document(ROSTER))
    assert "null" not in text
    assert "rotations" not in text
    assert "overrides" in roster_text(document({}))


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(
    [
        "on",
        "yes",
        "null",
        "~",
        "12:30",
        "1e5",
        "12e3",
        "0815",
        "0x1f",
        "1_000",
        "2026-01-05",
        "- a",
        "# b",
        "a: b",
        "'",
        '"',
        "%",
    ]
)
IDS = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,12}", fullmatch=True) | st.sampled_from(
    ["1e5", "12e3", "0", "007", "no", "1.5"]
)


@settings(max_examples=200, deadline=None)
@example([("1e5", "\x85"), ("12e3", "two\u2028lines"), ("t", "1e5")])
@given(st.lists(st.tuples(IDS, WORDS), min_size=1, max_size=4, unique_by=lambda one: one[0]))
def test_no_name_is_so_odd_that_a_file_would_change_it(named: list[tuple[str, str]]) -> None:
    people = [{"id": id, "name": name} for id, name in named]
    roster = check_roster({"people": people, "teams": [{"id": "t", "name": named[0][1], "members": [named[0][0]]}]})
    assert load_roster(roster_text(roster.model_dump(mode="json", by_alias=True))) == roster


# what changes


def test_the_same_roster_changes_nothing() -> None:
    assert changed() == []


def test_people_who_come_and_go_and_change() -> None:
    dana = {**ROSTER["people"][0], "phone": None, "timezone": "Europe/Berlin"}
    lines = changed(people=[dana, {"id": "sam", "name": "Sam"}, {"id": "zoe", "name": "Zoe"}])
    assert lines == ["+ person zoe", "~ person dana: phone, timezone", "~ person sam: manager"]
    assert changed(people=ROSTER["people"][:1], teams=[], overrides=[], absences=[])[:2] == [
        "- person sam",
        "- team support",
    ]


def test_a_team_names_the_fields_that_change() -> None:
    lines = changed(teams=[{"id": "support", "members": ["sam", "dana"]}, {"id": "network"}])
    assert lines == ["+ team network", "~ team support: lead, members, choose"]
    more = roster_changes(document({**ROSTER, "teams": [{"id": "support"}]}), document(ROSTER))
    assert more == ["~ team support: lead, members, choose"]


def test_overrides_and_absences_that_come_and_go() -> None:
    lines = changed(overrides=[], absences=[{**SPAN, "person": "dana"}])
    said = "from 2026-07-06T07:00:00Z to 2026-07-13T07:00:00Z"
    assert lines == [
        f"- override sam {said}, instead_of: dana",
        f"- absence dana {said}, source: ical:holidays, delegate: sam",
        f"+ absence dana {said}",
    ]


def test_an_entry_written_twice_is_one_more() -> None:
    assert changed(overrides=ROSTER["overrides"] * 2) == [
        "+ override sam from 2026-07-06T07:00:00Z to 2026-07-13T07:00:00Z, instead_of: dana"
    ]


def test_another_order_is_a_change_too() -> None:
    two = [*ROSTER["overrides"], {**SPAN, "person": "dana", "team": "support"}]
    before, after = document({**ROSTER, "overrides": two}), document({**ROSTER, "overrides": two[::-1]})
    assert roster_changes(before, after) == ["~ the order of entries"]


def test_rotations_that_are_gone_are_counted() -> None:
    turns = {"timezone": "UTC", "handoff": "09:00", "every": "1w", "start": "2026-01-05", "members": ["dana"]}
    both, one = ({"teams": [{"id": "t", "rotations": [turns] * number}]} for number in (2, 1))
    assert roster_changes(document({**ROSTER, **both}), document({**ROSTER, **one})) == [
        "~ team t: rotations (2 before, 1 now)"
    ]
