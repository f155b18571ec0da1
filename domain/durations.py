"""How people write a length of time, kept the way they meant it.

`2d` is not 48 h: in an office calendar a day is as long as that calendar's `day:` says. So a `Duration` keeps days
apart from seconds and becomes a number only where the calendar is known (`seconds_in`). Weeks are seven such days.
Months, years, fractions and signs are refused, because two readers would count them differently.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SECONDS_PER_DAY: Final = 86_400
LONGEST_DAYS: Final = 3_660
"""Ten years: nobody waits longer, and date arithmetic stays far from the end of the calendar."""

_SHORT = re.compile(
    r"(?:(?P<w>\d{1,9})w)?(?:(?P<d>\d{1,9})d)?(?:(?P<h>\d{1,9})h)?(?:(?P<m>\d{1,9})m)?(?:(?P<s>\d{1,9})s)?",
    re.ASCII,
)
_ISO = re.compile(
    r"P(?:(?P<w>\d{1,9})W)?(?:(?P<d>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<h>\d{1,9})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,9})S)?)?",
    re.ASCII,
)
_HOW = "write whole numbers with units, such as 90s, 15m, 4h, 2d, 1h30m, 1w, or ISO 8601 such as PT15M"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as written: `days` (as long as the calendar's day) and `seconds`. Never negative."""

    days: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        if self.days < 0 or self.seconds < 0:
            raise ValueError("a duration is not negative: write how long to wait, such as 15m")
        if self.wall_seconds > LONGEST_DAYS * SECONDS_PER_DAY:
            raise ValueError("a duration is at most ten years: write something shorter, such as 90d")

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read `90s`, `15m`, `4h`, `2d`, `1w`, `1h30m`, `1d4h` or ISO 8601; ValueError says what to write instead."""
        match = _ISO.fullmatch(text.strip()) or _SHORT.fullmatch(text.strip().lower().replace(" ", ""))
        if match is None or not any(match.groups()):
            raise ValueError(_refusal(text))
        n = {unit: int(value or 0) for unit, value in match.groupdict().items()}
        return cls(days=7 * n["w"] + n["d"], seconds=3600 * n["h"] + 60 * n["m"] + n["s"])

    @property
    def wall_seconds(self) -> int:
        """Seconds with `d` = 24 h, for calendars that are always open."""
        return self.seconds_in(SECONDS_PER_DAY)

    @property
    def is_zero(self) -> bool:
        """True when there is nothing to wait for."""
        return not (self.days or self.seconds)

    def seconds_in(self, day_seconds: int | None) -> int:
        """Seconds in a calendar whose day has `day_seconds`; ValueError when days are used and it has no `day:`."""
        if self.days and day_seconds is None:
            raise ValueError(f"{self} counts days: give the calendar a `day:` such as 8h, or write hours")
        return self.days * (day_seconds or 0) + self.seconds

    def __str__(self) -> str:
        minutes, s = divmod(self.seconds, 60)
        h, m = divmod(minutes, 60)
        parts = ((self.days, "d"), (h, "h"), (m, "m"), (s, "s"))
        return "".join(f"{n}{unit}" for n, unit in parts if n) or "0s"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validates from text (or itself) and serialises to the canonical text."""
        to_text = core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema())
        return core_schema.no_info_plain_validator_function(_coerce, serialization=to_text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A string with examples, for OpenAPI."""
        return {"type": "string", "description": _HOW, "examples": ["90s", "15m", "4h", "2d", "PT15M"]}


def _coerce(value: object) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return Duration.parse(value)
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit: write {value}m for minutes or {value}h for hours")
    raise ValueError(f"not a duration: {_HOW}")


def _refusal(text: str) -> str:
    shown = repr(text[:40])
    if re.search(r"\d[.,]\d", text):
        return f"{shown} has a fraction: write the smaller unit instead, such as 90m for 1.5h"
    if text.strip().startswith("-"):
        return f"{shown} is negative: write how long to wait, such as 15m"
    if re.match(r"P\d*Y|P(\d+[YWD])*\d+M", text.strip()):
        return f"{shown} uses months or years, whose length varies: write days, such as 30d"
    return f"{shown} is not a duration: {_HOW}"


def _not_zero(value: Duration) -> Duration:
    if value.is_zero:
        raise ValueError("a duration of zero has no meaning here: write at least 1s")
    return value


PositiveDuration = Annotated[Duration, AfterValidator(_not_zero)]
"""A `Duration` that refuses zero."""


def say_duration(seconds: int) -> str:
    """Elapsed seconds for people: the two largest units, rounded down (`1 h 30 min`, `45 s`, `2 d`); d = 24 h."""
    if seconds < 0:
        return f"-{say_duration(-seconds)}"
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    d, h = divmod(hours, 24)
    units = [(d, "d"), (h, "h"), (m, "min"), (s, "s")]
    first = next((i for i, (n, _) in enumerate(units) if n), 3)
    return " ".join(f"{n} {unit}" for n, unit in units[first : first + 2] if n) or "0 s"
