"""Roster files that are refused: every fault at once, each with its place."""

import pytest

from domain.errors import PolicyFaults
from domain.roster_file import check_roster, load_roster


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
