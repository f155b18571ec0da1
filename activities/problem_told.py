"""The problem that a message is about, as it is when the message goes out: what it has cost, and the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from activities.wording import ENGLISH, Language, long_day, one_line, short_day
from domain.causes import Causes
from domain.messages import OF_A_PROBLEM, Message
from domain.problems import Cost, Problem, cost, title_in
from domain.refusals import IN_WORK
from domain.tickets import Channel
from records.database import Database
from records.problems import Problems

KINDS = OF_A_PROBLEM

# One and many of each; the hours stand as they are.
_COUNTED: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "en": (("case", "cases"), ("missed target", "missed targets"), ("customer", "customers")),
    "de": (("Fall", "Fälle"), ("versäumtes Ziel", "versäumte Ziele"), ("Kunde", "Kunden")),
}


@dataclass(frozen=True)
class ToldProblem:
    """The problem, its cost so far, and `before`: the one of the same cause that was resolved before it opened."""

    problem: Problem
    cost: Cost
    before: Problem | None

    def title(self, causes: Causes | None, language: Language) -> str:
        """In the reader's language where the tree of causes has it."""
        return one_line(title_in(self.problem, causes, language))

    def spent(self, language: Language) -> str:
        """`3 cases, 12.5 h, 2 missed targets, 1 customer`."""
        words = _COUNTED.get(language, _COUNTED[ENGLISH])
        counts = (self.cost.cases, self.cost.breaches, self.cost.customers)
        cases, *others = (
            f"{count} {one if count == 1 else many}" for count, (one, many) in zip(counts, words, strict=True)
        )
        hours = f"{self.cost.hours:.1f} h"
        return ", ".join((cases, hours.replace(".", ",") if language == "de" else hours, *others))

    def since(self, timezone: str, channel: Channel, language: Language) -> str:
        """The day it opened, on the reader's calendar."""
        return _day(self.problem.opened_at, timezone, channel, language)

    def before_day(self, timezone: str, channel: Channel, language: Language) -> str | None:
        """The day the one before it was resolved, on the reader's calendar."""
        at = self.before.resolved_at if self.before else None
        return _day(at, timezone, channel, language) if at else None


class ToldProblems:
    """Looks up what a message tells of a problem."""

    def __init__(self, db: Database) -> None:
        self._problems = Problems(db)

    def of(self, message: Message, now: datetime) -> ToldProblem | None:
        """The problem that the message is about; None where it is about none. Raises NotFound `problem_not_found`."""
        if message.kind not in KINDS:
            return None
        problem = self._problems.find(message.facts["problem"])
        counted = cost([one.document for one in self._problems.cases(problem.id)], now)
        return ToldProblem(problem, counted, self._problems.before(problem))

    def known(self, message: Message, case: Mapping[str, Any]) -> Problem | None:
        """The problem it is about, or of a case that is being worked on, when somebody has written down what helps for now."""
        if message.person is None or message.channel == "webhook":
            return None
        if message.kind in KINDS:
            found: Problem | None = self._problems.find(message.facts["problem"])
        else:
            found = self._problems.of_case(case["id"], case["episode"]) if case["status"] in IN_WORK else None
        return found if found is not None and found.state == "known_error" else None


def _day(at: datetime, timezone: str, channel: Channel, language: Language) -> str:
    day: date = at.astimezone(ZoneInfo(timezone)).date()
    return short_day(day, language) if channel == "sms" else long_day(day, language)
