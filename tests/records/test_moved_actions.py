"""An action that was moved stays moved, whatever is written of its case, until a later root cause; its new owner hears once."""

from datetime import UTC, date, datetime
from threading import Thread
from typing import Any

import pytest

from domain.actions import ActionsPlan, KeptAction, Look, Reminders
from domain.errors import NotFound
from domain.messages import Message
from domain.roster import Roster
from domain.said_before import unsaid
from records.actions import Actions
from records.database import Database
from records.lessons import Lessons
from records.outbound import Granted, Outbound, Refused
from tests.records.conftest import Open
from tests.records.samples import NOW, at, text
from tests.records.taught import DUE, PEOPLE, action, cause, explained, lessons_of

ID = "zendesk-1.1.1"
DAY = date(2026, 3, 19)
ROSTER = Roster.model_validate(PEOPLE)
PLAN = ActionsPlan(escalation="zendesk-1", episode=1, entry=1, priority="high", recorded_at=NOW)


@pytest.fixture
def lessons(database: Database) -> Lessons:
    """Sam, in Auckland, has promised something for Tuesday, 10 March; today is the Friday before."""
    taught = lessons_of(database)
    explained(database, cause(action()), status="resolved")
    return taught


def move(
    database: Database, owner: str | None = None, due_on: date | None = None, now: datetime = NOW, by: str = "dana"
) -> KeptAction:
    return Actions(database).move(ID, owner, due_on, by, "on leave", now, ROSTER)


def stands(database: Database) -> tuple[str, date]:
    [found] = Actions(database).of_case("zendesk-1", 1)
    return found.owner, found.due_on


def look(lessons: Lessons, minutes: float) -> Reminders:
    return lessons.record_reminders(Look(plan=PLAN, after=at(minutes - 1), at=at(minutes)), NOW)


def keys(found: Reminders) -> list[str]:
    return [one.key.removeprefix("zendesk-1.1/1/action_due/") for one in found.messages]


@pytest.mark.usefixtures("lessons")
def test_what_is_written_of_the_case_leaves_it_moved_and_a_later_root_cause_does_not(database: Database) -> None:
    assert move(database, "lee", DAY).moved is not None
    explained(database, cause(action()), version=2, status="closed")
    assert stands(database) == ("lee", DAY)
    explained(database, cause(action(), at=text(at(8)), category="disk"), version=3, status="resolved")
    assert stands(database) == ("lee", DAY), "it was the category alone that was corrected"
    explained(database, cause(action(due_on=date(2026, 3, 11)), at=text(at(9))), version=4, status="resolved")
    assert stands(database) == ("sam", date(2026, 3, 11))


def test_what_is_done_while_a_look_is_under_way_stays_done(
    database: Database, lessons: Lessons, open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look has read the action as it was, and writes down that its new owner has heard of it."""
    move(database, "lee", now=at(1))
    elsewhere = Actions(open_database())
    done = Thread(target=lambda: elsewhere.end(ID, "done", "lee", None, at(2)))

    def meanwhile(*given: Any) -> list[Message]:
        done.start()
        done.join(timeout=0.5)  # it waits for the look; where it does not, it is over at once
        return unsaid(*given)

    monkeypatch.setattr("records.lessons.unsaid", meanwhile)
    look(lessons, 3)
    done.join()
    [found] = Actions(database).of_case("zendesk-1", 1)
    assert (found.state, found.done_by) == ("done", "lee")


@pytest.mark.usefixtures("lessons")
def test_a_later_root_cause_that_never_happened_leaves_it_moved(database: Database) -> None:
    move(database, "lee", DAY)
    times: list[dict[str, Any]] = [{"as_of": at(1), "after": NOW}, {"as_of": at(3), "after": at(1)}]
    explained(database, cause(action()), version=2, status="resolved", **times[0])
    never: dict[str, Any] = {"as_of": at(2), "after": at(1)}
    explained(database, cause(action(owner="lee"), at=text(at(2))), version=3, status="resolved", **never)
    assert stands(database) == ("lee", DUE)
    explained(database, cause(action()), version=3, status="resolved", **times[1])
    assert stands(database) == ("lee", DAY)


@pytest.mark.usefixtures("lessons")
def test_what_changes_nothing_is_not_written_down_and_nobody_is_told_of_it(database: Database) -> None:
    assert move(database, "sam", DUE).moved is None
    assert Actions(database).owed(9) == []


@pytest.mark.usefixtures("lessons")
def test_a_move_is_owed_to_the_run_of_its_root_cause_until_it_is_handed_over(database: Database) -> None:
    store = Actions(database)
    move(database, "lee")
    [owed] = store.owed(9)
    assert (owed.action, owed.escalation, owed.episode, owed.cause_at) == (ID, "zendesk-1", 1, text(NOW))
    move(database, due_on=DAY, now=at(1))
    store.handed_over(owed)
    [newer] = store.owed(9)
    assert newer.since == at(1), "one that came meanwhile is owed still"
    store.handed_over(newer)
    assert store.owed(9) == []


def test_a_new_owner_is_told_by_the_next_look_and_by_no_other(database: Database, lessons: Lessons) -> None:
    move(database, "lee")
    told = look(lessons, 5)
    assert keys(told) == ["1.20260306/lee/email"]
    assert look(lessons, 5) == told, "its activity runs again"
    assert keys(look(lessons, 6)) == []
    assert keys(look(lessons, 24 * 60)) == [], "nor on the next day"
    assert told.next_at == datetime(2026, 3, 9, 9, tzinfo=UTC)


def test_what_was_handed_to_and_fro_on_one_day_is_said_once(database: Database, lessons: Lessons) -> None:
    said = []
    for minutes, owner in enumerate(("lee", "sam", "lee"), 1):
        move(database, owner, now=at(minutes))
        said += keys(look(lessons, minutes))
    assert said == ["1.20260306/lee/email", "1.20260307/sam/email"]  # where Sam lives it is Saturday


@pytest.mark.parametrize("change", [{"owner": "lee"}, {"due_on": DAY}], ids=["owner", "day"])
def test_a_reminder_under_way_goes_out_only_while_owner_and_day_are_as_it_says(
    database: Database, lessons: Lessons, change: dict[str, Any]
) -> None:
    first, second = (
        one
        for days in (2, 3)
        for one in lessons.record_reminders(Look(plan=PLAN, after=NOW, at=at(days * 24 * 60 + 240)), NOW).messages
    )
    store = Outbound(database)
    move(database, **change)
    assert store.claim(first.key, "sam@support.example", "s", "t", NOW) == Refused("action moved")
    move(database, "sam", DUE)
    assert isinstance(store.claim(second.key, "sam@support.example", "s", "t", NOW), Granted), "as it says once more"


def claim(database: Database, found: Reminders) -> object:
    [message] = found.messages
    return Outbound(database).claim(message.key, "lee@support.example", "s", "t", NOW)


def test_a_new_owner_whose_day_moves_while_the_message_is_under_way_is_told_with_the_new_day(
    database: Database, lessons: Lessons
) -> None:
    move(database, "lee")
    overtaken = look(lessons, 5)
    move(database, due_on=DAY, now=at(6))
    told = look(lessons, 7)
    assert [(one.facts["given"], one.facts["due_on"]) for one in told.messages] == [("yes", DAY.isoformat())]
    assert claim(database, overtaken) == Refused("action moved")
    assert isinstance(claim(database, told), Granted)
    move(database, due_on=date(2026, 4, 30), now=at(8))
    assert keys(look(lessons, 9)) == [], "they know by now that it is theirs"


def test_who_has_it_again_on_the_same_day_is_told_where_the_first_message_did_not_go_out(
    database: Database, lessons: Lessons
) -> None:
    move(database, "lee")
    overtaken = look(lessons, 5)
    move(database, "sam", now=at(6))
    look(lessons, 7)
    assert claim(database, overtaken) == Refused("action moved")
    move(database, "lee", now=at(9))
    again = look(lessons, 10)
    assert keys(again) == ["1.202603061/lee/email"]
    assert isinstance(claim(database, again), Granted)
    assert look(lessons, 10) == again, "its activity runs again"


def test_a_try_that_was_held_up_until_its_look_was_over_takes_no_move_from_the_next_look(
    database: Database, lessons: Lessons
) -> None:
    look(lessons, 5)
    move(database, "lee", now=at(6))
    assert keys(look(lessons, 5)) == []
    assert keys(look(lessons, 7)) == ["1.20260306/lee/email"]


@pytest.mark.usefixtures("lessons")
def test_an_action_that_is_not_there_is_moved_by_nobody(database: Database) -> None:
    with pytest.raises(NotFound) as refused:
        Actions(database).move("zendesk-1.1.9", "lee", None, "dana", None, NOW, ROSTER)
    assert refused.value.code == "action_not_found"
