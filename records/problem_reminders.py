"""What the owners of problems are told, written down: each look once, with the case that its messages belong to.

An activity that runs again finds what it wrote: a problem keeps the instant of its last look and the keys of what that said. A
try that was held up until another look was over adds nothing, for nobody waits for its answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, select

from domain.actions import WEEK, responsible, told
from domain.messages import OF_A_PROBLEM, Message
from domain.problem_reminders import Following, Place, ProblemLook, ProblemNews, news, next_look
from domain.problems import UNRESOLVED, Problem
from domain.roster import Person
from records.afterwards import add_line, document_of, next_line, queue
from records.afterwards import locked as locked_case
from records.database import Database
from records.policies import Policies
from records.problems import Case, Problems, following_of, keep_following, locked, one_opens_at_a_time, same_cause
from records.roster import RosterStore
from records.tables import escalations, messages, occurrences, problem_cases


class ProblemReminders:
    """Writes what is said of problems; every look is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._policies = Policies(database)
        self._problems = Problems(database)
        self._roster = RosterStore(database)

    def record_news(self, look: ProblemLook, now: datetime) -> ProblemNews:
        """Queue what is to be said of a problem since the last look; what to send, and when to look again.

        A try that is made again sends what the first has queued. Raises NotFound `problem_not_found`.
        """
        while (found := self._recorded(look, now)) is None:  # another case has closed meanwhile
            pass
        return found

    def _recorded(self, look: ProblemLook, now: datetime) -> ProblemNews | None:
        """The same; None where the case that it was to stand with is no longer the last one."""
        with self._database.read() as connection:
            case = last_case(connection, self._problems.find(look.problem))
            policy = document_of(connection, case)["policy"] if case else None
        # Before the lock: parsing takes a while.
        rules = self._policies.find(policy["name"], policy["version"]) if policy else None
        roster = self._roster.current()
        with self._database.write() as connection:
            one_opens_at_a_time(connection)
            document = locked_case(connection, case) if case else None  # before the problem, as where a case joins
            problem = locked(connection, look.problem)
            following = following_of(connection, problem, look.at)
            if problem.state not in UNRESOLVED:
                return ProblemNews()
            if last_case(connection, problem) != case:
                return None
            if case is None or document is None:  # nothing that a message could belong to; another case may join
                return ProblemNews(next_at=look.at + WEEK)
            owner = responsible(problem.owner, roster, document["team"], rules, look.at)
            if following.place is not None and look.at <= following.looked_at:
                return _again(connection, following, roster.person(owner), look.at)
            if following.given_by is not None and _kept_back(connection, problem, owner):
                following = following.model_copy(update={"owner": None})
            place = _place(case, document)
            said, following = news(problem, following, place, owner, roster, look.at)
            for message in said:
                add_line(connection, case, told(next_line(connection, case), message, problem.title))
                queue(connection, case, message, now)
            keep_following(connection, problem.id, following)
            next_at = next_look(following, roster.person(owner), look.at)
            return ProblemNews(messages=said, place=place, next_at=next_at)


def _place(case: Case, document: Mapping[str, Any]) -> Place:
    return Place(escalation=case[0], episode=case[1], entry=document["entry"], priority=document["priority"])


def _again(connection: Connection, following: Following, owner: Person | None, at: datetime) -> ProblemNews:
    """What the first try of this look has queued; of an earlier look nothing."""
    next_at = next_look(following, owner, following.looked_at)
    if at < following.looked_at:
        return ProblemNews(next_at=next_at)
    query = select(messages.c.document).where(messages.c.key.in_(following.keys)).order_by(messages.c.key)
    said = tuple(Message.model_validate(one) for one in connection.scalars(query))
    return ProblemNews(messages=said, place=following.place, next_at=next_at)


def _kept_back(connection: Connection, problem: Problem, person: str) -> bool:
    """Whether the last that this person was to hear of the problem did not go out, as it was somebody else's by then."""
    theirs = messages.c.kind.in_(OF_A_PROBLEM) & (messages.c.person == person)
    found = connection.execute(select(messages.c.document, messages.c.status).where(theirs))
    said = [(Message.model_validate(row.document), row.status) for row in found]
    of_it = [(one.at, status) for one, status in said if one.facts["problem"] == problem.id]
    return bool(of_it) and max(of_it)[1] == "skipped"


def last_case(connection: Connection, problem: Problem) -> Case | None:
    """The case of it that closed last; where none is left under it, the last one of its cause; None where that is gone, too."""
    which = (escalations.c.id, escalations.c.episode)  # of two at one instant always the same
    closed = and_(escalations.c.status == "closed", _of_row(problem_cases))
    linked = select(escalations.c.id, escalations.c.episode).join(problem_cases, closed)
    mine = linked.where(problem_cases.c.problem == problem.id).order_by(escalations.c.closed_at.desc(), *which)
    counted = select(escalations.c.id, escalations.c.episode).join(occurrences, _of_row(occurrences))
    same = counted.where(same_cause(occurrences, problem.category, problem.product)).order_by(
        occurrences.c.at.desc(), *which
    )
    row = connection.execute(mine.limit(1)).one_or_none() or connection.execute(same.limit(1)).one_or_none()
    return None if row is None else (row.id, row.episode)


def _of_row(table: Table) -> ColumnElement[bool]:
    return and_(table.c.escalation == escalations.c.id, table.c.episode == escalations.c.episode)
