"""The score of a closed case: how much of the question it has, how much of its subject was asked for, and where it happened."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from domain.search_words import forms
from domain.similar import Candidate, Hit, Question, Rarity, heaviest, question, ranked

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def candidate(number: int, subject: str, text: str = "", days: float = 0, **where: str) -> Candidate:
    place = (where.get("product"), where.get("category"))
    return Candidate(
        number, frozenset(forms([subject])), frozenset(forms([subject, text])), *place, NOW - timedelta(days=days)
    )


def rank(asked: Question, *candidates: Candidate) -> list[Hit]:
    found = Counter(form for one in candidates for form in one.all)
    return ranked(asked, candidates, Rarity(100, found), NOW, 10)


def order(asked: Question, *candidates: Candidate) -> list[int]:
    return [hit.number for hit in rank(asked, *candidates)]


def test_the_same_subject_of_the_same_place_now_scores_one() -> None:
    asked = question("Checkout down", product="Shop", category="outage")
    [hit] = rank(asked, candidate(1, "checkout down", product="shop", category="outage"))
    assert hit == Hit(1, 1.0, ("checkout", "down"), same_product=True, same_category=True)


def test_a_score_worked_by_hand() -> None:
    """Half of the question is in the subject, half nowhere; all of the subject was asked for; another place; a year ago."""
    [hit] = ranked(question("checkout printer"), [candidate(1, "checkout", days=365)], Rarity(0, {}), NOW, 1)
    assert hit.score == round((2 * 0.5 + 1) / 3 * (0.8 + 0.05 * 0.36788), 4)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    common = [candidate(number, "checkout login") for number in range(3, 9)]
    assert order(question("checkout voucher"), candidate(1, "voucher basket"), *common)[0] == 1


def test_a_word_in_the_subject_counts_more_than_one_in_the_text() -> None:
    assert order(question("printer"), candidate(1, "labels", "printer"), candidate(2, "printer", "labels"))[0] == 2


def test_a_long_subject_does_not_win_by_having_everything() -> None:
    long = "printer scanner checkout login basket voucher invoice"
    assert order(question("printer offline"), candidate(1, f"{long} offline"), candidate(2, "printer offline"))[0] == 2


def test_a_description_counts_less_than_a_subject() -> None:
    asked = question("printer", "the voucher was there, too")
    assert order(asked, candidate(1, "voucher"), candidate(2, "printer")) == [2, 1]


def test_of_equals_the_same_product_comes_first_then_the_same_category_then_the_one_closed_last() -> None:
    asked = question("printer", product="shop", category="device")
    old, late = candidate(1, "printer", days=300), candidate(2, "printer")
    category, product = (
        candidate(3, "printer", days=300, category="device"),
        candidate(4, "printer", days=300, product="shop"),
    )
    assert order(asked, old, late, category, product) == [4, 3, 2, 1]


def test_nothing_in_common_is_no_hit() -> None:
    assert rank(question("printer"), candidate(1, "voucher")) == []
    assert rank(question(""), candidate(1, "voucher")) == []


def test_unknown_products_are_not_the_same() -> None:
    assert not rank(question("printer"), candidate(1, "printer"))[0].same_product


def test_the_heaviest_words_are_the_rarest() -> None:
    rarity = Rarity(100, Counter({"checkout": 60, "voucher": 2}))
    assert [word.text for word in heaviest(question("checkout voucher"), rarity, 1)] == ["voucher"]
