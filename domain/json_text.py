"""JSON as people mean it: a key that stands twice in one object is refused with its place, as in YAML.

Python keeps the last of them and says nothing, so half of what somebody wrote would be gone.
"""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, Optional

from domain.errors import Invalid
from domain.fault_texts import path_text

_NAMED = 10  # keys in one refusal
_LONGEST = 200  # characters of a place; the keys are whatever somebody sent


class _Doubled(dict[str, object]):
    """An object in whose text the keys `twice` stand more than once."""

    twice: tuple[str, ...] = ()


class _Part(NamedTuple):
    """Where a value stands: under `name` in what stands at `of`.

    Linked, for the paths of all values written out can be a thousand times as long as the text.
    """

    of: Optional["_Part"]
    name: str | int


def parse_json(text: str | bytes) -> object:
    """The value of a JSON text.

    Raises Invalid `invalid_json` for keys that stand twice; ValueError or RecursionError, as `json.loads`, for what is no JSON.
    """
    clean = True

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal clean
        kept = dict(pairs)
        if len(kept) == len(pairs):
            return kept
        clean, doubled = False, _Doubled(kept)
        doubled.twice = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return doubled

    value = json.loads(text, object_pairs_hook=once)
    if not clean:
        raise _refusal([_said(part) for part in islice(_doubled(value), _NAMED + 1)])
    return value


def _doubled(value: object) -> Iterator[_Part]:
    """The places of all keys that stand twice, outermost first."""
    level: list[tuple[_Part | None, object]] = [(None, value)]
    while level:
        for place, one in level:
            yield from (_Part(place, key) for key in getattr(one, "twice", ()))
        level = [(_Part(place, name), inside) for place, one in level for name, inside in _inside(one)]


def _inside(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _said(part: _Part | None) -> str:
    names: list[str | int] = []
    while part is not None:
        names.append(part.name)
        part = part.of
    text = path_text(tuple(reversed(names)))
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"


def _refusal(places: list[str]) -> Invalid:
    named = ", ".join(f"'{place}'" for place in places[:_NAMED])
    several, more = len(places) > 1, " and more" if len(places) > _NAMED else ""
    said = f"the keys {named}{more} stand" if several else f"the key {named} stands"
    return Invalid("invalid_json", f"{said} twice; keep one of them", field=places[0])
