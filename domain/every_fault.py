"""All mistakes of a file in one go: what is broken is set aside, and the rest is read and checked again.

pydantic stops at the first thing that cannot be read, and checks between fields run only when every field can. So a copy of
the data is mended with readable stand-ins, round by round, until nothing new comes to light. A stand-in must never be a
mistake itself, nor hide one; what could be no more than the shadow of a broken place is not told.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from domain.calendars import HANDED_IN, WEEKDAYS
from domain.errors import Fault
from domain.fault_texts import MOST_TOLD, Path, keys_at, model_faults, stands_in
from domain.tickets import PRIORITIES

_MOST_REPAIRS: Final = 12  # rounds; a file that cannot be mended in so many is told as far as it was read
_COMPLETE: Final = ("hours", "working_hours", "open")  # maps that lack nothing when a key of theirs is gone

_UNREADABLE, _UNREADABLE_ID = "unreadable", "unreadable-id"  # apart, so that no name is found by mistake
_STEP = {"tell": "on_call", "channels": ["email"]}
_BY_PRIORITY = {"all": "1h"}
_TIER_TARGETS = {"acknowledge": _BY_PRIORITY}
_TIER = {"name": _UNREADABLE, "team": _UNREADABLE, "targets": _TIER_TARGETS, "steps": [_STEP]}
_HOURS = {day: ["00:00-24:00"] for day in WEEKDAYS}
_ROW = {"high": "medium", "medium": "medium", "low": "medium"}
_CATEGORY = {"id": _UNREADABLE_ID, "title": {"en": _UNREADABLE}}
_ALL_TIME = {"from": "0001-01-02T00:00:00Z", "to": "9999-12-30T00:00:00Z"}  # whatever the other end is, it lies inside
_TURNS = {"timezone": "UTC", "handoff": "09:00", "every": "1w", "start": "2026-01-05", "members": [_UNREADABLE]}

_STAND_INS: Mapping[str, object] = {  # by the last key of the path
    **dict.fromkeys(("name", "team", "owner_of_last_resort", "person", "instead_of"), _UNREADABLE),
    "id": _UNREADABLE_ID,
    **dict.fromkeys(("all", *PRIORITIES), "1h"),
    **_STEP,
    **_ALL_TIME,
    "acknowledge": _BY_PRIORITY,
    "every": _BY_PRIORITY,
    "calendar": "always",
    "customer_sms": "21:00-08:00",
    "timezone": "UTC",
    "hours": _HOURS,
    "day": "24h",
    "steps": [_STEP],
    "tiers": [_TIER],
    "handoff": _TURNS["handoff"],
    "start": _TURNS["start"],
    "members": [_UNREADABLE],
    "title": _CATEGORY["title"],
    "categories": [_CATEGORY],
    "within": "30d",
    "count": 3,
}
_IN_A_SECTION: Mapping[
    tuple[str, str | int], object
] = {  # the same by the key above it, too; an entry of a list is "#"
    ("tiers", "#"): _TIER,
    ("steps", "#"): _STEP,
    ("tiers", "targets"): _TIER_TARGETS,
    ("raise_for", "#"): {"customer": {"tier": _UNREADABLE}},
    ("raise_for", "customer"): {"tier": _UNREADABLE},
    ("customer", "tier"): _UNREADABLE,
    ("customer", "annual_value_at_least"): 1,
    ("customer", "customer_for_at_least"): "1d",
    ("match", "ticket"): {"system": _UNREADABLE},
    ("match", "customer"): {"tier": _UNREADABLE},
    ("match", "trigger"): {"kind": _UNREADABLE},
    ("functional", "#"): {"team": _UNREADABLE},
    **{("matrix", level): _ROW for level in _ROW},
    **{(impact, urgency): "medium" for impact in _ROW for urgency in _ROW},
    **{("calendar", priority): "always" for priority in (*PRIORITIES, "else")},
    ("people", "channels"): {"all": ["email"]},
    **{("channels", priority): ["email"] for priority in ("all", *PRIORITIES)},
    ("people", "#"): {"id": _UNREADABLE_ID, "name": _UNREADABLE},
    ("teams", "#"): {"id": _UNREADABLE_ID},
    ("rotations", "#"): _TURNS,
    ("rotations", "every"): _TURNS["every"],
    ("members", "#"): _UNREADABLE,
    ("categories", "#"): _CATEGORY,
    ("children", "#"): _CATEGORY,
    ("title", "en"): _UNREADABLE,
    ("overrides", "#"): {"person": _UNREADABLE, **_ALL_TIME},
    ("absences", "#"): {"person": _UNREADABLE, **_ALL_TIME},
}
_A_CALENDAR = {"timezone": "UTC", "hours": _HOURS, "day": "24h"}

_Read = TypeVar("_Read", bound=BaseModel)
Check = Callable[[_Read, Sequence[Path]], Mapping[Path, Fault]]
"""The faults between the fields; the places are those that hold a stand-in or were taken out."""


def every_fault(
    model: type[_Read], data: Mapping[str, object], hints: Mapping[str, str], check: Check[_Read]
) -> dict[Path, Fault]:
    """Each faulty place of what a person hands in, in `data` that should be a `model`, with its fault."""
    found: dict[Path, Fault] = {}
    places: list[Path] = []
    for _ in range(_MOST_REPAIRS):
        rest, gone = _mended(data, places)
        shadows = _Shadows(model, data, places, gone)
        try:
            read = model.model_validate(rest, context=HANDED_IN)
        except ValidationError as error:
            again = model_faults(model, rest, error, hints)
            found |= shadows.without(again)
            if len(found) > MOST_TOLD:
                return found
            places += [path[:-1] if path in places else path for path in again]
        else:
            return found | shadows.without(check(read, places))
    return found


class _Shadows:
    """Which faults of the mended data may come from the mending alone."""

    def __init__(self, model: type[BaseModel], data: object, places: Sequence[Path], gone: Iterable[Path]) -> None:
        self._places = places
        self._holes = [path for path in gone if path[-1] not in keys_at(model, path[:-1])]
        self._lacking = {path[:-1] for path in places if path and not stands_in(data, path)}

    def without(self, faults: Mapping[Path, Fault]) -> dict[Path, Fault]:
        """The faults that are true whatever was meant by what is broken."""
        return {path: fault for path, fault in faults.items() if not self._explain(path)}

    def _explain(self, path: Path) -> bool:
        """Inside a broken place; around a key that nobody knows; of a map as a whole that lacks what it must have."""
        inside = any(path[: len(place)] == place for place in self._places)
        return inside or path in self._lacking or any(hole[: len(path)] == path for hole in self._holes)


def _mended(data: Mapping[str, object], places: Sequence[Path]) -> tuple[dict[str, object], list[Path]]:
    """A copy in which each of the places holds a stand-in or is gone, and those that are gone."""
    fixed: dict[str, object] = copy.deepcopy(dict(data)) if places else dict(data)
    gone: list[Path] = []
    for path in sorted(dict.fromkeys(places), key=_deepest_and_last, reverse=True):
        gone += _mend(fixed, path)
    return fixed, gone


def _deepest_and_last(path: Path) -> tuple[int, int]:
    """What is taken out of a list moves only what stands behind it."""
    return len(path), path[-1] if path and isinstance(path[-1], int) else -1


def _mend(fixed: dict[str, object], path: Path) -> Iterator[Path]:
    parent = _parent(fixed, path)
    if not isinstance(parent, dict | list):
        return
    last, stand_in = path[-1], _stand_in(path)
    if stand_in is not None:
        cast("Any", parent)[last] = copy.deepcopy(stand_in)
        return
    if stands_in(parent, (last,)):
        del cast("Any", parent)[last]
    if isinstance(last, str) and _section(path) not in _COMPLETE:
        yield path
    elif not parent:
        yield from _mend(fixed, path[:-1])  # nothing is left of it


def _parent(fixed: Any, path: Path) -> object:
    """What holds the last part of `path`, None where an earlier repair has taken it away."""
    if not path or not stands_in(fixed, path[:-1]):
        return None
    for part in path[:-1]:
        fixed = fixed[part]
    return cast("object", fixed)


def _stand_in(path: Path) -> object:
    last, section = path[-1], _section(path)
    if isinstance(last, int):
        return _IN_A_SECTION.get((section, "#"))
    if section == "calendars":
        return _A_CALENDAR
    return _IN_A_SECTION.get((section, last), _STAND_INS.get(last))


def _section(path: Path) -> str:
    return next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")
