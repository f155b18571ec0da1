"""Commands that need more than the case they are said to: another case (merge) or the store of policies (rebase).

A merge is two words to two cases, so it is written down first, and only where neither case is in another merge on its way:
merges that cross or run in a circle would else cancel every case in it.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid5

from api.errors import Unavailable
from api.idempotency import Answered
from api.openings import Document
from api.services import Services, in_thread
from domain.commands import Command
from domain.deeds import REFUSALS
from domain.errors import DomainError, Invalid, NotAllowed, NotFound
from domain.holiday_dates import with_holidays
from domain.outcome import Settled
from domain.state import LIVE

PENDING = timedelta(hours=1)  # a merge that has not come to its end by then is no longer waited for


@dataclass(frozen=True)
class Said:
    """A command as it will be said: `body` has the fields of the domain's model, without `by`."""

    name: str
    by: str | None
    body: dict[str, Any]
    id: str
    received_at: datetime

    def to(self, episode: int | None) -> Command:
        """The envelope that travels to the workflow of that episode."""
        return Command(
            id=self.id, name=self.name, by=self.by, received_at=self.received_at, body=self.body, episode=episode
        )


class Say(Protocol):
    """`commands.say`: says a command to a case; `wait` is off where it is known that nobody answers."""

    def __call__(
        self, services: Services, case: Document, said: Said, *, wait: bool = True
    ) -> Coroutine[Any, Any, Answered]: ...


Prepared = Callable[[Services, Document, Said, Say], Coroutine[Any, Any, Answered]]


async def merge(services: Services, case: Document, said: Said, say: Say) -> Answered:
    """The target records it first, under an id derived from the command's, so that a retry repeats nothing."""
    target = await in_thread(_reserve, services, case, said)
    adopt_id = str(uuid5(UUID(said.id), "adopt"))
    try:
        told = await say(services, target, replace(said, name="adopt", body={"child": case["id"]}, id=adopt_id))
    except Unavailable:
        await in_thread(services.commands.withdraw, said.id)  # never said, so it must not hold up other merges
        raise
    except DomainError as refusal:
        await in_thread(settle_refused, services, said, refusal)
        raise
    if told.status == 202:
        await in_thread(_not_owed, services, adopt_id, said.id)
    try:
        return await say(services, case, said, wait=told.status == 200)
    except DomainError as refusal:
        if not isinstance(refusal, Unavailable):  # it ended by itself meanwhile: the target must not keep it as a child
            release_id = str(uuid5(UUID(said.id), "release"))
            await say(services, target, replace(said, name="release", body={"child": case["id"]}, id=release_id))
        raise


def _not_owed(services: Services, adopt_id: str, merge_id: str) -> None:
    """Who has no room for the first word would hear it after the second: then neither is said. Raises Unavailable."""
    told = services.commands.find(adopt_id)
    if told is not None and told.owed_since is not None:
        services.commands.withdraw(adopt_id)
        services.commands.withdraw(merge_id)
        raise Unavailable("temporal_busy", "Temporal has no room for it now; nothing was said, try again")


async def rebase(services: Services, case: Document, said: Said, say: Say) -> Answered:
    """Another version of the case's own policy; the newest when none is named. The answer says what is due when, and was."""
    policy = await in_thread(_rules, services, case["policy"]["name"], said)
    return await say(services, case, replace(said, body={"policy": policy}))


PREPARED: Mapping[str, Prepared] = {"merge": merge, "rebase": rebase}


def adoption(merge: Command, child: str) -> Command:
    """What the target of a merge is told first; the target's episode is not the merged one's."""
    adopt_id = str(uuid5(UUID(merge.id), "adopt"))
    adopted = {"id": adopt_id, "name": "adopt", "body": {"child": child}, "episode": None}
    return merge.model_copy(update=adopted)


def settle_refused(services: Services, said: Said, refusal: DomainError) -> None:
    """Write down why the command came to nothing; what is only away for now stays `queued`, for the retry."""
    if isinstance(refusal, Unavailable):
        return
    settled = Settled(command_id=said.id, status="refused", code=refusal.code, reason=refusal.message)
    services.commands.settle(settled, services.now())


def _reserve(services: Services, case: Document, said: Said) -> Document:
    """The target, with the merge written down as on its way; the cases are read after that, as they then stand."""
    into, since = said.body["into"], said.received_at - PENDING
    _target(services, case, into)
    if not services.commands.queue_alone(
        said.to(case["episode"]), case["id"], case["episode"], (case["id"], into), since
    ):
        raise NotAllowed("merge_pending", f"'{case['id']}' or '{into}' is being merged already; look again, then retry")
    try:
        return _target(services, services.escalations.latest(case["id"]) or case, into)
    except DomainError as refusal:
        settle_refused(services, said, refusal)
        raise


def _target(services: Services, case: Document, into: str) -> Document:
    if case["status"] not in LIVE:
        raise NotAllowed(*REFUSALS[case["status"]])
    if into == case["id"]:
        raise Invalid("merge_into_itself", "an escalation cannot be merged into itself", field="into")
    if into in case["children"]:
        raise NotAllowed("merge_cycle", f"'{into}' has itself been merged into this one", field="into")
    target = services.escalations.latest(into)
    if target is None:
        raise NotFound("escalation_not_found", f"into: there is no escalation '{into}'", field="into")
    if target["status"] not in LIVE:
        code, message = REFUSALS[target["status"]]
        raise NotAllowed(code, f"'{into}': {message}", field="into")
    return target


def _rules(services: Services, name: str, said: Said) -> dict[str, Any]:
    version = said.body.get("version")
    policy = services.policies.latest(name) if version is None else services.policies.find(name, version)
    if policy is None:
        raise NotFound("version_not_found", f"the policy '{name}' has no version {version}", field="version")
    return with_holidays(policy, said.received_at).model_dump(mode="json", by_alias=True)
