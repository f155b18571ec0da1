"""A case as the person who is to act reads it on a page: everything already text, in their language and on their clock.

What others wrote (subject, names, the ticket, words in the history) stays as it was written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activities.history_words import HistoryWords, telling_reasons
from activities.reading import known, ticket_history
from activities.wording import Language, long_time, one_line, short_time, word
from api.openings import Document
from api.pages.words import distance, said
from domain.causes import Causes
from domain.due import TARGET_WORDS
from domain.roster import Person, Roster
from domain.state import TimelineEntry

LATEST = 6  # lines of the history, and of the ticket's, that are seen at once
VIP = "vip"


@dataclass(frozen=True)
class Deadline:
    """One target: `tag` says beside the time that it is late, missed or paused; None while all is well."""

    what: str
    at: str | None
    distance: str | None
    tag: str | None


@dataclass(frozen=True)
class Event:
    """One line of the history."""

    at: str
    text: str


@dataclass(frozen=True)
class Written:
    """Something written on the ticket before it was escalated: `by` with the channel, where that is known."""

    at: str
    by: str
    text: str


@dataclass(frozen=True)
class CaseView:
    """What the page of a case shows; `mine` is whether the reader owns it, `taken_by` who else does.

    Our own history (`latest`, `earlier`) begins with the newest; what was written before that reads on from its oldest.
    """

    id: str
    subject: str
    ticket: str
    url: str | None
    customer: str
    vip: bool
    level: str
    priority: str
    reasons: tuple[str, ...]
    place: str
    paused: str | None
    mine: bool
    owner: str | None
    accountable: str
    taken_by: str | None
    deadlines: tuple[Deadline, ...]
    detail: str | None
    resolution: str | None
    written: tuple[Written, ...]
    written_earlier: tuple[Written, ...]
    latest: tuple[Event, ...]
    earlier: tuple[Event, ...]


@dataclass(frozen=True)
class Reader:
    """Who looks, and when."""

    person: Person
    language: Language
    roster: Roster
    now: datetime
    causes: Causes | None

    def name(self, person_id: str | None) -> str | None:
        """The name of a person, the id of one who has left the roster."""
        person = self.roster.person(person_id) if person_id else None
        return person.name if person else person_id

    def view(self, case: Document, history: Sequence[TimelineEntry]) -> CaseView:
        """The case, what its ticket brought, and its history."""
        written = tuple(self._written(one) for one in ticket_history(case))
        words = HistoryWords(self.language, self.person.timezone, self.roster, self.causes)
        events = tuple(Event(self._short(one.at), words.line(one)) for one in reversed(history))
        owner, mine = self.name(case["owner"]), case["owner"] == self.person.id
        live = case["status"] in ("acknowledged", "paused")
        return CaseView(
            id=case["id"],
            subject=one_line(case["ticket"]["subject"]),
            ticket=case["ticket"]["id"],
            url=case["ticket"].get("url"),
            customer=case["customer"]["name"],
            vip=(case["customer"].get("tier") or "").casefold() == VIP,
            level=case["priority"],
            priority=word(self.language, case["priority"]),
            reasons=telling_reasons(case, self.language),
            place=self._place(case),
            paused=self._paused(case["pause"]),
            mine=mine,
            owner=owner,
            accountable=self.name(case["accountable"]) or "",
            taken_by=owner if live and not mine else None,
            deadlines=tuple(self._deadlines(case["targets"])),
            detail=known(case),
            resolution=case["resolution"]["summary"] if case["resolution"] else None,
            written=written[-LATEST:],
            written_earlier=written[:-LATEST],
            latest=events[:LATEST],
            earlier=events[LATEST:],
        )

    def _written(self, item: Mapping[str, Any]) -> Written:
        """With the year: a ticket may be old."""
        at = long_time(datetime.fromisoformat(item["at"]), self.person.timezone, self.language)
        by = f"{item['from']} ({item['channel']})" if item.get("channel") else item["from"]
        return Written(at, by, item["text"])

    def _place(self, case: Document) -> str:
        team = self.roster.team(case["team"])
        status, called = word(self.language, case["status"]), (team and team.name) or case["team"]
        return said(self.language, "place", status=status, tier=case["tier"]["name"], team=called)

    def _paused(self, pause: Mapping[str, Any] | None) -> str | None:
        if pause is None:
            return None
        until = long_time(datetime.fromisoformat(pause["until"]), self.person.timezone, self.language)
        return said(self.language, "paused_until", reason=said(self.language, pause["reason"]), at=until)

    def _deadlines(self, targets: Sequence[Mapping[str, Any]]) -> list[Deadline]:
        """What runs, the nearest first, then what stands still, then what was missed and is still to be done."""
        running = [one for one in targets if one["status"] == "running"]
        running.sort(key=lambda one: str(one["due_at"]))
        rest = [one for status in ("paused", "breached") for one in targets if one["status"] == status]
        return [self._deadline(one) for one in (*running, *rest)]

    def _deadline(self, target: Mapping[str, Any]) -> Deadline:
        name = TARGET_WORDS.get(target["name"], target["name"])
        what = word(self.language, f"{target['tier']} {name}" if target["tier"] else name)
        if target["status"] == "paused" or target["due_at"] is None:
            return Deadline(what, None, None, word(self.language, "paused"))
        at = datetime.fromisoformat(target["due_at"])
        late = "late" if at < self.now else None
        tag = "missed" if target["status"] == "breached" else late
        apart = distance(at, self.now, self.language)
        return Deadline(what, self._short(at), apart, said(self.language, tag) if tag else None)

    def _short(self, at: datetime) -> str:
        return short_time(at, self.person.timezone, self.language)
