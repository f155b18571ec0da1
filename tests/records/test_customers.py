"""Whose cases are whose, by e-mail address and by phone number."""

from typing import Any

import pytest

from domain.tickets import PersonalChannel
from records.customers import Customers
from records.database import Database
from records.escalations import Escalations
from tests.records.samples import NOW, at, document, text

EMAIL, PHONE = "Ada@acme.example", "+493023125777"
ADA = {"id": "acme", "name": "Acme", "email": EMAIL, "phone": PHONE}
BO = {**ADA, "email": "bo@acme.example", "phone": "+493023125778"}
ADDRESSES: tuple[tuple[PersonalChannel, str], ...] = (("email", EMAIL.lower()), ("sms", PHONE))


@pytest.fixture
def customers(database: Database) -> Customers:
    """Ada has two live cases and two that have closed, Bo one of each, and somebody without an address one."""
    for number, (customer, closed) in enumerate(
        [(ADA, None), (ADA, None), (ADA, 10), (ADA, 20), (BO, None), (BO, 30), (None, None)]
    ):
        about: dict[str, Any] = {"customer": customer} if customer else {}
        ended: dict[str, Any] = {"status": "closed", "closed_at": text(at(closed))} if closed else {}
        one = document(f"zendesk-{number}", opened_at=text(at(number)), **about, **ended)
        assert Escalations(database).save_document(one, 1, NOW)
    return Customers(database)


@pytest.mark.parametrize(("channel", "address"), ADDRESSES)
def test_live_cases_are_found_by_either_address_the_latest_first(
    customers: Customers, channel: PersonalChannel, address: str
) -> None:
    assert [one["id"] for one in customers.live(channel, address)] == ["zendesk-1", "zendesk-0"]


@pytest.mark.parametrize(("channel", "address"), ADDRESSES)
def test_of_those_that_are_over_the_one_that_ended_last(
    customers: Customers, channel: PersonalChannel, address: str
) -> None:
    found = customers.last(channel, address, NOW)
    assert found is not None
    assert found["id"] == "zendesk-3"
    assert customers.last(channel, address, at(20)) is None


@pytest.mark.parametrize(("channel", "address"), [("email", PHONE), ("sms", EMAIL), ("sms", "")])
def test_an_address_of_the_other_kind_or_none_finds_nothing(
    customers: Customers, channel: PersonalChannel, address: str
) -> None:
    assert customers.live(channel, address) == []
    assert customers.last(channel, address, NOW) is None


def test_a_customer_is_found_by_the_name_or_a_part_of_it_and_called_by_the_id(database: Database) -> None:
    known = {"h1": "Hotel Nord", "h2": "Hotel Nordsee GmbH", "u1": "Übersee AG"}
    for id, name in known.items():
        for number in range(2):
            one = document(f"zendesk-{id}{number}", customer={"id": id, "name": name})
            assert Escalations(database).save_document(one, 1, NOW)
    about_it = document("zendesk-9", ticket={"system": "zendesk", "id": "9", "subject": "Hotel Nord rang"})
    assert Escalations(database).save_document(about_it, 1, NOW)
    customers = Customers(database)
    assert customers.names(["h1", "u1", "none"]) == {"h1": "Hotel Nord", "u1": "Übersee AG"}
    assert customers.called("hotel nord") == {"h1": "Hotel Nord"}, "the whole name wins"
    assert customers.called("hotel") == {"h1": "Hotel Nord", "h2": "Hotel Nordsee GmbH"}
    assert customers.called("ÜBERSEE") == {"u1": "Übersee AG"}
    assert customers.called("Gasthof") == {}
