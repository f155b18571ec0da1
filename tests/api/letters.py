"""Messages of a case in the store, as a worker leaves them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.services import Services
from domain.identity import message_key
from domain.messages import Message
from domain.outcome import Transition
from domain.state import TimelineEntry
from domain.tickets import Channel
from domain.view import document
from records.stored import MessageStatus
from records.transitions import Transitions
from tests.api.conftest import Api

CASE = "zendesk-4711"


@dataclass
class Letters:
    """What goes out for the case that is open; each is written a second after the one before."""

    services: Services
    state: Any
    count: int = 0

    def write(
        self,
        person: str | None = "dana",
        channel: Channel = "sms",
        *,
        kind: Any = "step",
        step: int = 0,
        round: int = 0,
        together: bool = False,
        not_before: datetime | None = None,
    ) -> str:
        """Record one; its key. `together`: at the same instant as the one before."""
        self.count += not together
        key = message_key(self.state.id, 1, 1, kind, step, round, person, channel)
        at = self.at
        place: dict[str, Any] = {"entry": 1, "step": step, "round": round, "at": at, "not_before": not_before}
        message = Message(key=key, kind=kind, channel=channel, person=person, **place)
        self._record(**{"waiting" if not_before else "messages": (message,)})
        return key

    def heard_of(self, *failed: str) -> None:
        """The case has heard that these have failed, at the instant of the next one."""
        at = self.at + timedelta(seconds=1)
        lines = tuple(
            TimelineEntry(seq=100 + n, at=at, kind="delivery_failed", actor="tierline", text="", data={"key": key})
            for n, key in enumerate(failed, self.count)
        )
        self._record(timeline=lines)

    def _record(self, **what: Any) -> None:
        self.state = self.state.model_copy(update={"version": self.state.version + 1})
        made = Transition(document=document(self.state), version=self.state.version, **what)
        Transitions(self.services.database).record(made, self.at)

    @property
    def at(self) -> datetime:
        beginning: datetime = self.state.at
        return beginning + timedelta(seconds=self.count)

    def goes_out(
        self, key: str, status: MessageStatus = "sent", tries: int = 1, text: str = "Take it", **how: Any
    ) -> str:
        """A worker claims it as often as that, and marks what came of it."""
        to = "+4915112345678" if key.endswith("sms") else "dana@tierline.example"
        for _ in range(tries):
            self.services.outbound.claim(key, to, None if key.endswith("sms") else "Please take it", text, self.at)
        self.services.outbound.mark(key, status, self.at, **how)
        return key


async def letters(api: Api) -> Letters:
    """Those of a case that has just been opened."""
    await api.opened()
    return Letters(api.services, api.temporal.runs[CASE])
