"""What a closed case teaches, written down: that its cause came back, and who was reminded of what was to be done about it.

Each is written once: an activity that runs again finds what it wrote, and one that was held up until another look was over adds
nothing, for nobody waits for its answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from domain.actions import LessonsPlan, Look, Reminders, heard, is_over, next_reminder, responsible, told
from domain.causes import Causes, Recurrence, title_of
from domain.messages import Message
from domain.policy import Policy
from domain.problems import Occurrence, Problem, announcement, came_back, title
from domain.said_before import Queued, unsaid
from records.actions import keep_look, last_look, of_case, write
from records.afterwards import Case, add_line, document_of, locked, next_line, queue
from records.causes import CauseTree
from records.database import Database
from records.policies import Policies
from records.problems import (
    count_in,
    has_come_back,
    link,
    one_opens_at_a_time,
    open_problem,
    problem_of,
    seen_since_resolved,
    unresolved,
)
from records.roster import RosterStore
from records.tables import messages


class Lessons:
    """Writes what comes of a root cause after closing; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._policies = Policies(database)
        self._roster = RosterStore(database)
        self._causes = CauseTree(database)

    def record_recurrence(self, plan: LessonsPlan, now: datetime) -> Message | None:
        """Count the cause of a closed case; the message to the owner of the problem that this opens, else None.

        Raises NotFound `escalation_not_found`.
        """
        case, tree = (plan.escalation, plan.episode), self._causes.tree
        rules, roster = self._rules_of(case), self._roster.current()  # before the lock: parsing takes a while
        with self._database.write() as connection:
            one_opens_at_a_time(connection)
            document = locked(connection, case)
            before = _announced(connection, case)
            if before is not None or document["root_cause"] is None:
                return before
            lately = _counted(connection, plan, document, tree, now)
            if not lately:
                return None
            category = document["root_cause"]["category"]
            owner = _rule(tree, category).owner or responsible(None, roster, document["team"], rules, plan.closed_at)
            problem = _opened(connection, document, title_of(tree, category), owner, lately, plan.closed_at, now)
            message = announcement(problem, plan, len(lately), plan.closed_at)
            add_line(connection, case, told(next_line(connection, case), message, problem.title))
            queue(connection, case, message, now)
            return message

    def _rules_of(self, case: Case) -> Policy | None:
        """The policy the case ended with; None for one the store never had."""
        with self._database.read() as connection:
            policy = document_of(connection, case)["policy"]
        return self._policies.find(policy["name"], policy["version"])

    def record_reminders(self, look: Look, now: datetime) -> Reminders:
        """Queue the reminders that fell due since the last look; what to send, and when to look again.

        What an earlier try of the same look has queued is sent, whatever has come in between; the claim knows whether it may
        still go out. What another look has queued is that one's. Raises NotFound `escalation_not_found`.
        """
        case = (look.plan.escalation, look.plan.episode)
        rules, roster = self._rules_of(case), self._roster.current()  # before the lock: parsing takes a while
        with self._database.write() as connection:
            document = locked(connection, case)
            before = _reminded(connection, case)
            due, ahead = [one.message for one in before if one.message.at == look.at], list[datetime]()
            last = last_look(connection, case)
            held_up = last is not None and look.at <= last
            still_open = [] if is_over(look.plan, document) else of_case(connection, case)
            for action in (one for one in still_open if one.state == "open"):
                owner = responsible(action.owner, roster, document["team"], rules, look.at)
                ahead.append(next_reminder(action, roster.person(owner), look.at))
                if held_up:
                    continue
                new = unsaid(action, look, owner, roster, before)
                for message in new:
                    add_line(connection, case, told(next_line(connection, case), message, action.text))
                    queue(connection, case, message, now)
                if action.news:
                    write(connection, heard(action))
                due += new
            if still_open and not held_up:
                keep_look(connection, case, look.at)
            return Reminders(messages=tuple(due), next_at=min(ahead, default=None))


def _counted(
    connection: Connection, plan: LessonsPlan, document: dict[str, Any], tree: Causes | None, now: datetime
) -> tuple[Occurrence, ...]:
    """The cases that make a problem of the cause of this one; none where it is of a problem that is known already."""
    case, category, product = (plan.escalation, plan.episode), *_cause_of(document)
    first_time = count_in(connection, case, category, product, plan.closed_at)
    named = problem_of(connection, case)  # by its root cause, or somebody linked it
    known = named or unresolved(connection, category, product)
    if known is not None:
        if first_time:  # holds the problem before it links the case, as who links one by hand does, against deadlocks
            has_come_back(connection, known, now)
        link(connection, known, case, None, now)
        return ()
    return came_back(seen_since_resolved(connection, category, product), _rule(tree, category), plan.closed_at)


def _opened(
    connection: Connection,
    document: dict[str, Any],
    named: str,
    owner: str,
    lately: Sequence[Occurrence],
    at: datetime,
    now: datetime,
) -> Problem:
    category, product = _cause_of(document)
    problem = open_problem(connection, title(named, product), category, product, owner, at, now)
    for one in lately:
        link(connection, problem.id, (one.escalation, one.episode), None, at)
    return problem


def _cause_of(document: dict[str, Any]) -> tuple[str, str | None]:
    return document["root_cause"]["category"], document["ticket"].get("product")


def _rule(tree: Causes | None, category: str) -> Recurrence:
    return tree.recurrence_of(category) if tree is not None else Recurrence()


def _announced(connection: Connection, case: Case) -> Message | None:
    """What an earlier try of the same plan has queued."""
    mine = (messages.c.id == case[0]) & (messages.c.episode == case[1]) & (messages.c.kind == "problem_opened")
    kept = connection.scalar(select(messages.c.document).where(mine).order_by(messages.c.created_at).limit(1))
    return None if kept is None else Message.model_validate(kept)


def _reminded(connection: Connection, case: Case) -> list[Queued]:
    """Every reminder of this case that was ever queued: one a week of each action."""
    mine = (messages.c.id == case[0]) & (messages.c.episode == case[1]) & (messages.c.kind == "action_due")
    found = connection.execute(select(messages.c.document, messages.c.status).where(mine))
    return [Queued(Message.model_validate(row.document), row.status) for row in found]
