"""Priority: the matrix, who raises it, and the reasons a person reads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policy import PriorityRules
from domain.priority import PriorityDecision, decide_priority
from domain.tickets import PRIORITIES, Customer, Level, Priority

NOW = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
LEVELS: list[Level] = ["low", "medium", "high"]


def decide(
    *raise_for: dict[str, Any],
    impact: Level | None = None,
    urgency: Level | None = None,
    priority: Priority | None = None,
    at: datetime = NOW,
    **customer: object,
) -> PriorityDecision:
    rules = PriorityRules.model_validate({"raise_for": raise_for})
    who = Customer.model_validate({"id": "acme", "name": "Acme GmbH", **customer})
    return decide_priority(rules, impact=impact, urgency=urgency, priority=priority, customer=who, at=at)


@pytest.mark.parametrize(
    ("impact", "urgency", "expected"),
    [
        ("high", "high", "critical"),
        ("high", "medium", "high"),
        ("high", "low", "medium"),
        ("medium", "high", "high"),
        ("low", "high", "medium"),
        ("low", "low", "low"),
    ],
)
def test_priority_is_impact_by_urgency(impact: Level, urgency: Level, expected: Priority) -> None:
    decision = decide(impact=impact, urgency=urgency)
    assert decision.priority == expected
    assert decision.reasons == (f"{impact.capitalize()} impact and {urgency} urgency make it {expected}.",)


def test_priority_given_is_final() -> None:
    rule = {"customer": {"tier": "vip"}, "by": 3}
    decision = decide(rule, impact="high", urgency="high", priority="low", tier="vip")
    assert decision == PriorityDecision("low", ("The priority was given as low.",))


def test_priority_of_nothing_given_is_medium_by_medium() -> None:
    decision = decide()
    assert decision.priority == "medium"
    assert decision.reasons[0].startswith("Neither impact nor urgency was given")


def test_priority_with_one_given_takes_medium_for_the_other() -> None:
    assert decide(impact="high").priority == "high"
    assert decide(urgency="low").priority == "low"
    assert decide(impact="high").reasons[0].startswith("The urgency was not given and counts as medium")
    assert decide(urgency="low").reasons[0].startswith("The impact was not given and counts as medium")


def test_priority_rises_by_the_largest_rule_and_lists_all_that_fired() -> None:
    decision = decide(
        {"customer": {"tier": ["vip", "gold"]}, "by": 1},
        {"customer": {"annual_value_at_least": 100_000}, "by": 2},
        {"customer": {"id": "other"}, "by": 3},
        impact="low",
        urgency="low",
        tier="vip",
        annual_value=120_000,
    )
    assert decision == PriorityDecision(
        "high",
        (
            "Low impact and low urgency make it low.",
            "The customer has the tier vip: raise by 1.",
            "The customer is worth 120,000 a year: raise by 2.",
            "Raised from low to high.",
        ),
    )


def test_priority_never_rises_above_critical() -> None:
    rule = {"customer": {"tier": "vip"}, "by": 3}
    assert decide(rule, impact="high", tier="vip").reasons[-1] == "Raised from high to critical."
    decision = decide(rule, impact="high", urgency="high", tier="vip")
    assert decision.priority == "critical"
    assert decision.reasons[-1] == "It stays critical: there is nothing higher."


def test_all_conditions_of_a_rule_must_hold() -> None:
    rule = {"customer": {"tier": "vip", "annual_value_at_least": 10}}
    assert decide(rule, tier="vip", annual_value=9).priority == "medium"
    assert decide(rule, tier="vip").priority == "medium"
    assert decide(rule, annual_value=10).priority == "medium"
    decision = decide(rule, tier="vip", annual_value=10)
    assert decision.priority == "high"
    assert "The customer has the tier vip and is worth 10 a year: raise by 1." in decision.reasons


@pytest.mark.parametrize(("since", "expected"), [("2025-03-06", "high"), ("2025-03-07", "medium"), (None, "medium")])
def test_customer_for_at_least_counts_calendar_days_until_the_case(since: str | None, expected: Priority) -> None:
    assert decide({"customer": {"customer_for_at_least": "365d"}}, since=since).priority == expected


def test_how_long_somebody_has_been_a_customer_is_a_plain_sentence() -> None:
    rule = {"customer": {"customer_for_at_least": "365d"}, "by": 1}
    assert "The customer has been with us since 2024-09-15: raise by 1." in decide(rule, since="2024-09-15").reasons
    both = {"customer": {"tier": "vip", "customer_for_at_least": "365d"}}
    reasons = decide(both, tier="vip", since="2024-09-15").reasons
    assert "The customer has the tier vip and has been with us since 2024-09-15: raise by 1." in reasons


def test_a_rule_without_conditions_never_fires() -> None:
    assert decide({"customer": {}}).priority == "medium"


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), st.lists(st.integers(1, 3), max_size=4))
def test_raising_is_never_lowering_and_never_adds_up(impact: Level, urgency: Level, raises: list[int]) -> None:
    base = PRIORITIES.index(decide(impact=impact, urgency=urgency).priority)
    rules = [{"customer": {"tier": "vip"}, "by": by} for by in raises]
    decision = decide(*rules, impact=impact, urgency=urgency, tier="vip")
    assert PRIORITIES.index(decision.priority) == min(base + max(raises, default=0), 3)
    assert sum(": raise by " in reason for reason in decision.reasons) == len(raises)
