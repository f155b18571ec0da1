"""How an agent's software speaks to the API: one Idempotency-Key a word, said again until somebody decides.

A broken connection, a time-out, a 503 and a "not yet" are no answers; the same word is said again under the same key, as any
careful client does. A 202 is followed until the command is settled. Everything is written down as it was heard.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from tests.chaos.journal import OPEN, CaseFile, Try, Word, now

TIME_LIMITS = (2.0, 12.0)  # seconds a client waits: one that is impatient, one that hears out the slowest answer
AGAIN_AFTER = (0.2, 0.8)  # seconds before the same word is said again
LOOK_AGAIN = 0.5  # seconds between two looks at a queued command
REPEATED = 0.15  # of the words are said again after their answer, which must change nothing


@dataclass
class Api:
    """The API as a client that never gives up; `over` says that the run has no more patience."""

    http: httpx2.AsyncClient
    dice: Random
    over: Callable[[], bool]
    made: int = 0

    async def get(self, path: str) -> Any:
        """What the API shows; asked again until it answers."""
        while True:
            answer = await self._request("GET", path, None, None, TIME_LIMITS[1])
            if answer.status == 200:
                return answer.body
            if (answer.decides and answer.status != 404) or self.over():
                raise LookupError(f"{path}: {answer.status} {answer.body or answer.error}")
            await self._breathe()

    async def say(self, file: CaseFile, name: str, by: str | None, *, mark: str | None = None, **body: Any) -> Word:
        """Say a word about the case and hear how it ended."""
        said = {**body, **({"by": by} if by else {})}
        self.made += 1
        word = Word(file.id, name, by, said, f"{file.id}/{name}/{self.made}", mark)
        file.words.append(word)
        path = "/v1/escalations" if name == OPEN else f"/v1/escalations/{file.id}/{name}"
        await self._until_decided(word, path)
        if word.status == 202:
            await self.settled(word)
        if word.answer is not None and self.dice.random() < REPEATED:
            word.tries.append(await self._request("POST", path, word.key, said, TIME_LIMITS[1]))
        return word

    async def settled(self, word: Word) -> None:
        """Follow the command until it is settled."""
        while word.command_id is not None:
            try:
                word.settled = await self.get(f"/v1/escalations/{word.case}/commands/{word.command_id}")
            except LookupError:
                return
            if word.settled["status"] != "queued" or self.over():
                return
            await asyncio.sleep(LOOK_AGAIN)

    async def _until_decided(self, word: Word, path: str) -> None:
        while word.answer is None and not self.over():
            limit = self.dice.choice(TIME_LIMITS)
            heard = await self._request("POST", path, word.key, word.body, limit)
            word.tries.append(heard)
            if word.answer is None:
                await self._breathe()

    async def _request(self, method: str, path: str, key: str | None, body: Any, limit: float) -> Try:
        sent = now()
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = await self.http.request(method, path, json=body, headers=headers, timeout=limit)
        except httpx2.TransportError as error:
            return Try(sent, now(), None, error=type(error).__name__)
        shown = answer.json() if answer.content else None
        return Try(sent, now(), answer.status_code, shown, command_id=answer.headers.get("Command-Id"))

    async def _breathe(self) -> None:
        await asyncio.sleep(self.dice.uniform(*AGAIN_AFTER))
