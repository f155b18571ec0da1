"""The course of a case as lines a person reads: when, what, who, on which channel, and why.

Messages stand for the lines of the timeline that speak of them, so nothing is said twice; `rows` makes the same lines of what
really happened, and a test holds the two against each other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.messages import CUSTOMER
from domain.roster import Roster
from domain.simulation import MOST_LINES, Course, Happening, Refusal, Sending, in_words
from domain.state import TimelineEntry
from domain.tickets import Channel
from domain.turn import TIERLINE

WARNINGS = ("warning", "promise_reminder")
SELECTORS = {"on_call": "on call", "on_call.next": "next on call", "team.lead": "lead of the team"}
ENDINGS = {
    "closed": "the case is closed",
    "cancelled": "the case is withdrawn",
    "closure_missed": "the closing limit has passed; the owner of last resort is told every day until somebody closes the case",
    "too_long": "the preview ends after so many lines; the case goes on",
    "nothing_more": "nothing happens by itself any more; the case waits for somebody",
}


class Row(BaseModel):
    """One line. `what` is a kind of the timeline, or `refused` or `ends`; `who` is a name, None when it comes by itself.

    `person` is the id behind the name (None for the customer), `tier` where the case is when a message goes out. `by` is the time
    the line speaks of (acknowledge by, paused until, next update by): apart from the words, so that each reader's clock shows it.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    what: str
    who: str | None
    channel: Channel | None
    why: str
    person: str | None = None
    tier: str | None = None
    by: datetime | None = None


def preview(course: Course, roster: Roster) -> list[Row]:
    """The whole chain; its last line says why it ends there."""
    found = list(rows(course.happenings, roster, course.state.customer.name))[:MOST_LINES]
    at = max([course.state.at, *(row.at for row in found[-1:])])  # a refused word may come after the end
    return [*found, Row(at=at, what="ends", who=None, channel=None, why=ENDINGS[course.ending])]


def rows(happenings: Iterable[Happening], roster: Roster, customer: str) -> Iterator[Row]:
    """A line for each message, and for whatever else happened."""
    for one in happenings:
        if isinstance(one, Sending):
            yield _message(one, roster, customer)
        elif isinstance(one, Refusal):
            yield _refusal(one, roster)
        elif in_words(one):
            yield _line(one, roster, customer)


def _message(one: Sending, roster: Roster, customer: str) -> Row:
    message = one.message
    what = "customer_told" if message.person is None else "warned" if message.kind in WARNINGS else "told"
    return Row(
        at=one.at,
        what=what,
        who=customer if message.person is None else _name(roster, message.person),
        channel=message.channel,
        why=_why(one),
        person=message.person,
        tier=one.tier,
        by=None if _overdue(one) else _time(message.facts.get("due_at") or message.facts.get("next_update_by")),
    )


def _why(one: Sending) -> str:
    """What made the message go out now, and what it says."""
    message, tier = one.message, one.tier
    if message.kind == "step":
        again = f", round {message.round + 1}" if message.round else ""
        ask = "acknowledge now" if _overdue(one) else "acknowledge"  # until when says `by`
        return f"{tier} step {message.step + 1}{again}, {SELECTORS.get(one.selector or '', 'named person')}: {ask}"
    if message.kind in WARNINGS:
        return f"{message.facts['percent']} % of {message.facts['target']} used"
    held = ", held through the quiet hours" if message.not_before else ""
    promise = ", next update promised" if "next_update_by" in message.facts else ""
    return f"{message.purpose}{promise}{held}"


def _overdue(one: Sending) -> bool:
    due_at = _time(one.message.facts.get("due_at"))
    return due_at is not None and due_at <= one.at


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _refusal(one: Refusal, roster: Roster) -> Row:
    why = f"'{one.command.name}' would be refused, {one.error.code}: {one.error.message}"
    who = one.command.by
    return Row(at=one.at, what="refused", who=_name(roster, who), channel=None, why=why, person=who)


def _line(entry: TimelineEntry, roster: Roster, customer: str) -> Row:
    by_itself = entry.actor == TIERLINE
    who = None if by_itself else customer if entry.actor == CUSTOMER else _name(roster, entry.actor)
    person = None if by_itself or entry.actor == CUSTOMER else entry.actor
    until = _time(entry.data.get("until"))
    words = entry.text.rpartition(", until ")[0] if until else entry.text
    why = ". ".join([words, " ".join(entry.data["reasons"])]) if entry.data.get("reasons") else words  # of a priority
    return Row(at=entry.at, what=entry.kind, who=who, channel=None, why=why, person=person, by=until)


def _name(roster: Roster, person_id: str | None) -> str | None:
    person = roster.person(person_id) if person_id else None
    return person.name if person else person_id
