"""E-mail through SendGrid's own client, with the client's gaps closed.

It has no time-out, follows a redirect by turning the POST into a GET (handing the API key to wherever that leads),
and lets network errors through raw. Here only 202 means accepted, redirects are not followed, and each failure is
sorted by one question: could SendGrid have accepted the message? There is no idempotency key and no look-up.
"""

import json
import logging
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from email.message import Message
from email.utils import parseaddr
from http.client import HTTPException
from typing import IO, Any, NoReturn
from urllib.error import HTTPError as UrllibHTTPError
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request

from python_http_client.client import Client
from python_http_client.exceptions import HTTPError
from sendgrid.sendgrid import SendGridAPIClient

from activities.providers.port import (
    MAX_REASON,
    SEND_TIMEOUT,
    AnswerLost,
    Channel,
    Envelope,
    Outcome,
    Refused,
    RetryLater,
    Sent,
    checked_base_url,
)

# On the wire: SendGrid's events carry our reference back under this name.
REFERENCE_ARG = "tierline_reference"

DEFAULT_BASE_URL = "https://api.sendgrid.com"

# SendGrid's windows last seconds to minutes. A reset further away is a wrong clock, and a page cannot wait for it.
MAX_RESET = timedelta(hours=1)


class SendGridMail:
    """Sends one e-mail to one recipient. Holds no connection; safe to use from several threads."""

    name = "sendgrid"
    channel: Channel = "email"

    def __init__(
        self,
        api_key: str,
        sender: str,
        base_url: str | None = None,
        timeout: timedelta = SEND_TIMEOUT,
        reply_to: str | None = None,
    ) -> None:
        """`sender` and `reply_to` (where answers go; None: to the sender) are addresses or `Name <address>`.

        Raises `ValueError` for one of them, or a base URL, that is none.
        """
        self._sender = _address(sender, "the sender")
        self._reply_to = _address(reply_to, "where replies go (SENDGRID_INBOUND_ADDRESS)") if reply_to else None
        # Its DEBUG lines print the API key and whole messages.
        logging.getLogger("python_http_client").setLevel(logging.INFO)
        host = checked_base_url(base_url or DEFAULT_BASE_URL)
        official = SendGridAPIClient(api_key, host=host)  # type: ignore[no-untyped-call]
        official.client = _StayingClient.like(official.client)
        official.client.timeout = timeout.total_seconds()
        self._sendgrid = official

    def send(self, envelope: Envelope) -> Outcome:
        """Hand the message to SendGrid. Raises `RetryLater` for 429, 5xx and when it could not be reached."""
        try:
            answer = self._sendgrid.client.mail.send.post(request_body=self._body(envelope))
        except HTTPError as error:
            return _outcome(error)
        except URLError as error:
            # urllib wraps only what fails until the last byte is written: a half request cannot have been accepted.
            raise RetryLater("unreachable", str(error.reason)) from error
        except (OSError, HTTPException) as error:
            return AnswerLost(f"{type(error).__name__}: {error}")
        if answer.status_code != 202:
            return AnswerLost(f"answered {answer.status_code} where SendGrid answers 202")
        return Sent(answer.headers.get("X-Message-Id"))

    def _body(self, envelope: Envelope) -> dict[str, Any]:
        content = [{"type": "text/plain", "value": envelope.text}]
        if envelope.html is not None:
            content.append({"type": "text/html", "value": envelope.html})
        more: dict[str, Any] = {"reply_to": self._reply_to} if self._reply_to else {}
        if envelope.headers:
            more["headers"] = {name: _one_line(value) for name, value in envelope.headers.items()}
        return {
            "personalizations": [{"to": [{"email": envelope.to}], "custom_args": {REFERENCE_ARG: envelope.reference}}],
            "from": self._sender,
            "subject": _one_line(envelope.subject or ""),
            "content": content,
            **more,
        }


class _StayingClient(Client):
    """The official client, except that a redirect is an answer and not a new request."""

    @classmethod
    def like(cls, client: Client) -> "_StayingClient":
        return cls(
            host=client.host,
            request_headers=client.request_headers,
            version=client._version,
            url_path=client._url_path,
            timeout=client.timeout,
        )

    def _build_client(self, name: str | None = None) -> "_StayingClient":
        return self.like(super()._build_client(name))  # type: ignore[no-untyped-call]

    def _make_request(self, opener: OpenerDirector, request: Request, timeout: float | None = None) -> Any:
        opener.add_handler(_NoRedirect())
        return super()._make_request(opener, request, timeout=timeout)  # type: ignore[no-untyped-call]


class _NoRedirect(HTTPRedirectHandler):
    handler_order = HTTPRedirectHandler.handler_order - 1  # asked before the one that follows

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,  # noqa: ARG002 - urllib's
    ) -> NoReturn:
        raise UrllibHTTPError(req.full_url, code, msg, headers, fp)


def _outcome(error: HTTPError) -> Refused | AnswerLost:
    """Sorts an answer by its status alone: the client has a class for some codes only (none for 502)."""
    status, reason = int(error.status_code), _words(error)
    if status == 429:
        raise RetryLater("429", reason, _until_reset(error.headers)) from error
    if status >= 500:
        raise RetryLater(str(status), reason, may_have_sent=True) from error
    if status < 400:
        return AnswerLost(f"answered {status} where SendGrid answers 202")
    return Refused(str(status), reason)


def _words(error: HTTPError) -> str:
    """What SendGrid said: `errors[].message`, else the HTTP reason phrase."""
    try:
        messages = [str(each["message"]) for each in json.loads(error.body)["errors"]]
    except (ValueError, TypeError, KeyError):
        messages = []
    return ("; ".join(messages) or str(error.reason))[:MAX_REASON]


def _until_reset(headers: Mapping[str, str]) -> timedelta | None:
    """Time until `X-RateLimit-Reset` (Unix seconds), or None where it is missing, past or absurd."""
    try:
        wait = timedelta(seconds=int(headers["X-RateLimit-Reset"]) - time.time())
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return wait if timedelta() < wait <= MAX_RESET else None


def _one_line(text: str) -> str:
    """A line break would begin another header."""
    return re.sub(r"[\r\n]+", " ", text).strip()


def _address(value: str, what: str) -> dict[str, str]:
    name, address = parseaddr(value)
    if "@" not in address:
        raise ValueError(f"{what} is an e-mail address, not {value!r}")
    return {"email": address, "name": name} if name else {"email": address}
