"""How much a closed case resembles a question: which words they share, each as heavy as it is rare.

Pure: the store finds candidates by its index, this puts them in order. The score is between 0 and 1 and means the same on
every database: 1 is a case whose subject has every word asked for and no other, of the same product and category, closed now.

    words  = (2 × share of the question found in it + share of its subject found in the question) / 3
    score  = words × (0.8 + 0.1 same product + 0.05 same category + 0.05 × recency)

Shares are of weights, and a word weighs the logarithm of how rare it is (idf). A share of both sides, for a long text holds some
of any question, and a short question is held by many a long text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from math import exp, log

from domain.search_words import Word, words

PART = 0.5  # of a compound: that weighs by itself already
IN_TEXT = 0.4  # a word of a description beside one of a subject, which somebody chose to say it in ten words
NOT_IN_SUBJECT = 0.7  # found in what closed the case, not in what it was called
PRODUCT, CATEGORY, RECENCY = 0.1, 0.05, 0.05
FADES_IN = timedelta(days=365)  # to a third: a fix of last year is likely to hold still, one of long ago may not
MOST_SHOWN = 8  # words of why; the heaviest


@dataclass(frozen=True)
class Question:
    """What is looked for: words, each once, with how much they count; and where it happened, as far as that is known."""

    words: Mapping[Word, float]
    product: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A closed case as far as it can resemble anything; the forms of words are those of `domain.search_words`."""

    number: int
    subject: Set[str]
    all: Set[str]
    product: str | None
    category: str | None
    closed_at: datetime


@dataclass(frozen=True)
class Hit:
    """How well a candidate answers, from 0 to 1, and why: the words in common, the heaviest first."""

    number: int
    score: float
    words: tuple[str, ...]
    same_product: bool
    same_category: bool


@dataclass(frozen=True)
class Rarity:
    """In how many of so many closed cases each form occurs; one that is in none of them is as rare as can be."""

    cases: int
    found: Mapping[str, int]

    def of(self, forms: Collection[str]) -> float:
        """The weight of a word: that of its most frequent form."""
        return log(1 + (self.cases + 1) / (self._most(forms) + 1))

    def share(self, forms: Collection[str]) -> float:
        """Of all cases, about how many have it; 0 to 1."""
        return min(sum(self.found.get(form, 0) for form in forms) / max(self.cases, 1), 1.0)

    def _most(self, forms: Collection[str]) -> int:
        return max((self.found.get(form, 0) for form in forms), default=0)


def question(subject: str, text: str = "", product: str | None = None, category: str | None = None) -> Question:
    """What to look for when a case with this subject and description opens; a question in words is all subject."""
    counted: dict[Word, float] = {}
    for word, weight in chain(((one, 1.0) for one in words(subject)), ((one, IN_TEXT) for one in words(text))):
        counted.setdefault(word, weight * (PART if word.part else 1.0))
    return Question(counted, product, category)


def heaviest(asked: Question, rarity: Rarity, most: int) -> Sequence[Word]:
    """The words of a question by which an index is best asked, the heaviest first."""
    return [word for word, _ in _weighed(asked, rarity)[:most]]


def ranked(asked: Question, candidates: Iterable[Candidate], rarity: Rarity, now: datetime, limit: int) -> list[Hit]:
    """The best of the candidates that have a word in common, the best first; of equals the one closed last."""
    scale = _Scale(asked, _weighed(asked, rarity), rarity, now)
    found = [(scale.hit(one), one) for one in candidates]
    best = sorted(found, key=lambda pair: (-pair[0].score, -pair[1].closed_at.timestamp(), pair[1].number))
    return [hit for hit, _ in best if hit.words][:limit]


def _weighed(asked: Question, rarity: Rarity) -> list[tuple[Word, float]]:
    weighed = ((word, counts * rarity.of(word.forms)) for word, counts in asked.words.items())
    return sorted(weighed, key=lambda one: (-one[1], one[0].text))


class _Scale:
    """One question, ready to be laid beside many candidates."""

    def __init__(self, asked: Question, weighed: list[tuple[Word, float]], rarity: Rarity, now: datetime) -> None:
        self._asked = asked
        self._weighed = [(word.text, word.forms, weight) for word, weight in weighed]
        self._whole = sum(weight for *_, weight in self._weighed)
        self._forms = frozenset(form for _, forms, _ in self._weighed for form in forms)
        self._now = now
        self._weight = cache(lambda form: rarity.of((form,)))

    def hit(self, one: Candidate) -> Hit:
        common = [part for part in self._weighed if not part[1].isdisjoint(one.all)]
        product, category = _same(self._asked.product, one.product), _same(self._asked.category, one.category)
        age = max(self._now - one.closed_at, timedelta())
        bonus = PRODUCT * product + CATEGORY * category + RECENCY * exp(-age / FADES_IN)
        score = (2 * self._found(common, one) + self._held(one)) / 3 * (1 - PRODUCT - CATEGORY - RECENCY + bonus)
        shown = tuple(dict.fromkeys(text for text, *_ in common[:MOST_SHOWN]))
        return Hit(one.number, round(score, 4), shown, product, category)

    def _found(self, common: Iterable[tuple[str, frozenset[str], float]], one: Candidate) -> float:
        """The share of the question that is in the case."""
        there = sum(weight * (NOT_IN_SUBJECT if forms.isdisjoint(one.subject) else 1) for _, forms, weight in common)
        return there / self._whole if self._whole else 0.0

    def _held(self, one: Candidate) -> float:
        """The share of the case's subject that is in the question."""
        whole = sum(map(self._weight, one.subject))
        return sum(map(self._weight, one.subject & self._forms)) / whole if whole else 0.0


def _same(asked: str | None, one: str | None) -> bool:
    return asked is not None and one is not None and asked.casefold() == one.casefold()
