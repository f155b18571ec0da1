"""A customer is forgotten: whatever the store has of them goes, and what the figures count stays under a pseudonym.

First what other rows say of them goes (`records.traces`), as long as their cases tell by which words they are known. Then all
cases get the pseudonym, in one step, and after that lose their words, some at a time: nobody else waits long. Whoever dies in
between leaves a pseudonym that is not done, and the next who forgets anybody goes on with it. It is made by chance and kept
beside nothing: no way leads from it to the customer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select, update

from domain.errors import NotAllowed, NotFound
from domain.forgetting import (
    FORGOTTEN,
    PSEUDONYM,
    Document,
    Traces,
    forgotten_case,
    forgotten_line,
    forgotten_message,
    is_forgotten,
    traces_of,
)
from domain.state import LIVE
from records import rows, traces
from records.database import Database, exclusive, insert_or_ignore
from records.tables import actions, closures, commands, escalations, facts, forgotten, forgotten_ids, messages, timeline
from records.tally import Case, Tally

BATCH = 50  # cases in one transaction: a fraction of a second
MOST_NAMED = 10  # cases in a refusal


def new_pseudonym() -> str:
    """The id that takes the place of a customer's."""
    return f"{PSEUDONYM}{token_hex(6)}"


class _NotForGood(Exception):
    """Ends a transaction that only counts."""


class Privacy:
    """`try_out` does everything and takes it back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, customer: str, mark: str, pseudonym: str, now: datetime, *, try_out: bool = False) -> Tally:
        """Forget a customer by their id; `mark` stays in its place, by which nobody finds the id, but who has it finds the mark.

        Raises NotFound `customer_unknown`, NotAllowed `customer_has_live_cases`, which names them.
        """
        with self._database.read() as connection:
            documents = _documents_of(connection, customer)
            known = connection.scalar(select(forgotten_ids.c.mark).where(forgotten_ids.c.mark == mark)) is not None
        if all(is_forgotten(one) for one in documents):
            _refuse_unknown(customer, known or bool(documents))
            return Tally(pseudonym, traces_of(()), [], before=True)
        _refuse_live(customer, documents)
        tally = Tally(pseudonym, traces_of(documents), _cases(documents))
        step = partial(self._step, try_out)
        traces.remove(self._database, step, customer, tally)
        if tally.cases and not try_out:
            self._rename(customer, mark, tally, now)
        self._empty(tally, try_out=try_out)
        return tally

    def unfinished(self) -> list[str]:
        """The pseudonyms of those who were forgotten and of whom something may be left, here or in Temporal."""
        query = select(forgotten.c.pseudonym).where(forgotten.c.done_at.is_(None)).order_by(forgotten.c.at)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def go_on(self, pseudonym: str) -> Tally:
        """Empty the cases of one who was forgotten once more: what was left, and what came afterwards."""
        with self._database.read() as connection:
            documents = _documents_of(connection, pseudonym)
        tally = Tally(pseudonym, traces_of(documents), _cases(documents))
        self._empty(tally, try_out=False)
        return tally

    def done(self, pseudonym: str, now: datetime) -> None:
        """Nothing is left of them."""
        this = forgotten.c.pseudonym == pseudonym
        with self._database.write() as connection:
            connection.execute(update(forgotten).where(this).values(done_at=now))

    def _rename(self, customer: str, mark: str, tally: Tally, now: datetime) -> None:
        """All cases at once, so that they stay one customer's whatever happens now.

        Of two who forget the same one at once the second takes the first one's pseudonym. A case that came and ended since
        they were read is among them.
        """
        with self._database.write() as connection:
            exclusive(connection, f"forget {mark}")
            documents = _documents_of(connection, customer)
            _refuse_live(customer, documents)
            tally.cases += sorted(set(_cases(documents)) - set(tally.cases))
            tally.pseudonym = _pseudonym_of(connection, tally.cases[0]) or tally.pseudonym
            insert_or_ignore(connection, forgotten, [{"pseudonym": tally.pseudonym, "at": now}])
            insert_or_ignore(connection, forgotten_ids, [{"mark": mark}])
            for table in (escalations, closures, facts):
                connection.execute(update(table).where(table.c.customer == customer).values(customer=tally.pseudonym))

    def _empty(self, tally: Tally, *, try_out: bool) -> None:
        for begin in range(0, len(tally.cases), BATCH):
            with self._step(try_out) as connection:
                for case in tally.cases[begin : begin + BATCH]:
                    _empty_case(connection, case, tally)

    @contextmanager
    def _step(self, try_out: bool) -> Iterator[Connection]:
        with suppress(_NotForGood), self._database.write() as connection:
            yield connection
            if try_out:
                raise _NotForGood  # takes it all back


def _documents_of(connection: Connection, customer: str) -> list[Document]:
    query = select(escalations.c.document).where(escalations.c.customer == customer)
    return list(connection.scalars(query.order_by(escalations.c.id, escalations.c.episode)))


def _cases(documents: Sequence[Document]) -> list[Case]:
    return [(one["id"], one["episode"]) for one in documents]


def _pseudonym_of(connection: Connection, case: Case) -> str | None:
    """What somebody quicker has put in the place of its customer since it was read."""
    customer: str = connection.execute(select(escalations.c.customer).where(_of(escalations, case))).scalar_one()
    return customer if customer.startswith(PSEUDONYM) else None


def _refuse_unknown(customer: str, forgotten_before: bool) -> None:
    if not forgotten_before:
        raise NotFound(
            "customer_unknown",
            f"no case is of a customer '{customer}': write their id as their cases have it, small as small",
        )


def _refuse_live(customer: str, documents: Sequence[Document]) -> None:
    live = [one["id"] for one in documents if one["status"] in LIVE]
    if live:
        named = ", ".join(live[:MOST_NAMED]) + (f" and {len(live) - MOST_NAMED} more" if len(live) > MOST_NAMED else "")
        raise NotAllowed(
            "customer_has_live_cases", f"'{customer}' still waits for an answer: close or cancel {named} first"
        )


def _empty_case(connection: Connection, case: Case, tally: Tally) -> None:
    """The row of the case first: its lock is the one that everybody takes first."""
    tally.removed["cases"] += _empty_document(connection, case, tally.pseudonym)
    tally.removed["lines"] += _empty_lines(connection, case, tally.known)
    tally.removed["messages"] += _empty_messages(connection, case, tally.known)
    tally.removed["commands"] += _empty_commands(connection, case)
    tally.removed["closures"] += _empty_closure(connection, case)
    _empty_actions(connection, case, tally)


def _empty_document(connection: Connection, case: Case, pseudonym: str) -> int:
    mine = _of(escalations, case)
    columns = (escalations.c.document, escalations.c.version, escalations.c.updated_at)
    row = connection.execute(select(*columns).where(mine).with_for_update()).one()
    changed = forgotten_case(row.document, pseudonym)
    if changed == row.document:
        return 0
    version = max(row.version, changed["version"])
    connection.execute(update(escalations).where(mine).values(**rows.escalation_row(changed, version, row.updated_at)))
    return 1


def _empty_lines(connection: Connection, case: Case, known: Traces) -> int:
    count = 0
    for row in connection.execute(select(timeline).where(_of(timeline, case))).all():
        text, data = forgotten_line(row.kind, row.actor, row.text, row.data, known)
        if (text, data) != (row.text, row.data):
            this = _of(timeline, case) & (timeline.c.seq == row.seq)
            count += connection.execute(update(timeline).where(this).values(text=text, data=data)).rowcount
    return count


def _empty_messages(connection: Connection, case: Case, known: Traces) -> int:
    """Those of the case, and those of others that it went out in or that went out in its own."""
    mine = select(messages.c.key).where(_of(messages, case))
    leaders = select(messages.c.led_by).where(_of(messages, case), messages.c.led_by.is_not(None))
    whole = or_(_of(messages, case), messages.c.key.in_(leaders), messages.c.led_by.in_(mine))
    count = 0
    for row in connection.execute(select(messages).where(whole).order_by(messages.c.key)).all():
        changes = _without_words(row, known, own=(row.id, row.episode) == case)
        if any(getattr(row, name) != value for name, value in changes.items()):
            count += connection.execute(update(messages).where(messages.c.key == row.key).values(**changes)).rowcount
    return count


def _without_words(row: Any, known: Traces, *, own: bool) -> dict[str, Any]:
    """Who of us was written to, how and when stays; where the customer was written to does not."""
    changes: dict[str, Any] = {name: None if getattr(row, name) is None else FORGOTTEN for name in ("subject", "text")}
    if not own:
        return changes
    changes["document"] = forgotten_message(row.document, known)
    if row.person is None:
        return changes | {"to": None, "reason": None}  # a reason may be the provider's words, with the address in them
    return changes | {"reason": None if known.betrayed_by(row.reason) else row.reason}


def _empty_commands(connection: Connection, case: Case) -> int:
    said = (commands.c.escalation == case[0]) & or_(commands.c.episode == case[1], commands.c.episode.is_(None))
    found = connection.execute(select(commands.c.command_id, commands.c.body, commands.c.reason).where(said)).all()
    wordy = [row.command_id for row in found if row.body or row.reason]
    for one in wordy:
        this = commands.c.command_id == one
        connection.execute(update(commands).where(this).values(body={}, reason=None))
    return len(wordy)


def _empty_closure(connection: Connection, case: Case) -> int:
    """It is found by its words no more; a trigger of SQLite's tells the index."""
    wordy = _of(closures, case) & (closures.c.subject != FORGOTTEN)
    nothing = {"subject": FORGOTTEN, "fix": None, "cause": None, "subject_terms": "", "terms": ()}
    return connection.execute(update(closures).where(wordy).values(**nothing)).rowcount


def _empty_actions(connection: Connection, case: Case, tally: Tally) -> None:
    """What is still to be done stays to be done, unless it names the customer."""
    of_case = (actions.c.escalation == case[0]) & (actions.c.episode == case[1]) & (actions.c.text != FORGOTTEN)
    for row in connection.execute(select(actions).where(of_case)).all():
        this, moved = actions.c.id == row.id, {**row.moved, "note": None} if row.moved else None
        if row.state == "open" and not tally.known.betrayed_by(row.text):
            connection.execute(update(actions).where(this).values(moved=moved))
            tally.leave("actions", row.id)
            continue
        connection.execute(update(actions).where(this).values(text=FORGOTTEN, note=None, moved=moved))
        tally.removed["actions"] += 1


def _of(table: Table, case: Case) -> ColumnElement[bool]:
    return (table.c.id == case[0]) & (table.c.episode == case[1])
