"""What came of a command or of time passing: the new state, what to write down, what to ask and what to send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from domain.messages import DutyQuestion, Message, overtaken
from domain.state import Escalation, TimelineEntry


@dataclass(frozen=True)
class Outcome:
    """The result of `apply` or `advance`.

    `messages` go out once they are recorded; `waiting` are held back (quiet hours) and `dropped` will never go out (a newer one
    took their place); `questions` ask who is on duty.
    """

    state: Escalation
    timeline: tuple[TimelineEntry, ...] = ()
    questions: tuple[DutyQuestion, ...] = ()
    messages: tuple[Message, ...] = ()
    waiting: tuple[Message, ...] = ()
    dropped: tuple[Message, ...] = ()


class Gathered(NamedTuple):
    """What several outcomes in a row come to, as they follow each other."""

    timeline: tuple[TimelineEntry, ...]
    questions: tuple[DutyQuestion, ...]
    messages: tuple[Message, ...]
    waiting: tuple[Message, ...]
    dropped: tuple[Message, ...]


_PARTS = attrgetter(*Gathered._fields)


def gathered(outcomes: Sequence[Outcome]) -> Gathered:
    """All of them together; messages that a later one says again are dropped."""
    if len(outcomes) == 1 and len(outcomes[0].messages) < 2:  # the usual one
        return Gathered(*_PARTS(outcomes[0]))
    timeline, questions, messages, waiting, dropped = (
        tuple(chain.from_iterable(getattr(outcome, name) for outcome in outcomes)) for name in Gathered._fields
    )
    late = overtaken(messages, outcomes[-1].state.rules_version) if messages else ()
    if late:
        late_keys = {message.key for message in late}  # after a long outage there are hundreds
        messages = tuple(message for message in messages if message.key not in late_keys)
    return Gathered(timeline, questions, messages, waiting, (*dropped, *late))


class Settled(BaseModel):
    """A command that came to its end: applied, or refused with a code and a reason."""

    model_config = ConfigDict(frozen=True)

    command_id: str
    status: Literal["applied", "refused"]
    code: str | None = None
    reason: str | None = None


class Transition(BaseModel):
    """What the store writes in one transaction, and the questions it answers on the way.

    `document` is the escalation as the contract shows it, `version` its guard: an older one never overwrites a newer.
    `as_of` is when the workflow task that made it began; `after` that of the record before. What the store has from tasks later
    than `after` was written by one that died before Temporal kept it: it never happened.
    """

    model_config = ConfigDict(frozen=True)

    document: dict[str, Any]
    version: int
    timeline: tuple[TimelineEntry, ...] = ()
    messages: tuple[Message, ...] = ()
    waiting: tuple[Message, ...] = ()
    dropped: tuple[Message, ...] = ()
    settled: tuple[Settled, ...] = ()
    questions: tuple[DutyQuestion, ...] = ()
    as_of: datetime | None = None  # None: a record of a release that did not say
    after: datetime | None = None

    @classmethod
    def of(
        cls, document: dict[str, Any], version: int, outcomes: Sequence[Outcome], settled: Sequence[Settled]
    ) -> "Transition":
        """What several outcomes in a row come to."""
        return cls(document=document, version=version, settled=tuple(settled), **gathered(outcomes)._asdict())
