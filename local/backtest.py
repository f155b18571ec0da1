"""Many tickets through several policies on several processes: parts of the file go out, counts come back.

A part is read, checked and played where it arrives, so this process only splits lines and adds counts. A few parts are under way
at a time, and the file is read no faster than it is played: memory does not grow with the file. Parts are added in the order of
the file, so one process and many give the same answer. Processes are spawned, never forked: the caller may have threads.
"""

import gc
import multiprocessing
import signal
import zoneinfo
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.backtest import Tally, Trial, zones_of
from domain.errors import DomainError
from domain.policy import Policy
from domain.roster import Roster
from local.past_tickets import Columns, Line, LineFault, columns_of, lines_of, ticket_of

PART = 100  # lines; about a second of work, so the last parts end together
AHEAD = 2  # parts for each process: one being played, one waiting for it
MOST_SHOWN = 20  # faulty lines that are described; the others are counted


class Stopped(Exception):
    """A process of ours was ended before its part was done; there is no answer."""


@dataclass(frozen=True)
class Task:
    """What every process needs to know once: who is tried, and how to read a line."""

    policies: tuple[Policy, ...]
    roster: Roster
    columns: Columns
    zone: str | None  # of times without an offset


@dataclass
class Result:
    """The counts of each policy, in the order they were named, and what was left out of them.

    `first` and `last` are when the earliest and the latest ticket opened; None without any ticket.
    """

    tallies: list[Tally]
    faults: list[str] = field(default_factory=list)  # the first ones only
    faulty: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def tickets(self) -> int:
        """How many were played; every policy has had the same ones."""
        return self.tallies[0].tickets

    def add(self, other: "Result") -> None:
        """Count what the other has counted, too; it comes from further down in the file."""
        for mine, theirs in zip(self.tallies, other.tallies, strict=True):
            mine.add(theirs)
        self.faults += other.faults[: MOST_SHOWN - len(self.faults)]
        self.faulty += other.faulty
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)


def backtest(file: Path, task: Task, processes: int, progress: Callable[[int], None] = lambda _: None) -> Result:
    """Play every ticket of the file through every policy; `progress` hears how many lines are done. Raises FileFault, Stopped."""
    total, done = Result([Tally() for _ in task.policies]), 0
    parts = _parts(file, task.columns)
    for size, found in _played_here(task, parts) if processes == 1 else _played(task, parts, processes):
        total.add(found)
        done += size
        progress(done)
    return total


def _parts(file: Path, columns: Columns) -> Iterator[list[Line]]:
    lines = lines_of(file, columns)
    while part := list(islice(lines, PART)):
        yield part


def _played_here(task: Task, parts: Iterator[list[Line]]) -> Iterator[tuple[int, Result]]:
    player = _Player(task)
    for part in parts:
        yield len(part), player.play(part)


def _played(task: Task, parts: Iterator[list[Line]], processes: int) -> Iterator[tuple[int, Result]]:
    """Results in the order of the parts. Raises FileFault, Stopped."""
    spawn = multiprocessing.get_context("spawn")
    under_way: deque[tuple[int, Future[Result]]] = deque()
    with ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(task,)) as pool:
        try:
            for part in parts:
                under_way.append((len(part), pool.submit(_play, part)))
                if len(under_way) >= processes * AHEAD:
                    yield _next(under_way)
            while under_way:
                yield _next(under_way)
        except BrokenProcessPool:
            raise Stopped(
                "a process was ended from outside; is there memory enough for that many --processes?"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nothing more is begun


def _next(under_way: deque[tuple[int, Future[Result]]]) -> tuple[int, Result]:
    size, future = under_way.popleft()
    return size, future.result()


class _Player:
    """Plays parts, with everything at hand that they share."""

    def __init__(self, task: Task) -> None:
        self._trials = [Trial(policy, task.roster) for policy in task.policies]
        self._people = zones_of(task.roster)
        self._columns = task.columns
        self._zone = ZoneInfo(task.zone) if task.zone else None

    def play(self, part: Sequence[Line]) -> Result:
        found = Result([Tally() for _ in self._trials])
        for line in part:
            try:
                self._play_line(line, found)
            except (LineFault, DomainError) as error:
                found.faulty += 1
                if len(found.faults) < MOST_SHOWN:
                    found.faults.append(f"line {line.number}: {error}")
        return found

    def _play_line(self, line: Line, found: Result) -> None:
        """Count the line for all policies, or, when it cannot be played under one of them, for none."""
        past = ticket_of(line, self._columns, self._zone)
        courses = [trial.play(past) for trial in self._trials]
        for tally, course in zip(found.tallies, courses, strict=True):
            tally.take(course, self._people)
        found.first = min(found.first or past.opened_at, past.opened_at)
        found.last = max(found.last or past.opened_at, past.opened_at)


_player: _Player | None = None  # of this process, made when it begins


def _begin(task: Task) -> None:
    global _player
    zoneinfo.reset_tzpath(to=())  # as in `cli.main`: time zones come from the pinned package
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; only the first one answers
    _player = _Player(task)
    gc.freeze()  # what is there stays; nothing a ticket leaves behind points at itself,
    gc.set_threshold(50_000)  # so looking for such things every 700 objects costs a tenth of the time


def _play(part: list[Line]) -> Result:
    if _player is None:
        raise RuntimeError("a process was given a part before it had begun")
    return _player.play(part)


def task_of(file: Path, policies: Sequence[Policy], roster: Roster, zone: str | None) -> Task:
    """What the processes are to do with that file. Raises FileFault."""
    return Task(tuple(policies), roster, columns_of(file), zone)
