"""The lines of a preview in the reader's language and on their clock: the very rows of `POST /v1/policies/preview`, in words.

A row stays what the rules say: when, what, who, on which channel. Why is said anew only where it is not English already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from activities.history_words import HistoryWords
from activities.wording import Language, word
from api.pages.policy_hours import apart
from api.pages.preview_words import GERMAN_MESSAGES, GERMAN_PARTS
from api.pages.words import TEXTS, said
from api.preview import Played
from domain.folding import Again, folded
from domain.preview import WARNINGS, Row
from domain.simulation import Happening, Refusal, Sending, in_words
from domain.state import TimelineEntry

TONES = {
    "breached": "bad",
    "nobody_on_duty": "bad",
    "delivery_failed": "bad",
    "refused": "bad",
    "warned": "warn",
    "climbed": "warn",
    "acknowledged": "good",
    "resolved": "good",
    "closed": "good",
}
"""What colours a line; its words say the same."""


@dataclass(frozen=True)
class Line:
    """One row in words: `kind` is the row's `what`, `happening` what it is of (None at the end)."""

    at: datetime
    day: str
    clock: str
    after: str
    kind: str
    what: str
    tone: str
    who: str | None
    channel: str | None
    why: str
    happening: Happening | None
    row: Row

    @property
    def title(self) -> str:
        """`told: Dana, SMS`."""
        who = ", ".join(part for part in (self.who, self.channel) if part)
        return f"{self.what}: {who}" if who else self.what


@dataclass(frozen=True)
class Fold:
    """Lines that say again what stands above them; `text` says how often and until when."""

    text: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Sums:
    """What a preview comes to; `cut`: it goes on, and this is only what the preview has of it."""

    messages: int
    people: int
    customer: int
    missed: int
    tier: str
    cut: bool


def lines(played: Played, language: Language, timezone: str) -> list[Line]:
    """A line for every row, the end last."""
    said_by = _Sayer(played, language, timezone)
    shown = [one for one in played.course.happenings if in_words(one)]
    rows = played.rows
    return [said_by.line(row, one) for row, one in zip(rows, [*shown[: len(rows) - 1], None], strict=True)]


def sums(played: Played, found: Sequence[Line]) -> Sums:
    """The counts of the lines, and the highest tier the case reaches."""
    sent = [line.happening.message for line in found if isinstance(line.happening, Sending)]
    people = [message.person for message in sent if message.person is not None]
    names = [tier.name for tier in played.policy.tiers]
    reached = [names.index(name) for _, name in tiers(found) if name in names]
    return Sums(
        len(people),
        len(set(people)),
        len(sent) - len(people),
        sum(line.kind == "breached" for line in found),
        names[max(reached, default=0)],
        played.course.ending == "too_long",
    )


def folds(found: Sequence[Line], language: Language) -> Iterator[Line | Fold]:
    """The lines, those folded that say the same again and again."""
    for one in folded(found, lambda line: line.at, _said):
        yield _fold(one, language) if isinstance(one, Again) else one


def _said(line: Line) -> object:
    """All of a line but its time; the time it speaks of as how far ahead that is."""
    row = line.row
    return row.what, row.who, row.channel, row.why, row.tier, row.by and row.by - row.at


def _fold(again: Again[Line], language: Language) -> Fold:
    last = again.lines[-1]
    every, until = apart(last.at - again.every, last.at, language), f"{last.day} {last.clock}"
    return Fold(said(language, "policy_again", every=every, times=again.times, until=until), again.lines)


def tiers(found: Sequence[Line]) -> list[tuple[int, str]]:
    """Where the case comes to another tier: the place of the line, and the tier's name."""
    moves: list[tuple[int, str]] = []
    for place, line in enumerate(found):
        moved = line.happening.data.get("tier") if isinstance(line.happening, TimelineEntry) else None
        if isinstance(moved, str) and (not moves or moves[-1][1] != moved):
            moves.append((place, moved))
    return moves


class _Sayer:
    """Says rows for one reader."""

    def __init__(self, played: Played, language: Language, timezone: str) -> None:
        self._played, self._language, self._zone = played, language, ZoneInfo(timezone)
        self._history = HistoryWords(language, timezone, played.roster)
        self._begins = played.course.state.opened_at

    def line(self, row: Row, one: Happening | None) -> Line:
        """The row in words."""
        key = f"policy_what_{row.what}"
        known = TEXTS[self._language]
        return Line(
            at=row.at,
            day=self._day(row.at),
            clock=self._clock(row.at),
            after=apart(self._begins, row.at, self._language),
            kind=row.what,
            what=known.get(key, row.what.replace("_", " ")),
            tone=TONES.get(row.what, ""),
            who=row.who,
            channel=said(self._language, f"channel_{row.channel}") if row.channel else None,
            why=self._why(row, one),
            happening=one,
            row=row,
        )

    def _why(self, row: Row, one: Happening | None) -> str:
        if one is None:
            ending, last = self._played.course.ending, self._played.course.state.last_resort
            return said(self._language, f"policy_ends_{ending}", last=self._history.name(last))
        if isinstance(one, TimelineEntry):
            return self._history.line(one)
        if isinstance(one, Refusal):
            return row.why
        why = self._german(one, row) if self._language == "de" else row.why
        return said(self._language, "policy_why_by", why=why, at=self._time(row.by, row.at)) if row.by else why

    def _german(self, one: Sending, row: Row) -> str:
        message = one.message
        if message.kind in WARNINGS:
            percent, target = message.facts["percent"], word("de", message.facts["target"])
            return GERMAN_PARTS["used"].format(percent=percent, target=target)
        template = GERMAN_MESSAGES.get(message.kind)
        if template is None:
            return row.why
        promise = GERMAN_PARTS["promise"] if "next_update_by" in message.facts else ""
        held = GERMAN_PARTS["held"] if message.not_before else ""
        ask = "acknowledge" if row.by else "acknowledge now"
        step = template.format(
            tier=one.tier,
            step=message.step + 1,
            again=GERMAN_PARTS["again"].format(n=message.round + 1) if message.round else "",
            selector=GERMAN_PARTS.get(one.selector or "", GERMAN_PARTS[""]),
            ask=GERMAN_PARTS[ask],
        )
        return f"{step}{promise}{held}"

    def _time(self, at: datetime, now: datetime) -> str:
        """`18:05`; with its day where that is another one."""
        same = self._day(at) == self._day(now)
        return self._clock(at) if same else f"{self._day(at)} {self._clock(at)}"

    def _clock(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"

    def _day(self, at: datetime) -> str:
        return day_of(at.astimezone(self._zone), self._language)


def day_of(local: datetime, language: Language) -> str:
    """`Fri 6 Mar`, `Fr 6.3.`."""
    name = said(language, "policy_weekdays").split()[local.weekday()]
    return f"{name} {local.day}.{local.month}." if language == "de" else f"{name} {local.day} {local:%b}"
