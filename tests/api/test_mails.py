"""Replies by e-mail: the case moves for who is proven and known; nobody is answered who might be forged, a machine, or a loop."""

import logging
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from temporalio.service import RPCStatusCode

from api.__main__ import without_query
from api.inbound import act
from api.mails import LONGEST_MAIL, MAIL, MOST_ANSWERS
from api.services import utc_now
from api.signatures import Signatures
from records.answers import SOURCE
from settings import HookSettings
from tests.api.conftest import Api
from tests.api.mailboxes import ADA, DANA, INBOUND, REPLIES, SAM, STRANGER, Mails, mailboxes
from tests.api.mails import FORM, sample
from tests.api.signing import INBOUND_KEY, PUBLIC
from tests.sendgrid import BOUNDARY, parsed


@pytest.fixture
async def mails(api: Api) -> Mails:
    return await mailboxes(api)


# A responder's


async def test_ack_with_the_code_takes_the_case_and_is_answered_by_mail(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    assert (await mails.sends(DANA, f"ack {code.lower()}")).startswith(f"You own {code} now: Checkout is down.")
    assert (await mails.phones.shown("1"))["owner"] == "dana"
    sent = mails.answer()
    assert (sent.to, sent.subject, sent.in_reply_to) == (DANA, "Re: Please acknowledge", "1@x.example")


async def test_the_code_in_the_subject_tells_which_of_several_cases(mails: Mails) -> None:
    one, two = await mails.phones.hear_of("1"), await mails.phones.hear_of("2")
    assert "Which case?" in await mails.sends(DANA, "ACK")
    assert f"You own {one} now" in await mails.sends(DANA, "ACK", f"AW: [high] Please acknowledge: x [2G] [{one}]")
    assert mails.said() == [("zendesk-1", "acknowledge", "dana")]
    await mails.sends(DANA, f"ACK {two}", f"Re: x [{one}]")  # who writes another code means that one
    assert mails.said()[1:] == [("zendesk-2", "acknowledge", "dana")]


async def test_res_and_esc_need_no_code_either(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.sends(DANA, "ACK", f"Re: x [{code}]")
    assert f"{code} was escalated" in await mails.sends(DANA, "ESC needs the network team", f"Re: x [{code}]")
    assert f"{code} ist gelöst" in await mails.sends(SAM.title(), "RES renewed the certificate", f"Re: x [{code}]")
    assert (await mails.phones.shown("1"))["resolution"]["summary"] == "renewed the certificate"


async def test_the_answer_is_in_the_readers_language(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    assert f"{code} gehört jetzt Ihnen" in await mails.sends(SAM, "ACK", f"Re: x [{code}]")


async def test_with_the_code_in_the_subject_a_word_like_a_code_is_a_word_but_a_mistyped_one_is_asked_about(
    mails: Mails,
) -> None:
    code = await mails.phones.hear_of("1")
    assert "No open case has the code 7K5" in await mails.sends(DANA, "RES 7K5 restarted it", f"Re: x [{code}]")
    assert "No open case has the code SSL" in await mails.sends(DANA, "RES SSL cert renewed", "Re: x")
    assert mails.said() == []
    await mails.sends(DANA, "RES SSL cert renewed", f"Re: x [{code}]")
    assert mails.said() == [("zendesk-1", "resolve", "dana")]


async def test_what_is_not_understood_is_answered_with_the_code_of_the_subject(mails: Mails) -> None:
    one = await mails.phones.hear_of("1")
    await mails.phones.hear_of("2")
    assert f"ACK {one}" in await mails.sends(DANA, "what is this?", f"Re: x [{one}]")
    assert mails.said() == []


@pytest.mark.parametrize("word", ["STOP", "unsubscribe", "YES", "help"])
async def test_a_word_that_a_carrier_would_answer_is_answered_by_us(mails: Mails, word: str) -> None:
    code = await mails.phones.hear_of("1")
    answer = await mails.sends(DANA, word)
    assert answer.startswith(f"{word.upper()} means nothing by e-mail, nothing was done. Reply ACK {code}")
    assert "STOP sent by SMS" in answer
    assert mails.api.services.bad_addresses.all() == []


async def test_the_same_mail_twice_acts_and_is_answered_once(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.sends(DANA, f"ACK {code}", Message_ID="<once@x>")
    assert await mails.sends(DANA, f"ACK {code}", Message_ID="<once@x>") == ""
    assert (len(mails.said()), len(mails.api.temporal.answers)) == (1, 1)


async def test_a_mail_without_an_id_acts_once_however_often_it_is_posted(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    message = mails.written(DANA, f"ACK {code}", "x")
    del message["Message-ID"]
    for _ in range(2):
        assert (await mails.posts(parsed(message))).status_code == 204
    assert (len(mails.said()), mails.answer().in_reply_to) == (1, None)


async def test_a_mail_kept_by_an_api_that_then_stopped_is_acted_on_by_the_next(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    request = parsed(mails.written(DANA, f"ACK {code}", "x"))
    answer = await mails.api.call("POST", f"{INBOUND}?key={INBOUND_KEY}", None, **request)
    assert (answer.status_code, mails.said()) == (204, [])
    await act(mails.api.services)
    assert mails.said() == [("zendesk-1", "acknowledge", "dana")]


async def test_a_late_mail_without_a_code_never_reaches_a_case_that_opened_meanwhile(mails: Mails) -> None:
    await mails.phones.hear_of("1")
    services = mails.api.services
    await mails.api.call("POST", f"{INBOUND}?key={INBOUND_KEY}", None, **parsed(mails.written(DANA, "ACK", "Re: x")))
    object.__setattr__(services, "now", lambda: utc_now() + timedelta(minutes=5))
    while await act(services):
        pass
    assert mails.said() == []
    assert "Which case?" in mails.answer().text


# An answer is owed until Temporal has it


async def test_while_temporal_is_away_the_answer_waits_and_receipts_go_on(mails: Mails) -> None:
    mails.api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert await mails.sends(DANA, "what?") == ""
    assert [one.source for one in mails.api.services.inbound.unhandled([MAIL, SOURCE])] == [SOURCE]
    mails.api.temporal.error = None
    await act(mails.api.services)
    assert "Not understood" in mails.answer().text
    assert mails.api.services.inbound.unhandled([MAIL, SOURCE]) == []


async def test_an_answer_is_started_under_its_own_id_so_that_it_goes_out_once(mails: Mails) -> None:
    await mails.sends(DANA, "what?")
    [started] = [one for one in mails.api.temporal.started if one["workflow"] == "Answer"]
    assert started["id"] == f"mail-answer/{mails.api.temporal.answers[0]}"
    assert started["id_reuse_policy"].name == "REJECT_DUPLICATE"
    assert DANA not in str(started)


# Nobody who may be forged, a machine, or a loop


async def test_a_mail_that_its_domain_does_not_vouch_for_does_nothing_and_is_not_answered(
    mails: Mails, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    code = await mails.phones.hear_of("1")
    await mails.customer_writes_of("2")
    for sender in (DANA, ADA, STRANGER):
        assert await mails.sends(sender, f"ACK {code}", f"Re: x [{code}]", proven=False) == ""
    assert mails.said() == []
    assert caplog.text.count("vouches for it neither by DKIM nor by SPF") == 3
    assert not [address for address in (DANA, ADA, STRANGER) if address in caplog.text]


async def test_a_forged_mail_under_the_id_of_a_real_one_does_not_take_its_place(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    await mails.sends(DANA, "x", proven=False, Message_ID="<guessed@x>")
    await mails.sends(DANA, f"ACK {code}", Message_ID="<guessed@x>")
    assert mails.said() == [("zendesk-1", "acknowledge", "dana")]


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        ("Out of office", {}),
        ("Re: x", {"Auto_Submitted": "auto-replied"}),
        ("Re: x", {"Precedence": "bulk"}),
        ("Re: x", {"bounce_to": ""}),
    ],
)
async def test_what_a_machine_wrote_does_nothing_and_is_not_answered(
    mails: Mails, subject: str, more: dict[str, str]
) -> None:
    code = await mails.phones.hear_of("1")
    for sender in (DANA, STRANGER):
        assert await mails.sends(sender, f"ACK {code}", subject, **more) == ""
    assert mails.said() == []


async def test_our_own_address_is_not_answered(mails: Mails) -> None:
    assert await mails.sends(REPLIES, "hello") == ""


async def test_a_stranger_is_told_once_a_day_and_learns_nothing(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    answer = await mails.sends(STRANGER, f"ACK {code}", f"Re: x [{code}]")
    assert "does not know you" in answer
    assert code not in answer
    assert [await mails.sends(STRANGER, "and now?") for _ in range(3)] == ["", "", ""]
    assert mails.said() == []


async def test_a_machine_that_hides_gets_so_many_answers_and_no_more(
    mails: Mails, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [await mails.sends(DANA, "Thank you for your message.") for _ in range(MOST_ANSWERS + 3)]
    assert [bool(answer) for answer in answers] == [True] * MOST_ANSWERS + [False] * 3
    assert "too many within an hour" in caplog.text
    assert await mails.sends(SAM, "what?") != ""


# The door


@pytest.mark.parametrize(
    ("query", "code"), [("", "webhook_key_missing"), ("?key=", "webhook_key_missing"), ("?key=x", "webhook_key_wrong")]
)
async def test_without_the_key_nothing_is_read(api: Api, query: str, code: str) -> None:
    answer = await api.call("POST", f"{INBOUND}{query}", None, **parsed(mail_of_dana()))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await act(api.services) == 0


def mail_of_dana() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = DANA, REPLIES, "x"
    message.set_content("ACK")
    return message


async def test_without_a_setting_the_webhook_is_not_in_use(api: Api) -> None:
    object.__setattr__(api.services, "signatures", Signatures(HookSettings(), PUBLIC))
    answer = await api.call("POST", f"{INBOUND}?key=x", None, **parsed(mail_of_dana()))
    assert (answer.status_code, answer.json()["code"]) == (403, "webhook_not_set_up")
    assert "SENDGRID_INBOUND_KEY" in answer.json()["detail"]


async def test_the_mails_of_sendgrids_own_library_are_taken(mails: Mails) -> None:
    for name in ("raw_data.txt", "default_data.txt", "raw_data_with_attachments.txt"):
        request = {"content": sample(name), "headers": {"Content-Type": FORM}}
        assert (await mails.posts(request)).status_code == 204


@pytest.mark.parametrize("body", [b"", b"{}", b"--xYzZY\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xYzZY--"])
async def test_what_is_no_mail_is_422_and_kept_nowhere(mails: Mails, body: bytes) -> None:
    answer = await mails.posts(
        {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_form")
    assert mails.api.services.inbound.unhandled([MAIL]) == []


# What it costs


async def test_a_mail_with_screenshots_is_taken_and_costs_little_memory(mails: Mails) -> None:
    code = await mails.phones.hear_of("1")
    message = mails.written(DANA, f"ACK {code}", "x")
    message.add_attachment(bytes(3_000_000), maintype="image", subtype="png", filename="screen.png")
    request = parsed(message)
    pieces = [request["content"][at : at + 65_536] for at in range(0, len(request["content"]), 65_536)]

    async def in_pieces() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    tracemalloc.start()
    assert (await mails.posts({**request, "content": in_pieces()})).status_code == 204
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mails.said() == [("zendesk-1", "acknowledge", "dana")]
    assert peak < len(request["content"]) // 2


async def test_a_mail_over_sendgrids_own_limit_is_413_and_is_not_read_to_its_end(api: Api) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="email"\r\n\r\n'.encode()
        while given < 2 * LONGEST_MAIL:
            given += 1_000_000
            yield b"a" * 1_000_000

    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await api.call("POST", f"{INBOUND}?key={INBOUND_KEY}", None, content=endless(), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert given <= LONGEST_MAIL + 2_000_000
    assert api.services.inbound.unhandled([MAIL]) == []
    declared = {**kind, "Content-Length": str(LONGEST_MAIL + 1)}
    answer = await api.call("POST", f"{INBOUND}?key={INBOUND_KEY}", None, content=b"", headers=declared)
    assert answer.status_code == 413


def test_the_key_stays_out_of_the_access_log() -> None:
    args = ("127.0.0.1:1", "POST", f"{INBOUND}?key={INBOUND_KEY}", "1.1", 204)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None)
    assert without_query(record)
    assert INBOUND_KEY not in record.getMessage()


async def test_neither_key_nor_address_nor_words_are_in_our_log(mails: Mails, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "api")
    await mails.sends(DANA, "my words")
    await mails.posts(parsed(mails.written(ADA, "my words", "x")), key="a wrong one")
    assert not [one for one in (INBOUND_KEY, "a wrong one", DANA, ADA, "my words") if one in caplog.text]
