"""A message that came in is one line of the audit log: whose it was, what it did to which case; and not a word of it."""

from typing import Any

import pytest

from api.auditing import write_down
from api.inbound import act
from records.audit import AuditFilters, AuditLine, AuditLog
from records.inbound import Inbound
from tests.api.conftest import Api
from tests.api.mailboxes import ADA as ADAS_MAIL
from tests.api.mailboxes import DANA as DANAS_MAIL
from tests.api.mailboxes import STRANGER as EVES_MAIL
from tests.api.mailboxes import Mails, mailboxes
from tests.api.test_customer_sms import ADA, closes, waits_for
from tests.api.test_replies import DANA, STRANGER, Phones, phones

__all__ = ["phones"]


@pytest.fixture
async def mails(api: Api) -> Mails:
    return await mailboxes(api)


async def lines(api: Api) -> list[AuditLine]:
    """Those of messages, oldest first."""
    await write_down(api.services)
    found, _ = AuditLog(api.services.database).page(AuditFilters(), 200)
    return [one for one in reversed(found) if one.via in ("sms", "mail")]


async def told(api: Api) -> list[tuple[str, str, str | None, str | None, str | None, dict[str, Any]]]:
    return [(one.via, one.what, one.person, one.role, one.subject, one.details) for one in await lines(api)]


async def test_a_responders_sms_is_said_by_them_and_says_what_came_of_it(phones: Phones) -> None:
    code = await phones.hear_of("1")
    await phones.sends(DANA, f"ACK {code}")
    await phones.sends(DANA, f"ESC {code} Secret words", sid="SM9")
    await phones.sends(DANA, f"ESC {code} Secret words", sid="SM9")  # Twilio sends it again
    await phones.sends(DANA, "what is this")
    assert await told(phones.api) == [
        ("sms", "acknowledge", "dana", None, "zendesk-1", {"outcome": "applied"}),
        ("sms", "escalate", "dana", None, "zendesk-1", {"outcome": "applied"}),
        ("sms", "message", "dana", None, None, {}),
    ]
    assert "ecret" not in str(await lines(phones.api))


async def test_a_refused_reply_says_why(phones: Phones) -> None:
    code = await phones.hear_of("1")
    await phones.api.say("zendesk-1", "acknowledge", by="sam")
    await phones.sends(DANA, f"ACK {code}")
    assert await told(phones.api) == [
        ("sms", "acknowledge", "dana", None, "zendesk-1", {"outcome": "refused", "code": "already_acknowledged"})
    ]


async def test_a_customers_sms_is_the_customers_also_when_their_case_is_over(phones: Phones) -> None:
    await waits_for(phones, "1")
    await phones.sends(ADA, "Secret words")
    await closes(phones)
    await phones.sends(ADA, "Secret words")
    assert await told(phones.api) == [
        ("sms", "customer-reply", None, "customer", "zendesk-1", {"outcome": "applied"}),
        ("sms", "message", None, "customer", "zendesk-1", {}),
    ]
    assert not [word for word in ("ecret", ADA[-6:]) if word in str(await lines(phones.api))]


async def test_a_strangers_number_is_told_by_its_end_only(phones: Phones) -> None:
    await phones.sends(STRANGER, "hello")
    assert await told(phones.api) == [("sms", "message", None, None, None, {"from": f"…{STRANGER[-2:]}"})]
    assert STRANGER[-6:] not in str(await lines(phones.api)), "six digits: fewer may stand in the time of a line"


async def test_opting_out_and_in_are_deeds(phones: Phones) -> None:
    await phones.sends(DANA, "STOP")
    await phones.sends(DANA, "START")
    assert [one[1:3] for one in await told(phones.api)] == [("opted_out", "dana"), ("opted_in", "dana")]


async def test_a_reply_whose_request_has_died_is_told_once_when_it_is_acted_on(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await phones.hear_of("1")
    with monkeypatch.context() as broken:
        broken.setattr(Inbound, "handled", lambda *_: None)
        await phones.sends(DANA, f"ACK {code}")
    later = phones.api.services.now
    monkeypatch.setattr("api.inbound.IN_HAND", later() - later())
    assert await act(phones.api.services) == 1
    assert [one[1] for one in await told(phones.api)] == ["acknowledge"]


async def test_a_mail_is_told_when_it_is_acted_on(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.sends(DANAS_MAIL, f"ACK {code} Secret")
    await mails.sends(EVES_MAIL, "Secret")
    await mails.sends(DANAS_MAIL, "RES Secret words", proven=False)
    await mails.sends(DANAS_MAIL, "what is this?")
    assert await told(mails.api) == [
        ("mail", "acknowledge", "dana", None, "zendesk-1", {"outcome": "applied"}),
        ("mail", "message", None, None, None, {}),
        ("mail", "message", None, None, None, {"outcome": "left_aside"}),
        ("mail", "message", "dana", None, None, {}),
    ]
    assert not [word for word in ("ecret", "eve@", "dana@") if word in str(await lines(mails.api))]


async def test_a_customers_mail_is_the_customers(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    await mails.sends(ADAS_MAIL, "Secret words", "Re: your request")
    assert await told(mails.api) == [("mail", "customer-reply", None, "customer", "zendesk-1", {"outcome": "applied"})]


async def test_a_mail_that_breaks_something_is_told_as_failed(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Secret")

    monkeypatch.setattr("api.mails.why_aside", broken)
    await mails.sends(DANAS_MAIL, "ACK")
    assert await told(mails.api) == [("mail", "message", None, None, None, {"outcome": "failed"})]
