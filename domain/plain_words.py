"""What pydantic refuses in a body, in plain words: what is wrong, and what would be taken.

Files have words of their own, with what to write at each place (`fault_texts`); the body of a request has its documentation.
"""

from collections.abc import Mapping
from typing import Any

_WORDS: Mapping[str, str] = {  # by pydantic's kind of error
    "missing": "is missing",
    "extra_forbidden": "is not known here; leave it out, or correct its name",
    "literal_error": "is none of {expected}",
    "string_type": "must be a text",
    "string_too_long": "is too long; write at most {max_length} characters",
    "too_long": "has too many entries; at most {max_length} are taken",
    "greater_than": "is too small; write more than {gt}",
    "greater_than_equal": "is too small; write {ge} or more",
    "less_than": "is too large; write less than {lt}",
    "less_than_equal": "is too large; write {le} or less",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "finite_number": "must be a finite number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object of names and values"),
    **dict.fromkeys(("list_type", "tuple_type"), "must be a list"),
    "timezone_aware": "has no time zone; add an offset such as +01:00 or Z",
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
        "is no time; write RFC 3339 such as 2026-03-06T16:50:00Z",
    ),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "is no date such as 2026-03-06"),
}
_LEAST: Mapping[str, tuple[str, str]] = {  # where one is asked for, and where more are
    "string_too_short": ("is empty", "is too short; write at least {min_length} characters"),
    "too_short": ("is empty", "has too few entries; at least {min_length} are needed"),
}


def plain(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors in words; those of our own checks as they are."""
    context = error.get("ctx", {})
    one, more = _LEAST.get(error["type"], ("", ""))
    words = (one if context.get("min_length") == 1 else more) or _WORDS.get(error["type"])
    return words.format(**context) if words else str(error["msg"]).removeprefix("Value error, ")
