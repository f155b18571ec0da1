"""Messages of other customers' cases that name whoever is forgotten, or tell a responder of a case of theirs: their texts go.

`seen_before` tells of a case with the address of its page, by which the quote is known to be of that case and of no other one
that has the same words.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Text, cast, func, select, update

from domain.forgetting import FORGOTTEN, forgotten_message
from records.tables import closures, messages
from records.tally import Step, Tally
from records.word_search import Others, find, parts, strings

CLOCKS_APART = timedelta(hours=1)  # of the worker that sends and of the server that closes
PENDING = ("queued", "waiting", "sending")  # what is still to go out needs its words
_PAGE = re.compile(r"/escalations/([\w.~-]+)\?episode=(\d+)")
_UNSAID = {"subject": None, "text": FORGOTTEN}
_COLUMNS = tuple(messages.c[one] for one in ("key", "id", "episode", "status", "subject", "text", "reason", "document"))
_TEXTS = (messages.c.text, messages.c.subject, messages.c.reason, cast(messages.c.document, Text))

Changes = tuple[str, dict[str, Any]]  # of the message of that key


def find_quotes(connection: Connection, customer: str, tally: Tally) -> dict[str, dict[str, Any]]:
    """What is to be changed in which messages, by their keys."""
    changes = dict(_naming(connection, Others(tally.known, tally.cases), tally))
    return changes | {key: {**changes.get(key, {}), **_UNSAID} for key in _telling(connection, customer, tally)}


def remove_quotes(step: Step, found: Mapping[str, dict[str, Any]], tally: Tally) -> None:
    """Change them."""
    for some in parts(sorted(found)):
        with step() as connection:
            for key in some:
                connection.execute(update(messages).where(messages.c.key == key).values(**found[key]))
    tally.removed["quotes"] += len(found)


def _naming(connection: Connection, others: Others, tally: Tally) -> Iterator[Changes]:
    for row in _with_words(connection, others, tally):
        known, _ = others.of(row["id"], row["episode"])
        changes: dict[str, Any] = {}
        if known.name_them(row["text"]) or known.name_them(row["subject"]):
            changes |= _UNSAID
        if known.name_them(row["reason"]):
            changes["reason"] = None
        if any(known.name_them(text) for text in strings(row["document"])):
            if row["status"] in PENDING:
                tally.leave("named", row["id"])
            else:
                changes["document"] = forgotten_message(row["document"], known)
        if changes:
            yield row["key"], changes


def _with_words(connection: Connection, others: Others, tally: Tally) -> Iterator[RowMapping]:
    for some in find(connection, select(*_COLUMNS), messages, _TEXTS, tally.known.who):
        rows = [row for row in some if not others.are_theirs(row["id"], row["episode"])]
        others.look_up(connection, {row["id"] for row in rows})
        yield from rows


def _telling(connection: Connection, customer: str, tally: Tally) -> Iterator[str]:
    """The keys of e-mails to us, since the first of their cases had closed, that tell of one of them."""
    closed = connection.scalar(select(func.min(closures.c.closed_at)).where(closures.c.customer == customer))
    if closed is None:
        return
    theirs = set(tally.cases)
    asked = (
        messages.c.person.is_not(None),
        messages.c.channel == "email",
        messages.c.claimed_at >= closed - CLOCKS_APART,
    )
    query = select(messages.c.key, messages.c.id, messages.c.episode, messages.c.text).where(
        *asked, messages.c.text.contains("?episode=", autoescape=True)
    )
    for row in connection.execute(query):
        told = {(id, int(episode)) for id, episode in _PAGE.findall(row.text)}
        if (row.id, row.episode) not in theirs and told & theirs:
            yield row.key
