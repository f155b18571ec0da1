"""How times are written in a roster: instants, dates, hand-offs, the hours of a week, and the hours of rest of every day.

Nothing is guessed: a number is no time, an instant has its offset, and each refusal says what to write instead.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from domain.calendars import WEEKDAYS, WeekHours, as_utc, window_minutes

_HANDOFF: Final = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun) )?((?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")


def _text(value: object) -> object:
    if isinstance(value, int):
        raise ValueError('put the time in quotes, or YAML reads it as a number: "10:00"')
    return value


def date_or_instant(value: object) -> object:
    """A text of ten characters becomes a date before pydantic could read it as an instant; all else as it came."""
    if not isinstance(value, str) or len(value) != len("2026-03-02"):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no date: write one such as 2026-03-02") from None


def _written_out(value: object) -> object:
    """No bare numbers: pydantic would take 20260302 for so many seconds after 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise ValueError("a number is no time: write it out, such as 2026-03-02 or 2026-03-02T09:00:00+01:00")
    return value


def _start(value: date) -> date:
    return as_utc(value) if isinstance(value, datetime) else value


def _check_handoff(text: str) -> str:
    if not _HANDOFF.fullmatch(text):
        raise ValueError(f'{text!r} is no hand-off: write "09:00", or "mon 09:00" for a weekly one')
    return text


def _check_rest(text: str) -> str:
    try:
        window_minutes(text)
    except ValueError:
        raise ValueError(f'{text!r} is no time of rest: write when it begins and ends such as "22:00-07:00"') from None
    return text


def _every_day(value: object) -> object:
    if value in ([], ()) or (isinstance(value, dict) and not any(value.values())):
        raise ValueError('there are no hours at all: write some, such as mon: ["09:00-17:30"], or leave it out')
    return dict.fromkeys(WEEKDAYS, value) if isinstance(value, list | tuple) else value


Instant = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(as_utc)]
"""An aware instant, kept in UTC; one without a zone is refused."""
HandOff = Annotated[str, BeforeValidator(_text), AfterValidator(_check_handoff)]
RotationStart = Annotated[
    datetime | date, BeforeValidator(date_or_instant), BeforeValidator(_written_out), AfterValidator(_start)
]
Hours = Annotated[WeekHours, BeforeValidator(_every_day)]
"""Windows by weekday, or one list for all days."""
Rest = Annotated[str, AfterValidator(_check_rest)]
"""The window of every day in which somebody rests, such as `22:00-07:00`; one over midnight ends the next morning."""
