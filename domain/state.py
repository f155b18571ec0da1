"""Everything the rules remember about one escalation, as one serialisable model.

The parts are frozen; the machine replaces them, never changes them in place, so that two states never share a secret.
`RULES_VERSION` is written into every new case: when a rule is mended, the machine branches on it and running cases keep theirs.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from domain.channel_order import ChannelOrder
from domain.clocks import Clock
from domain.commands import RootCause
from domain.messages import Message, StandIn
from domain.policy import PauseReason, Policy, Tier
from domain.tickets import Customer, Priority, Ticket, Trigger

RULES_VERSION = 7
"""2: of several holding messages only the newest goes out, whatever entry it is of; a rebase to the same version is nothing.
3: what a responder is told beside the steps goes to the step's next channel when one fails.
4: once closed, the customer is asked how it was (`survey_after`); a low answer (`low_score`) reaches the lead; reopened, a
case forgets the answer to the fix that did not hold. What people prefer (channels, hours of rest, working hours) counts.
A reminder of a promise goes by e-mail first, for its draft; what one person is told goes there at last.
5: a reply of the customer reaches whoever is accountable, where nobody owns the case. What a closed case teaches is followed up.
6: the actions of a root cause are followed up from when it is recorded, not from the closing on. Whoever is accountable hears
that the customer could not be told, and an update that reached nobody keeps no promise; a reopened case is said to the
customer; who solves what was taken at the same instant sends one message, not two.
7: what came of a due time counts from it, not from when a worker got round to it: a tier that is entered because nobody was on
duty, the question who is on duty at the next step; but hours of rest are those of the time at which a message is made. Who
stands in for an absent lead or owner of last resort is told in that one's place."""
NO_DRIFT = 7  # the version from which on it does
STAND_INS = 7  # the version from which on they are
LAST_UNSAID = 3  # up to here an opening did not say by which rules its case runs

Status = Literal["open", "acknowledged", "paused", "resolved", "closed", "cancelled"]
LIVE: tuple[Status, ...] = ("open", "acknowledged", "paused", "resolved")
EntryCause = Literal["opened", "breached", "nobody", "escalated", "functional", "handed_back", "reopened", "stale"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Tell(_Part):
    """A step under way: whom it reached, and which of its channels have finally failed."""

    step: int
    round: int
    selector: str
    person: str | None = None
    answered: bool = False
    keys: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def reaches(self) -> bool:
        """Somebody is being told, or may yet be."""
        return not self.answered or (self.person is not None and set(self.failed) != set(self.keys))


class Entry(_Part):
    """One arrival at a tier. `fired` steps of `round` have begun; `pulled_to` brings the next one forward.

    `first` is a person told in place of step 0 (the resolver, when a case is reopened). `reckoned_at` is when a word last changed
    how its steps and targets count.
    """

    number: int
    cause: EntryCause
    at: datetime
    round: int = 0
    round_at: datetime
    fired: int = 0
    pulled_to: datetime | None = None
    reckoned_at: datetime | None = None
    first: str | None = None
    tells: tuple[Tell, ...] = ()


class PauseState(_Part):
    """Why the case waits, since when, and until when at the latest."""

    reason: PauseReason
    since: datetime
    until: datetime
    note: str | None = None


class Shout(_Part):
    """A reminder that comes back every day until its reason is gone.

    `nobody` and `closure` go to the owner of last resort; `root_cause` goes to the team's lead, a day after the resolver.
    """

    why: Literal["nobody", "closure", "root_cause"]
    next_at: datetime
    count: int = 0


class Resolution(_Part):
    """The fix: `summary` is for us, `customer_message` was told to the customer."""

    summary: str
    by: str
    at: datetime
    customer_message: str | None = None


class RecordedCause(_Part):
    """The root cause, who recorded it and when."""

    by: str
    at: datetime
    cause: RootCause


class Survey(_Part):
    """The customer's rating, 1 to 5."""

    score: int
    comment: str | None
    at: datetime


class Origin(_Part):
    """The closed episode a reopened case goes on from."""

    episode: int
    tier: int
    resolver: str | None
    reopen_count: int
    reason: str
    by: str | None


class Opening(BaseModel):
    """What the API accepted: everything the machine needs to begin. Travels as the workflow's input.

    `leads` maps team → its lead, so that somebody is accountable before anyone has been told; `stand_ins` has the times at which
    these or the owner of last resort are away.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    episode: int
    accepted_at: datetime
    opened_by: str | None
    policy: Policy
    priority: Priority
    priority_reasons: tuple[str, ...]
    impact: Literal["low", "medium", "high"] | None = None
    urgency: Literal["low", "medium", "high"] | None = None
    ticket: Ticket
    customer: Customer
    trigger: Trigger
    leads: dict[str, str] = {}
    stand_ins: dict[str, tuple[StandIn, ...]] = {}
    origin: Origin | None = None
    rules_version: int = RULES_VERSION

    @model_validator(mode="before")
    @classmethod
    def _keeps_the_rules_it_began_with(cls, fields: Any, info: ValidationInfo) -> Any:
        """A running case is made of its opening again at every replay: one that was sent without a version began before 4."""
        sent_before = info.mode == "json" and isinstance(fields, dict) and "rules_version" not in fields
        return {**fields, "rules_version": LAST_UNSAID} if sent_before else fields


class Escalation(BaseModel):
    """The state of one episode of an escalation, at the instant `at`.

    `version` counts transitions (the store takes only a newer one), `seq` timeline entries, `said` what was said to whom in this
    entry. `applied` holds the ids of the latest commands, so that each is applied once. `held` messages wait for the end of
    quiet hours, `outstanding` ones are being sent, `failed` has the keys of the latest that did not arrive. `stale_from` is when
    somebody last did something on an acknowledged case, `silence_until` when a resolved one closes unless the customer speaks.
    `told` ends with the person told last. As last heard of: `leads` maps team → its lead, `stand_ins` these and the owner of last
    resort → the times at which they are away, `takes` people → their channels, where they have said which.
    `no_address_told`: somebody has heard that there is no address of the customer, which is said once.
    """

    rules_version: int = RULES_VERSION
    version: int = 0
    id: str
    episode: int
    at: datetime
    status: Status
    policy: Policy
    priority: Priority
    priority_reasons: tuple[str, ...] = ()
    impact: Literal["low", "medium", "high"] | None = None
    urgency: Literal["low", "medium", "high"] | None = None
    ticket: Ticket
    customer: Customer
    trigger: Trigger
    tier: int
    team: str
    entry: Entry
    owner: str | None = None
    told: tuple[str, ...] = ()
    leads: dict[str, str] = {}
    stand_ins: dict[str, tuple[StandIn, ...]] = {}
    takes: dict[str, ChannelOrder] = {}
    watchers: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()
    pause: PauseState | None = None
    stale_from: datetime | None = None
    shouts: tuple[Shout, ...] = ()
    held: tuple[Message, ...] = ()
    said: dict[str, int] = {}
    outstanding: dict[str, Message] = {}
    opened_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    silence_until: datetime | None = None
    resolution: Resolution | None = None
    root_cause: RecordedCause | None = None
    survey: Survey | None = None
    reopen_count: int = 0
    parent: str | None = None
    children: tuple[str, ...] = ()
    origin: Origin | None = None
    seq: int = 0
    applied: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    no_address_told: bool = False

    @property
    def live(self) -> bool:
        """Neither closed nor cancelled."""
        return self.status in LIVE

    @property
    def here(self) -> Tier:
        """The tier the case is at."""
        return self.policy.tiers[self.tier]

    @property
    def at_last_tier(self) -> bool:
        """There is nowhere to climb."""
        return self.tier == len(self.policy.tiers) - 1

    @property
    def accountable(self) -> str:
        """The one person who answers for the case now: owner, else told last, else the team's lead, else the last resort."""
        if self.owner is not None:
            return self.owner
        if self.told:
            return self.told[-1]
        return self.lead

    @property
    def lead(self) -> str:
        """Who answers for the team that has the case, as last heard of: its lead or who stands in, else the last resort.

        Where nobody is there it is who is away: better told on holiday than nobody.
        """
        lead, last = self.leads.get(self.team), self.policy.owner_of_last_resort
        return (self._there(lead) if lead else None) or self._there(last) or lead or last

    @property
    def last_resort(self) -> str:
        """The owner of last resort, or who stands in, as last heard of."""
        owner = self.policy.owner_of_last_resort
        return self._there(owner) or owner

    def _there(self, person: str) -> str | None:
        """The person, or who stands in at the instant of the case; None when nobody does."""
        times = (one for one in self.stand_ins.get(person, ()) if one.begins <= self.at < one.ends)
        away = next(times, None)
        return person if away is None else away.by


TimelineKind = Literal[
    "opened",
    "told",
    "warned",
    "breached",
    "climbed",
    "acknowledged",
    "assigned",
    "escalated",
    "handed_back",
    "paused",
    "resumed",
    "note",
    "customer_told",
    "customer_replied",
    "reprioritized",
    "resolved",
    "root_cause_recorded",
    "closed",
    "reopened",
    "cancelled",
    "merged",
    "rebased",
    "nobody_on_duty",
    "delivery_failed",
    "skipped",
]


class TimelineEntry(BaseModel):
    """One line of the case's history; `actor` is a person's id, `customer`, or `tierline`."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: datetime
    kind: TimelineKind
    actor: str
    text: str
    data: dict[str, Any] = {}
