"""SMS counted as carriers count: septets or UTF-16 units, nothing split between two parts."""

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.sms_segments import BASIC, EXTENSION, encoding_of, plain, segments

FOX = "\N{FOX FACE}"
MIXED = st.text(st.sampled_from("aZ9 @é€[]~|ΔñЖ漢…" + FOX), max_size=330)
SEPTETS = st.text(st.sampled_from("aé€~"), min_size=140, max_size=330)
UNITS = st.text(st.sampled_from("aЖ" + FOX), min_size=60, max_size=210)


def slow_count(text: str) -> int:
    """Every way to cut the text into parts is tried; the fewest that fit."""
    seven_bits = all(sign in BASIC | EXTENSION for sign in text)
    widths = [2 if sign in EXTENSION else 1 for sign in text] if seven_bits else _utf16_widths(text)
    alone, part = (160, 153) if seven_bits else (70, 67)
    if sum(widths) <= alone:
        return 1

    @cache
    def fewest(begin: int) -> int:
        if begin == len(widths):
            return 0
        ends = range(begin + 1, min(begin + part, len(widths)) + 1)
        return 1 + min(fewest(end) for end in reversed(ends) if sum(widths[begin:end]) <= part)

    for begin in range(len(widths), -1, -40):  # from the end on, so that the recursion stays shallow
        fewest(begin)
    return fewest(0)


def _utf16_widths(text: str) -> list[int]:
    return [len(sign.encode("utf-16-le")) // 2 for sign in text]


@settings(max_examples=100, deadline=None)
@given(MIXED | SEPTETS | UNITS)
@example("a" * 152 + "€" + "a" * 152)
@example("Ж" * 66 + FOX + "Ж" * 66)
def test_segments_are_the_fewest_parts_that_hold_the_text(text: str) -> None:
    assert segments(text) == slow_count(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 152, 2),  # 76 in a part: the 153rd septet stays empty
        ("€" * 153, 3),
        ("Ж" * 70, 1),
        ("Ж" * 71, 2),
        ("Ж" * 134, 2),
        ("Ж" * 135, 3),
        (FOX * 35, 1),
        (FOX * 36, 2),
        (FOX * 66, 2),  # 33 in a part: a pair is never split
        (FOX * 67, 3),
        ("a" * 69 + "…", 1),
        ("a" * 70 + "…", 2),
    ],
)
def test_a_segment_ends_where_the_standard_says(text: str, count: int) -> None:
    assert segments(text) == count


def test_the_alphabet_has_its_127_signs_and_ten_more_in_the_extension() -> None:
    assert (len(BASIC), len(EXTENSION), BASIC & EXTENSION) == (127, 10, frozenset())


@pytest.mark.parametrize("sign", ["ç", "`", "\t", "“", "ê", "Ж", FOX])
def test_one_sign_outside_the_alphabet_makes_the_whole_text_ucs2(sign: str) -> None:
    assert encoding_of("Grüße an @Åsa für 5 €") == "GSM-7"
    assert encoding_of("Grüße" + sign) == "UCS-2"


def test_look_alikes_are_replaced_where_that_makes_it_gsm7() -> None:
    assert plain("„Kasse“ – it’s down… 5\u202f€\u200b") == '"Kasse" - it\'s down... 5 €'
    assert plain("Cafe\u0301") == "Café"


def test_a_text_that_needs_ucs2_anyway_keeps_its_typography() -> None:
    assert plain("„Касса“ – нет…") == "„Касса“ – нет…"
