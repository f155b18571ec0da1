"""Twilio's own client against servers on loopback that fail in every way we know of.

Each fault must end as the right outcome after exactly one POST: a hidden retry is a second SMS.
"""

import json
import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from activities.providers.port import AnswerLost, Envelope, Finder, Provider, Refused, RetryLater, Sent
from activities.providers.twilio_sms import LOOKUP_PAGE, NEVER_RETRY, OPTED_OUT, TwilioSms
from tests.activities.faulty import Faulty, babble, cut_short, deaf, hang_up, hold, nobody, reset
from tests.twilio_pages import paged

ACCOUNT = "AC0123"
TOKEN = "secret-token"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
ACCEPTED = 201
SHORT = timedelta(seconds=0.3)
NOW = datetime(2026, 11, 22, 14, 0, 0, 500_000, tzinfo=UTC)
SMS = Envelope(
    reference="5f2b9c0e",
    to="+4915112345678",
    subject=None,
    text="Escalation 7: reply ACK K4",
    html=None,
    valid_for=timedelta(minutes=15),
)


def sms(base_url: str, sender: str | None = "+15005550006", service: str | None = None) -> TwilioSms:
    return TwilioSms(ACCOUNT, TOKEN, sender, service, base_url, SHORT)


def send_to(httpserver: HTTPServer, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Send SMS to a server that answers so; checks that one POST arrived."""
    httpserver.expect_request(PATH, method="POST").respond_with_json(body or {}, status, headers)
    try:
        return sms(httpserver.url_for("")).send(SMS)
    finally:
        assert [request.method for request, _ in httpserver.log] == ["POST"]


def form_of(httpserver: HTTPServer, provider: TwilioSms, envelope: Envelope = SMS) -> dict[str, str]:
    httpserver.expect_request(PATH, method="POST").respond_with_json({"sid": "SM1"}, 201)
    provider.send(envelope)
    return dict(httpserver.log[0][0].form)


def error(code: int | None, message: str = "No.") -> dict[str, Any]:
    return {"code": code, "message": message, "more_info": "https://www.twilio.com/docs/errors", "status": 400}


def problem(code: int) -> dict[str, Any]:
    """The newer format (RFC 9457), which the client raises as another class."""
    return {"type": "https://www.twilio.com", "title": "Problem", "status": 400, "code": code, "detail": "In detail."}


def listed(body: str, created: datetime, sid: str = "SM7") -> dict[str, Any]:
    return {"sid": sid, "body": body, "date_created": format_datetime(created), "date_sent": None}


def look(httpserver: HTTPServer, *messages: dict[str, Any]) -> Sent | None:
    """What the look-up finds; Twilio lists `messages`, the newest first."""

    def answer(request: Request) -> Response:
        page = paged(request.full_path, messages)
        return Response(json.dumps(page), content_type="application/json")

    httpserver.expect_request(PATH, method="GET").respond_with_handler(answer)
    return sms(httpserver.url_for("")).find(SMS, since=NOW)


def test_201_is_sent_under_twilios_sid(httpserver: HTTPServer) -> None:
    assert send_to(httpserver, 201, {"sid": "SM1", "status": "queued"}) == Sent("SM1")


def test_the_request_goes_to_one_number_and_expires_with_the_step(httpserver: HTTPServer) -> None:
    form = form_of(httpserver, sms(httpserver.url_for("")))
    expected = {"To": SMS.to, "From": "+15005550006", "Body": SMS.text, "ValidityPeriod": "900"}
    assert form == expected
    login = httpserver.log[0][0].authorization
    assert login is not None
    assert (login.username, login.password) == (ACCOUNT, TOKEN)


def test_its_fate_is_reported_under_our_reference(httpserver: HTTPServer) -> None:
    callback = "https://tierline.example/status?ref={reference}#rc=5"
    twilio = TwilioSms(ACCOUNT, TOKEN, "+15005550006", None, httpserver.url_for(""), SHORT, callback)
    assert form_of(httpserver, twilio)["StatusCallback"] == f"https://tierline.example/status?ref={SMS.reference}#rc=5"


def test_a_messaging_service_takes_the_place_of_a_sender(httpserver: HTTPServer) -> None:
    form = form_of(httpserver, sms(httpserver.url_for(""), sender=None, service="MG1"))
    assert form["MessagingServiceSid"] == "MG1"
    assert "From" not in form


@pytest.mark.parametrize(
    ("valid_for", "period"),
    [(timedelta(0), "1"), (timedelta(hours=-1), "1"), (timedelta(seconds=90.9), "90"), (timedelta(days=3), "36000")],
)
def test_the_validity_stays_within_what_twilio_takes(httpserver: HTTPServer, valid_for: timedelta, period: str) -> None:
    envelope = Envelope("r", SMS.to, None, "text", None, valid_for)
    assert form_of(httpserver, sms(httpserver.url_for("")), envelope)["ValidityPeriod"] == period


def test_the_base_url_wins_over_a_region(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    assert send_to(httpserver, 201, {"sid": "SM1"}) == Sent("SM1")


def test_a_redirect_is_not_followed_and_not_taken_for_success(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/elsewhere").respond_with_json({"sid": "SM1"}, 200)
    outcome = send_to(httpserver, 302, headers={"Location": httpserver.url_for("/elsewhere")})
    assert outcome == AnswerLost("answered 302 where Twilio answers 201")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_4xx_is_refused_with_twilios_code_and_words(httpserver: HTTPServer, status: int) -> None:
    body = error(20003, "Authentication Error - invalid username")
    assert send_to(httpserver, status, body) == Refused("20003", "Authentication Error - invalid username")


def test_the_newer_error_format_is_understood_too(httpserver: HTTPServer) -> None:
    assert send_to(httpserver, 400, problem(21211)) == Refused("21211", "In detail.")


@pytest.mark.parametrize("body", [b"<html>no</html>", b"[]", b"null", b"", b'{"code": null}'])
def test_a_4xx_in_a_strange_format_is_still_refused(httpserver: HTTPServer, body: bytes) -> None:
    httpserver.expect_request(PATH).respond_with_data(body, 400)
    assert sms(httpserver.url_for("")).send(SMS) == Refused("400", "Unable to create record")


@pytest.mark.parametrize("code", [21211, 21408, 21606, 21610, 21614, 30006, 30007, 30034])
@pytest.mark.parametrize("status", [400, 500])
def test_codes_that_never_get_better_are_refused_whatever_the_status(
    httpserver: HTTPServer, code: int, status: int
) -> None:
    assert send_to(httpserver, status, error(code)) == Refused(str(code), "No.")


def test_an_opted_out_number_can_be_told_from_the_code(httpserver: HTTPServer) -> None:
    outcome = send_to(httpserver, 400, error(21610, "Attempt to send to unsubscribed recipient"))
    assert isinstance(outcome, Refused)
    assert outcome.code in OPTED_OUT
    assert OPTED_OUT < NEVER_RETRY


@pytest.mark.parametrize("body", [error(20429), problem(20429)])
def test_429_took_nothing_and_is_tried_when_twilio_says(httpserver: HTTPServer, body: dict[str, Any]) -> None:
    with pytest.raises(RetryLater) as caught:
        send_to(httpserver, 429, body, {"Retry-After": "7"})
    assert (caught.value.code, caught.value.after) == ("20429", timedelta(seconds=7))
    assert not caught.value.may_have_sent


@pytest.mark.parametrize(("status", "code"), [(429, None), (400, 20429), (400, 30003), (400, 30500)])
def test_too_many_requests_and_passing_troubles_are_tried_later(
    httpserver: HTTPServer, status: int, code: int | None
) -> None:
    with pytest.raises(RetryLater) as caught:
        send_to(httpserver, status, error(code))
    assert (caught.value.code, caught.value.after) == (str(code or 429), None)
    assert not caught.value.may_have_sent


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_is_tried_later_and_marked_as_a_possible_duplicate(httpserver: HTTPServer, status: int) -> None:
    with pytest.raises(RetryLater) as caught:
        send_to(httpserver, status, error(20500))
    assert (caught.value.code, caught.value.may_have_sent) == ("20500", True)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"<html>fine</html>", b'{"sid": ""}'])
def test_a_success_without_a_message_is_a_lost_answer(httpserver: HTTPServer, body: bytes) -> None:
    httpserver.expect_request(PATH, method="POST").respond_with_data(body, 201)
    outcome = sms(httpserver.url_for("")).send(SMS)
    assert isinstance(outcome, AnswerLost)
    assert outcome.reason.startswith("answered 201 with")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (hold, "ReadTimeout: TimeoutError"),
        (reset, "ConnectionError: ConnectionResetError"),
        (hang_up, "ConnectionError: RemoteDisconnected"),
        (cut_short(ACCEPTED), "ChunkedEncodingError: IncompleteRead"),
        (babble, "ConnectionError: BadStatusLine"),
    ],
)
def test_after_the_request_was_read_every_failure_is_a_lost_answer(
    end: Callable[[socket.socket], None], says: str
) -> None:
    with Faulty(end) as server:
        outcome = sms(server.url).send(SMS)
    assert outcome == AnswerLost(says)
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST " + PATH.encode())


@pytest.mark.parametrize("unreachable", [nobody, deaf])
def test_what_cannot_be_reached_has_taken_nothing(unreachable: Callable[[], Any]) -> None:
    with unreachable() as url, pytest.raises(RetryLater) as caught:
        sms(url).send(SMS)
    assert caught.value.code == "unreachable"
    assert not caught.value.may_have_sent
    assert ACCOUNT not in caught.value.reason


def test_a_name_that_does_not_resolve_has_taken_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryLater, match="not known"):
        sms("http://twilio.invalid").send(SMS)


def test_the_time_out_holds_on_the_client_that_sends() -> None:
    with Faulty(hold) as server:
        began = time.monotonic()
        sms(server.url).send(SMS)
    assert 0.25 < time.monotonic() - began < 1.5


def test_no_number_is_logged_at_debug(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send_to(httpserver, 201, {"sid": "SM1"})
    look(httpserver)
    ours = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # that is the server
    assert "4915112345678" not in str(ours)
    assert TOKEN not in str(ours)


@pytest.mark.parametrize(
    "body", ["Escalation 7: reply ACK K4", "Sent from a trial account - Escalation 7: reply ACK K4"]
)
def test_a_lost_message_is_found_by_its_text(httpserver: HTTPServer, body: str) -> None:
    assert look(httpserver, listed("Something else", NOW), listed(body, NOW)) == Sent("SM7")
    assert httpserver.log[0][0].args["To"] == SMS.to


def test_a_lost_message_is_found_by_our_reference(httpserver: HTTPServer) -> None:
    assert look(httpserver, listed("Altered text (5f2b9c0e)", NOW)) == Sent("SM7")


def test_a_lost_message_is_found_behind_a_page_of_later_ones(httpserver: HTTPServer) -> None:
    later = [listed("Another case", NOW + timedelta(minutes=1)) for _ in range(LOOKUP_PAGE)]
    assert look(httpserver, *later, listed(SMS.text, NOW)) == Sent("SM7")


def test_after_a_page_of_older_ones_no_further_page_is_asked_for(httpserver: HTTPServer) -> None:
    older = [listed("Another case", NOW - timedelta(minutes=5)) for _ in range(3 * LOOKUP_PAGE)]
    assert look(httpserver, listed("Another case", NOW), *older) is None
    assert len(httpserver.log) == 2


def test_a_lost_message_is_found_behind_an_older_one_that_was_sent_late(httpserver: HTTPServer) -> None:
    older = listed("Another case", NOW - timedelta(minutes=5))
    assert look(httpserver, older, listed(SMS.text, NOW)) == Sent("SM7")


def test_a_message_without_a_date_counts_rather_than_go_out_twice(httpserver: HTTPServer) -> None:
    assert look(httpserver, {"sid": "SM7", "body": SMS.text, "date_created": None}) == Sent("SM7")


def test_the_same_text_of_an_earlier_round_is_not_the_lost_message(httpserver: HTTPServer) -> None:
    assert look(httpserver, listed(SMS.text, NOW - timedelta(minutes=5)), listed("", NOW)) is None


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_look_up_that_fails_proves_nothing(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request(PATH, method="GET").respond_with_json(error(20003), status)
    with pytest.raises(RetryLater) as caught:
        sms(httpserver.url_for("")).find(SMS, since=NOW)
    assert caught.value.code == "lookup_failed"


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b"<html>", b""])
def test_a_look_up_answered_with_nonsense_proves_nothing(httpserver: HTTPServer, body: bytes) -> None:
    httpserver.expect_request(PATH, method="GET").respond_with_data(body, 200)
    with pytest.raises(RetryLater):
        sms(httpserver.url_for("")).find(SMS, since=NOW)


def test_an_sms_needs_a_sender_or_a_service() -> None:
    with pytest.raises(ValueError, match="a sender number or a messaging service"):
        TwilioSms(ACCOUNT, TOKEN)


def test_twilio_is_a_provider_that_can_be_asked() -> None:
    provider: Provider = sms("http://localhost")
    assert provider.channel == "sms"
    assert isinstance(provider, Finder)
