"""What the boards that watch show, drawn once for all that are alike and only when it has changed.

The open cases are in memory while somebody watches: read when the first board comes and once a minute, and kept up to date by
what the one look a second finds (`api.watching`). So a hundred boards with different filters cost the store no more than one.
What the board says of the house (names, overdue actions, problems) is read again when a board comes, and once a minute.
A board that cannot be drawn ends alone: all others go on.
"""

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol, TypeAlias

import structlog

from api.errors import trace_of
from domain.roster import Roster
from domain.state import LIVE
from records.actions import Actions
from records.board import MOST_CHANGES, Board, Changes, Counts, counts_of
from records.database import Database
from records.escalations import Document, Filters
from records.open_cases import Key, Line, OpenCases
from records.problems import Problems
from records.roster import RosterStore

READ_AGAIN = 60.0  # seconds; what no look has found is right again then
MOST_ROWS = 10_000  # drawn rows that are kept; 20 MB

log = structlog.get_logger()


@dataclass(frozen=True)
class House:
    """What a board shows besides open cases."""

    roster: Roster
    actions_overdue: int
    problems_open: int


@dataclass(frozen=True)
class Case:
    """`stamp` is another one after each change."""

    stamp: Hashable
    document: Document


Rows: TypeAlias = dict[Hashable, str]
"""Drawn rows, by all that they depend on but the roster."""


class WatchedBoard(Hashable, Protocol):
    """A board as it was asked for; those that are equal show the same."""

    @property
    def filters(self) -> Filters:
        """Which cases it shows."""

    @property
    def sort(self) -> str:
        """In which order."""

    @property
    def after(self) -> str | None:
        """The cursor it begins behind."""

    @property
    def size(self) -> int:
        """How many cases are on a page."""

    @property
    def today(self) -> date:
        """The reader's day: rows say times of another one with its date."""

    def numbers(self, counts: Counts, house: House) -> str:
        """What stands above the rows, as it is sent."""

    def table(self, cases: Sequence[Case], following: str | None, roster: Roster, rows: Rows) -> str:
        """The rows, as they are sent."""


@dataclass(frozen=True)
class Part:
    """A part of a board, and what it was drawn of."""

    of: object
    text: str


class WatchedBoards:
    """Those of one process. One thread at a time looks; what it has drawn may be read meanwhile."""

    def __init__(self, database: Database) -> None:
        self._board, self._roster = Board(database), RosterStore(database)
        self._actions, self._problems = Actions(database), Problems(database)
        self._open = OpenCases(())
        self._read_at: float | None = None
        self._house = House(Roster(), 0, 0)
        self._counts = counts_of(())
        self._cases: dict[Key, Case] = {}
        self._rows: Rows = {}
        self._drawn: dict[WatchedBoard, tuple[Part, ...]] = {}

    def parts(self, board: WatchedBoard) -> list[str]:
        """What one of the boards of the last look shows: its numbers, its rows; nothing where it could not be drawn."""
        return [part.text for part in self._drawn.get(board, ())]

    def look(
        self, found: Changes, changed: Collection[Key] | None, asked: Collection[WatchedBoard]
    ) -> set[WatchedBoard]:
        """Those of the boards that show something else now; `changed` are the keys that are news, None: any may be."""
        come = any(board not in self._drawn for board in asked)
        again = changed is None or len(changed) >= MOST_CHANGES or self._is_old()
        if not asked:
            self._drawn, self._read_at = {}, None
        elif again or come or changed:
            if again or come:
                self._read_house()
            if again:
                self._read_cases()
            else:
                self._follow(found.lines[key] for key in changed or ())
            return self._draw(asked, {} if again else found.documents)  # cases read after them may be newer
        return set()

    def _is_old(self) -> bool:
        return self._read_at is None or time.monotonic() - self._read_at > READ_AGAIN

    def _read_house(self) -> None:
        roster = self._roster.current()
        if roster is not self._house.roster:
            self._rows.clear()
        self._house = House(roster, self._actions.overdue(roster, datetime.now(UTC)), self._problems.unresolved())

    def _read_cases(self) -> None:
        self._open, self._read_at = OpenCases(self._board.open_cases()), time.monotonic()
        self._counts = counts_of(self._open.lines.values())

    def _follow(self, changed: Iterable[Line]) -> None:
        for line in changed:
            self._open.take(line)
        self._counts = counts_of(self._open.lines.values())

    def _draw(self, asked: Collection[WatchedBoard], news: Mapping[Key, Document]) -> set[WatchedBoard]:
        self._open.keep_only({(board.filters, board.sort) for board in asked})
        pages = {board: self._open.page(board.filters, board.sort, board.after, board.size) for board in asked}
        self._read_documents({line.key: line for lines, _ in pages.values() for line in lines}, news)
        if len(self._rows) > MOST_ROWS:
            self._rows.clear()
        before = self._drawn
        tried = {board: self._one(board, before.get(board, ()), *page) for board, page in pages.items()}
        self._drawn = {board: parts for board, parts in tried.items() if parts}
        return {board for board, parts in tried.items() if not parts or parts != before.get(board)}

    def _read_documents(self, shown: Mapping[Key, Line], news: Mapping[Key, Document]) -> None:
        """Of the cases on a page; what this look has found need not be asked for, and what was closed meanwhile is no row."""
        known = {key: case for key, case in self._cases.items() if key in shown and case.stamp == shown[key].stamp}
        missing = [key for key in shown if key not in known]
        read = self._board.documents([key for key in missing if key not in news])
        found = {key: document for key in missing if (document := news.get(key) or read.get(key))}
        live = {key: document for key, document in found.items() if document["status"] in LIVE}
        self._cases = known | {key: Case(shown[key].stamp, document) for key, document in live.items()}

    def _one(
        self, board: WatchedBoard, was: tuple[Part, ...], lines: Sequence[Line], following: str | None
    ) -> tuple[Part, ...]:
        """Its numbers and its rows; nothing where it cannot be drawn."""
        cases = [self._cases[line.key] for line in lines if line.key in self._cases]
        counts, house = self._counts, self._house
        numbers, table = was or (None, None)
        try:
            of_table = ([(case.document["id"], case.stamp) for case in cases], following, house.roster, board.today)
            return (
                _part(numbers, (counts, house), lambda: board.numbers(counts, house)),
                _part(table, of_table, lambda: board.table(cases, following, house.roster, self._rows)),
            )
        except Exception as error:  # noqa: BLE001 - whatever broke it, the boards of others go on
            log.error("a board cannot be drawn; it is told to come again", trace=trace_of(error))
            return ()


def _part(was: Part | None, of: object, draw: Callable[[], str]) -> Part:
    """The same as before when it would be drawn of the same."""
    return was if was is not None and was.of == of else Part(of, draw())
