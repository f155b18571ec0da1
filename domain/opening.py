"""A ticket becomes the opening of an escalation: what was asked, under a policy, at an instant."""

from datetime import datetime
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from domain.identity import escalation_id
from domain.messages import StandIn
from domain.policy import Policy
from domain.priority import decide_priority
from domain.roster import Roster, leads_of
from domain.standing_in import stand_ins
from domain.state import Opening
from domain.tickets import Customer, Level, Priority, Ticket, Trigger


class Accountable(TypedDict):
    """These fields of an `Opening`."""

    leads: dict[str, str]
    stand_ins: dict[str, tuple[StandIn, ...]]


class Asked(BaseModel):
    """A ticket that is to be escalated; an explicit `priority` is final, what is not said is medium."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket: Ticket
    customer: Customer
    trigger: Trigger
    impact: Level | None = None
    urgency: Level | None = None
    priority: Priority | None = None


def opening_of(
    asked: Asked, policy: Policy, at: datetime, roster: Roster, *, episode: int = 1, by: str | None = None
) -> Opening:
    """What is accepted `at` that instant: the ticket under that policy, with its priority and why it has it.

    The policy's holidays are dates by then (`with_holidays`). Raises Invalid for a ticket's id that makes none of ours.
    """
    decision = decide_priority(
        policy.priority,
        impact=asked.impact,
        urgency=asked.urgency,
        priority=asked.priority,
        customer=asked.customer,
        at=at,
    )
    return Opening(
        id=escalation_id(asked.ticket.system, asked.ticket.id),
        episode=episode,
        accepted_at=at,
        opened_by=by,
        policy=policy,
        priority=decision.priority,
        priority_reasons=decision.reasons,
        impact=asked.impact,
        urgency=asked.urgency,
        ticket=asked.ticket,
        customer=asked.customer,
        trigger=asked.trigger,
        **accountable(roster, policy, at),
    )


def accountable(roster: Roster, policy: Policy, at: datetime) -> Accountable:
    """Who answers for a case before anybody has been told of it, and when they are away."""
    leads = leads_of(roster)
    teams = (*(tier.team for tier in policy.tiers), *(rule.team for rule in policy.functional))
    people = (policy.owner_of_last_resort, *(leads[team] for team in teams if team in leads))
    return {"leads": leads, "stand_ins": stand_ins(roster, people, at)}
