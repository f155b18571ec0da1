"""A policy and a roster without any warning, to change one thing in at a time, and what is then warned of."""

import copy
from datetime import UTC, datetime
from typing import Any

from domain.policy_file import check_policy
from domain.policy_warnings import warnings
from domain.roster import Roster

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday, 11:00 in Berlin; the clocks change on the 29th

WEEK = ("mon", "tue", "wed", "thu", "fri")
STEP = {"tell": "on_call", "channels": ["email"]}
CALM: dict[str, Any] = {
    "name": "calm",
    "owner_of_last_resort": "olga",
    "calendars": {
        "office": {"timezone": "Europe/Berlin", "day": "8h", "hours": {day: ["09:00-17:00"] for day in WEEK}},
        "mornings": {"timezone": "Europe/Berlin", "day": "8h", "hours": {"mon": ["09:00-10:00"]}},
    },
    "tiers": [
        {
            "name": "L1",
            "team": "support",
            "calendar": "office",
            "targets": {"acknowledge": {"all": "1h"}, "tier_resolution": {"all": "4h"}},
            "steps": [STEP],
        },
        {"name": "L2", "team": "experts", "targets": {"acknowledge": {"all": "1h"}}, "steps": [STEP]},
    ],
    "targets": {"closure": {"all": "15d"}},
}
PEOPLE = [{"id": person, "name": person, "email": f"{person}@x.example"} for person in ("olga", "dana", "eli")]
ROTATION = {
    "timezone": "Europe/Berlin",
    "handoff": "09:00",
    "every": "1d",
    "start": "2026-01-05",
    "members": ["dana"],
}
SUPPORT = {"id": "support", "members": ["dana"]}
EXPERTS = {"id": "experts", "members": ["eli"]}
EVERYBODY_THERE = Roster.model_validate({"people": PEOPLE, "teams": [SUPPORT, EXPERTS]})


def changed(path: str, value: object) -> dict[str, Any]:
    """The calm policy with one value set; numbers in the dotted path are list positions."""
    data = copy.deepcopy(CALM)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = data
    for part in parents:
        here = here[part]
    here[last] = value
    return data


def told(data: dict[str, Any], roster: Roster = EVERYBODY_THERE, now: datetime = NOW) -> list[tuple[str, str]]:
    """Each warning with its place."""
    return [(fault.path, fault.message) for fault in warnings(check_policy(data), roster, now)]
