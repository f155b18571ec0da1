"""What each command does to the twin, and which ones it should have refused.

`REFUSED_WHEN` says what must be true of a case for a refusal with that code to be right; the checker asks it of every state
the case was in while the word was on its way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from tests.chaos.matrix import seconds
from tests.chaos.twin import CUSTOMER, Twin, line

LONGEST_PAUSE = timedelta(days=3)
WORDS = {
    "hand-back": "handed_back",
    "root-cause": "root_cause_recorded",
    "customer-update": "customer_told",
    "customer-reply": "customer_replied",
    "escalate": "escalated",
    "reprioritize": "reprioritized",
    "assign": "assigned",
    "acknowledge": "acknowledged",
    "pause": "paused",
    "resume": "resumed",
    "resolve": "resolved",
    "close": "closed",
    "reopen": "reopened",
    "cancel": "cancelled",
    "merge": "merged",
    "adopt": "merged",
    "note": "note",
    "watch": "note",
    "survey": "note",
}  # the kind of line each command leaves


class Unlawful(Exception):
    """The case took a command that its state forbids."""


def obey(twin: Twin, name: str, by: str | None, body: Mapping[str, Any]) -> None:
    """Do it. Raises Unlawful."""
    _lawful(twin, name, by)
    DEEDS[name](twin, by or CUSTOMER, body)


def _lawful(twin: Twin, name: str, by: str | None) -> None:
    allowed = {
        "survey": ("resolved", "closed"),
        "close": ("resolved",),
        "reopen": ("resolved",),
        "pause": ("acknowledged",),
    }
    anything_live = ("note", "customer-reply", "watch", "root-cause", "cancel", "merge", "adopt")
    in_work = ("open", "acknowledged", "paused")
    right = allowed.get(name) or (("resolved", *in_work) if name in anything_live else in_work)
    wrong = twin.status not in right
    wrong |= name == "close" and twin.cause is None
    wrong |= name == "hand-back" and twin.tier == 0
    wrong |= name == "resume" and twin.pause is None
    wrong |= name == "acknowledge" and twin.status != "open" and twin.owner != by
    if wrong:
        raise Unlawful(f"{name} by {by} was applied to a case that is {twin.status} at tier {twin.tier}")


def acknowledge(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    if twin.status != "open":
        return  # the owner says it again
    twin.lines.append(line("acknowledged", by))
    twin.own(by)
    twin.notice("acknowledged")


def assign(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    to = body["to"]
    twin.lines.append(line("assigned", by, to=to))
    if twin.status == "open":
        twin.own(to)
        twin.notice("acknowledged")
    else:
        twin.owner, twin.stale_from = to, twin.now
    if to != by:
        twin.one_to(to, "assigned")


def escalate(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    functional = body["kind"] == "functional"
    names = [tier.name for tier in twin.policy.tiers]
    tier = names.index(body["tier"]) if body.get("tier") else twin.tier + (not functional)
    if tier >= len(names):
        raise Unlawful("escalated above the last tier")
    team = body.get("team") or twin.policy.tiers[tier].team
    twin.lines.append(line("escalated", by, tier=names[tier], team=team))
    twin.enter(tier, team, "functional" if functional else "escalated")


def hand_back(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    below = twin.policy.tiers[twin.tier - 1]
    twin.lines.append(line("handed_back", by, tier=below.name))
    twin.enter(twin.tier - 1, below.team, "handed_back")


def pause(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    until = datetime.fromisoformat(body["until"]) if body.get("until") else twin.now + LONGEST_PAUSE
    twin.status, twin.pause = "paused", (body["reason"], until)
    twin.hold()
    twin.lines.append(line("paused", by, reason=body["reason"]))


def resume(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    end_pause(twin, by)


def end_pause(twin: Twin, actor: str) -> None:
    twin.go_on()
    twin.status, twin.pause, twin.stale_from = "acknowledged", None, twin.now
    twin.lines.append(line("resumed", actor))


def note(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    twin.lines.append(line("note", by))
    twin.alive()


def watch(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    if body["person"] not in twin.watchers:
        twin.watchers.append(body["person"])
        twin.lines.append(line("note", by, person=body["person"]))


def customer_update(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    length = seconds(body["next_update_in"]) if body.get("next_update_in") else None
    twin.meet("customer_update")
    twin.start("customer_update", length=length)
    twin.hold()
    twin.customer_told("customer_update", by)
    twin.kept[f"{twin.entry}/{twin.said['customer_update', 0, CUSTOMER] - 1}"] = twin.now
    twin.alive()


def customer_reply(twin: Twin, _: str, __: Mapping[str, Any]) -> None:
    twin.lines.append(line("customer_replied", CUSTOMER))
    if twin.pause is not None and twin.pause[0] == "waiting_on_customer":
        end_pause(twin, "tierline")
    twin.silence = None
    twin.one_to(twin.accountable, "customer_replied")


def reprioritize(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    was, twin.priority = twin.priority, body["priority"]
    for clock in twin.ticking():
        length = twin.policy.length(clock.name, twin.tier, twin.priority) or clock.length
        clock.changed |= length != clock.length
        clock.length = length
        past = [one for one in clock.warn_at if (at := clock.at(one)) is not None and at <= twin.now]
        clock.warned.update(past[:-1])
    twin.reckoned = twin.now
    twin.lines.append(line("reprioritized", by, was=was, priority=twin.priority))


def resolve(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    if twin.status == "open":
        twin.lines.append(line("acknowledged", by))
        twin.own(by)
    twin.go_on()
    twin.meet("tier_resolution", "resolution")
    twin.cancel("customer_update")
    twin.resolution = {"summary": body["summary"], "by": by}
    twin.shouts = [one for one in twin.shouts if one.why == "closure"]
    twin.status, twin.owner, twin.pause, twin.stale_from = "resolved", by, None, None
    if twin.cause is None:
        twin.start("root_cause")
    if twin.policy.confirm_within is not None:
        twin.silence = twin.now + twin.policy.confirm_within
    twin.lines.append(line("resolved", by))
    twin.notice("resolved")
    twin.watchers_told()


def root_cause(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    twin.meet("root_cause")
    twin.shouts = [one for one in twin.shouts if one.why != "root_cause"]
    twin.cause = {"description": body["description"], "by": by}
    twin.lines.append(line("root_cause_recorded", by, category=body["category"]))
    twin.alive()


def close(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    end_closed(twin, by)


def end_closed(twin: Twin, actor: str) -> None:
    twin.meet("closure")
    twin.cancel()
    twin.status, twin.shouts, twin.silence, twin.closed_at = "closed", [], None, twin.now
    twin.lines.append(line("closed", actor))
    twin.notice("closed")


def survey(twin: Twin, _: str, body: Mapping[str, Any]) -> None:
    twin.survey = body["score"]
    twin.lines.append(line("note", CUSTOMER, score=body["score"]))
    if body["score"] <= twin.policy.low_score:
        lead = twin.people.lead(twin.team)
        channels = twin.channels if twin.live else twin.steps[0].channels
        twin.message("low_score", channels[0], lead, 0, twin.count("low_score", lead), fallbacks=channels[1:])
        twin.lines.append(line("told", person=lead))


def ask_how_it_was(twin: Twin) -> None:
    """Some time after closing; what says whether it was the right time is the retelling."""
    twin.asked_how_it_was = True
    twin.customer_told("customer_survey")


def reopen(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    twin.cancel("root_cause")
    for clock in twin.clocks:
        if clock.name == "resolution" and clock.met is not None:
            clock.met = None
            clock.resume(twin.now)
    resolver = twin.resolution["by"] if twin.resolution else None
    twin.resolution, twin.survey, twin.reopened = None, None, twin.reopened + 1
    twin.lines.append(line("reopened", by))
    twin.start("customer_update")
    twin.enter(twin.tier, twin.team, "reopened", first=resolver)
    twin.notice("resolved", says="reopened")


def cancel(twin: Twin, by: str, _: Mapping[str, Any]) -> None:
    _withdrawn(twin)
    twin.lines.append(line("cancelled", by))


def merge(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    _withdrawn(twin)
    twin.parent = body["into"]
    twin.lines.append(line("merged", by, into=body["into"]))


def adopt(twin: Twin, by: str, body: Mapping[str, Any]) -> None:
    twin.children.append(body["child"])
    twin.lines.append(line("merged", by, child=body["child"]))


def _withdrawn(twin: Twin) -> None:
    twin.cancel()
    twin.status, twin.pause, twin.shouts, twin.silence, twin.stale_from = "cancelled", None, [], None, None


DEEDS: Mapping[str, Callable[[Twin, str, Mapping[str, Any]], None]] = {
    "acknowledge": acknowledge,
    "assign": assign,
    "escalate": escalate,
    "hand-back": hand_back,
    "pause": pause,
    "resume": resume,
    "note": note,
    "watch": watch,
    "customer-update": customer_update,
    "customer-reply": customer_reply,
    "reprioritize": reprioritize,
    "resolve": resolve,
    "root-cause": root_cause,
    "close": close,
    "survey": survey,
    "reopen": reopen,
    "cancel": cancel,
    "merge": merge,
    "adopt": adopt,
}


@dataclass(frozen=True)
class Standing:
    """How a case stood from an instant on."""

    since: datetime
    status: str
    tier: int
    entry: int
    at_top: bool
    cause: bool
    owner: str | None

    @classmethod
    def of(cls, twin: Twin) -> Self:
        return cls(twin.now, twin.status, twin.tier, twin.entry, twin.at_top, twin.cause is not None, twin.owner)


REFUSED_WHEN: Mapping[str, Callable[[Standing], bool]] = {
    "not_acknowledged": lambda case: case.status == "open",
    "already_acknowledged": lambda case: case.status in ("acknowledged", "paused"),
    "already_paused": lambda case: case.status == "paused",
    "not_paused": lambda case: case.status != "paused",
    "paused": lambda case: case.status == "paused",
    "not_resolved": lambda case: case.status != "resolved",
    "already_resolved": lambda case: case.status == "resolved",
    "already_closed": lambda case: case.status == "closed",
    "already_cancelled": lambda case: case.status == "cancelled",
    "root_cause_required": lambda case: case.status == "resolved" and not case.cause,
    "no_higher_tier": lambda case: case.at_top,
    "no_lower_tier": lambda case: case.tier == 0,
    "until_in_the_past": lambda case: case.status == "acknowledged",
}
