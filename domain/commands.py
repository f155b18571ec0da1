"""What a person or system can say about an escalation, one model per command, named as in the contract.

`Command` is the envelope that travels: an id that is applied once, who speaks, when it was received, and the body. The body is
parsed here, so API, workflow and simulation agree on what is well formed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.durations import PositiveDuration
from domain.errors import Invalid
from domain.messages import Message
from domain.plain_words import plain
from domain.policy import Name, PauseReason, Policy
from domain.tickets import LONGEST_TEXT, Day, Level, Line, Moment, Priority, Tags, Text, Url, printable

LONGEST_ACTION = 2_000  # characters; so that a case with the longest ticket and cause still fits one Temporal payload
MOST_CAUSES = 50

PersonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Said = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT), AfterValidator(printable)
]

ToldBy = Literal["phone", "in_person", "other"]


class Body(BaseModel):
    """The fields of one command; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Acknowledge(Body):
    """I have it: the acknowledge target is met and the steps end."""

    note: Text | None = None


class Assign(Body):
    """`to` has it now; on an open case that acknowledges for them."""

    to: PersonId


class Escalate(Body):
    """Up the ladder (hierarchical; the next tier unless one is named), or to another `team` (functional).

    Without a team a functional one goes where the policy's `functional` says, by the `skill` asked for or by the ticket.
    """

    kind: Literal["hierarchical", "functional"]
    tier: Name | None = None
    team: Name | None = None
    skill: Line | None = None
    reason: Said


class HandBack(Body):
    """One tier down."""

    reason: Said


class Pause(Body):
    """Wait for something, until a time (three days unless one is given); the targets that pause for it stop."""

    reason: PauseReason
    until: Moment | None = None
    note: Text | None = None


class Resume(Body):
    """The wait is over before its time."""


class Note(Body):
    """Something for the colleagues; the customer never reads it."""

    text: Said


class CustomerUpdate(Body):
    """What the customer is told now, and when they hear next (the policy's `every` unless given).

    `told_by` is how they have been told already, by a person and not by us: it is written down, and nothing goes out.
    """

    text: Said
    next_update_in: PositiveDuration | None = None
    told_by: ToldBy | None = None  # absent: we tell them


class CustomerReply(Body):
    """What the customer said, and on which channel, as the ticket system calls it."""

    text: Said
    channel: Line | None = None


class TicketFields(Body):
    """The fields of a ticket that its own system may change while the escalation runs."""

    subject: Line | None = None
    description: Text | None = None
    url: Url | None = None
    category: Line | None = None
    product: Line | None = None
    tags: Tags | None = None


class TicketUpdate(Body):
    """The ticket's own system has changed it."""

    fields: TicketFields


class Watch(Body):
    """`person` is told of the turns the case takes, and owns nothing."""

    person: PersonId


class Reprioritize(Body):
    """Another priority, given, or decided by impact and urgency."""

    impact: Level | None = None
    urgency: Level | None = None
    priority: Priority | None = None
    reason: Said


class Resolve(Body):
    """The fix is given; `summary` is for us, `customer_message` goes to the customer."""

    summary: Said
    customer_message: Said | None = None


class Action(Body):
    """What will be done so that it does not come back; `due_on` is a date at the owner's place."""

    text: Annotated[Said, StringConstraints(max_length=LONGEST_ACTION)]
    kind: Literal["corrective", "preventive"]
    owner: PersonId
    due_on: Day


class RootCause(Body):
    """Why it happened, whose doing it was, what will be done, and the `problem` it belongs to."""

    category: Line
    description: Said
    origin: Literal["ours", "product", "third_party", "customer"]
    contributing_factors: Annotated[tuple[Line, ...], Field(max_length=MOST_CAUSES)] = ()
    actions: Annotated[tuple[Action, ...], Field(max_length=MOST_CAUSES)] = ()
    problem: Line | None = None


class Close(Body):
    """Nothing is left to do."""


class Survey(Body):
    """How the customer rates the case: 1 (bad) to 5 (good)."""

    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    comment: Text | None = None


class Reopen(Body):
    """It is not fixed after all."""

    reason: Said


class Cancel(Body):
    """Withdrawn: it needs no escalation."""

    reason: Said


class Merge(Body):
    """The same trouble as the escalation of the id `into`, which goes on; this one ends."""

    into: Line


class Adopt(Body):
    """Said to the target of a merge by the API: remember `child`, whose own case is cancelled next."""

    child: Line


class Release(Body):
    """Said to the target of a merge by the API when the child would not be merged after all: forget `child`."""

    child: Line


class Rebase(Body):
    """Move to another version of the policy; the API puts the policy itself in, since the rules read no store."""

    policy: Policy


class Undelivered(Body):
    """Said by the API when a provider's receipt tells that a message it had taken did not arrive."""

    message: Message
    code: Line | None = None
    reason: Said


BODIES: Mapping[str, type[Body]] = {
    "acknowledge": Acknowledge,
    "assign": Assign,
    "escalate": Escalate,
    "hand-back": HandBack,
    "pause": Pause,
    "resume": Resume,
    "note": Note,
    "customer-update": CustomerUpdate,
    "customer-reply": CustomerReply,
    "ticket-update": TicketUpdate,
    "watch": Watch,
    "reprioritize": Reprioritize,
    "resolve": Resolve,
    "root-cause": RootCause,
    "close": Close,
    "survey": Survey,
    "reopen": Reopen,
    "cancel": Cancel,
    "merge": Merge,
    "adopt": Adopt,
    "release": Release,
    "rebase": Rebase,
    "undelivered": Undelivered,
}


class Command(BaseModel):
    """One command on its way: `id` is applied once, `by` is a person's id or None for a system, times are UTC.

    `episode` is the one it was said to, None where the speaker could not know: a word that is late must not reach the next.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    by: str | None
    received_at: AwareDatetime
    body: dict[str, Any]
    episode: int | None = None

    def parsed(self) -> Body:
        """The typed body. Raises Invalid with the field and what is wrong with it."""
        return parse_body(self.name, self.body)


def parse_body(name: str, body: Mapping[str, Any]) -> Body:
    """The typed body of the command `name`. Raises Invalid (`unknown_command`, `invalid_field`)."""
    model = BODIES.get(name)
    if model is None:
        raise Invalid("unknown_command", f"there is no command '{name}'; known are {', '.join(BODIES)}")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Invalid("invalid_field", f"{field}: {plain(first)}", field=field) from error
