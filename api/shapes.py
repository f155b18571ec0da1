"""What the API answers, as models: for OpenAPI everywhere, and for the parts that are built here.

The escalation itself is built by `domain.view` and passed through unread; `Escalation` below declares it and a test holds the
two together. Answers have no defaults: a field is there or the shape is another one.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from domain.feeds import FeedKind
from domain.provider_codes import AddressFault
from domain.state import Resolution, Status, Survey, TimelineKind
from domain.tickets import Channel, Customer, PersonalChannel, Priority, Ticket, Trigger
from domain.view_time import rfc3339
from records.answers import AnswerStatus
from records.keys import Role
from records.stored import CommandStatus, MessageStatus

Instant = Annotated[datetime, PlainSerializer(rfc3339, return_type=str | None)]


class Shape(BaseModel):
    """An answer; built from the store's dataclasses by attribute."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class PolicyRef(Shape):
    name: str
    version: int


class TierRef(Shape):
    index: int
    name: str


class Target(Shape):
    """One promise in time; `due_at` is null while it waits (a pause, a case outside hours).

    `working_seconds` is what it took in its own calendar until it ended; null before that.
    """

    name: str
    tier: str | None
    status: Literal["running", "paused", "met", "breached", "cancelled"]
    started_at: Instant | None
    due_at: Instant | None
    warn_at: list[Instant]
    breached_at: Instant | None
    met_at: Instant | None
    working_seconds: int | None


class Links(Shape):
    self: str  # noqa: RUF100 - the contract's own word
    timeline: str
    page: str
    temporal_ui: str


class Escalation(Shape):
    """One episode of an escalation, also the answer of every command."""

    model_config = ConfigDict(extra="allow")

    id: str
    episode: int
    version: int
    status: Status
    priority: Priority
    priority_reasons: list[str]
    policy: PolicyRef
    tier: TierRef
    team: str
    entry: int
    owner: str | None
    accountable: str
    responders_told: list[str]
    watchers: list[str]
    pause: dict[str, Any] | None
    ticket: Ticket
    customer: Customer
    trigger: Trigger
    risk: dict[str, Any] | None
    targets: list[Target]
    next_due_at: Instant | None
    next_customer_update_by: Instant | None
    opened_at: Instant
    acknowledged_at: Instant | None
    resolved_at: Instant | None
    closed_at: Instant | None
    resolution: Resolution | None
    root_cause: dict[str, Any] | None
    reopen_count: int
    reopened_from: int | None
    survey: Survey | None
    parent: str | None
    children: list[str]
    links: Links


class EscalationPage(Shape):
    items: list[Escalation]
    next_cursor: str | None


class QueuedCommand(Shape):
    """No worker answered in time; the command will be applied."""

    status: Literal["queued"]
    command_id: str


class CommandState(Shape):
    """How a command stands; `code` and `reason` tell why it was refused."""

    command_id: str
    escalation: str
    episode: int | None
    name: str
    by: str | None
    received_at: Instant
    status: CommandStatus
    code: str | None
    reason: str | None
    settled_at: Instant | None


class TimelineItem(Shape):
    seq: int
    at: Instant
    kind: str
    actor: str
    text: str
    data: dict[str, Any]


class MessageItem(Shape):
    """One message; `person` is null for the customer, `to` and the texts are null until it has been claimed for sending.

    `retries` are the tries after the first, `led_by` is the key of the one it went out in, together with others.
    `failed_over_to` is the key of the message that took its place, to `failed_over_person` (null for the customer) on
    `failed_over_channel`: on another channel, or to whoever was told next at once. `waits_until` is when it goes out that
    waits for the end of quiet hours.
    """

    key: str
    id: str
    episode: int
    entry: int
    kind: str
    channel: Channel
    person: str | None
    to: str | None
    subject: str | None
    text: str | None
    status: MessageStatus
    provider_id: str | None
    attempts: int
    created_at: Instant
    sent_at: Instant | None
    delivered_at: Instant | None
    read_at: Instant | None
    reason: str | None
    code: str | None
    retries: int
    failed_over_to: str | None
    failed_over_person: str | None
    failed_over_channel: Channel | None
    waits_until: Instant | None
    led_by: str | None


class KeyItem(Shape):
    """An API key without its secret."""

    id: str
    role: Role
    person: str | None
    label: str
    created_at: Instant
    revoked_at: Instant | None


class NewKey(Shape):
    """A new key; `key` is shown this once, and null in the replay of a retried request."""

    id: str
    key: str | None
    role: Role
    person: str | None
    label: str
    created_at: Instant


class Found(Shape):
    """A place and what is to be said about it."""

    path: str
    message: str


class PolicyVersionItem(Shape):
    version: int
    source: Literal["file", "api"]
    created_at: Instant
    created_by: str | None


class OnCall(Shape):
    """Who answers for a team at an instant; `people` is the whole ladder, `on_call` and `on_call_next` its first two.

    `acting_lead` is the lead, or who stands in while the lead is away.
    """

    team: str
    at: Instant
    on_call: str | None
    on_call_next: str | None
    people: list[str]
    lead: str | None
    acting_lead: str | None


class ShiftItem(Shape):
    """A stretch of time in which the same people answer; `on_call` is null in a gap."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", serialize_by_alias=True)

    from_: Annotated[Instant, Field(serialization_alias="from")]
    to: Instant
    on_call: str | None
    on_call_next: str | None


class OnCallUntil(OnCall):
    """The same, and every shift and gap until then."""

    until: Instant
    shifts: list[ShiftItem]


class WebhookSecret(Shape):
    """What a team's webhooks are signed with (`whsec_…`, Standard Webhooks); only admins see it."""

    team: str
    secret: str


class BadAddressItem(Shape):
    """An address that does not work; `person` is who of the roster has it, `code` and `reason` are the provider's."""

    channel: Channel
    address: str
    person: str | None
    fault: AddressFault
    code: str | None
    reason: str | None
    since: Instant


class ContactTestMessage(Shape):
    """What became of a contact test on one channel; `answered_at` is null while nobody has said that it arrived."""

    channel: PersonalChannel
    to: str
    status: AnswerStatus
    attempts: int
    reason: str | None
    provider_id: str | None
    sent_at: str | None
    delivered_at: str | None
    answered_at: str | None


class ContactTestItem(Shape):
    """One test of a person's contact, with a message on each channel the person has an address for."""

    id: str
    person: str
    asked_by: str
    asked_at: Instant
    channels: list[ContactTestMessage]


class MovedTarget(Shape):
    """When a target was and is due, a paused one if it went on now; null where it was not there, or is gone."""

    target: str
    was: Instant | None
    now: Instant | None
    paused: bool


class RebasedEscalation(Escalation):
    """The case under the other version; `moved` is left out where the retry of an applied rebase is answered again."""

    moved: list[MovedTarget] | None = None


class PreviewRow(Shape):
    """One line of a preview; `by` is the time it speaks of (acknowledge by, paused until, next update by)."""

    at: Instant
    what: TimelineKind | Literal["refused", "ends"]
    who: str | None
    channel: Channel | None
    why: str
    person: str | None
    tier: str | None
    by: Instant | None


class LeftOutItem(Shape):
    """Events of a feed that could not be taken: what they are called, when the first begins, how many they are, and why."""

    event: str
    first: str
    times: int
    why: str


class FeedTaken(Shape):
    """What a feed brought: how many entries the roster now has of it, and the events that were left out."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", serialize_by_alias=True)

    feed: str
    as_: Annotated[FeedKind, Field(serialization_alias="as")]
    team: str | None
    taken: int
    left_out: list[LeftOutItem]


class KeyList(Shape):
    items: list[KeyItem]


class PolicyVersionList(Shape):
    items: list[PolicyVersionItem]


class OnCallList(Shape):
    items: list[OnCallUntil | OnCall]


class MessageList(Shape):
    """Messages, and how many of all those made since `since` are in doubt, whatever the list was asked for."""

    items: list[MessageItem]
    since: Instant
    possible_duplicates: int
    """They may have arrived twice: the answer to an earlier try was lost. `?code=possible_duplicate`"""
    unknown: int
    """Nobody knows whether they arrived. `?status=unknown`"""
    next_cursor: str | None
    """For the messages before these; null at the end."""
