"""The KPIs of `domain.kpis` over a set of facts, by SQL: sums in one pass, percentiles by nearest rank.

PostgreSQL has `percentile_disc`, which is that rank. SQLite has nothing of the kind, and ranking rows there by a window takes
three times as long as fetching the values and sorting them here: its file is in this process anyway.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import ARRAY, Boolean, ColumnElement, Connection, Float, FromClause, case, func, or_, select, text
from sqlalchemy import cast as sql_cast

from domain.facts import TARGETS
from domain.kpis import SATISFIED, Value, mean, nearest_rank, share
from records.tables import facts

Values = dict[str, Value]
Ranks = tuple[int | None, int | None]
"""Median and 90th percentile."""

RANKS: Final = (50, 90)
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
NO_RANKS: Final[Ranks] = (None, None)


def total_of(what: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of a column, or how many rows a condition holds for; 0 for no rows."""
    number = case((what, 1), else_=0) if isinstance(what.type, Boolean) else what
    return func.coalesce(func.sum(number), 0)


SUMS: Final[Mapping[str, ColumnElement[int]]] = {
    "volume": func.count(),
    **{f"{name}_{end}": total_of(facts.c[f"{name}_{end}"]) for name in TARGETS for end in ("met", "breached")},
    "climbs": total_of(facts.c.climbs),
    "reopened": total_of(facts.c.reopen_count > 0),
    "ever_resolved": total_of(or_(facts.c.resolutions > 0, facts.c.reopen_count > 0)),
    "recurrences": total_of(facts.c.recurrence),
    "explained": func.count(facts.c.cause),
    "satisfied": total_of(facts.c.survey_score >= SATISFIED),
    "rated": func.count(facts.c.survey_score),
    "owned": func.count(facts.c.owner),
    "owners": func.count(facts.c.owner.distinct()),
    "messages_sent": total_of(facts.c.messages_sent),
    "messages_failed": total_of(facts.c.messages_failed),
    "nobody_on_duty": total_of(facts.c.nobody_on_duty),
}


def measured(
    connection: Connection, source: FromClause, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, Values]:
    """Value of `by` → every KPI but the escalation rate, for the rows of `facts` in `source`."""
    sums = [one.label(name) for name, one in SUMS.items()]
    query = select(by.label(BY), *sums).select_from(source).where(*conditions).group_by(text(BY))
    found = {row[BY]: dict(row) for row in connection.execute(query).mappings()}
    ranks = percentiles(connection, source, by, [facts.c[column] for column in TIMES.values()], conditions)
    return {value: _values(row, dict(zip(TIMES, ranks[value], strict=True))) for value, row in found.items()}


def nothing() -> Values:
    """The KPIs of no case at all."""
    return _values(dict.fromkeys(SUMS, 0), dict.fromkeys(TIMES, NO_RANKS))


def percentiles(
    connection: Connection,
    source: FromClause,
    by: ColumnElement[Any],
    of: Sequence[ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
) -> dict[Any, list[Ranks]]:
    """Value of `by` → median and 90th percentile of each of these columns, of what is known."""
    if connection.dialect.name == "postgresql":
        query = select(by.label(BY), *map(_disc, of)).select_from(source).where(*conditions).group_by(text(BY))
        return {
            value: [tuple(one) if one else NO_RANKS for one in ranks] for value, *ranks in connection.execute(query)
        }
    known: defaultdict[Any, list[tuple[int | None, ...]]] = defaultdict(list)
    for value, *times in connection.execute(select(by, *of).select_from(source).where(*conditions)):
        known[value].append(tuple(times))
    return {value: [_ranked(column) for column in zip(*rows, strict=True)] for value, rows in known.items()}


def _ranked(values: Sequence[int | None]) -> Ranks:
    ordered = sorted(value for value in values if value is not None)
    return nearest_rank(ordered, 50), nearest_rank(ordered, 90)


def _disc(of: ColumnElement[Any]) -> ColumnElement[Any]:
    """Both percentiles at once, as an array."""
    ranks = sql_cast([rank / 100 for rank in RANKS], ARRAY(Float))
    return cast("ColumnElement[Any]", func.percentile_disc(ranks).within_group(of))


def _values(sums: Mapping[str, Any], ranks: Mapping[str, Ranks]) -> Values:
    """The KPIs from what was added up: the same divisions as in `domain.kpis`."""
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
