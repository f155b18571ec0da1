"""The chaos policies and roster as the checker reads them: from the YAML files, with no code of the product.

Every calendar of these policies is always open and every duration is in seconds, minutes, hours or days of 24 h; more is not
needed to know when something is due.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "policies"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
REMINDER = 80  # percent of a promise, after which its keeper is reminded
LOW_SCORE = 2  # where a policy does not say
PAUSING = ("waiting_on_customer", "scheduled")


def seconds(text: str) -> int:
    """`1m30s` in seconds."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


@dataclass(frozen=True)
class Step:
    after: timedelta
    tell: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Tier:
    name: str
    team: str
    steps: tuple[Step, ...]
    repeat: int
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Matrix:
    """One policy."""

    name: str
    last_resort: str
    tiers: tuple[Tier, ...]
    data: Mapping[str, Any]

    def length(self, target: str, tier: int, priority: str) -> int | None:
        """The seconds of a target."""
        if target == "customer_update":
            return _by_priority(self.data["customer_updates"]["every"], priority)
        if target == "stale":
            return _by_priority(self.tiers[tier].data.get("acknowledge_timeout", {}), priority)
        return _by_priority(self._definition(target, tier), priority)

    def warnings(self, target: str, tier: int) -> tuple[int, ...]:
        if target == "customer_update":
            return (REMINDER,)
        return tuple(self._definition(target, tier).get("warn_at", ()))

    def pauses(self, target: str) -> tuple[str, ...]:
        """The reasons a target stops for. These policies leave it at what the rules say, or say the same."""
        if target == "customer_update":
            return ("waiting_on_customer",)
        return PAUSING if target in ("tier_resolution", "resolution") else ()

    @property
    def customer_channels(self) -> tuple[str, ...]:
        return tuple(self.data["customer_updates"]["channels"])

    @property
    def moments(self) -> tuple[str, ...]:
        """When the customer is told by itself."""
        return tuple(self.data["customer_updates"]["on"])

    @property
    def confirm_within(self) -> timedelta | None:
        text = self.data["closing"].get("confirm_within")
        return timedelta(seconds=seconds(text)) if text else None

    @property
    def survey_after(self) -> timedelta | None:
        text = self.data["closing"].get("survey_after")
        return timedelta(seconds=seconds(text)) if text else None

    @property
    def low_score(self) -> int:
        """An answer of that or less is the lead's business."""
        return int(self.data["closing"].get("low_score", LOW_SCORE))

    def _definition(self, target: str, tier: int) -> Mapping[str, Any]:
        of_the_tier = target in ("acknowledge", "tier_resolution")
        targets = self.tiers[tier].data["targets"] if of_the_tier else self.data["targets"]
        found: Mapping[str, Any] = targets.get(target, {})
        return found


def _by_priority(definition: Mapping[str, Any], priority: str) -> int | None:
    text = definition.get(priority, definition.get("all"))
    return None if text is None else seconds(text)


@dataclass(frozen=True)
class People:
    """The roster; its teams have no rotations, so the order of the members is the ladder."""

    people: Mapping[str, Mapping[str, Any]]
    teams: Mapping[str, Mapping[str, Any]]

    def responder(self, team: str, selector: str) -> str | None:
        if selector.startswith("person:"):
            return selector.removeprefix("person:")
        if selector == "team.lead":
            return self.lead(team)
        members = self.teams[team]["members"]
        place = 1 if selector == "on_call.next" else 0
        return str(members[place]) if place < len(members) else None

    def lead(self, team: str) -> str:
        return str(self.teams[team]["lead"])

    def address(self, person: str, channel: str) -> str | None:
        found: str | None = self.people[person].get("email" if channel == "email" else "phone")
        return found


@cache
def matrix(name: str) -> Matrix:
    data = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return Matrix(data["name"], data["owner_of_last_resort"], tuple(_tier(one) for one in data["tiers"]), data)


def _tier(data: Mapping[str, Any]) -> Tier:
    steps = (
        Step(timedelta(seconds=seconds(one.get("after", "0s"))), one["tell"], tuple(one["channels"]))
        for one in data["steps"]
    )
    return Tier(data["name"], data["team"], tuple(steps), data.get("repeat", 3), data)


@cache
def people() -> People:
    data = yaml.safe_load((FOLDER / "roster.yaml").read_text(encoding="utf-8"))
    return People({one["id"]: one for one in data["people"]}, {one["id"]: one for one in data["teams"]})
