"""The port every message leaves through: one envelope in, one outcome out.

A provider says what happened and never decides what to do about it. What is settled is a result: `Sent`, `Refused`
(final, in the provider's words) or `AnswerLost` (nobody here knows whether it was accepted). Only what is worth the
same request again raises: `RetryLater`. Nothing else may leave `send`, so that a failing provider is an event of the
escalation and never its end. Providers block; they run in the thread of a synchronous activity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

Channel: TypeAlias = Literal["email", "sms", "webhook"]

# A provider answers in well under a second; after ten the answer is not worth the thread that waits for it.
SEND_TIMEOUT = timedelta(seconds=10)

MAX_REFERENCE = 64

# A provider's words are kept for people to read; a page of HTML from some proxy is not.
MAX_REASON = 500


@dataclass(frozen=True)
class Envelope:
    """One message to one address. `repr` shows the reference only: the rest is personal data."""

    reference: str
    """Ours, opaque, at most 64 characters: the hash of the message key. The only thing of ours a provider keeps."""
    to: str = field(repr=False)
    """An e-mail address, a number in E.164, or the address of a team's system."""
    subject: str | None = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    valid_for: timedelta
    """After that the message is stale: an SMS still queued is dropped by the provider."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """More headers of an e-mail, such as In-Reply-To; nothing else has any."""
    team: str = ""
    """Whose system a webhook goes to; each signs with a secret of its own."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.reference) <= MAX_REFERENCE:
            raise ValueError(f"a reference has 1 to {MAX_REFERENCE} characters, not {len(self.reference)}")


@dataclass(frozen=True)
class Sent:
    """The provider took it over. That is not delivery; receipts come by webhook, under `provider_id`."""

    provider_id: str | None


@dataclass(frozen=True)
class Refused:
    """Final: asking again changes nothing. `code` is the provider's; its words, `reason`, may name people."""

    code: str
    reason: str


@dataclass(frozen=True)
class AnswerLost:
    """The request went out and no usable answer came back: it may have been accepted."""

    reason: str


Outcome: TypeAlias = Sent | Refused | AnswerLost


class RetryLater(Exception):
    """Worth the same request again, not before `after` when the provider named a time.

    `may_have_sent` marks an answer that promises nothing (5xx): a second attempt can then make a duplicate, which is to
    be counted. Where it is false, the provider took nothing.
    """

    def __init__(self, code: str, reason: str, after: timedelta | None = None, *, may_have_sent: bool = False) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.after = after
        self.may_have_sent = may_have_sent


class Provider(Protocol):
    """Something that can send on one channel."""

    name: str
    channel: Channel

    def send(self, envelope: Envelope) -> Outcome:
        """Hand one message over, blocking at most a few seconds. Raises `RetryLater` and nothing else."""


@runtime_checkable
class Finder(Protocol):
    """A provider that can be asked, after `AnswerLost`, whether the message is there."""

    def find(self, envelope: Envelope, since: datetime) -> Sent | None:
        """The message of that envelope accepted at or after `since` (aware), or None. Raises `RetryLater`."""


def checked_base_url(url: str) -> str:
    """The address of a provider's stand-in without a trailing slash. Raises `ValueError` unless it is http(s)://host."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"a base URL is http(s)://host[:port], not {url!r}")
    return url.rstrip("/")
