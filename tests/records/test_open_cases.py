"""Open cases in memory are found, sorted, paged and counted as the store does it, also after each change. On both databases."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from domain.state import LIVE
from domain.tickets import PRIORITIES
from records.board import Board, counts_of
from records.database import Database
from records.escalations import SORTS, Document, Escalations, Filters
from records.open_cases import OpenCases
from tests.records.samples import NOW, at, document, target, text

MANY, PAGE = 40, 7
OPEN = ",".join(LIVE)
BOARDS = (
    Filters(status=OPEN),
    Filters(status="paused"),
    Filters(status=OPEN, tier="L2"),
    Filters(status=OPEN, team="experts", priority="critical"),
    Filters(status=OPEN, owner=""),
    Filters(status=OPEN, owner="dana"),
    Filters(status=OPEN, customer="acme-1"),
    Filters(status=OPEN, overdue=True),
    Filters(status=OPEN, q="ACME straße"),
    Filters(status=OPEN, q="100%_"),
)
ORDERS = [f"{sign}{name}" for name in SORTS for sign in ("", "-")]


def made_up(number: int, version: int, chance: Random) -> Document:
    """Any case; few enough ways to be that many are alike."""
    ends = chance.choice(["closed", "cancelled", *LIVE, *LIVE])
    tier = chance.randrange(2)
    late = chance.random() < 0.3
    return document(
        f"zendesk-{number:03}",
        version=version,
        status=ends,
        priority=chance.choice(PRIORITIES),
        tier={"index": tier, "name": f"L{tier + 1}"},
        team=chance.choice(["support", "experts"]),
        owner=chance.choice([None, "dana", "sam"]),
        customer={"id": f"acme-{chance.randrange(3)}", "name": chance.choice(["Acme Straße", "100%_ Beta"])},
        targets=[target("acknowledge", tier=f"L{tier + 1}", breached=True)] if late else [],
        next_due_at=chance.choice([None, text(at(chance.randrange(4)))]),
        opened_at=text(at(-chance.randrange(4))),
        closed_at=text(NOW) if ends == "closed" else None,
    )


def pages(cases: OpenCases | Escalations, filters: Filters, sort: str) -> Iterator[list[str]]:
    """The ids of one page after the other."""
    after: str | None = None
    while True:
        if isinstance(cases, OpenCases):
            lines, after = cases.page(filters, sort, after, PAGE)
            yield [line.id for line in lines]
        else:
            documents, after = cases.list_page(filters, sort, PAGE, after)
            yield [one["id"] for one in documents]
        if after is None:
            return


def same(database: Database, known: OpenCases) -> None:
    for filters in BOARDS:
        for sort in ORDERS:
            assert list(pages(known, filters, sort)) == list(pages(Escalations(database), filters, sort)), filters
    assert counts_of(known.lines.values()) == Board(database).counts()


@pytest.mark.parametrize("seed", [1, 2])
def test_pages_and_counts_are_those_of_the_store_before_and_after_changes(database: Database, seed: int) -> None:
    board, store, chance = Board(database), Escalations(database), Random(seed)  # noqa: S311 - made-up cases
    for number in range(0, MANY, 2):
        store.save_document(made_up(number, 1, chance), 1, NOW)
    known = OpenCases(board.open_cases())
    same(database, known)
    later = NOW + timedelta(seconds=1)
    for number in range(MANY):
        store.save_document(made_up(number, 2, chance), 2, later + timedelta(seconds=number % 3))
    for line in board.changes(NOW).lines.values():
        known.take(line)
    same(database, known)


def test_what_nobody_asks_for_any_more_is_forgotten_and_found_again(database: Database) -> None:
    store, filters = Escalations(database), Filters(status=OPEN)
    store.save_document(document("zendesk-1"), 1, NOW)
    known = OpenCases(Board(database).open_cases())
    first: Any = known.page(filters, "next_due_at", None, PAGE)
    known.keep_only(set())
    assert known.page(filters, "next_due_at", None, PAGE) == first
