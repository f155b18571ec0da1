"""What is escalated: the ticket, the customer behind it, and what set the escalation off.

These are the words of the caller, checked once at the edge and never changed by the rules afterwards (a ticket system's own
change arrives as the command `ticket-update`).
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from pydantic_extra_types.phone_numbers import PhoneNumberValidator

from domain.calendars import Zone

Priority = Literal["low", "medium", "high", "critical"]
Level = Literal["low", "medium", "high"]
Channel = Literal["email", "sms"]

PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high", "critical")

LONGEST_TEXT = 20_000  # characters; longer texts belong in the ticket system, a Temporal payload ends at 2 MB


def _printable(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\n\t\r" for sign in text):
        raise ValueError("control characters are not allowed")
    return text


TimeZone = Zone
Phone = Annotated[str, PhoneNumberValidator(number_format="E164")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_printable)
]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_printable)]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HistoryItem(_Words):
    """Something said before the escalation, on any channel."""

    at: AwareDatetime
    from_: Annotated[Line, Field(alias="from")]
    channel: Line | None = None
    text: Text

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class Ticket(_Words):
    """The ticket as its own system knows it; `opened_at` is information, no clock starts there."""

    system: SystemName
    id: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    subject: Line
    description: Text | None = None
    url: Line | None = None
    history: Annotated[tuple[HistoryItem, ...], Field(max_length=200)] = ()
    category: Line | None = None
    product: Line | None = None
    opened_at: AwareDatetime | None = None
    tags: Annotated[tuple[Line, ...], Field(max_length=50)] = ()


class Customer(_Words):
    """Who is waiting; `tier`, `since` and `annual_value` may raise the priority, `locale` and `timezone` shape what they read."""

    id: Line
    name: Line
    email: EmailStr | None = None
    phone: Phone | None = None
    tier: Line | None = None
    since: date | None = None
    annual_value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}([-_][A-Za-z]{2,4})?$")] | None = None
    timezone: TimeZone | None = None


class Trigger(_Words):
    """Why the case was escalated; `kind` is an open list (`manual`, `sla_breach`, `low_csat`, …)."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
    detail: Text | None = None
    score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    reasons: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
