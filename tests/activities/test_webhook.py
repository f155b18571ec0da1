"""Posts to a team's system, against real servers on loopback: signed as the standard says, and sorted by the status alone."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook, WebhookVerificationError

from activities.providers.port import SEND_TIMEOUT, Envelope, Provider, Refused, RetryLater, Sent
from activities.providers.webhook import WHOLE_TIMEOUT, TeamWebhook
from domain.webhooks import team_secret
from tests.activities.faulty import Faulty, babble, deaf, hang_up, hold, nobody, reset

SECRET = "a secret of this installation"
PATH = "/tierline"
SHORT = timedelta(seconds=0.4)  # for a server that does not answer
ROOMY = timedelta(seconds=20)  # for one that does
AT_MOST = 3.0  # seconds, on a busy machine
BODY = '{"type":"escalation.told","data":{"subject":"Caf\\u00e9"}}'


def envelope(url: str, team: str = "support") -> Envelope:
    return Envelope("k7f2m9qd3xw4", url, "Checkout is down", BODY, None, timedelta(minutes=5), team=team)


def inside(timeout: timedelta = ROOMY) -> TeamWebhook:
    """One that may speak with loopback."""
    return TeamWebhook(SECRET, private=True, timeout=timeout)


def posted(httpserver: HTTPServer, status: int, headers: dict[str, str] | None = None) -> Any:
    """Post to a server that answers so; checks that one request arrived."""
    httpserver.expect_request(PATH, method="POST").respond_with_data("no words", status, headers)
    try:
        return inside().send(envelope(httpserver.url_for(PATH)))
    finally:
        assert [(request.method, request.path) for request, _ in httpserver.log] == [("POST", PATH)]


def later(send: Callable[[], Any]) -> RetryLater:
    with pytest.raises(RetryLater) as caught:
        send()
    return caught.value


def test_it_is_a_provider_of_its_channel() -> None:
    webhook: Provider = inside()
    assert (webhook.name, webhook.channel) == ("webhook", "webhook")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_sent(httpserver: HTTPServer, status: int) -> None:
    assert posted(httpserver, status) == Sent(None)


def test_the_official_library_accepts_what_arrives_with_the_teams_secret(httpserver: HTTPServer) -> None:
    posted(httpserver, 200)
    [(request, _)] = httpserver.log
    headers, body = dict(request.headers), request.get_data()
    said = Webhook(team_secret(SECRET, "support")).verify(body, headers)
    assert said == json.loads(BODY)
    assert request.headers["Content-Type"] == "application/json"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < AT_MOST
    for other in (team_secret(SECRET, "network"), team_secret("another secret", "support")):
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(team_secret(SECRET, "support")).verify(body.replace(b"told", b"tolt"), headers)


def test_the_signature_is_the_one_that_the_specification_describes(httpserver: HTTPServer) -> None:
    posted(httpserver, 200)
    [(request, _)] = httpserver.log
    id, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    key = base64.b64decode(team_secret(SECRET, "support").removeprefix("whsec_"))
    signed = hmac.new(key, f"{id}.{at}.".encode() + request.get_data(), hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()


def test_every_try_has_the_same_id(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_data(status=503)
    for _ in range(2):
        later(lambda: inside().send(envelope(httpserver.url_for(PATH))))
    assert [request.headers["webhook-id"] for request, _ in httpserver.log] == ["k7f2m9qd3xw4"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/inside").respond_with_data("secret")
    outcome = posted(httpserver, status, {"Location": httpserver.url_for("/inside")})
    assert isinstance(outcome, Refused)
    assert outcome.code == "redirect"


def test_410_is_refused_as_gone(httpserver: HTTPServer) -> None:
    outcome = posted(httpserver, 410)
    assert isinstance(outcome, Refused)
    assert outcome.code == "gone"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_any_other_4xx_is_refused_with_its_status_and_none_of_its_words(httpserver: HTTPServer, status: int) -> None:
    assert posted(httpserver, status) == Refused(str(status), f"answered {status}")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again_and_never_in_doubt(httpserver: HTTPServer, status: int) -> None:
    error = later(lambda: posted(httpserver, status))
    assert (error.code, error.reason, error.after) == (str(status), f"answered {status}", None)
    assert not error.may_have_sent


@pytest.mark.parametrize(
    ("said", "after"),
    [("7", timedelta(seconds=7)), ("0", timedelta(0)), ("-1", None), ("soon", None), ("9" * 40, None), ("", None)],
)
def test_a_wait_that_the_receiver_names_is_kept(httpserver: HTTPServer, said: str, after: timedelta | None) -> None:
    assert later(lambda: posted(httpserver, 429, {"Retry-After": said})).after == after


@pytest.mark.parametrize("end", [reset, hang_up, hold, babble])
def test_an_answer_that_does_not_come_is_a_try_to_be_made_again(end: Callable[[socket.socket], None]) -> None:
    with Faulty(end) as server:
        error = later(lambda: inside(SHORT).send(envelope(server.url)))
    assert (error.code, error.may_have_sent, len(server.requests)) == ("no_answer", False, 1)
    assert "smtp" not in error.reason


@pytest.mark.parametrize("away", [nobody, deaf])
def test_a_system_that_is_away_is_tried_again(away: Callable[[], Any]) -> None:
    with away() as url:
        assert later(lambda: inside(SHORT).send(envelope(url))).code == "no_answer"


def drips(what: bytes) -> Callable[[socket.socket], None]:
    """A server that is never done: every twentieth of a second one more byte, until nobody listens."""

    def end(connection: socket.socket) -> None:
        connection.sendall(what)
        with suppress(OSError):  # nobody listens any more: the end that was waited for
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)  # the server's own pace: that is what is tried here

    return end


def test_a_server_that_drips_its_head_is_left_when_the_time_is_up() -> None:
    with Faulty(drips(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as server:
        begun, threads = time.monotonic(), threading.active_count()
        error = later(lambda: inside(SHORT).send(envelope(server.url)))
        assert time.monotonic() - begun < AT_MOST
        assert threading.active_count() <= threads  # nobody is left listening to it
    assert error.code == "no_answer"


def test_its_patience_ends_before_that_of_whoever_sends() -> None:
    assert timedelta(0) < WHOLE_TIMEOUT < SEND_TIMEOUT


def test_a_body_without_an_end_is_not_read() -> None:
    with Faulty(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * 100_000)) as server:
        begun = time.monotonic()
        assert inside(SHORT).send(envelope(server.url)) == Sent(None)
        assert time.monotonic() - begun < AT_MOST


def test_a_head_without_an_end_is_no_answer() -> None:
    with Faulty(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 20_000)) as server:
        assert later(lambda: inside().send(envelope(server.url))).code == "no_answer"


def test_no_proxy_of_the_environment_comes_between(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    assert posted(httpserver, 200) == Sent(None)


def test_nothing_that_is_said_or_logged_holds_a_secret_or_the_answer(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    outcome = posted(httpserver, 404)
    said = f"{outcome!r} {caplog.text} {capsys.readouterr()} {envelope('https://h.example/?key=abc')!r}"
    for secret in (SECRET, team_secret(SECRET, "support"), "no words", "key=abc"):
        assert secret not in said
