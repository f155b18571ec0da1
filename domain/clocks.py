"""SLA clocks: an append-only list of events from which everything else is derived.

A clock never stores what remains. Its deadline is counted from its anchor through its calendar every time it is asked, so
nothing drifts, a pause is exact to the second, and a change of priority or policy keeps the pauses.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.calendars import Calendar, WorkingTime
from domain.policy import PauseReason, TargetName
from domain.replaced import replaced

ClockEventKind = Literal["start", "pause", "resume", "retarget", "met", "cancelled"]
ENDS = ("met", "cancelled")
ClockStatus = Literal["running", "paused", "met", "breached", "cancelled"]


class ClockEvent(BaseModel):
    """Something that happened to a clock; `seconds` and `calendar` are set by `start` and `retarget` only."""

    model_config = ConfigDict(frozen=True)

    kind: ClockEventKind
    at: datetime
    seconds: int | None = None
    calendar: str | None = None

    def __hash__(self) -> int:
        # As that of a clock: equality looks at all.
        return hash((self.kind, self.at))


class Clock(BaseModel):
    """One target: `entry` and `tier` are None for the targets of the whole escalation.

    `warned` lists the percentages already told or passed over; `breached_at` is the true deadline that was missed and stays.
    """

    model_config = ConfigDict(frozen=True)

    name: TargetName
    tier: str | None = None
    entry: int | None = None
    warn_at: tuple[int, ...] = ()
    pauses: tuple[PauseReason, ...] = ()
    events: tuple[ClockEvent, ...]
    warned: tuple[int, ...] = ()
    breached_at: datetime | None = None

    def __hash__(self) -> int:
        # Asked thousands of times for one case, so it looks at a few things only; equality looks at all.
        return hash((self.name, self.warned, self.events[-1].at))

    @property
    def started_at(self) -> datetime:
        """The anchor: working time is counted from here."""
        return self.events[0].at

    @property
    def seconds(self) -> int:
        """The target's working time in seconds, as last set."""
        return next(event.seconds for event in reversed(self.events) if event.seconds is not None)

    @property
    def calendar(self) -> str:
        """The name of the calendar the target is counted in, as last set."""
        for event in reversed(self.events):  # asked thousands of times for one case
            if event.calendar is not None:
                return event.calendar
        raise ValueError("a clock begins with its start")

    @property
    def phase(self) -> ClockEventKind:
        """The last event that starts, stops or ends the clock (a retarget does none of these)."""
        for event in reversed(self.events):  # asked thousands of times for one case
            if event.kind != "retarget":
                return event.kind
        raise ValueError("a clock begins with its start")

    @property
    def running(self) -> bool:
        """Time counts."""
        return self.phase in ("start", "resume")

    @property
    def over(self) -> bool:
        """Met or cancelled."""
        return self.events[-1].kind in ENDS  # nothing is retargeted after its end

    @property
    def met_at(self) -> datetime | None:
        """When the target was met, also after its breach."""
        return self.events[-1].at if self.phase == "met" else None

    @property
    def status(self) -> ClockStatus:
        """What the contract calls the target; a breach is never taken back."""
        if self.breached_at is not None:
            return "breached"
        if self.running:
            return "running"
        if self.phase == "pause":
            return "paused"
        return "met" if self.phase == "met" else "cancelled"

    def then(self, kind: ClockEventKind, at: datetime) -> "Clock":
        """The clock with one more event."""
        return self._with(ClockEvent(kind=kind, at=at))

    def retargeted(self, at: datetime, seconds: int, calendar: str) -> "Clock":
        """The clock with another working time or calendar, counted from the same anchor through the same pauses."""
        return self._with(ClockEvent(kind="retarget", at=at, seconds=seconds, calendar=calendar))

    def _with(self, event: ClockEvent) -> "Clock":
        return replaced(self, events=(*self.events, event))

    def breached(self, at: datetime) -> "Clock":
        """The clock with its breach written down; no warning follows a breach."""
        return replaced(self, breached_at=at, warned=self.warn_at)

    def with_warned(self, percents: tuple[int, ...]) -> "Clock":
        """The clock with these percentages never told again."""
        return replaced(self, warned=tuple(sorted({*self.warned, *percents})))


def started(
    name: TargetName,
    at: datetime,
    seconds: int,
    calendar: str,
    *,
    tier: str | None = None,
    entry: int | None = None,
    warn_at: tuple[int, ...] = (),
    pauses: tuple[PauseReason, ...] = (),
) -> Clock:
    """A clock that starts at `at` with `seconds` of working time in the calendar of that name."""
    first = ClockEvent(kind="start", at=at, seconds=seconds, calendar=calendar)
    return Clock(name=name, tier=tier, entry=entry, warn_at=warn_at, pauses=pauses, events=(first,))


def reached_at(clock: Clock, calendar: Calendar, seconds: int) -> datetime | None:
    """When `seconds` of working time have been spent; None while that lies behind an open pause or an end."""
    return _reached_at(clock.events, calendar, seconds)


@lru_cache(maxsize=4096)  # asked dozens of times between two events of a clock
def _reached_at(events: tuple[ClockEvent, ...], calendar: Calendar, seconds: int) -> datetime | None:
    working = WorkingTime(calendar)
    left = seconds
    for begins, ends in _spans(events):
        if ends is None:
            return working.add(begins, left)
        spent = working.between(begins, ends)
        if spent >= left and (reached := working.add(begins, left)) <= ends:
            return reached
        left -= spent
    return None


def deadline(clock: Clock, calendar: Calendar) -> datetime | None:
    """When the target is missed; None while it is paused or over and was not reached before."""
    return reached_at(clock, calendar, clock.seconds)


def warning_at(clock: Clock, calendar: Calendar, percent: int) -> datetime | None:
    """When `percent` of the target's working time is spent (whole seconds, rounded down)."""
    return reached_at(clock, calendar, clock.seconds * percent // 100)


def elapsed(clock: Clock, calendar: Calendar, at: datetime) -> int:
    """Working seconds spent until `at`."""
    working = WorkingTime(calendar)
    spans = ((begins, min(ends or at, at)) for begins, ends in _spans(clock.events) if begins < at)
    return sum(working.between(begins, ends) for begins, ends in spans)


def _spans(events: tuple[ClockEvent, ...]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches in which time counted; the last has no end while the clock runs."""
    begins: datetime | None = None
    for event in events:
        if event.kind in ("start", "resume"):
            begins = begins or event.at.astimezone(UTC)
        elif event.kind != "retarget" and begins is not None:
            yield begins, event.at.astimezone(UTC)
            begins = None
    if begins is not None:
        yield begins, None
