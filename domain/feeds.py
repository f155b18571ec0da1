"""From the events of a calendar feed to the overrides or absences of the people they name.

The decisions: an attendee's e-mail names a person, else the summary does, else the organizer; a guess is never made, what names
nobody is left out and said. What a feed brought before is replaced by what it brings now, so importing twice changes nothing and
what was deleted there goes away here. Entries of feeds stand before those written by hand, which therefore win.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from domain.calendars import as_utc, wall_to_utc
from domain.errors import Invalid
from domain.roster import Absence, Override, Person, Roster
from domain.roster_file import MOST_IN_ALL
from domain.roster_times import date_or_instant

FeedKind = Literal["shifts", "absences"]
"""What the events of a feed are: somebody is on duty, or somebody is away."""

MOST_ENTRIES = 2_000  # of one feed; three shifts a day for a year are 1,095

# What stands beside a name: "On call - Dana Okafor", "Vacation: dana", "Dana Okafor (off)".
_PARTS = re.compile(r"\s+[-–—/|]\s+|\s*[:;,()\[\]]\s*")

_Entry = TypeVar("_Entry", bound=Override | Absence)


class FeedEvent(BaseModel):
    """One event of a feed, or one of a recurring event's. Addresses in small letters, of those who did not decline.

    A `start` or `end` without a zone, or a date, is meant on the clock of the person it names. `why` says what kept the event
    from being read; then nobody is looked for.
    """

    model_config = ConfigDict(frozen=True)

    summary: str
    attendees: tuple[str, ...]
    organizer: str | None
    start: Annotated[datetime | date, BeforeValidator(date_or_instant)]
    end: Annotated[datetime | date, BeforeValidator(date_or_instant)]
    why: str = ""


class Feed(NamedTuple):
    """Whose entries they are and what they mean; `team` is None for the absences of anybody."""

    name: str
    kind: FeedKind
    team: str | None

    @property
    def source(self) -> str:
        """How entries of this feed are marked."""
        return f"ical:{self.name}"


class LeftOut(NamedTuple):
    """Events that alike could not be taken: what they are called, when the first begins, how many they are, and why."""

    event: str
    first: str
    times: int
    why: str


class Taken(NamedTuple):
    """The roster with what the feed brings; how many entries that made, and what was left out."""

    roster: Roster
    taken: int
    left_out: tuple[LeftOut, ...]


class _Time(NamedTuple):
    person: str
    start: datetime
    end: datetime


def take_feed(roster: Roster, feed: Feed, events: Iterable[FeedEvent], now: datetime) -> Taken:
    """Replace what `feed` brought before by these events; those that are over at `now` are passed over.

    Raises Invalid `feed_too_long` when the feed, or the roster with it, has too many entries.
    """
    directory = _Directory(roster)
    found: list[_Time] = []
    strange: list[tuple[FeedEvent, str]] = []
    for event in events:
        people, why = _meant(directory, feed, roster, event)
        times = [_time(event, person) for person in reversed(people)]  # of two entries the later one wins
        if wrong := _wrong_times(times):
            times, why = [], wrong
        found += [one for one in times if one.end > now]
        strange += [(event, why)] if why else []
        _check_feed(len(found))  # at each event, or hundreds of people at each would be looked up first
    found.sort(key=lambda one: (one.start, one.end))
    changed = _replaced(roster, feed, found)
    _check_roster(roster, changed)
    return Taken(changed, len(found), tuple(_counted(strange)))


def _check_feed(entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise Invalid(
            "feed_too_long",
            f"the feed would bring more than {MOST_ENTRIES} entries, one for each person of each event until a year from now: "
            "import a calendar with fewer events or fewer people in each, such as that of one team",
        )


def _check_roster(before: Roster, after: Roster) -> None:
    """A feed that makes a roster smaller is always taken."""
    entries, earlier = (len(one.overrides) + len(one.absences) for one in (after, before))
    if entries > MOST_IN_ALL and entries > earlier:
        raise Invalid(
            "feed_too_long",
            f"with this feed the roster would have {entries} overrides and absences; at most {MOST_IN_ALL} are kept: remove "
            "those that are over, and import an empty calendar for each feed that is no longer used",
        )


def _wrong_times(times: Sequence[_Time]) -> str:
    if any(one.start > one.end for one in times):
        return "it ends before it begins: give it a later end"
    return "it has no length: give it an end" if any(one.start == one.end for one in times) else ""


def _meant(directory: "_Directory", feed: Feed, roster: Roster, event: FeedEvent) -> tuple[Sequence[Person], str]:
    """The people the event names, or nobody and why."""
    if event.why:
        return (), event.why
    people, why = directory.named(event)
    team = roster.team(feed.team) if feed.team else None
    if feed.kind == "absences" and team is not None:
        outside = [person.id for person in people if not team.has(person.id)]
        people = [person for person in people if team.has(person.id)]
        why = why or (f"{', '.join(outside)} is not in team '{team.id}'" if not people else "")
    return people, why


class _Directory:
    """People by what a calendar may call them."""

    def __init__(self, roster: Roster) -> None:
        self._by_email: dict[str, list[Person]] = defaultdict(list)
        self._by_name: dict[str, list[Person]] = defaultdict(list)
        self._longest = 0  # words of a name
        for person in roster.people:
            emails = [person.email.casefold()] if person.email else []
            for email in emails:
                self._by_email[email].append(person)
            full_name = " ".join(person.name.casefold().split())
            for name in {person.id, full_name, *emails}:
                self._by_name[name].append(person)
            self._longest = max(self._longest, len(full_name.split()))

    def named(self, event: FeedEvent) -> tuple[Sequence[Person], str]:
        """Attendees other than the organizer, else who the summary names, else the organizer where nobody else attends."""
        others = [address for address in event.attendees if address != event.organizer]
        attending = [person for address in others for person in self._by_email.get(address, ())]
        if attending:
            return _distinct(attending), ""
        people = self._in_summary(event.summary)
        if len(people) > 1:
            return (), f"its summary names more than one: {', '.join(person.id for person in people)}"
        if not people and not others and event.organizer:
            people = _distinct(self._by_email.get(event.organizer, ()))
        return people, "" if people else _nobody(event, others)

    def _in_summary(self, summary: str) -> Sequence[Person]:
        text = " ".join(summary.casefold().split())
        parts = [text] if text in self._by_name else _PARTS.split(text)
        people = _distinct(person for part in parts for person in self._by_name.get(part, ()))
        return people or _distinct(person for part in parts for person in self._in_words(part.split()))

    def _in_words(self, words: Sequence[str]) -> Iterator[Person]:
        """Whose full name stands among other words ("Dana Okafor on vacation"); one word alone may mean something else."""
        place = 0
        while place < len(words):
            ends = range(min(place + self._longest, len(words)), place + 1, -1)  # the longest name first
            end = next((end for end in ends if " ".join(words[place:end]) in self._by_name), None)
            yield from self._by_name[" ".join(words[place:end])] if end else ()
            place = end or place + 1


def _nobody(event: FeedEvent, others: Sequence[str]) -> str:
    """Why an event names nobody, and what to mend."""
    addresses = ", ".join(others) or event.organizer
    if addresses:
        return f"no person has the e-mail {addresses}, and the summary is nobody's id or name"
    return "it has no attendee, and its summary is nobody's id or name"


def _distinct(people: Iterable[Person]) -> Sequence[Person]:
    return list({person.id: person for person in people}.values())


def _time(event: FeedEvent, person: Person) -> _Time:
    zone = ZoneInfo(person.timezone)
    return _Time(person.id, _instant(event.start, zone), _instant(event.end, zone, last=True))


def _instant(when: datetime | date, zone: ZoneInfo, *, last: bool = False) -> datetime:
    if not isinstance(when, datetime):
        return wall_to_utc(datetime.combine(when, time()), zone, last=last)
    return as_utc(when) if when.tzinfo else wall_to_utc(when, zone, last=last)


def _replaced(roster: Roster, feed: Feed, found: Iterable[_Time]) -> Roster:
    shifts: list[Override] = []
    absences: list[Absence] = []
    for person, start, end in found:
        if feed.kind == "shifts":
            shifts.append(Override(person=person, team=feed.team, from_=start, to=end, source=feed.source))
        else:
            absences.append(Absence(person=person, from_=start, to=end, source=feed.source))
    return Roster(
        people=roster.people,
        teams=roster.teams,
        overrides=_among(roster.overrides, shifts, feed.source),
        absences=_among(roster.absences, absences, feed.source),
    )


def _among(entries: Sequence[_Entry], new: Sequence[_Entry], source: str) -> tuple[_Entry, ...]:
    """Feeds by name, so that their order does not depend on who imported last; then what was written by hand."""
    others = [entry for entry in entries if entry.source and entry.source != source]
    by_hand = [entry for entry in entries if not entry.source]
    return (*sorted([*others, *new], key=lambda entry: entry.source or ""), *by_hand)


def _said(when: datetime | date) -> str:
    """RFC 3339 in UTC; what has no zone stays as it is, for it belongs to nobody's clock."""
    if isinstance(when, datetime) and when.tzinfo:
        return f"{as_utc(when):%Y-%m-%dT%H:%M:%SZ}"
    return when.isoformat()


def _counted(strange: Iterable[tuple[FeedEvent, str]]) -> Iterator[LeftOut]:
    """Occurrences of one event that are left out for one reason are said once."""
    alike: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for event, why in strange:
        alike[event.summary, why].append(_said(event.start))
    for (summary, why), starts in alike.items():
        yield LeftOut(summary, min(starts), len(starts), why)
