"""A long preview in fewer lines: moments that come again and again alike are shown once, with how often they come."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

LONGEST = 8  # moments in what repeats: a warning and the miss of each promise of a working day
FEWEST = 3  # times in all; fewer are shown as they are

T = TypeVar("T")


@dataclass(frozen=True)
class Again(Generic[T]):
    """What stands above comes so many times more, evenly apart; `until` is its last moment, `lines` are what is folded."""

    times: int
    every: timedelta
    until: datetime
    lines: Sequence[T]


class _Moment(NamedTuple):
    at: datetime
    first: int  # its place among the lines, and that of the first of the next moment
    end: int
    said: Sequence[object]


def folded(lines: Sequence[T], at: Callable[[T], datetime], said: Callable[[T], object]) -> Iterator[T | Again[T]]:
    """The lines in their order; where several moments repeat, `Again` stands for all but the first.

    `at` is when a line is; `said` is all else of it, alike for two lines of which the later says the same again.
    """
    moments = list(_moments(lines, at, said))
    place = 0
    while place < len(moments):
        here = moments[place:]
        length = next((length for length in range(1, LONGEST + 1) if _times(here, length) >= FEWEST), 0)
        times = _times(here, length) if length else 1
        shown, last = here[(length or 1) - 1], here[times * (length or 1) - 1]
        yield from lines[here[0].first : shown.end]
        if length:
            yield Again(times - 1, here[length].at - here[0].at, last.at, lines[shown.end : last.end])
        place += times * (length or 1)


def _moments(lines: Sequence[T], at: Callable[[T], datetime], said: Callable[[T], object]) -> Iterator[_Moment]:
    for when, places in groupby(range(len(lines)), key=lambda place: at(lines[place])):
        found = list(places)
        yield _Moment(when, found[0], found[-1] + 1, [said(lines[place]) for place in found])


def _times(moments: Sequence[_Moment], length: int) -> int:
    """How often the first `length` moments come, evenly apart, before something else does."""
    if len(moments) <= length:
        return 1
    every = moments[length].at - moments[0].at
    pairs = zip(moments, moments[length:], strict=False)
    alike = (one.said == next_.said and next_.at - one.at == every for one, next_ in pairs)
    return 1 + next((place for place, same in enumerate(alike) if not same), len(moments) - length) // length
