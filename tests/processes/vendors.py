"""SendGrid and Twilio on loopback, as slow as a test wants: they take a message and hold the answer back until they are let."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST = 4.0  # seconds an answer is held; the clients give up after five


class Vendors(ThreadingHTTPServer):
    """Both vendors at one address. `requests` holds the paths of what arrived, in order."""

    daemon_threads = False  # closing waits for them

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[str] = []
        self.answers = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """What points a worker here."""
        url = f"http://127.0.0.1:{self.server_port}"
        sendgrid = {"SENDGRID_API_KEY": "SG.test", "SENDGRID_FROM": "desk@example.org", "SENDGRID_BASE_URL": url}
        twilio = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006"}
        return {**sendgrid, **twilio, "TWILIO_BASE_URL": url}


class _Handler(BaseHTTPRequestHandler):
    server: Vendors

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(self.path)
        self.server.answers.wait(MOST)
        if self.path == "/v3/mail/send":
            self._answer(HTTPStatus.ACCEPTED, None)
        else:
            self._answer(HTTPStatus.CREATED, {"sid": f"SM{len(self.server.requests):032}", "status": "queued"})

    def _answer(self, status: HTTPStatus, body: dict[str, Any] | None) -> None:
        written = json.dumps(body).encode() if body else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `requests` tells it."""


@contextmanager
def vendors() -> Iterator[Vendors]:
    """Both, until the end of the block."""
    with Vendors() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.answers.set()
            server.shutdown()
            serving.join()
