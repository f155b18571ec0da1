"""The short code of a case, which people read off a phone at night and type back: `7K2`.

Letters and digits take turns, and no sign looks like another: so a code is never a word, a number, `24h`, `3rd`, `4xx` or `p99`,
and what stands first in a sentence is not taken for one. 1,820 codes have three signs, 16,562 more have four, and so on.
"""

import re
from math import gcd, prod

LETTERS = "CDFHJKMNPRTWX"  # no vowel, so no words; none that looks like a digit; V looks like U
DIGITS = "2346789"  # 0, 1 and 5 look like O, I and S
LOOK_ALIKES = {"Z": "2", "G": "6", "B": "8"}  # a letter that is in no code, typed for the digit it looks like
SHORTEST = 3
LONGEST = 8  # signs of what is read as a code: there are 150 million of them

_Shape = tuple[str, ...]
_TURNS = re.compile(r"[A-Za-z]?(?:[0-9][A-Za-z])*[0-9]?")


def how_many(length: int) -> int:
    """How many codes there are with `length` signs."""
    return sum(_size(shape) for shape in _shapes(length))


def code_of(number: int) -> str:
    """The code of a running number from 0 on: one to one, the shortest first, neighbours unlike each other.

    Raises ValueError for a negative number.
    """
    if number < 0:
        raise ValueError(f"codes are counted from 0 on, not from {number}")
    length = SHORTEST
    while number >= how_many(length):
        number -= how_many(length)
        length += 1
    return _spelled(number * _stride(how_many(length)) % how_many(length), length)


def code_in(word: str) -> str | None:
    """The code that somebody typed as `word`, in any case and with a letter for the digit it looks like; else None.

    One digit at least must be typed as one: `BKZ` is somebody's abbreviation.
    """
    typed = word.upper()
    if not SHORTEST <= len(typed) <= LONGEST or not any(sign in DIGITS for sign in typed):
        return None
    return next((found for shape in _shapes(len(typed)) if (found := _read(typed, shape))), None)


def nearly_a_code(word: str) -> bool:
    """Letters and digits take turns, but it is no code: `7K5` is mistyped, `15min` and `4th` are words."""
    return SHORTEST <= len(word) <= LONGEST and bool(_TURNS.fullmatch(word)) and code_in(word) is None


def _shapes(length: int) -> tuple[_Shape, _Shape]:
    first, second = (DIGITS, LETTERS), (LETTERS, DIGITS)
    return tuple(first[at % 2] for at in range(length)), tuple(second[at % 2] for at in range(length))


def _size(shape: _Shape) -> int:
    return prod(len(signs) for signs in shape)


def _stride(total: int) -> int:
    """About the golden section of `total`, which spreads neighbours farthest, and without a factor in common with it."""
    stride = total * 618 // 1000
    while gcd(stride, total) > 1:
        stride += 1
    return stride


def _spelled(place: int, length: int) -> str:
    shape, other = _shapes(length)
    if place >= _size(shape):
        place, shape = place - _size(shape), other
    signs = []
    for choice in reversed(shape):
        place, at = divmod(place, len(choice))
        signs.append(choice[at])
    return "".join(reversed(signs))


def _read(typed: str, shape: _Shape) -> str | None:
    meant = [
        LOOK_ALIKES.get(sign, sign) if choice == DIGITS else sign for sign, choice in zip(typed, shape, strict=True)
    ]
    fits = all(sign in choice for sign, choice in zip(meant, shape, strict=True))
    return "".join(meant) if fits else None
