"""How a customer's own words answer the survey: a number of their own first, the comment behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ratings import score_in


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [
        ("2", 2, None),
        (" 5! ", 5, None),
        ("(4)", 4, None),
        ("4/5", 4, None),
        ("3 of 5", 3, None),
        ("1 von 5, niemand hat sich gemeldet", 1, "niemand hat sich gemeldet"),
        ("5 - thank you, that was fast", 5, "thank you, that was fast"),
        ("2. it broke again\nevery day", 2, "it broke again\nevery day"),
        ("Hello Dana,\n\n4\n\nBest regards\nAda", 4, "Best regards\nAda"),
        ("２", 2, None),
        ("\u202a3\u202c", 3, None),
        ("5\ufe0f\u20e3", 5, None),
        ("4 👍", 4, None),
    ],
)
def test_a_number_that_stands_first_is_the_score(text: str, score: int, comment: str | None) -> None:
    assert score_in(text) == (score, comment)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0",
            "6",
            "10",
            "1st of all it is broken",
            "5:30 was too late",
            "3.5",
            "4,5",
            "4-5",
            "2/3 of us are offline",
        ),
        *("50 %", "5%", "²", "1½", "thanks, 5", "It broke again after 2 days", "#", "five", "👍", "3x down"),
    ],
)
def test_any_other_number_is_no_score(text: str) -> None:
    assert score_in(text) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    score_in(text)


def test_a_long_text_is_read_at_once() -> None:
    assert score_in("5" + " *" * 100_000) == (5, None)
    assert score_in(" (" * 100_000) is None
