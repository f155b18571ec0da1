"""By which words a customer is known in texts about something else, and what goes of such a text."""

import pytest

from domain.forgetting import Traces

FUCHS = Traces(("Fuchs KG",), ("it@fuchs.example", "+493012345615"), ())


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("write to it@fuchs.example.", "write to (forgotten)."),
        ("<IT@Fuchs.Example>, +493012345615", "<(forgotten)>, (forgotten)"),
        ("mailto:it@fuchs.example;it@fuchs.example", "mailto:(forgotten);(forgotten)"),
        ("kit@fuchs.example, x.it@fuchs.example", "kit@fuchs.example, x.it@fuchs.example"),
        ("it@fuchs.example.org", "it@fuchs.example.org"),
        ("+4930123456150", "+4930123456150"),
        ("Fuchs KG", "Fuchs KG"),
    ],
)
def test_an_address_goes_whole_and_no_other_with_it(said: str, left: str) -> None:
    assert FUCHS.without_addresses({"data": [said, 7, None]}) == {"data": [left, 7, None]}


def test_who_has_no_address_changes_nothing() -> None:
    assert Traces(("Fuchs KG",), (), ()).without_addresses("a@b.example") == "a@b.example"


def test_what_is_in_another_customers_own_name_and_addresses_is_that_ones() -> None:
    other = {"name": "Fuchs KG Logistik", "email": "it@fuchs.example", "phone": None}
    assert FUCHS.beside(other).who == ("+493012345615",)
    assert FUCHS.beside({"name": "Fuchsbau", "email": None}).who == FUCHS.who
