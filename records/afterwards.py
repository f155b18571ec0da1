"""What is written to a case that has closed: the survey's question and answer, the alert of a low one, what did not arrive,
and what its customer writes.

Its run may still be ending (a message under way comes back after the closing) and numbers lines of its own; so these are numbered
far behind them. Each is written once: a try that is made again after it succeeded finds what it wrote.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from domain.addresses import NO_ADDRESS
from domain.afterwards import (
    LateSurvey,
    SurveyPlan,
    Unsent,
    alert,
    alert_entry,
    asked,
    is_low,
    last_resort_entry,
    last_try,
    next_try,
    not_sent,
    question,
    survey_entry,
    told_entry,
    with_survey,
    words_entry,
)
from domain.errors import NotFound
from domain.messages import OF_A_PROBLEM, Message, MessageKind, may_still_go_out
from domain.outcome import Settled
from domain.policy import Policy
from domain.roster import accountable_for
from domain.state import TimelineEntry
from domain.tickets import PersonalChannel
from records import rows
from records.database import Database, insert_or_ignore
from records.facts import refresh
from records.policies import Policies
from records.roster import RosterStore
from records.stored import MessageStatus
from records.tables import escalations, messages, problems, timeline
from records.transitions import give_up, message_row, settle, timeline_row

AFTER_THE_RUN = 1_000_000  # no run writes so many lines: its history ends long before

Case = tuple[str, int]  # id and episode


@dataclass(frozen=True)
class Rated:
    """A closed case with the answer in it, and the message that tells the lead where the answer was low."""

    document: dict[str, Any]
    alert: Message | None = None


class Afterwards:
    """Writes what comes after closing; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._policies = Policies(database)
        self._roster = RosterStore(database)

    def record_survey(self, given: LateSurvey, now: datetime) -> Rated:
        """Write the answer into document and timeline, queue the alert of a low one, and settle its command: once, by its id.

        Raises NotFound `escalation_not_found`.
        """
        case = (given.escalation, given.episode)
        rules, roster = self._rules_of(case), self._roster.current()  # before the lock: parsing takes a while
        with self._database.write() as connection:
            document = locked(connection, case)
            if not settle(connection, Settled(command_id=given.command_id, status="applied"), now):
                return Rated(document, _alert_of(connection, case, given.command_id))
            add_line(connection, case, survey_entry(next_line(connection, case), given.at, given.answer))
            changed = with_survey(document, given)
            rows.save(connection, changed, changed["version"], now)
            refresh(connection, case)
            if rules is None or not is_low(rules, changed["rules_version"], given.answer):
                return Rated(changed)
            person = accountable_for(roster, changed["team"], rules.owner_of_last_resort, given.at)
            message = alert(given, changed, rules, person, _round(connection, case, changed["entry"]))
            queue(connection, case, message, now)
            add_line(connection, case, alert_entry(next_line(connection, case), given, person))
            return Rated(changed, message)

    def _rules_of(self, case: Case) -> Policy | None:
        """The policy the case ended with; None for one the store never had."""
        with self._database.read() as connection:
            document = document_of(connection, case)
        return self._policies.find(document["policy"]["name"], document["policy"]["version"])

    def record_question(self, plan: SurveyPlan, now: datetime) -> Message | None:
        """Queue the survey's question; None when nobody is to be asked (any more): reopened, rated, or without an address.

        Raises NotFound `escalation_not_found`.
        """
        case = (plan.escalation, plan.episode)
        with self._database.write() as connection:
            document = locked(connection, case)
            before = connection.scalar(select(messages.c.document).where(_of(case, "customer_survey")).limit(1))
            if before is not None:
                return Message.model_validate(before)
            if not _may_be_asked(connection, plan, document):
                return None
            message = question(plan, document)
            if message is None and NO_ADDRESS in _said(connection, case, "reason"):
                return None
            add_line(connection, case, asked(next_line(connection, case), plan, message))
            queue(connection, case, message, now)
            return message

    def record_words(
        self, escalation: str, episode: int, mail: str, text: str, at: datetime, channel: PersonalChannel = "email"
    ) -> None:
        """Keep what the customer wrote to a case that is over: once for each mail. Raises NotFound `escalation_not_found`."""
        case = (escalation, episode)
        with self._database.write() as connection:
            locked(connection, case)
            if mail not in _said(connection, case, "mail"):
                add_line(connection, case, words_entry(next_line(connection, case), at, text, mail, channel))

    def record_unsent(self, unsent: Unsent, now: datetime) -> Message | None:
        """Write down that a message did not go out or arrive, and queue it on its next channel; None when there is none.

        What no channel brings to its person goes to somebody else, see `last_try`. Raises NotFound `escalation_not_found`.
        """
        case, key = (unsent.escalation, unsent.episode), unsent.message.key
        rules, roster = self._rules_of(case), self._roster.current()  # before the lock: parsing takes a while
        with self._database.write() as connection:
            document = locked(connection, case)
            following = next_try(unsent, document) or (last_try(unsent, document, rules, roster) if rules else None)
            if key in _said(connection, case, "key"):
                return following
            entry = not_sent(next_line(connection, case), unsent)
            add_line(connection, case, entry)
            give_up(connection, [entry])
            if following is not None and following.person is None:
                add_line(connection, case, told_entry(next_line(connection, case), following))
            elif following is not None and following.person != unsent.message.person:
                words = _words_of(connection, following)
                add_line(connection, case, last_resort_entry(next_line(connection, case), following, words))
            queue(connection, case, following, now)
            return following


def locked(connection: Connection, case: Case) -> dict[str, Any]:
    """The document of the episode, held until the end of the transaction. Raises NotFound `escalation_not_found`."""
    return document_of(connection, case, held=True)


def document_of(connection: Connection, case: Case, *, held: bool = False) -> dict[str, Any]:
    """The document of the episode. Raises NotFound `escalation_not_found`."""
    mine = (escalations.c.id == case[0]) & (escalations.c.episode == case[1])
    query = select(escalations.c.document).where(mine)
    document: dict[str, Any] | None = connection.scalar(query.with_for_update() if held else query)
    if document is None:
        raise NotFound("escalation_not_found", f"there is no episode {case[1]} of an escalation '{case[0]}'")
    return document


def _may_be_asked(connection: Connection, plan: SurveyPlan, document: dict[str, Any]) -> bool:
    newest = connection.scalar(select(func.max(escalations.c.episode)).where(escalations.c.id == plan.escalation))
    why_not = may_still_go_out(
        "customer_survey",
        plan.entry,
        status=document["status"],
        current_entry=document["entry"],
        reopened=(newest or 0) > plan.episode,
        rated=document["survey"] is not None,
    )
    return why_not is None


def _said(connection: Connection, case: Case, name: str) -> list[Any]:
    """What stands under this name in the lines written after closing."""
    after = _told(case) & (timeline.c.seq > AFTER_THE_RUN)
    return [data.get(name) for data in connection.scalars(select(timeline.c.data).where(after))]


def _of(case: Case, kind: MessageKind) -> ColumnElement[bool]:
    return (messages.c.id == case[0]) & (messages.c.episode == case[1]) & (messages.c.kind == kind)


def _told(case: Case) -> ColumnElement[bool]:
    return (timeline.c.id == case[0]) & (timeline.c.episode == case[1])


def _alert_of(connection: Connection, case: Case, command_id: str) -> Message | None:
    """What an earlier try of the same answer has queued."""
    query = select(messages.c.document).where(_of(case, "low_score")).order_by(messages.c.created_at)
    said = (Message.model_validate(one) for one in connection.scalars(query))
    return next((one for one in said if one.facts.get("command") == command_id), None)


def _round(connection: Connection, case: Case, entry: int) -> int:
    """How often a low answer was told of in this entry, before closing and after."""
    here = _of(case, "low_score") & (messages.c.entry == entry)
    said = (Message.model_validate(one) for one in connection.scalars(select(messages.c.document).where(here)))
    return max((one.round + 1 for one in said), default=0)


def _words_of(connection: Connection, message: Message) -> str | None:
    """What a lesson is about: the action's text, which the message carries, or the problem's title, which is read."""
    if message.kind in OF_A_PROBLEM:
        return connection.scalar(select(problems.c.title).where(problems.c.id == message.facts["problem"]))
    return message.facts.get("text")


def next_line(connection: Connection, case: Case) -> int:
    """The number of the next line that is written after closing."""
    last = connection.scalar(select(func.max(timeline.c.seq)).where(_told(case))) or 0
    return max(last, AFTER_THE_RUN) + 1


def add_line(connection: Connection, case: Case, entry: TimelineEntry) -> None:
    """Write a line; one of that number stays as it is."""
    insert_or_ignore(connection, timeline, [timeline_row(case, entry)])


def queue(connection: Connection, case: Case, message: Message | None, now: datetime) -> None:
    """Write down a message that is about to be sent, if there is one."""
    if message is not None:
        status: MessageStatus = "waiting" if message.not_before else "queued"
        insert_or_ignore(connection, messages, [message_row(case, message, status, now)])
