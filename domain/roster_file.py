"""Reading rosters: one gate for the file, for `PUT /v1/roster`, with every mistake and its place said at once; and writing."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from domain.errors import Fault, PolicyFaults
from domain.fault_texts import Path, in_file_order, mended, model_faults, refuse_depth, related
from domain.roster import Roster
from domain.yaml_text import parse_yaml

_MOST_REPAIRS = 8  # rounds of leaving broken parts out before the names are given up
_NAMED: tuple[Path, ...] = ((), ("people",), ("teams",))  # sections whose entries others name
_HINTS = {
    "id": "write small letters, digits, _ . and - such as dana",
    "every": "write the length of a shift such as 12h, 1d or 1w",
    "timezone": "write an IANA name such as Europe/Berlin",
    "handoff": 'write a time such as "09:00" or "mon 09:00"',
    "start": "write the day the first shift begins such as 2026-03-02",
    "members": "write a list of people's ids such as [dana, sam]",
    "locale": "write a language such as de or en-GB",
    "from": "write an instant with its offset such as 2026-03-02T09:00:00+01:00",
    "to": "write an instant with its offset such as 2026-03-02T09:00:00+01:00",
}


def load_roster(text: str, what: str = "the roster file") -> Roster:
    """The roster in a YAML text; raises PolicyFaults with every mistake and its place."""
    return check_roster(parse_yaml(text, what), what)


def check_roster(data: Mapping[str, object], what: str = "the roster") -> Roster:
    """The roster in plain data (YAML or JSON); raises PolicyFaults with every mistake and its place."""
    refuse_depth(data, what)
    try:
        return Roster.model_validate(data)
    except ValidationError as error:
        faults = model_faults(Roster, data, error, _HINTS)
    raise PolicyFaults(what, in_file_order(data, {**_faults_of_the_rest(data, faults), **faults}))


def _faults_of_the_rest(data: object, broken: Mapping[Path, Fault]) -> dict[Path, Fault]:
    """Names that lead nowhere, where the ids themselves could be read."""
    ids_unread = any(place[-1:] == ("id",) or (len(place) <= 2 and place[:1] in _NAMED) for place in broken)
    if ids_unread or not isinstance(data, Mapping):
        return {}
    places = list(broken)
    for _ in range(_MOST_REPAIRS):
        rest = mended(data, places)
        try:
            Roster.model_validate(rest)
        except ValidationError as error:
            again = model_faults(Roster, rest, error, _HINTS)
        else:
            break
        if fresh := {path: fault for path, fault in again.items() if not any(related(path, one) for one in places)}:
            return fresh
        places += [path[:-1] if path in places else path for path in again]
    return {}


class _Writer(yaml.SafeDumper):
    """Puts quotes around whatever our reader, which knows other numbers than YAML 1.1, would not read back as a text."""


_Writer.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"), list("-0123456789")
)


def _text(writer: _Writer, value: str) -> yaml.ScalarNode:
    # PyYAML writes these line breaks as they are, and reads them back as blanks.
    style = '"' if re.search("[\x85\u2028\u2029]", value) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Writer.add_representer(str, _text)


def roster_text(data: Mapping[str, Any]) -> str:
    """A roster in plain data as the YAML file that `load_roster` reads back as the same roster; what is empty is left out."""
    filled = {section: _filled(entries) for section, entries in data.items()}
    return yaml.dump(filled, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110)


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(one) for name, one in value.items() if one not in (None, [], {})}
    return [_filled(one) for one in value] if isinstance(value, list) else value
