"""How a problem is followed up: its owner hears of it at once and then every week, until it is resolved.

At once hears who is given it (but for who took it), and who has it when its cause comes back, of that at most once a day.
Reminders come at nine on the owner's clock, a week apart, counted from the day it opened or was given to its owner; from the
third on the owner's manager hears, too. What is told hangs on the last case of it that closed: a message belongs to a case.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.actions import CHANNELS, ON_THE_DAY, latest_round, reminder_at
from domain.identity import message_key
from domain.messages import Message
from domain.problems import Problem
from domain.roster import Person, Roster, manager_of
from domain.tickets import Priority

LAST_WEEK_TO_THE_OWNER_ALONE: Final = 2

Why = Literal["given", "back", "week"]
_WORDS: Mapping[Why, str] = {
    "given": "is theirs now",
    "back": "its cause came back again",
    "week": "is not resolved yet",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProblemPlan(_Part):
    """What the run that follows up a problem is begun with; all else stands in the store."""

    problem: str


class ProblemLook(_Part):
    """The question what is to be said of a problem now."""

    problem: str
    at: datetime


class Place(_Part):
    """The case that the messages of one look belong to."""

    escalation: str
    episode: int
    entry: int
    priority: Priority


class ProblemNews(_Part):
    """What is to be sent now, and when to look again; None once the problem is resolved. Without messages there is no place."""

    messages: tuple[Message, ...] = ()
    place: Place | None = None
    next_at: datetime | None = None


class Following(_Part):
    """How far the following up of a problem has come; what nobody has heard yet stands in `given_by` and `back`.

    `since` is the day that weeks are counted from; `given_by` who gave it to its owner; `owner` who knows that it is theirs
    (absent: an earlier release did not write it down); `back` how many cases have closed with its cause since the owner was last
    told of one, at `back_told_at`. `looked_at` is the last look, which said `keys` at `place` (none before the first); `said`
    counts the looks that said something, and keeps their keys apart.
    """

    since: datetime
    looked_at: datetime
    given_by: str | None = None
    owner: str | None = None
    back: int = 0
    back_told_at: datetime | None = None
    keys: tuple[str, ...] = ()
    place: Place | None = None
    said: int = 0


def given(following: Following, by: str, at: datetime) -> Following:
    """It has another owner, who is to hear of it; the weeks begin anew."""
    return following.model_copy(update={"given_by": by, "since": at})


def came_back_again(following: Following) -> Following:
    """One more case of it has closed."""
    return following.model_copy(update={"back": following.back + 1})


def news(
    problem: Problem, following: Following, place: Place, owner: str, roster: Roster, at: datetime
) -> tuple[tuple[Message, ...], Following]:
    """What `owner`, who answers for the problem, and their manager are told at that instant, and how far that brings it."""
    why, week = _why(following, owner, roster, at), _week(following, roster.person(owner), at)
    told: dict[str, Why] = {owner: why} if why else {}
    if week is not None and week > LAST_WEEK_TO_THE_OWNER_ALONE:
        manager = manager_of(roster, owner, at)
        told |= {manager: "week"} if manager is not None else {}
    said = following.said + bool(told)
    messages = tuple(_message(problem, place, said, person, owner, reason, at) for person, reason in told.items())
    keys = tuple(one.key for one in messages)
    changes: dict[str, Any] = {"looked_at": at, "given_by": None, "owner": owner, "keys": keys, "place": place}
    if why == "back" or (why == "given" and following.back):
        changes |= {"back": 0, "back_told_at": at}
    return messages, following.model_copy(update={**changes, "said": said})


def next_look(following: Following, person: Person | None, at: datetime) -> datetime:
    """When the next reminder of an unresolved problem comes, or tomorrow's word that its cause came back."""
    day = _day(following.since, person)
    round = max(latest_round(day, person, at) or ON_THE_DAY, ON_THE_DAY) + 1
    weekly = reminder_at(day, round, person)
    return min(weekly, _next_morning(at, person)) if following.back else weekly


def _why(following: Following, owner: str, roster: Roster, at: datetime) -> Why | None:
    """What the owner hears, the newest thing first: one message says it all."""
    person = roster.person(owner)
    if following.given_by is not None and owner not in (following.given_by, following.owner):
        return "given"
    if following.back and not _told_today(following, person, at):
        return "back"
    return "week" if _week(following, person, at) is not None else None


def _told_today(following: Following, person: Person | None, at: datetime) -> bool:
    told_at = following.back_told_at
    return told_at is not None and _day(told_at, person) >= _day(at, person)


def _week(following: Following, person: Person | None, at: datetime) -> int | None:
    """The week whose reminder fell due since the last look; of several, as after an outage, the last one says it all."""
    day = _day(following.since, person)
    round = latest_round(day, person, at)
    if round is None or round <= ON_THE_DAY or reminder_at(day, round, person) <= following.looked_at:
        return None
    return round - ON_THE_DAY


def _next_morning(at: datetime, person: Person | None) -> datetime:
    return reminder_at(_day(at, person) + timedelta(days=1), ON_THE_DAY, person)


def _day(at: datetime, person: Person | None) -> date:
    return at.astimezone(ZoneInfo(person.timezone if person else "UTC")).date()


def _message(problem: Problem, place: Place, said: int, person: str, owner: str, why: Why, at: datetime) -> Message:
    first, *others = CHANNELS
    # Whose it was then, for the claim; `by` may stand in for somebody who has left. Its title is read when it goes out.
    facts = {"problem": problem.id, "why": why, "by": owner, "owner": problem.owner}
    case = (place.escalation, place.episode, place.entry)
    return Message(
        key=message_key(*case, "problem_reminder", problem.number, said, person, first),
        kind="problem_reminder",
        channel=first,
        person=person,
        entry=place.entry,
        step=problem.number,
        round=said,
        at=at,
        facts=facts,
        purpose=f"problem {problem.id} {_WORDS[why]}",
        fallbacks=tuple(others),
    )
