"""The codes of cases: many, unlike each other, and never what somebody writes in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reply_codes import DIGITS, LETTERS, LOOK_ALIKES, code_in, code_of, how_many, nearly_a_code

SHORT = 1_820
LOOKING_ALIKE = ("0OQ", "1IL", "5S", "2Z", "8B", "6G", "UV")


def test_every_number_has_a_code_of_its_own() -> None:
    codes = [code_of(number) for number in range(SHORT + 16_562)]
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes[:SHORT]} == {3}
    assert {len(code) for code in codes[SHORT:]} == {4}
    assert len(code_of(len(codes))) == 5


def test_there_are_as_many_as_is_said() -> None:
    assert [how_many(length) for length in (3, 4, 5)] == [SHORT, 16_562, 165_620]


def test_a_code_once_given_out_means_the_same_number_for_ever() -> None:
    assert [code_of(number) for number in (0, 1, 2, 8, SHORT - 1, SHORT)] == ["2C2", "K4W", "7T7", "X3T", "C7F", "2C2C"]


def test_the_next_dozen_differ_in_two_signs_at_least() -> None:
    codes = [code_of(number) for number in range(SHORT)]
    pairs = [(codes[at], codes[at + step]) for at in range(SHORT - 12) for step in range(1, 13)]
    assert min(sum(one != other for one, other in zip(*pair, strict=True)) for pair in pairs) == 2


def test_no_two_signs_look_alike_and_no_letter_makes_words() -> None:
    for group in LOOKING_ALIKE:
        assert sum(sign in LETTERS + DIGITS for sign in group) <= 1, group
    assert not set("AEIOUY") & set(LETTERS)


@given(st.integers(0, 10**8))
def test_a_code_is_found_again_as_it_was_typed(number: int) -> None:
    code = code_of(number)
    assert code_in(code) == code_in(code.lower()) == code
    assert any(sign.isdigit() for sign in code)
    assert not nearly_a_code(code)


@given(st.integers(0, SHORT - 1), st.data())
def test_a_letter_typed_for_a_digit_is_forgiven_while_one_digit_is_left(number: int, data: st.DataObject) -> None:
    code = code_of(number)
    letters = {digit: letter for letter, digit in LOOK_ALIKES.items()}
    typed = "".join(data.draw(st.sampled_from((sign, letters.get(sign, sign)))) for sign in code)
    assert code_in(typed) == (code if any(sign.isdigit() for sign in typed) else None)


@pytest.mark.parametrize(
    "word",
    [
        *("fixed", "net", "SSL", "BKZ", "the", "down", "", "K", "7", "K8", "72"),
        *("3rd", "24h", "15min", "4xx", "p99", "DC2", "429", "443", "2026", "24x7", "x86", "k8s", "B2B", "7K", "７K２"),
    ],
)
def test_words_and_numbers_are_no_codes(word: str) -> None:
    assert code_in(word) is None


@pytest.mark.parametrize(
    ("word", "nearly"), [("7K5", True), ("0k2", True), ("B4K", True), ("15min", False), ("4th", False)]
)
def test_a_mistyped_code_can_be_told_from_a_word(word: str, nearly: bool) -> None:
    assert nearly_a_code(word) is nearly


def test_numbers_begin_at_nought() -> None:
    with pytest.raises(ValueError, match="from 0 on, not from -1"):
        code_of(-1)
