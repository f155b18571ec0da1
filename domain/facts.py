"""What the KPIs are counted from: one frozen row of facts for each episode, derived from its document and its timeline.

Nothing is counted twice and nothing is remembered beside: the facts of a case are a pure function of what the store has of it, so
they can be made again at any time. Every KPI (`domain.kpis`) is a function over facts, and its SQL (`records.figures`) reads a
table whose columns are these fields. Where a number has two readings, the field's own line says which one counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict

from domain.policy import TargetName
from domain.state import Status, TimelineEntry
from domain.tickets import Priority

TARGETS: tuple[TargetName, ...] = get_args(TargetName)
TAKES_IT = ("acknowledged", "assigned")  # the first of these is the acknowledgement, also of a case that was assigned
MOVES = ("climbed", "escalated", "handed_back")  # lines that name the tier the case is at from then on
ENDS = ("resolved", "closed", "cancelled")  # nobody at a tier works on it any more
SAID = ("customer_told", "delivery_failed")  # what the customer was told, and what of it came to nothing
COUNTED = frozenset((*TAKES_IT, *MOVES, *ENDS, *SAID, "reopened", "merged", "breached", "nobody_on_duty"))
"""Kinds of lines that facts are made of; the others need not be read."""
BY_ITSELF = "tierline"  # the actor of what no person did
RECURS_WITHIN = timedelta(days=30)
"""The same cause for the same product within this time is the same trouble coming back; the default of `causes.yaml`."""


class TierFacts(BaseModel):
    """What became of the case at one tier: how often it came there, how long it was there in all, what was missed there.

    `seconds` are wall time, of stays that have ended: the case left the tier, was resolved, or ended.
    """

    model_config = ConfigDict(frozen=True)

    tier: str
    stays: int
    seconds: int
    breaches: int


class Facts(BaseModel):
    """One episode as the KPIs see it. Seconds are whole ones; None is unknown, or not yet.

    `team`, `tier`, `owner` and `priority` are those it has now or had at its end. Times to acknowledge run from the opening
    to the first acknowledgement, those to resolve to the resolution that stands. Working time is counted in the target's own
    calendar without its pauses: of acknowledge over all entries until then. `met` and `breached` count the targets of a name
    that ended in time or were missed, of the promises of updates all of them. `resolutions` and `reopen_count` count what
    happened in this episode, its beginning as the reopening of a closed one included: such an episode `reopens`, it is the
    case before going on. `came_back`: it was reopened, in this episode or as the next. `recurrence`: see `recurs`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    episode: int
    version: int
    opened_at: datetime
    status: Status
    system: str
    team: str
    tier: str
    highest_tier: str
    climbs: int
    priority: Priority
    product: str | None
    category: str | None
    customer: str
    owner: str | None
    cause: str | None
    cause_at: datetime | None
    origin: str | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    acknowledge_seconds: int | None
    acknowledge_working: int | None
    resolve_seconds: int | None
    resolve_working: int | None
    met: dict[TargetName, int]
    breached: dict[TargetName, int]
    promises_made: int
    resolutions: int
    reopen_count: int
    reopens: bool
    came_back: bool
    survey_score: int | None
    messages_sent: int
    messages_failed: int
    nobody_on_duty: int
    recurrence: bool
    tiers: tuple[TierFacts, ...]

    @property
    def promises_kept(self) -> int:
        """Updates said by a person while there was a promise, and resolutions before the next one was due."""
        return self.met["customer_update"]


@dataclass(frozen=True)
class Beside:
    """What neither document nor timeline tell: the policy's tiers from the first up, what was sent, whether it recurs, and
    whether the next episode is its reopening.
    """

    tiers: Sequence[str] = ()
    sent: int = 0
    failed: int = 0
    recurrence: bool = False
    reopened_as_next: bool = False


def facts_of(document: Mapping[str, Any], lines: Sequence[TimelineEntry], beside: Beside | None = None) -> Facts:
    """The facts of an episode from its document (keys of `domain.view`) and the lines of its timeline, oldest first."""
    beside = beside or Beside()
    known = [line for line in lines if line.kind in COUNTED]
    tiers = _tiers(document, known, beside.tiers)
    met, breached = _settled(document, known)
    running = any(one["status"] in ("running", "paused") for one in _named(document, "customer_update"))
    return Facts(
        **_who(document),
        **_when(document, known),
        highest_tier=_highest(document, tiers, beside.tiers),
        climbs=_count(known, "climbed"),
        met=met,
        breached=breached,
        promises_made=met["customer_update"] + breached["customer_update"] + running,
        resolutions=_count(known, "resolved"),
        reopen_count=_count(known, "reopened"),
        reopens=document.get("reopened_from") is not None,
        came_back=_reopened_itself(document, known) or beside.reopened_as_next,
        messages_sent=beside.sent,
        messages_failed=beside.failed,
        nobody_on_duty=_count(known, "nobody_on_duty"),
        recurrence=beside.recurrence,
        tiers=tiers,
    )


def recurs(one: Facts, others: Iterable[Facts]) -> bool:
    """Whether the same cause was recorded for the same product, for another ticket, in the 30 days before it was for this one."""
    if one.cause is None or one.cause_at is None:
        return False
    earliest, latest = one.cause_at - RECURS_WITHIN, one.cause_at
    return any(
        other.id != one.id
        and (other.cause, other.product) == (one.cause, one.product)
        and other.cause_at is not None
        and earliest <= other.cause_at < latest
        for other in others
    )


def _who(document: Mapping[str, Any]) -> dict[str, Any]:
    ticket, cause = document["ticket"], document["root_cause"] or {}
    same = ("id", "episode", "version", "status", "team", "priority", "owner", "opened_at", "resolved_at", "closed_at")
    return {name: document[name] for name in same} | {
        "system": ticket["system"],
        "tier": document["tier"]["name"],
        "product": ticket.get("product"),
        "category": ticket.get("category"),
        "customer": document["customer"]["id"],
        "cause": cause.get("category"),
        "cause_at": cause.get("at"),
        "origin": cause.get("origin"),
        "survey_score": (document["survey"] or {}).get("score"),
    }


def _when(document: Mapping[str, Any], lines: Sequence[TimelineEntry]) -> dict[str, Any]:
    opened, resolved = _time(document["opened_at"]), _time(document["resolved_at"])
    first = next((line.at for line in lines if line.kind in TAKES_IT), None) or _time(document["acknowledged_at"])
    return {
        "acknowledged_at": first,
        "acknowledge_seconds": _between(opened, first),
        "acknowledge_working": _acknowledge_working(document) if first else None,
        "resolve_seconds": _between(opened, resolved),
        "resolve_working": _resolve_working(document) if resolved else None,
    }


def _acknowledge_working(document: Mapping[str, Any]) -> int | None:
    """Over the entries until somebody acknowledged; None where a target is not there or from before this was kept."""
    spent = 0
    for target in _named(document, "acknowledge"):
        if target.get("working_seconds") is None:
            return None
        spent += int(target["working_seconds"])
        if target["met_at"] is not None:
            return spent
    return None


def _resolve_working(document: Mapping[str, Any]) -> int | None:
    met: list[int | None] = [
        target.get("working_seconds") for target in _named(document, "resolution") if target["met_at"] is not None
    ]
    return met[-1] if met else None


def _settled(
    document: Mapping[str, Any], lines: Sequence[TimelineEntry]
) -> tuple[dict[TargetName, int], dict[TargetName, int]]:
    """Targets met in time, and missed, by name; the document forgets old promises, the timeline has them all."""
    ended = Counter((target["name"], target["status"]) for target in document["targets"])
    met = {name: ended[name, "met"] for name in TARGETS}
    breached = {name: ended[name, "breached"] for name in TARGETS}
    breached["customer_update"] = sum(line.data.get("target") == "customer_update" for line in lines)
    kept = sum(map(_keeps, lines)) - sum(map(_unkept, lines))
    met["customer_update"] = kept if _named(document, "customer_update") else 0
    return met, breached


def _keeps(line: TimelineEntry) -> bool:
    """A person's update to the customer, or the fix; what Tierline says by itself keeps no promise."""
    return line.kind == "resolved" or (line.kind == "customer_told" and line.actor != BY_ITSELF)


def _unkept(line: TimelineEntry) -> bool:
    """An update that reached nobody after all."""
    return line.kind == "delivery_failed" and line.data.get("promise") == "stands"


def _named(document: Mapping[str, Any], name: TargetName) -> list[Mapping[str, Any]]:
    return [target for target in document["targets"] if target["name"] == name]


def _tiers(document: Mapping[str, Any], lines: Sequence[TimelineEntry], ladder: Sequence[str]) -> tuple[TierFacts, ...]:
    """What became of it at each tier it came to, in the order it came there first."""
    here: str = _first_tier(document, lines, ladder)
    since = _time(document["opened_at"])
    stays, seconds, breaches = Counter({here: 1}), Counter({here: 0}), Counter[str]()
    for line in lines:
        moves, ends = line.kind in MOVES and "tier" in line.data, line.kind in ENDS or "into" in line.data
        if line.kind == "breached" and line.data.get("target") in TARGETS:
            breaches[here] += 1
        if moves or ends:
            seconds[here] += _between(since, line.at) or 0
            since = None if ends else line.at
        if moves:
            here = line.data["tier"]
        if moves or (line.kind == "reopened" and since is None):
            stays[here] += 1
            since = line.at
    return tuple(
        TierFacts(tier=tier, stays=n, seconds=seconds[tier], breaches=breaches[tier]) for tier, n in stays.items()
    )


def _first_tier(document: Mapping[str, Any], lines: Sequence[TimelineEntry], ladder: Sequence[str]) -> str:
    """Where it opened: its first target tells; without one, what it first moved to."""
    named = next((target["tier"] for target in document["targets"] if target["tier"] is not None), None)
    moved = next((line for line in lines if line.kind in MOVES and "tier" in line.data), None)
    if moved is None or named is not None:
        return str(named or document["tier"]["name"])
    to = moved.data["tier"]
    below = ladder.index(to) - (1 if moved.kind == "climbed" else 0) if to in ladder else -1
    return ladder[below] if below >= 0 else str(to)


def _highest(document: Mapping[str, Any], tiers: Sequence[TierFacts], ladder: Sequence[str]) -> str:
    rank = {name: index for index, name in enumerate(ladder)}
    here: str = document["tier"]["name"]
    return max((here, *(one.tier for one in tiers)), key=lambda name: rank.get(name, -1))


def _reopened_itself(document: Mapping[str, Any], lines: Sequence[TimelineEntry]) -> bool:
    """After a fix of its own; how it began does not count."""
    return _count(lines, "reopened") > (document.get("reopened_from") is not None)


def _count(lines: Iterable[TimelineEntry], kind: str) -> int:
    return sum(line.kind == kind for line in lines)


def _between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else (end - begin) // timedelta(seconds=1)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
