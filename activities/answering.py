"""Answers to e-mails, and contact tests, sent by the same three steps as messages: claim, send, mark.

It belongs to no case, and a second one does less harm than silence: where the provider's answer was lost it is sent again, a few
times and no more. Its headers say that a machine wrote it (RFC 3834): machines do not answer that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.providers.deadline import within
from activities.providers.port import SEND_TIMEOUT, AnswerLost, Envelope, Outcome, Provider, Refused, RetryLater, Sent
from activities.sending import ANSWER_LOST, MOST_TRIES_IN_DOUBT, TOO_SLOW
from domain.errors import NotFound
from domain.identity import reference_of
from domain.provider_codes import ADDRESS_FAULTS, FAULT_WORDS
from domain.tickets import Channel
from records.answers import ENDINGS, Answers, AnswerStatus, MailAnswer
from records.bad_addresses import BadAddress, BadAddresses
from records.contact_tests import is_test, reference_of_test
from records.database import Database

WORTH_READING = timedelta(hours=1)
WORTH_TESTING = timedelta(minutes=10)  # an SMS that comes later says nothing of now

log = structlog.get_logger(__name__)


class Answering:
    """Sends what was kept in `records.answers`. Blocks as long as `Sending` does; runs in a thread of the worker."""

    def __init__(self, db: Database, providers: Mapping[Channel, Provider]) -> None:
        self._answers = Answers(db)
        self._bad_addresses = BadAddresses(db)
        self._providers = providers

    @activity.defn(name="send_answer", no_thread_cancel_exception=True)  # why: `activities.recording`
    def send_answer(self, id: str) -> str:
        """Send the answer of that id unless it has ended; how it ended.

        Raises ApplicationError: to be retried; final (`answer_not_found`) when nobody has kept it.
        """
        try:
            answer = self._answers.claim(id)
        except NotFound as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error
        if answer.status in ENDINGS:
            return answer.status
        in_doubt = answer.status == "sending" or answer.reason == ANSWER_LOST  # nobody heard how the last try ended
        if in_doubt and answer.attempts >= MOST_TRIES_IN_DOUBT:
            return self._end(id, "unknown", ANSWER_LOST)
        if (bad := self._bad_addresses.find(answer.channel, answer.to)) is not None:
            return self._end(id, "failed", f"the address is known to be dead ({FAULT_WORDS[bad.fault]})")
        return self._ended(id, answer, self._tried(id, answer))

    def _tried(self, id: str, answer: MailAnswer) -> Outcome:
        try:
            return within(SEND_TIMEOUT, lambda: self._providers[answer.channel].send(envelope(id, answer)))
        except RetryLater as later:
            raise self._again(id, later.code, later.after) from later
        except TimeoutError:
            return AnswerLost(TOO_SLOW)

    def _ended(self, id: str, answer: MailAnswer, outcome: Outcome) -> str:
        match outcome:
            case Sent():
                return self._end(id, "sent", None, outcome.provider_id)
            case Refused():
                self._remember(answer, outcome)
                return self._end(id, "failed", f"{outcome.code}: {outcome.reason}")
            case AnswerLost():
                raise self._again(id, ANSWER_LOST)

    def _remember(self, answer: MailAnswer, refused: Refused) -> None:
        fault = ADDRESS_FAULTS.get(refused.code)
        if fault is not None:
            now = datetime.now(UTC)
            bad = BadAddress(answer.channel, answer.to, fault, refused.code, refused.reason, now)
            self._bad_addresses.remember(bad)

    def _again(self, id: str, why: str, after: timedelta | None = None) -> ApplicationError:
        self._answers.mark(id, "queued", why)
        return ApplicationError(f"the answer is to be sent again: {why}", type=why, next_retry_delay=after)

    def _end(self, id: str, status: AnswerStatus, reason: str | None, provider_id: str | None = None) -> str:
        self._answers.mark(id, status, reason, provider_id, datetime.now(UTC))
        log.info("answer_ended", id=id, status=status)
        return status


def envelope(id: str, answer: MailAnswer) -> Envelope:
    """What goes to the provider; an SMS has neither subject nor headers."""
    if is_test(id):
        headers = {"Auto-Submitted": "auto-generated"} if answer.channel == "email" else {}
        subject = answer.subject if answer.channel == "email" else None
        return Envelope(reference_of_test(id), answer.to, subject, answer.text, None, WORTH_TESTING, headers)
    headers = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    if answer.in_reply_to is not None:
        headers |= {"In-Reply-To": f"<{answer.in_reply_to}>", "References": f"<{answer.in_reply_to}>"}
    return Envelope(reference_of(id), answer.to, answer.subject, answer.text, None, WORTH_READING, headers)
