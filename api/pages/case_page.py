"""A case as those who are signed in read it: everything there is about one episode, in the reader's language, on their clock.

What others wrote stays as it was written. Nothing here acts, and nothing is asked that the store does not answer at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activities.history_words import HistoryWords, reason_words
from activities.reading import known, ticket_history
from activities.wording import long_time, short_time, word
from api.openings import Document
from api.pages.board_rows import Clock, Moment, falls_due, is_vip, missed, name_of, target_word
from api.pages.case_bars import Axis, Bar, axis_of, bar_of, pauses_of
from api.pages.terms import figure, message_words, trigger_words, why_not
from api.pages.words import said
from api.shapes import MessageItem
from domain.causes import Causes, title_of
from domain.roster import Person, Roster
from domain.state import LIVE, TimelineEntry
from records.closures import Similar
from workflows.contract import RETENTION

MOST_ALIKE = 3
WORTH_A_LOOK = (
    0.3  # lower than for an e-mail (`activities.seen_before`): here it costs nobody a glance who does not want it
)
LATEST = 12  # lines of the history that are seen at once
NEWEST = 20  # messages that are
TONES = {"failed": "bad", "unknown": "bad", "sent": "good", "delivered": "good"}


@dataclass(frozen=True)
class TargetRow:
    """One target: the bar, and the same in words."""

    what: str
    state: str
    tone: str
    started: str
    due: Moment | None
    missed: str | None
    met: str | None
    warnings: tuple[str, ...]
    bar: Bar | None


@dataclass(frozen=True)
class Event:
    """One line of the history; `kind` for the style only."""

    iso: str
    at: str
    kind: str
    text: str


@dataclass(frozen=True)
class Letter:
    """One message and what became of it."""

    at: str
    to: str
    channel: str
    about: str
    state: str
    tone: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """Something written on the ticket before it was escalated."""

    at: str
    by: str
    text: str


@dataclass(frozen=True)
class Alike:
    """A closed case that resembles this one; `why` has the words they share."""

    id: str
    episode: int
    subject: str
    at: str
    cause: str | None
    fix: str | None
    why: str


@dataclass(frozen=True)
class CasePage:
    """What the page shows, whoever looks; the document has the rest. `long_over`: Temporal may have no history of it any more."""

    document: Document
    live: bool
    long_over: bool
    vip: bool
    status: str
    paused: str | None
    priority: str
    reasons: tuple[str, ...]
    team: str
    owner: str | None
    accountable: str
    watchers: tuple[str, ...]
    missed: tuple[str, ...]
    due: Moment | None
    due_what: str
    update: Moment | None
    opened: Moment
    closed: Moment | None
    detail: str | None
    written: tuple[Written, ...]
    axis: Axis
    axis_begin: str
    axis_end: str
    targets: tuple[TargetRow, ...]
    latest: tuple[Event, ...]
    earlier: tuple[Event, ...]
    letters: tuple[Letter, ...]
    letters_before: tuple[Letter, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Desk:
    """Who looks, and when; `person` is None for a key that belongs to nobody."""

    clock: Clock
    roster: Roster
    person: Person | None
    causes: Causes | None

    def page(self, case: Document, history: Sequence[TimelineEntry], letters: Sequence[MessageItem]) -> CasePage:
        """The case with its history and its messages, oldest first each."""
        language, clock = self.clock.language, self.clock
        axis = axis_of(case, clock.now)
        events = tuple(self._event(one) for one in reversed(history))
        sent = tuple(self._letter(one) for one in reversed(letters))
        team = self.roster.team(case["team"])
        return CasePage(
            document=case,
            live=case["status"] in LIVE,
            long_over=self._long_over(case),
            vip=is_vip(case),
            status=word(language, case["status"]),
            paused=self._paused(case),
            priority=word(language, case["priority"]),
            reasons=reason_words(case["priority_reasons"], language),
            team=(team.name if team else None) or case["team"],
            owner=name_of(self.roster, case["owner"]),
            accountable=name_of(self.roster, case["accountable"]) or "",
            watchers=tuple(name_of(self.roster, one) or one for one in case["watchers"]),
            missed=tuple(target_word(one, language) for one in missed(case)) if case["status"] in LIVE else (),
            due=clock.moment(case["next_due_at"]),
            due_what=falls_due(case, language)[0],
            update=clock.moment(case["next_customer_update_by"]),
            opened=clock.shown(datetime.fromisoformat(case["opened_at"])),
            closed=clock.moment(case["closed_at"]),
            detail=known(case),
            written=tuple(self._written(one) for one in ticket_history(case)),
            axis=axis,
            axis_begin=clock.shown(axis.begin).at,
            axis_end=clock.shown(axis.end).at,
            targets=tuple(self._targets(case, history, axis)),
            latest=events[:LATEST],
            earlier=events[LATEST:],
            letters=sent[:NEWEST],
            letters_before=sent[NEWEST:],
            facts=tuple(self._facts(case)),
        )

    def alike(self, found: Sequence[Similar]) -> list[Alike]:
        """Those of the closed cases found that are worth a look, the best first."""
        return [self._alike(one) for one in found if one.score >= WORTH_A_LOOK][:MOST_ALIKE]

    def _alike(self, one: Similar) -> Alike:
        language, closed = self.clock.language, one.closure
        shared = [*one.words, *([said(language, "case_same_product")] if one.same_product else [])]
        category = title_of(self.causes, closed.cause_category, language) if closed.cause_category else None
        return Alike(
            id=closed.id,
            episode=closed.episode,
            subject=closed.subject,
            at=self.clock.shown(closed.closed_at).at,
            cause=": ".join(text for text in (category, closed.cause) if text) or None,
            fix=closed.fix,
            why=", ".join(shared),
        )

    def _targets(self, case: Document, history: Sequence[TimelineEntry], axis: Axis) -> list[TargetRow]:
        """What runs first, the nearest before the others; then what is over."""
        now = self.clock.now
        ended = datetime.fromisoformat(case["closed_at"]) if case["closed_at"] else now
        pauses = pauses_of(history, ended)
        places = {"breached": 0, "running": 1, "paused": 2, "met": 3, "cancelled": 4}
        ordered = sorted(case["targets"], key=lambda one: (places[one["status"]], one["due_at"] or "9"))
        return [self._target(one, bar_of(one, axis, ended, pauses)) for one in ordered]

    def _target(self, target: dict[str, Any], bar: Bar | None) -> TargetRow:
        language, moment = self.clock.language, self.clock.moment
        begun, broken, met = (moment(target[name]) for name in ("started_at", "breached_at", "met_at"))
        late = target["breached_at"] is not None
        state = "breached_met" if late and target["met_at"] else target["status"]
        warnings = (moment(one) for one in target["warn_at"])
        return TargetRow(
            what=target_word(target, language),
            state=said(language, f"target_{state}"),
            tone="bad" if late else "good" if target["status"] == "met" else "",
            started=begun.at if begun else "",
            due=moment(target["due_at"]),
            missed=broken.at if broken else None,
            met=met.at if met else None,
            warnings=tuple(one.at for one in warnings if one),
            bar=bar,
        )

    def _event(self, entry: TimelineEntry) -> Event:
        words = HistoryWords(self.clock.language, self.clock.timezone, self.roster, self.causes)
        return Event(entry.at.isoformat(), self.clock.shown(entry.at).at, entry.kind, words.line(entry))

    def _letter(self, message: MessageItem) -> Letter:
        language = self.clock.language
        read = message.read_at is not None and message.status == "delivered"
        who = said(language, "a_customer") if message.person is None else name_of(self.roster, message.person)
        notes = [why_not(message.reason, language)] if message.reason else []
        for name, at in (("sent", message.sent_at), ("delivered", message.delivered_at), ("read", message.read_at)):
            if at is not None:
                notes.append(
                    said(language, "outbox_when", what=said(language, f"outbox_{name}"), at=self.clock.shown(at).at)
                )
        return Letter(
            at=self.clock.shown(message.created_at).at,
            to=f"{who} ({message.to})" if message.to else who or "",
            channel=said(language, f"channel_{message.channel}"),
            about=message_words(message.kind, language),
            state=said(language, f"outbox_{'read' if read else message.status}"),
            tone=TONES.get(message.status, ""),
            notes=tuple(notes),
        )

    def _long_over(self, case: Document) -> bool:
        ended = case["closed_at"]
        return ended is not None and self.clock.now - datetime.fromisoformat(ended) > RETENTION

    def _written(self, item: Mapping[str, Any]) -> Written:
        at = long_time(datetime.fromisoformat(item["at"]), self.clock.timezone, self.clock.language)
        return Written(at, f"{item['from']} ({item['channel']})" if item.get("channel") else item["from"], item["text"])

    def _paused(self, case: Document) -> str | None:
        if case["pause"] is None:
            return None
        at = short_time(datetime.fromisoformat(case["pause"]["until"]), self.clock.timezone, self.clock.language)
        return said(
            self.clock.language, "paused_until", reason=said(self.clock.language, case["pause"]["reason"]), at=at
        )

    def _facts(self, case: Document) -> list[tuple[str, str]]:
        """Of the ticket and its customer, by the name of their words; what nobody said is left out."""
        ticket, customer = case["ticket"], case["customer"]
        named = [
            ("fact_category", ticket.get("category")),
            ("fact_product", ticket.get("product")),
            ("fact_tags", ", ".join(ticket.get("tags") or ())),
            ("fact_trigger", trigger_words(case["trigger"]["kind"], self.clock.language)),
            ("fact_email", customer.get("email")),
            ("fact_phone", customer.get("phone")),
            ("fact_customer_tier", customer.get("tier")),
            ("fact_since", customer.get("since")),
            ("fact_value", figure(customer.get("annual_value"), self.clock.language)),
            ("fact_policy", f"{case['policy']['name']} {case['policy']['version']}"),
        ]
        return [(name, str(text)) for name, text in named if text]
