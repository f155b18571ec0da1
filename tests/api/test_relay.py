"""Temporal has no room for a command: 202 all the same, and it is handed over once, as soon as there is room."""

from typing import Any

import httpx2
import pytest
from temporalio.service import RPCStatusCode

from api.cases import NoRoom
from api.relay import hand_over
from tests.api.conftest import Api


async def no_room_for(api: Api, id: str, command: str, **body: Any) -> httpx2.Response:
    """Say it while the server is at its limit."""
    api.temporal.error = RPCStatusCode.RESOURCE_EXHAUSTED
    answer = await api.say(id, command, **body)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    return answer


async def became_of(api: Api, answer: httpx2.Response) -> dict[str, Any]:
    return dict((await api.get(f"/v1/commands/{answer.json()['command_id']}")).json())


async def test_a_word_temporal_had_no_room_for_is_handed_over_once(api: Api) -> None:
    case = await api.opened()
    answer = await no_room_for(api, case["id"], "acknowledge")
    with pytest.raises(NoRoom):
        await hand_over(api.services)
    assert (await became_of(api, answer))["status"] == "queued"

    api.temporal.error = None
    assert await hand_over(api.services) == 1
    assert await hand_over(api.services) == 0
    [(id, command)] = api.temporal.signals
    assert (id, command.id, command.name, command.by) == (
        case["id"],
        answer.json()["command_id"],
        "acknowledge",
        "dana",
    )


async def test_what_is_owed_goes_in_the_order_it_was_said(api: Api) -> None:
    case = await api.opened()
    for text in ("first", "second", "third"):
        await no_room_for(api, case["id"], "note", text=text)
    api.temporal.error = None
    assert await hand_over(api.services) == 3
    assert [command.body["text"] for _, command in api.temporal.signals] == ["first", "second", "third"]


async def test_a_word_owed_to_a_case_that_has_ended_is_refused_with_the_reason(api: Api) -> None:
    case = await api.opened()
    answer = await no_room_for(api, case["id"], "acknowledge")
    api.temporal.error = None
    await api.say(case["id"], "cancel", reason="opened by mistake")
    assert await hand_over(api.services) == 1
    ended = await became_of(api, answer)
    assert (ended["status"], ended["code"]) == ("refused", "already_cancelled")
    assert await hand_over(api.services) == 0


async def test_the_same_request_again_is_owed_once(api: Api) -> None:
    case = await api.opened()
    path, headers = f"/v1/escalations/{case['id']}/acknowledge", {"Idempotency-Key": "mine"}
    api.temporal.error = RPCStatusCode.RESOURCE_EXHAUSTED
    first = await api.post(path, {"by": "dana"}, headers=headers)
    again = await api.post(path, {"by": "dana"}, headers=headers)
    assert first.json() == again.json()
    api.temporal.error = None
    assert await hand_over(api.services) == 1


async def test_a_merge_is_not_said_while_its_target_has_no_room(api: Api) -> None:
    """The target records it first; owed, its word could come after the merged case is gone, and after the target has closed."""
    await api.opened()
    await api.opened("4712")
    api.temporal.error = RPCStatusCode.RESOURCE_EXHAUSTED
    answer = await api.say("zendesk-4712", "merge", into="zendesk-4711")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporal_busy")
    assert not api.services.commands.owed(10)
    api.temporal.error = None
    assert (await api.say("zendesk-4712", "merge", into="zendesk-4711")).status_code == 200
