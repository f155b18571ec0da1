"""Reading and writing policies: everything wrong with a file is said at once, in words a support lead can act on.

`check_policy` is the one gate for files, for `PUT /v1/policies` and for inline previews. Where a value cannot be read,
the checks between fields still run on the rest, so nobody mends one mistake only to be shown the next.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from domain.errors import Fault, PolicyFaults
from domain.fault_texts import (
    POLICY_HINTS,
    Path,
    in_file_order,
    mended,
    model_faults,
    refuse_depth,
    related,
)
from domain.policy import Policy
from domain.policy_checks import cross_faults
from domain.yaml_text import parse_yaml

_MOST_REPAIRS = 8  # rounds of leaving broken parts out before the checks between fields are given up


def load_policy(text: str, what: str = "the policy file") -> Policy:
    """The policy in a YAML text; raises PolicyFaults with every mistake and its place."""
    return check_policy(parse_yaml(text, what), what)


def check_policy(data: Mapping[str, object], what: str = "the policy") -> Policy:
    """The policy in plain data (YAML or JSON); raises PolicyFaults with every mistake and its place."""
    refuse_depth(data, what)
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        faults = model_faults(Policy, data, error, POLICY_HINTS)
        raise PolicyFaults(what, in_file_order(data, {**_faults_of_the_rest(data, faults), **faults})) from None
    if found := cross_faults(policy):
        raise PolicyFaults(what, in_file_order(data, found))
    return policy


def dump_policy(policy: Policy) -> dict[str, Any]:
    """The policy as JSON-ready data with canonical durations; `check_policy` reads it back as the same policy.

    Defaults that say something stay written, so that a stored policy keeps its meaning if a default changes.
    """
    full = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    written = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found: dict[str, Any] = _without_empty_defaults(full, written)
    if policy.version == 0:
        del found["version"]
    return found


def _faults_of_the_rest(data: object, broken: Mapping[Path, Fault]) -> dict[Path, Fault]:
    """The faults between fields in what is left when the broken places are set aside."""
    places = list(broken)
    for _ in range(_MOST_REPAIRS):
        if not isinstance(data, Mapping):
            break
        rest = mended(data, places)
        try:
            found = cross_faults(Policy.model_validate(rest))
        except ValidationError as error:
            again = model_faults(Policy, rest, error, POLICY_HINTS)
            places += [path[:-1] if path in places else path for path in again]
        else:
            return {path: fault for path, fault in found.items() if not _explained(path, places)}
    return {}


def _explained(path: Path, places: list[Path]) -> bool:
    """Whether a fault may be the shadow of a broken place: around it, or about a tier whose name is unreadable."""
    nameless = any(place[0:1] == ("tiers",) and (len(place) < 3 or place[2:] == ("name",)) for place in places)
    return any(related(path, place) for place in places) or (path[0] == "start_tier" and nameless)


def _without_empty_defaults(full: Any, written: Any) -> Any:
    if isinstance(full, dict):
        known = written if isinstance(written, dict) else {}
        return {
            key: _without_empty_defaults(value, known.get(key))
            for key, value in full.items()
            if value not in ({}, []) or key in known
        }
    if isinstance(full, list):
        known_items = written if isinstance(written, list) and len(written) == len(full) else [None] * len(full)
        return [_without_empty_defaults(value, known) for value, known in zip(full, known_items, strict=True)]
    return full
