"""Which cases stand behind a number, in SQL: what `Kpi.counts` says of facts, and the columns people group and filter by."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, or_, true

from domain.facts import TARGETS
from domain.kpis import WAITING
from records.tables import facts

DIMENSIONS: Final[Mapping[str, Column[Any]]] = {
    name: facts.c[name]
    for name in ("team", "tier", "priority", "product", "customer", "category", "owner", "origin", "cause")
}
"""What cases are grouped and filtered by, as they are now or were at their end."""
NONE: Final = ""  # of a filter: cases that have none (no product, no owner, …)

_MISSED = {name: facts.c[f"{name}_breached"] > 0 for name in TARGETS}
COUNTED_IN: Final[Mapping[str, ColumnElement[bool]]] = {
    "volume": true(),
    "acknowledge_median": facts.c.acknowledge_seconds.is_not(None),
    "acknowledge_p90": facts.c.acknowledge_seconds.is_not(None),
    "acknowledge_working_median": facts.c.acknowledge_working.is_not(None),
    "acknowledge_working_p90": facts.c.acknowledge_working.is_not(None),
    "resolve_median": facts.c.resolve_seconds.is_not(None),
    "resolve_p90": facts.c.resolve_seconds.is_not(None),
    "resolve_working_median": facts.c.resolve_working.is_not(None),
    "resolve_working_p90": facts.c.resolve_working.is_not(None),
    "compliance": or_(*_MISSED.values()),
    **{f"compliance_{name}": missed for name, missed in _MISSED.items() if name != "customer_update"},
    "promise_keeping": _MISSED["customer_update"],
    "breaches": or_(*_MISSED.values()),
    "climbs": facts.c.climbs > 0,
    "reopen_rate": facts.c.reopen_count > 0,
    "recurrence": facts.c.recurrence,
    "csat": facts.c.survey_score.is_not(None),
    "load_per_responder": facts.c.owner.is_not(None),
    "messages_per_case": facts.c.messages_sent > 0,
    "messages_failed": facts.c.messages_failed > 0,
    "nobody_on_duty": facts.c.nobody_on_duty > 0,
    "backlog": facts.c.status.in_(WAITING),
}
"""By the KPI's name, and `backlog`."""


def is_one(name: str, value: str) -> ColumnElement[bool]:
    """The case has this value of the dimension `name`; of `NONE`, it has none."""
    column = DIMENSIONS[name]
    return column.is_(None) if value == NONE else column == value
