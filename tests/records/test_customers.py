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
