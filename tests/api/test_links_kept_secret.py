"""A link of ours is a key: quoted in a mail, pasted into a form, sent by SMS, it comes to stand nowhere that others read."""

from urllib.parse import quote

import pytest
from sqlalchemy import select

from records.tables import inbound_events
from signed_links import masked
from tests.api.conftest import Api
from tests.api.desk import CASE, Desk, desk_of
from tests.api.mailboxes import ADA, DANA, REPLIES, Mails, mailboxes
from tests.api.test_replies import DANA as DANAS_PHONE

ABOVE_THE_MAIL = {
    "french": "Le mar. 24 nov. 2026 à 17:05, Tierline <t@tierline.example> a écrit :",
    "french, outlook": "De : Tierline\nEnvoyé : mardi 24 novembre 2026 17:05\nÀ : Dana\nObjet : Prise en charge",
    "spanish": "El mar, 24 nov 2026 a las 17:05, Tierline (<t@tierline.example>) escribió:",
    "spanish, outlook": "De: Tierline\nEnviado: martes, 24 de noviembre de 2026 17:05\nPara: Dana\nAsunto: Caso",
    "italian": "Il giorno mar 24 nov 2026 alle ore 17:05 Tierline <t@tierline.example> ha scritto:",
    "dutch": "Op di 24 nov 2026 om 17:05 schreef Tierline <t@tierline.example>:",
    "polish, outlook": "Od: Tierline\nWysłano: wtorek, 24 listopada 2026\nDo: Dana\nTemat: Zgłoszenie",
    "portuguese, which no list has": "Em ter., 24 de nov. de 2026 às 17:05, Tierline <t@tierline.example> escreveu:",
    "hungarian, on two lines": "Tierline Escalations 2026. nov. 24., K, 17:05\n<t@tierline.example> ezt írta:",
    "a language with our address": f"Fra Tierline, svar til: {REPLIES}",
}


@pytest.fixture
async def mails(api: Api) -> Mails:
    return await mailboxes(api)


def danas_link(api: Api, case: str = "zendesk-1") -> str:
    path = api.services.links.to_act("dana", case, 1, api.services.now()).partition("/r/")[2]
    return f"https://tierline.example/r/{path}"


@pytest.mark.parametrize("above", ABOVE_THE_MAIL.values(), ids=ABOVE_THE_MAIL.keys())
async def test_whatever_language_quotes_our_mail_only_the_words_above_it_resolve(mails: Mails, above: str) -> None:
    code = await mails.phones.hear_of("1")
    quoted = f"{above}\n\nHello Dana,\n\na case needs you.\n\n- press the button: {danas_link(mails.api)}\n"
    await mails.sends(DANA, f"RES renewed the certificate\n\n{quoted}", f"Re: x [{code}]")
    assert (await mails.phones.shown("1"))["resolution"]["summary"] == "renewed the certificate"


async def test_a_quote_that_nothing_announces_ends_at_our_link_and_leaves_no_key(mails: Mails) -> None:
    code, link = await mails.phones.hear_of("1"), danas_link(mails.api)
    text = f"RES renewed the certificate\n\n- press the button: {link}\n- reply: RES and what fixed it\n"
    await mails.sends(DANA, text, f"Re: x [{code}] {link}")
    assert (await mails.phones.shown("1"))["resolution"]["summary"] == "renewed the certificate"
    with mails.api.services.database.read() as connection:
        kept = str(connection.scalars(select(inbound_events.c.body)).all())
    assert "renewed the certificate" in kept
    assert link.rpartition(".")[2] not in kept


async def test_a_link_within_the_words_of_a_customer_is_left_out_and_the_words_stay(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    link = danas_link(mails.api)
    await mails.sends(ADA, f"I was sent {link} and it shows nothing.\nWhat now?")
    [(_, command)] = mails.api.temporal.updates
    assert command.body["text"] == "I was sent https://tierline.example/r/… and it shows nothing.\nWhat now?"


async def test_an_answer_below_a_french_quote_is_found(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.sends(
        DANA, f"{ABOVE_THE_MAIL['french']}\n> Bonjour Dana\n\nRES certificat renouvelé", f"Re: x [{code}]"
    )
    assert (await mails.phones.shown("1"))["resolution"]["summary"] == "certificat renouvelé"


async def test_ordinary_lines_with_a_colon_are_no_quote(mails: Mails) -> None:
    await mails.customer_writes_of("1")
    said = "Do: nothing until 10:00.\nTak: it is urgent\nHost: a.example, see https://a.example/x\nKh is down"
    await mails.sends(ADA, said)
    assert [command.body["text"] for _, command in mails.api.temporal.updates] == [said]


async def test_a_link_sent_by_sms_is_left_out(mails: Mails) -> None:
    await Desk(mails.api).changes("dana", phone=DANAS_PHONE)
    code = await mails.phones.hear_of("1")
    await mails.phones.sends(DANAS_PHONE, f"RES {code} see {danas_link(mails.api)}")
    assert (await mails.phones.shown("1"))["resolution"]["summary"] == "see https://tierline.example/r/…"


async def test_a_link_pasted_into_a_form_is_left_out(api: Api) -> None:
    desk = await desk_of(api)
    link = danas_link(api, CASE)
    await desk.presses("resolve", summary=f"see {link}", customer_message=f"look at {link}")
    shown = await desk.shown()
    assert shown["resolution"]["summary"] == "see https://tierline.example/r/…"
    assert link.rpartition(".")[2] not in str(api.temporal.updates)


async def test_a_link_in_a_customers_comment_is_left_out(api: Api) -> None:
    desk = await desk_of(api)
    await desk.presses("resolve", summary="done")
    rate = api.services.links.to_rate(CASE, 1, api.services.now())
    page = await desk.browser.opens(rate)
    await desk.browser.sends(page, {**page.forms[0].fields, "score": "4", "comment": f"see {danas_link(api, CASE)}"})
    assert [command.body["comment"] for _, command in api.temporal.updates if command.name == "survey"] == [
        "see https://tierline.example/r/…"
    ]


async def test_a_link_is_known_as_scanners_and_line_breaks_leave_it(api: Api) -> None:
    link = danas_link(api)
    scanned = f"https://eur01.safelinks.example/?url={quote(link, safe='')}&data=05"
    assert masked(scanned) == "https://eur01.safelinks.example/?url=https%3A%2F%2Ftierline.example/r/…&data=05"
    broken = f"{link[:50]}\n{link[50:]}"
    assert masked(broken) == "https://tierline.example/r/…\n…"
    assert masked("version 1.2.3 of a.example/x") == "version 1.2.3 of a.example/x"
