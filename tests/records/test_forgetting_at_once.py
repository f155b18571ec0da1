"""A customer is forgotten twice at once, or has one more case meanwhile: the cases stay one customer's, and none keeps a word."""

from collections.abc import Callable
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from domain.forgetting import FORGOTTEN
from records import traces
from records.database import Database
from records.privacy import Privacy, new_pseudonym
from records.tables import closures, escalations, facts
from records.tally import Tally
from tests.records.closed import close, closed
from tests.records.conftest import Open
from tests.records.samples import at
from tests.records.test_at_once import at_once

ROUNDS = 5
CASES = 3


def _with_cases(database: Database, customer: str) -> Database:
    close(database, *(closed(f"{customer}-{number}", customer=customer) for number in range(CASES)))
    return database


def _forget(database: Database, customer: str = "acme") -> Tally:
    return Privacy(database).forget(customer, f"mark of {customer}", new_pseudonym(), at(60))


def _after_looking(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Do something else once a forgetting has looked everywhere, before it gives the pseudonym."""
    looks = traces.remove

    def looks_and_then(*told: Any) -> None:
        looks(*told)
        deed()

    monkeypatch.setattr(traces, "remove", looks_and_then)


def _customers(database: Database) -> set[str]:
    """Of all cases, wherever is kept whose they are."""
    with database.read() as connection:
        columns = (escalations.c.customer, closures.c.customer, facts.c.customer)
        told = {name for column in columns for name in connection.scalars(select(column))}
        return told | {one["customer"]["id"] for one in connection.scalars(select(escalations.c.document))}


def test_who_is_overtaken_takes_the_pseudonym_of_who_was_quicker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker: list[Tally] = []

    def is_overtaken() -> None:
        monkeypatch.undo()
        quicker.append(_forget(database))

    _with_cases(database, "acme")
    _after_looking(monkeypatch, is_overtaken)
    slower = _forget(database)
    assert (quicker[0].removed["cases"], slower.removed["cases"]) == (CASES, 0)
    assert _customers(database) == {quicker[0].pseudonym} == {slower.pseudonym}
    assert Privacy(database).unfinished() == [slower.pseudonym]


def test_two_at_the_same_instant_give_one_pseudonym(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = (open_database(), open_database())
    _after_looking(monkeypatch, Barrier(len(stores), timeout=20).wait)
    for number in range(ROUNDS):
        _with_cases(stores[0], f"c{number}")
        at_once(*(partial(_forget, store, f"c{number}") for store in stores))
        pseudonyms = Privacy(stores[0]).unfinished()
        assert len(pseudonyms) == number + 1
        assert _customers(stores[0]) == set(pseudonyms)


def test_a_case_that_came_and_ended_meanwhile_is_emptied_with_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_cases(database, "acme")
    _after_looking(monkeypatch, lambda: close(database, closed("late", customer="acme")))
    tally = _forget(database)
    assert ("late", 1) in tally.cases
    assert _customers(database) == {tally.pseudonym}
    with database.read() as connection:
        assert set(connection.scalars(select(escalations.c.subject))) == {FORGOTTEN}
