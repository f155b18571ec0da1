"""People at work: each script takes one ticket (or two) from opening to its end, with pauses to think, through every outage.

A script does what a person would: when a case has moved on meanwhile (it climbed, it closed by itself) it looks again and
goes on. At the end of the run `hurry` cuts the pauses short; every case still comes to its end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from tests.chaos.client import Api
from tests.chaos.journal import OPEN, CaseFile, Word, now

LOOK_AGAIN = 1.0  # seconds between two looks at a case that is to move by itself
LIVE = ("open", "acknowledged", "paused", "resolved")

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example", "phone": "+493012345678"},
    {"id": "borg", "name": "Borg Ltd", "phone": "+493012345679"},
    {"id": "calle", "name": "Calle SA", "email": "hola@calle.example"},
)
PRIORITIES = ("critical", "high", "medium", "low")


@dataclass
class Desk:
    """Everything the scripts share: the API, the dice, the cases opened so far, and whether it is time to go home."""

    api: Api
    dice: Random
    cases: list[CaseFile] = field(default_factory=list)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    async def think(self, least: float, most: float) -> None:
        """A pause, cut short when it is time to go home."""
        try:
            async with asyncio.timeout(self.dice.uniform(least, most)):
                await self.hurry.wait()
        except TimeoutError:
            return

    async def opens(self, script: str, policy: str = "chaos", customer: dict[str, Any] | None = None) -> "Case":
        """Escalate a new ticket."""
        number = f"{len(self.cases):04}"
        who = customer or self.dice.choice(CUSTOMERS)
        file = CaseFile(f"chaos-{number}", script, who)
        self.cases.append(file)
        case = Case(self, file, priority=self.dice.choice(PRIORITIES), policy=policy)
        await case.open()
        return case


@dataclass
class Case:
    """One escalation in the hands of a person."""

    desk: Desk
    file: CaseFile
    priority: str
    policy: str
    marks: int = 0

    async def open(self) -> Word:
        number = self.file.id.partition("-")[2]
        ticket = {"system": "chaos", "id": number, "subject": f"Trouble {number}"}
        trigger = {"kind": "manual"}
        return await self.desk.api.say(
            self.file, OPEN, None, ticket=ticket, customer=self.file.customer, trigger=trigger,
            priority=self.priority, policy=self.policy,
        )  # fmt: skip

    def mark(self, words: str) -> str:
        """Words that stand nowhere else."""
        self.marks += 1
        return f"{words} [{self.file.id}.{self.marks}]"

    async def says(self, name: str, by: str | None, field: str | None = None, words: str = "", **body: Any) -> Word:
        """A command; `field` takes words that are found in the timeline again."""
        mark = self.mark(words or name) if field else None
        more = {field: mark} if field else {}
        return await self.desk.api.say(self.file, name, by, mark=mark, **{**more, **body})

    async def shows(self) -> dict[str, Any]:
        shown: dict[str, Any] = await self.desk.api.get(f"/v1/escalations/{self.file.id}")
        return shown

    async def waits_for(self, condition: Callable[[], Awaitable[bool]], *, patient: bool = False) -> bool:
        """Look until it is so; False when it is time to go home before (the `patient` stay longer)."""
        while not await condition():
            if self.desk.api.over() or (self.desk.hurry.is_set() and not patient):
                return False
            await asyncio.sleep(LOOK_AGAIN)
        return True

    async def takes(self, by: str) -> None:
        """Acknowledge; where somebody else has it already, have it assigned."""
        word = await self.says("acknowledge", by, "note")
        if word.code == "already_acknowledged":
            await self.says("assign", by, to=by)

    async def ends_well(self, by: str) -> None:
        """Resolve, explain and close; what came in between is looked at, and done again."""
        summary = await self.says("resolve", by, "summary")
        if self.desk.dice.random() < 0.3:
            await self.says("close", by)  # refused: the cause is missing
        await self.desk.think(0.5, 6)
        cause = await self.says(
            "root-cause", by, "description", category="deployment", origin="ours",
            actions=[{"text": "look twice", "kind": "preventive", "owner": by, "due_on": "2030-01-31"}],
        )  # fmt: skip
        await self.desk.think(0.2, 2)
        await self.says("close", by)
        self.file.meant = {"status": "closed", "summary": summary.mark, "cause": cause.mark, "resolver": by}


Script = Callable[[Desk], Coroutine[Any, Any, None]]


async def nobody_answers(desk: Desk) -> None:
    case = await desk.opens("nobody answers")

    async def last_resort() -> bool:
        lines = await desk.api.get(f"/v1/escalations/{case.file.id}/timeline")
        return any("owner of last resort" in line["text"] and line["kind"] == "told" for line in lines)

    case.file.meant["last_resort"] = await case.waits_for(last_resort)
    reached = case.file.meant["last_resort"]
    if desk.dice.random() < 0.5:
        await case.says("cancel", "ops-manager", "reason")
        case.file.meant = {"status": "cancelled", "last_resort": reached}
    else:
        await case.takes("ops-manager")
        await case.ends_well("ops-manager")
        case.file.meant["last_resort"] = reached


async def by_the_book(desk: Desk) -> None:
    case = await desk.opens("by the book")
    await desk.think(0, 5)
    await case.takes("dana")
    await desk.think(0, 3)
    await case.says("note", "dana", "text")
    await case.says("customer-update", "dana", "text", next_update_in=desk.dice.choice(("13s", "41s", "10m")))
    await case.says("customer-reply", None, "text", channel="email")
    await desk.think(0, 4)
    await case.ends_well("dana")


async def up_and_down(desk: Desk) -> None:
    case = await desk.opens("up and down")
    await desk.think(0, 3)
    await case.takes("dana")
    await case.says("hand-back", "dana", "reason")  # refused at the first tier
    await case.says("escalate", "dana", "reason", kind="hierarchical")
    await desk.think(0, 5)
    await case.takes("kim")
    await desk.think(0, 3)
    await case.says("hand-back", "kim", "reason")
    await case.takes("sam")
    await case.says("escalate", "sam", "reason", kind="functional", team="network")
    await desk.think(0, 8)
    await case.takes("jon")
    await case.ends_well("jon")


async def to_the_top(desk: Desk) -> None:
    case = await desk.opens("to the top")
    await case.says("escalate", "dana", "reason", kind="hierarchical", tier="L3")
    await desk.think(0, 4)
    await case.says("escalate", "robin", "reason", kind="hierarchical")  # refused at the top
    await desk.think(0, 12)
    await case.takes("robin")
    await case.ends_well("robin")


async def waiting(desk: Desk) -> None:
    case = await desk.opens("waiting")
    await case.takes("dana")
    reason = desk.dice.choice(("waiting_on_customer", "waiting_on_third_party", "scheduled"))
    until = {"until": (now() + timedelta(seconds=desk.dice.uniform(6, 20))).isoformat()}
    await case.says("pause", "dana", reason=reason, **(until if desk.dice.random() < 0.5 else {}))
    await desk.think(1, 9)
    await case.says("customer-reply", None, "text")
    await case.says("resume", "dana")
    await desk.think(0, 4)
    await case.takes("dana")
    await case.ends_well("dana")


async def many_hands(desk: Desk) -> None:
    case = await desk.opens("many hands")
    await case.says("watch", "lee", person="lee")
    await desk.think(0, 3)
    await case.says("assign", "lee", to="sam")
    await case.says("reprioritize", "sam", "reason", priority=desk.dice.choice(PRIORITIES))
    await case.says("assign", "sam", to="dana")
    await desk.think(0, 5)
    await case.says("reprioritize", "dana", "reason", priority=desk.dice.choice(PRIORITIES))
    await case.ends_well("dana")


async def two_at_once(desk: Desk) -> None:
    case = await desk.opens("two at once")
    await desk.think(0, 2)
    await asyncio.gather(*(case.says("acknowledge", by, "note") for by in ("dana", "sam")))
    await asyncio.gather(*(case.says("note", by, "text") for by in ("dana", "sam", "lee")))
    await case.ends_well("sam")


async def withdrawn(desk: Desk) -> None:
    case = await desk.opens("withdrawn")
    await case.says("note", "dana", "text")
    await desk.think(0, 8)
    await case.says("cancel", "dana", "reason")
    await case.says("note", "dana", "text")  # refused
    case.file.meant = {"status": "cancelled"}


async def the_same_twice(desk: Desk) -> None:
    case = await desk.opens("the same twice")
    again = await case.open()
    assert again.status in (200, 201, None), again
    await desk.think(0, 6)
    await case.takes("dana")
    await case.ends_well("dana")


async def merged(desk: Desk) -> None:
    customer = desk.dice.choice(CUSTOMERS)
    first, second = [await desk.opens("merged", customer=customer) for _ in range(2)]
    await desk.think(0, 6)
    await first.takes("dana")
    await second.says("merge", "dana", into=first.file.id)
    second.file.meant = {"status": "cancelled", "parent": first.file.id}
    await desk.think(0, 4)
    await first.ends_well("dana")
    first.file.meant["children"] = [second.file.id]


async def not_fixed_after_all(desk: Desk) -> None:
    case = await desk.opens("not fixed after all")
    await case.takes("dana")
    await case.says("resolve", "dana", "summary")
    await desk.think(0, 4)
    await case.says("reopen", "dana", "reason")
    await desk.think(0, 6)
    await case.takes("sam")
    await case.ends_well("sam")


async def back_from_the_closed(desk: Desk) -> None:
    case = await desk.opens("back from the closed")
    await case.takes("dana")
    await case.ends_well("dana")
    await case.says("survey", None, score=desk.dice.randint(1, 5))
    await desk.think(0, 5)
    await case.says("reopen", "dana", "reason")
    await desk.think(0, 5)
    await case.takes("lee")
    await case.ends_well("lee")
    case.file.meant["episode"] = 2


async def silence(desk: Desk) -> None:
    case = await desk.opens("silence", policy="chaos-silent")
    await case.takes("dana")
    await desk.think(0, 15)  # long enough, at times, for the acknowledgement to go stale
    summary = await case.says("resolve", "dana", "summary")
    cause = await case.says("root-cause", "dana", "description", category="load", origin="product")

    async def closed() -> bool:
        return bool((await case.shows())["status"] == "closed")

    await case.waits_for(closed, patient=True)
    case.file.meant = {"status": "closed", "summary": summary.mark, "cause": cause.mark, "resolver": "dana"}


SCRIPTS: tuple[Script, ...] = (
    nobody_answers, by_the_book, up_and_down, to_the_top, waiting, many_hands, two_at_once, withdrawn, the_same_twice,
    merged, not_fixed_after_all, back_from_the_closed, silence,
)  # fmt: skip
