"""What goes wrong and when, all of it drawn from the seed before the run begins.

Faults come in windows of some seconds, so that most of a run is fair: a provider is broken for a while, a worker is gone for a
while. The first seconds and the last ones are calm. The same seed and length give the same plan; what it meets there is chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

CALM_BEFORE, CALM_AFTER = 5.0, 8.0  # seconds without a fault at both ends

TAKEN_AND_LOST = "taken, answer lost"
TAKEN_AND_HANGS = "taken, hangs"
TAKEN_AND_500 = "taken, answered 500"
HANGS = "hangs"
RESET_UNREAD = "reset before reading"
ERROR_500 = "answered 500"
LATER_429 = "answered 429 with reset"
REFUSED = "refused for good"

SHARES = {  # of the requests in a window of that kind, how many meet it
    TAKEN_AND_LOST: 0.6,
    TAKEN_AND_HANGS: 0.5,
    TAKEN_AND_500: 0.5,
    HANGS: 0.5,
    RESET_UNREAD: 0.7,
    ERROR_500: 0.8,
    LATER_429: 0.8,
    REFUSED: 0.4,
}

WORKER, WORKERS, API, TEMPORAL_STOP, TEMPORAL_KILL, EVERYTHING = (
    "kill -9 of one worker",
    "kill -9 of both workers",
    "kill -9 of the API",
    "stop of Temporal",
    "kill -9 of Temporal",
    "kill -9 of everything at once",
)
LOSING = (TAKEN_AND_LOST, TAKEN_AND_HANGS, TAKEN_AND_500, HANGS, RESET_UNREAD, ERROR_500)
# The product waits two minutes after a second lost answer. In the second half of a run nobody loses the answer of the
# same message again, or every run would end with that wait.
ROUND = (WORKER, API, TEMPORAL_KILL, WORKERS, WORKER, TEMPORAL_STOP, EVERYTHING, WORKER, API)


def dice(*seed: object) -> Random:
    """Chance that a seed repeats."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - chance for tests, and no secrets


@dataclass(frozen=True)
class Window:
    """A provider misbehaves from `begins` to `ends`, in seconds of the run; `channel` None is both."""

    begins: float
    ends: float
    fault: str
    channel: str | None

    def covers(self, second: float, channel: str) -> bool:
        return self.begins <= second < self.ends and self.channel in (None, channel)


@dataclass(frozen=True)
class Planned:
    """A blow at `at` seconds of the run; what it broke comes back after `away` seconds. `pick` says which worker."""

    at: float
    what: str
    away: float
    pick: int


@dataclass(frozen=True)
class Weather:
    """The whole plan."""

    seed: int
    seconds: float
    windows: tuple[Window, ...]
    blows: tuple[Planned, ...]

    @classmethod
    def of(cls, seed: int, seconds: float) -> "Weather":
        return cls(seed, seconds, tuple(_windows(seed, seconds)), tuple(_blows(seed, seconds)))

    def fault(self, second: float, channel: str, reference: str, attempt: int) -> str | None:
        """What a request meets; the same message meets the same at the same try."""
        here = [window.fault for window in self.windows if window.covers(second, channel)]
        chance = dice(self.seed, reference, attempt)
        met = next((fault for fault in here if chance.random() < SHARES[fault]), None)
        merciful = attempt > 1 and met in LOSING and second > self.seconds / 2
        return None if merciful else met


def _windows(seed: int, seconds: float) -> Iterator[Window]:
    chance = dice(seed, "windows")
    kinds = list(SHARES)
    chance.shuffle(kinds)
    begins, number = CALM_BEFORE + chance.uniform(0, 4), 0
    while begins < seconds - CALM_AFTER:
        ends = min(begins + chance.uniform(4, 9), seconds - CALM_AFTER)
        yield Window(begins, ends, kinds[number % len(kinds)], chance.choice(("email", "sms", None)))
        begins += chance.uniform(5, 11)
        number += 1


def _blows(seed: int, seconds: float) -> Iterator[Planned]:
    chance = dice(seed, "blows")
    kinds = list(ROUND)
    chance.shuffle(kinds)
    at, number = CALM_BEFORE + chance.uniform(2, 5), 0
    while at < seconds - CALM_AFTER:
        yield Planned(at, kinds[number % len(kinds)], chance.uniform(0.5, 4), chance.randrange(2))
        at += chance.uniform(8, 13)
        number += 1
