"""Sends one message: claim in the store, hand it to the provider, mark what came of it.

The claim is the gate: it looks at the case as it is now, and a message that has ended is never sent again. A try whose end
nobody knows (a lost answer, a worker killed between claim and mark) is looked up at the provider first where the provider
can be asked; where it cannot, a new try is marked as a possible duplicate, and the doubt stays until the message has ended,
whatever the tries between were answered. What is settled is a result; only what is worth the same try again raises, and
Temporal repeats it. The message keeps what each try was told, in the provider's words.
"""

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.problem_told import ToldProblems
from activities.providers.deadline import within
from activities.providers.port import SEND_TIMEOUT, AnswerLost, Envelope, Finder, Provider, Refused, RetryLater, Sent
from activities.reading import Case
from activities.rendering import Rendered, Renderer, TemplateFault, answerable
from activities.seen_before import SeenBefore
from activities.webhook_body import told_by_webhook
from domain.addresses import NO_ADDRESS, address, why_no_address
from domain.errors import DomainError
from domain.identity import reference_of
from domain.messages import Message, SendResult
from domain.preferences import NOT_NOW, why_not_now
from domain.provider_codes import ADDRESS_FAULTS
from domain.roster import Roster
from domain.tickets import Channel
from domain.webhooks import without_query
from records.bad_addresses import BadAddress, BadAddresses
from records.causes import CauseTree
from records.crowding import CROWDED, WINDOW, Crowded, Limit
from records.database import Database
from records.outbound import Granted, Loaded, Outbound
from records.outbound import Refused as ClaimRefused
from records.reply_codes import ReplyCodes
from records.roster import RosterStore
from records.stored import POSSIBLE_DUPLICATE, MessageStatus

SEND_LIMIT = timedelta(seconds=15)  # one try as the workflow allows it: an answer of the provider and two of the store
# A look-up that took longer leaves no time to send as well.
LOOKUP_LIMIT = SEND_LIMIT - SEND_TIMEOUT - timedelta(seconds=1)

# How long an SMS may wait at the provider. A page is stale once its due time is past, a customer's news after a morning.
SHORTEST_VALIDITY = timedelta(minutes=5)  # shorter, and a phone in a lift misses it
PAGE_VALIDITY = timedelta(hours=1)
NEWS_VALIDITY = timedelta(hours=4)
LONGEST_VALIDITY = timedelta(hours=10)  # the most Twilio takes

LONGEST_CROWD = 2 * WINDOW  # who has less patience left goes out at once

LONGEST_BACKOFF = timedelta(minutes=2)  # the longest pause of the workflow's retry policy, when the provider names none

ONCE_MORE = frozenset({"30500"})  # an unknown failure inside Twilio: worth a second try, not a third

# Where nobody can look, each new try after a lost answer may be a duplicate. Three tries over two minutes outlast a provider
# that hangs; one that takes every message and swallows every answer is not worth a dozen.
MOST_TRIES_IN_DOUBT = 3
FIRST_PAUSE_IN_DOUBT, LATER_PAUSE_IN_DOUBT = timedelta(seconds=5), timedelta(minutes=2)

ANSWER_LOST = "answer_lost"
TEMPLATE_FAULT = "template_fault"

# What a message's history says beside the providers' own words.
LOST = "the answer was lost ({})"
SILENT = "a try ended without a word (its worker was stopped or killed)"
SENT_LATER = "sent"
SENT_AGAIN = "sent again: it may have arrived twice"
FOUND = "found at the provider, not sent again"
TOO_SLOW = f"no whole answer within {SEND_TIMEOUT.seconds} s"
MAYBE_OUT = "an earlier try may have gone out"
THEN = "; then "
LONGEST_HISTORY = 1000  # characters; of a longer one the newest are kept

_SETTLED: dict[MessageStatus, Any] = {"sent": "sent", "delivered": "sent", "failed": "failed", "skipped": "skipped"}

log = structlog.get_logger(__name__)


class Links(Protocol):
    """Makes the addresses of the pages where a person acts on a case, and where its customer says how it was (`signed_links`)."""

    def to_act(self, person: str, escalation: str, episode: int, now: datetime) -> str: ...

    def to_rate(self, escalation: str, episode: int, now: datetime) -> str: ...


@dataclass(frozen=True)
class _Try:
    """One claimed try at a provider. `since` is when the message came to be: no earlier try of it is older.

    `before` is what the tries before were told, None for the first.
    """

    key: str
    provider: Provider
    envelope: Envelope
    claim: Granted
    since: datetime
    begun: float
    before: str | None

    @property
    def may_be_out(self) -> bool:
        """Whether an earlier try may have reached the provider, where that does harm: a webhook's receiver knows it again."""
        return self.claim.previous in ("sending", "unknown") and self.provider.channel != "webhook"

    @property
    def can_look(self) -> bool:
        return isinstance(self.provider, Finder)

    def perhaps_twice(self, *, taken: bool) -> bool:
        """Whether the provider may have two of it by now; `taken` tells whether this try may have reached it."""
        looked_for = self.can_look and not self.claim.twice
        return self.may_be_out and not looked_for and (self.claim.twice or self.claim.attempt + taken > 2)

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.begun)


class Sending:
    """Everything that goes out goes out here. Blocks for at most `SEND_LIMIT`; runs in a thread of the worker."""

    def __init__(
        self,
        db: Database,
        providers: Mapping[Channel, Provider],
        renderer: Renderer,
        public_url: str,
        answered: Set[Channel] = frozenset(),
        links: Links | None = None,
        per_minute: int | None = None,
    ) -> None:
        """`answered` are the channels whose replies reach us: messages on them say how to reply.

        Without `links` messages have none. `per_minute` is how many messages a person gets on one channel before the rest waits
        and goes out as one; None: all of them.
        """
        self._outbound = Outbound(db)
        self._roster = RosterStore(db)
        self._bad_addresses = BadAddresses(db)
        self._reply_codes = ReplyCodes(db)
        self._answered = answered
        self._links = links
        self._per_minute = per_minute
        self._providers = providers
        self._renderer = renderer
        self._pages = f"{public_url.rstrip('/')}/escalations/"
        self._seen_before = SeenBefore(db, self._pages)
        self._problems = ToldProblems(db)
        self._causes = CauseTree(db)

    @activity.defn(name="send", no_thread_cancel_exception=True)  # why: `activities.recording`
    def send(self, message: Message) -> SendResult:
        """Send the message unless it has ended or its case has moved on.

        Raises ApplicationError: to be retried, with the provider's code as type; final (`message_not_found`) when nobody
        has recorded the message.
        """
        begun, loaded = time.monotonic(), self._load(message.key)
        if loaded.record.status in _SETTLED:
            return _result(message.key, loaded.record.status, loaded.record.code, loaded.record.reason)
        roster = self._roster.current()
        customer, team = loaded.document["customer"], loaded.document["team"]
        to = address(message, customer.get("email"), customer.get("phone"), roster, team)
        if to is None:
            return self._mark(message.key, "failed", NO_ADDRESS, why_no_address(message, roster, team))
        case, made_at = loaded.document, loaded.record.created_at
        not_now = why_not_now(message, roster, case["priority"], case["rules_version"], made_at)
        if not_now is not None:
            return self._mark(message.key, "skipped", NOT_NOW, not_now)
        bad = self._bad_addresses.find(message.channel, to)
        if bad is not None:
            return self._mark(message.key, "failed", bad.fault, bad.words)
        reference = reference_of(message.key)
        try:
            rendered = self._render(message, loaded, roster, reference)
        except TemplateFault as fault:
            return self._mark(message.key, "failed", TEMPLATE_FAULT, str(fault))
        by_webhook = message.channel == "webhook"
        limit = None if by_webhook else self._limit()  # a system is not buried in messages, and wants each by itself
        shown = without_query(to) if by_webhook else to
        claim = self._outbound.claim(message.key, shown, rendered.subject, rendered.text, datetime.now(UTC), limit)
        if isinstance(claim, Crowded):
            raise ApplicationError(
                claim.reason, type=CROWDED, next_retry_delay=claim.wait, category=ApplicationErrorCategory.BENIGN
            )
        if isinstance(claim, ClaimRefused):
            return _result(message.key, "skipped", None, claim.reason)
        if not isinstance(claim, Granted):
            return _result(message.key, claim.status, None, claim.reason)
        if claim.along:
            rendered = self._together(message, loaded, claim.along, roster, reference)
        valid, made = validity(message), rendered
        envelope = Envelope(reference, to, made.subject, made.text, made.html, valid, team=team)
        provider = self._providers[message.channel]
        told = None if claim.previous == "waiting" else loaded.record.reason
        before = history(told, SILENT if claim.previous == "sending" else None)
        return self._try(_Try(message.key, provider, envelope, claim, loaded.record.created_at, begun, before))

    def _load(self, key: str) -> Loaded:
        try:
            return self._outbound.load(key)
        except DomainError as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error

    def _together(
        self, message: Message, loaded: Loaded, along: Sequence[str], roster: Roster, reference: str
    ) -> Rendered:
        """One message that says what all of them say, as far as they find room in it; one that cannot be said has failed."""
        made = [self._said(message, loaded, roster, reference)]
        for other in map(self._outbound.load, along):
            try:
                made.append(self._said(other.message, other, roster, reference))
            except TemplateFault as fault:
                self._mark(other.message.key, "failed", TEMPLATE_FAULT, str(fault))
        rendered, count = self._renderer.together(made, reference)
        left = [case.message.key for case, _ in made[count:]]
        self._outbound.reword(message.key, rendered.subject, rendered.text, left)
        return rendered

    def _said(self, message: Message, loaded: Loaded, roster: Roster, reference: str) -> tuple[Case, Rendered]:
        case = self._case(message, loaded, roster)
        return case, self._renderer.render(case, reference)

    def _limit(self) -> Limit | None:
        """How much one person gets; who has little time left does not wait for that."""
        if self._per_minute is None:
            return None
        return Limit(self._per_minute, pressed=_patience_ends_before(LONGEST_CROWD))

    def _render(self, message: Message, loaded: Loaded, roster: Roster, reference: str) -> Rendered:
        return self._words(self._case(message, loaded, roster), reference)

    def _words(self, case: Case, reference: str) -> Rendered:
        if case.message.channel == "webhook":
            return told_by_webhook(case)
        return answerable(self._renderer.render(case, reference), case.code)

    def _case(self, message: Message, loaded: Loaded, roster: Roster) -> Case:
        page, now = self._pages + str(loaded.document["id"]), datetime.now(UTC)
        link, rate = self._link(message, loaded, now), self._rate(message, loaded, now)
        # By e-mail customers answer, too; the code stands in the subject.
        replies = message.channel in self._answered and (message.person is not None or message.channel == "email")
        code = self._reply_codes.code_for(loaded.record.id, loaded.record.episode, now) if replies else None
        seen = self._seen_before.of(message, loaded.document)
        told, known = self._problems.of(message, now), self._problems.known(message, loaded.document)
        tree = self._causes.tree if message.person is not None else None
        return Case(message, loaded.document, roster, page, now, code, link, rate, seen, known, told, tree)

    def _link(self, message: Message, loaded: Loaded, now: datetime) -> str | None:
        """For a responder's e-mail; an SMS has no room for it."""
        if self._links is None or message.person is None or message.channel != "email":
            return None
        return self._links.to_act(message.person, loaded.record.id, loaded.record.episode, now)

    def _rate(self, message: Message, loaded: Loaded, now: datetime) -> str | None:
        if self._links is None or message.kind != "customer_survey":
            return None
        return self._links.to_rate(loaded.record.id, loaded.record.episode, now)

    def _try(self, attempt: _Try) -> SendResult:
        found = self._look_up(attempt) if attempt.may_be_out else None
        if found is not None:
            return self._end(attempt, "sent", None, FOUND, found.provider_id)
        try:
            outcome = within(SEND_TIMEOUT, lambda: attempt.provider.send(attempt.envelope))
        except RetryLater as later:
            return self._later(attempt, later)
        except TimeoutError:
            outcome = AnswerLost(TOO_SLOW)
        match outcome:
            case Sent():
                return self._sent(attempt, outcome)
            case Refused():
                return self._failed(attempt, outcome.code, outcome.reason, taken=False)
            case AnswerLost():
                return self._lost(attempt, outcome)

    def _look_up(self, attempt: _Try) -> Sent | None:
        """The message of an earlier try at the provider. When that cannot be told in time, nothing is sent yet."""
        finder = attempt.provider
        if not isinstance(finder, Finder):
            return None
        try:
            found = within(SEND_TIMEOUT, lambda: finder.find(attempt.envelope, attempt.since))
        except RetryLater as later:
            self._retry(attempt, later, "unknown")
        except TimeoutError:
            self._retry(attempt, RetryLater("lookup_failed", TOO_SLOW), "unknown")
        if found is None and attempt.elapsed > LOOKUP_LIMIT:
            self._retry(attempt, RetryLater("slow_lookup", "looking the message up left no time to send it"), "unknown")
        return found

    def _sent(self, attempt: _Try, sent: Sent) -> SendResult:
        if attempt.perhaps_twice(taken=True):
            return self._end(attempt, "sent", POSSIBLE_DUPLICATE, SENT_AGAIN, sent.provider_id)
        return self._end(attempt, "sent", None, SENT_LATER if attempt.before else None, sent.provider_id)

    def _failed(self, attempt: _Try, code: str, reason: str, *, taken: bool) -> SendResult:
        """A known end, in the provider's words; what an earlier try may have done is said beside them."""
        fault = ADDRESS_FAULTS.get(code)
        if fault is not None:
            channel, to, now = attempt.provider.channel, attempt.envelope.to, datetime.now(UTC)
            self._bad_addresses.remember(BadAddress(channel, to, fault, code, reason, now))
        told = history(attempt.before, f"{code}: {reason}" if attempt.before else reason)
        if attempt.may_be_out and not attempt.can_look:
            told = f"{told}; {MAYBE_OUT}"
        twice = attempt.perhaps_twice(taken=taken)
        return self._mark(attempt.key, "failed", POSSIBLE_DUPLICATE if twice else code, told)

    def _later(self, attempt: _Try, later: RetryLater) -> SendResult:
        """Try again later, unless the workflow's patience ends before: then a known failure beats a silent time-out."""
        tried_enough = later.code in ONCE_MORE and attempt.claim.attempt > 1
        if not tried_enough and not _patience_ends_before(later.after or LONGEST_BACKOFF):
            self._retry(attempt, later, "unknown" if later.may_have_sent or attempt.may_be_out else "queued")
        return self._failed(attempt, later.code, later.reason, taken=later.may_have_sent)

    def _lost(self, attempt: _Try, lost: AnswerLost) -> SendResult:
        """Nobody knows whether it went out: try again, where there is a look-up with that first; then it stays `unknown`."""
        words, pause = LOST.format(lost.reason), _pause(attempt)
        enough = attempt.may_be_out and not attempt.can_look and attempt.claim.attempt >= MOST_TRIES_IN_DOUBT
        if not enough and not _patience_ends_before(pause or LONGEST_BACKOFF):
            self._retry(attempt, RetryLater(ANSWER_LOST, lost.reason, pause), "unknown", words)
        twice = attempt.perhaps_twice(taken=True)
        return self._end(attempt, "unknown", POSSIBLE_DUPLICATE if twice else ANSWER_LOST, words)

    def _retry(self, attempt: _Try, later: RetryLater, status: MessageStatus, words: str | None = None) -> NoReturn:
        """Leave the message where the next try finds it, and ask Temporal for that try."""
        told = history(attempt.before, words or str(later))
        taken = later.may_have_sent or later.code == ANSWER_LOST
        twice = status == "unknown" and attempt.perhaps_twice(taken=taken)  # should there be no next try
        code = POSSIBLE_DUPLICATE if twice else later.code
        self._outbound.mark(attempt.key, status, datetime.now(UTC), code=code, reason=told)
        log.warning(
            "message_postponed", key=attempt.key, provider=attempt.provider.name, code=later.code, status=status
        )
        raise ApplicationError(str(later), type=later.code, next_retry_delay=later.after) from later

    def _end(
        self, attempt: _Try, status: MessageStatus, code: str | None, words: str | None, provider_id: str | None = None
    ) -> SendResult:
        return self._mark(attempt.key, status, code, history(attempt.before, words), provider_id)

    def _mark(
        self, key: str, status: MessageStatus, code: str | None, reason: str | None, provider_id: str | None = None
    ) -> SendResult:
        now = datetime.now(UTC)
        self._outbound.mark(key, status, now, provider_id=provider_id, code=code, reason=reason)
        log.info("message_ended", key=key, status=status, code=code)
        return _result(key, status, code, reason)


def history(before: str | None, words: str | None) -> str | None:
    """What the tries of a message were told, in order; the same words several times in a row are said once."""
    if not before or not words or before == words or before.endswith(f"{THEN}{words}"):
        return before or words
    told = f"{before}{THEN}{words}"
    return told if len(told) <= LONGEST_HISTORY else f"…{told[-LONGEST_HISTORY + 1 :]}"


def validity(message: Message, now: datetime | None = None) -> timedelta:
    """How long the message is worth delivering: until its due time, else an hour (responders) or four (customers)."""
    due_at = message.facts.get("due_at")
    if due_at is None:
        return NEWS_VALIDITY if message.person is None else PAGE_VALIDITY
    left = datetime.fromisoformat(due_at) - (now or datetime.now(UTC))
    return min(max(left, SHORTEST_VALIDITY), LONGEST_VALIDITY)


def _result(key: str, status: MessageStatus, code: str | None, reason: str | None) -> SendResult:
    # For its case it has failed, so that the next channel or responder is told at once; nothing was tried and nothing is broken.
    ended = "failed" if code == NOT_NOW else _SETTLED.get(status, "unknown")
    return SendResult(key=key, status=ended, at=datetime.now(UTC), code=code, reason=reason)


def _pause(attempt: _Try) -> timedelta | None:
    """How long to wait after a lost answer; None where a look-up comes first: as the workflow's policy says."""
    if attempt.can_look:
        return None
    return LATER_PAUSE_IN_DOUBT if attempt.may_be_out else FIRST_PAUSE_IN_DOUBT


def _patience_ends_before(wait: timedelta) -> bool:
    info = activity.info()
    if info.schedule_to_close_timeout is None:
        return False
    return datetime.now(UTC) + wait >= info.scheduled_time + info.schedule_to_close_timeout
