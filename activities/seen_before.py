"""The closed case to tell a responder of when theirs has just come: what was wrong then, why, and what helped.

A hint, never a condition: it is looked for only where it is read, in the first e-mails to somebody new to a case, and only told
when it is worth a look. When the search is slow or fails, the message goes out without it. Customers and other systems never
get one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from activities.providers.deadline import within
from activities.wording import Language, long_day, one_line, shortened
from domain.messages import Message
from records.closures import Closure, Closures, Similar
from records.database import Database

KINDS = ("step", "assigned")  # who gets another message of the case has read the first one
LIMIT = timedelta(seconds=1)  # a search takes some 30 ms, the first one after a start several times that
# Of the cases of tests/records/new_cases.txt that had been there before, the right one scores 0.50 and more, but for one in
# quite other words; the best for a case that never was there scores 0.40.
GOOD_ENOUGH = 0.45
ENOUGH_WORDS = 2  # one word in common is a coincidence, however rare it is
LONGEST = 200  # characters of each text; the page has the whole

log = structlog.get_logger()


@dataclass(frozen=True)
class Seen:
    """A closed case that is worth a look: what was wrong, why, what helped, when it was closed, and the address of its page."""

    subject: str
    cause: str
    fix: str
    closed_at: datetime
    page: str

    def line(self, timezone: str, language: Language) -> str:
        """`Checkout is down — certificate: it had expired: renewed (Tuesday 24 November 2026)`, on the reader's calendar."""
        day = long_day(self.closed_at.astimezone(ZoneInfo(timezone)).date(), language)
        return f"{self.subject} — {self.cause}: {self.fix} ({day})"


class SeenBefore:
    """Looks for the closed case that a message tells of."""

    def __init__(self, db: Database, pages: str) -> None:
        """`pages` is the address of the pages of cases, up to their ids."""
        self._closures = Closures(db)
        self._pages = pages

    def of(self, message: Message, document: Mapping[str, Any]) -> Seen | None:
        """The best closed case like this one, None where there is none, it is not good enough, or it is not for this message."""
        if message.person is None or message.channel != "email" or message.kind not in KINDS:
            return None
        try:
            found = within(LIMIT, lambda: self._closures.similar_to(document, 1))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message matters more
            log.warning("seen_before_failed", key=message.key, error=type(error).__name__)
            return None
        return self._seen(found[0].closure) if found and is_good_enough(found[0]) else None

    def _seen(self, one: Closure) -> Seen:
        page = f"{self._pages}{one.id}?episode={one.episode}"
        return Seen(_short(one.subject), _short(one.cause), _short(one.fix), one.closed_at, page)


def is_good_enough(found: Similar) -> bool:
    """Whether a responder's time is well spent on it: much in common, and something to learn."""
    told = found.closure.cause is not None and found.closure.fix is not None
    return told and found.score >= GOOD_ENOUGH and len(found.words) >= ENOUGH_WORDS


def _short(text: str | None) -> str:
    return shortened(one_line(text or ""), LONGEST).rstrip(".")
