"""SendGrid and Twilio on loopback, honest about what they took and dishonest in what they answer, as the weather says.

Every request is written down with what was done with it. A request is looked at before it is read (MSG_PEEK), so that even a
connection that is reset unread is written down under the message it carried.
"""

import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.chaos import weather
from tests.chaos.journal import Receipt, now
from tests.chaos.weather import Weather
from tests.twilio_pages import paged

HANG = 8.0  # seconds; the vendors' clients give up after five
PEEK_LIMIT = 3.0  # seconds for a whole request to arrive on loopback
LARGEST = 1 << 18  # bytes of a request; an e-mail of ours has ten thousand
RESET_IN = 2  # seconds a 429 asks to wait

MAIL, SMS = "/v3/mail/send", re.compile(r"/2010-04-01/Accounts/[^/]+/Messages\.json")
REFERENCE_AT_END = re.compile(r"#([a-z2-7]{12})$")

TAKES = (weather.TAKEN_AND_LOST, weather.TAKEN_AND_HANGS, weather.TAKEN_AND_500)
# Codes that say nothing of the address: one that is dead for good would be told nothing more, and the rest of the story with it.
REFUSALS = {"email": (400, "400"), "sms": (400, "30007")}


@dataclass(frozen=True)
class Asked:
    """What a request wants, read from the wire."""

    method: str
    path: str
    reference: str
    to: str
    text: str

    @property
    def channel(self) -> str:
        return "email" if self.path == MAIL else "sms"


class Providers(ThreadingHTTPServer):
    """Both vendors at one address."""

    daemon_threads = False  # closing waits for them

    def __init__(self, plan: Weather) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan = plan
        self.receipts: list[Receipt] = []
        self.lookups = 0
        self.fair = threading.Event()  # set: no faults any more, and nobody hangs
        self._began: float | None = None
        self._taken: list[tuple[datetime, Asked]] = []
        self._tries: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """What points a worker here."""
        url = f"http://127.0.0.1:{self.server_port}"
        sendgrid = {"SENDGRID_API_KEY": "SG.test", "SENDGRID_FROM": "desk@example.org", "SENDGRID_BASE_URL": url}
        twilio = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006"}
        return {**sendgrid, **twilio, "TWILIO_BASE_URL": url}

    def begins(self) -> None:
        """From now on the weather counts."""
        self._began = time.monotonic()

    def fault(self, asked: Asked) -> str | None:
        """What this request meets."""
        if self._began is None or self.fair.is_set():
            return None
        with self._lock:
            self._tries[asked.reference] += 1
            attempt = self._tries[asked.reference]
        return self.plan.fault(time.monotonic() - self._began, asked.channel, asked.reference, attempt)

    def take(self, asked: Asked) -> int:
        """The message is accepted and would go out; its number."""
        with self._lock:
            self._taken.append((now(), asked))
            return len(self._taken)

    def write(self, asked: Asked, at: datetime, fault: str | None, *, taken: bool, told: bool) -> None:
        """Write a request down."""
        code = REFUSALS[asked.channel][1] if fault == weather.REFUSED else None
        made = Receipt(at, asked.channel, asked.reference, asked.to, taken=taken, told=told, fault=fault, code=code)
        with self._lock:
            self.receipts.append(made)

    def listed(self, to: str) -> list[dict[str, Any]]:
        """What was accepted for a number, the newest first, as Twilio lists it."""
        with self._lock:
            mine = [(at, one, place) for place, (at, one) in enumerate(self._taken, 1) if one.to == to]
        shown = [{"sid": sid(place), "body": one.text, "date_created": format_datetime(at)} for at, one, place in mine]
        return [{**one, "date_sent": None, "to": to} for one in reversed(shown)]

    def shutdown_request(self, request: Any) -> None:
        """A connection that is to be reset must not be closed politely."""
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == LINGER_NONE:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed hears no answer; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


LINGER_NONE = struct.pack("ii", 1, 0)


def sid(place: int) -> str:
    return f"SM{place:032x}"


class _Handler(BaseHTTPRequestHandler):
    server: Providers

    def handle_one_request(self) -> None:
        """Look at the request before reading it, and decide what becomes of it."""
        self.close_connection = True
        raw = self._peeked()
        if raw is None:
            return
        self.asked = _read(raw)
        at = now()
        fault = self.server.fault(self.asked)
        if fault == weather.RESET_UNREAD:
            if self.asked.method == "POST":
                self._note(at, fault, taken=False, told=False)
            self._reset()
            return
        self.arrived, self.fault = at, fault
        super().handle_one_request()
        self.close_connection = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.fault
        taken = fault is None or fault in TAKES
        place = self.server.take(self.asked) if taken else 0
        self._note(self.arrived, fault, taken=taken, told=fault is None)
        self._answer(fault, *self._success(place))

    def do_GET(self) -> None:
        """The list of messages to a number."""
        self.server.lookups += 1
        page = paged(self.path, self.server.listed(self.asked.to))
        self._answer(None if self.fault in TAKES or self.fault == weather.REFUSED else self.fault, 200, page)

    def _success(self, place: int) -> tuple[int, dict[str, Any] | None]:
        return (202, None) if self.asked.channel == "email" else (201, {"sid": sid(place), "status": "queued"})

    def _answer(self, fault: str | None, status: int, body: dict[str, Any] | None) -> None:
        if fault in (weather.HANGS, weather.TAKEN_AND_HANGS):
            self.server.fair.wait(HANG)
            self._reset()
        elif fault == weather.TAKEN_AND_LOST:
            self._reset()
        elif fault in (weather.ERROR_500, weather.TAKEN_AND_500):
            self._say(500, {"code": 20500, "message": "Internal error", "errors": [{"message": "Internal error"}]})
        elif fault == weather.LATER_429:
            self._say(429, {"code": 20429, "message": "Too many", "errors": [{"message": "Too many"}]})
        elif fault == weather.REFUSED:
            refusal, code = REFUSALS[self.asked.channel]
            self._say(refusal, {"code": int(code), "message": "No.", "errors": [{"message": "No."}]})
        else:
            self._say(status, body)

    def _say(self, status: int, body: dict[str, Any] | None) -> None:
        written = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(written)))
        if status == 429:
            self.send_header("X-RateLimit-Reset", str(int(time.time()) + RESET_IN))
            self.send_header("Retry-After", str(RESET_IN))
        self.end_headers()
        self.wfile.write(written)

    def _reset(self) -> None:
        """Close so that the other side hears "connection reset by peer"."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)

    def _note(self, at: datetime, fault: str | None, *, taken: bool, told: bool) -> None:
        self.server.write(self.asked, at, fault, taken=taken, told=told)

    def _peeked(self) -> bytes | None:
        """The whole request, still unread in the socket; None when the sender went away before it was complete."""
        until = time.monotonic() + PEEK_LIMIT
        raw = b""
        while time.monotonic() < until:
            try:
                raw = self.connection.recv(LARGEST, socket.MSG_PEEK)
            except OSError:
                return None
            if not raw or _complete(raw):
                return raw or None
            time.sleep(0.002)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `receipts` tells it."""


def _complete(raw: bytes) -> bool:
    head, end, body = raw.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def _read(raw: bytes) -> Asked:
    """Whose message it is, by our reference: among SendGrid's custom arguments, at the end of an SMS."""
    head, _, body = raw.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    parts = urlsplit(target)
    if parts.path == MAIL:
        mail = json.loads(body)
        [person] = mail["personalizations"]
        [to] = person["to"]
        reference = person["custom_args"]["tierline_reference"]
        return Asked(method, parts.path, reference, to["email"], mail["content"][0]["value"])
    form = parse_qs(parts.query if method == "GET" else body.decode())
    text = form.get("Body", [""])[0]
    found = REFERENCE_AT_END.search(text)
    return Asked(method, parts.path, found[1] if found else "", form["To"][0], text)


@contextmanager
def providers(plan: Weather) -> Iterator[Providers]:
    """Both, until the end of the block."""
    with Providers(plan) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.fair.set()
            server.shutdown()
            serving.join()
