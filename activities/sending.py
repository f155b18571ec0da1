"""Sends one message: claim in the store, hand it to the provider, mark what came of it.

The claim is the gate: it looks at the case as it is now, and a message that has ended is never sent again. A try whose end
nobody knows (a lost answer, a worker killed between claim and mark) is looked up at the provider first where the provider
can be asked; where it cannot, a second try is marked as a possible duplicate. What is settled is a result; only what is
worth the same try again raises, and Temporal repeats it.
"""

import time
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NoReturn

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.providers.port import SEND_TIMEOUT, AnswerLost, Envelope, Finder, Provider, Refused, RetryLater, Sent
from activities.reading import Case
from activities.rendering import Rendered, Renderer, TemplateFault
from domain.errors import DomainError
from domain.messages import CUSTOMER, Message, SendResult
from domain.roster import Roster
from domain.tickets import Channel
from records.database import Database
from records.outbound import Granted, Loaded, Outbound
from records.outbound import Refused as ClaimRefused
from records.roster import RosterStore
from records.stored import MessageStatus

SEND_LIMIT = timedelta(seconds=15)  # one try as the workflow allows it: an answer of the provider and two of the store
# A look-up that took longer leaves no time to send as well.
LOOKUP_LIMIT = SEND_LIMIT - SEND_TIMEOUT - timedelta(seconds=1)

# How long an SMS may wait at the provider. A page is stale once its due time is past, a customer's news after a morning.
SHORTEST_VALIDITY = timedelta(minutes=5)  # shorter, and a phone in a lift misses it
PAGE_VALIDITY = timedelta(hours=1)
NEWS_VALIDITY = timedelta(hours=4)
LONGEST_VALIDITY = timedelta(hours=10)  # the most Twilio takes

LONGEST_BACKOFF = timedelta(minutes=2)  # the longest pause of the workflow's retry policy, when the provider names none

ONCE_MORE = frozenset({"30500"})  # an unknown failure inside Twilio: worth a second try, not a third

TRIES_AFTER_A_LOST_ANSWER = 2  # in all: a message is worth a possible duplicate, a broken line is not worth a dozen

NO_ADDRESS = "no_address"
ANSWER_LOST = "answer_lost"
TEMPLATE_FAULT = "template_fault"
POSSIBLE_DUPLICATE = "possible_duplicate"
TWICE = "sent again after a try whose answer was lost: it may have arrived twice"

_SETTLED: dict[MessageStatus, Any] = {"sent": "sent", "delivered": "sent", "failed": "failed", "skipped": "skipped"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Try:
    """One claimed try at a provider. `since` is when the message came to be: no earlier try of it is older."""

    key: str
    provider: Provider
    envelope: Envelope
    claim: Granted
    since: datetime
    begun: float

    @property
    def may_be_out(self) -> bool:
        """Whether an earlier try may have reached the provider."""
        return self.claim.previous in ("sending", "unknown")

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.begun)


class Sending:
    """Everything that goes out goes out here. Blocks for at most `SEND_LIMIT`; runs in a thread of the worker."""

    def __init__(
        self, db: Database, providers: Mapping[Channel, Provider], renderer: Renderer, public_url: str
    ) -> None:
        self._outbound = Outbound(db)
        self._roster = RosterStore(db)
        self._providers = providers
        self._renderer = renderer
        self._pages = f"{public_url.rstrip('/')}/escalations/"

    @activity.defn(name="send")
    def send(self, message: Message) -> SendResult:
        """Send the message unless it has ended or its case has moved on.

        Raises ApplicationError: to be retried, with the provider's code as type; final (`message_not_found`) when nobody
        has recorded the message.
        """
        begun, loaded = time.monotonic(), self._load(message.key)
        if loaded.record.status in _SETTLED:
            return _result(message.key, loaded.record.status, loaded.record.code, loaded.record.reason)
        roster = self._roster.current()
        to = address(message, loaded.document, roster)
        if to is None:
            return self._end(message.key, "failed", NO_ADDRESS, why_no_address(message, roster))
        reference = reference_of(message.key)
        try:
            rendered = self._render(message, loaded, roster, reference)
        except TemplateFault as fault:
            return self._end(message.key, "failed", TEMPLATE_FAULT, str(fault))
        claim = self._outbound.claim(message.key, to, rendered.subject, rendered.text, datetime.now(UTC))
        if isinstance(claim, ClaimRefused):
            return _result(message.key, "skipped", None, claim.reason)
        if not isinstance(claim, Granted):
            return _result(message.key, claim.status, None, claim.reason)
        envelope = Envelope(reference, to, rendered.subject, rendered.text, rendered.html, validity(message))
        provider = self._providers[message.channel]
        return self._try(_Try(message.key, provider, envelope, claim, loaded.record.created_at, begun))

    def _load(self, key: str) -> Loaded:
        try:
            return self._outbound.load(key)
        except DomainError as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error

    def _render(self, message: Message, loaded: Loaded, roster: Roster, reference: str) -> Rendered:
        page = self._pages + str(loaded.document["id"])
        case = Case(message, loaded.document, roster, page, datetime.now(UTC))
        return self._renderer.render(case, reference)

    def _try(self, attempt: _Try) -> SendResult:
        found = self._look_up(attempt) if attempt.may_be_out else None
        if found is not None:
            return self._sent(attempt.key, found)
        try:
            outcome = attempt.provider.send(attempt.envelope)
        except RetryLater as later:
            return self._later(attempt, later, may_be_out=later.may_have_sent)
        match outcome:
            case Sent():
                return self._sent(attempt.key, outcome, twice=attempt.may_be_out and not _can_look(attempt.provider))
            case Refused():
                return self._end(attempt.key, "failed", outcome.code, outcome.reason)
            case AnswerLost():
                return self._lost(attempt, outcome)

    def _look_up(self, attempt: _Try) -> Sent | None:
        """The message of an earlier try at the provider. When that cannot be told in time, nothing is sent yet."""
        if not isinstance(attempt.provider, Finder):
            return None
        try:
            found = attempt.provider.find(attempt.envelope, attempt.since)
        except RetryLater as later:
            self._retry(attempt, later, "unknown")
        if found is None and attempt.elapsed > LOOKUP_LIMIT:
            self._retry(attempt, RetryLater("slow_lookup", "looking the message up left no time to send it"), "unknown")
        return found

    def _later(self, attempt: _Try, later: RetryLater, *, may_be_out: bool) -> SendResult:
        """Try again later, unless the workflow's patience ends before: then a known failure beats a silent time-out."""
        tried_enough = later.code in ONCE_MORE and attempt.claim.attempt > 1
        if not tried_enough and not _patience_ends_before(later.after or LONGEST_BACKOFF):
            self._retry(attempt, later, "unknown" if may_be_out else "queued")
        return self._end(attempt.key, "failed", later.code, later.reason)

    def _lost(self, attempt: _Try, lost: AnswerLost) -> SendResult:
        """Nobody knows whether it went out: one more try (a look-up first, where there is one), then it stays `unknown`."""
        if attempt.claim.attempt < TRIES_AFTER_A_LOST_ANSWER and not _patience_ends_before(LONGEST_BACKOFF):
            self._retry(attempt, RetryLater(ANSWER_LOST, lost.reason), "unknown")
        return self._end(attempt.key, "unknown", ANSWER_LOST, lost.reason)

    def _retry(self, attempt: _Try, later: RetryLater, status: MessageStatus) -> NoReturn:
        """Leave the message where the next try finds it, and ask Temporal for that try."""
        self._outbound.mark(attempt.key, status, datetime.now(UTC), code=later.code, reason=later.reason)
        log.warning(
            "message_postponed", key=attempt.key, provider=attempt.provider.name, code=later.code, status=status
        )
        raise ApplicationError(str(later), type=later.code, next_retry_delay=later.after) from later

    def _sent(self, key: str, sent: Sent, *, twice: bool = False) -> SendResult:
        code, reason = (POSSIBLE_DUPLICATE, TWICE) if twice else (None, None)
        return self._end(key, "sent", code, reason, sent.provider_id)

    def _end(
        self, key: str, status: MessageStatus, code: str | None, reason: str | None, provider_id: str | None = None
    ) -> SendResult:
        now = datetime.now(UTC)
        self._outbound.mark(key, status, now, provider_id=provider_id, code=code, reason=reason)
        log.info("message_ended", key=key, status=status, code=code)
        return _result(key, status, code, reason)


def reference_of(key: str) -> str:
    """What a provider keeps of ours: 12 signs of the key's hash. An SMS ends with it, so it is short and easy to read."""
    return b32encode(sha256(key.encode()).digest()).decode().lower()[:12]


def address(message: Message, document: Mapping[str, Any], roster: Roster) -> str | None:
    """Where the message goes now: a responder's address of the roster, a customer's of the case."""
    field = "email" if message.channel == "email" else "phone"
    if message.person is None:
        return document["customer"].get(field) or None
    return getattr(roster.person(message.person), field, None)


def why_no_address(message: Message, roster: Roster) -> str:
    """A sentence an operator can act on."""
    if message.person is not None and roster.person(message.person) is None:
        return f"{message.person} is not in the roster"
    what = "e-mail address" if message.channel == "email" else "phone number"
    return f"{message.person or f'the {CUSTOMER}'} has no {what}"


def validity(message: Message, now: datetime | None = None) -> timedelta:
    """How long the message is worth delivering: until its due time, else an hour (responders) or four (customers)."""
    due_at = message.facts.get("due_at")
    if due_at is None:
        return NEWS_VALIDITY if message.person is None else PAGE_VALIDITY
    left = datetime.fromisoformat(due_at) - (now or datetime.now(UTC))
    return min(max(left, SHORTEST_VALIDITY), LONGEST_VALIDITY)


def _result(key: str, status: MessageStatus, code: str | None, reason: str | None) -> SendResult:
    ended = _SETTLED.get(status, "unknown")
    return SendResult(key=key, status=ended, at=datetime.now(UTC), code=code, reason=reason)


def _can_look(provider: Provider) -> bool:
    return isinstance(provider, Finder)


def _patience_ends_before(wait: timedelta) -> bool:
    info = activity.info()
    if info.schedule_to_close_timeout is None:
        return False
    return datetime.now(UTC) + wait >= info.scheduled_time + info.schedule_to_close_timeout
