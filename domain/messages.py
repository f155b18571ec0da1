"""Messages to send: who is told what on which channel, under a key that never repeats.

A message carries no address and no wording. The address is looked up and the text is rendered when it is about to go out, so
a roster change applies at once and no responder's address stands in a workflow's history.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.channel_order import ChannelOrder
from domain.tickets import Channel

ResponderKind = Literal[
    "step",
    "warning",
    "assigned",
    "promise_reminder",
    "customer_replied",
    "root_cause_overdue",
    "last_resort",
    "closure_overdue",
    "top_breach",
    "watch",
    "low_score",
    "action_due",
    "problem_opened",
    "problem_reminder",
    "unreachable",
]
CustomerKind = Literal[
    "customer_opened",
    "customer_acknowledged",
    "customer_escalated",
    "customer_resolved",
    "customer_reopened",
    "customer_closed",
    "customer_update",
    "customer_holding",
    "customer_survey",
]
MessageKind = ResponderKind | CustomerKind

CUSTOMER = "customer"
OF_A_PROBLEM: tuple[MessageKind, ...] = ("problem_opened", "problem_reminder")
LESSONS: tuple[MessageKind, ...] = ("action_due", *OF_A_PROBLEM)
"""What a case has taught: it has no hurry, and does not end with the case."""
AFTER_CLOSING: tuple[MessageKind, ...] = ("customer_closed", "customer_survey", "low_score", *LESSONS)
OF_THE_ENTRY: tuple[MessageKind, ...] = (
    "step",
    "warning",
    "customer_escalated",
)  # the next entry says it anew
REPEATED: tuple[MessageKind, ...] = (
    "step",
    "promise_reminder",
    "last_resort",
    "closure_overdue",
    "top_breach",
    "customer_holding",
)  # said again while nothing changes; after an outage only the latest is news

SOLVED_SAYS_IT = (
    6  # the rules version from which on a customer who is told that it is solved is not told that it was taken
)
CHANNEL_WORDS: dict[Channel, str] = {"email": "e-mail", "sms": "SMS", "webhook": "webhook"}

SendStatus = Literal["sent", "failed", "skipped", "unknown"]


class Message(BaseModel):
    """One message to one recipient on one channel.

    `person` is None for the customer. `facts` are the few things only this message knows (`due_at`, `text`, …); the rest is
    read from the case when it is rendered. `purpose` is what an operator reads in the Temporal UI, without a name in it but ids.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    kind: MessageKind
    channel: Channel
    person: str | None
    entry: int
    step: int = 0
    round: int = 0
    at: datetime
    not_before: datetime | None = None
    facts: dict[str, str] = {}
    purpose: str = ""
    fallbacks: tuple[Channel, ...] = ()

    @property
    def addressed(self) -> str:
        """`SMS to dana`, `e-mail to customer`."""
        return f"{CHANNEL_WORDS[self.channel]} to {self.person or CUSTOMER}"

    @property
    def summary(self) -> str:
        """`SMS to dana: acknowledge by 17:05`."""
        text = f"{self.addressed}: {self.purpose}"
        return text[0].upper() + text[1:]


class SendResult(BaseModel):
    """How a message ended: `failed` is final, `skipped` was refused at the claim, `unknown` lost its answer."""

    model_config = ConfigDict(frozen=True)

    key: str
    status: SendStatus
    at: datetime
    code: str | None = None
    reason: str | None = None


class DutyQuestion(BaseModel):
    """Who is on duty now? Asked when a step is due; `at` is the workflow's own time, `turn` counts for round robin."""

    model_config = ConfigDict(frozen=True)

    entry: int
    step: int
    round: int
    team: str
    selector: str
    at: datetime
    turn: int = 0  # absent: asked before there was round robin; the first member in the written order
    last_resort: str | None = None  # its owner; absent: a case of rules before 7


class StandIn(BaseModel):
    """From `begins` until before `ends` somebody is away, and `by` answers in that one's place; None: nobody does."""

    model_config = ConfigDict(frozen=True)

    begins: datetime
    ends: datetime
    by: str | None


class DutyAnswer(BaseModel):
    """The answer to a `DutyQuestion`: a person's id or nobody, the channels that person takes, and the team's lead.

    `stand_ins` has the times at which that lead or the owner of last resort is away, as far as they are known ahead.
    """

    model_config = ConfigDict(frozen=True)

    entry: int
    step: int
    round: int
    person: str | None
    lead: str | None
    at: datetime
    channels: ChannelOrder | None = None  # absent: the person has said nothing, or was asked before people could
    stand_ins: dict[str, tuple[StandIn, ...]] = {}  # absent: they are there, or a case of rules before 7 asked


def overtaken(messages: Sequence[Message], rules_version: int) -> tuple[Message, ...]:
    """Those of a batch that a later one says again to the same person on the same channel.

    A batch holds more than one round only when the workers were away: then one message goes out, not one for each missed tick.
    """
    if len(messages) < 2:
        return ()
    latest = {_subject(message, rules_version): message for message in messages}
    again = [one for one in messages if one.kind in REPEATED and one is not latest[_subject(one, rules_version)]]
    return (*again, *(_solved_at_once(messages) if rules_version >= SOLVED_SAYS_IT else ()))


def _solved_at_once(messages: Sequence[Message]) -> Sequence[Message]:
    """That somebody looks after it, where the same batch says that it is solved: taken and solved at once is one message."""
    solved = max((place for place, one in enumerate(messages) if one.kind == "customer_resolved"), default=0)
    return [one for one in messages[:solved] if one.kind == "customer_acknowledged"]


def _subject(message: Message, rules_version: int) -> tuple[object, ...]:
    about = message.purpose if message.kind == "top_breach" else None  # each missed target is news of its own
    # The customer knows nothing of entries.
    entry = None if message.person is None and rules_version >= 2 else message.entry
    return (message.kind, entry, message.step, message.person, message.channel, about)


def may_still_go_out(
    kind: MessageKind,
    entry: int,
    *,
    status: str,
    current_entry: int,
    reopened: bool = False,
    rated: bool = False,
    action: str = "open",
    problem: str = "open",
) -> str | None:
    """None when the message may go out now, else why not; asked again at the claim, for what is in flight.

    `reopened` (a newer episode exists) and `rated` count for the survey only: nobody is asked how it was who is waiting again, or
    who has said so. `action` is the state of the action that a reminder is about, or `moved` where it has another owner
    or day by now; `problem` that of a problem, or `moved` where it is somebody else's.
    """
    if kind == "action_due" and action != "open":
        return f"action {action}"
    if kind in OF_A_PROBLEM and problem in ("resolved", "moved"):
        return f"problem {problem}"
    if kind == "customer_survey" and (reopened or rated or status != "closed"):
        return "case reopened" if reopened else "already rated" if rated else f"case {status}"
    if status in ("closed", "cancelled"):
        return None if status == "closed" and kind in AFTER_CLOSING else f"case {status}"
    if kind in OF_THE_ENTRY and entry < current_entry:
        return "overtaken"
    if kind == "step" and status != "open":
        return "overtaken"
    return None
