"""What differs between two rosters, in lines a person can check before the second one counts.

People and teams are known by their ids. Overrides and absences have none: a changed one is one gone and one new.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
"""A roster as plain data, the way the API and `Roster.model_dump` write it."""


def roster_changes(old: Document, new: Document) -> list[str]:
    """A line for each difference: `+` new, `-` gone, `~` changed with the fields that did. None when they are the same."""
    lines = [line for section in ("people", "teams") for line in _by_id(section, old, new)]
    lines += [line for section in ("overrides", "absences") for line in _by_content(section, old, new)]
    if not lines and old != new:
        lines.append("~ the order of entries")
    return lines


def _by_id(section: str, old: Document, new: Document) -> Iterator[str]:
    before, after = ({entry["id"]: entry for entry in roster.get(section) or ()} for roster in (old, new))
    word = {"people": "person", "teams": "team"}[section]
    yield from (f"- {word} {id}" for id in before if id not in after)
    yield from (f"+ {word} {id}" for id in after if id not in before)
    for id, entry in after.items():
        old_entry = before.get(id, entry)
        names = [name for name in {**old_entry, **entry} if old_entry.get(name) != entry.get(name)]
        if names:
            yield f"~ {word} {id}: {', '.join(_field(name, old_entry, entry) for name in names)}"


def _field(name: str, old: Document, new: Document) -> str:
    """`members`, or `rotations (2 before, 1 now)`: a rotation gone changes more than who is in it."""
    before, now = (len(entry.get(name) or ()) for entry in (old, new)) if name == "rotations" else (0, 0)
    return name if before == now else f"{name} ({before} before, {now} now)"


def _by_content(section: str, old: Document, new: Document) -> Iterator[str]:
    before, after = (Counter(map(_said, roster.get(section) or ())) for roster in (old, new))
    yield from (f"- {section.removesuffix('s')} {entry}" for entry in (before - after).elements())
    yield from (f"+ {section.removesuffix('s')} {entry}" for entry in (after - before).elements())


def _said(entry: Document) -> str:
    """`dana from … to …, delegate: sam`."""
    rest = [f"{name}: {value}" for name, value in entry.items() if value is not None and name not in _FIRST]
    return ", ".join([f"{entry['person']} from {entry['from']} to {entry['to']}", *rest])


_FIRST: Sequence[str] = ("person", "from", "to")
