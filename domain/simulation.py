"""What would happen to a ticket: the same three functions a running case is made of, without waiting.

The loop here is the workflow's: record what came of it, ask who is on duty, let messages go, then the next due time or the next
word, whichever comes first (a word wins at the same instant). Every message arrives, and nothing takes time in between; the
roster is an input. So a preview is what really happens as long as nobody does anything else and no channel fails.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.commands import Command
from domain.duty_answers import answered
from domain.errors import DomainError
from domain.escalation import advance, answer, apply, delivered, next_due, open_case
from domain.messages import Message, SendResult, SendStatus, may_still_go_out, overtaken
from domain.outcome import Outcome
from domain.roster import Roster
from domain.state import Escalation, Opening, TimelineEntry

MOST_LINES = 500  # of a preview; nobody reads more, and a last resort told every day would never end

Ending = Literal["closed", "cancelled", "closure_missed", "too_long", "nothing_more"]


@dataclass(frozen=True)
class Refusal:
    """A word that the case did not allow when it was said."""

    at: datetime
    command: Command
    error: DomainError


@dataclass(frozen=True)
class Sending:
    """A message at the instant it goes out, and the tier the case is then at."""

    at: datetime
    tier: str
    message: Message


Happening = TimelineEntry | Sending | Refusal


@dataclass
class Course:
    """The course a case takes: everything that happens to it in order, how that ended, and the case as it then stands."""

    state: Escalation
    ending: Ending = "nothing_more"
    happenings: list[Happening] = field(default_factory=list)


def course(opening: Opening, roster: Roster, words: Sequence[Command] = (), most: int = MOST_LINES) -> Course:
    """Play a case from its opening until it ends, its closing limit is missed, or `most` things have happened.

    `words` are said at their `received_at`, in that order; one the rules refuse is a `Refusal` and changes nothing. A word
    without `by` is said by whoever is then accountable.
    """
    opened = open_case(opening)
    played = _Played(Course(opened.state), roster)
    played.take(opened)
    ahead = sorted((word for word in words), key=lambda word: word.received_at)
    while (ending := _ending(played.course, most)) is None:
        due = next_due(played.course.state)
        if ahead and (due is None or ahead[0].received_at <= due):
            played.say(ahead.pop(0))
        elif due is not None:
            played.take(advance(played.course.state, due))
        else:
            ending = "nothing_more"
            break
    played.course.ending = ending
    return played.course


def _ending(course: Course, most: int) -> Ending | None:
    """Why the course ends here, if it does."""
    state = course.state
    if state.status in ("closed", "cancelled"):
        return "closed" if state.status == "closed" else "cancelled"
    if any(clock.name == "closure" and clock.breached_at is not None for clock in state.clocks):
        return "closure_missed"
    return "too_long" if len(course.happenings) >= most else None


class _Played:
    """The loop's inside: takes outcomes in until nothing is left to ask or to send at this instant."""

    def __init__(self, course: Course, roster: Roster) -> None:
        self.course = course
        self._roster = roster

    def say(self, word: Command) -> None:
        """Apply a word at its time, never before what has already happened."""
        state = self.course.state
        at = max(state.at, word.received_at)
        spoken = word if word.by is not None else word.model_copy(update={"by": state.accountable})
        try:
            outcome = apply(state, spoken, at)
        except DomainError as error:
            self.course.happenings.append(Refusal(at, spoken, error))
        else:
            self.take(outcome)

    def take(self, outcome: Outcome) -> None:
        """One record after another, as the workflow makes them, until nobody is asked any more; then the messages go out."""
        batch, leaving = [outcome], list[Message]()
        self.course.state = outcome.state
        while batch or leaving:
            if batch:
                leaving += self._record(batch)
                batch = [*self._give_up(batch), *self._ask(batch)]
            else:
                batch, leaving = list(self._send(leaving)), []

    def _record(self, batch: Sequence[Outcome]) -> list[Message]:
        """Write down what came of it; the messages that are to go out, but for those said again in the same breath."""
        self.course.happenings += [line for outcome in batch for line in outcome.timeline]
        messages = [message for outcome in batch for message in outcome.messages]
        late = overtaken(messages)
        return [message for message in messages if message not in late]

    def _give_up(self, batch: Sequence[Outcome]) -> Iterator[Outcome]:
        late = overtaken([message for outcome in batch for message in outcome.messages])
        for message in (*(one for outcome in batch for one in outcome.dropped), *late):
            yield self._ended(message, "overtaken")

    def _ask(self, batch: Sequence[Outcome]) -> Iterator[Outcome]:
        for question in (question for outcome in batch for question in outcome.questions):
            outcome = answer(self.course.state, answered(self._roster, question))
            self.course.state = outcome.state
            yield outcome

    def _send(self, leaving: Sequence[Message]) -> Iterator[Outcome]:
        """What may still go out does, by the rule the senders ask."""
        state = self.course.state
        for message in leaving:
            why_not = may_still_go_out(
                message.kind, message.entry, status=state.status, current_entry=state.entry.number
            )
            if why_not is None:
                self.course.happenings.append(Sending(state.at, state.here.name, message))
            yield self._ended(message, why_not)

    def _ended(self, message: Message, why_not: str | None) -> Outcome:
        status: SendStatus = "skipped" if why_not else "sent"
        outcome = delivered(self.course.state, SendResult(key=message.key, status=status, at=self._now, reason=why_not))
        self.course.state = outcome.state
        return outcome

    @property
    def _now(self) -> datetime:
        return self.course.state.at
