"""Every refusal the rules can speak, drawn as one tree.

    DomainError
    ├── NotAllowed      the case is in no state for that            (HTTP 409)
    ├── NotFound        there is no such thing                      (HTTP 404)
    ├── Forbidden       not for this person                         (HTTP 403)
    └── Invalid         the words themselves are wrong              (HTTP 422)
        └── PolicyFaults    a policy or roster file, all faults at once

Each error has a stable `code`; people and programs match on it, never on the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class DomainError(Exception):
    """A refusal with a stable `code`, a sentence a person can act on, and where it applies, the `field`."""

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class NotAllowed(DomainError):
    """The command is understood, but the escalation is in no state for it."""


class NotFound(DomainError):
    """There is no such escalation, tier, policy or version."""


class Forbidden(DomainError):
    """The caller may not do this, or not as this person."""


class Invalid(DomainError):
    """A value is missing, malformed or out of range; `field` names it."""


@dataclass(frozen=True)
class Fault:
    """One mistake in a file: where (`tiers[0].steps[1].after`), what is wrong, and what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class PolicyFaults(Invalid):
    """A policy or roster file that is refused; `faults` lists every mistake found, in file order."""

    def __init__(self, what: str, faults: Sequence[Fault]) -> None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        counted = "1 mistake" if len(faults) == 1 else f"{len(faults)} mistakes"
        super().__init__("invalid_policy", f"{what} has {counted}:\n{lines}")
        self.faults = tuple(faults)
