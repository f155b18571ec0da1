"""The KPIs, each on cases small enough to work out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import kpis
from domain.facts import TARGETS, Facts, TierFacts
from domain.kpi_words import DEFINITIONS, KPIS

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTHING = dict.fromkeys(TARGETS, 0)


def case(number: int = 1, **changes: Any) -> Facts:
    """A case of which nothing is known, with these fields."""
    nothing = dict.fromkeys(Facts.model_fields)
    same: dict[str, Any] = {"version": 1, "climbs": 0, "promises_made": 0, "resolutions": 0, "reopen_count": 0}
    same |= {"reopens": False, "came_back": False}
    same |= {"messages_sent": 0, "messages_failed": 0, "nobody_on_duty": 0, "recurrence": False, "tiers": ()}
    same |= {"system": "zendesk", "team": "support", "tier": "L1", "highest_tier": "L1", "priority": "high"}
    met, breached = (NOTHING | changes.pop(name, {}) for name in ("met", "breached"))
    own = {"id": f"zendesk-{number}", "episode": 1, "opened_at": MONDAY, "status": "open", "customer": "acme"}
    return Facts.model_validate({**nothing, **same, **own, "met": met, "breached": breached, **changes})


def test_a_percentile_is_the_nearest_rank() -> None:
    assert [kpis.nearest_rank(range(1, 11), percent) for percent in (50, 90)] == [5, 9]
    assert [kpis.nearest_rank([30, 10, 20], percent) for percent in (50, 90)] == [20, 30]
    assert [kpis.nearest_rank([7], percent) for percent in (50, 90)] == [7, 7]
    assert kpis.nearest_rank([], 50) is None


def test_volume_counts_every_episode() -> None:
    assert kpis.volume([case(1), case(1, episode=2), case(2)]) == 3


def test_the_escalation_rate_is_of_the_systems_that_count_their_tickets() -> None:
    cases = [case(1), case(2), case(3, system="jira")]
    assert kpis.escalation_rate(cases, {"zendesk": 80.0}) == 2.5
    assert kpis.escalation_rate(cases, {"zendesk": 80.0, "jira": 20.0}) == 3
    assert kpis.escalation_rate([], {"zendesk": 80.0}) == 0
    assert kpis.escalation_rate(cases, {}) is None


@pytest.mark.parametrize("what", ["acknowledge", "resolve"])
def test_times_are_of_the_cases_that_have_them(what: str) -> None:
    cases = [case(n, **{f"{what}_seconds": n * 60, f"{what}_working": n * 30}) for n in range(1, 11)] + [case(11)]
    found = kpis.values(cases, KPIS)
    assert (found[f"{what}_median"], found[f"{what}_p90"]) == (300, 540)
    assert (found[f"{what}_working_median"], found[f"{what}_working_p90"]) == (150, 270)


def test_compliance_is_of_the_targets_that_were_met_or_missed() -> None:
    cases = [
        case(1, met={"acknowledge": 2, "closure": 1}),
        case(2, met={"acknowledge": 1}, breached={"acknowledge": 1}),
    ]
    assert kpis.compliance(cases, "acknowledge") == 75
    assert kpis.compliance(cases) == 80
    assert kpis.compliance(cases, "resolution") is None


def test_breaches_by_tier_are_those_of_the_tier_that_missed() -> None:
    tiers = (
        TierFacts(tier="L1", stays=1, seconds=60, breaches=2),
        TierFacts(tier="L2", stays=1, seconds=90, breaches=0),
    )
    cases = [case(1, tiers=tiers, breached={"acknowledge": 2}), case(2, tiers=tiers[:1], breached={"closure": 1})]
    assert kpis.breaches_by_tier(cases) == {"L1": 4, "L2": 0}
    assert kpis.breaches(cases) == 3
    assert kpis.time_in_tier(cases) == {"L1": [60, 60], "L2": [90]}


def test_promise_keeping_is_kept_of_kept_and_missed() -> None:
    cases = [case(1, met={"customer_update": 3}), case(2, breached={"customer_update": 1}), case(3)]
    assert kpis.promise_keeping(cases) == 75
    assert kpis.promise_keeping([case()]) is None


def test_the_reopen_rate_is_of_the_cases_once_resolved() -> None:
    back = {"reopen_count": 1, "came_back": True}
    cases = [case(1, resolutions=1), case(2, resolutions=2, **back), case(3, resolutions=1, came_back=True), case(4)]
    assert kpis.reopen_rate(cases) == pytest.approx(200 / 3)
    assert [one.id for one in cases if KPIS["reopen_rate"].counts(one)] == ["zendesk-2", "zendesk-3"]


def test_an_episode_that_reopens_a_case_is_that_case_and_counts_once() -> None:
    first = case(1, resolutions=1, came_back=True)
    second = case(1, episode=2, reopens=True, reopen_count=1)
    assert kpis.reopen_rate([first, second]) == 100
    assert kpis.reopen_rate([first, second.model_copy(update={"resolutions": 1})]) == 100
    assert kpis.reopen_rate([second]) is None


def test_recurrence_is_of_the_cases_with_a_cause() -> None:
    cases = [case(1, cause="disk"), case(2, cause="disk", recurrence=True), case(3)]
    assert kpis.recurrence(cases) == 50


def test_csat_is_of_those_who_answered() -> None:
    assert kpis.csat([case(n, survey_score=score) for n, score in enumerate((5, 4, 3, 1, None))]) == 50
    assert kpis.csat([case()]) is None


def test_the_backlog_is_what_somebody_waits_for() -> None:
    statuses = ("open", "acknowledged", "paused", "resolved", "closed", "cancelled")
    cases = [case(n, status=status) for n, status in enumerate(statuses)]
    assert [one.status for one in kpis.backlog(cases)] == ["open", "acknowledged", "paused"]
    assert kpis.ages(cases, MONDAY + timedelta(hours=2)) == [7200] * 3


def test_load_messages_nobody_and_climbs() -> None:
    cases = [
        case(1, owner="dana", messages_sent=5, messages_failed=1, climbs=2),
        case(2, owner="dana", nobody_on_duty=2),
        case(3, owner="sam", messages_sent=4),
        case(4, messages_sent=1),
    ]
    assert kpis.load_per_responder(cases) == 1.5
    assert kpis.messages_per_case(cases) == 2.5
    assert (kpis.messages_failed(cases), kpis.nobody_on_duty(cases), kpis.climbs(cases)) == (1, 2, 0.5)


def test_the_pareto_adds_up_to_all_the_largest_first_and_equals_by_name() -> None:
    cases = [case(n, cause=cause) for n, cause in enumerate(("net", "disk", "disk", "app", None))]
    assert kpis.causes(cases) == [("disk", 2, 50, 50), ("app", 1, 25, 75), ("net", 1, 25, 100)]


def test_the_heat_map_counts_on_the_clock_it_is_given() -> None:
    later = timedelta(hours=15)
    assert kpis.heat([case(1), case(2)], lambda at: at) == {(0, 9): 2}
    assert kpis.heat([case(1)], lambda at: at + later) == {(1, 0): 1}


def test_of_no_case_there_is_no_share_and_no_time() -> None:
    found = kpis.values([], KPIS)
    counts = {name for name, kpi in KPIS.items() if kpi.definition.unit in ("cases", "events")}
    assert {name for name, value in found.items() if value == 0} == counts
    assert {name for name, value in found.items() if value is None} == KPIS.keys() - counts


def test_every_number_is_defined_in_both_languages() -> None:
    for name, one in DEFINITIONS.items():
        assert one.name == name
        assert one.formula["en"] != one.formula["de"]
        assert all(one.title[lang] and one.text[lang].endswith(".") for lang in ("en", "de"))
        assert one.text["en"] != one.text["de"]
        assert not one.text["en"].startswith("The same"), "read alone in JSON it says nothing"
        assert not one.text["de"].startswith("Dasselbe")
