"""How many tickets there were, as ticket systems say it: the whole that the escalation rate is a share of.

A count is for a span of time, of all tickets of a system or of those of a product or category. Where a system gives both, the
count that is asked for rules, so that no ticket counts twice; where it gives only the parts, they are added up.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

ALL = ""  # of a product or category: the count is of every one


@dataclass(frozen=True)
class Seen:
    """So many tickets of `system` from `begins` until before `ends`."""

    system: str
    begins: datetime
    ends: datetime
    product: str
    category: str
    count: int

    def within(self, begin: datetime, end: datetime) -> float:
        """How many of them fall into that time: all, none, or in proportion where the span reaches over an edge."""
        shared = min(self.ends, end) - max(self.begins, begin)
        return max(self.count * (shared / (self.ends - self.begins)), 0.0)


def tickets_seen(
    spans: Iterable[Seen], begin: datetime, end: datetime, product: str = ALL, category: str = ALL
) -> dict[str, float]:
    """System → tickets from `begin` until before `end`; a system that said nothing of that time is not in it."""
    exact: defaultdict[str, float] = defaultdict(float)
    parts: defaultdict[str, float] = defaultdict(float)
    for span in sorted(spans, key=attrgetter("begins", "ends", "system", "product", "category")):  # one sum, one order
        if span.begins >= end or span.ends <= begin:
            continue
        if product in (ALL, span.product) and category in (ALL, span.category):
            whole = (span.product, span.category) == (product, category)
            (exact if whole else parts)[span.system] += span.within(begin, end)
    return {**parts, **exact}
