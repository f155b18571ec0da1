"""How many segments an SMS takes: what carriers count, bill and may lose one by one.

A text whose every sign is in the GSM 03.38 alphabet is counted in septets, 160 alone or 153 in each of several parts; signs
of its extension table take two. One sign outside it (an emoji, a letter of Cyrillic, a typographic quote) and the whole text
is UCS-2: 70 code units of UTF-16 alone, 67 in each of several. No sign is ever split between two parts, so a part may stay
one short. Sources: 3GPP TS 23.038 (alphabet), TS 23.040 (parts of six octets' header).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

Encoding = Literal["GSM-7", "UCS-2"]

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_BEYOND_UCS2: Final = 0xFFFF  # behind it UTF-16 takes two units, a surrogate pair


class _Room(NamedTuple):
    """Units in a message of one part, and in each part of a longer one."""

    alone: int
    part: int


_ROOM: Final[Mapping[Encoding, _Room]] = {"GSM-7": _Room(160, 153), "UCS-2": _Room(70, 67)}

# Signs people and word processors write that are not in the alphabet, each with the sign of it that reads the same.
_TWINS: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛‹›′`´", "'"),
        **dict.fromkeys("‐‑‒–—―−•·", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\t", " "),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", ""),  # nothing to be seen
        "…": "...",
        "×": "x",
    }
)


def encoding_of(text: str) -> Encoding:
    """GSM-7 when every sign is in its alphabet, else UCS-2."""
    return "GSM-7" if all(sign in BASIC or sign in EXTENSION for sign in text) else "UCS-2"


def segments(text: str) -> int:
    """The parts an SMS with this text is sent in; an empty one is still one."""
    encoding = encoding_of(text)
    sizes = [_size(sign, encoding) for sign in text]
    room = _ROOM[encoding]
    return 1 if sum(sizes) <= room.alone else _parts(sizes, room.part)


def plain(text: str) -> str:
    """The text with look-alikes from the GSM alphabet where that makes it GSM-7; else unchanged, for nothing would be won."""
    simpler = unicodedata.normalize("NFC", text).translate(_TWINS)
    return simpler if encoding_of(simpler) == "GSM-7" else text


def _size(sign: str, encoding: Encoding) -> int:
    """Septets or UTF-16 units of one sign."""
    return 1 + (sign in EXTENSION if encoding == "GSM-7" else ord(sign) > _BEYOND_UCS2)


def _parts(sizes: Iterable[int], room: int) -> int:
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
