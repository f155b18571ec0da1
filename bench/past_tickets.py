"""Past tickets that never were, for measuring `tierline policy backtest`: python -m bench.past_tickets 20000 > tickets.csv

A mix as a support desk has it: more by day than by night, weekends thin; most acknowledged and resolved in time, one in six too
late, one in fifty never answered. The same number gives the same file.
"""

import csv
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

COLUMNS = (
    "id", "system", "opened_at", "priority", "subject", "category", "product", "customer_id", "customer_tier", "timezone",
    "acknowledged_at", "updated_at", "resolved_at", "closed_at",
)  # fmt: skip
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 180  # over one clock change
PRIORITIES = {"low": 30, "medium": 45, "high": 20, "critical": 5}
MINUTES_TO_ANSWER = {"low": 120, "medium": 45, "high": 12, "critical": 5}  # on average; twice as long is late
HOURS_TO_RESOLVE = {"low": 6.0, "medium": 3.0, "high": 1.5, "critical": 0.5}
HOURS_BETWEEN_UPDATES = {"low": 3.0, "medium": 2.5, "high": 1.5, "critical": 0.4}
NEVER_ANSWERED = 0.02
LATE = 0.15
SUBJECTS = {
    "checkout": ("service-outage", "Checkout is down"),
    "login": ("performance", "Signing in takes half a minute"),
    "reports": ("data", "The monthly report is empty"),
    "billing": ("question", "An invoice has the wrong address"),
}
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "")


def main() -> None:
    """Write as many tickets as the first argument says."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tickets(int(sys.argv[1])))


def tickets(count: int) -> Iterator[list[str]]:
    """So many rows in the order they were opened."""
    chance = random.Random(count)  # noqa: S311 - a made-up file, not a secret
    openings = sorted(_opening(chance) for _ in range(count))
    for number, opened_at in enumerate(openings, 1):
        yield _ticket(chance, number, opened_at)


def _opening(chance: random.Random) -> datetime:
    """Two thirds on a weekday between 7 and 17 UTC, the rest at any time."""
    while True:
        at = BEGIN + timedelta(seconds=chance.randrange(DAYS * 86_400))
        if (at.weekday() < 5 and 7 <= at.hour < 17) or chance.random() < 0.2:
            return at


def _ticket(chance: random.Random, number: int, opened_at: datetime) -> list[str]:
    priority = chance.choices(tuple(PRIORITIES), tuple(PRIORITIES.values()))[0]
    product = chance.choice(tuple(SUBJECTS))
    category, subject = SUBJECTS[product]
    customer = chance.randrange(200)
    about = [str(number), "zendesk", _text(opened_at), priority, subject, category, product, f"customer-{customer}",
             "vip" if customer < 10 else "standard", chance.choice(ZONES)]  # fmt: skip
    return about + ([""] * 4 if chance.random() < NEVER_ANSWERED else _worked(chance, priority, opened_at))


def _worked(chance: random.Random, priority: str, opened_at: datetime) -> list[str]:
    slow = 4.0 if chance.random() < LATE else 1.0
    acknowledged = opened_at + slow * chance.uniform(0.2, 1.2) * timedelta(minutes=MINUTES_TO_ANSWER[priority])
    resolved = acknowledged + slow * chance.uniform(0.2, 1.4) * timedelta(hours=HOURS_TO_RESOLVE[priority])
    closed = resolved + chance.uniform(1, 30) * timedelta(hours=1)
    between = timedelta(hours=HOURS_BETWEEN_UPDATES[priority])
    updates = (acknowledged + n * between for n in range(1, int((resolved - acknowledged) / between) + 1))
    return [_text(acknowledged), ";".join(map(_text, updates)), _text(resolved), _text(closed)]


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    main()
