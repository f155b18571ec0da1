"""What a closed case teaches is written once, whatever runs again: its actions, its reminders, the problem it opens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.actions import LessonsPlan, Look
from domain.causes import load_causes
from domain.errors import Invalid, NotAllowed, NotFound
from domain.messages import Message
from domain.roster import Roster
from records.actions import ActionFilters, Actions
from records.causes import CauseTree
from records.database import Database
from records.escalations import Escalations
from records.lessons import Lessons
from records.outbound import Outbound, Refused
from records.problems import ProblemFilters, Problems
from records.roster import RosterStore
from tests.records.samples import NOW, at, text
from tests.records.taught import DUE, PEOPLE, TREE, action, cause, closes, explained, lessons_of, plan


@pytest.fixture
def lessons(database: Database) -> Lessons:
    return lessons_of(database)


def states(database: Database, id: str = "zendesk-1") -> list[tuple[int, str, str]]:
    return [(one.number, one.text, one.state) for one in Actions(database).of_case(id, 1)]


# actions


def test_the_actions_of_a_root_cause_are_kept_once_however_often_it_is_recorded(database: Database) -> None:
    for _ in range(2):
        explained(database, cause(action("a"), action("b")))
    assert states(database) == [(1, "a", "open"), (2, "b", "open")]
    explained(database, cause(action("b"), action("c")), version=2)
    assert states(database) == [(1, "a", "dropped"), (2, "b", "open"), (3, "c", "open")]


def test_a_record_that_never_happened_leaves_no_action_behind(database: Database) -> None:
    explained(database, cause(action("a")), as_of=at(1), after=at(0))
    explained(database, cause(action("b")), version=2, as_of=at(3), after=at(1))  # by a task that died
    explained(database, cause(action("a"), action("c")), version=2, as_of=at(4), after=at(1))
    assert states(database) == [(1, "a", "open"), (2, "c", "open")]


def test_an_action_is_ended_once_and_found_by_its_owner_and_state(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action("a"), action("b", owner="lee")))
    store, roster = Actions(database), RosterStore(database).current()
    done = store.end("zendesk-1.1.1", "done", "sam", "it works", at(5))
    assert store.end("zendesk-1.1.1", "done", "lee", None, at(6)) == done
    with pytest.raises(NotAllowed):
        store.end("zendesk-1.1.1", "dropped", "lee", None, at(6))
    with pytest.raises(NotFound):
        store.end("zendesk-1.1.9", "done", "lee", None, at(6))
    found = {
        filters: [one.action.number for one in store.page(filters, roster, NOW)[0]]
        for filters in (
            ActionFilters(owner="sam"),
            ActionFilters(state="open"),
            ActionFilters(owner="sam", state="open"),
        )
    }
    assert list(found.values()) == [[1], [2], []]


def test_a_page_of_actions_goes_on_where_the_last_one_ended(database: Database, lessons: Lessons) -> None:
    days = [DUE, DUE - timedelta(days=1), DUE, DUE + timedelta(days=1)]
    explained(database, cause(*(action(str(number), due_on=day) for number, day in enumerate(days))))
    store, roster = Actions(database), RosterStore(database).current()
    first, cursor = store.page(ActionFilters(), roster, NOW, limit=3)
    rest, end = store.page(ActionFilters(), roster, NOW, limit=3, cursor=cursor)
    assert ([one.action.text for one in first], [one.action.text for one in rest], end) == (
        ["1", "0", "2"],
        ["3"],
        None,
    )
    for limit, mark in ((0, None), (201, None), (50, "yesterday_x")):
        with pytest.raises(Invalid):
            store.page(ActionFilters(), roster, NOW, limit, mark)


def test_overdue_is_what_is_past_on_the_owners_own_calendar(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action("a", "sam"), action("b", "lee")))
    store, roster = Actions(database), RosterStore(database).current()
    over_in_auckland_only = datetime(2026, 3, 10, 12, tzinfo=UTC)
    overdue = store.page(ActionFilters(overdue=True), roster, over_in_auckland_only)[0]
    assert [one.action.owner for one in overdue] == ["sam"]
    not_yet = store.page(ActionFilters(overdue=False), roster, over_in_auckland_only)[0]
    assert [one.action.owner for one in not_yet] == ["lee"]


# reminders


def look(after: datetime, until: datetime) -> Look:
    return Look(plan=plan(), after=after, at=until)


def due_at(days: int = 0) -> datetime:
    """Nine o'clock in UTC, where Lee lives."""
    return datetime(2026, 3, 10, 9, tzinfo=UTC) + timedelta(days=days)


def test_a_reminder_is_written_once_however_often_its_activity_runs(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="closed", closed_at=text(NOW))
    found = lessons.record_reminders(look(NOW, due_at()), NOW)
    assert lessons.record_reminders(look(NOW, due_at()), NOW) == found
    assert [message.person for message in found.messages] == ["lee"]
    assert found.next_at == due_at(7)
    assert len(Escalations(database).messages("zendesk-1", 1)) == 1
    told = [entry.text for entry in Escalations(database).timeline("zendesk-1", 1)][1:]
    assert told == ["lee told: action 1 due on 2026-03-10"]


def test_when_nothing_is_open_any_more_nobody_looks_again(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="closed", closed_at=text(NOW))
    Actions(database).end("zendesk-1.1.1", "done", "lee", None, NOW)
    found = lessons.record_reminders(look(NOW, due_at()), NOW)
    assert (found.messages, found.next_at) == ((), None)


def test_a_reminder_under_way_does_not_go_out_once_its_action_is_done(database: Database, lessons: Lessons) -> None:
    explained(database, cause(action(owner="lee")), status="closed", closed_at=text(NOW))
    [message] = lessons.record_reminders(look(NOW, due_at()), NOW).messages
    Actions(database).end("zendesk-1.1.1", "done", "lee", None, NOW)
    assert Outbound(database).claim(message.key, "lee@support.example", "s", "t", NOW) == Refused("action done")


# problems


def opened(lessons: Lessons, at_: LessonsPlan) -> Message | None:
    return lessons.record_recurrence(at_, NOW)


def test_the_last_of_the_count_opens_one_problem_and_tells_the_lead_once(database: Database, lessons: Lessons) -> None:
    assert opened(lessons, closes(database, 1, 1)) is None
    last = closes(database, 2, 2)
    message = opened(lessons, last)
    assert message is not None
    assert opened(lessons, last) == message  # its activity runs again
    assert (message.person, message.facts["problem"], message.facts["times"]) == ("lee", "P-1", "2")
    [(problem, cases)] = Problems(database).page(ProblemFilters())[0]
    assert (problem.title, problem.owner, cases) == ("Certificate expired: checkout", "lee", 2)
    assert [one.linked_by for one in Problems(database).cases("P-1")] == [None, None]


def test_a_problem_that_opens_while_the_lead_is_away_is_for_who_stands_in(database: Database, lessons: Lessons) -> None:
    away = {"person": "lee", "delegate": "sam", "from": at(2), "to": at(3)}
    RosterStore(database).save(Roster.model_validate({**PEOPLE, "absences": [away]}), None, NOW)
    opened(lessons, closes(database, 1, 1))
    message = opened(lessons, closes(database, 2, 2))
    assert message is not None
    assert message.person == "sam"


def test_the_action_of_somebody_who_has_left_is_for_who_stands_in_for_the_lead(
    database: Database, lessons: Lessons
) -> None:
    explained(database, cause(action(owner="gone")), status="closed", closed_at=text(NOW))
    away = {"person": "lee", "delegate": "sam", "from": NOW, "to": NOW + timedelta(days=30)}
    RosterStore(database).save(Roster.model_validate({**PEOPLE, "absences": [away]}), None, NOW)
    look = Look(plan=plan(), after=None, at=datetime(2026, 3, 10, 12, tzinfo=UTC))
    [message] = lessons.record_reminders(look, NOW).messages
    assert message.person == "sam"


def test_a_further_case_joins_the_problem_that_is_there_and_opens_none(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
    assert opened(lessons, closes(database, 3, 3)) is None
    assert [cases for _, cases in Problems(database).page(ProblemFilters())[0]] == [3]


@pytest.mark.parametrize("other", [{"product": "login"}, {"product": None}, {"category": "disk"}])
def test_another_product_or_category_is_another_cause(database: Database, lessons: Lessons, other: Any) -> None:
    assert opened(lessons, closes(database, 1, 1)) is None
    assert opened(lessons, closes(database, 2, 2, **other)) is None


def test_cases_that_name_no_product_make_a_problem_of_their_own(database: Database, lessons: Lessons) -> None:
    opened(lessons, closes(database, 1, 1, product=None))
    message = opened(lessons, closes(database, 2, 2, product=None))
    assert message is not None
    assert Problems(database).find(message.facts["problem"]).title == "Certificate expired"


def test_a_category_of_its_own_count_and_owner_keeps_to_them(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        assert opened(lessons, closes(database, number, number, category="disk")) is None
    message = opened(lessons, closes(database, 3, 3, category="disk"))
    assert message is not None
    assert message.person == "sam"


def test_the_run_of_an_earlier_case_may_come_last(database: Database, lessons: Lessons) -> None:
    early, late = closes(database, 1, 1), closes(database, 2, 2)
    assert opened(lessons, late) is None
    assert opened(lessons, early) is not None


def test_what_comes_back_after_it_was_resolved_is_counted_anew(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
    Problems(database).resolve("P-1", "lee", "renews itself", at(3))
    assert opened(lessons, closes(database, 3, 4)) is None
    message = opened(lessons, closes(database, 4, 5))
    assert message is not None
    assert message.facts["problem"] == "P-2"


def test_a_root_cause_that_names_a_problem_belongs_to_it(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
    assert opened(lessons, closes(database, 3, 3, product="login", said={"problem": "P-1"})) is None
    assert {one.document["id"] for one in Problems(database).cases("P-1")} == {"zendesk-1", "zendesk-2", "zendesk-3"}
    explained(database, cause(problem="P-9"), id="zendesk-4")  # a name that a store before problems may hold
    assert Problems(database).of_case("zendesk-4", 1) is None


def test_live_cases_that_look_the_same_are_offered_until_they_are_linked(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
    store = Problems(database)
    explained(database, None, id="zendesk-3")
    explained(database, cause(category="disk"), id="zendesk-4")
    explained(database, None, id="zendesk-5", product="login")
    problem = store.find("P-1")
    assert [one["id"] for one in store.offered(problem)] == ["zendesk-3"]
    for _ in range(2):
        store.link("P-1", ("zendesk-3", 1), "lee", NOW)
    assert store.offered(problem) == []
    assert {one.linked_by for one in store.cases("P-1")} == {None, "lee"}
    store.unlink("P-1", "zendesk-3")
    assert [one["id"] for one in store.offered(problem)] == ["zendesk-3"]
    with pytest.raises(NotFound):
        store.unlink("P-1", "zendesk-3")


def test_a_problem_without_a_product_offers_live_cases_of_its_cause(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number, product=None))
    explained(database, cause(), id="zendesk-3", product=None)
    explained(database, None, id="zendesk-4", product=None)
    store = Problems(database)
    assert [one["id"] for one in store.offered(store.find("P-1"))] == ["zendesk-3"]


def test_a_case_belongs_to_one_problem_at_most(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
        opened(lessons, closes(database, number + 2, number, product="login"))
    with pytest.raises(NotAllowed) as refused:
        Problems(database).link("P-2", ("zendesk-1", 1), "lee", NOW)
    assert (refused.value.code, "'P-1'" in refused.value.message) == ("already_linked", True)


def test_a_problem_is_known_then_resolved_and_then_takes_no_more_words(database: Database, lessons: Lessons) -> None:
    for number in (1, 2):
        opened(lessons, closes(database, number, number))
    store = Problems(database)
    store.work_around("P-1", "restart it", NOW)
    store.assign("P-1", "sam", "lee", NOW)
    assert [store.find("P-1").model_dump()[name] for name in ("state", "workaround", "owner")] == [
        "known_error",
        "restart it",
        "sam",
    ]
    for _ in range(2):  # a retry
        store.resolve("P-1", "sam", "renews itself", at(9))
    ended = store.find("P-1")
    assert (ended.state, ended.resolved_by, ended.resolved_at) == ("resolved", "sam", at(9))
    words: list[Callable[[], None]] = [
        lambda: store.resolve("P-1", "sam", "otherwise", at(9)),
        lambda: store.work_around("P-1", "x", NOW),
        lambda: store.assign("P-1", "lee", "sam", NOW),
        lambda: store.link("P-1", ("zendesk-1", 1), "lee", NOW),
    ]
    for word in words:
        with pytest.raises(NotAllowed) as refused:
            word()
        assert refused.value.code == "problem_resolved"
    with pytest.raises(NotFound):
        store.find("P-2")


def test_a_page_of_problems_has_the_newest_first_and_keeps_to_what_was_asked_for(
    database: Database, lessons: Lessons
) -> None:
    for product in ("a", "b", "c"):
        for number in (1, 2):
            opened(lessons, closes(database, ord(product) * 10 + number, number, product=product))
    store = Problems(database)
    Problems(database).assign("P-2", "sam", "lee", NOW)
    first, cursor = store.page(ProblemFilters(), limit=2)
    rest, end = store.page(ProblemFilters(), limit=2, cursor=cursor)
    assert ([one.id for one, _ in first], [one.id for one, _ in rest], end) == (["P-3", "P-2"], ["P-1"], None)
    for filters, ids in (
        (ProblemFilters(owner="sam"), ["P-2"]),
        (ProblemFilters(product="c"), ["P-3"]),
        (ProblemFilters(category="disk"), []),
        (ProblemFilters(state="resolved"), []),
    ):
        assert [one.id for one, _ in store.page(filters)[0]] == ids


# the tree


def test_a_file_read_again_never_overrides_what_was_put_meanwhile(database: Database) -> None:
    store, tree, other = CauseTree(database), load_causes(TREE), load_causes(TREE.replace("Disk full", "No room"))
    assert store.current() is None
    assert store.save(tree, "file", None, NOW, "hash") == 1
    assert store.save(other, "api", "admin", NOW) == 2
    assert store.save(tree, "file", None, NOW, "hash") == 2  # the same file at the next start
    assert store.tree == other
    assert store.save(other, "api", "admin", NOW) == 2  # nothing has changed
    assert store.save(tree, "file", None, NOW, "another hash") == 3
    assert store.tree == tree == CauseTree(database).tree
