"""From pydantic's errors to faults a support lead can mend: the path as in the file, what is wrong, what to write.

None of pydantic's own words reach a person: what a field needs stands in the hints, what is wrong with a value below.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence, Sized
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import Fault, PolicyFaults
from domain.yaml_text import DEEPEST

Path = tuple[str | int, ...]

MOST_TOLD = 1_000  # mistakes of one file; who reads that far mends them first

_CHOICE = "' or '"  # in pydantic's words for several texts to choose from; they say all there is to write

_DURATION = "write a duration such as 90s, 15m, 4h or 2d"
_PRIORITY_MAP = "write a map by priority such as {critical: 1h, all: 4h}"
_CALENDAR = "write a calendar's name, or one for each priority such as {critical: always, else: office}"
_WORDS = "write a text, or a list of texts such as [vip, gold]"
_NAME = "write a name of letters, digits, _ . and -, 64 at most"

POLICY_HINTS: Mapping[str, str] = {  # what to write instead, by the last key of the path, or the last two
    **dict.fromkeys(("after", "all", "confirm_within", "survey_after", "customer_for_at_least", "day"), _DURATION),
    **dict.fromkeys(("low", "medium", "high", "critical"), _DURATION),
    **dict.fromkeys(("acknowledge", "tier_resolution", "resolution", "closure", "every"), _PRIORITY_MAP),
    "acknowledge_timeout": _PRIORITY_MAP,
    "warn_at": "write whole percentages from 1 to 99 such as [50, 80]",
    "pauses": "write true, false or a list of waiting_on_customer, waiting_on_third_party, scheduled",
    "calendar": _CALENDAR,
    "calendar.*": "write a calendar's name",
    "calendars": "write a map of calendars by name such as {office: {timezone: Europe/Berlin, hours: …}}",
    "calendars.*": "write a map such as {timezone: Europe/Berlin, hours: …}",
    "match": "write conditions such as {ticket: {system: zendesk}}",
    **dict.fromkeys(("match.ticket", "functional.ticket"), "write conditions such as {system: zendesk}"),
    **dict.fromkeys(
        ("match.customer", "functional.customer", "raise_for.customer"), "write conditions such as {tier: vip}"
    ),
    **dict.fromkeys(("match.trigger", "functional.trigger"), "write conditions such as {kind: severity}"),
    **dict.fromkeys(("ticket.*", "customer.*", "trigger.*"), _WORDS),
    "priority": "write a map with `matrix` or `raise_for`",
    "raise_for": "write a list such as [{customer: {tier: vip}, by: 1}]",
    "functional": "write a list such as [{team: databases, ticket: {category: database}}]",
    "tiers.targets": "write a map such as {acknowledge: {all: 1h}}",
    "targets": "write a map such as {resolution: {all: 24h}}",
    "targets.root_cause": _PRIORITY_MAP,
    "root_cause": "write required or optional",
    "closing": "write a map such as {root_cause: required, confirm_within: 2d}",
    "customer_updates": "write a map such as {every: {all: 4h}}",
    "quiet_hours": 'write a map such as {customer_sms: "21:00-08:00"}',
    "version": "leave it out: the store counts the versions",
    "closed_dates": "leave it out: the holidays are written there when a case opens",
    "channels": "write some of [email, sms, webhook]",
    "customer_updates.channels": "write one or both of [email, sms]",
    "on": "write some of [opened, acknowledged, escalated, resolved, closed]",
    "repeat": "write a whole number from 0 to 100",
    "by": "write 1, 2 or 3",
    "low_score": "write a whole number from 1 to 5",
    "customer_sms": 'write a local time window such as "21:00-08:00"',
    "timezone": "write an IANA name such as Europe/Berlin",
    "hours": 'write always, or hours by weekday such as {mon: ["09:00-17:30"]}',
    "hours.*": 'write windows such as ["09:00-12:30", "13:15-17:30"]',
    "holidays": "write a country and perhaps a subdivision such as {country: DE, subdivision: BE}",
    "country": "write two capital letters (ISO 3166) such as DE",
    "subdivision": "write its short name such as BE, or leave it out",
    "closed": 'write dates such as ["12-24", "2026-05-15"]',
    **dict.fromkeys(("open", "open.*"), 'write dates with their windows such as {"12-24": ["09:00-12:00"]}'),
    "matrix": "write a priority for every impact and urgency such as {high: {high: critical, …}, …}",
    "matrix.*": "write a priority for each urgency such as {high: critical, medium: high, low: medium}",
    **{f"{impact}.*": "write low, medium, high or critical" for impact in ("low", "medium", "high")},
    "steps": "write at least one step such as {tell: on_call, channels: [email]}",
    "tiers": "write at least one tier",
    "tell": "write who to tell such as on_call, on_call.next or team.lead",
    "annual_value_at_least": "write a number such as 100000",
    **dict.fromkeys(("name", "team", "owner_of_last_resort"), _NAME),
    "start_tier": "write the name of a tier by priority such as {critical: L2}",
    "start_tier.*": "write the name of a tier",
    **dict.fromkeys(("tier", "id", "system", "category", "product", "tags", "locale", "kind", "skill"), _WORDS),
}

_PLAIN: Mapping[str, str] = {  # what is wrong, by pydantic's error type
    "string_type": "must be a text (put quotes around a number that is meant as one)",
    "string_unicode": "holds half a character, which no text can",
    "string_too_short": "is empty",
    "too_short": "is an empty list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be a map of keys and values",
    "model_attributes_type": "must be a map of keys and values",
    "dict_type": "must be a map of keys and values",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    **dict.fromkeys(("date_type", "datetime_type"), "must be a text (put quotes around a number that is meant as one)"),
}
_LIMITS = {
    "greater_than": "small",
    "greater_than_equal": "small",
    "less_than": "large",
    "less_than_equal": "large",
    "string_too_long": "long",
}


def path_text(path: Path) -> str:
    """`("tiers", 0, "steps", 1, "after")` as `tiers[0].steps[1].after`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "(the whole file)"


def refuse_depth(data: object, what: str) -> None:
    """Raises PolicyFaults for data nested so deeply that copying or showing it would exhaust the stack."""
    level = [data]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _items(value)]
        if not level:
            return
    raise PolicyFaults(what, [Fault("(the whole file)", f"nested deeper than {DEEPEST} levels; eight are enough")])


def values_in(data: object) -> int:
    """How many values the data has, those in its lists and maps and these themselves; what nests too deeply was refused."""
    return 1 + sum(values_in(one) for one in _items(data))


def _items(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def model_faults(
    model: type[BaseModel], data: object, error: ValidationError, hints: Mapping[str, str]
) -> dict[Path, Fault]:
    """One fault for each faulty place; where a value fits no branch of a union the deepest place is named.

    Of more than `MOST_TOLD` mistakes the first ones, and one more: comparing all with all would take for ever.
    """
    grouped: dict[Path, list[ErrorDetails]] = {}
    details = error.errors(include_url=False, include_context=True)
    # what is only shorter because an item was refused is no mistake of its own
    true = (detail for detail in details if not (detail["type"] == "too_short" and detail["input"]))
    for detail in islice(true, MOST_TOLD + 1):
        said = grouped.setdefault(_real_path(data, detail), [])
        if all(detail["msg"] != one["msg"] for one in said):
            said.append(detail)
    places = [path for path in grouped if not _only_a_branch(path, grouped)]
    return {path: Fault(path_text(path), _message(model, data, path, grouped[path], hints)) for path in places}


def in_file_order(data: object, faults: Mapping[Path, Fault]) -> list[Fault]:
    """The faults in the order of the places in the file; what is missing comes last in its map.

    Of more than `MOST_TOLD` the first ones, after one that says so.
    """
    found = [faults[path] for path in sorted(faults, key=lambda path: _position(data, path))]
    if len(found) <= MOST_TOLD:
        return found
    more = Fault(path_text(()), f"has more mistakes than the {MOST_TOLD:,} that are listed; mend these first")
    return [more, *found[:MOST_TOLD]]


def _position(here: Any, path: Path) -> tuple[int, ...]:
    found: list[int] = []
    for part in path:
        if isinstance(part, int):
            found.append(part)
        else:
            keys = list(here) if isinstance(here, Mapping) else []
            found.append(keys.index(part) if part in keys else len(keys))
        here = here[part] if _holds(here, part) else None
    return tuple(found)


def nearest(word: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?` where something close exists, else the list of what is known."""
    close = closest(word, known)
    if close:
        return f"; did you mean '{close}'?"
    return f"; known here: {', '.join(known)}" if known else ""


def closest(word: str, known: Sequence[str]) -> str | None:
    """The one of them that was probably meant."""
    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


def _real_path(data: object, detail: ErrorDetails) -> Path:
    """pydantic's location without the names of union branches, which are no part of the file."""
    path: list[str | int] = []
    here: Any = data
    for part in detail["loc"]:
        known = _holds(here, part)
        if known or (detail["type"] == "missing" and part == detail["loc"][-1]):
            path.append(part)
        here = here[part] if known else here
    return tuple(path)


def stands_in(data: Any, path: Path) -> bool:
    """Whether the data has something at `path`."""
    for part in path:
        if not _holds(data, part):
            return False
        data = data[part]
    return True


def _holds(value: object, part: str | int) -> bool:
    if isinstance(value, list | tuple):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def _only_a_branch(path: Path, grouped: Mapping[Path, list[ErrorDetails]]) -> bool:
    """A union reports `must be a text` at `tier` beside the true mistake at `tier[1]`; only the deeper one helps."""
    deeper = any(len(other) > len(path) and other[: len(path)] == path for other in grouped)
    return deeper and all(detail["type"].endswith(("_type", "_parsing")) for detail in grouped[path])


def _message(
    model: type[BaseModel], data: object, path: Path, details: Sequence[ErrorDetails], hints: Mapping[str, str]
) -> str:
    detail = details[0]
    kind, last = detail["type"], str(path[-1]) if path else ""
    named = [str(part) for part in path if isinstance(part, str)]
    if kind == "extra_forbidden":
        return f"unknown key '{last}'{nearest(last, keys_at(model, path[:-1]))}"
    if "[key]" in detail["loc"] and kind != "value_error":
        keys = [one.get("ctx", {}) for one in details if "[key]" in one["loc"]]
        known = [str(context["expected"]) for context in keys if "expected" in context]
        return f"unknown key '{last}'; {_either(known) if known else _NAME}"
    all_said = kind == "too_long" or (kind == "literal_error" and _CHOICE in detail["msg"])
    hint = "" if all_said else _hint(hints, named)
    if kind == "missing":
        return f"is missing; {hint}" if hint else "is missing"
    if kind in ("value_error", "roster_fault") and "reason" not in detail.get("ctx", {}):
        return detail["msg"].removeprefix("Value error, ")
    wrong = "fits none of what is allowed here" if len(details) > 1 else _wrong(detail, _value_at(data, path))
    return f"{wrong}; {hint}" if hint else wrong


def _either(known: Sequence[str]) -> str:
    return f"write {' or '.join(known)}"


def _hint(hints: Mapping[str, str], named: Sequence[str]) -> str:
    """What is to be written at the last of the names; `above.*` is for keys of the user's own."""
    above, last = ["", "", *named][-2:]
    return next((hints[key] for key in (f"{above}.{last}", f"{above}.*", last) if key in hints), "")


def _wrong(detail: ErrorDetails, value: object) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error" and _CHOICE in detail["msg"]:
        return f"{_shown(value)} is none of {context.get('expected')}"
    if kind == "string_pattern_mismatch":
        return f"'{_short(value)}' has the wrong form"
    if kind == "value_error":
        return f"'{_short(value)}' is no e-mail address"  # the one check of pydantic's own that says it in words
    if kind.startswith(("date", "time")) and isinstance(value, str):
        return f"'{_short(value)}' is no date or time"
    if kind == "too_long" and isinstance(value, Sized):
        return f"has {len(value)} entries, and {context.get('max_length')} are the most"
    if kind in _LIMITS:
        return f"{_short(value)} is too {_LIMITS[kind]}"
    return _PLAIN.get(kind) or f"{_shown(value)} does not fit here"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a map"
    return "a list" if isinstance(value, list | tuple) else f"'{_short(value)}'"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _value_at(data: Any, path: Path) -> object:
    for part in path:
        data = data[part]
    return data


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that a `model` knows in the map at `path`; none where the keys are the user's own."""
    kinds: list[object] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [field.alias or name for found in models for name, field in found.model_fields.items()]


def _inside(kind: object, part: str | int) -> Iterator[object]:
    """The types a value at `part` of a `kind` may have, unions and annotations unwrapped."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        yield from _unwrapped(field.annotation) if field else ()
    elif get_origin(kind) is dict:
        yield from _unwrapped(get_args(kind)[1])
    elif get_origin(kind) in (tuple, list):
        yield from _unwrapped(get_args(kind)[0])


def _unwrapped(kind: object) -> Iterator[object]:
    if get_origin(kind) in (Union, UnionType):
        for branch in get_args(kind):
            yield from _unwrapped(branch)
    elif get_origin(kind) is Annotated:
        yield from _unwrapped(get_args(kind)[0])
    else:
        yield kind
