"""Sorted opening windows, and the questions that bisection answers: how much is open before, when has so much passed.

Times are whole microseconds since 1970 in UTC, so nothing rounds and no clock change is left to think of.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate


class OpenWindows:
    """The opening windows between `low` and `high`, cut off at both, with the open time up to each one's end."""

    def __init__(self, windows: Iterable[tuple[int, int]], low: int, high: int) -> None:
        merged: list[tuple[int, int]] = []
        for opens, closes in sorted(windows):
            start, end = max(opens, low), min(closes, high)
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            elif start < end:
                merged.append((start, end))
        self.starts = [start for start, _ in merged]
        self.ends = [end for _, end in merged]
        self.open_until = list(accumulate(end - start for start, end in merged))
        self.total = self.open_until[-1] if merged else 0

    def open_before(self, at: int) -> int:
        """Open time before `at`."""
        i = bisect_right(self.starts, at) - 1
        return self.open_until[i] - max(0, self.ends[i] - at) if i >= 0 else 0

    def instant(self, open_time: int) -> int:
        """When `open_time` (over 0, at most `total`) has passed: closing time rather than next opening."""
        i = bisect_left(self.open_until, open_time)
        return self.ends[i] - (self.open_until[i] - open_time)

    def opening(self, at: int) -> int | None:
        """`at` when open, else the next opening here."""
        i = bisect_right(self.ends, at)
        return max(at, self.starts[i]) if i < len(self.starts) else None

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The windows that reach into `start` to `end` (later than `start`), cut off at both."""
        for i in range(bisect_right(self.ends, start), bisect_left(self.starts, end)):
            yield max(start, self.starts[i]), min(end, self.ends[i])
