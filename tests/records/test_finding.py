"""What people ask in their own words finds the case they mean, in English and German, on both databases.

The desk is made up, the questions were written by hand: other word forms, parts of compounds, umlauts spelled out.
"""

import pytest

from activities.seen_before import is_good_enough
from domain.similar import question
from records.closures import Closures
from records.database import Database
from tests.records.closed import close, closed, desk, lines
from tests.records.samples import NOW, document


@pytest.fixture
def closures(database: Database) -> Closures:
    desk(database)
    return Closures(database)


def opening(product: str, subject: str, description: str) -> dict[str, object]:
    case = document("zendesk-new")
    return case | {"ticket": case["ticket"] | {"product": product, "subject": subject, "description": description}}


def test_every_question_finds_its_case_among_the_first_three(closures: Closures) -> None:
    for asked, meant in lines("questions.txt"):
        best = [one.closure.subject for one in closures.similar(question(asked), NOW, limit=3)]
        assert meant in best, (asked, best)


def test_a_responder_is_told_of_the_right_case_or_of_none(closures: Closures) -> None:
    told = 0
    for product, subject, description, meant in lines("new_cases.txt"):
        best = closures.similar_to(opening(product, subject, description), 1)
        if best and is_good_enough(best[0]):
            told += 1
            assert best[0].closure.subject == meant, (subject, best[0])
    assert told >= 21  # of the 22 that have been there before


def test_the_reason_names_the_words_and_what_else_is_the_same(database: Database) -> None:
    close(database, closed(subject="Zahlungen fehlgeschlagen", product="Checkout", category="payment"))
    asked = question("Zahlung schlägt fehl", product="checkout", category="login")
    [best] = Closures(database).similar(asked, NOW)
    assert (set(best.words), best.same_product, best.same_category) == ({"zahlung", "fehl"}, True, False)
    assert 0 < best.score < 1


def test_a_case_is_not_like_itself_nor_like_one_that_is_left_out(database: Database) -> None:
    close(database, closed("zendesk-1"), closed("zendesk-1", episode=2), closed("zendesk-2"), closed("zendesk-3"))
    store = Closures(database)
    assert {one.closure.id for one in store.similar_to(closed("zendesk-1"))} == {"zendesk-2", "zendesk-3"}
    assert {one.closure.id for one in store.similar_to(closed("zendesk-1"), exclude="zendesk-3")} == {"zendesk-2"}


@pytest.mark.parametrize("words", ["", "the and", "…", "kaffee"])
def test_what_nobody_ever_wrote_finds_nothing(database: Database, words: str) -> None:
    close(database, closed())
    assert Closures(database).similar(question(words), NOW) == []


def test_a_word_that_every_case_has_still_finds_some(database: Database) -> None:
    close(database, *(closed(f"zendesk-{number}") for number in range(5)))
    assert len(Closures(database).similar(question("checkout"), NOW, limit=3)) == 3
