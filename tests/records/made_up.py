"""Facts of cases that never were: every field drawn, so that sums, shares, ranks and what is unknown all come up."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from domain.facts import TARGETS, Facts, TierFacts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 120
TIERS = ("L1", "L2", "L3")
T = TypeVar("T")


def made_up(chance: Random, number: int) -> Facts:
    """One episode; `number` keeps its id apart from others."""
    opened_at = BEGIN + timedelta(seconds=chance.randrange(DAYS * 86_400), microseconds=chance.choice((0, 1)))
    taken, fixed = (_maybe(chance, chance.randrange(20)) for _ in range(2))  # few values, so that ranks have equals
    cause = _maybe(chance, chance.choice(("disk", "network", "release")))
    highest = chance.randrange(3)
    return Facts(
        id=f"{chance.choice(('zendesk', 'jira'))}-{number}",
        episode=chance.randrange(1, 3),
        version=1,
        opened_at=opened_at,
        **_named(chance),
        tier=TIERS[highest],
        highest_tier=TIERS[highest],
        climbs=chance.randrange(3),
        cause=cause,
        cause_at=opened_at + timedelta(days=1) if cause else None,
        origin=chance.choice(("ours", "product")) if cause else None,
        acknowledged_at=None,
        resolved_at=None,
        closed_at=None,
        acknowledge_seconds=taken,
        acknowledge_working=_maybe(chance, chance.randrange(20)) if taken is not None else None,
        resolve_seconds=fixed,
        resolve_working=_maybe(chance, chance.randrange(20)) if fixed is not None else None,
        met={name: chance.randrange(3) for name in TARGETS},
        breached={name: chance.choice((0, 0, 1)) for name in TARGETS},
        promises_made=3,
        resolutions=chance.randrange(2),
        reopen_count=chance.choice((0, 0, 1)),
        reopens=chance.random() < 0.2,
        came_back=chance.random() < 0.4,
        survey_score=_maybe(chance, chance.randrange(1, 6)),
        messages_sent=chance.randrange(9),
        messages_failed=chance.randrange(2),
        nobody_on_duty=chance.randrange(2),
        recurrence=cause is not None and chance.random() < 0.3,
        tiers=tuple(
            TierFacts(
                tier=tier, stays=1 + chance.randrange(2), seconds=chance.randrange(30), breaches=chance.randrange(2)
            )
            for tier in TIERS[: highest + 1]
        ),
    )


def _named(chance: Random) -> dict[str, Any]:
    return {
        "system": chance.choice(("zendesk", "jira")),
        "status": chance.choice(("open", "acknowledged", "paused", "resolved", "closed", "cancelled")),
        "team": chance.choice(("support", "experts")),
        "priority": chance.choice(("low", "medium", "high", "critical")),
        "product": _maybe(chance, chance.choice(("checkout", "search", "'; DROP"))),
        "category": _maybe(chance, chance.choice(("outage", "billing"))),
        "customer": chance.choice(("acme", "bolt", "Zoë GmbH")),
        "owner": _maybe(chance, chance.choice(("dana", "sam", "lea"))),
    }


def _maybe(chance: Random, value: T) -> T | None:
    return value if chance.random() < 0.8 else None
