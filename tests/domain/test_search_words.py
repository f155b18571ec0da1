"""Words are the same in all their forms, in both languages; what says nothing and what names people is no word."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.search_words import forms, guess, words
from domain.stop_words import ENGLISH, GERMAN, PARTS


def same(one: str, other: str) -> bool:
    return not set(forms([one])).isdisjoint(forms([other]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zahlung", "Zahlungen"),
        ("Ausfall", "Ausfälle"),
        ("übertragen", "uebertragen"),
        ("Straße", "strasse"),
        ("schlägt fehl", "fehlgeschlagen"),
        ("Zahlung", "Kartenzahlung"),
        ("Dienst", "Zahlungsdienst"),
        ("Zahlung", "Zahlungsdienstleister"),
        ("Server", "Datenbankserver"),
        ("Zertifikate", "Zertifikatserneuerung"),
        ("Kennwoerter", "Kennwörter"),
        ("payment", "payments"),
        ("failed", "failing"),
        ("authenticate", "authentication"),
        ("invoices", "invoicing"),
        ("E-Mail", "emails"),
        ("TIMEOUT", "timeouts"),
        ("Logins", "login"),
    ],
)
def test_forms_of_a_word_are_the_same_word(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [("Rechnung", "Rechner"), ("import", "export"), ("Zahlungen", "Ungenau")])
def test_other_words_are_other_words(one: str, other: str) -> None:
    assert not same(one, other)


def test_small_words_say_nothing() -> None:
    assert [word.text for word in words("Bitte, das ist nicht gut: why is it so?")] == ["gut"]


@pytest.mark.parametrize("text", ["ada@example.org", "+49 (30) 123-4567", "https://example.org/pay?id=1", "x" * 41])
def test_what_names_people_or_machines_is_no_word(text: str) -> None:
    assert forms([text]) == ()


def test_a_code_is_a_word() -> None:
    assert forms(["Fehler 503, E4711"])[1:] == ("fehler", "503", "e4711")


def test_a_part_is_marked_as_one() -> None:
    assert [(word.text, word.part) for word in words("Kartenzahlung")] == [
        ("kartenzahlung", False),
        ("karten", True),
        ("zahlung", True),
    ]


@pytest.mark.parametrize("text", ["\0\u202e", "<script>", "'\"&|!:*()", "مشكلة الدفع", "支付失败", "\ud800", "ﬁ", "İ"])
def test_forms_are_letters_and_digits_whatever_is_written(text: str) -> None:
    assert all(form.isalnum() and form == form.lower() for form in forms([text]))


@pytest.mark.parametrize(
    ("text", "language"),
    [("Die Kasse ist ausgefallen", "de"), ("The checkout is down", "en"), ("Checkout 503", None), ("", None)],
)
def test_the_language_is_that_of_the_small_words(text: str, language: str | None) -> None:
    assert guess(text) == language


def test_threads_do_not_mix_their_words() -> None:
    """A stemmer keeps the word it is at in itself."""
    texts = [f"{part}zahlungen{number}" for number in range(40) for part in ("karten", "kassen", "konto")]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda text: forms([text]), texts))
    assert together == [forms([text]) for text in texts]


def test_the_lists_are_small_words_and_parts() -> None:
    assert all(word == word.lower() for word in ENGLISH | GERMAN | PARTS)
