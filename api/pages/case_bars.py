"""The targets of a case as bars on one time axis: when each began, ran, stood still, was warned of, missed and met.

Everything is a place between 0 and `WIDE` on an axis that begins when the case was opened. A promise of two weeks must not
press one of fifteen minutes flat, so the axis ends soon after the third deadline from now; what goes on beyond it says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.state import TimelineEntry

WIDE = 1_000
NEAREST = 3  # deadlines that the axis has room for
LIMITS = ("closure",)  # days beyond every promise
SHORTEST = timedelta(minutes=10)  # of an axis: a case is looked at in its first second, too
THINNEST = 3  # what is there is seen
MARGIN = 1.08


@dataclass(frozen=True)
class Span:
    """A piece of the axis."""

    x: int
    width: int


@dataclass(frozen=True)
class Bar:
    """One target. `done` is the part that has run, `late` what ran after it was missed; `goes_on`: its end lies beyond."""

    whole: Span
    done: Span | None
    late: Span | None
    pauses: tuple[Span, ...]
    warnings: tuple[int, ...]
    missed: int | None
    met: int | None
    goes_on: bool


@dataclass(frozen=True)
class Axis:
    """From `begin` to `end`; `now` is a place, or None once the case has ended."""

    begin: datetime
    end: datetime
    now: int | None

    def place(self, at: datetime) -> int:
        """Where on the axis; what lies outside is put at its edge."""
        share = (at - self.begin) / (self.end - self.begin)
        return round(min(max(share, 0.0), 1.0) * WIDE)

    def span(self, begin: datetime, end: datetime) -> Span:
        """From one time to the other, wide enough to be seen."""
        x, to = self.place(begin), self.place(end)
        x = min(x, WIDE - THINNEST)
        return Span(x, max(to - x, THINNEST))


Target = Mapping[str, Any]


def axis_of(case: Mapping[str, Any], now: datetime) -> Axis:
    """The axis for the targets of a case."""
    begin, ended = _time(case["opened_at"]), _time(case["closed_at"])
    assert begin is not None  # noqa: S101 - every case was opened
    last = ended or now
    running = [one for one in case["targets"] if one["status"] == "running" and one["name"] not in LIMITS]
    ahead = sorted(at for one in running if (at := _time(one["due_at"])) and at > last)
    shown = ahead[:NEAREST]
    end = max([last, *shown, begin + SHORTEST])
    axis = Axis(begin, begin + (end - begin) * MARGIN, None)
    return Axis(axis.begin, axis.end, None if ended else axis.place(now))


def pauses_of(history: Sequence[TimelineEntry], until: datetime) -> list[tuple[datetime, datetime]]:
    """When the case stood still, by its own history; the last pause may still go on `until` now."""
    found: list[tuple[datetime, datetime]] = []
    since: datetime | None = None
    for entry in history:
        if entry.kind == "paused" and since is None:
            since = entry.at
        elif since is not None and entry.kind in ("resumed", "resolved", "escalated", "climbed", "cancelled", "closed"):
            found.append((since, entry.at))
            since = None
    return found if since is None else [*found, (since, until)]


def bar_of(target: Target, axis: Axis, now: datetime, pauses: Sequence[tuple[datetime, datetime]]) -> Bar | None:
    """The bar of a target; None for one that never began to run."""
    begin, due = _time(target["started_at"]), _time(target["due_at"])
    if begin is None:
        return None
    missed, met = _time(target["breached_at"]), _time(target["met_at"])
    ended = met or (due if target["status"] == "cancelled" and due else now)
    reached = max(min(ended, now), begin)
    last = max(one for one in (due, missed, met, begin) if one is not None)
    over = target["status"] == "cancelled"
    return Bar(
        whole=axis.span(begin, last if met is None else max(met, begin)),
        done=None if over else axis.span(begin, min(reached, missed) if missed else reached),
        late=axis.span(missed, reached) if missed and reached > missed else None,
        pauses=tuple(
            axis.span(max(one, begin), min(to, reached)) for one, to in pauses if begin < to and one < reached
        ),
        warnings=tuple(axis.place(at) for text in target["warn_at"] if (at := _time(text)) and at <= axis.end),
        missed=axis.place(missed) if missed else None,
        met=axis.place(met) if met else None,
        goes_on=met is None and last > axis.end,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
