"""What is escalated: the ticket, the customer behind it, and what set the escalation off.

These are the words of the caller, checked once at the edge and never changed by the rules afterwards (a ticket system's own
change arrives as the command `ticket-update`).
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
)

from domain.calendars import Zone
from domain.phones import Phone

Priority = Literal["low", "medium", "high", "critical"]
Level = Literal["low", "medium", "high"]
PersonalChannel = Literal["email", "sms"]
"""Those that reach one person, a responder or the customer."""
Channel = Literal["email", "sms", "webhook"]
"""A webhook goes to a system of the team that has the case."""

PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high", "critical")

LONGEST_TEXT = 20_000  # characters; longer texts belong in the ticket system, a Temporal payload ends at 2 MB
MOST_TAGS = 50
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # what lies beyond is a slip of the pen, and near the ends of the calendar
LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # no local time can be told

_NUMBER = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")


def printable(text: str) -> str:
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\t\r" for sign in text):
        raise ValueError("control characters are not allowed")
    return text


def _one_line(text: str) -> str:
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise ValueError(
            "control characters, tabs and line breaks are not allowed; write the id as its system shows it"
        )
    return text


def _spelled_out(value: object) -> object:
    """No bare numbers: pydantic would take the year 2026 for that many seconds after 1970."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise ValueError("write it out, such as 2026-03-06T17:00:00Z for a time or 2026-03-06 for a day")
    return value


def _in_reach(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"write a time between the years {EARLIEST.year} and {LATEST.year}")
    return at


TimeZone = Zone
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(printable)]
Url = Annotated[Line, StringConstraints(pattern=r"(?i)^https?://")]
Tags = Annotated[tuple[Line, ...], Field(max_length=MOST_TAGS)]
Moment = Annotated[AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(_in_reach)]
"""An instant with its offset, far enough from both ends of the calendar to be told in any time zone."""
Day = Annotated[date, BeforeValidator(_spelled_out)]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HistoryItem(_Words):
    """Something said before the escalation, on any channel."""

    at: Moment
    from_: Annotated[Line, Field(alias="from")]
    channel: Line | None = None
    text: Text

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class Ticket(_Words):
    """The ticket as its own system knows it; `opened_at` is information, no clock starts there."""

    system: SystemName
    id: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_one_line)]
    subject: Line
    description: Text | None = None
    url: Url | None = None
    history: Annotated[tuple[HistoryItem, ...], Field(max_length=200)] = ()
    category: Line | None = None
    product: Line | None = None
    opened_at: Moment | None = None
    tags: Tags = ()


class Customer(_Words):
    """Who is waiting; `tier`, `since` and `annual_value` may raise the priority, `locale` and `timezone` shape what they read."""

    id: Line
    name: Line
    email: EmailStr | None = None
    phone: Phone | None = None
    tier: Line | None = None
    since: Day | None = None
    annual_value: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}([-_][A-Za-z]{2,4})?$")] | None = None
    timezone: TimeZone | None = None


class Trigger(_Words):
    """Why the case was escalated; `kind` is an open list (`manual`, `sla_breach`, `low_csat`, …)."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
    detail: Text | None = None
    score: Annotated[float, Field(allow_inf_nan=False, strict=True)] | None = None
    reasons: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
