"""What a policy would have made of past tickets: each is played through the rules that run, and only counts are kept.

The past says who did something when, not which words were meant for which tier: an acknowledgement, an update or a fix comes at
its own time from whoever is then accountable under the policy that is tried. What nobody did in the past, nobody does here.
Counts can be added, so a file of any length is played in parts, in any order, on any number of processes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationInfo, field_validator

from domain.commands import Command
from domain.holiday_dates import with_holidays
from domain.messages import MessageKind
from domain.opening import Asked, opening_of
from domain.policy import Policy
from domain.roster import Roster
from domain.simulation import MOST_LINES, Course, Refusal, Sending, course
from domain.state import TimelineEntry
from domain.tickets import Channel, Moment

Audience = Literal["responders", "customers", "teams"]

NIGHT_BEGINS, NIGHT_ENDS = 22, 7  # o'clock where the person is; a message in between wakes
TO_THE_LAST_RESORT: tuple[MessageKind, ...] = ("last_resort", "closure_overdue", "top_breach")
UNKNOWN_ZONE = "UTC"
MOMENTS = ("opened_at", "acknowledged_at", "resolved_at", "closed_at")  # in the order they come in

SUMMARY = {"summary": "resolved in the past"}
UPDATE = {"text": "updated in the past"}
CAUSE = {"category": "unknown", "description": "closed in the past", "origin": "ours"}


class PastTicket(Asked):
    """A ticket and what was done about it. What has no time was never done; closing without resolving does both at once."""

    opened_at: Moment
    acknowledged_at: Moment | None = None
    resolved_at: Moment | None = None
    closed_at: Moment | None = None
    updated_at: tuple[Moment, ...] = ()

    @field_validator("acknowledged_at", "resolved_at", "closed_at", "updated_at")
    @classmethod
    def _not_before(
        cls, at: datetime | tuple[datetime, ...] | None, info: ValidationInfo
    ) -> datetime | tuple[datetime, ...] | None:
        """None of them comes before the opening, nor closing before resolving, nor resolving before acknowledging."""
        earlier = MOMENTS[:1] if info.field_name == "updated_at" else MOMENTS
        times = at if isinstance(at, tuple) else () if at is None else (at,)
        for name in earlier:
            before = info.data.get(name)
            if before is not None and any(one < before for one in times):
                raise ValueError(f"comes before {name}")
        return at


class Trial:
    """One policy that past tickets are played through; its holidays are worked out once a year, not once a ticket."""

    def __init__(self, policy: Policy, roster: Roster) -> None:
        self._policy = policy
        self._roster = roster
        self._zones = [ZoneInfo(one.timezone) for one in policy.calendars.values() if one.holidays]
        self._by_years: dict[tuple[int, ...], Policy] = {}

    def play(self, past: PastTicket) -> Course:
        """The course the ticket takes, at most `MOST_LINES` long. Raises DomainError for an id or a span beyond all bounds."""
        opening = opening_of(past, self._with_holidays(past.opened_at), past.opened_at, self._roster)
        return course(opening, self._roster, list(_words(past)), MOST_LINES)

    def _with_holidays(self, at: datetime) -> Policy:
        years = tuple(at.astimezone(zone).year for zone in self._zones)
        if years not in self._by_years:
            self._by_years[years] = with_holidays(self._policy, at)
        return self._by_years[years]


def _words(past: PastTicket) -> Iterator[Command]:
    """What was said, each at its time, by whoever is then accountable."""
    if past.acknowledged_at is not None:
        yield _word("acknowledge", past.acknowledged_at, {})
    for number, at in enumerate(past.updated_at):
        yield _word("customer-update", at, UPDATE, f"-{number}")
    resolved_at = past.resolved_at or past.closed_at
    if resolved_at is not None:
        yield _word("resolve", resolved_at, SUMMARY)
    if past.closed_at is not None:
        yield _word("root-cause", past.closed_at, CAUSE)
        yield _word("close", past.closed_at, {})


def _word(name: str, at: datetime, body: dict[str, str], more: str = "") -> Command:
    return Command(id=name + more, name=name, by=None, received_at=at, body=body)


@dataclass
class Tally:
    """What is counted of the courses of one policy; two tallies of it can be added.

    `missed` counts by target, `refused` by the code of the refusal; `hours` are those of the reader's own clock. `nights` counts
    the messages that woke, by person and by the date of the evening the night began with.
    """

    tickets: int = 0
    missed_any: int = 0  # tickets that missed one target or more
    cut: int = 0  # tickets whose course went on beyond `MOST_LINES`
    climbs: int = 0
    nobody: int = 0  # steps that found nobody on duty
    last_resort: int = 0  # messages to the owner of last resort because everything else had failed
    sent: Counter[tuple[Audience, Channel]] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    hours: Counter[tuple[Audience, int]] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    nights: Counter[tuple[str, date]] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count what the other has counted, too."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def take(self, course: Course, zones: Mapping[str, ZoneInfo]) -> None:
        """Count one more ticket; `zones` are the time zones people live in."""
        missed_before = self.missed.total()
        self.tickets += 1
        self.cut += course.ending == "too_long"
        for one in course.happenings:
            if isinstance(one, Sending):
                if one.message.kind != "unreachable":  # past tickets seldom say where their customer is to be reached
                    self._take_message(one, course, zones)
            elif isinstance(one, Refusal):
                self.refused[one.error.code] += 1
            else:
                self._take_line(one)
        self.missed_any += self.missed.total() > missed_before

    def _take_line(self, line: TimelineEntry) -> None:
        if line.kind == "breached":
            self.missed[line.data["target"]] += 1
        self.climbs += line.kind == "climbed"
        self.nobody += line.kind == "nobody_on_duty"

    def _take_message(self, one: Sending, course: Course, zones: Mapping[str, ZoneInfo]) -> None:
        person, channel = one.message.person, one.message.channel
        if channel == "webhook":  # a system of a team's has no clock of its own, and nobody is woken by it
            self.sent["teams", channel] += 1
            return
        audience: Audience = "customers" if person is None else "responders"
        zone = _customers_zone(course) if person is None else zones.get(person) or ZoneInfo(UNKNOWN_ZONE)
        local = one.at.astimezone(zone)
        self.sent[audience, channel] += 1
        self.hours[audience, local.hour] += 1
        if person is None:
            return
        self.people[person] += 1
        self.last_resort += one.message.kind in TO_THE_LAST_RESORT
        night = night_of(local)
        if night is not None:
            self.nights[person, night] += 1

    @property
    def messages(self) -> int:
        """To everybody on all channels."""
        return self.sent.total()

    @property
    def nights_woken(self) -> Counter[str]:
        """On how many nights each person was woken."""
        return Counter(person for person, _ in self.nights)


def night_of(local: datetime) -> date | None:
    """The evening with which the night of that local time began; None by day."""
    if NIGHT_ENDS <= local.hour < NIGHT_BEGINS:
        return None
    return (local.replace(tzinfo=None) - timedelta(hours=NIGHT_ENDS)).date()


def zones_of(roster: Roster) -> dict[str, ZoneInfo]:
    """Person → the time zone of their own clock."""
    return {person.id: ZoneInfo(person.timezone) for person in roster.people}


def _customers_zone(course: Course) -> ZoneInfo:
    """The customer's, else the one the policy's quiet hours take for them."""
    quiet = course.state.policy.quiet_hours
    return ZoneInfo(course.state.customer.timezone or (quiet.timezone if quiet else UNKNOWN_ZONE))
