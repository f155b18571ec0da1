"""The setting of the stories: a calm three-tier policy to lay changes over, a roster, and times that read well."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.policy import Policy
from domain.policy_file import check_policy
from domain.yaml_text import parse_yaml

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEADS = {"support": "lea", "specialists": "greta", "management": "max"}
ROSTER: Mapping[tuple[str, str], str] = {
    ("support", "on_call"): "dana",
    ("support", "on_call.next"): "eli",
    ("support", "team.lead"): "lea",
    ("specialists", "on_call"): "finn",
    ("specialists", "on_call.next"): "gus",
    ("specialists", "team.lead"): "greta",
    ("management", "on_call"): "mia",
    ("management", "on_call.next"): "noa",
    ("database", "on_call"): "dora",
}
CALM = """
name: standard
owner_of_last_resort: olga
calendars:
  office:
    {timezone: UTC, day: 8h, hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"],
                                     thu: ["09:00-17:00"], fri: ["09:00-17:00"]}}
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 30m}}
    steps: [{tell: on_call, channels: [sms, email]}, {after: 10m, tell: on_call.next, channels: [sms]}]
  - name: L2
    team: specialists
    targets: {acknowledge: {all: 1h}}
    steps: [{tell: on_call, channels: [sms]}]
  - name: L3
    team: management
    targets: {acknowledge: {all: 1h}}
    steps: [{tell: on_call, channels: [email]}]
"""


def policy(whole: str = "{}", **tiers: str) -> Policy:
    """The three-tier policy above; `whole` and the texts by tier name are YAML laid over it."""
    data: dict[str, Any] = dict(parse_yaml(CALM, "the story's policy"))
    _lay_over(data, parse_yaml(whole, "what is laid over it"))
    for tier in data["tiers"]:
        _lay_over(tier, parse_yaml(tiers.pop(tier["name"], "{}"), tier["name"]))
    assert not tiers, f"no tiers called {tiers}"
    return check_policy(data)


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value


def when(text: str) -> datetime:
    """`10:05`, `Tue 09:00` or `03-12 09:00`, seconds allowed; all UTC."""
    day, _, clock = text.rpartition(" ")
    parts = [int(part) for part in clock.split(":")]
    hour, minute, second = (*parts, 0)[:3]
    date = MONDAY
    if day in DAYS:
        date += timedelta(days=DAYS.index(day))
    elif day:
        month, number = day.split("-")
        date = date.replace(month=int(month), day=int(number))
    return date + timedelta(hours=hour, minutes=minute, seconds=second)


def said(at: datetime | str | None) -> str | None:
    """The inverse of `when`, as short as it can be."""
    if at is None:
        return None
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    clock = at.strftime("%H:%M:%S" if at.second else "%H:%M")
    days = (at - MONDAY).days
    if days == 0:
        return clock
    return f"{DAYS[days]} {clock}" if 0 < days < 7 else f"{at:%m-%d} {clock}"
