"""SendGrid's own client against servers on loopback that fail in every way we know of.

Each fault must end as the right outcome after exactly one POST: a hidden retry is a second e-mail.
"""

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from activities.providers.outbox import Outbox
from activities.providers.port import AnswerLost, Envelope, Provider, Refused, RetryLater, Sent, checked_base_url
from activities.providers.sendgrid_mail import SendGridMail
from tests.activities.faulty import Faulty, babble, cut_short, deaf, hang_up, hold, nobody, reset

KEY = "SG.secret-key"
PATH = "/v3/mail/send"
ACCEPTED = 202
SHORT = timedelta(seconds=0.3)
MAIL = Envelope(
    reference="5f2b9c0e",
    to="ada@example.com",
    subject="Escalation 7: acknowledge by 14:00",
    text="Please look at it.",
    html="<p>Please look at it.</p>",
    valid_for=timedelta(minutes=15),
)


def mail(base_url: str) -> SendGridMail:
    return SendGridMail(KEY, "Tierline <pager@example.org>", base_url, SHORT)


def send_to(httpserver: HTTPServer, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Send MAIL to a server that answers so; checks that one POST arrived."""
    httpserver.expect_request(PATH, method="POST").respond_with_json(body or {}, status, headers)
    try:
        return mail(httpserver.url_for("")).send(MAIL)
    finally:
        assert [request.method for request, _ in httpserver.log] == ["POST"]


def body_of(httpserver: HTTPServer, envelope: Envelope) -> Any:
    httpserver.expect_request(PATH, method="POST").respond_with_data(b"", 202)
    mail(httpserver.url_for("")).send(envelope)
    return httpserver.log[0][0].json


def errors(*messages: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "field": None, "help": None} for message in messages]}


def test_202_is_sent_under_sendgrids_message_id(httpserver: HTTPServer) -> None:
    assert send_to(httpserver, 202, headers={"X-Message-Id": "14c5d75ce93"}) == Sent("14c5d75ce93")


def test_202_without_an_id_is_sent_all_the_same(httpserver: HTTPServer) -> None:
    assert send_to(httpserver, 202) == Sent(None)


def test_the_request_names_one_recipient_and_our_reference(httpserver: HTTPServer) -> None:
    body = body_of(httpserver, MAIL)
    request = httpserver.log[0][0]
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    # The name is on the wire: events come back with it.
    args = {"tierline_reference": "5f2b9c0e"}
    assert body["personalizations"] == [{"to": [{"email": "ada@example.com"}], "custom_args": args}]
    assert body["from"] == {"email": "pager@example.org", "name": "Tierline"}
    assert body["content"] == [
        {"type": "text/plain", "value": "Please look at it."},
        {"type": "text/html", "value": "<p>Please look at it.</p>"},
    ]
    assert "categories" not in body


def test_nothing_personal_leaves_outside_recipient_subject_and_content(httpserver: HTTPServer) -> None:
    body = body_of(httpserver, MAIL)
    rest = {key: value for key, value in body.items() if key not in {"personalizations", "subject", "content"}}
    assert "ada" not in str(rest)
    assert "acknowledge" not in str(rest)


def test_replies_go_where_they_reach_us(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH, method="POST").respond_with_data(b"", 202)
    address = "Tierline <reply@in.example.org>"
    SendGridMail(KEY, "pager@example.org", httpserver.url_for(""), SHORT, address).send(MAIL)
    assert httpserver.log[0][0].json["reply_to"] == {"email": "reply@in.example.org", "name": "Tierline"}
    httpserver.clear_log()
    assert "reply_to" not in body_of(httpserver, MAIL)


def test_more_headers_are_sent_and_cannot_smuggle_others_in(httpserver: HTTPServer) -> None:
    answer = replace(MAIL, headers={"Auto-Submitted": "auto-replied", "In-Reply-To": "<a@b>\r\nBcc: eve@example.com"})
    headers = body_of(httpserver, answer)["headers"]
    assert headers == {"Auto-Submitted": "auto-replied", "In-Reply-To": "<a@b> Bcc: eve@example.com"}
    assert "a@b" not in repr(answer)


def test_a_subject_cannot_smuggle_headers_in(httpserver: HTTPServer) -> None:
    smuggling = Envelope("r", "ada@example.com", "Late\r\nBcc: eve@example.com\n", "text", None, timedelta(minutes=1))
    body = body_of(httpserver, smuggling)
    assert body["subject"] == "Late Bcc: eve@example.com"
    assert [part["type"] for part in body["content"]] == ["text/plain"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_not_taken_for_success(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/elsewhere").respond_with_data("all fine", 200)
    outcome = send_to(httpserver, status, headers={"Location": httpserver.url_for("/elsewhere")})
    assert outcome == AnswerLost(f"answered {status} where SendGrid answers 202")


def test_200_is_no_success(httpserver: HTTPServer) -> None:
    assert send_to(httpserver, 200) == AnswerLost("answered 200 where SendGrid answers 202")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418])
def test_a_4xx_is_refused_in_sendgrids_words(httpserver: HTTPServer, status: int) -> None:
    outcome = send_to(httpserver, status, errors("The from address is not verified.", "Bad content."))
    assert outcome == Refused(str(status), "The from address is not verified.; Bad content.")


@pytest.mark.parametrize("body", [b"<html>no</html>", b'{"errors": 1}', b"[]", b"null", b"\xff", b""])
def test_a_4xx_in_a_strange_format_is_still_refused(httpserver: HTTPServer, body: bytes) -> None:
    httpserver.expect_request(PATH).respond_with_data(body, 400)
    assert mail(httpserver.url_for("")).send(MAIL) == Refused("400", "BAD REQUEST")


def test_429_waits_until_the_reset(httpserver: HTTPServer) -> None:
    reset_at = {"X-RateLimit-Reset": str(int(time.time()) + 40)}
    with pytest.raises(RetryLater, match="too many requests") as caught:
        send_to(httpserver, 429, errors("too many requests"), reset_at)
    assert caught.value.code == "429"
    assert not caught.value.may_have_sent
    assert caught.value.after is not None
    assert timedelta(seconds=37) < caught.value.after <= timedelta(seconds=40)


@pytest.mark.parametrize("value", [None, "soon", "1392815263", "99999999999", "9" * 400])
def test_429_without_a_believable_reset_names_no_wait(httpserver: HTTPServer, value: str | None) -> None:
    with pytest.raises(RetryLater) as caught:
        send_to(httpserver, 429, headers={"X-RateLimit-Reset": value} if value else None)
    assert caught.value.after is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_is_tried_later_and_marked_as_a_possible_duplicate(httpserver: HTTPServer, status: int) -> None:
    with pytest.raises(RetryLater) as caught:
        send_to(httpserver, status)
    assert (caught.value.code, caught.value.after, caught.value.may_have_sent) == (str(status), None, True)


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (hold, "TimeoutError"),
        (reset, "ConnectionResetError"),
        (hang_up, "RemoteDisconnected"),
        (cut_short(ACCEPTED), "IncompleteRead"),
        (babble, "BadStatusLine"),
    ],
)
def test_after_the_request_was_read_every_failure_is_a_lost_answer(
    end: Callable[[socket.socket], None], says: str
) -> None:
    with Faulty(end) as server:
        outcome = mail(server.url).send(MAIL)
    assert isinstance(outcome, AnswerLost)
    assert outcome.reason.startswith(says)
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST /v3/mail/send ")


@pytest.mark.parametrize("unreachable", [nobody, deaf])
def test_what_cannot_be_reached_has_taken_nothing(unreachable: Callable[[], Any]) -> None:
    with unreachable() as url, pytest.raises(RetryLater) as caught:
        mail(url).send(MAIL)
    assert caught.value.code == "unreachable"
    assert not caught.value.may_have_sent


def test_the_time_out_holds_on_the_client_that_sends() -> None:
    with Faulty(hold) as server:
        began = time.monotonic()
        mail(server.url).send(MAIL)
    assert 0.25 < time.monotonic() - began < 1.5


def test_the_key_is_not_logged_at_debug(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send_to(httpserver, 202)
    assert KEY not in caplog.text
    assert "ada@example.com" not in caplog.text


@pytest.mark.parametrize("sender", ["", "pager", "Tierline <>"])
def test_a_sender_that_is_no_address_is_refused_at_start(sender: str) -> None:
    with pytest.raises(ValueError, match="the sender is an e-mail address"):
        SendGridMail(KEY, sender)


@pytest.mark.parametrize("url", ["api.sendgrid.com", "ftp://example.org", "https://", ""])
def test_a_base_url_needs_scheme_and_host(url: str) -> None:
    with pytest.raises(ValueError, match="a base URL is"):
        checked_base_url(url)


@pytest.mark.parametrize("reference", ["", "x" * 65])
def test_a_reference_has_1_to_64_characters(reference: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 characters"):
        Envelope(reference, "ada@example.com", None, "text", None, timedelta(minutes=1))


def test_an_envelope_shows_nothing_personal_in_a_log_line() -> None:
    assert "ada" not in repr(MAIL)
    assert "look at it" not in repr(MAIL)
    assert MAIL.reference in repr(MAIL)


def test_the_outbox_takes_every_message(capsys: pytest.CaptureFixture[str]) -> None:
    providers: list[Provider] = [Outbox("email"), mail("http://localhost")]
    outbox = providers[0]
    assert outbox.channel == "email"
    assert outbox.send(MAIL) == Sent("outbox-5f2b9c0e")
    assert "ada" not in capsys.readouterr().out
