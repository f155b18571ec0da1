"""Providers for the tests of sending: one that answers as told, one that can be asked what it has, one that never ends."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.providers.port import Channel, Envelope, Outcome, Provider, RetryLater, Sent
from domain.messages import Message, SendResult
from records.database import Database
from records.outbound import Outbound
from records.stored import StoredMessage
from tests.activities.cases import message

MAIL, SMS = message(channel="email"), message()
LONG = 20.0  # seconds

Send = Callable[..., SendResult]


class Post:
    """A provider that answers as told, one answer a call, and remembers what it was handed."""

    name = "post"

    def __init__(self, channel: Channel, *answers: Outcome | Exception) -> None:
        self.channel: Channel = channel
        self.answers = list(answers)
        self.sent: list[Envelope] = []

    def send(self, envelope: Envelope) -> Outcome:
        self.sent.append(envelope)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Pigeons(Post):
    """One that can also be asked what it has; `there` is what it finds."""

    there: Sent | RetryLater | None = None
    asked_since: datetime | None = None

    def find(self, envelope: Envelope, since: datetime) -> Sent | None:
        self.asked_since = since
        if isinstance(self.there, RetryLater):
            raise self.there
        return self.there


class Dripping(Post):
    """A vendor that is never done with its answer, until the test lets it."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.enough = threading.Event()

    def send(self, envelope: Envelope) -> Outcome:
        self.sent.append(envelope)
        self.enough.wait(LONG)
        return Sent("late")


class DrippingPigeons(Dripping):
    def find(self, envelope: Envelope, since: datetime) -> Sent | None:
        self.enough.wait(LONG)
        return None


def fate(db: Database, key: str = SMS.key) -> StoredMessage:
    return Outbound(db).load(key).record


def tries(send: Any, provider: Provider, what: Message, count: int) -> list[ApplicationError]:
    """Let it fail so often, each time to be tried again."""
    failures = []
    for _ in range(count):
        with pytest.raises(ApplicationError) as caught:
            send(provider, what)
        failures.append(caught.value)
    return failures
