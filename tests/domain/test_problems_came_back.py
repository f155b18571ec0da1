"""When a cause that comes back is a problem, what it has cost, and which open cases look like it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.causes import Recurrence
from domain.durations import Duration
from domain.errors import NotAllowed
from domain.problems import Cost, Occurrence, Problem, came_back, cost, looks_like, require_unresolved, title

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
THREE_IN_A_MONTH = Recurrence(within=Duration(days=30), count=3)
PROBLEM = Problem(
    id="P-1", number=1, title="t", category="tls", product="checkout", state="open", owner="lee", opened_at=NOW
)


def seen(*days_ago: float, of: str | None = None) -> list[Occurrence]:
    return [
        Occurrence(escalation=of or f"case-{number}", episode=number, at=NOW - timedelta(days=days))
        for number, days in enumerate(days_ago, 1)
    ]


def test_the_third_case_within_the_window_is_a_problem() -> None:
    assert len(came_back(seen(20, 10, 0), THREE_IN_A_MONTH, NOW)) == 3
    assert came_back(seen(20, 0), THREE_IN_A_MONTH, NOW) == ()


def test_a_case_as_old_as_the_window_counts_no_more() -> None:
    assert came_back(seen(30, 10, 0), THREE_IN_A_MONTH, NOW) == ()
    assert len(came_back(seen(29.999, 10, 0), THREE_IN_A_MONTH, NOW)) == 3


def test_only_those_within_the_window_belong_to_it() -> None:
    assert [one.escalation for one in came_back(seen(40, 20, 10, 0), THREE_IN_A_MONTH, NOW)] == [
        "case-2",
        "case-3",
        "case-4",
    ]


def test_a_case_that_was_reopened_has_not_come_back_by_itself() -> None:
    assert came_back(seen(20, 10, 0, of="the same"), THREE_IN_A_MONTH, NOW) == ()


def test_it_has_come_back_whichever_of_the_runs_comes_last() -> None:
    """Three in a week and a fourth much later, whose run came before that of the third: as after an outage."""
    cases = seen(25, 22, 20, 0)
    week = Recurrence(within=Duration(days=7), count=3)
    assert [len(came_back(cases, week, one.at)) for one in cases] == [3, 3, 3, 0]


def case(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "status": "open",
        "opened_at": "2026-03-30T12:00:00Z",
        "closed_at": None,
        "targets": [],
        "customer": {"id": "acme"},
        "ticket": {"product": "checkout"},
        "root_cause": None,
    }
    return base | changes


def test_the_cost_by_hand() -> None:
    """A day open until now; 90 minutes until closed, with one of two targets missed; another customer, 30 minutes, two missed."""
    missed, met = {"breached_at": "2026-03-30T13:00:00Z"}, {"breached_at": None}
    cases = [
        case(),
        case(status="closed", closed_at="2026-03-30T13:30:00Z", targets=[missed, met]),
        case(status="closed", closed_at="2026-03-30T12:30:00Z", targets=[missed, missed], customer={"id": "beta"}),
    ]
    assert cost(cases, NOW) == Cost(cases=3, hours=26.0, breaches=3, customers=2)
    assert cost([], NOW) == Cost(cases=0, hours=0, breaches=0, customers=0)


@pytest.mark.parametrize(
    ("changes", "like"),
    [
        ({}, True),
        ({"root_cause": {"category": "tls"}}, True),
        ({"root_cause": {"category": "disk"}}, False),
        ({"ticket": {"product": "login"}}, False),
        ({"ticket": {}}, False),
        ({"status": "closed"}, False),
    ],
)
def test_a_live_case_of_the_product_looks_the_same_unless_its_cause_is_another(
    changes: dict[str, Any], like: bool
) -> None:
    assert looks_like(PROBLEM, case(**changes)) is like


def test_a_problem_without_a_product_is_recognised_by_its_cause_alone() -> None:
    without = PROBLEM.model_copy(update={"product": None})
    assert looks_like(without, case(ticket={}, root_cause={"category": "tls"}))
    assert not looks_like(without, case(ticket={}))
    assert (title("TLS", None), title("TLS", "checkout")) == ("TLS", "TLS: checkout")


def test_what_is_resolved_takes_no_more_words() -> None:
    require_unresolved(PROBLEM)
    require_unresolved(PROBLEM.model_copy(update={"state": "known_error"}))
    with pytest.raises(NotAllowed) as refused:
        require_unresolved(PROBLEM.model_copy(update={"state": "resolved"}))
    assert refused.value.code == "problem_resolved"
