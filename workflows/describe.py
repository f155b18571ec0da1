"""What an operator sees of an escalation in the Temporal UI: current details, search attributes, priorities.

No personal data goes into search attributes: they are never encrypted. Details are computed on demand and not kept in history.
"""

from datetime import datetime
from typing import Any

from temporalio.common import Priority, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from domain import tickets
from domain.clocks import Clock
from domain.due import label, next_event
from domain.outcome import Transition
from domain.state import Escalation
from domain.targets import due_of, open_clocks
from workflows import contract

PRIORITY_KEYS: dict[tickets.Priority, int] = {"critical": 1, "high": 2, "medium": 3, "low": 4}  # Temporal: 1 goes first
LONGEST_SUMMARY = 200  # bytes, a limit of the server


def temporal_priority(priority: tickets.Priority) -> Priority:
    """Urgent cases first, on every task queue."""
    return Priority(priority_key=PRIORITY_KEYS[priority])


def summary(priority: str, customer: str, subject: str) -> str:
    """`critical · Acme GmbH · Checkout is down`, cut to what the server takes, never inside a character."""
    return cut(f"{priority} · {customer} · {subject}")


def next_deadline(state: Escalation) -> datetime | None:
    """When the next target is missed if nothing happens."""
    ahead = [due_of(state, clock) for clock in open_clocks(state) if clock.breached_at is None]
    return min((at for at in ahead if at is not None), default=None) if state.live else None


def search_attributes(state: Escalation) -> list[SearchAttributeUpdate[Any]]:
    """Status, tier, priority, team and next deadline, typed, to filter lists by."""
    deadline = next_deadline(state)
    return [
        contract.STATUS.value_set(state.status),
        contract.TIER.value_set(state.here.name),
        contract.PRIORITY.value_set(state.priority),
        contract.TEAM.value_set(state.team),
        contract.NEXT_DEADLINE.value_set(deadline) if deadline else contract.NEXT_DEADLINE.value_unset(),
    ]


def at_the_start(state: Escalation) -> TypedSearchAttributes:
    """What a run is started with; the same it believes to be shown then."""
    shown = [update for update in search_attributes(state) if update.value is not None]
    return TypedSearchAttributes([SearchAttributePair(update.key, update.value) for update in shown])


def details(state: Escalation) -> str:
    """The case in a few lines of Markdown, as it stands.

    They begin with the summary, because a run that continues an earlier one has none: the server does not carry it over.
    """
    lines = [
        summary(state.priority, state.customer.name, state.ticket.subject),
        f"**{state.status}** at **{state.here.name}** ({state.team}), priority {state.priority}",
        f"Accountable: {state.accountable}" + (" (owner)" if state.owner else " (nobody has acknowledged)"),
    ]
    if state.pause is not None:
        lines.append(f"Paused: {state.pause.reason.replace('_', ' ')} until {_written(state.pause.until)}")
    dues = "\n".join(_target(state, clock) for clock in open_clocks(state))
    event = next_event(state)
    what_next = f"Next: {event.what} at {_written(event.at)}" if event else "Nothing is due by itself."
    return "\n\n".join([*lines, dues, what_next])


def _target(state: Escalation, clock: Clock) -> str:
    due = clock.breached_at or due_of(state, clock)
    missed = " — **missed**" if clock.breached_at else ""
    return f"- {label(clock)}: {_written(due) if due else 'paused'}{missed}"


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def recorded(transition: Transition) -> str:
    """`L1 acknowledge missed; climbed from L1 to L2: …`: the summary of a record is what it writes down."""
    texts = [entry.text for entry in transition.timeline]
    texts += [f"asks who is {question.selector} of {question.team}" for question in transition.questions]
    return cut("; ".join(texts) or "write down")


def cut(text: str) -> str:
    """As much as the server takes in a summary, never ending inside a character."""
    raw = text.encode()
    return text if len(raw) <= LONGEST_SUMMARY else raw[: LONGEST_SUMMARY - 3].decode(errors="ignore") + "…"
