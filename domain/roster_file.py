"""Reading rosters: one gate for the file, for `PUT /v1/roster`, with every mistake and its place said at once; and writing."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from domain.delegate_rings import delegate_rings
from domain.errors import Fault, PolicyFaults
from domain.every_fault import every_fault
from domain.fault_texts import Path, in_file_order, path_text, refuse_depth, values_in
from domain.roster import Entries, Roster
from domain.roster_checks import roster_faults
from domain.yaml_text import LARGEST_ROSTER, parse_yaml

MOST_IN_ALL = 20_000  # overrides and absences of a roster, which is read whole for every question of who is on duty
_MOST = (("people", 20_000), ("teams", 20_000))  # of the other entries
_MOST_VALUES = 250_000  # in all; an override has seven, and in a large roster all are checked in seconds
_INSTANT = "write an instant with its offset such as 2026-03-02T09:00:00+01:00"
_SOMEBODY = "write a person's id such as dana"
_HINTS = {  # what to write instead, by the last key of the path, or the last two
    "id": "write small letters, digits, _ . and - such as dana, 64 at most",
    "people": "write a list such as [{id: dana, name: Dana Okafor}]",
    "teams": "write a list such as [{id: support, members: [dana, sam]}]",
    "overrides": "write a list such as [{person: dana, instead_of: sam, from: …, to: …}]",
    "absences": "write a list such as [{person: dana, delegate: sam, from: …, to: …}]",
    "webhook": "write an address such as https://hooks.example/tierline",
    "choose": "write in_order or round_robin",
    "name": "write a name",
    "people.name": "write a name of at most 200 characters such as Dana Okafor",
    "email": "write an address such as dana@example.com",
    "phone": 'write a number with its country code, in quotes, such as "+493023125000"',
    "timezone": "write an IANA name such as Europe/Berlin",
    "locale": "write a language such as de or en-GB",
    "channels": "write channels by priority, best first, such as {critical: [sms, email], all: [email]}",
    "channels.*": "write one or both of [email, sms], best first",
    "working_hours": 'write windows for every day such as ["08:00-18:00"], or by weekday such as {mon: ["08:00-18:00"]}',
    "working_hours.*": 'write windows such as ["08:00-12:00", "13:00-18:00"]',
    "do_not_disturb": 'write when it begins and ends such as "22:00-07:00"',
    **dict.fromkeys(("manager", "lead", "person", "instead_of", "delegate"), _SOMEBODY),
    "members": "write a list of people's ids such as [dana, sam]",
    "team": "write a team's id such as support",
    "rotations": 'write a list such as [{timezone: Europe/Berlin, handoff: "09:00", every: 1w, start: …, members: […]}]',
    "handoff": 'write a time such as "09:00" or "mon 09:00"',
    "every": "write the length of a shift such as 12h, 1d or 1w",
    "start": "write the day the first shift begins such as 2026-03-02",
    "hours": 'write windows for every day such as ["09:00-17:30"], or by weekday such as {mon: ["09:00-17:30"]}',
    "hours.*": 'write windows such as ["09:00-12:30", "13:15-17:30"]',
    "from": _INSTANT,
    "to": _INSTANT,
    "source": "leave it out: it marks what a calendar feed has brought",
}

_Find = Callable[[Mapping[str, object]], Mapping[Path, Fault]]


def load_roster(text: str, what: str = "the roster file") -> Roster:
    """The roster in a YAML text; raises PolicyFaults with every mistake and its place."""
    return check_roster(parse_yaml(text, what, LARGEST_ROSTER), what)


def check_roster(data: Mapping[str, object], what: str = "the roster", before: Roster | None = None) -> Roster:
    """The roster in plain data (YAML or JSON); raises PolicyFaults with every mistake and its place.

    `before` is the stored roster that `data` only adds to: what was accepted with it is not refused now, and a limit
    that it is over already keeps nothing out.
    """
    refuse_depth(data, what)
    for find in (_too_many, _faults):
        if found := _not_of_before(find, data, before):
            raise PolicyFaults(what, in_file_order(data, found))
    return Roster.model_validate(data)


def _not_of_before(find: _Find, data: Mapping[str, object], before: Roster | None) -> Mapping[Path, Fault]:
    found = find(data)
    if not found or before is None:
        return found
    old = find(before.model_dump(mode="json", by_alias=True))
    return {path: fault for path, fault in found.items() if path not in old}


def _too_many(data: Mapping[str, object]) -> dict[Path, Fault]:
    """What would take minutes and gigabytes to check, told before it does; one place for each limit."""
    number = {section: len(entries) for section, entries in data.items() if isinstance(entries, list | tuple)}
    found: dict[Path, Fault] = {}
    for section, most in _MOST:
        if number.get(section, 0) > most:
            found[section,] = Fault(section, f"has {number[section]:,} entries, and {most:,} are the most")
    entries = number.get("overrides", 0) + number.get("absences", 0)
    if entries > MOST_IN_ALL:
        message = f"{entries:,} overrides and absences, and {MOST_IN_ALL:,} are the most; remove those that are over"
        # One limit for both, so one place in `found`, whichever of them are there to be named.
        found["overrides",] = Fault("overrides" if number.get("overrides") else "absences", message)
    if values_in(data) > _MOST_VALUES:
        message = f"holds over {_MOST_VALUES:,} values; no roster has so many people and entries"
        found[()] = Fault(path_text(()), message)
    return found


def _faults(data: Mapping[str, object]) -> dict[Path, Fault]:
    return every_fault(Entries, data, _HINTS, _between_entries)


def _between_entries(entries: Entries, unread: Sequence[Path]) -> dict[Path, Fault]:
    broken = {place[1] for place in unread if place[:1] == ("absences",) and len(place) > 1}
    intact = {index: absence for index, absence in enumerate(entries.absences) if index not in broken}
    found: dict[Path, Fault] = {}
    for fault in [*roster_faults(entries, set(_unknowable(unread))), *delegate_rings(intact)]:
        found.setdefault(fault.loc, Fault(path_text(fault.loc), fault.message))
    return found


def _unknowable(unread: Sequence[Path]) -> Iterator[str]:
    """What nobody can be said to lack, for not all of it could be read."""
    for place in unread:
        if len(place) < 3 or place[2:] == ("id",):
            yield str(place[0])
        if place[0] == "people" and place[2:] in (("email",), ("phone",)):
            yield "addresses"
        if place[0] == "teams" and (len(place) < 3 or "members" in place or place[2:3] + place[4:] == ("rotations",)):
            yield "members"


class YamlWriter(yaml.SafeDumper):
    """Puts quotes around whatever our reader, which knows other numbers than YAML 1.1, would not read back as a text."""


YamlWriter.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"), list("-0123456789")
)


def _text(writer: YamlWriter, value: str) -> yaml.ScalarNode:
    # PyYAML writes these line breaks as they are, and reads them back as blanks.
    style = '"' if re.search("[\x85\u2028\u2029]", value) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


YamlWriter.add_representer(str, _text)


def roster_text(data: Mapping[str, Any]) -> str:
    """A roster in plain data as the YAML file that `load_roster` reads back as the same roster; what is empty is left out."""
    filled = {section: _filled(entries) for section, entries in data.items()}
    return yaml.dump(filled, Dumper=YamlWriter, sort_keys=False, allow_unicode=True, width=110)


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(one) for name, one in value.items() if one not in (None, [], {})}
    return [_filled(one) for one in value] if isinstance(value, list) else value
