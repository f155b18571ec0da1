"""Which cases stand behind a number, in SQL: what `Kpi.counts` says of facts, and the columns people group and filter by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, false, or_, select, true

from domain.facts import TARGETS
from domain.kpis import WAITING
from records.measured import CAME_BACK
from records.tables import facts, tickets_seen

DIMENSIONS: Final[Mapping[str, Column[Any]]] = {
    name: facts.c[name]
    for name in ("team", "tier", "priority", "product", "customer", "category", "owner", "origin", "cause")
}
"""What cases are grouped and filtered by, as they are now or were at their end."""
NONE: Final = ""  # of a filter: cases that have none (no product, no owner, …)
OF_TICKETS: Final = frozenset({"product", "category"})  # what tickets seen are counted by
RATE: Final = "escalation_rate"  # its cases depend on the period: `of_counted_systems`

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
    "reopen_rate": CAME_BACK,
    "recurrence": facts.c.recurrence,
    "csat": facts.c.survey_score.is_not(None),
    "load_per_responder": facts.c.owner.is_not(None),
    "messages_per_case": facts.c.messages_sent > 0,
    "messages_failed": facts.c.messages_failed > 0,
    "nobody_on_duty": facts.c.nobody_on_duty > 0,
    "backlog": facts.c.status.in_(WAITING),
    "causes": facts.c.cause.is_not(None),
}
"""By the KPI's name; `backlog`, and `causes`: those of the Pareto."""
VALUES: Final[Mapping[str, Column[int]]] = {
    **{
        f"{name}_{rank}": facts.c[column]
        for name, column in (
            *(("acknowledge", "acknowledge_seconds"), ("acknowledge_working", "acknowledge_working")),
            *(("resolve", "resolve_seconds"), ("resolve_working", "resolve_working")),
        )
        for rank in ("median", "p90")
    },
    **{f"compliance_{name}": facts.c[f"{name}_breached"] for name in TARGETS if name != "customer_update"},
    "promise_keeping": facts.c.customer_update_breached,
    "csat": facts.c.survey_score,
    **{
        f"messages_{end}": facts.c[column]
        for end, column in (("per_case", "messages_sent"), ("failed", "messages_failed"))
    },
    **{name: facts.c[name] for name in ("climbs", "nobody_on_duty")},
}
"""What each case behind a number brings to it: its time, its score, how often it happened to it. To the others, only itself."""
COUNTED: Final = (*COUNTED_IN, RATE)
"""Every number that knows its cases."""


def is_one(name: str, value: str) -> ColumnElement[bool]:
    """The case has this value of the dimension `name`; of `NONE`, it has none."""
    column = DIMENSIONS[name]
    return column.is_(None) if value == NONE else column == value


def of_counted_systems(begin: datetime, end: datetime, filters: Mapping[str, str]) -> ColumnElement[bool]:
    """Behind the escalation rate: the case is of a system that said how many tickets there were then (`domain.seen`).

    No case is, where `filters` has a dimension that tickets are not counted by, or asks for those without any.
    """
    if not filters.keys() <= OF_TICKETS or NONE in filters.values():
        return false()
    of_these = [tickets_seen.c[name] == value for name, value in filters.items()]
    spans = (tickets_seen.c.begins < end, tickets_seen.c.ends > begin)
    return facts.c.system.in_(select(tickets_seen.c.system).where(*spans, *of_these))
