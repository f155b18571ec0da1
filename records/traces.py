"""What rows that belong to no case of a customer say of them: found by the customer's own words, and removed.

Looking reads all rows there are, so it happens before the transactions that write.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Connection, Row, RowMapping, Text, and_, cast, delete, select, update

from domain.forgetting import FORGOTTEN, PSEUDONYM, Traces, forgotten_case
from domain.replies import quoted_code
from records.answers import ENDINGS, SOURCE
from records.contact_tests import is_contact_test
from records.database import Database
from records.elsewhere import find_mentions, remove_mentions
from records.quotes import find_quotes, remove_quotes
from records.tables import bad_addresses, idempotency, inbound_events, problem_cases, problems, reply_codes, saved_views
from records.tally import Case, Step, Tally
from records.word_search import find, parts, strings


def remove(database: Database, step: Step, customer: str, tally: Tally) -> None:
    """Remove them, each kind in transactions of its own made by `step`; count what was removed and what is left."""
    with database.read() as connection:
        quotes = find_quotes(connection, customer, tally)
        mentions = find_mentions(connection, tally)
        inbound = _inbound(connection, tally)
        answers = _answers(connection, customer, tally)
    remove_quotes(step, quotes, tally)
    remove_mentions(step, mentions, tally)
    with step() as connection:
        _empty_inbound(connection, inbound, tally)
        tally.removed["answers"] += _retell(connection, answers)
    with step() as connection:
        tally.removed["addresses"] += _addresses(connection, tally.known)
        tally.removed["views"] += _views(connection, customer, tally.known)
        _problems(connection, tally)


def _inbound(connection: Connection, tally: Tally) -> Sequence[Row[Any]]:
    """What providers pushed to us, and what we answered: a month of it."""
    if not tally.cases:
        return []
    codes = _codes(connection, tally.cases)
    rows: Iterable[Row[Any]] = connection.execute(select(inbound_events).where(~is_contact_test()))
    return [row for row in rows if _is_of(row.body, tally.known, codes)]


def _codes(connection: Connection, cases: Sequence[Case]) -> set[str]:
    theirs, given = set(cases), select(reply_codes.c.code, reply_codes.c.id, reply_codes.c.episode)
    return {row.code for row in connection.execute(given) if (row.id, row.episode) in theirs}


def _is_of(body: Any, known: Traces, codes: set[str]) -> bool:
    """Whether it is from or about them: an answer whose subject has the code of another's case quotes that one's words."""
    code = quoted_code(str(body.get("subject") or ""))
    quoted = known.quoted_in if code is None else lambda _: code in codes
    return any(known.name_them(text) or quoted(text) for text in strings(body))


def _empty_inbound(connection: Connection, found: Sequence[Row[Any]], tally: Tally) -> None:
    """What nobody has acted on yet is still needed."""
    for row in found:
        if not _is_over(row.source, row.body, row.handled_at):
            tally.left["inbound"] += 1
            continue
        this = (inbound_events.c.source == row.source) & (inbound_events.c.event_id == row.event_id)
        connection.execute(update(inbound_events).where(this).values(body=_emptied(row.source, row.body)))
        tally.removed["inbound"] += 1


def _is_over(source: str, body: Any, handled_at: datetime | None) -> bool:
    return handled_at is not None and (source != SOURCE or body.get("status") in ENDINGS)


def _emptied(source: str, body: Any) -> dict[str, Any]:
    """Of an answer its fate stays, for whoever looks it up; that an event has come is known by its id."""
    if source != SOURCE:
        return {}
    return {**body, "to": "", "subject": FORGOTTEN, "text": FORGOTTEN, "in_reply_to": None, "reason": None}


def _answers(connection: Connection, customer: str, tally: Tally) -> list[RowMapping]:
    """Kept for a retry: those that name the customer or a case of theirs."""
    ids = {customer, *(id for id, _ in tally.cases)}
    words = [*(json.dumps(one) for one in sorted(ids)), *tally.known.who] if tally.cases else []
    query = select(*idempotency.primary_key, idempotency.c.response).where(idempotency.c.response.is_not(None))
    return [
        row
        for some in find(connection, query, idempotency, [cast(idempotency.c.response, Text)], words)
        for row in some
        if any(text in ids or tally.known.name_them(text) for text in strings(row["response"]))
    ]


def _retell(connection: Connection, found: Sequence[RowMapping]) -> int:
    """The retry is still known as one, or it would act again; it is told what is left."""
    count = 0
    for row in found:
        changed = _retold(row["response"])
        if changed != row["response"]:
            this = and_(*(column == row[column.name] for column in idempotency.primary_key))
            count += connection.execute(update(idempotency).where(this).values(response=changed)).rowcount
    return count


def _retold(response: Any) -> dict[str, Any]:
    if isinstance(response, dict) and {"ticket", "customer", "trigger"} <= response.keys():
        return forgotten_case(response, f"{PSEUDONYM}retry")
    return {}


def _addresses(connection: Connection, known: Traces) -> int:
    theirs = [one.casefold() for one in known.who]
    here = bad_addresses.c.address
    return sum(connection.execute(delete(bad_addresses).where(here.in_(some))).rowcount for some in parts(theirs))


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


def _problems(connection: Connection, tally: Tally) -> None:
    """A problem is many customers': only what names this one goes; of the others of their cases nobody here can tell."""
    theirs = set[str]()
    for some in parts(sorted({id for id, _ in tally.cases})):
        linked = select(problem_cases.c.problem).where(problem_cases.c.escalation.in_(some))
        theirs |= set(connection.scalars(linked))
    wanted = (problems.c.id, problems.c.state, problems.c.title, problems.c.workaround, problems.c.resolution)
    for row in connection.execute(select(*wanted)).all():
        texts = {name: getattr(row, name) for name in ("title", "workaround", "resolution")}
        naming = {name for name, text in texts.items() if tally.known.name_them(text)}
        if naming:
            connection.execute(update(problems).where(problems.c.id == row.id).values(**_unnamed(naming, row.state)))
            tally.removed["problems"] += 1
        if row.id in theirs and any(texts[name] and name not in naming for name in ("workaround", "resolution")):
            tally.leave("problems", row.id)


def _unnamed(naming: set[str], state: str) -> dict[str, Any]:
    """A workaround that nobody can read helps nobody: without one the problem is no known error any more."""
    gone: dict[str, Any] = dict.fromkeys(naming, FORGOTTEN)
    if "workaround" in naming:
        gone |= {"workaround": None, "state": "open" if state == "known_error" else state}
    return gone
