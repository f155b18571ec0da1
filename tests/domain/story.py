"""Telling a case as a story: people do things at times, and whoever is told must have been expected.

A `Story` is a loop around the pure machine with a roster that answers at once and a provider that takes everything. It
begins on Monday 2026-03-02 at 10:00 UTC. Times read `10:05` (that Monday), `Tue 09:00` (that week), or `03-12 09:00`. Each
message must be expected at its very instant; time does not move on, and the story does not end, over a surprise.

    with Story(policy(L1="repeat: 2")) as story:
        story.expect_told("dana", "sms", "email")
        story.at("10:10").expect_told("eli", "sms")
        story.eli.acknowledges()
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from types import TracebackType
from typing import Any, Self

import pytest

from domain import escalation
from domain.channel_order import ChannelOrder
from domain.commands import Command
from domain.errors import DomainError
from domain.messages import DutyAnswer, DutyQuestion, Message, SendResult, may_still_go_out
from domain.outcome import Outcome
from domain.policy import Policy
from domain.state import Escalation, Opening, Origin, TimelineEntry
from domain.tickets import Customer, Priority, Ticket, Trigger
from domain.view import document
from tests.domain.setting import LEADS, ROSTER, policy, said, when

__all__ = ["Story", "policy", "said", "when"]


@dataclass(frozen=True)
class Target:
    """One target as the API shows it, times as in the story."""

    name: str
    tier: str | None
    status: str
    due: str | None
    warns: tuple[str | None, ...]
    breached: str | None
    met: str | None


@dataclass
class Person:
    """Somebody of the roster, in a sentence: `story.dana.acknowledges()`."""

    story: "Story"
    name: str

    def does(self, command: str, **body: Any) -> None:
        self.story.does(self.name, command, **body)

    def acknowledges(self) -> None:
        self.does("acknowledge")

    def assigns_to(self, person: str) -> None:
        self.does("assign", to=person)

    def resolves(self) -> None:
        self.does("resolve", summary="restarted it")

    def escalates(self, **where: str) -> None:
        self.does("escalate", **{"kind": "hierarchical", "reason": "too hard", **where})

    def escalates_to_team(self, team: str, **where: str) -> None:
        self.does("escalate", kind="functional", team=team, reason="theirs", **where)

    def hands_back(self) -> None:
        self.does("hand-back", reason="too easy")

    def waits_for_the_customer(self, until: str | None = None) -> None:
        self.pauses("waiting_on_customer", until)

    def pauses(self, reason: str, until: str | None = None) -> None:
        self.does("pause", reason=reason, **({"until": when(until).isoformat()} if until else {}))

    def resumes(self) -> None:
        self.does("resume")

    def notes(self, text: str = "looking") -> None:
        self.does("note", text=text)

    def updates_the_customer(self, **more: str) -> None:
        self.does("customer-update", text="we are on it", **more)

    def sets_priority(self, priority: Priority) -> None:
        self.does("reprioritize", priority=priority, reason="it grew")

    def records_the_cause(self) -> None:
        self.does("root-cause", category="disk", description="it was full", origin="ours")

    def closes(self) -> None:
        self.does("close")

    def reopens(self) -> None:
        self.does("reopen", reason="broken again")

    def moves_to(self, policy: Policy) -> None:
        self.does("rebase", policy=policy.model_dump(mode="json", by_alias=True))


@dataclass
class Provider:
    """What becomes of messages: everything is sent, but what is listed as (person or `customer`, channel) fails."""

    failing: set[tuple[str, str]] = field(default_factory=set)
    code: str | None = None  # of what fails

    def result(self, message: Message, at: datetime) -> SendResult:
        fails = (message.person or "customer", message.channel) in self.failing
        return SendResult(
            key=message.key, status="failed" if fails else "sent", at=at, code=self.code if fails else None
        )


class Story:
    """One case from its opening; see the module for how to read times and expectations."""

    def __init__(
        self,
        rules: Policy | None = None,
        *,
        opens: str = "10:00",
        priority: Priority = "high",
        nobody: tuple[tuple[str, str], ...] = (),
        failing: tuple[tuple[str, str], ...] = (),
        customer: Mapping[str, Any] | None = None,
        origin: Origin | None = None,
        leads: Mapping[str, str] = LEADS,
        takes: Mapping[str, Mapping[str, list[str]]] | None = None,
        answers_wait: bool = False,
    ) -> None:
        self.roster: dict[tuple[str, str], str | None] = {**ROSTER, **dict.fromkeys(nobody)}
        self.takes = {person: ChannelOrder.model_validate(order) for person, order in (takes or {}).items()}
        self.provider = Provider(set(failing))
        self.now = when(opens)
        self.messages: list[Message] = []
        self.timeline: list[TimelineEntry] = []
        self.held: list[Message] = []
        self.dropped: list[Message] = []
        self.unread: list[Message] = []
        self.answers_wait = answers_wait
        self.questions: list[DutyQuestion] = []
        self._ids = count(1)
        reachable = {"email": "it@acme.example", "phone": "+493012345678", "timezone": "UTC"}
        opening = Opening(
            id="zendesk-4711",
            episode=origin.episode + 1 if origin else 1,
            accepted_at=self.now,
            opened_by="api",
            policy=rules or policy(),
            priority=priority,
            priority_reasons=(),
            ticket=Ticket(system="zendesk", id="4711", subject="Checkout is down", opened_at=when("08:00")),
            customer=Customer.model_validate({"id": "acme", "name": "Acme GmbH", **reachable, **(customer or {})}),
            trigger=Trigger(kind="manual"),
            leads=dict(leads),
            origin=origin,
        )
        self.state: Escalation
        self._take(escalation.open_case(opening))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._no_surprise()

    def __getattr__(self, name: str) -> Person:
        """Anybody's name is a person."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Person(self, name)

    # what happens

    def at(self, text: str) -> Self:
        """Time moves on to `text`. Who was told before must have been expected, and on the way nobody is told."""
        self._no_surprise()
        until = when(text)
        assert until >= self.now, f"{text} is over"
        while (due := escalation.next_due(self.state)) is not None and due <= until:
            if due > self.now:
                self._no_surprise()
            self.now = max(due, self.now)
            self._take(escalation.advance(self.state, self.now))
        if until > self.now:
            self._no_surprise()
        self.now = until
        self._take(escalation.advance(self.state, until))
        return self

    def later(self, text: str) -> Self:
        """Time moves on to `text`; who is told before then is of no matter here."""
        until = when(text)
        while (due := escalation.next_due(self.state)) is not None and due < until:
            self.now = max(due, self.now)
            self._take(escalation.advance(self.state, self.now))
        self.never_mind()
        return self.at(text)

    def leaps_to(self, text: str) -> Self:
        """The workers were down until `text`: one `advance` over the gap, then the answers and the claims."""
        self._no_surprise()
        self.now = when(text)
        self._take(escalation.advance(self.state, self.now))
        return self

    def does(self, who: str | None, command: str, id: str | None = None, **body: Any) -> None:
        """Somebody speaks now."""
        sent = Command(id=id or f"c{next(self._ids)}", name=command, by=who, received_at=self.now, body=body)
        self._take(escalation.apply(self.state, sent, self.now))

    def customer_replies(self) -> None:
        self.does(None, "customer-reply", text="still broken")

    @contextmanager
    def expect_refused(self, code: str) -> Iterator[None]:
        """What happens inside is refused with that code and changes nothing."""
        before = self.state
        with pytest.raises(DomainError) as refusal:
            yield
        assert refusal.value.code == code
        assert self.state == before

    def answer(self, person: str | None) -> None:
        """The roster answers the oldest question that was left waiting (`answers_wait`), now."""
        self._answer(self.questions.pop(0), person, self.now)

    def answers_at_last(self) -> None:
        """The roster answers the oldest question that was left waiting, as of when it was asked."""
        question = self.questions.pop(0)
        self._answer(question, self._on_duty(question), question.at)

    def fails(self, message: Message) -> None:
        """A message that seemed sent comes back as finally failed."""
        self.state = self.state.model_copy(update={"outstanding": {**self.state.outstanding, message.key: message}})
        self._take(escalation.delivered(self.state, SendResult(key=message.key, status="failed", at=self.now)))

    # what is expected

    def expect_told(self, who: str, *channels: str, kind: str = "step") -> list[Message]:
        """`who` (a person or `customer`) was told just now, on exactly these channels."""
        found = [one for one in self.unread if (one.person or "customer") == who and one.kind == kind]
        assert [one.channel for one in found] == list(channels), f"{who} not told so; told were: {self._unread()}"
        assert all(one.at <= self.now for one in found)
        self.unread = [one for one in self.unread if one not in found]
        return found

    def expect_customer_told(self, what: str, channel: str = "email") -> Message:
        """The customer was told just now: `opened`, `holding`, `update`, …"""
        return self.expect_told("customer", channel, kind=f"customer_{what}")[0]

    def expect_nobody_told(self) -> None:
        self._no_surprise()

    def never_mind(self) -> None:
        """Who was told so far is of no matter here."""
        self.unread = []

    # what the case looks like

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def tier(self) -> str:
        return self.state.here.name

    @property
    def entry(self) -> int:
        return self.state.entry.number

    @property
    def owner(self) -> str:
        return self.state.owner or "nobody"

    @property
    def accountable(self) -> str:
        return self.state.accountable

    def targets(self, name: str) -> list[Target]:
        """All clocks of that name, oldest first."""
        shown = [one for one in document(self.state)["targets"] if one["name"] == name]
        return [
            Target(
                name,
                one["tier"],
                one["status"],
                said(one["due_at"]),
                tuple(said(at) for at in one["warn_at"]),
                said(one["breached_at"]),
                said(one["met_at"]),
            )
            for one in shown
        ]

    def target(self, name: str, tier: str | None = None) -> Target:
        """The latest clock of that name (at that tier)."""
        return [one for one in self.targets(name) if tier in (None, one.tier)][-1]

    def happened(self, *kinds: str) -> list[str]:
        """The timeline as `10:30 breached`, all kinds or those named."""
        return [f"{said(line.at)} {line.kind}" for line in self.timeline if not kinds or line.kind in kinds]

    def texts(self, kind: str) -> list[str]:
        """What the timeline says of that kind."""
        return [line.text for line in self.timeline if line.kind == kind]

    # the loop

    def _take(self, outcome: Outcome) -> None:
        self.state = outcome.state
        self.timeline += outcome.timeline
        self.held += outcome.waiting
        self.dropped += outcome.dropped
        for question in outcome.questions:
            if self.answers_wait:
                self.questions.append(question)
            else:
                self._answer(question, self._on_duty(question), question.at)
        for message in outcome.messages:
            self._deliver(message)

    def _on_duty(self, question: DutyQuestion) -> str | None:
        """What the roster says; a person asked for by name is there unless the story says otherwise."""
        named = question.selector.removeprefix("person:")
        return self.roster.get((question.team, question.selector), named if named != question.selector else None)

    def _answer(self, question: DutyQuestion, person: str | None, at: datetime) -> None:
        answer = DutyAnswer(
            entry=question.entry,
            step=question.step,
            round=question.round,
            person=person,
            lead=LEADS.get(question.team),
            at=at,
            channels=self.takes.get(person) if person is not None else None,
        )
        self._take(escalation.answer(self.state, answer, self.now))

    def _deliver(self, message: Message) -> None:
        """Claim, as the store does, then send."""
        state = self.state
        refused = may_still_go_out(message.kind, message.entry, status=state.status, current_entry=state.entry.number)
        if refused:
            result = SendResult(key=message.key, status="skipped", at=self.now, reason=refused)
        else:
            result = self.provider.result(message, self.now)
            self.messages.append(message)
            self.unread.append(message)
        self._take(escalation.delivered(self.state, result))

    def _unread(self) -> str:
        return (
            ", ".join(f"{said(one.at)} {one.person or 'customer'} {one.channel} {one.kind}" for one in self.unread)
            or "-"
        )

    def _no_surprise(self) -> None:
        assert not self.unread, f"nobody expected: {self._unread()}"
