"""What a reports page shows, as it stands in its address: so a report can be shared, kept and printed again.

Dates are days of the reader's own clock, the last one included. What makes no sense is left out: it asks for nothing. The API
says "without any" by an empty value; a form sends an empty value for what nobody chose, so an address of the page says `~`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, get_args
from urllib.parse import urlencode

from api.pages.board_query import plain
from domain.periods import DEFAULT_DAYS, MOST_PIECES, Cut
from domain.tickets import EARLIEST, LATEST, PRIORITIES
from records.figures import Dimension

WITHOUT: Final = "~"  # a filter's value: those without any
LONGEST: Final = 500  # characters of a filter, as in the API
CUTS: Final[tuple[Cut, ...]] = get_args(Cut)
FILTERS: Final[tuple[Dimension, ...]] = get_args(Dimension)
A_DAY: Final = timedelta(days=1)
DAYS_OF: Final[Mapping[Cut, int]] = {"day": 1, "week": 7, "month": 28}  # at least
LONGEST_PERIOD: Final = 10_900  # days: what is cut into months still has no more than `MOST_PIECES` of them
MONTH, HALF_A_YEAR = 31, 190  # days of a period up to which it is cut by day, by week


@dataclass(frozen=True)
class Asked:
    """The first and the last day, how the trend is cut, what the table is grouped by, and the filters that are set."""

    first: date
    last: date
    cut: Cut
    group_by: Dimension = "team"
    filters: Mapping[str, str] = field(default_factory=dict)
    turned: bool = False  # the days were asked for the wrong way round, or too far apart
    unread: tuple[str, ...] = ()  # what was asked for as a day and is none

    @classmethod
    def of(cls, given: Mapping[str, str], today: date) -> "Asked":
        """What an address asks for, as far as it makes sense; without a period the last 90 days."""
        last = _day(given.get("to", "")) or today
        first = _day(given.get("from", "")) or last - (DEFAULT_DAYS - 1) * A_DAY
        turned = not first <= last < first + LONGEST_PERIOD * A_DAY
        if turned:
            last, first = today, today - (DEFAULT_DAYS - 1) * A_DAY
        group_by: Dimension = next((one for one in FILTERS if one == given.get("group_by")), "team")
        said: dict[str, str] = {name: plain(given.get(name, ""))[:LONGEST] for name in FILTERS}
        chosen = {name: text for name, text in said.items() if text and (name != "priority" or text in PRIORITIES)}
        cut = _cut(given.get("cut", ""), (last - first).days + 1)
        said_days = [plain(given.get(name, "")) for name in ("from", "to")]
        unread = tuple(text for text in said_days if text and _day(text) is None)
        return cls(first, last, cut, group_by, chosen, turned, unread)

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Asked | None":
        """The same over as many days just before; None where the calendar has none."""
        if self.first - EARLIEST.date() <= (self.days + 1) * A_DAY:
            return None
        return replace(self, first=self.first - self.days * A_DAY, last=self.first - A_DAY)

    def of_api(self, timezone: str, language: str) -> dict[str, Any]:
        """The parameters of the reports' API that say the same."""
        named = {name: "" if text == WITHOUT else text for name, text in self.filters.items()}
        period = {"from": self.first.isoformat(), "to": self.last.isoformat(), "timezone": timezone}
        return {**period, **named, "lang": language}

    def query(self, **changes: object) -> str:
        """Behind the `?` of the page, with these changes; None takes a filter away."""
        own: dict[str, object] = {"from": self.first, "to": self.last, "cut": self.cut, "group_by": self.group_by}
        found = {**own, **self.filters, **changes}
        return urlencode({name: value for name, value in found.items() if value not in (None, "")})


def last_days(asked: Asked, today: date, days: int) -> Asked:
    """The same for so many days until today, cut as suits them."""
    first = today - (days - 1) * A_DAY
    return Asked(
        **{**asdict(asked), "first": first, "last": today, "cut": _cut("", days), "turned": False, "unread": ()}
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST.date() + A_DAY < day < LATEST.date() - A_DAY else None


def _cut(text: str, days: int) -> Cut:
    """As asked for, where the pieces are not too many; else as suits the length."""
    fitting = [cut for cut in CUTS if days / DAYS_OF[cut] + 2 <= MOST_PIECES] or ["month"]
    usual: Cut = "day" if days <= MONTH else "week" if days <= HALF_A_YEAR else "month"
    return next((cut for cut in fitting if cut == text), usual if usual in fitting else fitting[0])
