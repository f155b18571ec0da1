"""An address that several people of the roster have: nobody is taken for another, and whoever wrote hears what to do."""

import pytest

from api.seeding import seed
from tests.api.conftest import Api
from tests.api.mailboxes import Mails, mailboxes

DUTY, DUTY_PHONE = "duty@tierline.example", "+493023125100"


@pytest.fixture
async def mails(api: Api) -> Mails:
    """Dana and Sam share both."""
    found = await mailboxes(api)
    roster = (await api.get("/v1/roster")).json()
    for person, email in zip(roster["people"][:2], (DUTY, DUTY.upper()), strict=True):
        person.update(email=email, phone=DUTY_PHONE)
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    return found


async def test_every_start_warns_of_it(mails: Mails, caplog: pytest.LogCaptureFixture) -> None:
    seed(mails.api.services, mails.api.services.now())
    assert caplog.text.count("roster warning") == 2
    assert "dana, sam have the same phone number" in caplog.text


async def test_an_order_from_a_shared_mailbox_does_nothing_and_is_told_to_use_the_link(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    answer = await mails.sends(DUTY, f"ACK {code}", f"Re: x [{code}]")
    assert answer.startswith("2 people of the roster share this number or address")
    assert "Use the link in the e-mail to you, or the command line" in answer
    assert mails.said() == []


async def test_an_order_from_a_shared_phone_does_nothing_either(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    assert "share this number" in await mails.phones.sends(DUTY_PHONE, f"ACK {code}")
    assert mails.said() == []


async def test_a_shared_phone_can_still_opt_out(mails: Mails) -> None:
    assert await mails.phones.sends(DUTY_PHONE, "STOP") == ""
    assert [one.address for one in mails.api.services.bad_addresses.all()] == [DUTY_PHONE]
