"""What must have happened in the demo, no more and no less.

Order is checked on the timeline, completeness on the messages: a message too many is as wrong as one too few.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OUT = ("sent", "delivered")
KINDS = (
    "opened", "customer_told", "told", "warned", "breached", "climbed", "told", "acknowledged", "customer_told", "resolved",
    "customer_told", "root_cause_recorded", "closed", "customer_told",
)  # fmt: skip


class StoryError(Exception):
    """Something in the story did not happen as it must; the text says what."""


@dataclass(frozen=True)
class Cast:
    """Who is on call at the two tiers, as the roster says."""

    first: str
    second: str


def check_timeline(events: Sequence[Mapping[str, Any]], cast: Cast) -> None:
    """Every kind in its order, the right person in each."""
    kinds = tuple(event["kind"] for event in events)
    if kinds != KINDS:
        raise StoryError(f"the timeline is\n  {', '.join(kinds)}\nbut should be\n  {', '.join(KINDS)}")
    people = [(event.get("data") or {}).get("person") for event in events if event["kind"] in ("told", "warned")]
    if people != [cast.first, cast.first, cast.second]:
        raise StoryError(f"told, warned and told were {people}, but {cast.first} and {cast.second} are on call")
    wrong = [event["kind"] for event in events[KINDS.index("acknowledged") :] if event["actor"] != cast.second
             and event["kind"] != "customer_told"]  # fmt: skip
    if wrong:
        raise StoryError(f"{', '.join(wrong)} should stand under {cast.second}'s own name")


def check_messages(messages: Sequence[Mapping[str, Any]], cast: Cast) -> None:
    """Each expected message once, sent, and no other."""
    expected = Counter(_expected(cast))
    found = Counter((one["kind"], one["person"] or "customer", one["channel"]) for one in messages)
    missing, extra = expected - found, found - expected
    if missing or extra:
        raise StoryError(f"messages missing: {_listed(missing)}; messages nobody expected: {_listed(extra)}")
    stuck = [f"{one['key']} is {one['status']}" for one in messages if one["status"] not in OUT]
    if stuck:
        raise StoryError(f"messages that did not go out: {'; '.join(stuck)}")


def check_case(data: Mapping[str, Any], cast: Cast) -> None:
    """Closed, at L2, by its owner, with the cause on record."""
    wanted = {"status": "closed", "owner": cast.second, "episode": 1}
    wrong = [
        f"{name} is {data.get(name)!r}, not {value!r}" for name, value in wanted.items() if data.get(name) != value
    ]
    if data["tier"]["name"] != "L2":
        wrong.append(f"it ended at {data['tier']['name']}, not at L2")
    if not data.get("root_cause"):
        wrong.append("no root cause is on record")
    breached = [target["name"] for target in data["targets"] if target["breached_at"]]
    if breached != ["acknowledge"]:
        wrong.append(f"missed targets are {breached}, not only the acknowledgement of L1")
    if wrong:
        raise StoryError(f"the case is not as it should be: {'; '.join(wrong)}")


def _expected(cast: Cast) -> list[tuple[str, str, str]]:
    steps = [("step", person, channel) for person in (cast.first, cast.second) for channel in ("sms", "email")]
    customer = [(f"customer_{moment}", "customer", "email") for moment in ("opened", "update", "resolved", "closed")]
    return [*steps, ("warning", cast.first, "sms"), *customer]


def _listed(messages: Counter[tuple[str, str, str]]) -> str:
    return ", ".join(f"{kind} to {who} by {channel}" for kind, who, channel in messages.elements()) or "none"
