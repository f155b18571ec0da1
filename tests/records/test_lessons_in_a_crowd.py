"""What a reader is told along with another message is news as much as what is told by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.actions import ActionsPlan, Look
from domain.messages import Message
from domain.problem_reminders import ProblemLook
from domain.roster import Roster
from records.actions import Actions
from records.crowding import Crowded, Limit
from records.database import Database
from records.outbound import Claim, Granted, Outbound, Refused
from records.problem_reminders import ProblemReminders
from records.problems import Problems
from tests.records.samples import NOW
from tests.records.taught import PEOPLE, action, cause, closes, explained, lessons_of

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
A_WEEK_LATER = datetime(2026, 3, 13, 9, tzinfo=UTC)
ROSTER = Roster.model_validate(PEOPLE)

Happens = Callable[[Database], None]


def three_actions(database: Database) -> tuple[Message, ...]:
    """Of Lee's, due at once."""
    lessons = lessons_of(database)
    explained(database, cause(*(action(text, "lee") for text in "abc")), status="resolved")
    plan = ActionsPlan(escalation="zendesk-1", episode=1, entry=1, priority="high", recorded_at=NOW)
    return lessons.record_reminders(Look(plan=plan, after=NINE - timedelta(hours=1), at=NINE), NOW).messages


def three_problems(database: Database) -> tuple[Message, ...]:
    """Of Lee's, a week old."""
    lessons = lessons_of(database)
    for number, product in enumerate("aabbcc", 1):
        lessons.record_recurrence(closes(database, number, number, product=product), NOW)
    looks = [ProblemLook(problem=f"P-{number}", at=A_WEEK_LATER) for number in (1, 2, 3)]
    return tuple(one for look in looks for one in ProblemReminders(database).record_news(look, NOW).messages)


def is_done(database: Database) -> None:
    Actions(database).end("zendesk-1.1.2", "done", "lee", None, NOW)


def is_moved(database: Database) -> None:
    Actions(database).move("zendesk-1.1.2", "sam", None, "lee", None, NOW, ROSTER)


def is_resolved(database: Database) -> None:
    Problems(database).resolve("P-2", "lee", "renews itself", NOW)


def is_given_away(database: Database) -> None:
    Problems(database).assign("P-2", "sam", "lee", NOW)


def claim(database: Database, message: Message, seconds: int) -> Claim:
    now = A_WEEK_LATER + timedelta(seconds=seconds)
    return Outbound(database).claim(message.key, "lee@support.example", "s", "t", now, Limit(1))


@pytest.mark.parametrize(
    ("three", "happens", "why"),
    [
        (three_actions, is_done, "action done"),
        (three_actions, is_moved, "action moved"),
        (three_problems, is_resolved, "problem resolved"),
        (three_problems, is_given_away, "problem moved"),
    ],
)
def test_what_is_no_news_any_more_is_not_taken_along(
    database: Database, three: Callable[[Database], tuple[Message, ...]], happens: Happens, why: str
) -> None:
    first, second, third = three(database)
    assert isinstance(claim(database, first, 0), Granted)
    assert isinstance(claim(database, second, 1), Crowded)
    happens(database)
    assert claim(database, third, 70) == Granted(1, "queued")
    assert claim(database, second, 200) == Refused(why)


def test_what_is_still_news_is_taken_along(database: Database) -> None:
    first, second, third = three_problems(database)
    claim(database, first, 0)
    claim(database, second, 1)
    assert claim(database, third, 70) == Granted(1, "queued", along=(second.key,))
