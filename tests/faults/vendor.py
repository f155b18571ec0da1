"""SendGrid and Twilio at one address on loopback, each request answered as a test scripts it.

Taking a message and answering are two things here, as they are at a vendor: `taken` is what really goes to people, whatever
the client heard of it. Twilio's list is read from it, so a look-up finds what was taken and nothing else.
"""

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.twilio_pages import paged

MOST = 10.0  # seconds a request is held; every client gives up before
MAIL_PATH = "/v3/mail/send"
ELSEWHERE = "/elsewhere"


@dataclass(frozen=True)
class Taken:
    """A message the vendor accepted: it reaches the person."""

    id: str
    channel: str
    to: str
    text: str
    at: datetime


class Vendor(ThreadingHTTPServer):
    """Both vendors. `script` says what to do with the next POSTs; after that, and without one, each is taken and answered."""

    request_queue_size = 64
    daemon_threads = False  # closing waits for them

    def __init__(self, *script: "Fault") -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.script = deque(script)
        self.decides: Callable[[Exchange], Fault | None] = lambda _: None
        self.posts: list[float] = []
        self.gets: list[str] = []
        self.taken: list[Taken] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What points a worker here."""
        sendgrid = {"SENDGRID_API_KEY": "SG.test", "SENDGRID_FROM": "desk@example.org", "SENDGRID_BASE_URL": self.url}
        twilio = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006"}
        return {**sendgrid, **twilio, "TWILIO_BASE_URL": self.url}


class Exchange(BaseHTTPRequestHandler):
    """One request and what the script does with it."""

    server: Vendor
    body: bytes = b""

    def handle(self) -> None:
        if self.server.script and self.server.script[0] is never_reads:
            self.server.script.popleft()
            self.until_the_client_is_gone()
        else:
            super().handle()

    def do_POST(self) -> None:
        self.server.posts.append(time.time())
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.script.popleft() if self.server.script else self.server.decides(self)
        (fault or takes_it)(self)

    def do_GET(self) -> None:
        self.server.gets.append(self.path)
        if urlsplit(self.path).path == ELSEWHERE:  # a client that follows a redirect takes this for success
            return self.answer(200, {"sid": "SM-elsewhere"})
        to = parse_qs(urlsplit(self.path).query)["To"][0]
        found = [_listed(one) for one in reversed(self.server.taken) if one.to == to]
        return self.answer(200, paged(self.path, found))

    @property
    def for_mail(self) -> bool:
        return self.path == MAIL_PATH

    @property
    def text(self) -> str:
        """The words of the message, with its subject."""
        if self.for_mail:
            mail = json.loads(self.body)
            return "\n".join([mail["subject"], mail["content"][0]["value"]])
        return parse_qs(self.body.decode())["Body"][0]

    def take(self) -> Taken:
        number, now = len(self.server.taken) + 1, datetime.now(UTC)
        if self.for_mail:
            to = json.loads(self.body)["personalizations"][0]["to"][0]["email"]
            taken = Taken(f"mail-{number}", "email", to, self.text, now)
        else:
            taken = Taken(f"SM{number:032}", "sms", parse_qs(self.body.decode())["To"][0], self.text, now)
        self.server.taken.append(taken)
        return taken

    def answer(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        written = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if written:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def until_the_client_is_gone(self) -> None:
        """Hold the connection without a word."""
        poll = select.poll()
        poll.register(self.connection, select.POLLRDHUP | select.POLLHUP)
        end = time.monotonic() + MOST
        while not poll.poll(50) and not self.server.closing.is_set() and time.monotonic() < end:
            pass

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `posts` and `taken` tell it."""


Fault = Callable[[Exchange], None]


def takes_it(exchange: Exchange) -> None:
    """What a vendor does on a good day."""
    taken = exchange.take()
    if exchange.for_mail:
        exchange.answer(202, headers={"X-Message-Id": taken.id})
    else:
        exchange.answer(201, {"sid": taken.id, "status": "queued"})


def never_reads(exchange: Exchange) -> None:
    """The connection stands, and nobody reads from it (seen by `Exchange.handle`, before there is a request)."""


def hangs(exchange: Exchange) -> None:
    """Reads the request, and that is all."""
    exchange.until_the_client_is_gone()


def resets(exchange: Exchange) -> None:
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.rfile.close()
    exchange.wfile.close()
    exchange.connection.close()


def hangs_up(exchange: Exchange) -> None:
    """Closes the connection without a byte."""


def taking(then: Fault) -> Fault:
    """Takes the message first: what follows is a lost answer."""

    def fault(exchange: Exchange) -> None:
        exchange.take()
        then(exchange)

    return fault


def says(status: int, words: str = "", code: int | None = None, **headers: str) -> Fault:
    """Answers with an error in the words of the vendor that was asked."""

    def fault(exchange: Exchange) -> None:
        body: dict[str, Any] = {"errors": [{"message": words, "field": None, "help": None}]}
        if not exchange.for_mail:
            body = {"code": code, "message": words, "status": status}
        exchange.answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return fault


def redirects(exchange: Exchange) -> None:
    says(302, Location=exchange.server.url + ELSEWHERE)(exchange)


def breaks_at_the_gateway(exchange: Exchange) -> None:
    """A 502 of some machine in front of the vendor, which knows nothing of the vendor's format."""
    exchange.answer(502, "<html>Bad Gateway</html>")


def limits(seconds: int) -> Fault:
    """429 with the time it ends at, as each vendor names it."""

    def fault(exchange: Exchange) -> None:
        at = {"X_RateLimit_Reset": str(int(time.time()) + seconds), "Retry_After": str(seconds)}
        says(429, "too many requests", 20429, **at)(exchange)

    return fault


def _listed(taken: Taken) -> dict[str, Any]:
    return {"sid": taken.id, "body": taken.text, "date_created": format_datetime(taken.at), "date_sent": None}


@contextmanager
def vendor(*script: Fault) -> Iterator[Vendor]:
    """Both vendors, until the end of the block."""
    with Vendor(*script) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            serving.join()
