"""People with a link each to the same case, and what becomes of it."""

from datetime import timedelta
from typing import Any

from domain.outcome import Transition
from domain.state import TimelineEntry, TimelineKind
from domain.view import document
from records.transitions import Transitions
from tests.api.browser import Browser, Page
from tests.api.conftest import Api

CASE = "zendesk-4711"


class Desk:
    """People with a link each; the case is open unless a test goes on with it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.browser = Browser(api.client)

    def link(self, person: str = "dana", episode: int = 1, age: timedelta = timedelta(0), case: str = CASE) -> str:
        return self.api.services.links.to_act(person, case, episode, self.api.services.now() - age)

    async def opens(self, person: str = "dana", **how: Any) -> Page:
        return await self.browser.opens(self.link(person, **how))

    async def presses(self, command: str, person: str = "dana", **typed: str) -> Page:
        return await self.browser.presses(await self.opens(person), command, **typed)

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"/v1/escalations/{CASE}")).json()
        return found

    def said(self) -> list[tuple[str, str | None]]:
        """What the case was told, and by whom."""
        return [(command.name, command.by) for _, command in self.api.temporal.updates]

    def happens(self, *texts: str | tuple[TimelineKind, str, dict[str, Any]]) -> None:
        """Lines of its history: notes of Sam's, or lines of any kind with what they know."""
        now, state = self.api.services.now(), self.api.temporal.runs[CASE]
        self.api.temporal.runs[CASE] = state = state.model_copy(update={"version": state.version + 1})
        told: list[tuple[TimelineKind, str, dict[str, Any]]] = [
            ("note", one, {}) if isinstance(one, str) else one for one in texts
        ]
        lines = tuple(
            TimelineEntry(seq=seq, at=now, kind=kind, actor="sam", text=text, data=data)
            for seq, (kind, text, data) in enumerate(told, 1)
        )
        made = Transition(document=document(state), version=state.version, timeline=lines)
        Transitions(self.api.services.database).record(made, now)

    async def changes(self, person: str, **fields: Any) -> None:
        """The roster says something else of that person; `gone` takes the person out of it."""
        roster = (await self.api.get("/v1/roster")).json()
        if fields.pop("gone", False):
            roster["people"] = [one for one in roster["people"] if one["id"] != person]
            roster["teams"] = []
        else:
            next(one for one in roster["people"] if one["id"] == person).update(fields)
        assert (await self.api.call("PUT", "/v1/roster", json=roster)).status_code == 200


async def desk_of(api: Api) -> Desk:
    """A desk with the case just opened."""
    await api.opened(
        ticket={"system": "zendesk", "id": "4711", "subject": "Checkout is down", "url": "https://desk.example/4711"},
        customer={"id": "acme", "name": "Acme GmbH", "tier": "vip"},
        trigger={"kind": "manual", "detail": "nobody can pay"},
        priority="critical",
    )
    return Desk(api)
