"""A ticket becomes an escalation: once while it is live, as a new episode afterwards.

The answer is computed by the same rules the workflow begins with, so it needs no worker. When a run of the case is already
there, it is either live (somebody else opened it a moment ago) or just ending; its history and the store tell which.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from api.auth import Caller
from api.errors import Busy
from api.services import Services, in_thread
from domain.errors import NotFound
from domain.escalation import open_case
from domain.holiday_dates import with_holidays
from domain.identity import escalation_id
from domain.opening import Asked, accountable, opening_of
from domain.policy import Policy
from domain.routing import choose_policy
from domain.state import LIVE, Opening, Origin
from domain.tickets import Customer, Line, Ticket, Trigger
from domain.view import document

BY_ITSELF = 1.0  # seconds; a run completes right after its last record, but for messages that are still tried
ENDING = 5.0  # seconds; then, asked to give way, it leaves them to a run of their own
LOOK_AGAIN = 0.1  # seconds

Document = dict[str, Any]
Begun = tuple[Document, bool]  # an episode, and whether it began now


class OpenRequest(Asked):
    """The body of `POST /v1/escalations`; an explicit `priority` is final, what is not said is medium."""

    policy: Line | None = None


async def open_escalation(
    services: Services, caller: Caller, request: OpenRequest, now: datetime
) -> tuple[Document, bool]:
    """The live episode of this ticket and whether it was opened now. Raises Invalid (`unknown_policy`), Unavailable, Busy."""
    id = escalation_id(request.ticket.system, request.ticket.id)

    async def begin() -> Begun | None:
        live = await in_thread(services.escalations.live, id)
        if live is not None:
            return live, False
        return await _begun(services, await in_thread(_opening, services, caller, request, id, now))

    return await _when_the_last_has_ended(services, id, begin)


async def reopen_closed(services: Services, closed: Document, reason: str, by: str | None, now: datetime) -> Begun:
    """The new episode that goes on from a closed one, and whether it began now. Raises NotFound, Unavailable, Busy."""

    async def begin() -> Begun | None:
        return await _begun(services, await in_thread(_origin_opening, services, closed, reason, by, now))

    return await _when_the_last_has_ended(services, closed["id"], begin)


async def _when_the_last_has_ended(services: Services, id: str, begin: Callable[[], Awaitable[Begun | None]]) -> Begun:
    """Begin as soon as the run of the episode before lets it. Raises Busy."""
    begins, asked = _clock(), False
    while (begun := await begin()) is None:
        waited = _clock() - begins
        if waited > ENDING:
            raise Busy("still_ending", "the previous episode of this case is still ending; try again")
        if waited > BY_ITSELF and not asked:
            await services.cases.give_way(id)
            asked = True
        await asyncio.sleep(LOOK_AGAIN)
    return begun


async def _begun(services: Services, opening: Opening) -> Begun | None:
    """Start the episode and write its row, or find the one that somebody else began; None while a run is ending."""
    state = open_case(opening).state
    created = await services.cases.start(opening, state)
    if not created:
        running = await services.cases.beginning(opening.id)
        if running is None:
            return None
        known = await in_thread(services.escalations.find, opening.id, running.episode)
        if known is not None:
            return (known, False) if known["status"] in LIVE else None
        state = running
    shown = document(state)
    await in_thread(services.escalations.save_document, shown, state.version, services.now())
    return shown, created


def _opening(services: Services, caller: Caller, request: OpenRequest, id: str, now: datetime) -> Opening:
    known = services.policies.latest_all()
    policy = choose_policy(known, request.policy, request.ticket, request.customer, request.trigger)
    episode = services.escalations.next_episode(id)
    return opening_of(
        request,
        with_holidays(policy, now),
        now,
        services.roster.current(),
        episode=episode,
        by=caller.name,
    )


def _origin_opening(services: Services, closed: Document, reason: str, by: str | None, now: datetime) -> Opening:
    policy, tier = _policy_of(services, closed)
    resolution = closed["resolution"] or {}
    return Opening(
        id=closed["id"],
        episode=services.escalations.next_episode(closed["id"]),
        accepted_at=now,
        opened_by=by,
        policy=with_holidays(policy, now),
        priority=closed["priority"],
        priority_reasons=tuple(closed["priority_reasons"]),
        impact=closed.get("impact"),
        urgency=closed.get("urgency"),
        ticket=Ticket.model_validate(closed["ticket"]),
        customer=Customer.model_validate(closed["customer"]),
        trigger=Trigger.model_validate(closed["trigger"]),
        origin=Origin(
            episode=closed["episode"],
            tier=tier,
            resolver=resolution.get("by"),
            reopen_count=closed["reopen_count"] + 1,
            reason=reason,
            by=by,
        ),
        **accountable(services.roster.current(), policy, now),
    )


def _policy_of(services: Services, closed: Document) -> tuple[Policy, int]:
    """The newest version that still has the tier the case was closed at, else the one it ran by."""
    name, version = closed["policy"]["name"], closed["policy"]["version"]
    for policy in (services.policies.latest(name), services.policies.find(name, version)):
        tier = policy.tier_index(closed["tier"]["name"]) if policy else None
        if policy is not None and tier is not None:
            return policy, tier
    raise NotFound("policy_not_found", f"the policy '{name}' this case ran by is no longer stored")


def _clock() -> float:
    return asyncio.get_running_loop().time()
