"""A customer's SMS reaches their case, or they hear why not and what to do, shortly and in no word of ours."""

import re
from datetime import timedelta
from typing import Any

import pytest
from temporalio.service import RPCStatusCode

from api.cases import Cases
from api.inbound import act
from api.replies import act_on
from domain.sms_segments import segments
from records.inbound import Inbound, InboundEvent
from tests.api.browser import Browser
from tests.api.conftest import Api
from tests.api.surveys import follows_up, is_asked, is_away, rated
from tests.api.test_replies import DANA, STRANGER, Phones

ADA = "+493023125777"
JARGON = ("roster", "operator", "sender", "zendesk", "ACK", "case")


@pytest.fixture
async def phones(api: Api) -> Phones:
    """Dana is in the roster; Ada's cases are opened by the tests."""
    roster = (await api.get("/v1/roster")).json()
    roster["people"][0]["phone"] = DANA
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    return Phones(api)


async def waits_for(phones: Phones, *tickets: str, **more: str) -> None:
    for ticket in tickets:
        await phones.api.opened(ticket, customer={"id": "acme", "name": "Acme", "phone": ADA, **more})


async def closes(phones: Phones, ticket: str = "1") -> None:
    await phones.api.say(f"zendesk-{ticket}", "resolve", summary="renewed the certificate")
    await phones.api.say(f"zendesk-{ticket}", "root-cause", category="tls", origin="ours", description="expired")
    assert (await phones.api.say(f"zendesk-{ticket}", "close")).json()["status"] == "closed"


def heard(phones: Phones) -> list[tuple[str, str | None, dict[str, Any]]]:
    """What customers said to which case."""
    return [(id, one.by, one.body) for id, one in phones.api.temporal.updates if one.name == "customer-reply"]


def kept(phones: Phones, ticket: str = "1") -> list[tuple[str, str, Any]]:
    lines = phones.api.services.escalations.timeline(f"zendesk-{ticket}", 1)
    return [(one.actor, one.text, one.data.get("channel")) for one in lines if one.kind == "customer_replied"]


async def test_a_customers_sms_goes_to_their_live_case_and_is_answered(phones: Phones) -> None:
    await waits_for(phones, "1")
    answer = await phones.sends(ADA, "The shop is still down")
    assert heard(phones) == [("zendesk-1", None, {"text": "The shop is still down", "channel": "sms"})]
    assert answer == "Thank you. We have passed on your message about your request 1 (Checkout is down)."


async def test_the_answer_is_in_the_customers_language(phones: Phones) -> None:
    await waits_for(phones, "1", locale="de-AT")
    assert (await phones.sends(ADA, "Immer noch")).startswith("Vielen Dank. Wir haben Ihre Nachricht")


async def test_the_same_sms_twice_is_said_once(phones: Phones) -> None:
    await waits_for(phones, "1")
    assert [bool(await phones.sends(ADA, "Still down", "SM-once")) for _ in range(2)] == [True, False]
    assert len(heard(phones)) == 1


async def test_a_picture_without_words_is_said_to_be_one(phones: Phones) -> None:
    await waits_for(phones, "1")
    await phones.sends(ADA, " ")
    assert [body["text"] for _, _, body in heard(phones)] == ["(an SMS without words)"]


async def test_while_temporal_is_away_a_customers_words_are_owed(phones: Phones) -> None:
    await waits_for(phones, "1")
    phones.api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert "passed on" in await phones.sends(ADA, "Still down")
    assert [one.name for one in phones.api.services.commands.owed(10)] == ["customer-reply"]


async def test_an_sms_kept_by_an_api_that_then_stopped_still_reaches_the_case(phones: Phones) -> None:
    await waits_for(phones, "1")
    services, left = phones.api.services, [("SM-left", {"From": ADA, "Body": "Still down"})]
    Inbound(services.database).store_new("twilio-inbound", left, services.now() - timedelta(minutes=1))
    await act(services)
    assert [id for id, _, _ in heard(phones)] == ["zendesk-1"]


@pytest.mark.parametrize("text", ["Still down", "since 1 hour", "3: still down", "12 orders lost"])
async def test_with_several_live_cases_they_are_asked_which_by_the_tickets_number(phones: Phones, text: str) -> None:
    await waits_for(phones, "1", "2")
    answer = await phones.sends(ADA, text)
    assert answer.endswith("beginning with its number: 2 (Checkout is down); 1 (Checkout is down)")
    assert heard(phones) == []


@pytest.mark.parametrize("text", ["2 still down", "#2: still down", " 2"])
async def test_the_number_at_the_beginning_says_which(phones: Phones, text: str) -> None:
    await waits_for(phones, "1", "2")
    assert "your request 2 (" in await phones.sends(ADA, text)
    assert [id for id, _, _ in heard(phones)] == ["zendesk-2"]


async def test_what_answers_a_closed_case_is_kept_with_it_and_the_way_back_works(phones: Phones) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    answer = await phones.sends(ADA, "It is down again")
    assert "Your request 1 (Checkout is down) is closed. We have kept your message." in answer
    assert (kept(phones), heard(phones)) == ([("customer", "It is down again", "sms")], [])
    page = await Browser(phones.api.client).opens(re.findall(r"http\S+", answer)[0])
    await Browser(phones.api.client).presses(page, "again", text="It is down again")
    assert (await phones.shown("1"))["episode"] == 2


async def test_a_withdrawn_case_keeps_the_words_and_offers_no_page(phones: Phones) -> None:
    await waits_for(phones, "1")
    await phones.api.say("zendesk-1", "cancel", reason="by mistake")
    answer = await phones.sends(ADA, "Still down")
    assert "was withdrawn" in answer
    assert "http" not in answer
    assert kept(phones) == [("customer", "Still down", "sms")]


async def test_an_unknown_number_hears_so_without_a_word_of_ours_and_of_nobodys_case(phones: Phones) -> None:
    await waits_for(phones, "1")
    answer = await phones.sends(STRANGER, "Still down")
    assert "nobody has read your message" in answer
    assert "Checkout" not in answer
    assert heard(phones) == []


async def test_a_responder_who_is_a_customer_too_speaks_as_a_responder(phones: Phones) -> None:
    await waits_for(phones, "1", phone=DANA)
    assert "Not understood" in await phones.sends(DANA, "Still down")
    assert heard(phones) == []


async def test_stop_of_a_customer_is_remembered_and_said_to_no_case(phones: Phones) -> None:
    await waits_for(phones, "1")
    assert await phones.sends(ADA, "STOP") == ""
    assert [bad.address for bad in phones.api.services.bad_addresses.all()] == [ADA]
    assert heard(phones) == []


async def test_no_answer_to_a_customer_is_in_our_jargon_or_longer_than_two_segments(phones: Phones) -> None:
    answers = [await phones.sends(ADA, "Hello?")]
    for tickets in (("1",), ("2",)):
        await waits_for(phones, *tickets)
        answers.append(await phones.sends(ADA, "Still down"))
    await closes(phones)
    await phones.api.say("zendesk-2", "cancel", reason="by mistake")
    answers.append(await phones.sends(ADA, "Still down"))
    assert len(set(answers)) == 4
    assert not [word for word in JARGON for answer in answers if re.search(rf"\b{word}\b", answer)]
    assert max(map(segments, answers)) <= 2


# The survey's question


@pytest.fixture
def follow_up(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    follows_up(phones.api, monkeypatch)


@pytest.mark.usefixtures("follow_up")
@pytest.mark.parametrize(("text", "score", "comment"), [("2", 2, None), ("5 thank you", 5, "thank you")])
async def test_a_number_answers_the_survey_and_the_comment_follows_it(
    phones: Phones, text: str, score: int, comment: str | None
) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    is_asked(phones.api, "sms")
    answer = await phones.sends(ADA, text)
    assert rated(await phones.shown("1")) == (score, comment)
    assert answer.startswith(
        f"{'We are sorry' if score == 2 else 'Thank you'}: {score} of 5 for your request 1 (Checkout is down)."
    )
    assert kept(phones) == []
    page = await Browser(phones.api.client).opens(re.findall(r"http\S+", answer)[0])
    assert "Please look at it again" in page.words


@pytest.mark.usefixtures("follow_up")
async def test_a_low_number_by_sms_reaches_the_lead(phones: Phones) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    is_asked(phones.api, "sms")
    await phones.sends(ADA, "1")
    told = phones.api.services.escalations.messages("zendesk-1", 1)
    assert [one.kind for one in told if one.person is not None].count("low_score") == 1


@pytest.mark.usefixtures("follow_up")
async def test_the_survey_is_answered_once_and_what_follows_are_words(phones: Phones) -> None:
    await waits_for(phones, "1", locale="de")
    await closes(phones)
    is_asked(phones.api, "sms")
    assert (await phones.sends(ADA, "4", "SM-once")).startswith("Vielen Dank: 4 von 5")
    assert "ist abgeschlossen" in await phones.sends(ADA, "1")
    assert (rated(await phones.shown("1")), kept(phones)) == ((4, None), [("customer", "1", "sms")])


@pytest.mark.usefixtures("follow_up")
async def test_an_answer_that_is_acted_on_again_is_the_same_answer(phones: Phones) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    is_asked(phones.api, "sms")
    event = InboundEvent("twilio-inbound", "SM-twice", phones.api.services.now(), {"From": ADA, "Body": "4"})
    answers = [await act_on(phones.api.services, event) for _ in range(2)]
    assert [(one or "")[:17] for one in answers] == ["Thank you: 4 of 5"] * 2
    lines = phones.api.services.escalations.timeline("zendesk-1", 1)
    assert ([one.text for one in lines if "rated" in one.text], kept(phones)) == (["the customer rated it 4 of 5"], [])


@pytest.mark.usefixtures("follow_up")
@pytest.mark.parametrize("survey", ["not sent", "failed"])
async def test_where_nobody_was_asked_a_number_is_a_word_like_any_other(phones: Phones, survey: str) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    if survey == "failed":
        is_asked(phones.api, "sms", "failed")
    assert "is closed. We have kept your message" in await phones.sends(ADA, "2")
    assert (rated(await phones.shown("1")), kept(phones)) == (None, [("customer", "2", "sms")])


async def test_a_number_said_to_a_live_case_is_a_word_to_it(phones: Phones) -> None:
    await waits_for(phones, "1")
    await phones.sends(ADA, "2")
    assert heard(phones) == [("zendesk-1", None, {"text": "2", "channel": "sms"})]


@pytest.mark.usefixtures("follow_up")
async def test_while_temporal_is_away_the_answer_waits_and_counts_later(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waits_for(phones, "1")
    await closes(phones)
    is_asked(phones.api, "sms")
    services, left = phones.api.services, [("SM-left", {"From": ADA, "Body": "2"})]
    Inbound(services.database).store_new("twilio-inbound", left, services.now() - timedelta(minutes=1))
    with monkeypatch.context() as away:
        away.setattr(Cases, "follow_up", is_away)
        await act(services)
    assert rated(await phones.shown("1")) is None
    await act(services)
    assert rated(await phones.shown("1")) == (2, None)
