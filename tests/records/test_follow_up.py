"""What was learned is followed up, whatever comes in between: tries, later causes, people nobody reaches, problems resolved."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from domain.actions import ActionsPlan, Look
from domain.afterwards import Unsent
from domain.messages import Message, SendResult
from domain.state import TimelineEntry
from records.actions import Actions
from records.afterwards import Afterwards
from records.database import Database
from records.escalations import Escalations
from records.lessons import Lessons
from records.problems import ProblemFilters, Problems
from records.transitions import Transitions
from tests.records.samples import NOW, at, document, text, transition
from tests.records.taught import action, cause, closes, explained, lessons_of

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)  # where Lee lives, on the day; NOW is the Friday before
CASE = ("zendesk-1", 1)


@pytest.fixture
def lessons(database: Database) -> Lessons:
    return lessons_of(database)


def plan(recorded_at: datetime = NOW) -> ActionsPlan:
    return ActionsPlan(escalation="zendesk-1", episode=1, entry=1, priority="high", recorded_at=recorded_at)


def looks(lessons: Lessons, until: datetime, after: datetime | None = None, by: ActionsPlan | None = None) -> list[str]:
    """The keys of what is sent."""
    found = lessons.record_reminders(Look(plan=by or plan(), after=after, at=until), NOW)
    return [message.key for message in found.messages]


def key(day: int, person: str = "lee") -> str:
    return f"zendesk-1.1/1/action_due/1.202603{day:02}/{person}/email"


# tries and runs


def test_a_reminder_that_a_try_has_queued_is_sent_by_the_next_one_whatever_has_come_in_between(
    database: Database, lessons: Lessons
) -> None:
    """Else it stood in the store as one that will go out for ever."""
    explained(database, cause(action(owner="lee")), status="resolved")
    before = looks(lessons, NINE, NOW)
    Actions(database).end("zendesk-1.1.1", "done", "sam", None, NOW)
    assert looks(lessons, NINE, NOW) == before == [key(10)]


def test_what_another_run_has_said_is_not_said_again(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="resolved")
    assert looks(lessons, NINE, NOW) == [key(10)]
    later, soon = NOW + timedelta(days=4), NINE + timedelta(hours=1)
    explained(database, cause(action(owner="lee"), at=text(later)), version=2, status="resolved", entry=2)
    another = plan(later).model_copy(update={"entry": 2})
    assert looks(lessons, soon, by=another) == []
    assert looks(lessons, NINE + timedelta(days=7), soon, by=another) == [key(17).replace("1.1/1/", "1.1/2/")]


def test_a_run_whose_cause_was_replaced_says_nothing_and_ends(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="resolved")
    explained(database, cause(action(owner="lee"), at=text(at(5))), version=2, status="resolved")
    found = lessons.record_reminders(Look(plan=plan(), after=NOW, at=NINE), NOW)
    assert (found.messages, found.next_at) == ((), None)


def test_a_withdrawn_case_reminds_nobody(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="cancelled")
    found = lessons.record_reminders(Look(plan=plan(), after=NOW, at=NINE), NOW)
    assert (found.messages, found.next_at) == ((), None)


def test_a_day_that_was_put_off_is_reminded_of_as_often_as_any_other(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="resolved")
    for day in (9, 10):
        assert looks(lessons, datetime(2026, 3, day, 9, tzinfo=UTC), datetime(2026, 3, day, tzinfo=UTC)) == [key(day)]
    explained(
        database, cause(action(owner="lee", due_on=date(2026, 3, 13)), at=text(NINE)), version=2, status="resolved"
    )
    for day in (12, 13):
        until = datetime(2026, 3, day, 9, tzinfo=UTC)
        assert looks(lessons, until, until - timedelta(hours=1), by=plan(NINE)) == [key(day)]


def test_a_line_written_beside_a_running_case_stands_where_it_belongs(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="resolved")
    looks(lessons, NINE, NOW)
    closing = TimelineEntry(seq=2, at=NINE + timedelta(hours=1), kind="closed", actor="dana", text="closed")
    whole = document(version=2, status="closed", root_cause=cause(action(owner="lee")))
    Transitions(database).record(transition(2).model_copy(update={"document": whole, "timeline": (closing,)}), NOW)
    kinds = [line.kind for line in Escalations(database).timeline(*CASE)]
    assert kinds == ["root_cause_recorded", "told", "closed"]


# people nobody reaches


def failed(message: Message) -> Unsent:
    result = SendResult(key=message.key, status="failed", at=NINE, reason="no address")
    return Unsent(escalation="zendesk-1", episode=1, message=message, result=result)


def brought(database: Database, message: Message) -> list[str]:
    """Whom it goes to when nobody can be reached on any channel, and on which."""
    tries, store = [], Afterwards(database)
    following: Message | None = message
    while following is not None:
        tries.append(f"{following.person} {following.channel}")
        unsent = failed(following)
        following = store.record_unsent(unsent, NOW)
        assert store.record_unsent(unsent, NOW) == following, "its activity runs again"
    return tries


def test_a_reminder_that_reaches_nobody_goes_to_the_lead_and_at_last_to_the_owner_of_last_resort(
    database: Database, lessons: Lessons
) -> None:
    explained(database, cause(action(owner="sam")), status="resolved")
    [message] = lessons.record_reminders(Look(plan=plan(), after=NOW, at=NINE), NOW).messages
    people = ("sam", "lee", "ops-manager")
    assert brought(database, message) == [f"{one} {channel}" for one in people for channel in ("email", "sms")]
    told = [line.text for line in Escalations(database).timeline(*CASE) if line.kind == "told"]
    assert told == [f"{one} told: action 1 due on 2026-03-10" for one in people]


def test_a_problem_whose_owner_nobody_reaches_is_told_to_the_owner_of_last_resort(
    database: Database, lessons: Lessons
) -> None:
    lessons.record_recurrence(closes(database, 2, 1), NOW)
    message = lessons.record_recurrence(closes(database, 1, 2), NOW)
    assert message is not None
    assert brought(database, message) == ["lee email", "lee sms", "ops-manager email", "ops-manager sms"]


# problems


def test_a_case_that_closes_after_its_problem_was_resolved_has_not_come_back(
    database: Database, lessons: Lessons
) -> None:
    store = Problems(database)
    for number in (1, 2):
        lessons.record_recurrence(closes(database, number, number), NOW)
    for number in (3, 4):  # its live cases, which are resolved with it and close days later
        explained(database, cause(), id=f"zendesk-{number}", status="resolved")
        store.link("P-1", (f"zendesk-{number}", 1), "lee", NOW)
    store.resolve("P-1", "lee", "renews itself", at(3))
    for number in (3, 4):
        assert lessons.record_recurrence(closes(database, number, 60 + number, version=2), NOW) is None
    assert lessons.record_recurrence(closes(database, 5, 100), NOW) is None, "the first since then, and not the third"
    assert lessons.record_recurrence(closes(database, 6, 101), NOW) is not None


def test_a_cause_that_names_the_problem_that_was_thought_solved_has_come_back(
    database: Database, lessons: Lessons
) -> None:
    for number in (1, 2):
        lessons.record_recurrence(closes(database, number, number), NOW)
    Problems(database).resolve("P-1", "lee", "renews itself", at(3))
    named, anew = {"problem": "P-1"}, {"opened_at": text(at(50))}
    assert lessons.record_recurrence(closes(database, 3, 2.5, said=named), NOW) is None, "it began before"
    assert lessons.record_recurrence(closes(database, 4, 60, said=named, **anew), NOW) is None
    message = lessons.record_recurrence(closes(database, 5, 61, said=named, **anew), NOW)
    assert message is not None
    linked = {id: {one.document["id"] for one in Problems(database).cases(id)} for id in ("P-1", "P-2")}
    assert linked == {"P-1": {"zendesk-1", "zendesk-2", "zendesk-3"}, "P-2": {"zendesk-4", "zendesk-5"}}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_cause_that_came_back_is_a_problem_in_whatever_order_its_cases_are_counted(
    database: Database, lessons: Lessons, order: tuple[int, ...]
) -> None:
    """Two within the month, and one long after: as the runs come when workers have been away."""
    days = (0, 20, 200)
    plans = [closes(database, number, day * 24 * 60) for number, day in enumerate(days, 1)]
    opened = [lessons.record_recurrence(plans[one], NOW) for one in order]
    assert sum(message is not None for message in opened) == 1
    [(_, cases)] = Problems(database).page(ProblemFilters())[0]
    assert cases >= 2
