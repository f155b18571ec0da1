"""The smallest policy without a mistake, to make one in at a time, and what is then refused."""

import copy
from typing import Any

import pytest

from domain.errors import PolicyFaults
from domain.policy_file import check_policy

SMALL: dict[str, Any] = {
    "name": "small",
    "owner_of_last_resort": "ops-manager",
    "calendars": {"office": {"timezone": "Europe/Berlin", "hours": {"mon": ["09:00-17:00"]}}},
    "tiers": [
        {
            "name": "L1",
            "team": "support",
            "targets": {"acknowledge": {"all": "1h"}},
            "steps": [{"tell": "on_call", "channels": ["email"]}],
        }
    ],
}
TIER = SMALL["tiers"][0]
STEP = TIER["steps"][0]


def changed(path: str, value: object) -> dict[str, Any]:
    """The small policy with one value set; numbers in the dotted path are list positions."""
    data = copy.deepcopy(SMALL)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = data
    for part in parents:
        here = here[part] if isinstance(part, int) else here.setdefault(part, {})
    here[last] = value
    return data


def faults_of(data: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a policy, by its place."""
    with pytest.raises(PolicyFaults) as refused:
        check_policy(data)
    assert refused.value.code == "invalid_policy"
    return {fault.path: fault.message for fault in refused.value.faults}
