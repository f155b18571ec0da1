"""A retry acts once and is told the same."""

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.service import RPCStatusCode

from api.cases import NoRoom, NoWorkflow
from api.idempotency import GIVEN_UP
from api.relay import hand_over
from domain.commands import Command
from domain.outcome import Settled
from records.tables import commands, idempotency
from tests.api.conftest import Api, case
from tests.api.test_commands_api import closed_case
from tests.until import LIMIT, until

KEY = {"Idempotency-Key": "retry-1"}


async def test_a_retried_command_is_applied_once_and_told_again(api: Api) -> None:
    await api.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    first = await api.post(path, body, headers=KEY)
    again = await api.post(path, body, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["command-id"] == first.headers["command-id"]
    assert len(api.temporal.updates) == 1


async def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    await api.opened()
    path = "/v1/escalations/zendesk-4711/note"
    await api.post(path, {"by": "dana", "text": "once"}, headers=KEY)
    answer = await api.post(path, {"by": "dana", "text": "twice"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(api.temporal.updates) == 1


async def test_a_refusal_is_told_again_too(api: Api) -> None:
    await api.opened()
    first = await api.post("/v1/escalations/zendesk-4711/resume", {"by": "dana"}, headers=KEY)
    again = await api.post("/v1/escalations/zendesk-4711/resume", {"by": "dana"}, headers=KEY)
    assert (first.status_code, first.json()["code"]) == (409, "not_paused")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert again.headers["content-type"] == "application/problem+json"


async def test_two_callers_with_the_same_words_do_not_meet(api: Api) -> None:
    await api.opened()
    path = "/v1/escalations/zendesk-4711/note"
    first = await api.post(path, {"by": "dana", "text": "x"}, "operator", headers=KEY)
    other = await api.post(path, {"by": "dana", "text": "x"}, "admin", headers=KEY)
    assert first.headers["command-id"] != other.headers["command-id"]
    assert len(api.temporal.updates) == 2


async def test_without_a_key_every_request_has_a_command_id_of_its_own(api: Api) -> None:
    await api.opened()
    ids = {(await api.say("zendesk-4711", "note", text="x")).headers["command-id"] for _ in range(2)}
    assert len(ids) == 2


async def test_a_retry_while_the_first_is_under_way_waits_for_its_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.opened()
    say, begun = api.services.cases.say, 0

    async def slow(*args: Any, **more: Any) -> dict[str, Any] | None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0.5)
        return await say(*args, **more)

    monkeypatch.setattr(api.services.cases, "say", slow)
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    first, second = await asyncio.gather(*(api.post(path, body, headers=KEY) for _ in range(2)))
    assert first.json() == second.json()
    assert begun == 1


async def test_a_first_request_slower_than_our_patience_and_its_retry_say_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first opens the case and is slow to say so; its retry finds the case open. Whoever answers first, answers for both."""
    monkeypatch.setattr("api.idempotency.GIVEN_UP", timedelta(0))
    finish, retried, held = api.services.idempotency.finish, asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*answer: Any) -> Any:
        held.set()
        if not retried.is_set():
            remembered = asyncio.run_coroutine_threadsafe(retried.wait(), loop)
            remembered.result(LIMIT)
        return finish(*answer)

    monkeypatch.setattr(api.services.idempotency, "finish", slow)
    first = asyncio.create_task(api.post("/v1/escalations", case(), headers=KEY))
    await until(held.is_set)
    monkeypatch.setattr(api.services.idempotency, "finish", finish)
    again = await api.post("/v1/escalations", case(), headers=KEY)
    retried.set()
    assert (again.status_code, (await first).status_code) == (200, 200)
    assert (await first).json() == again.json()
    assert (await api.post("/v1/escalations", case(), headers=KEY)).status_code == 200


async def test_a_failure_of_ours_is_forgotten_so_that_the_retry_is_a_fresh_try(api: Api) -> None:
    await api.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    first = await api.post(path, body, headers=KEY)
    assert (first.status_code, first.json()["code"]) == (503, "temporal_unavailable")
    assert first.headers["retry-after"].isdigit()
    api.temporal.error = None
    again = await api.post(path, body, headers=KEY)
    assert again.status_code == 200
    assert api.temporal.updates[-1][1].id == again.headers["command-id"]
    settled = await api.get(f"/v1/commands/{again.headers['command-id']}")
    assert settled.json()["status"] == "applied"


async def test_a_first_request_that_died_is_taken_over_under_the_same_command_id(api: Api) -> None:
    await api.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    first = await api.post(path, body, headers=KEY)
    _forget_answers(api)
    again = await api.post(path, body, headers=KEY)
    assert (again.status_code, again.headers["command-id"]) == (200, first.headers["command-id"])
    first_word, second_word = (word for _, word in api.temporal.updates)
    assert second_word == first_word  # said again, for the store may be ahead of a Temporal that crashed; applied once


async def test_a_retry_that_finds_no_room_is_owed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    first = await api.post(path, body, headers=KEY)
    _forget_answers(api)

    async def full(*_: Any, **__: Any) -> None:
        raise NoRoom

    monkeypatch.setattr(api.services.cases, "say", full)
    again = await api.post(path, body, headers=KEY)
    assert (again.status_code, again.json()["status"]) == (202, "queued")
    assert [owed.command_id for owed in api.services.commands.owed(10)] == [first.headers["command-id"]]


def _forget_answers(api: Api) -> None:
    """As if the process had died before it could remember its answer."""
    with api.services.database.write() as connection:
        long_ago = api.services.now() - GIVEN_UP - timedelta(seconds=1)
        connection.execute(idempotency.update().values(status=None, response=None, created_at=long_ago))


async def test_a_retry_says_the_very_same_word(api: Api) -> None:
    """Temporal may keep the retry's where a worker has obeyed the first one's; were they different, a replay would go astray."""
    await api.opened()
    path, body = "/v1/escalations/zendesk-4711/note", {"by": "dana", "text": "once"}
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    refused = await api.post(path, body, headers=KEY)
    api.temporal.error = None
    await api.post(path, body, headers=KEY)
    known = (
        await api.get(f"/v1/commands/{refused.headers.get('command-id') or api.temporal.updates[-1][1].id}")
    ).json()
    [word] = [word for _, word in api.temporal.updates]
    assert word.received_at == datetime.fromisoformat(known["received_at"])


async def test_a_retry_that_finds_the_run_over_by_its_own_first_try_is_told_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try lost its answer; while the retry is on its way the workflow applies the word, which ends the run."""
    await api.opened()

    async def over_by_now(id: str, command: Command, **_: Any) -> None:
        api.services.commands.settle(Settled(command_id=command.id, status="applied"), api.services.now())
        raise NoWorkflow

    monkeypatch.setattr(api.services.cases, "say", over_by_now)
    body = {"by": "dana", "reason": "withdrawn"}
    answer = await api.post("/v1/escalations/zendesk-4711/cancel", body, headers=KEY)
    assert answer.status_code == 200, answer.text


async def test_a_reopening_whose_process_died_before_it_was_settled_has_reopened(api: Api) -> None:
    await closed_case(api)
    path, body = "/v1/escalations/zendesk-4711/reopen", {"by": "dana", "reason": "still broken"}
    first = await api.post(path, body, headers=KEY)
    assert (first.status_code, first.json()["episode"]) == (200, 2)
    _forget_answers(api)
    with api.services.database.write() as connection:
        connection.execute(commands.update().values(status="queued", settled_at=None))
    again = await api.post(path, body, headers=KEY)
    assert (again.status_code, again.json()["episode"], again.json()["status"]) == (200, 2, "open"), again.text
    told = (await api.get(f"/v1/commands/{again.headers['command-id']}")).json()
    assert told["status"] == "applied"


async def test_a_word_carries_the_episode_it_was_said_to(api: Api) -> None:
    await closed_case(api)
    await api.say("zendesk-4711", "reopen", reason="still broken")
    await api.say("zendesk-4711", "acknowledge")
    assert [(word.name, word.episode) for _, word in api.temporal.updates][-2:] == [("close", 1), ("acknowledge", 2)]


async def test_a_word_owed_to_an_episode_that_is_over_is_not_said_to_the_next(api: Api) -> None:
    await closed_case(api)
    await api.say("zendesk-4711", "reopen", reason="still broken")
    late = Command(id="late", name="close", by="dana", received_at=api.services.now(), body={}, episode=1)
    api.services.commands.queue(late, "zendesk-4711", 1)
    api.services.commands.owe("late", api.services.now())
    assert await hand_over(api.services) == 1
    assert [(word.name, word.episode) for _, word in api.temporal.signals] == [("close", 1)]


async def test_opening_twice_with_a_key_replays_the_201(api: Api) -> None:
    first = await api.post("/v1/escalations", case(), headers=KEY)
    again = await api.post("/v1/escalations", case(), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_opening_that_came_too_early_may_be_tried_again_under_its_key(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.openings.ENDING", 0.0)
    await api.opened()
    run = api.temporal.runs["zendesk-4711"]
    await api.say("zendesk-4711", "cancel", reason="by mistake")
    api.temporal.runs["zendesk-4711"] = run  # it has not completed yet, and no worker is there to hear that it should
    api.temporal.worker = False
    early = await api.post("/v1/escalations", case(), headers=KEY)
    assert (early.status_code, early.json()["code"]) == (409, "still_ending")
    assert early.headers["retry-after"].isdigit()
    del api.temporal.runs["zendesk-4711"]
    again = await api.post("/v1/escalations", case(), headers=KEY)
    assert (again.status_code, again.json()["episode"]) == (201, 2)


async def test_the_secret_of_a_new_key_is_not_kept_for_replays(api: Api) -> None:
    first = await api.post("/v1/keys", {"role": "viewer"}, "admin", headers=KEY)
    again = await api.post("/v1/keys", {"role": "viewer"}, "admin", headers=KEY)
    assert first.json()["key"].startswith("tl_")
    assert again.json() == {**first.json(), "key": None}
