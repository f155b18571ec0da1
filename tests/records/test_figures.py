"""The numbers of the reports by SQL are those of the functions of `domain.kpis`, on generated data and on both databases."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from domain import kpis
from domain.facts import Facts
from domain.kpi_words import DEFINITIONS, KPIS
from domain.periods import Cut, Period, pieces
from domain.seen import Seen, tickets_seen
from records.at_tiers import breaches_over_time, time_in_tier_by
from records.counted import COUNTED_IN, DIMENSIONS, NONE, of_counted_systems
from records.database import Database
from records.facts import facts_row, tier_rows
from records.figures import BANDS, IN_MEMORY, Dimension, Figures, Wanted
from records.seen import TicketsSeen
from records.tables import facts as facts_table
from records.tables import tickets_seen as seen_table
from records.tables import tier_facts
from tests.records.made_up import BEGIN, DAYS, made_up

NOW = BEGIN + timedelta(days=DAYS)
WHOLE = Period(BEGIN + timedelta(days=10), NOW - timedelta(days=10), "Europe/Berlin")
BY: tuple[Dimension, ...] = ("team", "tier", "priority", "product", "customer", "category", "owner", "origin", "cause")
SEEN = (
    Seen("zendesk", BEGIN, BEGIN + timedelta(days=60), "", "", 1000),
    Seen("zendesk", BEGIN, BEGIN + timedelta(days=60), "checkout", "", 300),
    Seen("jira", BEGIN + timedelta(days=5), BEGIN + timedelta(days=15), "search", "", 50),
)

drawn = st.tuples(st.integers(0, 2**32), st.integers(0, 60))
example = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stored(database: Database, seed: int, count: int) -> list[Facts]:
    """That many made-up cases, and nothing else."""
    chance = Random(seed)  # noqa: S311 - made-up cases, no secrets
    made = [made_up(chance, number) for number in range(count)]
    with database.write() as connection:
        for table in (facts_table, tier_facts, seen_table):
            connection.execute(delete(table))
        if made:
            connection.execute(insert(facts_table), [facts_row(one) for one in made])
            connection.execute(insert(tier_facts), [row for one in made for row in tier_rows(one)])
    for span in SEEN:
        TicketsSeen(database).say(span, "test", NOW)
    return made


def opened_in(made: Iterable[Facts], whole: Period, **filters: str) -> list[Facts]:
    """The cases a report is about."""
    inside = (one for one in made if whole.begin <= one.opened_at < whole.end)
    return [one for one in inside if all((getattr(one, name) or NONE) == value for name, value in filters.items())]


def pure(cases: list[Facts], whole: Period = WHOLE, **by: str) -> Mapping[str, kpis.Value]:
    """Every KPI by its own function."""
    seen = tickets_seen(SEEN, whole.begin, whole.end, **by)
    return {**kpis.values(cases, KPIS), "escalation_rate": kpis.escalation_rate(cases, seen)}


@example
@given(drawn)
def test_every_kpi_by_sql_is_that_of_its_function(database: Database, draw: tuple[int, int]) -> None:
    cases = opened_in(stored(database, *draw), WHOLE)
    found = Figures(database).total(Wanted(WHOLE))
    assert found == pure(cases)


@pytest.mark.parametrize("by", BY)
@settings(example, max_examples=5)
@given(drawn)
def test_so_is_every_kpi_of_each_group(database: Database, by: Dimension, draw: tuple[int, int]) -> None:
    cases = opened_in(stored(database, *draw), WHOLE, priority="high")
    wanted = Wanted(WHOLE, {"priority": "high"})
    groups = Figures(database).groups(wanted, by)
    assert Figures(database).total_and_groups(wanted, by) == (Figures(database).total(wanted), groups)
    found = {one.value: one.values for one in groups}
    assert found.keys() == {getattr(one, by) for one in cases}
    for value, figures in found.items():
        mine = kpis.values([one for one in cases if getattr(one, by) == value], KPIS)
        assert {name: figures[name] for name in mine} == mine
        assert figures["escalation_rate"] is None


@settings(example, max_examples=10)
@given(drawn)
def test_the_escalation_rate_of_a_product_is_among_its_own_tickets(database: Database, draw: tuple[int, int]) -> None:
    cases = opened_in(stored(database, *draw), WHOLE)
    for group in Figures(database).groups(Wanted(WHOLE), "product"):
        mine = [one for one in cases if one.product == group.value]
        wanted = None if group.value is None else pure(mine, product=group.value)["escalation_rate"]
        assert group.values["escalation_rate"] == wanted


@pytest.mark.parametrize("cut", ["day", "week", "month"])
@settings(example, max_examples=5)
@given(drawn)
def test_so_is_every_kpi_over_time(database: Database, cut: Cut, draw: tuple[int, int]) -> None:
    made = stored(database, *draw)
    found = Figures(database).trend(Wanted(WHOLE), pieces(WHOLE, cut))
    assert len(found) == len(pieces(WHOLE, cut))
    for piece, group in zip(pieces(WHOLE, cut), found, strict=True):
        part = Period(piece.begin, piece.end)
        assert group.value == piece.first.isoformat()
        assert group.values == pure(opened_in(made, part), part)


@settings(example, max_examples=10)
@given(drawn)
def test_the_pareto_the_heat_map_and_time_in_tier_are_those_of_their_functions(
    database: Database, draw: tuple[int, int]
) -> None:
    cases = opened_in(stored(database, *draw), WHOLE, team="support")
    figures, wanted = Figures(database), Wanted(WHOLE, {"team": "support"})
    assert [(row.value, row.cases, row.share, row.cumulative) for row in figures.causes(wanted)] == kpis.causes(cases)
    berlin = ZoneInfo("Europe/Berlin")
    assert figures.heat(wanted) == kpis.heat(cases, lambda at: at.astimezone(berlin))
    rows = {row.tier: row for row in figures.time_in_tier(wanted)}
    assert {tier: row.breaches for tier, row in rows.items()} == kpis.breaches_by_tier(cases)
    for tier, seconds in kpis.time_in_tier(cases).items():
        found = (rows[tier].cases, rows[tier].seconds, rows[tier].median, rows[tier].p90)
        assert found == (len(seconds), sum(seconds), *(kpis.nearest_rank(seconds, rank) for rank in (50, 90)))


@settings(example, max_examples=10)
@given(drawn)
def test_so_is_time_in_tier_where_nothing_is_filtered(database: Database, draw: tuple[int, int]) -> None:
    cases = opened_in(stored(database, *draw), WHOLE)
    rows = Figures(database).time_in_tier(Wanted(WHOLE))
    assert {row.tier: row.seconds for row in rows} == {tier: sum(all) for tier, all in kpis.time_in_tier(cases).items()}


@settings(example, max_examples=10)
@given(drawn)
def test_the_backlog_is_what_waits_now_whenever_it_was_opened(database: Database, draw: tuple[int, int]) -> None:
    made = stored(database, *draw)
    rows, ages = Figures(database).backlog({}, None, NOW), kpis.ages(made, NOW)
    if not rows:
        assert ages == []
        return
    [row] = rows
    assert (row.cases, row.age_median, row.oldest) == (len(ages), kpis.nearest_rank(ages, 50), max(ages))
    assert sum(row.by_age) == row.cases
    assert row.by_age[-1] == sum(age >= BANDS[-1] * 86_400 for age in ages)
    by_tier = Figures(database).backlog({}, "tier", NOW)
    assert {one.value: one.cases for one in by_tier} == Counter(one.tier for one in kpis.backlog(made))


@settings(example, max_examples=10)
@given(drawn)
def test_the_cases_behind_a_number_are_those_its_definition_counts(database: Database, draw: tuple[int, int]) -> None:
    made = stored(database, *draw)
    counts: dict[str, Callable[[Facts], bool]] = {name: kpi.counts for name, kpi in KPIS.items()}
    counts |= {"backlog": lambda one: one in kpis.backlog([one]), "causes": lambda one: one.cause is not None}
    for name, condition in COUNTED_IN.items():
        with database.read() as connection:
            found = connection.execute(select(facts_table.c.id, facts_table.c.episode).where(condition)).all()
        assert sorted(map(tuple, found)) == sorted((one.id, one.episode) for one in made if counts[name](one)), name


def test_what_a_report_asks_of_its_database_ends_with_the_report(database: Database) -> None:
    def memory() -> str | None:
        with database.read() as connection:
            return None if database.is_sqlite else connection.exec_driver_sql("SHOW work_mem").scalar_one()

    before = memory()
    Figures(database).total(Wanted(WHOLE))
    assert memory() == before != IN_MEMORY["work_mem"]


@pytest.mark.parametrize(
    "filters", [{}, {"product": "search"}, {"category": "outage"}, {"product": ""}, {"team": "support"}]
)
@settings(example, max_examples=5)
@given(drawn)
def test_the_cases_behind_the_escalation_rate_are_those_it_is_made_of(
    database: Database, filters: dict[str, str], draw: tuple[int, int]
) -> None:
    cases = opened_in(stored(database, *draw), WHOLE, **filters)
    condition = of_counted_systems(WHOLE.begin, WHOLE.end, filters)
    wanted = Wanted(WHOLE, filters)
    with database.read() as connection:
        found = connection.execute(select(facts_table.c.id).where(condition, *wanted.conditions)).scalars().all()
    rate = Figures(database).total(wanted)["escalation_rate"]
    if filters in ({}, {"product": "search"}):
        seen = tickets_seen(SEEN, WHOLE.begin, WHOLE.end, **filters)
        assert sorted(found) == sorted(one.id for one in cases if one.system in seen)
        assert rate == kpis.share(len(found), sum(seen.values()))
    else:
        assert (found, rate) == ([], None)


@pytest.mark.parametrize("filters", [{}, {"team": "support"}])
@pytest.mark.parametrize("cut", ["day", "month"])
@settings(example, max_examples=5)
@given(drawn)
def test_breaches_by_tier_over_time_are_those_of_their_function(
    database: Database, cut: Cut, filters: dict[str, str], draw: tuple[int, int]
) -> None:
    made = stored(database, *draw)
    found = breaches_over_time(database, Wanted(WHOLE, filters), pieces(WHOLE, cut))
    parts = [Period(piece.begin, piece.end) for piece in pieces(WHOLE, cut)]
    assert found == [kpis.breaches_by_tier(opened_in(made, part, **filters)) for part in parts]


@pytest.mark.parametrize("by", BY)
@settings(example, max_examples=5)
@given(drawn)
def test_so_is_what_became_of_cases_at_tiers_by_group(database: Database, by: Dimension, draw: tuple[int, int]) -> None:
    cases = opened_in(stored(database, *draw), WHOLE, priority="high")
    found = time_in_tier_by(database, Wanted(WHOLE, {"priority": "high"}), by)
    assert found.keys() == {getattr(one, by) for one in cases}
    for value, rows in found.items():
        mine = [one for one in cases if getattr(one, by) == value]
        assert {row.tier: row.breaches for row in rows} == kpis.breaches_by_tier(mine)
        times = kpis.time_in_tier(mine)
        assert {row.tier: (row.cases, row.median) for row in rows} == {
            tier: (len(all), kpis.nearest_rank(all, 50)) for tier, all in times.items()
        }


def test_every_number_has_its_cases_and_its_definition(database: Database) -> None:
    names = Figures(database).total(Wanted(WHOLE)).keys()
    assert names == KPIS.keys() | {"escalation_rate"}
    assert names <= DEFINITIONS.keys()
    assert COUNTED_IN.keys() == KPIS.keys() | {"backlog", "causes"}
    assert DIMENSIONS.keys() == set(BY)
