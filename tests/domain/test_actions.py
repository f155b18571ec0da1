"""Actions of a root cause: kept by their text, ended once, and their owners reminded at nine on their own clock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.actions import (
    KeptAction,
    LessonsPlan,
    Look,
    due_round,
    ended,
    kept,
    latest_round,
    next_reminder,
    reminder_at,
    reminders,
    responsible,
)
from domain.commands import Action
from domain.errors import NotAllowed
from domain.roster import Person, Roster

TUESDAY, MONDAY = date(2026, 3, 10), date(2026, 3, 9)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = Person(id="sam", name="Sam", timezone="Europe/Berlin")
PEOPLE = Roster.model_validate(
    {
        "people": [
            {"id": "sam", "name": "Sam", "timezone": "Europe/Berlin", "manager": "alex"},
            {"id": "alex", "name": "Alex"},
            {"id": "lee", "name": "Lee"},
        ],
        "teams": [{"id": "support", "lead": "lee", "members": ["sam"]}],
    }
)
PLAN = LessonsPlan(escalation="zendesk-1", episode=1, entry=2, priority="high", closed_at=NOON)


def said(text: str = "alert", owner: str = "sam", due_on: date = TUESDAY) -> Action:
    return Action(text=text, kind="preventive", owner=owner, due_on=due_on)


def first(*texts: str) -> list[KeptAction]:
    return kept("zendesk-1", 1, [], [said(text) for text in texts])


def states(found: list[KeptAction]) -> list[tuple[int, str, str]]:
    return [(one.number, one.text, one.state) for one in found]


def local(day: date, hour: int = 9, zone: str = "Europe/Berlin") -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone))


# what is kept


def test_the_actions_of_a_first_cause_are_numbered_in_their_order() -> None:
    found = first("a", "b")
    assert [one.id for one in found] == ["zendesk-1.1.1", "zendesk-1.1.2"]
    assert states(found) == [(1, "a", "open"), (2, "b", "open")]


def test_the_same_cause_again_changes_nothing() -> None:
    found = first("a", "b")
    assert kept("zendesk-1", 1, found, [said("a"), said("b")]) == found


def test_a_later_cause_drops_what_it_no_longer_says_and_numbers_what_is_new_behind_it() -> None:
    found = kept("zendesk-1", 1, first("a", "b"), [said("b"), said("c")])
    assert states(found) == [(1, "a", "dropped"), (2, "b", "open"), (3, "c", "open")]


def test_a_later_cause_may_give_an_action_another_owner_and_day() -> None:
    [found] = kept("zendesk-1", 1, first("a"), [said("a", owner="lee", due_on=MONDAY)])
    assert (found.number, found.owner, found.due_on) == (1, "lee", MONDAY)


def test_what_is_done_stays_done_whatever_a_later_cause_says() -> None:
    done = ended(first("a")[0], "done", "sam", "it works", NOON)
    assert kept("zendesk-1", 1, [done], [said("a")]) == [done]
    assert kept("zendesk-1", 1, [done], []) == [done]


def test_what_went_with_a_cause_comes_back_with_it_but_not_what_somebody_dropped() -> None:
    gone = kept("zendesk-1", 1, first("a"), [])
    assert states(kept("zendesk-1", 1, gone, [said("a")])) == [(1, "a", "open")]
    dropped = ended(first("a")[0], "dropped", "sam", None, NOON)
    assert kept("zendesk-1", 1, [dropped], [said("a")]) == [dropped]


def test_an_action_ends_once_and_ended_the_other_way_is_refused() -> None:
    done = ended(first("a")[0], "done", "sam", "it works", NOON)
    assert (done.state, done.done_by, done.note, done.done_at) == ("done", "sam", "it works", NOON)
    assert ended(done, "done", "lee", None, NOON + timedelta(days=1)) == done
    with pytest.raises(NotAllowed) as refused:
        ended(done, "dropped", "lee", None, NOON)
    assert refused.value.code == "action_done"


# when its owner is reminded


def test_reminders_come_at_nine_on_the_owners_clock_before_on_the_day_and_every_week() -> None:
    times = [reminder_at(TUESDAY, round, BERLIN) for round in range(4)]
    assert times == [local(MONDAY), local(TUESDAY), local(date(2026, 3, 17)), local(date(2026, 3, 24))]


def test_the_first_reminder_comes_on_a_working_day() -> None:
    assert reminder_at(MONDAY, 0, BERLIN) == local(date(2026, 3, 6))  # Friday
    works: Any = {"id": "kim", "name": "Kim", "timezone": "Europe/Berlin", "working_hours": {"wed": ["09:00-17:00"]}}
    assert reminder_at(MONDAY, 0, Person.model_validate(works)) == local(date(2026, 3, 4))


def test_a_clock_change_moves_no_reminder_off_nine_o_clock() -> None:
    before_it = date(2026, 3, 25)  # the clocks go forward on the 29th
    assert reminder_at(before_it, 2, BERLIN) == local(date(2026, 4, 1))
    at_nine = local(date(2026, 4, 1)).astimezone(UTC)
    assert latest_round(before_it, BERLIN, at_nine - timedelta(seconds=1)) == 1
    assert latest_round(before_it, BERLIN, at_nine) == 2
    autumn = date(2026, 10, 21)
    assert latest_round(autumn, BERLIN, local(date(2026, 10, 28)) - timedelta(seconds=1)) == 1
    assert latest_round(autumn, BERLIN, local(date(2026, 10, 28))) == 2


def test_of_several_reminders_missed_in_an_outage_only_the_last_is_sent() -> None:
    [action] = first("a")
    at = local(date(2026, 4, 1))
    assert due_round(action, BERLIN, local(date(2026, 3, 2)), at) == 4
    assert due_round(action, BERLIN, at, at + timedelta(hours=1)) is None
    assert due_round(action, BERLIN, NOON, NOON + timedelta(days=1)) is None
    assert next_reminder(action, BERLIN, NOON) == local(MONDAY)
    assert next_reminder(action, BERLIN, at) == local(date(2026, 4, 7))


@pytest.mark.parametrize("due_on", [date.min, date.max])
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu"])
def test_a_day_at_the_end_of_the_calendar_stops_nobody(due_on: date, zone: str) -> None:
    person = Person(id="kim", name="Kim", timezone=zone)
    following = next_reminder(first("a")[0].model_copy(update={"due_on": due_on}), person, NOON)
    assert NOON < following < datetime(2201, 1, 1, tzinfo=UTC)


def test_every_instant_has_the_reminder_that_came_last_and_the_next_is_after_it() -> None:
    [action] = first("a")
    for hours in range(0, 24 * 60, 5):
        at = NOON + timedelta(hours=hours)
        latest = latest_round(TUESDAY, BERLIN, at)
        assert next_reminder(action, BERLIN, at) > at
        assert latest is None or reminder_at(TUESDAY, latest, BERLIN) <= at


def reminded(round: int, owner: str = "sam") -> list[str | None]:
    at = reminder_at(TUESDAY, round, PEOPLE.person(owner))
    look = Look(plan=PLAN, after=at - timedelta(hours=1), at=at)
    return [one.person for one in reminders(first("a")[0], look, owner, PEOPLE)]


def test_the_manager_hears_only_when_two_overdue_reminders_were_in_vain() -> None:
    assert [reminded(round) for round in range(6)] == [*[["sam"]] * 4, *[["sam", "alex"]] * 2]
    assert reminded(4, "lee") == ["lee"]  # who has no manager


def test_a_reminder_says_what_when_and_whose_it_is() -> None:
    look = Look(plan=PLAN, after=NOON, at=local(TUESDAY))
    [message] = reminders(first("a")[0], look, "sam", PEOPLE)
    assert message.key == "zendesk-1.1/2/action_due/1.1/sam/email"
    assert message.facts == {"action": "zendesk-1.1.1", "text": "a", "due_on": "2026-03-10", "by": "sam"}
    assert message.fallbacks == ("sms",)


def test_the_action_of_somebody_who_has_left_is_the_leads() -> None:
    assert responsible("sam", PEOPLE, "support", None) == "sam"
    assert responsible("gone", PEOPLE, "support", None) == "lee"
    assert responsible("gone", PEOPLE, "nobody's", None) == "gone"


def test_an_action_is_overdue_once_its_day_is_over_at_the_owners_place() -> None:
    [action] = first("a")
    midnight = datetime(2026, 3, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    assert not action.overdue(midnight - timedelta(seconds=1), PEOPLE)
    assert action.overdue(midnight, PEOPLE)
    assert not ended(action, "done", "sam", None, NOON).overdue(midnight, PEOPLE)
