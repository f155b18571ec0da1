"""A SendGrid of our own: it keeps mail, refuses what SendGrid refuses, signs events, and posts mail that comes in.

For tests only. What it takes is checked against SendGrid's own specification (`tests/vendors/test_sendgrid_server.py`), and what
it signs by SendGrid's own verifiers in two languages.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from tests.api.signing import Request, by_sendgrid

KEY = "SG.a key of our tests"
MAIL_PATH = "/v3/mail/send"
LONGEST_ARGS = 10_000  # bytes of all custom arguments
# The headers that SendGrid makes itself; a request that names one is refused.
RESERVED = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from", "subject"}
    | {"reply-to", "cc", "bcc"}
)  # fmt: skip
BOUNDARY = "xYzZY"


@dataclass(frozen=True)
class Mail:
    """One e-mail that was taken, to its one recipient."""

    id: str
    to: str
    subject: str
    text: str
    reply_to: str | None
    headers: Mapping[str, str]
    args: Mapping[str, str]

    def event(self, event: str, id: str | None = None, **more: Any) -> dict[str, Any]:
        """What SendGrid reports of it; two events have two ids, one that comes again has its own."""
        ids = {"sg_event_id": id or f"{self.id}/{event}", "sg_message_id": f"{self.id}.filterdrecv-1-2-3.0"}
        return {"email": self.to, "timestamp": 1513299569, "event": event, **ids, **self.args, **more}

    def answered(self, text: str, sender: str | None = None, **headers: str) -> EmailMessage:
        """The mail that its recipient's program makes of a reply, the original quoted below."""
        message = EmailMessage()
        given = {
            "From": sender or self.to,
            "To": self.reply_to or "",
            "Subject": f"Re: {self.subject}",
            "Message_ID": f"<{next(_numbers)}@mail.example>",
            "In_Reply_To": f"<{self.id}@geopod>",
        }
        for name, value in {**given, **headers}.items():
            message[name.replace("_", "-")] = value
        quoted = "\n".join(f"> {line}" for line in self.text.splitlines())
        message.set_content(f"{text}\n\nOn Mon, 23 Nov 2026 at 10:00, Tierline <desk@example.org> wrote:\n{quoted}\n")
        return message


_numbers = count(1)


def events(*reported: Mapping[str, Any]) -> Request:
    """A signed batch, as the event webhook posts it."""
    return by_sendgrid(list(reported))


def parsed(message: EmailMessage, *, proven: bool = True, bounce_to: str | None = None) -> Request:
    """A mail as Inbound Parse posts it with 'POST the raw, full MIME message' on. `proven`: its domain has signed it."""
    sender = str(message["From"]).rpartition("<")[2].strip("<>")
    domain = sender.rpartition("@")[2]
    fields: dict[str, bytes] = {
        "dkim": f"{{@{domain} : pass}}".encode() if proven else b"none",
        "email": message.as_bytes(),
        "to": str(message["To"]).encode(),
        "from": str(message["From"]).encode(),
        "sender_ip": b"127.0.0.1",
        "envelope": json.dumps(
            {"to": [str(message["To"])], "from": sender if bounce_to is None else bounce_to}
        ).encode(),
        "subject": str(message["Subject"]).encode(),
        "charsets": b'{"to":"UTF-8","subject":"UTF-8","from":"UTF-8"}',
        "SPF": b"none",
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields.items()
    ]
    body = b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}}


class SendGrid(ThreadingHTTPServer):
    """The Mail Send API. `mails` is what it has taken, in order; `refused` what it has not, in its own words."""

    daemon_threads = False  # closing waits for them

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.mails: list[Mail] = []
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def sent_to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == address]


class _Exchange(BaseHTTPRequestHandler):
    server: SendGrid

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return self._refuse(401, "The provided authorization grant is invalid, expired, or revoked")
        if self.path != MAIL_PATH or self.headers.get_content_type() != "application/json":
            return self._refuse(404 if self.path != MAIL_PATH else 415, "not the Mail Send API")
        wrong = _faults(json.loads(body))
        if wrong:
            return self._refuse(400, *wrong)
        return self._take(json.loads(body))

    def _take(self, sent: Mapping[str, Any]) -> None:
        [whom] = sent["personalizations"]
        id = f"mail{next(_numbers):018}"
        self.server.mails.append(
            Mail(
                id,
                whom["to"][0]["email"],
                sent["subject"],
                sent["content"][0]["value"],
                sent.get("reply_to", {}).get("email"),
                sent.get("headers", {}),
                whom.get("custom_args", {}),
            )
        )
        self._answer(202, b"", {"X-Message-Id": id})

    def _refuse(self, status: int, *words: str) -> None:
        self.server.refused += words
        said = {"errors": [{"message": one, "field": None} for one in words]}
        self._answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `mails` and `refused` tell it."""


def _faults(sent: Mapping[str, Any]) -> list[str]:
    """What SendGrid's documentation says it refuses, of what our client can get wrong."""
    people = [whom.get("to", []) for whom in sent.get("personalizations", [])]
    kinds = [part.get("type") for part in sent.get("content", [])]
    args = [whom.get("custom_args", {}) for whom in sent.get("personalizations", [])]
    all_strings = all(isinstance(value, str) for one in args for value in one.values())
    addresses = [*(one for to in people for one in to), sent.get("from", {}), sent.get("reply_to", {"email": "a@b"})]
    found = {
        "The personalizations field needs exactly one recipient here": len(people) != 1 or len(people[0]) != 1,
        "Does not contain a valid address": not all("@" in str(one.get("email")) for one in addresses),
        "The subject is required": not sent.get("subject"),
        "The content value must be a string at least one character in length": not all(
            part.get("value") for part in sent.get("content", [{}])
        ),
        "If present, text/plain and text/html may only be provided once, in this order": kinds
        not in (["text/plain"], ["text/plain", "text/html"]),
        "Custom arguments are strings": not all_strings,
        "Custom arguments have 10,000 bytes in all": len(json.dumps(args)) > LONGEST_ARGS,
        "This header is reserved": bool(RESERVED & {name.lower() for name in sent.get("headers", {})}),
    }
    return [words for words, is_so in found.items() if is_so]


@contextmanager
def sendgrid() -> Iterator[SendGrid]:
    """It listens until the end of the block."""
    with SendGrid() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
