"""One turn of the machine under way: the state being changed and what has come of it so far.

Every change of status, every line of the timeline and every message passes through here, so numbering and versions have one
home.
"""

from datetime import datetime
from typing import Any

from domain.clocks import Clock
from domain.messages import DutyQuestion, Message
from domain.outcome import Outcome
from domain.quiet import goes_out_at
from domain.replaced import replaced
from domain.state import NO_DRIFT, Entry, Escalation, TimelineEntry, TimelineKind

TIERLINE = "tierline"  # the actor of what happens by itself


class Turn:
    """Collects an `Outcome`. `state` is replaced, never changed in place."""

    def __init__(self, state: Escalation, made_at: datetime | None = None) -> None:
        """`made_at` is when it is worked out, which after an outage is hours after what is due has been due."""
        self.state = state
        self._made_at = made_at if state.rules_version >= NO_DRIFT else None
        self._round = state.entry.round
        self._timeline: list[TimelineEntry] = []
        self._questions: list[DutyQuestion] = []
        self._messages: list[Message] = []
        self._waiting: list[Message] = []
        self._dropped: list[Message] = []

    @property
    def now(self) -> datetime:
        """The instant the machine has come to."""
        return self.state.at

    @property
    def sends_at(self) -> datetime:
        """When a message that is made now goes out: quiet hours are kept at that time, not at the one it was due."""
        return goes_out_at(self.now, self._made_at)

    def set(self, **changes: Any) -> None:
        """Replace fields of the state."""
        self.state = replaced(self.state, **changes)

    def reach(self, at: datetime) -> None:
        """Move time forward; never back."""
        if at > self.state.at:
            self.set(at=at)

    def set_entry(self, **changes: Any) -> Entry:
        """Replace fields of the current entry."""
        self.set(entry=replaced(self.state.entry, **changes))
        return self.state.entry

    def replace_clock(self, old: Clock, new: Clock) -> None:
        """Put `new` where `old` or its equal stands: clocks are values. Raises ValueError when it stands nowhere."""
        clocks = list(self.state.clocks)
        same = (n for n, clock in enumerate(clocks) if clock is old or (clock.name == old.name and clock == old))
        place = next(same, None)
        if place is None:
            raise ValueError(f"the case has no such clock: {old}")
        clocks[place] = new
        self.set(clocks=tuple(clocks))

    def note(self, kind: TimelineKind, actor: str, text: str, /, **data: Any) -> None:
        """Add a line to the timeline."""
        seq = self.state.seq + len(self._timeline) + 1
        self._timeline.append(TimelineEntry(seq=seq, at=self.now, kind=kind, actor=actor, text=text, data=data))

    def ask(self, question: DutyQuestion) -> None:
        """Ask who is on duty."""
        self._questions.append(question)

    def send(self, message: Message) -> None:
        """Let a message go out; its end comes back as a `SendResult`."""
        self._messages.append(message)

    def hold(self, message: Message) -> None:
        """Keep a message until its `not_before`."""
        self._waiting.append(message)
        self.set(held=(*self.state.held, message))

    def drop(self, message: Message) -> None:
        """Give up a held message."""
        self._dropped.append(message)
        self.set(held=tuple(held for held in self.state.held if held.key != message.key))

    def outcome(self) -> Outcome:
        """What came of it; the version moves when there is something to write down. Ask once, at the end."""
        state, came_of_it = self.state, (self._timeline, self._questions, self._messages, self._waiting, self._dropped)
        if any(came_of_it) or state.entry.round != self._round:  # a new round changes what is due next
            self.set(
                version=state.version + 1,
                seq=state.seq + len(self._timeline),
                outstanding={**state.outstanding, **{message.key: message for message in self._messages}},
            )
        return Outcome(
            self.state,
            timeline=tuple(self._timeline),
            questions=tuple(self._questions),
            messages=tuple(self._messages),
            waiting=tuple(self._waiting),
            dropped=tuple(self._dropped),
        )
