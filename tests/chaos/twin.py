"""A second opinion on what a case must do: the rules once more, written from rules.md, sharing no code with `domain/`.

The twin is told what came from outside (commands, who was found on duty, messages that failed) in the order of the timeline, and
says which lines and which messages must follow, and when the next thing is due by itself. Only what the chaos policies use is
here: calendars that are always open, no quiet hours, no rebase.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.matrix import Matrix, People, Step

A_SECOND, A_DAY = timedelta(seconds=1), timedelta(hours=24)
SYSTEM = "tierline"
CUSTOMER = "customer"
OF_THE_ENTRY = ("acknowledge", "tier_resolution")
AFTER_CLOSING = ("customer_closed", "customer_survey", "low_score")  # what may still go out
CLIMBS = ("acknowledge", "tier_resolution", "resolution", "customer_update")
TOLD_OF_CLIMBS = ("breached", "nobody", "escalated", "functional")
PAUSE, BREACH, STEP, WARNING = range(4)  # the order of what is due at the same instant


@dataclass
class Clock:
    """One target. Time counts in `spans`; the last has no end while the clock runs, and each counts in whole seconds."""

    name: str
    tier: str | None
    started: datetime
    length: int
    warn_at: tuple[int, ...]
    pauses: tuple[str, ...]
    spans: list[tuple[datetime, datetime | None]]
    warned: set[int] = field(default_factory=set)
    breached: datetime | None = None
    met: datetime | None = None
    cancelled: bool = False
    changed: bool = False  # by another priority

    @property
    def over(self) -> bool:
        return self.met is not None or self.cancelled

    def at(self, percent: int = 100) -> datetime | None:
        """When so much of it is used up; None while that lies behind a pause."""
        left = self.length * percent // 100
        for begins, ends in self.spans:
            spent = (ends - begins) // A_SECOND if ends else None
            if spent is None or (spent >= left and begins + left * A_SECOND <= (ends or begins)):
                return begins + left * A_SECOND
            left -= spent
        return None

    def stop(self, now: datetime) -> None:
        if self.spans[-1][1] is None:
            self.spans[-1] = (self.spans[-1][0], now)

    def resume(self, now: datetime) -> None:
        if self.spans[-1][1] is not None:
            self.spans.append((now, None))


@dataclass
class Due:
    at: datetime
    rank: int
    kind: str
    clock: Clock | None = None
    percent: int = 0
    shout: "Shout | None" = None


@dataclass
class Shout:
    why: str
    next_at: datetime


@dataclass(frozen=True)
class Line:
    """A line of the timeline that must come next: what is None may be anything, `data` is what must stand in it."""

    kind: str
    actor: str | None = SYSTEM
    data: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Message:
    """A message that must exist. `due` is when it fell due, `made` when it was made (a step waits for the roster's answer)."""

    key: str
    kind: str
    channel: str
    person: str | None
    entry: int
    step: int
    round: int
    due: datetime
    made: datetime
    fallbacks: tuple[str, ...] = ()


@dataclass
class Told:
    """A step that has begun: whom it means, whom it reached, and what became of its messages."""

    entry: int
    step: int
    round: int
    selector: str
    team: str
    due: datetime
    answered: bool = False
    person: str | None = None
    keys: tuple[str, ...] = ()
    failed: set[str] = field(default_factory=set)

    @property
    def reaches(self) -> bool:
        return not self.answered or (self.person is not None and self.failed != set(self.keys))


def line(kind: str, actor: str | None = SYSTEM, /, **data: Any) -> Line:
    return Line(kind, actor, tuple(data.items()))


@dataclass
class Twin:
    """One episode of one case."""

    id: str
    episode: int
    policy: Matrix
    people: People
    customer: dict[str, Any]
    priority: str
    now: datetime
    tier: int = 0
    status: str = "open"
    team: str = ""
    entry: int = 0
    entry_at: datetime | None = None
    round: int = 0
    round_at: datetime | None = None
    fired: int = 0
    pulled: datetime | None = None
    reckoned: datetime | None = None  # when its steps and targets were last counted anew by another priority
    first: str | None = None
    tells: list[Told] = field(default_factory=list)
    asked: deque[Told] = field(default_factory=deque)
    owner: str | None = None
    told: list[str] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    pause: tuple[str, datetime] | None = None
    shouts: list[Shout] = field(default_factory=list)
    said: dict[tuple[str, int, str], int] = field(default_factory=dict)
    stale_from: datetime | None = None
    silence: datetime | None = None
    resolution: dict[str, Any] | None = None
    cause: dict[str, Any] | None = None
    reopened: int = 0
    parent: str | None = None
    children: list[str] = field(default_factory=list)
    watchers: list[str] = field(default_factory=list)
    survey: int | None = None
    closed_at: datetime | None = None
    asked_how_it_was: bool = False
    kept: dict[str, datetime] = field(default_factory=dict)  # when each update to the customer kept its promise
    messages: dict[str, Message] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.status not in ("closed", "cancelled")

    @property
    def steps(self) -> Sequence[Step]:
        return self.policy.tiers[self.tier].steps

    @property
    def at_top(self) -> bool:
        return self.tier == len(self.policy.tiers) - 1

    @property
    def accountable(self) -> str:
        return self.owner or (self.told[-1] if self.told else self.people.lead(self.team))

    def expected(self) -> list[Line]:
        """The lines that must have come since the last time they were asked for."""
        lines, self.lines = self.lines, []
        return lines

    def true_time(self, due: datetime) -> datetime:
        """What counts from when it was due, however late it was known; no earlier than the word that made it due then."""
        return max(due, self.reckoned or due)

    # clocks

    def start(self, name: str, at: datetime | None = None, length: int | None = None) -> None:
        found = length or self.policy.length(name, self.tier, self.priority)
        if found is None:
            return
        tier = self.policy.tiers[self.tier].name if name in OF_THE_ENTRY else None
        warn_at = self.policy.warnings(name, self.tier)
        begins = at or self.now
        self.clocks.append(Clock(name, tier, begins, found, warn_at, self.policy.pauses(name), [(begins, None)]))

    def ticking(self, *names: str) -> Iterator[Clock]:
        return (clock for clock in self.clocks if not clock.over and (not names or clock.name in names))

    def meet(self, *names: str) -> None:
        for clock in list(self.ticking(*names)):
            clock.met = self.now
            clock.stop(self.now)

    def cancel(self, *names: str) -> None:
        for clock in list(self.ticking(*names)):
            clock.cancelled = True

    def take_back(self, name: str, at: datetime) -> bool:
        """What met the target then has not counted; false where the one begun instead is over."""
        kept = next((clock for clock in self.clocks if clock.name == name and clock.met == at), None)
        begun = next((clock for clock in self.ticking(name) if clock.started == at), None)
        if kept is None or begun is None:
            return False
        kept.met = None
        first, *later = begun.spans
        ran, ends = kept.spans[-1]
        if ends == at:  # it ran when it was met: then it runs as long as the other did
            kept.spans[-1:] = [(ran, first[1]), *later]
        else:
            kept.spans += later
        kept.length = begun.length if begun.changed else kept.length
        self.clocks.remove(begun)
        self.clocks.remove(kept)
        self.clocks.append(kept)
        return True

    def hold(self) -> None:
        for clock in self.ticking():
            if self.pause is not None and self.pause[0] in clock.pauses:
                clock.stop(self.now)

    def go_on(self) -> None:
        for clock in self.ticking():
            clock.resume(self.now)

    # the ladder

    def enter(self, tier: int, team: str, cause: str, first: str | None = None, at: datetime | None = None) -> None:
        began = at or self.now
        stale = cause == "stale"
        self.cancel(*(("acknowledge",) if stale else OF_THE_ENTRY))
        self.go_on()
        self.tier, self.team, self.status, self.first = tier, team, "open", first
        self.entry += 1
        self.entry_at = self.round_at = began
        self.reckoned = self.reckoned if self.reckoned and self.reckoned > began else None
        self.round, self.fired, self.pulled, self.tells = 0, 0, None, []
        self.shouts = [one for one in self.shouts if one.why == "closure"]
        self.owner, self.told, self.said, self.pause = None, [], {}, None
        self.stale_from = self.silence = None
        self.start("acknowledge", began)
        if not stale:
            self.start("tier_resolution", began)
        if cause in TOLD_OF_CLIMBS:
            self.notice("escalated")
            self.watchers_told()

    def climb(self, cause: str, at: datetime | None = None) -> None:
        above = self.policy.tiers[self.tier + 1]
        self.lines.append(line("climbed", tier=above.name, cause=cause))
        self.enter(self.tier + 1, above.team, cause, at=at)

    def own(self, person: str) -> None:
        self.meet("acknowledge")
        self.status, self.owner, self.stale_from = "acknowledged", person, self.now
        self.shouts = [one for one in self.shouts if one.why != "nobody"]

    def alive(self) -> None:
        if self.status == "acknowledged":
            self.stale_from = self.now

    # messages

    def message(
        self, kind: str, channel: str, person: str | None, step: int, round_: int, *,
        fallbacks: tuple[str, ...] = (), due: datetime | None = None,
    ) -> Message:  # fmt: skip
        who = person or "~customer"
        key = f"{self.id}.{self.episode}/{self.entry}/{kind}/{step}.{round_}/{who}/{channel}"
        made = Message(key, kind, channel, person, self.entry, step, round_, due or self.now, self.now, fallbacks)
        self.messages[key] = made
        return made

    def count(self, kind: str, person: str, step: int = 0) -> int:
        before = self.said.get((kind, step, person), 0)
        self.said[kind, step, person] = before + 1
        return before

    @property
    def channels(self) -> tuple[str, ...]:
        """Those of the step the case is at."""
        return self.steps[max(self.fired - 1, 0)].channels

    def everything_to(
        self, person: str, kind: str, channels: tuple[str, ...], step: int, round_: int, due: datetime | None = None
    ) -> tuple[str, ...]:
        keys = tuple(self.message(kind, channel, person, step, round_, due=due).key for channel in channels)
        self.told = [*(one for one in self.told if one != person), person]
        self.lines.append(line("told", person=person, channels=list(channels)))
        return keys

    def last_resort(self, kind: str) -> None:
        person = self.policy.last_resort
        self.everything_to(person, kind, self.channels, 0, self.count(kind, person))

    def one_to(self, person: str, kind: str, step: int = 0) -> None:
        draft = kind == "promise_reminder"
        first, *others = dict.fromkeys(("email", *self.channels) if draft else (*self.channels, "email"))
        self.message(kind, first, person, step, self.count(kind, person, step), fallbacks=tuple(others))

    def watchers_told(self) -> None:
        for person in self.watchers:
            self.message("watch", "email", person, 0, self.count("watch", person))

    def notice(self, moment: str, says: str | None = None) -> None:
        if moment in self.policy.moments:
            self.customer_told(f"customer_{says or moment}")

    def customer_told(self, kind: str, actor: str = SYSTEM) -> None:
        addresses = {"email": self.customer.get("email"), "sms": self.customer.get("phone")}
        channels = tuple(one for one in self.policy.customer_channels if addresses[one])
        self.message(kind, channels[0], None, 0, self.count(kind, CUSTOMER), fallbacks=channels[1:])
        self.lines.append(line("customer_told", actor))
