"""An action gets another day or another owner: who may have it, until when the move counts, and who hears of it when."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.actions import KeptAction, Look, ended, heard, kept, moved, reminders, told
from domain.errors import Invalid, NotAllowed
from tests.domain.test_actions import NOON, PEOPLE, PLAN, RECORDED, TUESDAY, first, local, said

LATER = "2026-03-02T12:00:00Z"  # another root cause
DAY = date(2026, 3, 19)  # another day


def moves(
    action: KeptAction, owner: str | None = None, due_on: date | None = None, by: str = "dana", cause_at: str = RECORDED
) -> KeptAction:
    """As the store keeps it, with the root cause it was said under."""
    found = moved(action, owner, due_on, by, "on leave", NOON, PEOPLE)
    assert found.moved is not None
    return found.model_copy(update={"moved": found.moved.model_copy(update={"cause_at": cause_at})})


def test_an_open_action_gets_another_day_another_owner_or_both_with_who_said_so() -> None:
    [action] = first("a")
    later, handed, both = moves(action, due_on=DAY), moves(action, "lee"), moves(action, "lee", DAY)
    assert [(one.owner, one.due_on) for one in (later, handed, both)] == [("sam", DAY), ("lee", TUESDAY), ("lee", DAY)]
    assert [one.move and one.move.given for one in (later, handed, both)] == [False, True, True]
    assert both.move is not None
    assert (both.move.by, both.move.at, both.move.note) == ("dana", NOON, "on leave")


def test_the_owner_and_the_day_it_has_are_no_move() -> None:
    [action] = first("a")
    for owner, due_on in ((None, None), ("sam", None), (None, TUESDAY), ("sam", TUESDAY)):
        assert moved(action, owner, due_on, "dana", "again", NOON, PEOPLE) == action


def test_a_day_may_be_past() -> None:
    assert moves(first("a")[0], due_on=date(2026, 2, 1)).due_on == date(2026, 2, 1)


@pytest.mark.parametrize("state", ["done", "dropped"])
def test_what_is_done_or_dropped_is_moved_no_more(state: Any) -> None:
    over = ended(first("a")[0], state, "sam", None, NOON)
    for owner, due_on in (("lee", None), (None, DAY), ("sam", TUESDAY)):
        with pytest.raises(NotAllowed) as refused:
            moved(over, owner, due_on, "dana", None, NOON, PEOPLE)
        assert refused.value.code == f"action_{state}"


def test_nobody_from_outside_the_roster_is_given_an_action_but_who_has_it_may_keep_it() -> None:
    with pytest.raises(Invalid, match="'gone'; give it to somebody of `tierline roster show`") as refused:
        moves(first("a")[0], "gone")
    assert (refused.value.code, refused.value.field) == ("unknown_person", "owner")
    [theirs] = kept("zendesk-1", 1, [], [said("a", owner="gone")], RECORDED)
    assert moves(theirs, "gone", DAY).owner == "gone"


def test_the_same_cause_written_again_leaves_a_move_and_a_later_one_takes_its_place() -> None:
    after = moves(first("a")[0], "lee", DAY)
    assert kept("zendesk-1", 1, [after], [said("a")], RECORDED) == [after]
    for other in (said("a", owner="alex"), said("a", due_on=date(2026, 3, 11))):
        [later] = kept("zendesk-1", 1, [after], [other], LATER)
        assert (later.owner, later.due_on, later.move, later.news) == (other.owner, other.due_on, None, None)
        assert kept("zendesk-1", 1, [later], [said("a")], RECORDED) == [after], "the later one was taken back"
        [again] = kept("zendesk-1", 1, [later], [said("a")], "2026-03-03T12:00:00Z")
        assert (again.owner, again.due_on) == ("sam", TUESDAY), "said once more, after something else"


def test_a_later_cause_that_repeats_what_the_one_before_said_leaves_a_move() -> None:
    """As one does that corrects the category: the form sends the actions as they were recorded."""
    twice = moves(moves(first("a")[0], "lee"), due_on=DAY)
    [corrected] = kept("zendesk-1", 1, [twice], [said("a")], LATER)
    assert (corrected.owner, corrected.due_on) == ("lee", DAY)
    [other] = kept("zendesk-1", 1, [corrected], [said("a", owner="alex")], "2026-03-03T12:00:00Z")
    assert (other.owner, other.due_on) == ("alex", TUESDAY)
    assert kept("zendesk-1", 1, [other], [said("a")], LATER) == [corrected], "that one was taken back"


def looked(action: KeptAction, at: datetime, after: datetime | None = None) -> list[str]:
    """Who is told at a look, and by which key; the look before was just before."""
    look = Look(plan=PLAN, after=after or at - timedelta(minutes=1), at=at)
    return [one.key.removeprefix("zendesk-1.1/2/action_due/") for one in reminders(action, look, action.owner, PEOPLE)]


def test_a_new_owner_is_told_once_and_then_reminded_like_any_other() -> None:
    handed = moves(first("a")[0], "lee")  # lives by UTC
    assert looked(handed, NOON) == ["1.20260301/lee/email"]
    assert looked(heard(handed), NOON) == []
    assert looked(heard(handed), datetime(2026, 3, 10, 9, tzinfo=UTC)) == ["1.20260310/lee/email"]


def test_who_takes_an_action_is_not_told_of_it() -> None:
    assert looked(moves(first("a")[0], "lee", by="lee"), NOON) == []


def test_who_takes_an_action_hears_what_fell_due_since_however_late_the_next_look_comes() -> None:
    taken = moves(first("a")[0], "lee", by="lee")
    day_before = datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert looked(taken, day_before + timedelta(hours=1), after=NOON - timedelta(days=1)) == ["1.20260309/lee/email"]
    late = moves(first("a")[0], "lee", due_on=date(2026, 2, 27), by="lee")  # by then two reminders of it have come
    assert looked(late, NOON + timedelta(hours=1), after=NOON - timedelta(days=5)) == []


def test_a_new_owner_who_was_not_told_yet_is_told_though_the_day_moved_since() -> None:
    twice = moves(moves(first("a")[0], "lee"), due_on=DAY)
    assert looked(twice, NOON) == ["1.20260301/lee/email"]
    once_heard = moves(heard(moves(first("a")[0], "lee")), due_on=DAY)
    assert looked(once_heard, NOON) == []


def test_that_it_is_theirs_now_is_said_as_that_and_not_as_a_reminder() -> None:
    handed = moves(first("a")[0], "lee")
    [message] = reminders(handed, Look(plan=PLAN, after=NOON, at=NOON), "lee", PEOPLE)
    assert message.purpose == "action 1 is theirs now, due on 2026-03-10"
    assert told(7, message, "a").data["given"] == "yes"
    [reminder] = reminders(heard(handed), Look(plan=PLAN, after=NOON, at=local(TUESDAY, 12)), "lee", PEOPLE)
    assert (reminder.purpose, "given" in told(8, reminder, "a").data) == ("action 1 due on 2026-03-10", False)


def test_a_day_that_moved_near_or_past_is_said_at_once_and_one_far_away_at_its_time() -> None:
    """It is Tuesday, ten o'clock where Sam lives, and somebody looked at five to ten."""
    ten = local(TUESDAY, 10)
    near = {
        date(2026, 3, 12): [],
        date(2026, 3, 11): ["1.20260310/sam/email"],
        date(2026, 2, 20): ["1.20260306/sam/email"],
    }
    [action] = kept("zendesk-1", 1, [], [said("a", due_on=date(2026, 4, 1))], RECORDED)
    for due_on, keys in near.items():
        after = moves(action, due_on=due_on)
        assert looked(after, ten) == keys
        assert looked(heard(after), ten) == []
