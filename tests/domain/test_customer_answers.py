"""What a customer reads whose e-mail goes to no case: in both languages, of any number of requests, with no name of ours."""

import pytest

from domain.customer_answers import closed, which, withdrawn
from domain.reply_answers import Language


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_answer_names_the_request_by_its_ticket(language: Language) -> None:
    request = ("4711", "Checkout\nis down " + "x" * 200)
    for text in (
        closed(request, "https://x.example/r/y", language),
        withdrawn(request, language),
        which([request], language),
    ):
        assert "4711 (Checkout is down x" in text
        assert "…)" in text
        assert "{" not in text


def test_of_many_requests_ten_are_listed_and_the_rest_is_counted() -> None:
    listed = which([(str(number), "Down") for number in range(13)], "de").splitlines()
    assert listed[-2:] == ["- 9 (Down)", "- und 3 weitere"]
    assert which([(str(number), "Down") for number in range(10)], "en").endswith("- 9 (Down)")
