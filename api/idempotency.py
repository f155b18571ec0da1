"""`Idempotency-Key`: a retry acts once and is told the same.

The command id is derived from the key's owner, method, path and header, so even a retry after a crash of this process says
the same command to the workflow, which applies an id once. Answers that were decided (2xx and refusals) are remembered for a
day; failures of ours are forgotten, so that the retry is a fresh try.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import structlog
from fastapi import Depends, Header, Request
from sqlalchemy.exc import SQLAlchemyError

from api.auth import Anybody
from api.errors import MEDIA_TYPE, Busy, Json, problem_of, status_of
from api.services import Services, Wired, in_thread
from domain.errors import DomainError
from domain.identity import command_id
from records.idempotency import Fresh, Given, Pending, Replay

WAIT_FOR_FIRST = 10.0  # seconds; a command takes at most 5 s for the update and 3 s for the signal
LOOK_AGAIN = 0.1  # seconds
GIVEN_UP = timedelta(seconds=30)  # a first request older than this died with its process; the retry does the work

log = structlog.get_logger()


@dataclass(frozen=True)
class Answered:
    """What a route answers; `remembered` stands in for the body where the body must not be kept (a new key's secret)."""

    status: int
    body: Any
    remembered: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[], Awaitable[Answered]]


class _Slot(NamedTuple):
    """What names one remembered answer."""

    owner: str
    method: str
    path: str
    key: str


class Once:
    """One POST: its command id, when it was received, and the way to answer it once."""

    def __init__(
        self, services: Services, slot: _Slot | None, body_hash: str, owner: str, received_at: datetime
    ) -> None:
        self._services = services
        self._slot = slot
        self._body_hash = body_hash
        self.received_at = received_at
        self.command_id = command_id(owner, slot.method, slot.path, slot.key) if slot else str(uuid4())

    @property
    def keyed(self) -> bool:
        """Whether the caller sent an `Idempotency-Key`, so that this may be a retry."""
        return self._slot is not None

    async def answer(self, work: Work) -> Json:
        """Do `work` and answer it, or answer what it was answered before."""
        if self._slot is None:
            return self._response(await _decided(work))
        begun = await self._begin(self._slot)
        if isinstance(begun, Replay):
            return self._again(begun)
        try:
            answered = await _decided(work)
        except BaseException:
            await in_thread(self._release, self._slot)
            raise
        try:
            first = await in_thread(self._finish, self._slot, answered)
        except SQLAlchemyError as error:  # decided all the same; a retry says the same command, which is applied once
            log.error("an answer is not remembered", path=self._slot.path, error=type(error).__name__)
            first = None
        return self._again(first) if first else self._response(answered)

    async def _begin(self, slot: _Slot) -> Fresh | Replay | Pending:
        """Fresh or Replay, or Pending when the first request died; waits for one that is under way."""
        deadline = asyncio.get_running_loop().time() + WAIT_FOR_FIRST
        while True:
            begun = await in_thread(self._ask, slot)
            if not isinstance(begun, Pending) or self._services.now() - begun.since > GIVEN_UP:
                return begun
            if asyncio.get_running_loop().time() > deadline:
                raise Busy("request_in_progress", "the first request with this Idempotency-Key is still under way")
            await asyncio.sleep(LOOK_AGAIN)

    def _ask(self, slot: _Slot) -> Fresh | Replay | Pending:
        return self._services.idempotency.begin(
            *slot,
            self._body_hash,
            self._services.now(),
            command_id=self.command_id,
        )

    def _finish(self, slot: _Slot, answered: Answered) -> Replay | None:
        """Remember the answer; one that was given meanwhile counts instead."""
        kept = answered.body if answered.remembered is None else answered.remembered
        given = Given(answered.status, kept, self._body_hash, self.command_id)
        return self._services.idempotency.finish(*slot, given, self._services.now())

    def _release(self, slot: _Slot) -> None:
        self._services.idempotency.release(*slot)

    def _again(self, replay: Replay) -> Json:
        return self._response(Answered(replay.status, replay.response), {"Idempotent-Replayed": "true"})

    def _response(self, answered: Answered, more: Mapping[str, str] | None = None) -> Json:
        media = MEDIA_TYPE if answered.status >= 400 else "application/json"
        headers = {"Command-Id": self.command_id, **answered.headers, **(more or {})}
        return Json(answered.body, answered.status, headers=headers, media_type=media)


async def _decided(work: Work) -> Answered:
    """What came of the work, a refusal included; what is only away for now is raised."""
    try:
        return await work()
    except DomainError as error:
        status, headers = status_of(error)
        if status >= 500 or isinstance(error, Busy):
            raise
        return Answered(status, problem_of(error), headers=headers)


async def once(
    request: Request,
    caller: Anybody,
    services: Wired,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="makes a retry of this request safe for 24 h",
        ),
    ] = None,
) -> Once:
    """The dependency behind `Acting`."""
    received_at = services.now()
    path = request.url.path
    slot = _Slot(caller.id, request.method, path, idempotency_key) if idempotency_key else None
    return Once(services, slot, sha256(await request.body()).hexdigest(), caller.id, received_at)


Acting = Annotated[Once, Depends(once)]
"""A POST that acts: answer it through `acting.answer(...)`."""
