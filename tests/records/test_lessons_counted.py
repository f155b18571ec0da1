"""What the board counts and what a case is offered: overdue actions by their owners' clocks, problems not resolved yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.problems import UNRESOLVED
from domain.roster import Roster
from records.actions import Actions
from records.database import Database
from records.lessons import Lessons
from records.problems import ProblemFilters, Problems
from tests.records.samples import NOW, document
from tests.records.taught import DUE, PEOPLE, action, cause, closes, explained
from tests.records.test_lessons import lessons as lessons

ROSTER = Roster.model_validate(PEOPLE)


def with_a_problem(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        lessons.record_recurrence(closes(database, number), NOW)


def test_an_action_is_counted_as_overdue_once_its_day_is_over_at_its_owners_place(
    database: Database, lessons: Lessons
) -> None:
    explained(database, cause(action(owner="sam"), action("b", owner="lee"), action("c", "lee", DUE + timedelta(9))))
    store = Actions(database)
    at = datetime(2026, 3, 10, 10, 59, tzinfo=UTC)  # a minute before midnight in Auckland
    seen = [store.overdue(ROSTER, at + timedelta(minutes=later)) for later in (0, 1, 60 * 13 + 1)]
    assert seen == [0, 1, 2]
    store.end("zendesk-1.1.1", "done", "sam", None, at)
    assert store.overdue(ROSTER, at + timedelta(days=1)) == 1


def test_every_action_of_a_day_is_counted_of_nobody_in_utc(database: Database, lessons: Lessons) -> None:
    explained(database, cause(*(action(f"{one}", "gone", date(2026, 1, 1)) for one in range(3))))
    assert Actions(database).overdue(ROSTER, NOW) == 3


def test_problems_are_counted_until_they_are_resolved(database: Database, lessons: Lessons) -> None:
    store = Problems(database)
    assert store.unresolved() == 0
    with_a_problem(database, lessons)
    store.work_around("P-1", "restart it", NOW)
    assert (store.unresolved(), len(store.page(ProblemFilters(state=UNRESOLVED))[0])) == (1, 1)
    store.resolve("P-1", "sam", "renews itself", NOW)
    assert (store.unresolved(), store.page(ProblemFilters(state=UNRESOLVED))[0]) == (0, [])


def test_a_case_is_offered_the_unresolved_problems_it_looks_like(database: Database, lessons: Lessons) -> None:
    with_a_problem(database, lessons)
    store = Problems(database)

    def offered(product: str | None = "checkout", **how: Any) -> list[str]:
        ticket = {"system": "zendesk", "id": "9", "subject": "Down", "product": product}
        return [one.id for one in store.offered_to(document(id="zendesk-9", ticket=ticket, **how))]

    assert offered(root_cause=None) == ["P-1"]
    assert offered(root_cause=cause()) == ["P-1"]
    assert offered(root_cause=cause(category="disk")) == []
    assert offered("shop") == offered(None) == offered(status="closed") == []
    explained(database, None, id="zendesk-9")
    store.link("P-1", ("zendesk-9", 1), "lee", NOW)
    assert offered() == [], "it belongs to one already"
    store.unlink("P-1", "zendesk-9")
    store.resolve("P-1", "sam", "renews itself", NOW)
    assert offered() == []
