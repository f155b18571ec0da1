"""An open case as a row of the board: everything already text, in the reader's language and on their clock.

The document says when something falls due next, not what: that is read off its targets. What is none of their deadlines and
warnings, and not the end of a pause, is the next person being told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from activities.wording import Language, short_time, word
from api.openings import Document
from api.pages.words import distance, said
from domain.due import TARGET_WORDS
from domain.roster import Roster

VIP = "vip"
OVER = ("met", "cancelled")


@dataclass(frozen=True)
class Moment:
    """A time: for machines, on the reader's clock, and how far away it is."""

    iso: str
    at: str
    apart: str
    past: bool


@dataclass(frozen=True)
class Row:
    """One case. `missed` names the promises broken and still unmet; `deadline` is the nearest, where `due` is another thing."""

    id: str
    subject: str
    customer: str
    customer_id: str
    vip: bool
    status: str
    status_word: str
    paused: str | None
    level: str
    priority: str
    tier: str
    team: str
    team_id: str
    owner: str | None
    mine: bool
    accountable: str
    missed: tuple[str, ...]
    due: Moment | None
    due_what: str
    deadline: Moment | None
    deadline_what: str
    update: Moment | None
    opened: Moment
    takeable: bool


@dataclass(frozen=True)
class Clock:
    """Whose wall the times are on, and what it says now."""

    timezone: str
    language: Language
    now: datetime

    def moment(self, text: str | None) -> Moment | None:
        """A time of a document."""
        return self.shown(datetime.fromisoformat(text)) if text else None

    def shown(self, at: datetime) -> Moment:
        """The zone stands once on the page, so not here; the day only where it is not today."""
        zone = ZoneInfo(self.timezone)
        today = at.astimezone(zone).date() == self.now.astimezone(zone).date()
        there = f"{at.astimezone(zone):%H:%M}" if today else short_time(at, self.timezone, self.language)
        apart = distance(at, self.now, self.language)
        return Moment(at.isoformat(), there if today else there.rpartition(" ")[0], apart, at < self.now)


def row_of(case: Document, clock: Clock, roster: Roster, person: str | None) -> Row:
    """The row of an open case for `person`."""
    language = clock.language
    team, deadline = roster.team(case["team"]), _deadline(case)
    what, is_deadline = falls_due(case, language)
    return Row(
        id=case["id"],
        subject=case["ticket"]["subject"],
        customer=case["customer"]["name"],
        customer_id=case["customer"]["id"],
        vip=is_vip(case),
        status=case["status"],
        status_word=word(language, case["status"]),
        paused=said(language, case["pause"]["reason"]) if case["pause"] else None,
        level=case["priority"],
        priority=word(language, case["priority"]),
        tier=case["tier"]["name"],
        team=(team.name if team else None) or case["team"],
        team_id=case["team"],
        owner=name_of(roster, case["owner"]),
        mine=person is not None and case["owner"] == person,
        accountable=name_of(roster, case["accountable"]) or "",
        missed=tuple(target_word(one, language) for one in missed(case)),
        due=clock.moment(case["next_due_at"]),
        due_what=what,
        deadline=None if is_deadline or deadline is None else clock.moment(deadline["due_at"]),
        deadline_what=target_word(deadline, language) if deadline else "",
        update=clock.moment(case["next_customer_update_by"]),
        opened=clock.shown(datetime.fromisoformat(case["opened_at"])),
        takeable=case["status"] == "open",
    )


def falls_due(case: Document, language: Language) -> tuple[str, bool]:
    """What the case's next due time is for, and whether that is a deadline."""
    at, targets = case["next_due_at"], [one for one in case["targets"] if one["status"] not in OVER]
    if at is None:
        return said(language, "board_nothing_due"), False
    due = [one for one in targets if one["due_at"] == at and one["breached_at"] is None]
    if due:
        return target_word(due[0], language), True
    warned = [one for one in targets if at in one["warn_at"]]
    if warned:
        return said(language, "board_warning", what=target_word(warned[0], language)), False
    if case["pause"] and case["pause"]["until"] == at:
        return said(language, "board_pause_ends"), False
    return said(language, "board_next_told" if case["status"] == "open" else "board_next_step"), False


def missed(case: Document) -> list[Mapping[str, Any]]:
    """Targets broken and not met since: of the whole case, and of the tier it is at."""
    here = (None, case["tier"]["name"])
    latest = {(one["name"], one["tier"]): one for one in case["targets"] if one["tier"] in here}
    return [one for one in latest.values() if one["breached_at"] and not one["met_at"] and one["status"] != "cancelled"]


def target_word(target: Mapping[str, Any], language: Language) -> str:
    """`L1 acknowledge`, in the reader's language."""
    name = TARGET_WORDS.get(target["name"], target["name"])
    return word(language, f"{target['tier']} {name}" if target["tier"] else name)


def name_of(roster: Roster, person_id: str | None) -> str | None:
    """The name of a person, the id of one who has left the roster."""
    person = roster.person(person_id) if person_id else None
    return person.name if person else person_id


def is_vip(case: Document) -> bool:
    """Whether the customer is one to be careful with."""
    return (case["customer"].get("tier") or "").casefold() == VIP


def _deadline(case: Document) -> Mapping[str, Any] | None:
    running = [one for one in case["targets"] if one["status"] == "running" and one["due_at"]]
    return min(running, key=lambda one: datetime.fromisoformat(one["due_at"]), default=None)
