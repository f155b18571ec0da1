"""The process that reads a calendar feed (iCalendar, RFC 5545); `feed_process.py` starts it and says why it is one of its own.

Refused as a whole is what could only be read by guessing: a time or rule that cannot be read. Events in a time zone that is
neither known nor described are left out, with all of their series; where that is all of them, the feed is refused. The two
libraries are loaded here and nowhere else.
"""

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import recurring_ical_events  # type: ignore[import-untyped]  # it ships no types
from icalendar import Calendar
from recurring_ical_events.util import make_comparable  # type: ignore[import-untyped]

from api.feed_process import OUT_OF_MEMORY

MOST_EVENTS = 2_000  # three shifts a day for a year are 1,095; every question of who is on duty looks at each of them
# An end far away, such as "until further notice", is cut to this day after the last one that is read: the same day on most
# days the feed is imported again, so that importing twice changes nothing.
CUT = {"month": 1, "day": 2}
MEMORY_LIMIT = 512 * 1024 * 1024  # bytes; the same feed takes a fifth of it

TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE")
ONCE = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID")  # two of them would say when only by a guess
FIRST = ("UID", "SEQUENCE", "SUMMARY", "STATUS", "ORGANIZER")  # of two the first counts
READ = (*TIMES, "DURATION", "RRULE", "EXRULE")  # what has to be readable in an event
TOO_OFTEN = ("SECONDLY", "MINUTELY")
# The library swaps the times of an event that ends before it begins. Marked, it goes on as it was written, and will be left out.
BACKWARDS = "X-TIERLINE-BACKWARDS"
NO_PEOPLE = ("ROOM", "RESOURCE", "GROUP")
# What the libraries raise over a feed: whatever went wrong inside; their words help whoever has to mend it.
REFUSALS = (ValueError, LookupError, ArithmeticError, AttributeError, TypeError, RecursionError)
NO_FEED = "this is no iCalendar feed, or it was cut off: it must reach from BEGIN:VCALENDAR to END:VCALENDAR"


def main() -> None:
    """The reading process: the feed on standard input, JSON on standard output."""
    _, begin, end, seconds = sys.argv
    with suppress(ValueError, OSError):  # a system that does not know such a limit still has the time-out
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    try:
        print(json.dumps(read(sys.stdin.buffer.read(), datetime.fromisoformat(begin), datetime.fromisoformat(end))))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def read(content: bytes, begin: datetime, end: datetime) -> dict[str, Any]:
    """The events between two instants, or `faults`."""
    try:
        calendars = Calendar.from_ical(content.decode("utf-8-sig"), multiple=True)
    except UnicodeDecodeError as error:
        return {"faults": [f"the feed is not UTF-8 (byte {error.start})"]}
    except REFUSALS as error:
        return {"faults": [f"{NO_FEED} ({_short(error)})"]}
    try:
        planned: list[Any] = [event for one in calendars for event in one.walk("VEVENT")]
        for event in planned:
            event.update({field: event[field][0] for field in FIRST if isinstance(event.get(field), list)})
        faults = [fault for event in planned for fault in _faults(event)]
        if faults or not calendars:
            return {"faults": faults or [NO_FEED]}
        left_out = _elsewhere(planned)
        readable = [event for event in planned if id(event) not in left_out]
        if planned and not readable:
            return {"faults": [f"{_name(event)}: {left_out[id(event)]}" for event in planned]}
        for event in readable:
            _cut(event, end.year + 1)
            event[BACKWARDS] = _backwards(event)
        for part in (part for one in calendars for part in one.walk()):
            part.subcomponents = [inner for inner in part.subcomponents if id(inner) not in left_out]
        strange = [_left_out(event, left_out[id(event)]) for event in planned if id(event) in left_out]
        return _worked_out(calendars, begin, end, [one for one in strange if one["end"] >= f"{begin:%Y-%m-%d}"])
    except REFUSALS as error:
        return {"faults": [f"it cannot be worked out when its events are ({_short(error)})"]}


def _worked_out(
    calendars: Sequence[Any], begin: datetime, end: datetime, strange: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    found = [event for one in calendars for event in recurring_ical_events.of(one).between(begin, end)]
    if len(found) + len(strange) > MOST_EVENTS:
        return {
            "faults": [f"{len(found) + len(strange)} events in a year are too many; at most {MOST_EVENTS} are read"]
        }
    return {"events": [*(_event(event) for event in found if not _cancelled(event)), *strange]}


def _cancelled(event: Any) -> bool:
    return str(event.get("STATUS")).upper() == "CANCELLED"


def _elsewhere(planned: Sequence[Any]) -> dict[int, str]:
    """Why events are left out, by their identity: one in an unknown time zone takes its whole series with it.

    Else a day of a series that was moved would be read where it was before.
    """
    why: dict[int, str] = {}
    series: dict[str, str] = {}
    for event in planned:
        zone = next((zone for times in TIMES for one in _list(event.get(times)) for zone in _unknown_zone(one)), None)
        if zone is not None:
            words = f"the time zone '{_short(zone)}' is not known: describe it in a VTIMEZONE, or write an IANA name"
            why[id(event)] = series[str(event.get("UID", id(event)))] = words
    return why | {id(event): series[uid] for event in planned if (uid := str(event.get("UID", ""))) in series}


def _left_out(event: Any, why: str) -> dict[str, Any]:
    """Where it is said to be, for whoever reads why it is left out; one that repeats has no last time."""
    times = [_time(one.dt) for one in (event.get("DTSTART"), event.get("DTEND")) if one is not None]
    last = "9999-12-31" if event.get("RRULE") or event.get("RDATE") else max(times)
    return {
        "summary": _short(event.get("SUMMARY", "")),
        "attendees": [],
        "organizer": None,
        "start": times[0],
        "end": last,
        "why": why,
    }


def _cut(event: Any, year: int) -> None:
    """Bring times far away near, before they are counted with: the calendar ends with the year 9999."""
    start, end, duration = (event.get(field) for field in ("DTSTART", "DTEND", "DURATION"))
    for one in (start, end):
        if one is not None and one.dt.year >= year:
            one.dt = one.dt.replace(year=year, **CUT)
    if end is None and duration is not None:
        last = start.dt.replace(year=year, **CUT)
        duration.dt = min(duration.dt, last - start.dt)


def _backwards(event: Any) -> bool:
    times = recurring_ical_events.EventAdapter(event)
    start, end = make_comparable((times.raw_start, times.raw_end))  # a day and a time may stand together
    return bool(end < start)


def _faults(event: Any) -> Iterator[str]:
    name = _name(event)
    broken = [(field, why) for field, why in event.errors if field in READ]
    if broken:
        yield from (f"{name}: {field} cannot be read ({_short(why)})" for field, why in broken)
        return
    twice = [field for field in ONCE if isinstance(event.get(field), list)]
    if twice:
        yield from (f"{name} has more than one {field}: write one" for field in twice)
        return
    if "DTSTART" not in event:
        yield f"{name} has no DTSTART: say when it begins"
    for rule in _list(event.get("RRULE")):
        yield from (f"{name}: {why}" for why in _rule_faults(rule))


def _name(event: Any) -> str:
    return f"event '{_short(event.get('SUMMARY', event.get('UID', '')))}'"


def _rule_faults(rule: Any) -> Iterator[str]:
    frequency, interval = ((rule.get(part) or [None])[0] for part in ("FREQ", "INTERVAL"))
    if frequency is None:
        yield "RRULE has no FREQ: write how often it repeats"
    elif str(frequency) in TOO_OFTEN:
        yield f"it repeats {frequency}: write HOURLY or longer"
    if interval is not None and int(interval) < 1:
        yield f"INTERVAL={interval} never ends: write 1 or more"


def _unknown_zone(times: Any) -> Iterator[str]:
    """The zone a time names, when that did not make it an instant."""
    zone = getattr(times, "params", {}).get("TZID")
    values = [one.dt for one in getattr(times, "dts", [times]) if hasattr(one, "dt")]
    if zone and any(isinstance(value, datetime) and value.tzinfo is None for value in values):
        yield str(zone)


def _event(event: Any) -> dict[str, Any]:
    addresses = [_address(one) for one in _list(event.get("ATTENDEE")) if _may_attend(one)]
    organizer = event.get("ORGANIZER")
    first, last = ("DTEND", "DTSTART") if event[BACKWARDS] else ("DTSTART", "DTEND")
    return {
        "summary": _short(event.get("SUMMARY", "")),
        "attendees": [address for address in addresses if address],
        "organizer": _address(organizer) if organizer is not None else None,
        "start": _time(event[first].dt),
        "end": _time(event[last].dt),
    }


def _may_attend(address: Any) -> bool:
    kind, answer = (str(address.params.get(name, "")).upper() for name in ("CUTYPE", "PARTSTAT"))
    return kind not in NO_PEOPLE and answer != "DECLINED"


def _address(address: Any) -> str | None:
    """The e-mail address in small letters; some calendars write another kind of address and the e-mail beside it."""
    text = str(address.params.get("EMAIL", address)).casefold().removeprefix("mailto:").strip()
    return text if "@" in text else None


def _time(when: datetime | date) -> str:
    return when.astimezone(UTC).isoformat() if isinstance(when, datetime) and when.tzinfo else when.isoformat()


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 200 else f"{line[:199]}…"


if __name__ == "__main__":
    main()
