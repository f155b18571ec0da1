"""What a case of each status refuses, with the code and the words for it."""

from collections.abc import Mapping

from domain.errors import NotAllowed
from domain.state import LIVE, Escalation, Status

REFUSALS: Mapping[Status, tuple[str, str]] = {
    "open": ("not_acknowledged", "nobody has acknowledged it yet; acknowledge it first"),
    "acknowledged": ("not_resolved", "it is not resolved yet; resolve it first"),
    "paused": ("paused", "it is paused; resume it first"),
    "resolved": ("already_resolved", "it is already resolved; reopen it first"),
    "closed": ("already_closed", "it is closed; reopen it to begin a new episode"),
    "cancelled": ("already_cancelled", "it was cancelled"),
}
IN_WORK: tuple[Status, ...] = ("open", "acknowledged", "paused")


def require_episode(state: Escalation, meant: int | None) -> None:
    """Raises NotAllowed `already_closed` for a word said to another episode than this one; None is said to any."""
    if meant not in (None, state.episode):
        code, _ = REFUSALS["closed"]
        raise NotAllowed(
            code, f"{state.id}: episode {meant} is over, it goes on as episode {state.episode}; say it again there"
        )


def require(state: Escalation, *allowed: Status) -> None:
    """Raises NotAllowed, with the code of the case's status, unless that is one of `allowed`."""
    if state.status not in allowed:
        code, why = REFUSALS[state.status]
        raise NotAllowed(code, f"{state.id}: {why}")


def require_in_work(state: Escalation) -> None:
    """Raises NotAllowed when the case is resolved or has ended."""
    require(state, *IN_WORK)


def require_live(state: Escalation) -> None:
    """Raises NotAllowed when the case is closed or cancelled."""
    require(state, *LIVE)


def require_resolved(state: Escalation, otherwise: str) -> None:
    """Raises NotAllowed `not_resolved`, with the words of `otherwise`, when the case is still in work."""
    require_live(state)
    if state.status != "resolved":
        raise NotAllowed("not_resolved", otherwise)
