"""A case that was played through the real rules, as a mould: rows with holes for names, texts and times.

Casting a mould fills in another customer and other words and moves every time by the same distance, so document, timeline,
messages and facts of what comes out agree as well as those of the case they are made of. It takes a fraction of a millisecond,
where playing takes ten.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, Table

from domain.afterwards import survey_entry
from domain.commands import Survey as Answer
from domain.facts import Beside, facts_of
from domain.identity import reference_of
from domain.messages import Message
from domain.roster import Roster
from domain.simulation import Course, Sending
from domain.state import Survey, TimelineEntry
from domain.view import document
from domain.view_time import clock_time, rfc3339
from local.seed_stories import EMAIL, PHONE, SYSTEM, TICKET, Audience
from records.facts import EPOCH, QUARTER, facts_row, tier_rows
from records.rows import escalation_row, search_text
from records.tables import escalations, facts, messages, tier_facts, timeline
from records.transitions import message_row, timeline_row

Row = dict[str, Any]
Names = Mapping[str, str]

HOLES: Mapping[str, str] = {  # what stands in the played case → what is filled in there
    f"{SYSTEM}-{TICKET}": "id",
    SYSTEM: "system",
    TICKET: "ticket",
    EMAIL: "email",
    PHONE: "phone",
    **{
        f"seed{name}": name
        for name in ("subject", "description", "product", "category", "customer", "name", "fix", "told", "cause", "why",
                     "update", "reply", "note")
    },
}  # fmt: skip
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?=Z|\+00:00)"
_CLOCK = re.compile(r"(?:[A-Z][a-z]{2} |(\d{4}-\d\d-\d\d) )?(\d\d:\d\d(?::\d\d)?) (?:UTC|[A-Z]{3,4})\b")
ANSWERED = timedelta(days=1, hours=3)  # after closing; asked after a day
HANDED_OVER, ARRIVED = timedelta(seconds=1), timedelta(seconds=4)  # after it was said


@dataclass(frozen=True)
class Cast:
    """What is filled in: names and texts as they are, the same inside JSON, and how far times move."""

    names: Names
    quoted: Names
    by: timedelta


def quoted(names: Names) -> dict[str, str]:
    """The same names as they stand inside JSON."""
    return {name: json.dumps(text, ensure_ascii=False)[1:-1] for name, text in names.items()}


@dataclass(frozen=True)
class _Clock:
    """A time as people read it there and then, such as `Wed 17:05 CET`."""

    at: datetime
    timezone: str
    read_at: datetime

    def moved(self, by: timedelta) -> str:
        """So much later, also when the clocks have changed in between."""
        return clock_time(self.at + by, self.timezone, self.read_at + by)


@dataclass(frozen=True)
class _Instant:
    """A time as machines read it."""

    at: datetime

    def moved(self, by: timedelta) -> str:
        """So much later."""
        return (self.at + by).isoformat()


class _Text:
    """A text with holes for names and times; `clocks` are those in it that people read."""

    def __init__(self, text: str, clocks: Mapping[str, _Clock], *, quoted: bool) -> None:
        self._quoted = quoted
        holes = re.compile(f"({'|'.join([*(re.escape(one) for one in (*clocks, *HOLES)), _TIME])})")
        self._pieces = [_piece(part, clocks, number % 2 == 1) for number, part in enumerate(holes.split(text))]

    @property
    def has_holes(self) -> bool:
        """Whether there is anything to fill in."""
        return len(self._pieces) > 1

    def cast(self, cast: Cast) -> str:
        """The text with everything filled in."""
        names = cast.quoted if self._quoted else cast.names
        by = cast.by
        return "".join(
            [
                names[name] if name is not None else text if at is None else at.moved(by)
                for text, name, at in self._pieces
            ]
        )


class RowMould:
    """A row of a table with holes."""

    def __init__(self, table: Table, row: Row, clocks: Mapping[str, _Clock] | None = None) -> None:
        self._clocks = clocks or {}
        self._fixed: Row = {}
        self._times: dict[str, datetime] = {}
        self._texts: dict[str, _Text] = {}
        for name, value in row.items():
            self._take(name, value, is_json=isinstance(table.c[name].type, JSON))

    def _take(self, name: str, value: Any, *, is_json: bool) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")) if is_json else value
        if isinstance(value, datetime):
            self._times[name] = value
        elif isinstance(text, str) and (made := _Text(text, self._clocks, quoted=is_json)).has_holes:
            self._texts[name] = made
        else:
            self._fixed[name] = text

    def cast(self, cast: Cast) -> Row:
        """The row with everything filled in; JSON as text."""
        by = cast.by
        moved = {name: at + by for name, at in self._times.items()}
        return {**self._fixed, **moved, **{name: text.cast(cast) for name, text in self._texts.items()}}


@dataclass(frozen=True)
class Mould:
    """One played case, over at `ended`; `row` and `facts` are its own, the others stand once for each tier, line and message."""

    audience: Audience
    opened_at: datetime
    closed_at: datetime | None
    ended: datetime
    cause_at: datetime | None
    row: RowMould
    facts: RowMould
    tiers: Sequence[RowMould]
    lines: Sequence[RowMould]
    messages: Sequence[RowMould]

    def casts(self, cast: Cast) -> Row:
        """The row of the case."""
        made, names = self.row.cast(cast), cast.names
        customer = {"id": names["customer"], "name": names["name"]}
        ticket = {"id": names["ticket"], "subject": names["subject"]}
        made["search"] = search_text({"id": names["id"], "ticket": ticket, "customer": customer})
        return made

    def casts_facts(self, cast: Cast, *, recurrence: bool) -> Row:
        """The row of its facts."""
        made = self.facts.cast(cast)
        made["opened_quarter"] = (made["opened_at"] - EPOCH) // QUARTER
        made["recurrence"] = recurrence
        return made

    def casts_messages(self, cast: Cast) -> list[Row]:
        """The rows of what it said."""
        made = [one.cast(cast) for one in self.messages]
        for row in made:
            row["reference"] = reference_of(row["key"])
        return made


def mould_of(course: Course, audience: Audience, roster: Roster, score: int | None, ladder: Sequence[str]) -> Mould:
    """The mould of a played case; a closed one may have been rated."""
    state = course.state
    case, shown = (state.id, state.episode), document(state)
    lines = [one for one in course.happenings if isinstance(one, TimelineEntry)]
    if score is not None and state.closed_at is not None:
        at = state.closed_at + ANSWERED
        shown["survey"] = Survey(score=score, comment=None, at=at).model_dump(mode="json")
        lines.append(survey_entry(lines[-1].seq + 1, at, Answer(score=score)))
    said = [one for one in course.happenings if isinstance(one, Sending)]
    zones = {one.timezone for one in state.policy.calendars.values()}
    made = facts_of(shown, lines, Beside(ladder, len(said), 0))
    return Mould(
        audience=audience,
        opened_at=state.opened_at,
        closed_at=state.closed_at,
        ended=lines[-1].at + ARRIVED,
        cause_at=made.cause_at,
        row=RowMould(escalations, escalation_row(shown, state.version, lines[-1].at)),
        facts=RowMould(facts, facts_row(made)),
        tiers=[RowMould(tier_facts, row) for row in tier_rows(made)],
        lines=[RowMould(timeline, timeline_row(case, one), _clocks_in(one.text, zones, one.at)) for one in lines],
        messages=[
            RowMould(messages, _message_row(case, one, roster), _clocks_in(one.message.purpose, zones, one.at))
            for one in said
        ],
    )


def _message_row(case: tuple[str, int], sending: Sending, roster: Roster) -> Row:
    """A message that was handed over and, unless it is an SMS to the customer, is known to have arrived."""
    message, at = sending.message, sending.at
    known = message.person is not None or message.channel == "email"
    return {
        **message_row(case, message, "delivered" if known else "sent", at),
        "to": _address(message, roster),
        "subject": "seedsubject" if message.channel == "email" else None,
        "text": f"{message.purpose}: seedsubject, seedname ({rfc3339(at)})",
        "attempts": 1,
        "claimed_at": at,
        "sent_at": at + HANDED_OVER,
        "delivered_at": at + ARRIVED if known else None,
    }


def _address(message: Message, roster: Roster) -> str | None:
    if message.person is None:
        return EMAIL if message.channel == "email" else PHONE
    person = roster.person(message.person)
    return (person.email if message.channel == "email" else person.phone) if person else None


def _clocks_in(text: str, zones: Iterable[str], read_at: datetime) -> dict[str, _Clock]:
    """The times in a text that people read at that instant, as they stand there; what is no such time is not taken for one."""
    found: dict[str, _Clock] = {}
    for match in _CLOCK.finditer(text):
        for clock in _may_be(match, zones, read_at):
            if clock.moved(timedelta(0)) == match[0]:
                found[match[0]] = clock
    return found


def _may_be(match: re.Match[str], zones: Iterable[str], read_at: datetime) -> Iterator[_Clock]:
    """That time of day on its date, or today and in the week to come where it has none."""
    at = time.fromisoformat(match[2])
    for zone in zones:
        today = read_at.astimezone(ZoneInfo(zone)).date()
        days = [date.fromisoformat(match[1])] if match[1] else [today + timedelta(days=n) for n in range(8)]
        yield from (_Clock(datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC), zone, read_at) for day in days)


def _piece(part: str, clocks: Mapping[str, _Clock], is_hole: bool) -> tuple[str, str | None, _Clock | _Instant | None]:
    """A text as it is, else the name of what is filled in, else a time to move."""
    if not is_hole or part in HOLES:
        return part, HOLES[part] if is_hole else None, None
    return part, None, clocks.get(part) or _Instant(datetime.fromisoformat(part))
