"""Reading and writing policies: everything wrong with a file is said at once, in words a support lead can act on.

`check_policy` is the one gate for files, for `PUT /v1/policies` and for inline previews. Where a value cannot be read,
the checks between fields still run on the rest, so nobody mends one mistake only to be shown the next.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import Fault, PolicyFaults
from domain.every_fault import every_fault
from domain.fault_texts import POLICY_HINTS, Path, in_file_order, refuse_depth
from domain.policy import Policy
from domain.policy_checks import cross_faults
from domain.yaml_text import parse_yaml


def load_policy(text: str, what: str = "the policy file") -> Policy:
    """The policy in a YAML text; raises PolicyFaults with every mistake and its place."""
    return check_policy(parse_yaml(text, what), what)


def check_policy(data: Mapping[str, object], what: str = "the policy") -> Policy:
    """The policy in plain data (YAML or JSON); raises PolicyFaults with every mistake and its place."""
    refuse_depth(data, what)
    if found := every_fault(Policy, data, POLICY_HINTS, _between_fields):
        raise PolicyFaults(what, in_file_order(data, found))
    return Policy.model_validate(data)


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


def _between_fields(policy: Policy, unread: Sequence[Path]) -> dict[Path, Fault]:
    """No name is called unknown where those that are known could not be read."""
    no_calendars = ("calendars",) in unread
    nameless = any(place[:1] == ("tiers",) and (len(place) < 3 or place[2:] == ("name",)) for place in unread)
    return {
        path: fault
        for path, fault in cross_faults(policy).items()
        if not (no_calendars and "calendar" in path) and not (nameless and path[0] == "start_tier")
    }


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
