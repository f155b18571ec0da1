"""The escalation matrix as data: who is told when, how fast, by which calendar.

A policy is pinned to an escalation when it opens and travels in its state, so a running case keeps the rules it started with.
What each key means when two readings are possible is decided in rules.md; the loader (`policy_file`) reads and checks files.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.calendars import Calendar
from domain.durations import SECONDS_PER_DAY, Duration, PositiveDuration
from domain.tickets import Channel, Level, PersonalChannel, Priority, TimeZone

PauseReason = Literal["waiting_on_customer", "waiting_on_third_party", "scheduled"]
TargetName = Literal["acknowledge", "tier_resolution", "customer_update", "resolution", "closure", "root_cause"]
NoticeMoment = Literal["opened", "acknowledged", "escalated", "resolved", "closed"]

# Far more than anybody climbs; a preview of thousands would keep the API busy for minutes.
MOST_TIERS, MOST_STEPS, MOST_CALENDARS = 100, 50, 50

PAUSED_BY_DEFAULT: tuple[PauseReason, ...] = ("waiting_on_customer", "scheduled")

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Percent = Annotated[int, Field(ge=1, le=99, strict=True)]
CalendarChoice = Name | dict[Priority | Literal["else"], Name]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _empty(value: object) -> bool:
    """Left out where it says nothing: a worker of an earlier version refuses keys it does not know."""
    return not value


class ByPriority(_Part):
    """A duration for each priority; `all` is the default, a named priority wins."""

    all: PositiveDuration | None = None
    low: PositiveDuration | None = None
    medium: PositiveDuration | None = None
    high: PositiveDuration | None = None
    critical: PositiveDuration | None = None

    def of(self, priority: Priority) -> Duration | None:
        """The duration for `priority`, or None when there is no target for it."""
        named: Duration | None = getattr(self, priority)
        return named if named is not None else self.all


class Target(ByPriority):
    """One SLA target: its durations, its warnings (percent of its working time), its calendar, and what pauses it."""

    warn_at: tuple[Percent, ...] = ()
    calendar: CalendarChoice | None = None
    pauses: bool | tuple[PauseReason, ...] | None = None

    def paused_by(self, by_default: bool) -> tuple[PauseReason, ...]:
        """The reasons this target stops for; `pauses: true` and the default are waiting on the customer and scheduled."""
        if isinstance(self.pauses, tuple):
            return self.pauses
        stops = by_default if self.pauses is None else self.pauses
        return PAUSED_BY_DEFAULT if stops else ()


class TierTargets(_Part):
    """The two targets that start anew with every entry at the tier."""

    acknowledge: Target
    tier_resolution: Target | None = None


class CaseTargets(_Part):
    """The targets of the whole escalation, started when it is accepted (root_cause: when it is resolved)."""

    resolution: Target | None = None
    closure: Target | None = None
    root_cause: Target | None = None


class Step(_Part):
    """One responder to tell, `after` so much working time since the entry, on all `channels` at once."""

    after: Duration = Duration(days=0, seconds=0)
    tell: str
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]


class Tier(_Part):
    """One rung of the ladder: its team, calendar, targets and the steps that run until somebody acknowledges."""

    name: Name
    team: Name
    calendar: CalendarChoice = "always"
    targets: TierTargets
    acknowledge_timeout: ByPriority | None = None
    repeat: Annotated[int, Field(ge=0, le=100)] = 3
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS)]


class CustomerUpdates(_Part):
    """The promise: an update at least this often; `on` names the moments that tell the customer by themselves."""

    every: ByPriority
    channels: Annotated[tuple[PersonalChannel, ...], Field(min_length=1)] = ("email",)
    on: tuple[NoticeMoment, ...] = ("opened", "acknowledged", "escalated", "resolved", "closed")
    calendar: CalendarChoice | None = None


class RaiseCustomer(_Part):
    """Conditions on the customer, all of which must hold."""

    tier: str | tuple[str, ...] | None = None
    annual_value_at_least: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    customer_for_at_least: PositiveDuration | None = None
    id: str | tuple[str, ...] | None = None


class RaiseRule(_Part):
    """Raise the priority `by` so many levels for such a customer; of several that fire the largest applies."""

    customer: RaiseCustomer
    by: Annotated[int, Field(ge=1, le=3, strict=True)] = 1


class PriorityRules(_Part):
    """Impact → urgency → priority, and who may raise it."""

    matrix: dict[Level, dict[Level, Priority]] = {
        "high": {"high": "critical", "medium": "high", "low": "medium"},
        "medium": {"high": "high", "medium": "medium", "low": "low"},
        "low": {"high": "medium", "medium": "low", "low": "low"},
    }
    raise_for: tuple[RaiseRule, ...] = ()


class Closing(_Part):
    """What closing needs: a recorded root cause, and whether a silent customer closes a resolved case."""

    root_cause: Literal["required", "optional"] = "required"
    confirm_within: PositiveDuration | None = None
    survey_after: PositiveDuration | None = None
    low_score: Annotated[int, Field(ge=1, le=5)] = 2


class QuietHours(_Part):
    """No SMS to the customer inside this local window; `timezone` stands in where the customer's is unknown."""

    customer_sms: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
    timezone: TimeZone = "UTC"


class Match(_Part):
    """When the policy applies by itself: keys AND, lists OR."""

    ticket: dict[str, str | tuple[str, ...]] = {}
    customer: dict[str, str | tuple[str, ...]] = {}
    trigger: dict[Literal["kind"], str | tuple[str, ...]] = {}


class FunctionalTeam(_Part):
    """The team a functional escalation goes to when none is named: keys AND, lists OR; `skill` only when that is asked for."""

    team: Name
    skill: str | tuple[str, ...] | None = None
    ticket: dict[str, str | tuple[str, ...]] = {}
    customer: dict[str, str | tuple[str, ...]] = {}
    trigger: dict[Literal["kind"], str | tuple[str, ...]] = {}


class Policy(_Part):
    """One version of an escalation matrix; `version` is given by the store, 0 before it has been stored."""

    name: Name
    version: Annotated[int, Field(ge=0)] = 0
    match: Match | None = None
    owner_of_last_resort: Name
    priority: PriorityRules = PriorityRules()
    calendars: Annotated[dict[Name, Calendar], Field(max_length=MOST_CALENDARS)] = {}
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=MOST_TIERS)]
    start_tier: dict[Priority, Name] = {}
    functional: tuple[FunctionalTeam, ...] = Field(default=(), exclude_if=_empty)
    targets: CaseTargets = CaseTargets()
    customer_updates: CustomerUpdates | None = None
    closing: Closing = Closing()
    quiet_hours: QuietHours | None = None

    def tier_index(self, name: str) -> int | None:
        """The position of the tier called `name`, or None."""
        return next((index for index, tier in enumerate(self.tiers) if tier.name == name), None)

    def calendar_name(self, choice: CalendarChoice | None, priority: Priority) -> str:
        """The calendar chosen for `priority`; no choice means always open."""
        if choice is None:
            return "always"
        if isinstance(choice, str):
            return choice
        return choice.get(priority) or choice.get("else") or "always"

    def calendar(self, name: str) -> Calendar:
        """The calendar called `name`; `always` exists without being written down."""
        return self.calendars.get(name) or ALWAYS

    def seconds_in(self, calendar: str, duration: Duration) -> int:
        """Working seconds of `duration` in the calendar of that name.

        The loader refuses days in a calendar without `day:`; were there any, they would count 24 h rather than stop a case.
        """
        return duration.seconds_in(self.calendar(calendar).day_seconds or SECONDS_PER_DAY)

    def with_version(self, version: int) -> Self:
        """The same rules under a version number."""
        return self.model_copy(update={"version": version})


ALWAYS = Calendar(timezone="UTC", hours="always")
