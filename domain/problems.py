"""Causes that come back: when a problem opens, what it costs, which open cases look like it, and how it goes on.

A problem belongs to one category and one product (or to cases that name none). While it is open or a known error, a further case
of the same cause is linked to it and opens no second one; once it is resolved, only what closes later counts anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from domain.actions import CHANNELS, LessonsPlan
from domain.causes import Causes, Recurrence
from domain.errors import NotAllowed
from domain.identity import message_key
from domain.messages import Message
from domain.state import LIVE

ProblemState = Literal["open", "known_error", "resolved"]
UNRESOLVED: Final[tuple[ProblemState, ...]] = ("open", "known_error")
Document = Mapping[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Occurrence(_Part):
    """One closed episode of a cause, and when it closed."""

    escalation: str
    episode: int
    at: datetime


class Problem(_Part):
    """One cause that came back. `workaround` is what helps until it is resolved; then `resolution` says how it was."""

    id: str
    number: int
    title: str
    category: str
    product: str | None
    state: ProblemState
    owner: str
    workaround: str | None = None
    opened_at: datetime
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: str | None = None


class Cost(_Part):
    """What the cases of a problem have cost: hours from opening to closing on the wall clock, missed targets, customers."""

    cases: int
    hours: float
    breaches: int
    customers: int


def came_back(seen: Iterable[Occurrence], rule: Recurrence, closed: datetime) -> tuple[Occurrence, ...]:
    """Those of one window that holds what closed then, when they are of as many tickets as the rule says; else none.

    The runs of cases may come in another order than the cases closed, so a window may end later than that; the first is taken.
    A case that was reopened and closed again has come back once, not twice.
    """
    known, span = tuple(seen), timedelta(seconds=rule.within.wall_seconds)
    for end in sorted({one.at for one in known if closed <= one.at < closed + span}):
        lately = tuple(one for one in known if end - span < one.at <= end)
        if len({one.escalation for one in lately}) >= rule.count:
            return lately
    return ()


def cost(cases: Sequence[Document], now: datetime) -> Cost:
    """Counted over the documents of the linked cases; one that is live is open until now."""
    seconds = sum((_ended(case, now) - _time(case["opened_at"])).total_seconds() for case in cases)
    missed = sum(target["breached_at"] is not None for case in cases for target in case["targets"])
    customers = {case["customer"]["id"] for case in cases}
    return Cost(cases=len(cases), hours=round(seconds / 3600, 2), breaches=missed, customers=len(customers))


def _ended(case: Document, now: datetime) -> datetime:
    return _time(case["closed_at"]) if case["closed_at"] else now


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def looks_like(problem: Problem, case: Document) -> bool:
    """Whether a live case may be a child: of the same product, and of the same category where its cause is known.

    A problem without a product has nothing to go by but the cause.
    """
    cause = case["root_cause"]["category"] if case["root_cause"] else None
    same_product = case["ticket"].get("product") == problem.product
    same_cause = cause == problem.category or (cause is None and problem.product is not None)
    return case["status"] in LIVE and same_product and same_cause


def require_unresolved(problem: Problem) -> None:
    """Raises NotAllowed `problem_resolved`."""
    if problem.state not in UNRESOLVED:
        raise NotAllowed("problem_resolved", f"the problem '{problem.id}' is resolved; another opens if it comes back")


def problem_id(number: int) -> str:
    """`P-1`."""
    return f"P-{number}"


def title(category: str, product: str | None) -> str:
    """`Certificate expired or wrong: checkout`; `category` is its title."""
    return f"{category}: {product}" if product else category


def title_in(problem: Problem, causes: Causes | None, language: str) -> str:
    """Its title for a reader of that language, where the tree of causes has one, else as it was written when it opened."""
    path = causes.find(problem.category) if causes is not None else ()
    known = path[-1].title if path else None
    if known is None or known.in_language(language) == known.en:
        return problem.title
    return title(known.in_language(language), problem.product)


def announcement(problem: Problem, plan: LessonsPlan, times: int, at: datetime) -> Message:
    """What the owner of a new problem is told, with the last of its cases; its title is read when that goes out."""
    first, *others = CHANNELS
    return Message(
        key=message_key(
            plan.escalation, plan.episode, plan.entry, "problem_opened", problem.number, 0, problem.owner, first
        ),
        kind="problem_opened",
        channel=first,
        person=problem.owner,
        entry=plan.entry,
        step=problem.number,
        at=at,
        facts={"problem": problem.id, "times": str(times), "owner": problem.owner},
        purpose=f"problem {problem.id}: the same cause {times} times",
        fallbacks=tuple(others),
    )
