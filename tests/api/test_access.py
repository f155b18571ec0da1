"""As whom a key acts, and what keys there are. Which role may use which route: `test_roles.py`."""

import pytest

from tests.api.conftest import Api

SYSTEM, AGENT, ADMIN = "system", "agent", "admin"


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Bearer ", "Basic abc", "tl_x"])
async def test_without_a_good_key_it_is_401_and_says_how(api: Api, header: str | None) -> None:
    answer = await api.client.get("/v1/escalations", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] in ("key_missing", "key_unknown")


async def test_a_revoked_key_opens_nothing_from_that_moment(api: Api) -> None:
    made = (await api.post("/v1/keys", {"role": "viewer"}, ADMIN)).json()
    bearer = {"Authorization": f"Bearer {made['key']}"}
    assert (await api.client.get("/v1/escalations", headers=bearer)).status_code == 200
    assert (await api.call("DELETE", f"/v1/keys/{made['id']}", ADMIN)).status_code == 204
    assert (await api.client.get("/v1/escalations", headers=bearer)).status_code == 401
    assert (await api.call("DELETE", f"/v1/keys/{made['id']}", ADMIN)).status_code == 404


async def test_an_agent_acts_as_themselves_without_saying_so(api: Api) -> None:
    await api.opened()
    assert (await api.say("zendesk-4711", "acknowledge", AGENT)).json()["owner"] == "dana"


async def test_an_agent_cannot_act_as_somebody_else(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "acknowledge", AGENT, by="sam")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (403, "not_yourself", "by")
    assert api.temporal.updates == []


async def test_an_operator_acts_as_anybody_of_the_roster(api: Api) -> None:
    await api.opened()
    assert (await api.say("zendesk-4711", "acknowledge", by="sam")).json()["owner"] == "sam"
    answer = await api.say("zendesk-4711", "note", by="ghost", text="boo")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_person", "by")


async def test_an_operator_key_of_nobody_must_say_who_acts(api: Api) -> None:
    await api.opened()
    answer = await api.post("/v1/escalations/zendesk-4711/acknowledge")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "field_required", "by")


async def test_a_system_acts_under_its_label(api: Api) -> None:
    await api.opened()
    await api.say("zendesk-4711", "note", SYSTEM, text="seen")
    assert api.temporal.updates[-1][1].by == "the system"
    assert (await api.say("zendesk-4711", "note", SYSTEM, text="seen", by="dana")).json()["code"] == "not_yourself"


@pytest.mark.parametrize(("command", "body"), [("assign", {"to": "ghost"}), ("watch", {"person": "ghost"})])
async def test_whom_it_is_given_to_must_be_in_the_roster(api: Api, command: str, body: dict[str, str]) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", command, **body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "unknown_person",
        next(iter(body)),
    )


async def test_a_team_nobody_knows_is_refused(api: Api) -> None:
    await api.opened()
    answer = await api.say("zendesk-4711", "escalate", kind="functional", team="nowhere", reason="?")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_team", "team")


async def test_the_last_admin_key_stays(api: Api) -> None:
    admins = [key["id"] for key in (await api.get("/v1/keys", ADMIN)).json()["items"] if key["role"] == "admin"]
    first, last = admins
    assert (await api.call("DELETE", f"/v1/keys/{first}", ADMIN)).status_code == 204
    answer = await api.call("DELETE", f"/v1/keys/{last}", ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin_key")


@pytest.mark.parametrize(
    "body",
    [{"role": "agent"}, {"role": "agent", "person": "ghost"}, {"role": "viewer", "person": "dana"}, {"role": "root"}],
)
async def test_a_key_for_nobody_in_particular_is_not_made(api: Api, body: dict[str, str]) -> None:
    assert (await api.post("/v1/keys", body, ADMIN)).status_code == 422


async def test_keys_are_listed_without_their_secrets(api: Api) -> None:
    text = (await api.get("/v1/keys", ADMIN)).text
    assert not any(secret in text for secret in api.keys.values())
