"""What a customer reads whose e-mail goes to no case: in both languages, of any number of requests, with no name of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import customer_answers
from domain.customer_answers import Request, closed, rated, sms, sms_closed, sms_rated, sms_which, which, withdrawn
from domain.reply_answers import Language
from domain.sms_segments import encoding_of, segments

LANGUAGES: tuple[Language, ...] = ("en", "de")
LINK = "https://tierline.example/r/" + "x" * 90 + "?again=1"


def by_sms(requests: list[Request], language: Language, link: str = LINK) -> list[str]:
    """Every answer to an SMS."""
    [first, *_] = requests
    told = [sms(outcome, first, language) for outcome in ("told", "refused", "withdrawn")]
    scored = [sms_rated(score, score < 3, first, link, language) for score in range(1, 6)]
    return [*told, *scored, sms_closed(first, link, language), sms_which(requests, language)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_answer_names_the_request_by_its_ticket(language: Language) -> None:
    request = ("4711", "Checkout\nis down " + "x" * 200)
    for text in (
        closed(request, "https://x.example/r/y", language),
        withdrawn(request, language),
        rated(4, False, request, LINK, language),
        rated(1, True, request, LINK, language),
        which([request], language),
    ):
        assert "4711 (Checkout is down x" in text
        assert "…)" in text
        assert "{" not in text


def test_of_many_requests_ten_are_listed_and_the_rest_is_counted() -> None:
    listed = which([(str(number), "Down") for number in range(13)], "de").splitlines()
    assert listed[-2:] == ["- 9 (Down)", "- und 3 weitere"]
    assert which([(str(number), "Down") for number in range(10)], "en").endswith("- 9 (Down)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_to_an_sms_names_the_request_in_the_alphabet_of_an_sms(language: Language) -> None:
    for text in by_sms([("4711", "Checkout\nis down")], language):
        assert "4711 (Checkout is down)" in text
        assert encoding_of(text) == "GSM-7"
        assert "{" not in text


def test_every_text_of_an_sms_is_there_in_every_language() -> None:
    assert customer_answers._SMS_EN.keys() == customer_answers._SMS_DE.keys()


def test_the_link_back_is_left_out_only_where_it_does_not_fit() -> None:
    assert sms_closed(("4711", "Down"), LINK, "en").endswith(f"Tell us here: {LINK}")
    assert sms_closed(("4711", "x" * 200), LINK, "en").endswith(f"Tell us here: {LINK}")
    assert sms_closed(("4711", "Down"), LINK * 3, "en").endswith("Still not right? Please write to your usual contact.")


def test_of_many_requests_an_sms_lists_what_fits_and_counts_the_rest() -> None:
    said = sms_which([(f"{number}00000000000", "The checkout is down") for number in range(10, 40)], "en")
    assert said.startswith("Which request do you mean?")
    assert "; and 2" in said


OTHERS = st.text(min_size=1, max_size=80) | st.sampled_from(["👩‍🚒" * 60, "ж" * 500, "{link}{requests}{request}"])


@given(st.lists(st.tuples(OTHERS, OTHERS), min_size=1, max_size=15), st.sampled_from(LANGUAGES))
def test_whatever_tickets_are_called_an_sms_fits_two_segments(requests: list[Request], language: Language) -> None:
    assert [text for text in by_sms(requests, language) if segments(text) > 2] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_cannot_turn_round_what_stands_behind_it(language: Language) -> None:
    request = ("4711", "Касса \u202eevil\u2066")
    for text in (closed(request, LINK, language), which([request], language), *by_sms([request], language, "")):
        assert not {"\u202e", "\u2066"} & set(text)
