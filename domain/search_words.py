"""From a text to the words it can be found by, in English, German and the mixture that support desks write.

Tickets mix both languages in one line, so no text is of one language: every word is reduced by both Snowball stemmers, and two
words are the same when either form is. German compounds count as their parts as well (`Kartenzahlung`: `Zahlung`), umlauts as
they are written without (`ue`, `u`). Addresses, telephone and ticket numbers are no words: they name people and find nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, TypeAlias

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.german_stemmer import GermanStemmer

from domain.stop_words import ENGLISH, GERMAN, PARTS

Guess: TypeAlias = Literal["en", "de"]

LONGEST_WORD = 40  # characters; what is longer is a key or a hash, which nobody asks for by heart
SHORTEST_COMPOUND = 8
SHORTEST_PART = 4  # of what is left of a compound; shorter ends are inflection, not words
KNOWN_WORDS = 50_000  # kept with their forms: stemming takes 0.2 ms a word, and a desk uses some ten thousand

_NO_WORDS = re.compile(r"\S+@\S+|https?://\S+|\+?\d[\d\s/().-]{6,}\d", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_E_MAIL = re.compile(r"\be-?mail", re.IGNORECASE)  # one word written in three ways
_LINKS = ("es", "en", "s", "n")  # between two parts of a German compound


@dataclass(frozen=True)
class Word:
    """A word as it was written, small, and the forms it is the same by; `part` when it is one of a compound."""

    text: str
    forms: frozenset[str]
    part: bool = False


def words(text: str) -> Iterator[Word]:
    """The words of a text in order, each compound followed by its parts, without those that say nothing."""
    for token in _tokens(text):
        yield from _word(token)


def forms(texts: Iterable[str]) -> tuple[str, ...]:
    """Every form of every word, each once, in order of appearance."""
    return tuple(dict.fromkeys(form for text in texts for word in words(text) for form in sorted(word.forms)))


def guess(text: str) -> Guess | None:
    """The language whose small words are more frequent in it; None where they tell nothing."""
    tokens = [token.casefold() for token in _WORD.findall(text)]
    german, english = (sum(token in small for token in tokens) for small in (GERMAN - ENGLISH, ENGLISH - GERMAN))
    return None if german == english else "de" if german > english else "en"


def _tokens(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", _E_MAIL.sub("mail", _NO_WORDS.sub(" ", text)))
    for token in _WORD.findall(plain.lower()):
        if 1 < len(token) <= LONGEST_WORD and token not in GERMAN and token not in ENGLISH:
            yield token


@lru_cache(KNOWN_WORDS)
def _word(token: str) -> tuple[Word, ...]:
    whole = Word(token, _forms(token))
    parts = [part for part in dict.fromkeys(_parts(token)) if part != token]
    return (whole, *(Word(part, _forms(part), part=True) for part in parts))


def _forms(token: str) -> frozenset[str]:
    return frozenset((_plain(_german(token)), _plain(EnglishStemmer().stemWord(token))))


def _german(token: str) -> str:
    stem: str = GermanStemmer().stemWord(
        token
    )  # one each time: a stemmer keeps its word in itself, and we have threads
    return stem


def _plain(form: str) -> str:
    """Without the dots and strokes above letters; `ß` is `ss`."""
    decomposed = unicodedata.normalize("NFKD", form.casefold())
    return "".join(sign for sign in decomposed if sign.isalnum())


def _parts(token: str) -> Iterator[str]:
    """A known beginning and what is left of it, else a known end and what stands before it."""
    if len(token) < SHORTEST_COMPOUND or not token.isalpha():
        return
    for cut in range(len(token) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        if token[:cut] in _parts_known() and _is_word(token[cut:]):
            yield token[:cut]
            yield from _rest(token[cut:])
            return
    for cut in range(SHORTEST_PART - 1, len(token) - SHORTEST_PART + 1):
        if token[cut:] in _parts_known():
            yield _unlinked(token[:cut])
            yield token[cut:]
            return


def _is_word(rest: str) -> bool:
    """Not only an ending, as in Zahl-ungen."""
    return rest in _parts_known() or len(_german(rest)) >= SHORTEST_PART


def _rest(rest: str) -> Iterator[str]:
    link = next((link for link in _LINKS if rest.startswith(link) and rest[len(link) :] in _parts_known()), "")
    rest = rest[len(link) :]
    if not link and rest.startswith("s") and rest not in _parts_known() and len(rest) > SHORTEST_COMPOUND:
        rest = rest[1:]  # Zahlung-s-abwickler, where the end is no word we know
    if len(rest) >= SHORTEST_PART:
        yield rest
        yield from _parts(rest)


def _unlinked(begin: str) -> str:
    return next((begin.removesuffix(link) for link in _LINKS if begin.removesuffix(link) in _parts_known()), begin)


@cache
def _parts_known() -> frozenset[str]:
    """With umlauts and without, for people write both."""
    spelled = {part.translate(_SPELLED_OUT) for part in PARTS}
    return PARTS | spelled


_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
