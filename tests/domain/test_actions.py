"""Actions of a root cause: kept by their text, ended once, and their owners reminded at nine on their own clock."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.actions import (
    KeptAction,
    LessonsPlan,
    Look,
    actions_plan,
    due_round,
    ended,
    instead_of,
    is_over,
    kept,
    latest_round,
    lessons_plan,
    next_reminder,
    reminder_at,
    reminders,
    responsible,
)
from domain.commands import Action
from domain.errors import NotAllowed
from domain.messages import Message
from domain.policy_file import check_policy
from domain.roster import Absence, Person, Roster
from domain.state import RULES_VERSION, Escalation
from domain.view import document
from tests.domain.small import SMALL
from tests.domain.story import Story

TUESDAY, MONDAY = date(2026, 3, 10), date(2026, 3, 9)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORDED = "2026-03-01T12:00:00Z"
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
    return kept("zendesk-1", 1, [], [said(text) for text in texts], RECORDED)


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
    assert kept("zendesk-1", 1, found, [said("a"), said("b")], RECORDED) == found


def test_a_later_cause_drops_what_it_no_longer_says_and_numbers_what_is_new_behind_it() -> None:
    found = kept("zendesk-1", 1, first("a", "b"), [said("b"), said("c")], RECORDED)
    assert states(found) == [(1, "a", "dropped"), (2, "b", "open"), (3, "c", "open")]


def test_a_later_cause_may_give_an_action_another_owner_and_day() -> None:
    [found] = kept("zendesk-1", 1, first("a"), [said("a", owner="lee", due_on=MONDAY)], RECORDED)
    assert (found.number, found.owner, found.due_on) == (1, "lee", MONDAY)


def test_what_is_done_stays_done_whatever_a_later_cause_says() -> None:
    done = ended(first("a")[0], "done", "sam", "it works", NOON)
    assert kept("zendesk-1", 1, [done], [said("a")], RECORDED) == [done]
    assert kept("zendesk-1", 1, [done], [], RECORDED) == [done]


def test_what_went_with_a_cause_comes_back_with_it_but_not_what_somebody_dropped() -> None:
    gone = kept("zendesk-1", 1, first("a"), [], RECORDED)
    assert states(kept("zendesk-1", 1, gone, [said("a")], RECORDED)) == [(1, "a", "open")]
    dropped = ended(first("a")[0], "dropped", "sam", None, NOON)
    assert kept("zendesk-1", 1, [dropped], [said("a")], RECORDED) == [dropped]


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
    assert message.key == "zendesk-1.1/2/action_due/1.20260310/sam/email"
    assert message.facts == {
        "action": "zendesk-1.1.1",
        "text": "a",
        "due_on": "2026-03-10",
        "by": "sam",
        "owner": "sam",
    }
    assert message.fallbacks == ("sms",)


def test_what_is_near_or_past_when_it_is_promised_is_said_at_once() -> None:
    """The first look of a root cause's run: nobody has looked before."""
    for day, round in ((date(2026, 3, 12), None), (date(2026, 3, 11), 0), (TUESDAY, 1), (date(2026, 2, 20), 3)):
        [action] = kept("zendesk-1", 1, [], [said(due_on=day)], RECORDED)
        assert due_round(action, BERLIN, None, local(TUESDAY, 10)) == round


def test_an_action_that_gets_another_day_is_reminded_of_under_another_key() -> None:
    [early] = first("a")
    [late] = kept("zendesk-1", 1, [early], [said("a", due_on=date(2026, 3, 12))], RECORDED)
    keys = set()
    for action in (early, late):
        at = reminder_at(action.due_on, 0, BERLIN)
        [message] = reminders(action, Look(plan=PLAN, after=None, at=at), "sam", PEOPLE)
        keys.add(message.key)
    assert keys == {f"zendesk-1.1/2/action_due/1.{day}/sam/email" for day in (20260309, 20260311)}


def explained(rules_version: int = RULES_VERSION, *actions: Action) -> Escalation:
    """Dana has solved a case and explained it; it is not closed."""
    story = Story()
    story.state = story.state.model_copy(update={"rules_version": rules_version})
    story.dana.resolves()
    story.never_mind()
    said = [one.model_dump(mode="json") for one in actions]
    story.dana.does("root-cause", category="disk", description="it was full", origin="ours", actions=said)
    return story.state


def test_actions_are_followed_up_from_when_they_are_recorded_on() -> None:
    state = explained(RULES_VERSION, said())
    plan = actions_plan(state)
    assert state.root_cause is not None
    assert plan is not None
    assert (plan.escalation, plan.recorded_at, plan.looked_at) == ("zendesk-4711", state.root_cause.at, None)


def test_a_cause_without_actions_and_a_case_of_earlier_rules_have_nothing_to_follow_up_before_closing() -> None:
    assert actions_plan(explained()) is None
    assert actions_plan(explained(5, said())) is None


def test_actions_of_a_case_of_earlier_rules_are_followed_up_by_the_run_that_counts_its_cause() -> None:
    for version, reminds in ((5, True), (RULES_VERSION, False)):
        state = explained(version, said())
        closed = state.model_copy(update={"status": "closed", "closed_at": state.at})
        plan = lessons_plan(closed)
        assert plan is not None
        assert plan.reminds is reminds


def test_a_plan_of_an_earlier_release_reminds() -> None:
    before = {name: value for name, value in PLAN.model_dump(mode="json").items() if name != "reminds"}
    assert (
        Look.model_validate_json(json.dumps({"plan": before, "after": None, "at": "2026-03-01T12:00:00Z"})).plan == PLAN
    )


@pytest.mark.parametrize(
    ("changes", "over"),
    [({}, False), ({"status": "closed"}, False), ({"status": "cancelled"}, True), ({"root_cause": None}, True)],
)
def test_a_run_ends_with_its_cause_or_when_its_case_is_withdrawn(changes: dict[str, Any], over: bool) -> None:
    state = explained(RULES_VERSION, said())
    plan = actions_plan(state)
    assert plan is not None
    assert is_over(plan, {**document(state), **changes}) is over
    assert is_over(plan.model_copy(update={"recorded_at": NOON}), document(state)), "a later cause has a run of its own"


def failing(person: str, step: int = 1, by: str = "sam") -> Message:
    [message] = reminders(first("a")[0], Look(plan=PLAN, after=None, at=local(TUESDAY)), "sam", PEOPLE)
    return message.model_copy(update={"person": person, "step": step, "facts": {**message.facts, "by": by}})


@pytest.mark.parametrize(
    ("message", "instead"),
    [
        (failing("sam"), "lee"),
        (failing("lee", by="lee"), "ops-manager"),
        (failing("lee", -1), "ops-manager"),
        (failing("ops-manager", -1), None),
        (failing("alex"), None),
        (failing("sam").model_copy(update={"kind": "step"}), None),
    ],
    ids=["owner", "the lead is the owner", "lead", "last resort", "a manager", "something else"],
)
def test_what_reaches_no_owner_reaches_the_lead_and_at_last_the_owner_of_last_resort(
    message: Message, instead: str | None
) -> None:
    assert instead_of(message, PEOPLE, "support", check_policy(SMALL), NOON) == instead


def test_what_reaches_no_owner_reaches_who_stands_in_while_the_lead_and_the_last_resort_are_away() -> None:
    hana, ops = Person(id="hana", name="Hana"), Person(id="ops-manager", name="Ops")
    times = {"from_": NOON, "to": NOON + timedelta(days=1)}
    away = (Absence(person="lee", delegate="alex", **times), Absence(person="ops-manager", delegate="hana", **times))
    people = PEOPLE.model_copy(update={"people": (*PEOPLE.people, hana, ops), "absences": away})

    def instead(message: Message, at: datetime = NOON) -> str | None:
        return instead_of(message, people, "support", check_policy(SMALL), at)

    assert [instead(failing("sam")), instead(failing("alex", -1)), instead(failing("hana", -1))] == [
        "alex",
        "hana",
        None,
    ]
    assert instead(failing("sam"), NOON + timedelta(days=1)) == "lee"


def test_the_action_of_somebody_who_has_left_is_the_leads() -> None:
    assert responsible("sam", PEOPLE, "support", None, NOON) == "sam"
    assert responsible("gone", PEOPLE, "support", None, NOON) == "lee"
    assert responsible("gone", PEOPLE, "nobody's", None, NOON) == "gone"


def test_an_action_is_overdue_once_its_day_is_over_at_the_owners_place() -> None:
    [action] = first("a")
    midnight = datetime(2026, 3, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    assert not action.overdue(midnight - timedelta(seconds=1), PEOPLE)
    assert action.overdue(midnight, PEOPLE)
    assert not ended(action, "done", "sam", None, NOON).overdue(midnight, PEOPLE)
