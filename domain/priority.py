"""How urgent a case is: impact × urgency, raised for customers the policy names, explained in sentences.

An explicit priority is final. What is not said is medium. Of several rules that fire the largest raise applies, but all
of them are listed, so that nobody has to guess why a case is critical.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.policy import PriorityRules, RaiseCustomer, RaiseRule
from domain.tickets import PRIORITIES, Customer, Level, Priority

SENTENCES = {
    "given": "The priority was given as {priority}.",
    "neither": "Neither impact nor urgency was given: medium impact and medium urgency make it {priority}.",
    "both": "{impact} impact and {urgency} urgency make it {priority}.",
    "one": "The {missing} was not given and counts as medium: {impact} impact and {urgency} urgency make it {priority}.",
    "rule": "The customer {why}: raise by {by}.",
    "raised": "Raised from {was} to {priority}.",
    "highest": "It stays {priority}: there is nothing higher.",
}
"""Every sentence a reason can be; `activities.history_words` says them in other languages."""
CONDITIONS = {
    "id": "is {id}",
    "tier": "has the tier {tier}",
    "value": "is worth {value} a year",
    "since": "has been with us since {since}",
}
"""What may stand for `why`, several joined by `and`."""

_DAY = 86_400  # seconds; how long somebody has been a customer is counted in calendar days


@dataclass(frozen=True)
class PriorityDecision:
    """The priority and why, in plain sentences, first the base, then every rule that fired, then the outcome."""

    priority: Priority
    reasons: tuple[str, ...]


def decide_priority(
    rules: PriorityRules,
    *,
    impact: Level | None,
    urgency: Level | None,
    priority: Priority | None,
    customer: Customer,
    at: datetime,
) -> PriorityDecision:
    """The priority of a case that opens or is re-prioritised at `at`; the matrix must be complete."""
    if priority is not None:
        return PriorityDecision(priority, (SENTENCES["given"].format(priority=priority),))
    base = rules.matrix[impact or "medium"][urgency or "medium"]
    fired = [(rule, why) for rule in rules.raise_for if (why := _why(rule, customer, at))]
    reasons = [
        _base_reason(impact, urgency, base),
        *(SENTENCES["rule"].format(why=why, by=rule.by) for rule, why in fired),
    ]
    if not fired:
        return PriorityDecision(base, tuple(reasons))
    raised = _raised(base, max(rule.by for rule, _ in fired))
    reasons.append(SENTENCES["raised" if raised != base else "highest"].format(was=base, priority=raised))
    return PriorityDecision(raised, tuple(reasons))


def _raised(base: Priority, by: int) -> Priority:
    return PRIORITIES[min(PRIORITIES.index(base) + by, len(PRIORITIES) - 1)]


def _base_reason(impact: Level | None, urgency: Level | None, base: Priority) -> str:
    if impact is None and urgency is None:
        return SENTENCES["neither"].format(priority=base)
    said = {"impact": impact or "medium", "urgency": urgency or "medium", "priority": base}
    if impact is None or urgency is None:
        return SENTENCES["one"].format(missing="impact" if impact is None else "urgency", **said)
    return SENTENCES["both"].format(**said).capitalize()


def _why(rule: RaiseRule, customer: Customer, at: datetime) -> str | None:
    """What made the rule fire, or None: every condition it names must hold, and it must name one."""
    facts = list(_conditions(rule.customer, customer, at))
    if not facts or not all(holds for holds, _ in facts):
        return None
    return " and ".join(words for _, words in facts)


def _conditions(wanted: RaiseCustomer, customer: Customer, at: datetime) -> Iterator[tuple[bool, str]]:
    if wanted.id is not None:
        yield customer.id in _many(wanted.id), CONDITIONS["id"].format(id=customer.id)
    if wanted.tier is not None:
        yield customer.tier in _many(wanted.tier), CONDITIONS["tier"].format(tier=customer.tier)
    if wanted.annual_value_at_least is not None:
        value = customer.annual_value
        yield (
            value is not None and value >= wanted.annual_value_at_least,
            CONDITIONS["value"].format(value=f"{value or 0:,.0f}"),
        )
    if wanted.customer_for_at_least is not None:
        known = None if customer.since is None else (at.date() - customer.since).days * _DAY
        long_enough = known is not None and known >= wanted.customer_for_at_least.seconds_in(_DAY)
        yield long_enough, CONDITIONS["since"].format(since=customer.since)


def _many(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
