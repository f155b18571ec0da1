"""The KPIs of `domain.kpis` over a set of facts, by SQL: one pass adds up and collects the times, whose ranks are found here.

Each group's times come as one text of numbers: as rows, or ranked by a window or by `percentile_disc`, they take two to four
times as long, and PostgreSQL could not share the work between its processes. Different owners are what it would sort all rows
for, so there they are counted apart.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    text,
)

from domain.facts import TARGETS
from domain.kpis import SATISFIED, Value, mean, nearest_rank, share
from records.tables import facts

Values = dict[str, Value]
Ranks = tuple[int | None, int | None]
"""Median and 90th percentile."""

TIMES: Final[Mapping[str, str]] = {
    "acknowledge": "acknowledge_seconds",
    "acknowledge_working": "acknowledge_working",
    "resolve": "resolve_seconds",
    "resolve_working": "resolve_working",
}
"""The name of a time in the KPIs → its column."""
BY: Final = (
    "grouped_by"  # groups are named by this label: an expression with values in it would be another one each time
)


_ONCE_RESOLVED: Final = and_(facts.c.resolutions > 0, ~facts.c.reopens)
CAME_BACK: Final = and_(facts.c.came_back, _ONCE_RESOLVED)
"""As `domain.kpis.came_back`."""


def total_of(what: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of a column, or how many rows a condition holds for; 0 for no rows."""
    number = case((what, 1), else_=0) if isinstance(what.type, Boolean) else what
    return func.coalesce(func.sum(number), 0)


SUMS: Final[Mapping[str, ColumnElement[int]]] = {
    "volume": func.count(),
    **{f"{name}_{end}": total_of(facts.c[f"{name}_{end}"]) for name in TARGETS for end in ("met", "breached")},
    "climbs": total_of(facts.c.climbs),
    "reopened": total_of(CAME_BACK),
    "ever_resolved": total_of(_ONCE_RESOLVED),
    "recurrences": total_of(facts.c.recurrence),
    "explained": func.count(facts.c.cause),
    "satisfied": total_of(facts.c.survey_score >= SATISFIED),
    "rated": func.count(facts.c.survey_score),
    "owned": func.count(facts.c.owner),
    "messages_sent": total_of(facts.c.messages_sent),
    "messages_failed": total_of(facts.c.messages_failed),
    "nobody_on_duty": total_of(facts.c.nobody_on_duty),
}
"""What is added up in one pass; `OWNERS` is no sum."""
OWNERS: Final = func.count(facts.c.owner.distinct())


def measured(
    connection: Connection, source: FromClause, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, Values]:
    """Value of `by` → every KPI but the escalation rate, for the rows of `facts` in `source`."""
    return {value: _values(row) for value, row in _added(connection, source, by, conditions).items()}


def measured_in_all(
    connection: Connection, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> tuple[dict[Any, Values], Values]:
    """The same for each value of `by` and for all together, in the time of one of them."""
    rows = _added(connection, facts, by, conditions)
    sums = {name: sum(row[name] for row in rows.values()) for name in SUMS}
    times = {name: sorted(chain.from_iterable(row[name] for row in rows.values())) for name in TIMES}
    owners = _owners(connection, facts, literal(""), conditions).get("", 0)  # one person may own cases of two values
    return {value: _values(row) for value, row in rows.items()}, _values({**sums, **times, "owners": owners})


def nothing() -> Values:
    """The KPIs of no case at all."""
    return _values({**dict.fromkeys((*SUMS, "owners"), 0), **dict.fromkeys(TIMES, ())})


def listed(what: ColumnElement[int]) -> ColumnElement[Any]:
    """All values of a column that are known, in no order, as one text for `in_order`."""
    return func.aggregate_strings(cast(what, Text), ",")


def in_order(values: str | None) -> list[int]:
    """What `listed` gave, the smallest first."""
    return sorted(json.loads(f"[{values or ''}]"))


def ranks_of(ordered: Sequence[int]) -> Ranks:
    """Median and 90th percentile."""
    return nearest_rank(ordered, 50), nearest_rank(ordered, 90)


def _added(
    connection: Connection, source: FromClause, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, dict[str, Any]]:
    """Value of `by` → all of `SUMS`, `owners`, and all of `TIMES` in order."""
    apart = connection.dialect.name == "postgresql"
    sums = SUMS if apart else {**SUMS, "owners": OWNERS}
    times = {name: listed(facts.c[column]) for name, column in TIMES.items()}
    columns = [*(one.label(name) for name, one in sums.items()), *(one.label(name) for name, one in times.items())]
    query = select(by.label(BY), *columns).select_from(source).where(*conditions).group_by(text(BY))
    found = {row[BY]: dict(row) for row in connection.execute(query).mappings()}
    owners = _owners(connection, source, by, conditions) if apart else {}
    return {
        value: {"owners": owners.get(value, 0), **row, **{name: in_order(row[name]) for name in TIMES}}
        for value, row in found.items()
    }


def _owners(
    connection: Connection, source: FromClause, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, int]:
    """Value of `by` → how many people own a case of it."""
    owned = [*conditions, facts.c.owner.is_not(None)]
    pairs = select(by.label(BY), facts.c.owner).select_from(source).where(*owned).distinct().subquery()
    query = select(pairs.c[BY], func.count()).group_by(pairs.c[BY])
    return {row[0]: row[1] for row in connection.execute(query)}


def _values(sums: Mapping[str, Any]) -> Values:
    """The KPIs from what `_added` gave: the same divisions as in `domain.kpis`."""
    ranks = {name: ranks_of(sums[name]) for name in TIMES}
    met, missed = _of_targets(sums, "met"), _of_targets(sums, "breached")
    every = {
        f"compliance_{name}": share(met[name], met[name] + missed[name])
        for name in TARGETS
        if name != "customer_update"
    }
    return {
        "volume": sums["volume"],
        **{f"{name}_median": found[0] for name, found in ranks.items()},
        **{f"{name}_p90": found[1] for name, found in ranks.items()},
        "compliance": share(sum(met.values()), sum(met.values()) + sum(missed.values())),
        **every,
        "promise_keeping": share(met["customer_update"], met["customer_update"] + missed["customer_update"]),
        "breaches": sum(missed.values()),
        "climbs": mean(sums["climbs"], sums["volume"]),
        "reopen_rate": share(sums["reopened"], sums["ever_resolved"]),
        "recurrence": share(sums["recurrences"], sums["explained"]),
        "csat": share(sums["satisfied"], sums["rated"]),
        "load_per_responder": mean(sums["owned"], sums["owners"]),
        "messages_per_case": mean(sums["messages_sent"], sums["volume"]),
        "messages_failed": sums["messages_failed"],
        "nobody_on_duty": sums["nobody_on_duty"],
    }


def _of_targets(sums: Mapping[str, Any], end: str) -> dict[str, int]:
    return {name: sums[f"{name}_{end}"] for name in TARGETS}
