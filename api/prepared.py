"""Commands that need more than the case they are said to: another case (merge) or the store of policies (rebase)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from api.idempotency import Answered
from api.openings import Document
from api.services import Services, in_thread
from domain.commands import Command
from domain.deeds import REFUSALS
from domain.errors import Invalid, NotAllowed, NotFound
from domain.holiday_dates import with_holidays
from domain.state import LIVE


@dataclass(frozen=True)
class Said:
    """A command as it will be said: `body` has the fields of the domain's model, without `by`."""

    name: str
    by: str | None
    body: dict[str, Any]
    id: str
    received_at: datetime

    @property
    def command(self) -> Command:
        """The envelope that travels to the workflow."""
        return Command(id=self.id, name=self.name, by=self.by, received_at=self.received_at, body=self.body)


Say = Callable[[Services, Document, Said], Awaitable[Answered]]
Prepare = Callable[[Services, Document, Said, Say], Awaitable[Said]]


async def merge(services: Services, case: Document, said: Said, say: Say) -> Said:
    """The target records it first, under an id derived from the command's, so that a retry repeats nothing."""
    target = await in_thread(_target, services, case, said.body["into"])
    adopt_id = str(uuid5(UUID(said.id), "adopt"))
    await say(services, target, replace(said, name="adopt", body={"child": case["id"]}, id=adopt_id))
    return said


async def rebase(services: Services, case: Document, said: Said, _: Say) -> Said:
    """Another version of the case's own policy; the newest when none is named."""
    policy = await in_thread(_rules, services, case["policy"]["name"], said)
    return replace(said, body={"policy": policy})


PREPARE: Mapping[str, Prepare] = {"merge": merge, "rebase": rebase}


def _target(services: Services, case: Document, into: str) -> Document:
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
