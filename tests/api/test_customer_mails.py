"""A customer's e-mail reaches their case, or they hear why not and what to do; and nobody hears of another's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from temporalio.service import RPCStatusCode

from api.mails import MOST_ANSWERS
from api.services import utc_now
from records.afterwards import Afterwards
from records.escalations import Escalations
from tests.api.browser import Browser
from tests.api.conftest import Api
from tests.api.mailboxes import ADA, DANA, STRANGER, Mails, mailboxes
from tests.api.surveys import follows_up, is_asked, rated

BO = "bo@other.example"


@pytest.fixture
async def mails(api: Api) -> Mails:
    return await mailboxes(api)


async def closes(mails: Mails, ticket: str = "1") -> None:
    await mails.api.say(f"zendesk-{ticket}", "resolve", summary="renewed the certificate")
    await mails.api.say(f"zendesk-{ticket}", "root-cause", category="tls", origin="ours", description="expired")
    assert (await mails.api.say(f"zendesk-{ticket}", "close")).json()["status"] == "closed"


def kept(mails: Mails, ticket: str = "1") -> list[tuple[str, str, Any]]:
    """What the customer's words have left in the history of a case that is over."""
    lines = mails.api.services.escalations.timeline(f"zendesk-{ticket}", 1)
    return [(one.actor, one.text, one.data.get("channel")) for one in lines if one.kind == "customer_replied"]


async def foreign_code(mails: Mails) -> str:
    """Of a case of Bo's."""
    await mails.api.opened("3", customer={"id": "other", "name": "Other", "email": BO})
    return mails.api.services.reply_codes.code_for("zendesk-3", 1, mails.api.services.now())


# While the case lives


async def test_a_customers_reply_goes_to_the_case_that_the_subject_quotes(mails: Mails) -> None:
    one, _ = await mails.customer_writes_of("1", "2")
    assert await mails.sends(ADA, "It works again, thanks!", f"Re: News: Checkout (1) [{one}]") == ""
    assert mails.said() == [("zendesk-1", "customer-reply", None)]
    [(_, command)] = mails.api.temporal.updates
    assert command.body == {"text": "It works again, thanks!", "channel": "email"}


async def test_the_only_live_case_of_a_customer_needs_no_code(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    await foreign_code(mails)
    await mails.sends(ADA, "Still broken", "Checkout")
    assert mails.said() == [("zendesk-1", "customer-reply", None)]


async def test_while_temporal_is_away_a_customers_words_are_owed(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    mails.api.temporal.error = RPCStatusCode.UNAVAILABLE
    await mails.sends(ADA, "Still broken")
    assert [one.name for one in mails.api.services.commands.owed(10)] == ["customer-reply"]


# Which case is meant is not guessed


async def test_with_several_open_cases_and_no_code_the_customer_is_asked_which(
    mails: Mails, caplog: pytest.LogCaptureFixture
) -> None:
    codes = await mails.customer_writes_of("1", "2")
    answer = await mails.sends(ADA, "Still broken", "Checkout")
    assert "answer to our e-mail about the request you mean" in answer
    assert answer.rstrip().endswith("- 2 (Checkout is down)\n- 1 (Checkout is down)")
    assert not [word for word in (*codes, "zendesk") if word in answer]
    assert mails.said() == []
    assert "which of their cases it is about is unclear" in caplog.text
    assert ADA not in caplog.text


async def test_the_code_of_another_customers_case_reaches_no_case_and_is_told_nothing_of_it(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    answer = await mails.sends(ADA, "Still broken", f"Re: x [{await foreign_code(mails)}]")
    assert "- 1 (Checkout is down)" in answer
    assert "- 3" not in answer
    assert mails.said() == []


async def test_a_case_that_was_reopened_or_merged_hears_what_answers_its_older_mails(mails: Mails) -> None:
    one, two, _ = await mails.customer_writes_of("1", "2", "4")
    await closes(mails)
    await mails.api.say("zendesk-1", "reopen", reason="again")
    await mails.api.say("zendesk-2", "merge", into="zendesk-4")
    for code in (one, two):
        assert await mails.sends(ADA, "Still broken", f"Re: x [{code}]") == ""
    heard = [
        (id, command.body["text"]) for id, command in mails.api.temporal.updates if command.name == "customer-reply"
    ]
    assert heard == [("zendesk-1", "Still broken"), ("zendesk-4", "Still broken")]


# When it is over


async def test_a_case_that_closes_while_the_mail_comes_in_keeps_the_words_and_answers(
    mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    [code] = await mails.customer_writes_of("1")
    before = mails.api.services.escalations.latest("zendesk-1")
    await closes(mails)
    monkeypatch.setattr(Escalations, "latest", lambda *_: before)  # as it was a moment ago
    assert "is closed" in await mails.sends(ADA, "Still broken", f"Re: x [{code}]")
    assert kept(mails) == [("customer", "Still broken", "email")]


@pytest.mark.parametrize("quoted", [True, False])
async def test_who_writes_of_a_closed_case_hears_how_to_go_on_and_the_words_are_kept_with_it(
    mails: Mails, quoted: bool
) -> None:
    [code] = await mails.customer_writes_of("1")
    await closes(mails)
    before = mails.said()
    answer = await mails.sends(ADA, "It is broken again!", f"Re: Closed [{code}]" if quoted else "Your case")
    assert "Your request 1 (Checkout is down) is closed" in answer
    assert mails.said() == before
    assert kept(mails) == [("customer", "It is broken again!", "email")]
    page = await Browser(mails.api.client).opens(re.findall(r"http\S+", answer)[0])
    assert "Please look at it again" in page.words
    await Browser(mails.api.client).presses(page, "again", text="It is broken again!")
    assert (await mails.phones.shown("1"))["episode"] == 2


async def test_whose_last_case_ended_more_than_a_year_ago_is_a_stranger_without_its_code(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    await closes(mails)
    object.__setattr__(mails.api.services, "now", lambda: utc_now() + timedelta(days=366))
    assert "does not know you" in await mails.sends(ADA, "It is broken again!")


async def test_the_answer_is_in_the_customers_language(mails: Mails) -> None:
    await mails.api.opened("1", customer={"id": "acme", "name": "Acme", "email": ADA, "locale": "de-AT"})
    await closes(mails)
    assert "Ihre Anfrage 1 (Checkout is down) ist abgeschlossen" in await mails.sends(ADA, "Wieder kaputt")


async def test_the_same_words_are_kept_once_however_often_they_are_acted_on(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    await closes(mails)
    for _ in range(2):
        await mails.sends(ADA, "It is broken again!", Message_ID="<once@x>")
    services = mails.api.services
    [id] = [one.data["mail"] for one in services.escalations.timeline("zendesk-1", 1) if "mail" in one.data]
    Afterwards(services.database).record_words("zendesk-1", 1, id, "It is broken again!", services.now())
    assert len(kept(mails)) == 1


async def test_a_case_that_was_withdrawn_offers_no_page_that_would_refuse(mails: Mails) -> None:
    one, _ = await mails.customer_writes_of("1", "2")
    await mails.api.say("zendesk-1", "cancel", reason="by mistake")
    before = mails.said()
    answer = await mails.sends(ADA, "Still broken", f"Re: x [{one}]")
    assert "Your request 1 (Checkout is down) was withdrawn" in answer
    assert "http" not in answer
    assert (mails.said(), kept(mails)) == (before, [("customer", "Still broken", "email")])


async def test_nobody_else_hears_of_a_closed_case(mails: Mails) -> None:
    [code] = await mails.customer_writes_of("1")
    await closes(mails)
    answer = await mails.sends(STRANGER, "It is broken again!", f"Re: Closed [{code}]")
    assert "does not know you" in answer
    assert not [word for word in ("Checkout", "http", "closed") if word in answer]
    assert kept(mails) == []


async def test_a_forged_mail_of_a_closed_case_keeps_nothing_and_is_not_answered(mails: Mails) -> None:
    [code] = await mails.customer_writes_of("1")
    await closes(mails)
    assert await mails.sends(ADA, "It is broken again!", f"Re: Closed [{code}]", proven=False) == ""
    assert kept(mails) == []


async def test_two_machines_do_not_answer_each_other_for_ever(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    await closes(mails)
    answers = [await mails.sends(ADA, "Thank you for your message.") for _ in range(MOST_ANSWERS + 2)]
    assert [bool(answer) for answer in answers] == [True] * MOST_ANSWERS + [False] * 2


# The survey's question


@pytest.mark.parametrize("quoted", [True, False])
async def test_a_number_in_the_answer_to_the_survey_is_the_score(
    mails: Mails, monkeypatch: pytest.MonkeyPatch, quoted: bool
) -> None:
    follows_up(mails.api, monkeypatch)
    [code] = await mails.customer_writes_of("1")
    await closes(mails)
    is_asked(mails.api, "email")
    subject = f"Re: How was it? Checkout is down [{code}]" if quoted else "How was it?"
    answer = await mails.sends(ADA, "1\n\nNobody told us anything.\n\n> And how was it? A number from 1 to 5", subject)
    assert rated(await mails.phones.shown("1")) == (1, "Nobody told us anything.")
    assert "Thank you for telling us: 1 of 5 for your request 1 (Checkout is down)" in answer
    page = await Browser(mails.api.client).opens(re.findall(r"http\S+", answer)[0])
    assert "Your answer: 1 of 5" in page.words
    assert "Please look at it again" in page.words


async def test_a_number_from_a_forged_sender_rates_nothing(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    follows_up(mails.api, monkeypatch)
    [code] = await mails.customer_writes_of("1")
    await closes(mails)
    is_asked(mails.api, "email")
    assert await mails.sends(ADA, "1", f"Re: How was it? [{code}]", proven=False) == ""
    await mails.sends(STRANGER, "1", f"Re: How was it? [{code}]")
    assert rated(await mails.phones.shown("1")) is None


# Who is both


async def test_a_responder_who_is_a_customer_speaks_as_one_with_what_is_no_order(mails: Mails) -> None:
    await mails.api.opened("1", customer={"id": "acme", "name": "Acme", "email": DANA})
    assert await mails.sends(DANA, "It is broken again, nobody can pay", "Checkout") == ""
    assert mails.said() == [("zendesk-1", "customer-reply", None)]


async def test_their_orders_and_what_quotes_a_case_they_work_on_stay_a_responders(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.api.opened("2", customer={"id": "acme", "name": "Acme", "email": DANA})
    assert "Not understood" in await mails.sends(DANA, "what is this?", f"Re: x [{code}]")
    await mails.sends(DANA, f"ACK {code}", "Checkout")
    assert mails.said() == [("zendesk-1", "acknowledge", "dana")]
