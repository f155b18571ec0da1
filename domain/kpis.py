"""The KPIs: each a named function over facts, with its definition in words beside it.

A report counts the cases **opened** in its period, whatever became of them since; only the backlog is of now. Percentiles are by
nearest rank: the smallest measured value that so many percent of all do not exceed, so every number belongs to a case. A share
without anything to share in is None, never 0 or 100. `counts` says which cases stand behind a number; the store's SQL
(`records.figures`) computes the same, and a test holds the two together on generated data.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.facts import TARGETS, Facts
from domain.policy import TargetName

Unit = Literal["cases", "percent", "seconds", "events", "per case", "per person"]
Value = float | int | None
Language = Literal["en", "de"]

SATISFIED = 4  # of 5: this score or a better one is a satisfied customer
WAITING = ("open", "acknowledged", "paused")  # a resolved case waits for its cause, nobody waits for it


@dataclass(frozen=True)
class Definition:
    """What a number means, for people: its name, its sentence and its formula by language, its unit."""

    name: str
    unit: Unit
    formula: Mapping[Language, str]
    title: Mapping[Language, str]
    text: Mapping[Language, str]


@dataclass(frozen=True)
class Kpi:
    """A number about a set of cases: how it is computed, and which of the cases it counts."""

    definition: Definition
    of: Callable[[Collection[Facts]], Value]
    counts: Callable[[Facts], bool]


def nearest_rank(values: Iterable[int], percent: int) -> int | None:
    """The smallest value that `percent` of all do not exceed; None of nothing. PostgreSQL calls it `percentile_disc`."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)] if ordered else None


def share(part: float, whole: float) -> float | None:
    """Percent; None where there is nothing to share in."""
    return 100 * part / whole if whole else None


def mean(total: float, count: int) -> float | None:
    """None of nothing."""
    return total / count if count else None


def volume(cases: Collection[Facts]) -> int:
    """How many escalations were opened; each episode of a ticket counts."""
    return len(cases)


def escalation_rate(cases: Collection[Facts], seen: Mapping[str, float]) -> float | None:
    """Percent of the tickets that were escalated; `seen` has how many there were by system, others are left out."""
    return share(sum(case.system in seen for case in cases), sum(seen.values()))


def acknowledge_median(cases: Collection[Facts]) -> int | None:
    """Half of the acknowledged cases were acknowledged within so many seconds of their opening."""
    return nearest_rank((case.acknowledge_seconds for case in cases if case.acknowledge_seconds is not None), 50)


def acknowledge_p90(cases: Collection[Facts]) -> int | None:
    """Nine of ten acknowledged cases were acknowledged within so many seconds of their opening."""
    return nearest_rank((case.acknowledge_seconds for case in cases if case.acknowledge_seconds is not None), 90)


def acknowledge_working_median(cases: Collection[Facts]) -> int | None:
    """The same in the working time of the tiers that had it."""
    return nearest_rank((case.acknowledge_working for case in cases if case.acknowledge_working is not None), 50)


def acknowledge_working_p90(cases: Collection[Facts]) -> int | None:
    """The same for nine of ten."""
    return nearest_rank((case.acknowledge_working for case in cases if case.acknowledge_working is not None), 90)


def resolve_median(cases: Collection[Facts]) -> int | None:
    """Half of the resolved cases were resolved within so many seconds of their opening."""
    return nearest_rank((case.resolve_seconds for case in cases if case.resolve_seconds is not None), 50)


def resolve_p90(cases: Collection[Facts]) -> int | None:
    """Nine of ten resolved cases were resolved within so many seconds of their opening."""
    return nearest_rank((case.resolve_seconds for case in cases if case.resolve_seconds is not None), 90)


def resolve_working_median(cases: Collection[Facts]) -> int | None:
    """The same in the calendar of the resolution target, without its pauses."""
    return nearest_rank((case.resolve_working for case in cases if case.resolve_working is not None), 50)


def resolve_working_p90(cases: Collection[Facts]) -> int | None:
    """The same for nine of ten."""
    return nearest_rank((case.resolve_working for case in cases if case.resolve_working is not None), 90)


def compliance(cases: Collection[Facts], *names: TargetName) -> float | None:
    """Percent of the targets of these names (all, when none is named) that were met in time, of those met or missed."""
    named = names or TARGETS
    met = sum(case.met[name] for case in cases for name in named)
    return share(met, met + sum(case.breached[name] for case in cases for name in named))


def breaches(cases: Collection[Facts]) -> int:
    """How many targets were missed, promises of updates included."""
    return sum(sum(case.breached.values()) for case in cases)


def breaches_by_tier(cases: Collection[Facts]) -> dict[str, int]:
    """How many targets were missed while the case was at the tier."""
    found = Counter[str]()
    for case in cases:
        found.update({one.tier: one.breaches for one in case.tiers})
    return dict(found)


def promise_keeping(cases: Collection[Facts]) -> float | None:
    """Percent of the promised updates that came in time, of those kept or missed; a resolution before it was due keeps one."""
    kept = sum(case.promises_kept for case in cases)
    return share(kept, kept + sum(case.breached["customer_update"] for case in cases))


def reopen_rate(cases: Collection[Facts]) -> float | None:
    """Percent of the cases once resolved that came back, however often; the episode that reopens one is the same case."""
    return share(sum(map(came_back, cases)), sum(map(_once_resolved, cases)))


def came_back(case: Facts) -> bool:
    """A case once resolved that was reopened, before its closing or after it."""
    return case.came_back and _once_resolved(case)


def _once_resolved(case: Facts) -> bool:
    return case.resolutions > 0 and not case.reopens


def recurrence(cases: Collection[Facts]) -> float | None:
    """Percent of the cases with a recorded cause whose cause had been recorded for the same product in the 30 days before."""
    return share(sum(case.recurrence for case in cases), sum(case.cause is not None for case in cases))


def csat(cases: Collection[Facts]) -> float | None:
    """Percent of the customers who answered that gave 4 or 5 of 5."""
    scores = [case.survey_score for case in cases if case.survey_score is not None]
    return share(sum(score >= SATISFIED for score in scores), len(scores))


def load_per_responder(cases: Collection[Facts]) -> float | None:
    """Cases per person who owns one or owned it last; cases nobody took are left out."""
    owners = [case.owner for case in cases if case.owner is not None]
    return mean(len(owners), len(set(owners)))


def messages_per_case(cases: Collection[Facts]) -> float | None:
    """Messages that went out, to responders and customers, per case."""
    return mean(sum(case.messages_sent for case in cases), len(cases))


def messages_failed(cases: Collection[Facts]) -> int:
    """Messages that finally failed; another channel or another person may have been told instead."""
    return sum(case.messages_failed for case in cases)


def nobody_on_duty(cases: Collection[Facts]) -> int:
    """How often somebody was to be told and nobody was on duty."""
    return sum(case.nobody_on_duty for case in cases)


def climbs(cases: Collection[Facts]) -> float | None:
    """How often a case went one tier up by itself, per case."""
    return mean(sum(case.climbs for case in cases), len(cases))


def backlog(cases: Iterable[Facts]) -> list[Facts]:
    """The cases somebody waits for now: open, acknowledged or paused, whenever they were opened."""
    return [case for case in cases if case.status in WAITING]


def ages(cases: Iterable[Facts], now: datetime) -> list[int]:
    """Seconds since the opening of each case of the backlog."""
    return [(now - case.opened_at) // timedelta(seconds=1) for case in backlog(cases)]


def time_in_tier(cases: Iterable[Facts]) -> dict[str, list[int]]:
    """Tier → seconds each case was there in all; a stay that has not ended yet does not count."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for case in cases:
        for one in case.tiers:
            found[one.tier].append(one.seconds)
    return dict(found)


def causes(cases: Collection[Facts]) -> list[tuple[str, int, float, float]]:
    """The Pareto: cause, cases with it, percent of all with a cause, and of it and all before it; the most frequent first."""
    return pareto(Counter(case.cause for case in cases if case.cause is not None))


def pareto(counted: Mapping[str, int]) -> list[tuple[str, int, float, float]]:
    """Name, count, percent, cumulative percent; the largest first, equals by name."""
    whole, before, found = sum(counted.values()), 0, []
    for name, count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        before += count
        found.append((name, count, 100 * count / whole, 100 * before / whole))
    return found


def heat(cases: Iterable[Facts], local: Callable[[datetime], datetime]) -> dict[tuple[int, int], int]:
    """(weekday, hour) of the opening on the clock `local` → cases; Monday is 0."""
    return dict(Counter((at.weekday(), at.hour) for at in (local(case.opened_at) for case in cases)))


def of_target(name: TargetName) -> Callable[[Collection[Facts]], Value]:
    """Compliance of one target."""
    return lambda cases: compliance(cases, name)


def missed(name: TargetName) -> Callable[[Facts], bool]:
    """Cases that missed such a target."""
    return lambda case: case.breached[name] > 0


def values(cases: Sequence[Facts], kpis: Mapping[str, Kpi]) -> dict[str, Value]:
    """Every KPI of these cases, by name."""
    return {name: kpi.of(cases) for name, kpi in kpis.items()}
