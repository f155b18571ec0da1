"""What a person or system can say about an escalation, one model per command, named as in the contract.

`Command` is the envelope that travels: an id that is applied once, who speaks, when it was received, and the body. The body is
parsed here, so API, workflow and simulation agree on what is well formed.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.durations import PositiveDuration
from domain.errors import Invalid
from domain.policy import Name, PauseReason, Policy
from domain.tickets import Level, Line, Priority, Text

PersonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Said = Annotated[Text, StringConstraints(min_length=1, strip_whitespace=True)]


class Body(BaseModel):
    """The fields of one command; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Acknowledge(Body):
    note: Text | None = None


class Assign(Body):
    to: PersonId


class Escalate(Body):
    kind: Literal["hierarchical", "functional"]
    tier: Name | None = None
    team: Name | None = None
    reason: Said


class HandBack(Body):
    reason: Said


class Pause(Body):
    reason: PauseReason
    until: AwareDatetime | None = None
    note: Text | None = None


class Resume(Body):
    pass


class Note(Body):
    text: Said


class CustomerUpdate(Body):
    text: Said
    next_update_in: PositiveDuration | None = None


class CustomerReply(Body):
    text: Said
    channel: Line | None = None


class TicketFields(Body):
    """The fields of a ticket that its own system may change while the escalation runs."""

    subject: Line | None = None
    description: Text | None = None
    url: Line | None = None
    category: Line | None = None
    product: Line | None = None
    tags: tuple[Line, ...] | None = None


class TicketUpdate(Body):
    fields: TicketFields


class Watch(Body):
    person: PersonId


class Reprioritize(Body):
    impact: Level | None = None
    urgency: Level | None = None
    priority: Priority | None = None
    reason: Said


class Resolve(Body):
    summary: Said
    customer_message: Said | None = None


class Action(Body):
    """What will be done so that it does not come back; `due_on` is a date at the owner's place."""

    text: Said
    kind: Literal["corrective", "preventive"]
    owner: PersonId
    due_on: date


class RootCause(Body):
    category: Line
    description: Said
    origin: Literal["ours", "product", "third_party", "customer"]
    contributing_factors: tuple[Line, ...] = ()
    actions: tuple[Action, ...] = ()
    problem: Line | None = None


class Close(Body):
    pass


class Survey(Body):
    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    comment: Text | None = None


class Reopen(Body):
    reason: Said


class Cancel(Body):
    reason: Said


class Merge(Body):
    into: Line


class Adopt(Body):
    """Said to the target of a merge by the API: remember `child`, whose own case is cancelled next."""

    child: Line


class Rebase(Body):
    """Move to another version of the policy; the API puts the policy itself in, since the rules read no store."""

    policy: Policy


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
    "rebase": Rebase,
}


class Command(BaseModel):
    """One command on its way: `id` is applied once, `by` is a person's id or None for a system, times are UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    by: str | None
    received_at: AwareDatetime
    body: dict[str, Any]

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
        raise Invalid("invalid_field", f"{field}: {first['msg']}", field=field) from error
