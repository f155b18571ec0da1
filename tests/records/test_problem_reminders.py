"""The owner of a problem hears of it until it is resolved: who is given it, that it came back, and every week; nothing twice."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from domain.afterwards import Unsent
from domain.causes import load_causes
from domain.errors import NotFound
from domain.messages import Message, SendResult
from domain.problem_reminders import ProblemLook, ProblemNews
from domain.roster import Roster
from records.afterwards import Afterwards
from records.causes import CauseTree
from records.database import Database
from records.escalations import Escalations
from records.lessons import Lessons
from records.outbound import Granted, Outbound, Refused
from records.privacy import Privacy, new_pseudonym
from records.problem_reminders import ProblemReminders
from records.problems import Problems, open_problem
from records.roster import RosterStore
from records.tables import messages, problems
from tests.records.samples import NOW, at
from tests.records.taught import PEOPLE, TREE, closes, lessons_of

AUCKLAND = ZoneInfo("Pacific/Auckland")  # where Sam lives; Lee lives in UTC
OPENED = at(2)  # a Friday, noon


@pytest.fixture
def lessons(database: Database) -> Lessons:
    """Its second case has opened P-1, which is Lee's."""
    found = lessons_of(database)
    for number in (1, 2):
        found.record_recurrence(closes(database, number, number), NOW)
    return found


def looks(database: Database, when: datetime) -> ProblemNews:
    return ProblemReminders(database).record_news(ProblemLook(problem="P-1", at=when), NOW)


def told(database: Database, when: datetime) -> list[str]:
    """Who hears what: `lee week`."""
    return [f"{one.person} {one.facts['why']}" for one in looks(database, when).messages]


def nine(days: int) -> datetime:
    """Nine o'clock at Lee's, so many days after the problem opened."""
    return datetime(OPENED.year, OPENED.month, OPENED.day, 9, tzinfo=UTC) + timedelta(days=days)


def has_managers(database: Database) -> None:
    chiefs = {"sam": "lee", "lee": "ops-manager"}
    people = [{**one, "manager": chiefs[one["id"]]} for one in PEOPLE["people"]]
    roster: Any = {**PEOPLE, "people": [*people, {"id": "ops-manager", "name": "Ops", "email": "ops@support.example"}]}
    RosterStore(database).save(Roster.model_validate(roster), None, NOW)


@pytest.mark.usefixtures("lessons")
def test_who_got_it_when_it_opened_hears_again_a_week_later_at_nine(database: Database) -> None:
    first = looks(database, at(3))
    assert (first.messages, first.next_at) == ((), nine(7))
    assert told(database, nine(7) - timedelta(minutes=1)) == []
    assert told(database, nine(7)) == ["lee week"]
    assert told(database, nine(8)) == []
    assert told(database, nine(30)) == ["lee week"], "after an outage once, and not for each week that is past"


@pytest.mark.usefixtures("lessons")
def test_from_the_third_week_on_the_manager_hears_too(database: Database) -> None:
    has_managers(database)
    heard = {days: told(database, nine(days)) for days in (7, 14, 21, 28)}
    assert heard == {7: ["lee week"], 14: ["lee week"], **{late: ["lee week", "ops-manager week"] for late in (21, 28)}}


@pytest.mark.usefixtures("lessons")
def test_who_is_given_it_hears_at_once_and_the_weeks_begin_anew_on_their_own_clock(database: Database) -> None:
    Problems(database).assign("P-1", "sam", "lee", nine(5))
    assert told(database, nine(5) + timedelta(minutes=1)) == ["sam given"]
    found = looks(database, nine(7))
    assert found.messages == ()
    assert found.next_at is not None
    local, given_on = found.next_at.astimezone(AUCKLAND), nine(5).astimezone(AUCKLAND).date()
    assert (local.date(), local.hour) == (given_on + timedelta(days=7), 9)
    assert told(database, found.next_at) == ["sam week"]


@pytest.mark.usefixtures("lessons")
def test_who_takes_it_knows_and_who_has_it_already_is_given_nothing(database: Database) -> None:
    store = Problems(database)
    store.assign("P-1", "sam", "sam", at(4))
    assert told(database, at(5)) == []
    store.assign("P-1", "sam", "lee", at(6))
    assert told(database, at(7)) == []


def test_that_it_came_back_is_told_once_a_day_however_often_it_does(database: Database, lessons: Lessons) -> None:
    assert told(database, at(3)) == []
    assert lessons.record_recurrence(closes(database, 3, 4), NOW) is None
    found = looks(database, at(5))
    assert [f"{one.person} {one.facts['why']}" for one in found.messages] == ["lee back"]
    assert found.place is not None
    assert found.place.escalation == "zendesk-3", "it is told with the case that came"
    for number, minutes in ((4, 6), (5, 7)):
        lessons.record_recurrence(closes(database, number, minutes), NOW)
    later = looks(database, at(8))
    assert (later.messages, later.next_at) == ((), nine(1))
    assert told(database, nine(1)) == ["lee back"]
    assert told(database, nine(2)) == []


def test_a_case_that_comes_while_a_look_is_under_way_is_the_one_that_is_told_of(
    database: Database, lessons: Lessons, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(database, at(3)) == []
    coming, current = [closes(database, 3, 4)], RosterStore.current

    def meanwhile(store: RosterStore) -> Roster:
        if coming:
            lessons.record_recurrence(coming.pop(), NOW)
        return current(store)

    monkeypatch.setattr(RosterStore, "current", meanwhile)
    found = looks(database, at(5))
    assert [f"{one.person} {one.facts['why']}" for one in found.messages] == ["lee back"]
    assert found.place is not None
    assert found.place.escalation == "zendesk-3"


def test_a_case_that_is_counted_again_has_not_come_back_again(database: Database, lessons: Lessons) -> None:
    third = closes(database, 3, 4)
    for _ in range(2):  # its activity runs again
        lessons.record_recurrence(third, NOW)
    assert told(database, at(5)) == ["lee back"]
    lessons.record_recurrence(third, NOW)
    assert told(database, nine(1)) == []


@pytest.mark.usefixtures("lessons")
def test_a_look_that_is_tried_again_says_the_same_and_writes_it_once(database: Database) -> None:
    has_managers(database)
    found = looks(database, nine(21))
    assert len(found.messages) == 2
    assert looks(database, nine(21)) == found
    kept = [one for one in Escalations(database).messages("zendesk-2", 1) if one.kind == "problem_reminder"]
    assert sorted(one.key for one in kept) == sorted(one.key for one in found.messages)
    lines = [line.text for line in Escalations(database).timeline("zendesk-2", 1) if "not resolved" in line.text]
    assert lines == [f"{who} told: problem P-1 is not resolved yet" for who in ("lee", "ops-manager")]


@pytest.mark.usefixtures("lessons")
def test_once_it_is_resolved_nobody_is_told_any_more(database: Database) -> None:
    store = Problems(database)
    store.work_around("P-1", "restart it", at(4))
    assert told(database, nine(7)) == ["lee week"], "a workaround is no solution"
    store.resolve("P-1", "lee", "renews itself", nine(8))
    assert looks(database, nine(14)) == ProblemNews()


@pytest.mark.parametrize(("happens", "why"), [("resolved", "problem resolved"), ("moved", "problem moved")])
@pytest.mark.usefixtures("lessons")
def test_what_is_under_way_does_not_go_out_once_it_is_resolved_or_somebody_elses(
    database: Database, happens: str, why: str
) -> None:
    [message] = looks(database, nine(7)).messages
    store = Problems(database)
    if happens == "resolved":
        store.resolve("P-1", "lee", "renews itself", nine(8))
    else:
        store.assign("P-1", "sam", "lee", nine(8))
    claim = Outbound(database).claim(message.key, "lee@support.example", None, "text", nine(8), None)
    assert isinstance(claim, Refused)
    assert claim.reason == why


@pytest.mark.usefixtures("lessons")
def test_its_run_is_owed_a_look_for_all_that_happens_and_once(database: Database) -> None:
    store = Problems(database)
    [opened] = store.owed(10)
    store.assign("P-1", "sam", "lee", at(4))
    store.handed_over(opened)
    [moved] = store.owed(10)
    assert (moved.problem, moved.since) == ("P-1", at(4)), "what happened meanwhile is owed still"
    store.handed_over(moved)
    assert store.owed(10) == []
    store.work_around("P-1", "restart it", at(5))
    store.resolve("P-1", "lee", "renews itself", at(6))
    assert [one.since for one in store.owed(10)] == [at(6)]


@pytest.mark.usefixtures("lessons")
def test_one_from_before_there_were_reminders_is_followed_up_from_what_happens_next(database: Database) -> None:
    has_managers(database)
    with database.write() as connection:
        connection.execute(update(problems).values(following=None, owed_since=None))
    later = nine(60) + timedelta(hours=1)
    Problems(database).assign("P-1", "sam", "lee", later)
    assert [one.problem for one in Problems(database).owed(10)] == ["P-1"]
    assert told(database, later + timedelta(minutes=1)) == ["sam given"]


@pytest.mark.usefixtures("lessons")
def test_one_from_before_there_were_reminders_has_its_weeks_whatever_happens_first(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(problems).values(following=None, owed_since=None))
    Problems(database).work_around("P-1", "restart it", nine(3))
    first = looks(database, nine(3))
    assert (first.messages, first.next_at) == ((), nine(7))
    assert told(database, nine(7)) == ["lee week"]


@pytest.mark.usefixtures("lessons")
def test_a_try_that_was_held_up_until_another_look_was_over_neither_doubles_nor_swallows(database: Database) -> None:
    early, late = nine(7) - timedelta(minutes=10), nine(7) + timedelta(minutes=30)
    assert [told(database, when) for when in (early, nine(7))] == [[], ["lee week"]]
    assert looks(database, early) == ProblemNews(next_at=nine(14))
    assert told(database, late) == []
    Problems(database).assign("P-1", "sam", "lee", late)
    assert told(database, early) == []
    assert told(database, late + timedelta(minutes=1)) == ["sam given"]


def test_who_hears_late_that_it_opened_is_not_told_at_once_that_it_is_not_resolved(database: Database) -> None:
    store = lessons_of(database)
    late = nine(10) + timedelta(hours=3)
    for number in (1, 2):
        store.record_recurrence(closes(database, number, number), late)
    first = looks(database, late + timedelta(seconds=1))
    assert (first.messages, first.next_at) == ((), nine(14))


@pytest.mark.usefixtures("lessons")
def test_who_has_it_back_before_the_next_look_is_given_nothing(database: Database) -> None:
    store = Problems(database)
    store.assign("P-1", "sam", "lee", at(4))
    store.assign("P-1", "lee", "sam", at(5))
    assert told(database, at(6)) == []
    for to, by, minutes in (("sam", "lee", 7), ("lee", "sam", 9), ("sam", "lee", 11)):
        store.assign("P-1", to, by, at(minutes))
        assert told(database, at(minutes + 1)) == [f"{to} given"]


def claim(database: Database, message: Message) -> object:
    return Outbound(database).claim(message.key, "lee@support.example", None, "text", nine(8), None)


@pytest.mark.usefixtures("lessons")
def test_who_has_it_back_is_told_where_the_first_message_did_not_go_out(database: Database) -> None:
    store = Problems(database)
    store.assign("P-1", "sam", "lee", at(4))
    [message] = looks(database, at(5)).messages
    store.assign("P-1", "lee", "lee", at(6))
    assert claim(database, message) == Refused("problem moved")
    store.assign("P-1", "sam", "lee", at(7))
    assert told(database, at(8)) == ["sam given"]


@pytest.mark.parametrize("kind", ["problem_opened", "problem_reminder"])
@pytest.mark.parametrize("release", ["this", "earlier"])
@pytest.mark.parametrize(("happens", "why"), [("resolved", "problem resolved"), ("moved", "problem moved")])
def test_what_is_under_way_is_held_back_by_what_it_says_or_by_the_problem_alone(
    database: Database, kind: str, release: str, happens: str, why: str
) -> None:
    store, followed = lessons_of(database), Problems(database)
    [opened] = [one for number in (1, 2) if (one := store.record_recurrence(closes(database, number, number), NOW))]
    message = opened if kind == "problem_opened" else looks(database, nine(7)).messages[0]
    if release == "earlier":  # did not write down whose it was
        said = message.model_copy(update={"facts": {"problem": "P-1"}}).model_dump(mode="json")
        with database.write() as connection:
            connection.execute(update(messages).where(messages.c.key == message.key).values(document=said))
    followed.assign("P-1", "sam", "lee", nine(8))
    if happens == "resolved":
        followed.resolve("P-1", "sam", "renews itself", nine(8))
    held = (release, happens) != ("earlier", "moved")
    assert claim(database, message) == (Refused(why) if held else Granted(1, "queued"))


@pytest.mark.parametrize("happens", ["nothing", "moved"])
@pytest.mark.usefixtures("lessons")
def test_a_reminder_under_way_outlives_the_forgetting_of_the_customer_whose_case_it_is_of(
    database: Database, happens: str
) -> None:
    [message] = looks(database, nine(7)).messages
    Privacy(database).forget("acme", "mark", new_pseudonym(), nine(7))
    if happens == "moved":
        Problems(database).assign("P-1", "sam", "lee", nine(8))
    kept = Outbound(database).load(message.key).message
    assert kept.facts == message.facts
    assert claim(database, message) == (Granted(1, "queued") if happens == "nothing" else Refused("problem moved"))


@pytest.mark.usefixtures("lessons")
def test_the_title_of_a_problem_is_in_the_timeline_and_in_no_message_that_a_run_carries(database: Database) -> None:
    [message] = looks(database, nine(7)).messages
    title = Problems(database).find("P-1").title
    unsent = Unsent(
        escalation="zendesk-2",
        episode=1,
        message=message.model_copy(update={"fallbacks": ()}),
        result=SendResult(key=message.key, status="failed", at=nine(7)),
    )
    instead = Afterwards(database).record_unsent(unsent, NOW)
    assert instead is not None
    assert title not in message.model_dump_json() + instead.model_dump_json()
    lines = [line for line in Escalations(database).timeline("zendesk-2", 1) if line.kind == "told"]
    assert [(line.data["person"], line.data["words"]) for line in lines] == [
        ("lee", title),
        ("lee", title),
        (instead.person, title),
    ]


@pytest.mark.usefixtures("lessons")
def test_whose_cases_were_all_taken_out_is_told_with_the_last_one_of_its_cause(database: Database) -> None:
    store = Problems(database)
    for number in (1, 2):
        store.unlink("P-1", f"zendesk-{number}")
    found = looks(database, nine(7))
    assert found.place is not None
    assert (found.place.escalation, [one.person for one in found.messages]) == ("zendesk-2", ["lee"])


def test_what_is_not_there_has_no_news(database: Database) -> None:
    with pytest.raises(NotFound):
        looks(database, NOW)


def test_the_one_before_it_is_the_last_resolved_of_the_same_cause(database: Database, lessons: Lessons) -> None:
    CauseTree(database).save(load_causes(TREE), "api", None, NOW)
    store = Problems(database)
    store.resolve("P-1", "lee", "renews itself", at(10))
    for number, product in ((3, "checkout"), (4, "checkout"), (5, "login"), (6, "login")):
        lessons.record_recurrence(closes(database, number, 10 + number, product=product), NOW)
    again, other = store.find("P-2"), store.find("P-3")
    assert (again.product, other.product) == ("checkout", "login")
    before = store.before(again)
    assert before is not None
    assert (before.id, before.resolution) == ("P-1", "renews itself")
    assert (store.before(before), store.before(other)) == (None, None)
    with database.write() as connection:
        beside = open_problem(connection, "Certificate expired: login", "tls", "login", "lee", at(30))
    assert store.before(beside) is None, "an open one is none that it came back after"
