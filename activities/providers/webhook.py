"""Messages to a team's own system, by the Standard Webhooks scheme (https://www.standardwebhooks.com): one signed POST each.

Every try of a message has the same `webhook-id`, by which its receiver drops what it has had. So a try whose answer was lost is
simply made again: nothing here is ever in doubt, and what has not been taken in the end has failed. What the receiver answers
beside the status is not read. Redirects are not followed: the roster says where a team's messages go.
"""

import ssl
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from httpcore2 import ConnectionPool, NetworkError, ProtocolError, Response, TimeoutException, default_ssl_context
from standardwebhooks import Webhook

from activities.providers.port import MAX_REASON, SEND_TIMEOUT, Channel, Envelope, Outcome, Refused, RetryLater, Sent
from activities.providers.public_line import NotPublic, PublicLine
from domain.webhooks import is_encrypted, team_secret

PRIVATE_SETTING: Final = "TIERLINE_WEBHOOK_PRIVATE"

# Below the port's, so that a receiver that drips is a try to be made again and not one that nobody knows the end of.
WHOLE_TIMEOUT = SEND_TIMEOUT - timedelta(seconds=1)

_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS, _GONE = 408, 429, 410
_MOST_DIGITS: Final = 5  # of a wait in seconds; a longer one is none, and no page can wait for it


class TeamWebhook:
    """Posts one message to one team's address. Holds no connection; safe to use from several threads."""

    name = "webhook"
    channel: Channel = "webhook"

    def __init__(self, secret: str, *, private: bool = False, timeout: timedelta = WHOLE_TIMEOUT) -> None:
        """`secret` is TIERLINE_SECRET, of which every team's is made. `private` allows addresses inside, and plain http."""
        self._secret = secret
        self._private = private
        self._timeout = timeout
        self._trusted = default_ssl_context()

    def send(self, envelope: Envelope) -> Outcome:
        """Post the message. Raises `RetryLater` when it was not taken and the receiver has not refused it for good."""
        if not (self._private or is_encrypted(envelope.to)):
            return Refused("plain_http", f"the address is not https; write https, or set {PRIVATE_SETTING}=true")
        line = PublicLine(self._timeout, private=self._private)
        try:
            with (
                ConnectionPool(self._trusted, network_backend=line) as pool,
                pool.stream("POST", envelope.to, headers=self._headers(envelope), content=_body(envelope)) as answer,
            ):
                return _outcome(answer)
        except NotPublic as refused:
            return Refused("private_address", f"{refused}; {PRIVATE_SETTING}=true allows it")
        except (NetworkError, TimeoutException, ProtocolError) as error:
            return _unanswered(error)

    def _headers(self, envelope: Envelope) -> dict[bytes | str, bytes | str]:
        now, signer = datetime.now(UTC), Webhook(team_secret(self._secret, envelope.team))
        return {
            "Host": urlsplit(envelope.to).netloc,
            "Content-Type": "application/json",
            "User-Agent": "Tierline",
            "webhook-id": envelope.reference,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(envelope.reference, now, envelope.text),
        }


def _body(envelope: Envelope) -> bytes:
    return envelope.text.encode()


def _outcome(answer: Response) -> Outcome:
    """Sorts the answer by its status alone."""
    status = answer.status
    if 200 <= status < 300:
        return Sent(None)
    if 300 <= status < 400:
        return Refused("redirect", f"answered {status}, and redirects are not followed; write where it leads to")
    if status == _GONE:
        return Refused("gone", f"answered {status}: it wants no more; take the address out of the roster, or mend it")
    if status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS) or status >= 500:
        raise RetryLater(str(status), f"answered {status}", _retry_after(answer))
    return Refused(str(status), f"answered {status}")


def _retry_after(answer: Response) -> timedelta | None:
    """How long the receiver asks us to wait, where it says so in seconds."""
    said = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
    return timedelta(seconds=int(said)) if said.isdigit() and len(said) <= _MOST_DIGITS else None


def _unanswered(error: Exception) -> Refused:
    """A certificate is not mended while a page waits. All else may be better in a moment: raises RetryLater."""
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return Refused("certificate", root.verify_message[:MAX_REASON])
    # The client's words for what is no HTTP repeat what it was sent.
    said = "hung up, or speaks no HTTP" if isinstance(error, ProtocolError) else str(error)
    raise RetryLater("no_answer", f"{type(error).__name__}: {said}"[:MAX_REASON]) from error


def _root(error: BaseException) -> BaseException:
    """The first error of the chain: what went wrong inside TLS."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error
