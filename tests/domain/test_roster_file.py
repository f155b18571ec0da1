"""Roster files that are refused: every fault at once, each with its place."""

from time import perf_counter
from typing import Any

import pytest

from domain import roster_file
from domain.errors import PolicyFaults
from domain.roster import Roster
from domain.roster_file import MOST_IN_ALL, check_roster, load_roster

SPAN = {"from": "2026-07-06T07:00:00Z", "to": "2026-07-13T07:00:00Z"}
PEOPLE = [{"id": "dana", "name": "Dana"}, {"id": "sam", "name": "Sam"}]


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


# a large one


def refused(data: dict[str, Any]) -> list[str]:
    began = perf_counter()
    with pytest.raises(PolicyFaults) as found:
        check_roster(data)
    assert perf_counter() - began < 20  # a guard against growth, not a measurement
    return [str(fault) for fault in found.value.faults]


def test_a_roster_may_have_as_many_overrides_and_absences_as_the_documentation_says_and_no_more() -> None:
    override, absence = {**SPAN, "person": "sam", "instead_of": "dana"}, {**SPAN, "person": "dana", "delegate": "sam"}
    full = {"people": PEOPLE, "overrides": [override] * (MOST_IN_ALL // 2), "absences": [absence] * (MOST_IN_ALL // 2)}
    assert len(check_roster(full).absences) == MOST_IN_ALL // 2
    assert refused({**full, "absences": [*full["absences"], absence]}) == [
        "overrides: 20,001 overrides and absences, and 20,000 are the most; remove those that are over"
    ]


@pytest.mark.parametrize("stored", ["overrides", "absences"])
@pytest.mark.parametrize("added", ["overrides", "absences"])
def test_a_stored_roster_that_is_over_the_limit_is_still_added_to_and_none_goes_over_it(
    stored: str, added: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_file, "MOST_IN_ALL", 3)
    entries: dict[str, dict[str, str]] = {
        "overrides": {**SPAN, "person": "sam", "instead_of": "dana"},
        "absences": {**SPAN, "person": "dana"},
    }

    def add(number: int, entry: dict[str, str]) -> Roster:
        before = Roster.model_validate({"people": PEOPLE, stored: [entries[stored]] * number})
        data = before.model_dump(mode="json", by_alias=True)
        return check_roster({**data, added: [*data[added], entry]}, before=before)

    grown = add(4, entries[added])
    assert len(grown.overrides) + len(grown.absences) == 5
    with pytest.raises(PolicyFaults, match="4 overrides and absences, and 3 are the most"):
        add(3, entries[added])
    with pytest.raises(PolicyFaults, match=rf"{added}\[{4 if added == stored else 0}\]\.person"):
        add(4, {**entries[added], "person": "zed"})


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [
        ("_MOST", (("people", 1), ("teams", 1)), "people: has 2 entries"),
        ("_MOST_VALUES", 10, "holds over 10 values"),
    ],
)
def test_a_stored_roster_that_is_over_another_limit_is_still_added_to(
    limit: str, most: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = check_roster({"people": PEOPLE})
    data = {**before.model_dump(mode="json", by_alias=True), "absences": [{**SPAN, "person": "dana"}]}
    monkeypatch.setattr(roster_file, limit, most)
    assert len(check_roster(data, before=before).absences) == 1
    with pytest.raises(PolicyFaults, match=words):
        check_roster(data)


def test_a_file_of_a_roster_may_be_larger_than_one_of_a_policy() -> None:
    people = "people: [{id: dana, name: Dana}, {id: sam, name: Sam}]\nabsences:\n"
    entry = "- person: dana\n  from: '2026-07-06T07:00:00Z'\n  to: '2026-07-13T07:00:00Z'\n  delegate: sam\n"
    text = people + entry * 6_000
    assert len(text) > 500_000
    assert len(load_roster(text).absences) == 6_000


@pytest.mark.parametrize(
    "data",
    [
        {"absences": [{}] * MOST_IN_ALL},
        {"people": [{}] * 20_000},
        {"people": PEOPLE, "absences": [{**SPAN, "person": f"ghost{n}"} for n in range(MOST_IN_ALL)]},
        {
            "people": [{"id": f"p{n}", "name": "X"} for n in range(2_000)],
            "teams": [{"id": "t", "members": [f"q{n}" for n in range(100_000)]}],
        },
    ],
)
def test_of_thousands_of_mistakes_the_first_are_told_in_seconds(data: dict[str, Any]) -> None:
    faults = refused(data)
    assert len(faults) == 1_001
    assert faults[0].startswith("(the whole file): has more mistakes than the 1,000 that are listed")


def test_a_roster_with_more_values_than_any_is_refused_before_they_are_checked() -> None:
    members = [{"id": "t", "members": [1] * 250_000}]
    assert refused({"teams": members})[0].startswith("(the whole file): holds over 250,000 values")
    assert refused({"people": [1] * 20_001}) == ["people: has 20,001 entries, and 20,000 are the most"]
