"""The policies the bench opens cases under.

A whole life runs under `standard.yaml` itself, as a critical case: then its calendars are always open, and what is measured does
not depend on the hour. The others are small, with every calendar open and times that the sizes of a run decide.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.sizes import Sizes

LIFE, LATE, RUSH, IDLE = "standard", "bench-late", "bench-rush", "bench-idle"
WARN_AT = 80  # percent of the late target
BELL_AHEAD = timedelta(seconds=15)  # from opening the first case of the rush to the bell, at least


def late(sizes: Sizes) -> dict[str, Any]:
    """Three things fall due by themselves: a second step, a warning, a missed target that climbs."""
    first = {
        "acknowledge": {"all": f"{sizes.late_target}s", "warn_at": [WARN_AT]},
    }
    steps = [_step("on_call"), {"after": f"{sizes.late_step}s", **_step("team.lead")}]
    return _policy(LATE, [_tier("L1", first, steps), _tier("L2", {"acknowledge": {"all": "8h"}}, [_step("on_call")])])


def rush(sizes: Sizes, bell: datetime) -> dict[str, Any]:
    """All acknowledge targets count from the minute of `bell`: they are missed in the same instant, and each case climbs."""
    acknowledge: dict[str, Any] = {"all": f"{sizes.rush_after}s"}
    policy = _policy(
        RUSH,
        [
            _tier("L1", {"acknowledge": acknowledge}, [_step("on_call")]),
            _tier("L2", {"acknowledge": {"all": "8h"}}, [_step("on_call")]),
        ],
    )
    if sizes.bell:
        acknowledge["calendar"] = "bell"
        window = f"{bell:%H:%M}-{bell + timedelta(hours=1):%H:%M}"
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        policy["calendars"] = {"bell": {"timezone": "UTC", "hours": {day: [window] for day in days}}}
    return policy


def next_bell(now: datetime) -> datetime:
    """The first full minute that leaves time to open the cases before."""
    return (now + BELL_AHEAD).astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def idle() -> dict[str, Any]:
    """One message at the opening, then nothing for hours."""
    steps = [_step("on_call"), {"after": "2h", **_step("team.lead")}]
    targets = {"acknowledge": {"all": "8h", "warn_at": [50, 80]}, "tier_resolution": {"all": "3d", "warn_at": [75]}}
    policy = _policy(IDLE, [_tier("L1", targets, steps), _tier("L2", {"acknowledge": {"all": "8h"}}, steps)])
    policy["targets"] = {"resolution": {"all": "10d"}, "closure": {"all": "15d"}, "root_cause": {"all": "3d"}}
    return policy


def written(policy: dict[str, Any]) -> bytes:
    """As the API takes it."""
    return json.dumps(policy).encode()


def _policy(name: str, tiers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "owner_of_last_resort": "ops-manager", "tiers": tiers}


def _tier(name: str, targets: dict[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    team = {"L1": "support", "L2": "specialists"}[name]
    return {"name": name, "team": team, "calendar": "always", "targets": targets, "steps": steps}


def _step(tell: str) -> dict[str, Any]:
    return {"tell": tell, "channels": ["email"]}
