"""SMS through Twilio's own synchronous client, one fresh connection per message and not one retry inside.

The asynchronous client ignores its time-out and posts again by itself, so it is not used; Temporal retries. A
kept-alive connection that dies looks like a lost answer, so none is kept. Twilio has no idempotency key: after
`AnswerLost` ask `find` before sending again.
"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import ConnectTimeout, RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

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

# The person said STOP: no SMS may follow, the number is to be marked.
OPTED_OUT = frozenset({"21610"})
# Codes of answers and of delivery receipts alike. Never again: bad or unreachable number, region, sender or content.
NEVER_RETRY = OPTED_OUT | {"21211", "21408", "21606", "21614", "30006", "30007", "30034"}
TRY_LATER = frozenset({"20429", "30003"})
# An unknown failure inside Twilio: worth one more attempt; the caller counts.
TRY_ONCE = frozenset({"30500"})

# What Twilio takes; its default, ten hours, lets stale pages arrive.
MIN_VALIDITY, MAX_VALIDITY = 1, 36_000

# Messages of one number on a page of the look-up, newest first. One page reaches back to the lost message, except at a
# number that many cases share.
LOOKUP_PAGE = 100
# How far our clock may run ahead of Twilio's, whose times have whole seconds.
LOOKUP_SKEW = timedelta(minutes=1)

_SAID_BY_CLIENT = "Unable to create record: "


class TwilioSms:
    """Sends one SMS to one number. Holds no connection; safe to use from several threads."""

    name = "twilio"
    channel: Channel = "sms"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str | None = None,
        messaging_service_sid: str | None = None,
        base_url: str | None = None,
        timeout: timedelta = SEND_TIMEOUT,
        callback: str | None = None,
    ) -> None:
        """`callback` is where Twilio reports each message's fate, with `{reference}` in it. Raises `ValueError` without a
        sender and a messaging service, or for a base URL that is none."""
        if not (sender or messaging_service_sid):
            raise ValueError("an SMS needs a sender number or a messaging service")
        named = {"from_": sender, "messaging_service_sid": messaging_service_sid}
        self._origin = {key: value for key, value in named.items() if value}
        self._login = (account_sid, auth_token)
        self._base_url = base_url and checked_base_url(base_url)
        self._timeout = timeout.total_seconds()
        self._callback = callback
        # At INFO and DEBUG these two print query strings, and with them numbers.
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def send(self, envelope: Envelope) -> Outcome:
        """Hand the message to Twilio. Raises `RetryLater` for 429, 5xx and when it could not be reached."""
        with self._session() as (client, http):
            try:
                message = client.messages.create(
                    to=envelope.to,
                    body=envelope.text,
                    validity_period=_validity(envelope.valid_for),
                    **self._reported_to(envelope),
                    **self._origin,
                )
            except TwilioException as error:
                return _outcome(error, http)
            except RequestException as error:
                return _network_outcome(error)
            except (ValueError, TypeError, AttributeError) as error:
                # A success whose body is no JSON object trips inside the client; it may well be in the queue.
                return AnswerLost(f"answered {http.status} with a body that is no message: {type(error).__name__}")
        if not message.sid:
            return AnswerLost(f"answered {http.status} without a message id")
        return Sent(message.sid)

    def find(self, envelope: Envelope, since: datetime) -> Sent | None:
        """Look for the message among all that the recipient was sent since, by our reference or the text itself.

        For use after `AnswerLost`; no attempt was made before `since`. Raises `RetryLater` when Twilio cannot tell.
        """
        with self._session() as (client, http):
            try:
                return _found(client.messages.stream(to=envelope.to, page_size=LOOKUP_PAGE), envelope, since)
            except (TwilioException, RequestException, ValueError, TypeError, AttributeError, KeyError) as error:
                raise RetryLater("lookup_failed", _why_unanswered(error, http)) from error

    def _reported_to(self, envelope: Envelope) -> dict[str, str]:
        """Where its receipts go, under our reference: the answer with Twilio's own id may be lost."""
        if self._callback is None:
            return {}
        return {"status_callback": self._callback.format(reference=envelope.reference)}

    @contextmanager
    def _session(self) -> Iterator[tuple[Client, "_Http"]]:
        http = _Http(self._base_url, self._timeout)
        try:
            yield Client(*self._login, http_client=http), http  # type: ignore[no-untyped-call]
        finally:
            http.close()


class _Http(TwilioHttpClient):
    """Redirects the client to `base_url`, and keeps the status and the wait of the last answer, which errors drop."""

    def __init__(self, base_url: str | None, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url) if base_url else None
        self.status: int | None = None
        self.retry_after: timedelta | None = None

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        if self._base:
            url = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()
        answer = super().request(method, url, *args, **kwargs)
        self.status = int(answer.status_code)
        self.retry_after = _seconds((answer.headers or {}).get("Retry-After"))
        return answer

    def close(self) -> None:
        if self.session:
            self.session.close()


def _outcome(error: TwilioException, http: _Http) -> Refused | AnswerLost:
    """Sorts an error answer: Twilio's code first, then the status."""
    status = http.status or 0
    code, reason = _words(error, status)
    if code in NEVER_RETRY:
        return Refused(code, reason)
    if status == 429 or code in TRY_LATER | TRY_ONCE:
        raise RetryLater(code, reason, http.retry_after) from error
    if status >= 500:
        raise RetryLater(code, reason, http.retry_after, may_have_sent=True) from error
    if status >= 400:
        return Refused(code, reason)
    return AnswerLost(f"answered {status} where Twilio answers 201")


def _words(error: TwilioException, status: int) -> tuple[str, str]:
    """Twilio's code (else the status) and its sentence; `str(error)` would colour it for a terminal."""
    match error:
        case TwilioRestException():
            code, said = error.code, error.msg
        case TwilioServiceException():
            code, said = error.code, error.detail or error.title
        case _:
            code, said = None, str(error)
    return str(code or status), str(said).removeprefix(_SAID_BY_CLIENT)[:MAX_REASON]


def _why_unanswered(error: Exception, http: _Http) -> str:
    """Why nobody knows whether the message is there; the error's own text holds the number."""
    said = f"answered {http.status}" if http.status else f"did not answer ({type(_root(error)).__name__})"
    return f"Twilio {said} when asked whether it has the message"


def _network_outcome(error: RequestException) -> AnswerLost:
    root = _root(error)
    if _never_sent(error, root):
        raise RetryLater("unreachable", f"{type(root).__name__}: {root}") from error
    return AnswerLost(f"{type(error).__name__}: {type(root).__name__}")


def _never_sent(error: RequestException, root: BaseException) -> bool:
    """Whether it failed before a connection stood. What urllib3 knows of that hides in `args[0].reason`."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    before = (NewConnectionError, ConnectTimeoutError, ProxyError)
    return (
        isinstance(error, ConnectTimeout) or isinstance(cause, before) or isinstance(root, ssl.SSLCertVerificationError)
    )


def _root(error: BaseException) -> BaseException:
    """The first error of the chain: requests' own text holds the whole URL, the system's only what happened."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _validity(valid_for: timedelta) -> int:
    return max(MIN_VALIDITY, min(MAX_VALIDITY, int(valid_for.total_seconds())))


def _found(newest_first: Iterator[MessageInstance], envelope: Envelope, since: datetime) -> Sent | None:
    """The message among those that are young enough to be it. After a page of older ones no further page is asked for."""
    older = 0
    for message in newest_first:
        too_old = message.date_created is not None and message.date_created < since - LOOKUP_SKEW
        if not too_old and _carries(message.body or "", envelope):
            return Sent(str(message.sid))
        older = older + 1 if too_old else 0
        if older >= LOOKUP_PAGE:
            return None
    return None


def _carries(body: str, envelope: Envelope) -> bool:
    # The reference survives what a messaging service does to characters; the text covers messages without it.
    text = envelope.text.strip()
    return envelope.reference in body or (text != "" and text in body)


def _seconds(value: str | None) -> timedelta | None:
    return timedelta(seconds=int(value)) if value and value.isdecimal() and len(value) < 6 else None
