"""What is answered: always in two segments, in the reader's language, with what can be written next."""

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import reply_answers as answers
from domain.replies import WORDS, Deed, Order, understand
from domain.reply_answers import Language, OpenCase
from domain.reply_codes import code_of
from domain.sms_segments import encoding_of, segments

LANGUAGES: tuple[Language, ...] = get_args(Language)
CASES = (("7K2", "Checkout is down"), ("K4W", "Login fails"))
REFUSALS = ("already_resolved", "already_closed", "already_cancelled", "no_higher_tier", "paused")

OWN: list[Callable[[Language], str]] = [
    answers.unknown_sender,
    answers.not_in_roster,
    answers.unknown_mailbox,
    answers.no_open_case,
    lambda language: answers.shared_address(12, language),
    lambda language: answers.not_understood(None, language),
    lambda language: answers.carrier_word("UNSUBSCRIBE", None, language),
    lambda language: answers.carrier_word("UNSUBSCRIBE", "7K2", language),
    lambda language: answers.not_understood("7K2", language),
    lambda language: answers.words_missing("resolve", "7K2", language),
    lambda language: answers.words_missing("escalate", None, language),
    lambda language: answers.code_unknown("9K9", [], language),
    lambda language: answers.later("7K2", language),
    lambda language: answers.last_one("", True, language),
    lambda language: answers.last_one("", False, language),
    *[lambda language, code=code: answers.refused("7K2", code, language) for code in REFUSALS],
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", OWN)
def test_our_own_words_are_in_the_alphabet_of_an_sms_and_fit(
    answer: Callable[[Language], str], language: Language
) -> None:
    assert encoding_of(answer(language)) == "GSM-7"
    assert segments(answer(language)) <= 2
    assert "{" not in answer(language)


def test_no_answer_is_the_same_in_both_languages_or_like_another() -> None:
    said = [answer(language) for answer in OWN for language in LANGUAGES]
    assert len(set(said)) == len(said)


def test_every_text_is_there_in_every_language() -> None:
    assert answers._EN.keys() == answers._DE.keys()


def test_of_several_cases_code_and_subject_are_listed() -> None:
    said = answers.which_case("resolve", CASES, "en")
    assert said.endswith("such as RES 7K2. Open: 7K2 Checkout is down; K4W Login fails")
    assert "Offen: 7K2 Checkout is down; K4W Login fails" in answers.which_case("resolve", CASES, "de")


def test_what_does_not_fit_is_counted() -> None:
    many = [(code_of(number), f"The report number {number} cannot be opened by anyone") for number in range(40)]
    said = answers.which_case("acknowledge", many, "en")
    listed = said.count(";")
    assert segments(said) == 2
    assert listed >= 8
    assert said.endswith(f"; and {40 - listed} more")


def test_an_unknown_code_is_answered_with_the_senders_own_cases() -> None:
    assert answers.code_unknown("9K9", [], "en") == "No open case has the code 9K9, so nothing was done."
    assert answers.code_unknown("9K9", CASES, "en").endswith("Yours: 7K2 Checkout is down; K4W Login fails")


def test_who_has_the_case_is_named() -> None:
    assert answers.taken("7K2", "Dana Weiß", "en") == "7K2 is already taken by Dana Weiß. Nothing was changed."
    assert answers.taken("7K2", "Łukasz", "de") == "7K2 hat schon Łukasz übernommen. Nichts wurde geändert."


@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_words_are_asked_for_with_the_code_to_copy(language: Language) -> None:
    assert "RES 7K2 " in answers.words_missing("resolve", "7K2", language)
    assert "ESC " in answers.words_missing("escalate", None, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", get_args(Deed))
def test_what_we_tell_people_to_write_is_understood(command: Deed, language: Language) -> None:
    said = answers.not_understood("7K2", language)
    told = f"{WORDS[command]} 7K2"
    assert told in said
    found = understand(f"{told} because")
    assert isinstance(found, Order)
    assert (found.command, found.code) == (command, "7K2")


def test_done_says_what_is_due_next() -> None:
    said = answers.done("acknowledge", "7K2", "Checkout\nis down", ("customer update", "Tue 24 Nov 17:05 CET"), "en")
    assert said == "You own 7K2 now: Checkout is down. Next deadline: customer update by Tue 24 Nov 17:05 CET."
    assert answers.done("resolve", "7K2", "Login", None, "de") == "7K2 ist gelöst: Login."


def test_a_refusal_says_why_and_that_nothing_was_changed() -> None:
    assert answers.refused("7K2", "already_closed", "en") == "7K2 is already closed. Nothing was changed."
    assert answers.refused("7K2", "unheard_of", "en") == "7K2: not possible now, nothing was changed."


SAID_BY_OTHERS = st.text(max_size=120) | st.sampled_from(["👩‍🚒" * 60, "ж" * 500, "[{€}]" * 40])
OPEN_CASES = st.lists(st.tuples(st.integers(0, 200_000).map(code_of), SAID_BY_OTHERS), min_size=1, max_size=30)


@given(OPEN_CASES, SAID_BY_OTHERS, st.sampled_from(LANGUAGES), st.sampled_from(get_args(Deed)))
def test_whatever_others_are_called_and_write_it_fits_two_segments(
    cases: list[OpenCase], words: str, language: Language, command: Deed
) -> None:
    code = cases[0][0]
    said = [
        answers.which_case(command, cases, language),
        answers.code_unknown("9K9", cases, language),
        answers.taken(code, words, language),
        answers.done(command, code, words, (words, words), language),
    ]
    assert [segments(one) <= 2 for one in said] == [True] * 4
    assert all(code in one for one in said)


def test_a_subject_cannot_turn_round_what_stands_behind_it() -> None:
    assert answers.done("acknowledge", "7K2", "Касса \u202eevil", None, "en") == "You own 7K2 now: Касса evil."
