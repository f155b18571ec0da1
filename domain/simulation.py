"""What would happen to a ticket: the same three functions a running case is made of, without waiting.

The loop here is the workflow's: record what came of it, ask who is on duty, let messages go, then the next due time or the next
word, whichever comes first (a word wins at the same instant). Every message that has an address and is not held back by what
its person prefers arrives, and nothing takes time in between; the roster is an input. So a preview is what really happens as
long as nobody does anything else and no channel fails.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.addresses import NO_ADDRESS, address, why_no_address
from domain.commands import Command
from domain.duty_answers import answered
from domain.errors import DomainError
from domain.escalation import advance, answer, apply, delivered, next_due, open_case
from domain.messages import Message, SendResult, SendStatus, may_still_go_out
from domain.outcome import Gathered, Outcome, gathered
from domain.preferences import NOT_NOW, why_not_now
from domain.roster import Roster
from domain.state import Escalation, Opening, TimelineEntry

MOST_LINES = 500  # of a preview; nobody reads more, and a last resort told every day would never end

TOLD_BY_A_MESSAGE = ("told", "warned", "customer_told")  # kinds of lines whose messages say it
OF_A_SYSTEM = ("customer-reply", "ticket-update", "survey")  # nobody of the roster says them

Ending = Literal["closed", "cancelled", "closure_missed", "too_long", "nothing_more"]


@dataclass(frozen=True)
class Refusal:
    """A word that the case did not allow when it was said."""

    at: datetime
    command: Command
    error: DomainError


@dataclass(frozen=True)
class Sending:
    """A message at the instant it goes out, the tier the case is then at, and whom the step asked for (None: no step)."""

    at: datetime
    tier: str
    selector: str | None
    message: Message


Happening = TimelineEntry | Sending | Refusal


@dataclass
class Course:
    """The course a case takes: everything that happens to it in order, how that ended, and the case as it then stands."""

    state: Escalation
    ending: Ending = "nothing_more"
    happenings: list[Happening] = field(default_factory=list)
    lines: int = 0

    def happens(self, one: Happening) -> None:
        """Add what happens next."""
        self.happenings.append(one)
        self.lines += in_words(one)


def course(
    opening: Opening,
    roster: Roster,
    words: Sequence[Command] = (),
    most: int = MOST_LINES,
    until: datetime | None = None,
) -> Course:
    """Play a case from its opening until it ends or its closing limit is missed and no word is left, or for `most` lines.

    `words` are said at their `received_at`, in that order; one the rules refuse is a `Refusal` and changes nothing. What a person
    says without `by` is said by whoever is then accountable. Lines are what a reader sees: `in_words` says which.
    """
    opened = open_case(opening)
    played = _Played(Course(opened.state), roster)
    played.take(opened)
    ahead = sorted(words, key=lambda word: word.received_at)
    while (ending := _ending(played.course, len(ahead), most)) is None:
        due = next_due(played.course.state)
        if ahead and (due is None or ahead[0].received_at <= due):
            played.say(ahead.pop(0))
        elif due is not None and (until is None or due <= until):
            played.take(advance(played.course.state, due))
        else:
            ending = "nothing_more"
            break
    played.course.ending = ending
    return played.course


def in_words(happening: Happening) -> bool:
    """Whether a reader sees it: a line of the timeline that a message stands for is not shown twice."""
    if not isinstance(happening, TimelineEntry):
        return True
    return happening.kind not in TOLD_BY_A_MESSAGE or "told_by" in happening.data  # what a person told left no message


def _ending(course: Course, ahead: int, most: int) -> Ending | None:
    """Why the course ends here, if it does; while words are ahead it goes on, so that none is passed over in silence."""
    state = course.state
    if course.lines >= most:
        return "too_long"
    if ahead:
        return None
    if state.status in ("closed", "cancelled"):
        return "closed" if state.status == "closed" else "cancelled"
    missed = any(clock.name == "closure" and clock.breached_at is not None for clock in state.clocks)
    return "closure_missed" if missed else None


class _Played:
    """The loop's inside: takes outcomes in until nothing is left to ask or to send at this instant."""

    def __init__(self, course: Course, roster: Roster) -> None:
        self.course = course
        self._roster = roster

    def say(self, word: Command) -> None:
        """Apply a word at its time, never before what has already happened."""
        state = self.course.state
        at = max(state.at, word.received_at)
        unsigned = word.by is None and word.name not in OF_A_SYSTEM
        spoken = word.model_copy(update={"by": state.accountable}) if unsigned else word
        try:
            outcome = apply(state, spoken, at)
        except DomainError as error:
            self.course.happens(Refusal(at, spoken, error))
        else:
            self.take(outcome)

    def take(self, outcome: Outcome) -> None:
        """One record after another, as the workflow makes them, until nobody is asked any more; then the messages go out."""
        batch, leaving = [outcome], list[Message]()
        self.course.state = outcome.state
        while batch or leaving:
            if batch:
                made = gathered(batch)
                for line in made.timeline:
                    self.course.happens(line)
                leaving += made.messages
                batch = [*self._ask(made), *self._give_up(made)]
            else:
                batch, leaving = list(self._send(leaving)), []

    def _give_up(self, made: Gathered) -> Iterator[Outcome]:
        for message in made.dropped:
            yield self._ended(message, "skipped", None, "overtaken")

    def _ask(self, made: Gathered) -> Iterator[Outcome]:
        for question in made.questions:
            outcome = answer(self.course.state, answered(self._roster, question))
            self.course.state = outcome.state
            yield outcome

    def _send(self, leaving: Sequence[Message]) -> Iterator[Outcome]:
        """What has an address and may still go out does, by the rules the senders ask, in their order."""
        state = self.course.state  # as written down: the end of one moves the case when the others have left
        for message in leaving:
            if (failure := self._failure(state, message)) is not None:
                yield self._ended(message, "failed", *failure)
                continue
            why_not = may_still_go_out(
                message.kind, message.entry, status=state.status, current_entry=state.entry.number
            )
            if why_not is None:
                self.course.happens(Sending(state.at, state.here.name, _asked_for(state, message), message))
            yield self._ended(message, "skipped" if why_not else "sent", None, why_not)

    def _failure(self, state: Escalation, message: Message) -> tuple[str, str] | None:
        """The code and the words of a message that cannot go out, whatever the case says."""
        if address(message, state.customer.email, state.customer.phone, self._roster, state.team) is None:
            return NO_ADDRESS, why_no_address(message, self._roster, state.team)
        not_now = why_not_now(message, self._roster, state.priority, state.rules_version)
        return None if not_now is None else (NOT_NOW, not_now)

    def _ended(self, message: Message, status: SendStatus, code: str | None, reason: str | None) -> Outcome:
        result = SendResult(key=message.key, status=status, at=self._now, code=code, reason=reason)
        outcome = delivered(self.course.state, result)
        self.course.state = outcome.state
        return outcome

    @property
    def _now(self) -> datetime:
        return self.course.state.at


def _asked_for(state: Escalation, message: Message) -> str | None:
    """Whom the step asked for that this message came of; a case reopened asks for its resolver first."""
    this = (message.step, message.round, message.person)
    found = (tell.selector for tell in state.entry.tells if (tell.step, tell.round, tell.person) == this)
    return next(found, None) if message.kind == "step" else None
