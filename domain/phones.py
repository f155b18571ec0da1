"""Phone numbers, for people of the roster and for customers alike."""

from typing import Annotated

import phonenumbers
from pydantic import BeforeValidator


def _e164(value: object) -> object:
    """Possible numbers only: length and country. Whether one is assigned changes, and test ranges never are."""
    if not isinstance(value, str):
        raise ValueError('put the number in quotes, or YAML drops its plus: "+493023125000"')
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError(f"{value!r} is no phone number: write it with plus and country code, such as +493023125000")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


Phone = Annotated[str, BeforeValidator(_e164)]
"""A phone number in E.164 (`+493023125000`); spaces are taken out."""
