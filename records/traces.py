"""What rows that belong to no case of a customer say of them: found by the customer's own words, and removed.

The database looks for the words anywhere, which is quick and finds too much; whether a text really has them is decided here.
Looking reads all rows there are, so it happens before the transaction that writes.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from sqlalchemy import Column, ColumnElement, Connection, Row, Text, and_, cast, delete, func, or_, select, update

from domain.forgetting import FORGOTTEN, PSEUDONYM, Traces, forgotten_case
from records.answers import ENDINGS, SOURCE
from records.contact_tests import is_contact_test
from records.database import Database
from records.tables import (
    bad_addresses,
    closures,
    idempotency,
    inbound_events,
    messages,
    problem_cases,
    problems,
    saved_views,
)

CLOCKS_APART = timedelta(hours=1)  # of the worker that sends and of the server that closes
AT_ONCE = 40  # words, and rows of a change: SQLite takes statements of that size for sure

T = TypeVar("T")
Case = tuple[str, int]
Step = Callable[[], AbstractContextManager[Connection]]


def remove(
    database: Database,
    step: Step,
    customer: str,
    cases: Sequence[Case],
    known: Traces,
    removed: Counter[str],
    left: Counter[str],
) -> None:
    """Remove them, each kind in a transaction of its own made by `step`; count what was removed and what is left."""
    with database.read() as connection:
        quoting = _quoting(connection, customer, known, cases)
        inbound = _inbound(connection, known)
        answers = _answers(connection, customer, cases, known)
    with step() as connection:
        removed["quotes"] += _unquote(connection, quoting)
    with step() as connection:
        _empty_inbound(connection, inbound, removed, left)
        removed["answers"] += _retell(connection, answers)
    with step() as connection:
        removed["addresses"] += _addresses(connection, known)
        removed["views"] += _views(connection, customer, known)
        _problems(connection, cases, known, removed, left)


def _quoting(connection: Connection, customer: str, known: Traces, cases: Sequence[Case]) -> list[str]:
    """Messages of other cases: somebody named them, or a responder was told what had helped in a case of theirs.

    Their name may stand anywhere, and is a few words. Of their cases there are words without end, so these are looked for only
    where `seen_before` can have quoted them: in e-mails to us that went out after the first of their cases had closed.
    """
    mine = closures.c.customer == customer
    closed = connection.scalar(select(func.min(closures.c.closed_at)).where(mine))
    found = _messages_with(connection, known.who, cases, known.name_them)
    if closed is not None:
        since = messages.c.claimed_at >= closed - CLOCKS_APART
        quotes = (messages.c.person.is_not(None), messages.c.channel == "email", since)
        found |= _messages_with(connection, known.about, cases, known.betrayed_by, *quotes)
    return sorted(found)


def _messages_with(
    connection: Connection,
    words: Sequence[str],
    cases: Sequence[Case],
    betrayed_by: Callable[[str | None], bool],
    *where: ColumnElement[bool],
) -> set[str]:
    """The keys of messages of other cases with some of the words in them."""
    theirs, found = set(cases), set[str]()
    columns = (messages.c.key, messages.c.id, messages.c.episode, messages.c.subject, messages.c.text)
    for some in _parts(words):
        query = select(*columns).where(*where, or_(_has(messages.c.text, some), _has(messages.c.subject, some)))
        others = [row for row in connection.execute(query) if (row.id, row.episode) not in theirs]
        found |= {row.key for row in others if betrayed_by(row.text) or betrayed_by(row.subject)}
    return found


def _unquote(connection: Connection, keys: Sequence[str]) -> int:
    for some in _parts(keys):
        connection.execute(update(messages).where(messages.c.key.in_(some)).values(subject=None, text=FORGOTTEN))
    return len(keys)


def _inbound(connection: Connection, known: Traces) -> list[Row[Any]]:
    """What providers pushed to us, and what we answered."""
    columns = (inbound_events.c.source, inbound_events.c.event_id, inbound_events.c.body, inbound_events.c.handled_at)
    found: dict[tuple[str, str], Row[Any]] = {}
    for some in _parts(known.all):
        query = select(*columns).where(_has(cast(inbound_events.c.body, Text), some), ~is_contact_test())
        found |= {(row.source, row.event_id): row for row in connection.execute(query)}
    return [row for row in found.values() if any(known.betrayed_by(text) for text in _strings(row.body))]


def _empty_inbound(
    connection: Connection, found: Sequence[Row[Any]], removed: Counter[str], left: Counter[str]
) -> None:
    """What nobody has acted on yet is still needed."""
    for row in found:
        if not _is_over(row.source, row.body, row.handled_at):
            left["inbound"] += 1
            continue
        this = (inbound_events.c.source == row.source) & (inbound_events.c.event_id == row.event_id)
        connection.execute(update(inbound_events).where(this).values(body=_emptied(row.source, row.body)))
        removed["inbound"] += 1


def _is_over(source: str, body: Any, handled_at: datetime | None) -> bool:
    return handled_at is not None and (source != SOURCE or body.get("status") in ENDINGS)


def _emptied(source: str, body: Any) -> dict[str, Any]:
    """Of an answer its fate stays, for whoever looks it up; that an event has come is known by its id."""
    if source != SOURCE:
        return {}
    return {**body, "to": "", "subject": FORGOTTEN, "text": FORGOTTEN, "in_reply_to": None, "reason": None}


def _answers(connection: Connection, customer: str, cases: Sequence[Case], known: Traces) -> list[Row[Any]]:
    """Kept for a retry: those that name the customer, a case of theirs, or their words."""
    found: dict[tuple[Any, ...], Row[Any]] = {}
    named = [json.dumps(one) for one in (customer, *sorted({id for id, _ in cases}))]
    for some in _parts([*named, *known.all]) if cases else ():
        asked = _has(cast(idempotency.c.response, Text), some)
        query = select(*idempotency.primary_key, idempotency.c.response).where(
            idempotency.c.response.is_not(None), asked
        )
        found |= {tuple(row[:-1]): row for row in connection.execute(query)}
    return list(found.values())


def _retell(connection: Connection, found: Sequence[Row[Any]]) -> int:
    """The retry is still known as one, or it would act again; it is told what is left."""
    count = 0
    for row in found:
        changed = _retold(row.response)
        if changed != row.response:
            this = and_(*(column == getattr(row, column.name) for column in idempotency.primary_key))
            count += connection.execute(update(idempotency).where(this).values(response=changed)).rowcount
    return count


def _retold(response: Any) -> dict[str, Any]:
    if isinstance(response, dict) and {"ticket", "customer", "trigger"} <= response.keys():
        return forgotten_case(response, f"{PSEUDONYM}retry")
    return {}


def _addresses(connection: Connection, known: Traces) -> int:
    theirs = [one.casefold() for one in known.who]
    here = bad_addresses.c.address
    return sum(connection.execute(delete(bad_addresses).where(here.in_(some))).rowcount for some in _parts(theirs))


def _views(connection: Connection, customer: str, known: Traces) -> int:
    """Views of the board that filter by them."""
    mine = (saved_views.c.owner, saved_views.c.name)
    count = 0
    for row in connection.execute(select(*mine, saved_views.c.query)).all():
        asked = [value for _, value in parse_qsl(row.query)]
        if customer in asked or any(known.name_them(text) for text in (row.name, *asked)):
            this = (saved_views.c.owner == row.owner) & (saved_views.c.name == row.name)
            count += connection.execute(delete(saved_views).where(this)).rowcount
    return count


def _problems(
    connection: Connection, cases: Sequence[Case], known: Traces, removed: Counter[str], left: Counter[str]
) -> None:
    """A problem is many customers': only what names this one goes; of the others of their cases nobody here can tell."""
    theirs = set[str]()
    for some in _parts(sorted({id for id, _ in cases})):
        linked = select(problem_cases.c.problem).where(problem_cases.c.escalation.in_(some))
        theirs |= set(connection.scalars(linked))
    for row in connection.execute(select(problems)).all():
        texts = {name: getattr(row, name) for name in ("title", "workaround", "resolution")}
        naming = {name: FORGOTTEN for name, text in texts.items() if known.name_them(text)}
        if naming:
            connection.execute(update(problems).where(problems.c.id == row.id).values(**naming))
            removed["problems"] += 1
        if row.id in theirs and any(texts[name] and name not in naming for name in ("workaround", "resolution")):
            left["problems"] += 1


def _has(column: Column[Any] | ColumnElement[Any], words: Sequence[str]) -> ColumnElement[bool]:
    """In any case of letters, as far as the database knows them; in JSON what is not ASCII is written out."""
    forms = {form for word in words for form in (word, word.lower(), json.dumps(word)[1:-1])}
    whole = [column.contains(form, autoescape=True) for form in sorted(forms)]
    return or_(*whole, *(func.lower(column).contains(form, autoescape=True) for form in sorted(forms)))


def _parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    return (whole[begin : begin + AT_ONCE] for begin in range(0, len(whole), AT_ONCE))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
