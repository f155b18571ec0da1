"""What forgetting a customer came to, counted while it goes on."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from domain.forgetting import Traces

Case = tuple[str, int]  # id and episode
Step = Callable[[], AbstractContextManager[Connection]]
"""One transaction; of a try, one that is taken back."""


@dataclass
class Tally:
    """What was removed, and what is left: how many of what, and of some of what is left `which`, by their ids.

    `cases` are those that were forgotten, `known` the words by which their customer was known. `before`: that was done earlier,
    and of the id there is nothing.
    """

    pseudonym: str
    known: Traces
    cases: list[Case]
    before: bool = False
    removed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    which: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def leave(self, what: str, id: str) -> None:
        """It stays, for people to look at; the same once more counts once."""
        self.which[what].add(id)
        self.left[what] = len(self.which[what])
