"""The escalation as the contract shows it: one JSON document for the API, the store and the pages.

`links` are added by the API, which alone knows its public address.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.clocks import Clock, elapsed, warning_at
from domain.due import TARGET_WORDS, next_due
from domain.state import Escalation, RecordedCause
from domain.targets import current, due_of
from domain.view_time import rfc3339


def document(state: Escalation) -> dict[str, Any]:
    """The whole escalation, JSON-ready, all keys of the contract but `links`."""
    return {**_identity(state), **_who(state), **_when(state), **_end(state)}


def due_first(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Of a document's running targets the one that is missed first: what people call it, and when it is due."""
    running = [one for one in document["targets"] if one["status"] == "running" and one["due_at"]]
    first = min(running, key=lambda one: datetime.fromisoformat(one["due_at"]), default=None)
    return (called(first), first["due_at"]) if first else None


def called(target: Mapping[str, Any]) -> str:
    """`L1 acknowledge`, `resolution`: as `domain.due.label`, of a target in a document."""
    name = TARGET_WORDS.get(target["name"], target["name"])
    return f"{target['tier']} {name}" if target["tier"] else name


def _identity(state: Escalation) -> dict[str, Any]:
    return {
        "id": state.id,
        "episode": state.episode,
        "version": state.version,
        "rules_version": state.rules_version,
        "status": state.status,
        "priority": state.priority,
        "priority_reasons": list(state.priority_reasons),
        "impact": state.impact,
        "urgency": state.urgency,
        "policy": {"name": state.policy.name, "version": state.policy.version},
        "ticket": state.ticket.model_dump(mode="json", by_alias=True),
        "customer": state.customer.model_dump(mode="json"),
        "trigger": state.trigger.model_dump(mode="json"),
        "risk": None,
    }


def _who(state: Escalation) -> dict[str, Any]:
    return {
        "tier": {"index": state.tier, "name": state.here.name},
        "team": state.team,
        "entry": state.entry.number,
        "owner": state.owner,
        "accountable": state.accountable,
        "responders_told": list(state.told),
        "watchers": list(state.watchers),
        "pause": state.pause.model_dump(mode="json") if state.pause else None,
    }


def _when(state: Escalation) -> dict[str, Any]:
    promise = current(state, "customer_update")
    return {
        "targets": [_target(state, clock) for clock in state.clocks],
        "next_due_at": rfc3339(next_due(state)),
        "next_customer_update_by": rfc3339(due_of(state, promise)) if promise else None,
        "opened_at": rfc3339(state.opened_at),
        "acknowledged_at": rfc3339(state.acknowledged_at),
        "resolved_at": rfc3339(state.resolved_at),
        "closed_at": rfc3339(state.closed_at),
    }


def _end(state: Escalation) -> dict[str, Any]:
    return {
        "resolution": state.resolution.model_dump(mode="json") if state.resolution else None,
        "root_cause": _root_cause(state.root_cause) if state.root_cause else None,
        "reopen_count": state.reopen_count,
        "reopened_from": state.origin.episode if state.origin else None,
        "survey": state.survey.model_dump(mode="json") if state.survey else None,
        "parent": state.parent,
        "children": list(state.children),
    }


def _root_cause(recorded: RecordedCause) -> dict[str, Any]:
    return {"by": recorded.by, "at": rfc3339(recorded.at), **recorded.cause.model_dump(mode="json")}


def _target(state: Escalation, clock: Clock) -> dict[str, Any]:
    calendar = state.policy.calendar(clock.calendar)
    ahead = [warning_at(clock, calendar, percent) for percent in clock.warn_at]
    return {
        "name": clock.name,
        "tier": clock.tier,
        "status": clock.status,
        "started_at": rfc3339(clock.started_at),
        "due_at": rfc3339(_due_at(state, clock)),
        "warn_at": [rfc3339(at) for at in ahead if at is not None],
        "breached_at": rfc3339(clock.breached_at),
        "met_at": rfc3339(clock.met_at),
        "working_seconds": elapsed(clock, calendar, state.at) if clock.over else None,
    }


def _due_at(state: Escalation, clock: Clock) -> datetime | None:
    """The deadline; of a clock that has ended, the one it would have had."""
    ran = clock.model_copy(update={"events": clock.events[:-1]}) if clock.over else clock
    return clock.breached_at or due_of(state, ran)
