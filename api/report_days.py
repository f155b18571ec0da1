"""The days and instants that reports are asked for, and what is said to who writes neither."""

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from domain.tickets import EARLIEST, LATEST, Day, Moment

ANY_DAY: Final = "a day (the whole of it, the last one included) or an instant with its offset"


def _in_words(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Neither a day nor an instant: what pydantic says of each of the two helps nobody."""
    try:
        return handler(value)
    except ValidationError:
        years = f"between the years {EARLIEST.year} and {LATEST.year}"
        examples = "a day such as 2026-03-06, or an instant with its offset such as 2026-03-06T17:00:00Z"
        raise ValueError(f"'{value}' is no day or instant {years}; write {examples}") from None


def _in_reach(day: date) -> date:
    if not EARLIEST.date() < day < LATEST.date():
        raise ValueError(f"{day} is out of reach")
    return day


When = Annotated[
    Moment | Annotated[Day, AfterValidator(_in_reach)], Field(union_mode="left_to_right"), WrapValidator(_in_words)
]
