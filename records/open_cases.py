"""Open cases in memory: what each is filtered and sorted by, and pages of them that follow each change without asking the store.

The same filters, order and cursors as `Escalations.list_page`, for boards that watch: a hundred different ones cost the store as
much as one. Cases that are alike in what they are sorted by stand in the order of their ids, here by code point; a PostgreSQL
with the rules of a language may sort those few otherwise.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from domain.state import LIVE
from records.escalations import Filters, Place, cursor_of, place_of, sort_of, statuses_of, words_of

Key: TypeAlias = tuple[str, int]
"""Id and episode."""
_Sorted: TypeAlias = tuple[bool, int, str, int]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """The row of a case without its document."""

    id: str
    episode: int
    version: int
    status: str
    priority: str
    priority_rank: int
    tier: str
    tier_index: int
    team: str
    owner: str | None
    customer: str
    breached: bool
    next_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    updated_at: datetime
    search: str

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.id, self.episode

    @property
    def stamp(self) -> tuple[int, datetime]:
        """Another one after each change."""
        return self.version, self.updated_at


class OpenCases:
    """All of them, and those of each kind that is asked for in their order."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = {line.key: line for line in lines}
        self._windows: dict[tuple[Filters, str], _Window] = {}

    def take(self, line: Line) -> None:
        """A case has come, has changed or has gone."""
        was, now = self.lines.pop(line.key, None), line if line.status in LIVE else None
        if now is not None:
            self.lines[now.key] = now
        for window in self._windows.values():
            window.take(was, now)

    def page(self, filters: Filters, sort: str, after: str | None, limit: int) -> tuple[list[Line], str | None]:
        """The cases behind a cursor, and the cursor of the next page, None at the end. Raises Invalid as `list_page` does."""
        window = self._windows.get((filters, sort))
        if window is None:
            window = self._windows[filters, sort] = _Window(filters, sort, self.lines.values())
        return window.page(self.lines, after, limit)

    def keep_only(self, wanted: Collection[tuple[Filters, str]]) -> None:
        """Nobody asks for any other filters and orders any more."""
        self._windows = {name: window for name, window in self._windows.items() if name in wanted}


class _Window:
    """The open cases that fit."""

    def __init__(self, filters: Filters, sort: str, lines: Iterable[Line]) -> None:
        column, self._descending = sort_of(sort)
        self._column, self._sort = column.name, sort
        self._fits = _fitting(filters)
        self._order = sorted(self._place(line) for line in lines if self._fits(line))

    def take(self, was: Line | None, now: Line | None) -> None:
        if was is not None and self._fits(was):
            del self._order[bisect_left(self._order, self._place(was))]
        if now is not None and self._fits(now):
            insort(self._order, self._place(now))

    def page(self, lines: Mapping[Key, Line], after: str | None, limit: int) -> tuple[list[Line], str | None]:
        begin = bisect_right(self._order, self._behind(after)) if after else 0
        found = [lines[id, episode] for _, _, id, episode in self._order[begin : begin + limit]]
        if begin + limit >= len(self._order):
            return found, None
        last = found[-1]
        return found, cursor_of(self._sort, Place(getattr(last, self._column), last.id, last.episode))

    def _behind(self, cursor: str) -> _Sorted:
        place = place_of(cursor, self._sort)
        return _sorted(place.value, place.id, place.episode, descending=self._descending)

    def _place(self, line: Line) -> _Sorted:
        return _sorted(getattr(line, self._column), line.id, line.episode, descending=self._descending)


def _sorted(value: datetime | int | None, id: str, episode: int, *, descending: bool) -> _Sorted:
    """Cases without the sorted value come last in both directions."""
    number = (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value or 0
    return value is None, -number if descending else number, id, episode


def _fitting(filters: Filters) -> Callable[[Line], bool]:
    """As `records.escalations` asks the store, for what a board filters by."""
    exact = [(name, value) for name in _EXACT if (value := getattr(filters, name)) is not None]
    statuses, words, late = (
        frozenset(statuses_of(filters.status or ",".join(LIVE))),
        words_of(filters.q or ""),
        filters.overdue,
    )

    def fits(line: Line) -> bool:
        return (
            line.status in statuses
            and all((getattr(line, name) or "") == value for name, value in exact)
            and (late is None or line.breached == late)
            and all(word in line.search for word in words)
        )

    return fits


_EXACT = ("tier", "team", "owner", "priority", "customer")
