"""An action gets another day or owner, over HTTP and on its page, and the run that reminds of it is told."""

from typing import Any

import httpx2
import pytest
from temporalio.service import RPCStatusCode

from api.errors import Unavailable
from api.relay import tell_of_moves
from tests.api.conftest import Api
from tests.api.lessons_desk import A, B, actions, promised
from tests.api.signed_in import Visitor, visitor

DAY = "2030-02-28"
CASE = "zendesk-4711"


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Dana, an agent. Sam is to do A on 31 January 2030, Dana B long ago."""
    await promised(api)
    found = visitor(api)
    await found.signs_in("agent", "/policies")
    return found


async def moved(api: Api, id: str = A, role: str = "operator", **body: Any) -> httpx2.Response:
    who = {"by": "dana"} if role == "operator" and "by" not in body else {}
    return await api.post(f"/v1/actions/{id}/move", {**who, **body}, role)


async def one(api: Api, id: str = A) -> dict[str, Any]:
    return next(found for found in await actions(api) if found["id"] == id)


# over HTTP


async def test_an_action_gets_another_day_and_then_another_owner(api: Api) -> None:
    await promised(api)
    assert (await one(api))["moved"] is None
    later = await moved(api, due_on=DAY, note="the vendor is late")
    assert (later.status_code, later.json()["due_on"], later.json()["owner"]) == (200, DAY, "sam")
    assert (later.json()["moved"]["by"], later.json()["moved"]["note"]) == ("dana", "the vendor is late")
    handed = await moved(api, owner="boss", by="sam")
    assert (handed.json()["owner"], handed.json()["due_on"], handed.json()["moved"]["by"]) == ("boss", DAY, "sam")
    assert handed.json()["moved"]["at"].endswith("Z")
    listed = await one(api)
    assert {name: listed[name] for name in handed.json()} == handed.json()
    assert [found["id"] for found in await actions(api, "owner=boss")] == [A]


async def test_a_retry_moves_once_and_the_same_again_changes_nothing(api: Api) -> None:
    await promised(api)
    headers, body = {"Idempotency-Key": "once"}, {"by": "dana", "owner": "boss"}
    answers = [await api.post(f"/v1/actions/{A}/move", body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert "Idempotent-Replayed" in answers[1].headers
    assert (await moved(api, owner="boss", by="sam")).json() == answers[0].json()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "nothing_to_move", "due_on"),
        ({"note": "why"}, "nothing_to_move", "due_on"),
        ({"owner": "ghost"}, "unknown_person", "owner"),
        ({"owner": "boss", "by": "ghost"}, "unknown_person", "by"),
        ({"due_on": "soon"}, "invalid_field", "due_on"),
        ({"owner": "Sam Smith"}, "invalid_field", "owner"),
        ({"until": DAY}, "invalid_field", "until"),
    ],
)
async def test_what_makes_no_move_is_refused_with_what_to_do(
    api: Api, body: dict[str, Any], code: str, field: str
) -> None:
    await promised(api)
    before, refused = await one(api), await moved(api, **body)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, field)
    assert await one(api) == before


async def test_what_is_over_or_not_there_or_anothers_word_is_not_moved(api: Api) -> None:
    await promised(api)
    await api.post(f"/v1/actions/{B}/done", {"by": "dana"})
    answers = [
        await moved(api, B, owner="sam"),
        await moved(api, "nothing", owner="sam"),
        await moved(api, "a%00b", owner="sam"),
        await moved(api, role="agent", owner="boss", by="sam"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "action_done"),
        (404, "action_not_found"),
        (404, "action_not_found"),
        (403, "not_yourself"),
    ]


# the run that reminds of it


async def test_the_run_of_its_root_cause_is_told_once(api: Api) -> None:
    await promised(api)
    cause_at = (await api.get(f"/v1/escalations/{CASE}")).json()["root_cause"]["at"]
    run = f"{CASE}/1/actions/{cause_at}"
    api.temporal.reminding = {run: 0, f"{CASE}/1/lessons": 0}
    await moved(api, owner="boss")
    assert [await tell_of_moves(api.services) for _ in range(2)] == [1, 0]
    assert api.temporal.reminding == {run: 1, f"{CASE}/1/lessons": 0}


async def test_by_earlier_rules_the_run_of_the_closing_is_told(api: Api) -> None:
    await promised(api)
    api.temporal.reminding = {f"{CASE}/1/lessons": 0}
    await moved(api, owner="boss")
    assert await tell_of_moves(api.services) == 1
    assert api.temporal.reminding == {f"{CASE}/1/lessons": 1}


async def test_a_move_is_taken_while_temporal_is_away_and_told_when_it_is_back(api: Api) -> None:
    await promised(api)
    api.temporal.reminding = {f"{CASE}/1/lessons": 0}
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert (await moved(api, owner="boss")).status_code == 200
    with pytest.raises(Unavailable):
        await tell_of_moves(api.services)
    api.temporal.error = None
    assert await tell_of_moves(api.services) == 1
    assert api.temporal.reminding == {f"{CASE}/1/lessons": 1}


async def test_where_no_run_lives_nothing_stays_owed(api: Api) -> None:
    await promised(api)
    await moved(api, owner="boss")
    assert [await tell_of_moves(api.services) for _ in range(2)] == [1, 0]


# its page


async def test_one_is_moved_by_its_own_row_and_the_page_says_by_whom(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/actions?state=all")
    assert page.form(f"move {A}").options[f"owner {A}"] == ["", "dana", "sam", "boss"]
    fields = {f"owner {A}": "boss", f"due_on {A}": DAY, f"note {A}": "the vendor is late", f"due_on {B}": "2031-01-01"}
    after = await someone.presses(page, f"move {A}", **fields)
    assert "a new owner hears at once" in after.words
    assert "state=all" in after.address
    assert ((await one(api))["owner"], (await one(api))["due_on"]) == ("boss", DAY)
    assert (await one(api, B))["due_on"] == "2020-01-31", "another row's fields are not its own"
    assert "due Thursday 28 February 2030 · Bo" in after.words
    assert "changed by Dana" in after.words
    assert ": the vendor is late" in after.words


async def test_what_is_left_empty_stays_as_it_is_by_now_and_not_as_the_page_showed_it(
    api: Api, someone: Visitor
) -> None:
    page = await someone.opens("/actions")
    await moved(api, due_on=DAY)
    await someone.presses(page, f"move {A}", **{f"owner {A}": "boss"})
    assert ((await one(api))["owner"], (await one(api))["due_on"]) == ("boss", DAY)


async def test_a_refusal_unfolds_its_row_with_what_was_typed(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/actions")
    assert "<details open>" not in page.html
    nothing = await someone.presses(page, f"move {A}", **{f"note {A}": "half written"})
    assert (nothing.status, "Choose another day, another owner, or both." in nothing.words) == (422, True)
    assert nothing.form(f"move {A}").fields[f"note {A}"] == "half written"
    typed = {**page.form(f"move {A}").fields, "command": f"move {A}", f"due_on {A}": DAY, f"owner {A}": "ghost"}
    unknown = await someone.sends(page, typed, "/actions")
    assert (unknown.status, unknown.html.count("<details open>")) == (422, 1)
    fields = unknown.form(f"move {A}").fields
    assert (fields[f"due_on {A}"], fields[f"owner {A}"], fields[f"owner {B}"]) == (DAY, "ghost", "")


async def test_a_viewer_has_no_way_to_move_and_what_is_over_has_none(api: Api, someone: Visitor) -> None:
    await api.post(f"/v1/actions/{B}/done", {"by": "dana"})
    assert [command for command in (await someone.opens("/actions?state=all")).commands if "move" in command] == [
        f"move {A}"
    ]
    viewer = await someone.signs_in("viewer", "/actions")
    assert not any("move" in command for command in viewer.commands)


async def test_a_case_shows_who_moved_its_action_and_german_is_german(api: Api, someone: Visitor) -> None:
    await moved(api, owner="boss", note="Urlaub")
    await someone.signs_in("operator", "/policies")
    case = await someone.opens(f"/escalations/{CASE}", **{"Accept-Language": "de"})
    assert "geändert von Dana" in case.words
    assert ": Urlaub" in case.words
    page = await someone.opens("/actions", **{"Accept-Language": "de"})
    assert "Anderer Tag oder andere Person Neuer Tag (leer: wie bisher)" in page.words
