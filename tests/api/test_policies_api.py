"""Policies, the roster, and what a fresh installation begins with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client

from api.app import create_app
from api.seeding import read_folder
from api.services import Services
from domain.errors import PolicyFaults
from settings import ApiSettings
from tests.api.conftest import POLICY, ROSTER, Api, write_policies
from tests.api.fakes import FakeTemporal

YAML = {"Content-Type": "application/yaml"}
BROKEN = """
name: standard
owner_of_last_resort: boss
tiers:
  - {name: L1, team: support, calendar: moon, targets: {acknowledge: {all: soon}}, steps: [{tell: everybody, channels: [fax]}]}
"""


async def put(api: Api, text: str, name: str = "standard", role: str = "operator") -> Any:
    return await api.call("PUT", f"/v1/policies/{name}", role, content=text.encode(), headers=YAML)


async def test_a_put_makes_a_new_version_and_an_unchanged_one_does_not(api: Api) -> None:
    changed = POLICY.replace("15m", "20m")
    assert (await put(api, changed)).json()["version"] == 2
    assert (await put(api, changed)).json()["version"] == 2
    items = (await api.get("/v1/policies/standard/versions")).json()["items"]
    assert [(one["version"], one["source"], one["created_by"]) for one in items] == [
        (2, "api", "the operator"),
        (1, "file", None),
    ]
    assert (await api.get("/v1/policies/standard?version=1")).json()["version"] == 1


async def test_what_is_got_can_be_put_back(api: Api) -> None:
    document = (await api.get("/v1/policies/standard")).json()
    answer = await api.call("PUT", "/v1/policies/standard", json=document)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    roster = (await api.get("/v1/roster")).json()
    assert (await api.call("PUT", "/v1/roster", json=roster)).json() == {**roster, "warnings": []}


async def test_a_broken_policy_is_refused_with_all_its_faults(api: Api) -> None:
    answer = await put(api, BROKEN)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_policy")
    paths = {one["path"] for one in answer.json()["errors"]}
    assert {"tiers[0].calendar", "tiers[0].targets.acknowledge.all", "tiers[0].steps[0].channels[0]"} <= paths
    assert (await api.get("/v1/policies/standard")).json()["version"] == 1


@pytest.mark.parametrize("text", ["", "- a", "name: [", "a: 1\na: 2", "\0", "*x"])
async def test_what_is_no_policy_at_all_is_refused(api: Api, text: str) -> None:
    assert (await put(api, text)).status_code == 422


async def test_the_name_is_the_one_of_the_address(api: Api) -> None:
    answer = await put(api, POLICY, "gold")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "name")
    assert (await put(api, POLICY.replace("name: standard\n", "", 1), "gold")).json()["name"] == "gold"


async def test_names_the_roster_lacks_are_warnings(api: Api) -> None:
    answer = await put(api, POLICY.replace("team: experts", "team: wizards"))
    assert answer.status_code == 200
    assert [one["path"] for one in answer.json()["warnings"]] == ["tiers[1].team", "targets.closure"]


async def test_another_format_is_not_read(api: Api) -> None:
    answer = await api.call("PUT", "/v1/policies/standard", content=b"<x/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("role", ["agent", "viewer", "system"])
@pytest.mark.parametrize("path", ["/v1/policies/standard", "/v1/roster"])
async def test_only_operators_change_rules_and_people(api: Api, path: str, role: str) -> None:
    assert (await api.call("PUT", path, role, content=POLICY.encode(), headers=YAML)).status_code == 403


async def test_a_roster_counts_at_once(api: Api) -> None:
    assert (await api.get("/v1/on-call?team=support")).json()["items"][0]["on_call"] == "dana"
    changed = ROSTER.replace("members: [dana, sam]", "members: [sam]")
    answer = await api.call("PUT", "/v1/roster", content=changed.encode(), headers=YAML)
    assert answer.status_code == 200
    [team] = (await api.get("/v1/on-call?team=support")).json()["items"]
    assert (team["on_call"], team["on_call_next"], team["lead"]) == ("sam", None, "dana")


async def test_a_broken_roster_is_refused_with_all_its_faults(api: Api) -> None:
    broken = ROSTER.replace("lead: dana", "lead: ghost").replace("sam@tierline.example", "nobody")
    answer = await api.call("PUT", "/v1/roster", content=broken.encode(), headers=YAML)
    assert answer.status_code == 422
    assert {"people[1].email", "teams[0].lead"} <= {one["path"] for one in answer.json()["errors"]}


async def test_who_policies_in_use_name_and_the_roster_lacks_now_are_warnings(api: Api) -> None:
    answer = await api.call(
        "PUT", "/v1/roster", content=ROSTER.replace("id: experts", "id: wizards").encode(), headers=YAML
    )
    [found] = [one for one in answer.json()["warnings"] if one["path"] == "standard.tiers[1].team"]
    assert found["message"].startswith("the roster has no team 'experts'")
    emptied = (await api.call("PUT", "/v1/roster", json={})).json()
    assert (emptied["people"], emptied["warnings"][0]["path"]) == ([], "people")
    assert emptied["warnings"][0]["message"].startswith("nobody is in this roster")
    assert {"standard.owner_of_last_resort", "standard.tiers[0].team"} <= {one["path"] for one in emptied["warnings"]}


async def test_a_roster_may_be_larger_than_other_bodies_and_is_bounded(api: Api) -> None:
    roster = (await api.get("/v1/roster")).json()
    absence = {"person": "dana", "from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z", "delegate": None}
    large = {**roster, "absences": [absence] * 12_000}
    answer = await api.call("PUT", "/v1/roster", json=large)
    assert (answer.status_code, len(answer.content) > api.services.settings.max_body_bytes) == (200, True)
    assert len((await api.get("/v1/roster")).json()["absences"]) == 12_000
    long = "".join(f"  - {{id: p{n}, name: {'X' * 150}}}\n" for n in range(5_000))
    text = f"{ROSTER.partition('teams:')[0].rstrip()}\n{long}"
    assert len(text) > 500_000
    assert (await api.call("PUT", "/v1/roster", content=text.encode(), headers=YAML)).status_code == 200
    for path in ("/v1/policies/standard", "/v1/roster"):
        answer = await api.call("PUT", path, content=b"x" * 5_000_001, headers=YAML)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (await put(api, "x" * 600_000)).json()["errors"][0]["message"].startswith("larger than 500 kB")


async def test_who_is_absent_is_not_on_call(api: Api) -> None:
    absence = {"person": "dana", "from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
    assert (await api.post("/v1/roster/absences", absence)).status_code == 201
    during = (await api.get("/v1/on-call?team=support&at=2026-03-06T00:00:00Z")).json()["items"][0]
    after = (await api.get("/v1/on-call?team=support&at=2026-03-09T00:00:00%2B00:00")).json()["items"][0]
    assert (during["on_call"], during["at"], after["on_call"]) == ("sam", "2026-03-06T00:00:00Z", "dana")
    answer = await api.post("/v1/roster/absences", {**absence, "person": "ghost"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "absences[1].person")


async def test_a_lead_who_is_absent_is_stood_in_for(api: Api) -> None:
    absence = {"person": "dana", "from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z", "delegate": "sam"}
    assert (await api.post("/v1/roster/absences", absence)).status_code == 201
    during = (await api.get("/v1/on-call?team=support&at=2026-03-06T00:00:00Z")).json()["items"][0]
    after = (await api.get("/v1/on-call?team=support&at=2026-03-09T00:00:00Z")).json()["items"][0]
    assert (during["lead"], during["acting_lead"]) == ("dana", "sam")
    assert (after["lead"], after["acting_lead"]) == ("dana", "dana")


async def test_until_lists_every_shift_and_gap(api: Api) -> None:
    body = {"person": "dana", "from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
    await api.post("/v1/roster/absences", body)
    query = "/v1/on-call?team=support&at=2026-03-06T00:00:00Z&until=2026-03-10T00:00:00Z"
    [team] = (await api.get(query)).json()["items"]
    assert (team["at"], team["until"], team["on_call"]) == ("2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z", "sam")
    assert team["shifts"] == [
        {"from": "2026-03-06T00:00:00Z", "to": "2026-03-09T00:00:00Z", "on_call": "sam", "on_call_next": None},
        {"from": "2026-03-09T00:00:00Z", "to": "2026-03-10T00:00:00Z", "on_call": "dana", "on_call_next": "sam"},
    ]
    answer = await api.get("/v1/on-call?at=2026-03-06T00:00:00Z&until=2027-03-10T00:00:00Z")
    assert (answer.status_code, answer.json()["field"]) == (422, "until")
    assert "until: write a time after the beginning (now where none is named), at most 92 days later" in answer.text


@asynccontextmanager
async def running(settings: ApiSettings) -> AsyncIterator[Services]:
    app = create_app(settings, client=cast(Client, FakeTemporal()))
    async with app.router.lifespan_context(app):
        yield app.state.services


async def test_a_changed_file_makes_a_version_and_an_unchanged_one_never_overrides_a_put(settings: ApiSettings) -> None:
    def version(services: Services) -> int:
        policy = services.policies.latest("standard")
        assert policy is not None
        return policy.version

    async with running(settings) as services:
        assert version(services) == 1
        policy = services.policies.latest("standard")
        assert policy is not None
        services.policies.save(policy.model_copy(update={"owner_of_last_resort": "sam"}), "api", "dana", services.now())
    async with running(settings) as services:
        assert version(services) == 2  # what was PUT stays
    write_policies(settings.policies, POLICY.replace("15m", "20m"))
    async with running(settings) as services:
        assert version(services) == 3


async def test_the_roster_file_seeds_an_empty_store_only(settings: ApiSettings) -> None:
    async with running(settings):
        pass
    write_policies(settings.policies, roster="people: []\n")
    async with running(settings) as services:
        assert len(services.roster.current().people) == 3


async def test_the_first_admin_key_is_for_this_user_only_and_made_once(settings: ApiSettings) -> None:
    path = settings.home / "admin-key"
    async with running(settings) as services:
        key = services.keys.find(path.read_text().strip())
        assert key is not None
        assert key.role == "admin"
        assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    async with running(settings) as services:
        assert path.read_text() == before
        assert len(services.keys.all()) == 1


async def test_a_broken_file_stops_the_start_with_every_fault_of_every_file(settings: ApiSettings) -> None:
    (settings.policies / "gold.yaml").write_text(BROKEN)
    (settings.policies / "roster.yaml").write_text("people: 3\n")
    with pytest.raises(PolicyFaults) as refused:
        async with running(settings):
            pass
    text = str(refused.value)
    assert "gold.yaml: tiers[0].calendar" in text
    assert "gold.yaml: tiers[0].targets.acknowledge.all" in text
    assert "roster.yaml: people" in text


def test_files_that_cannot_be_read_are_named_in_plain_words(tmp_path: Path) -> None:
    write_policies(tmp_path)
    (tmp_path / "gold.yaml").write_bytes(b"name: \xff")
    (tmp_path / "old.yaml").mkdir()
    with pytest.raises(PolicyFaults) as refused:
        read_folder(tmp_path)
    assert [str(fault) for fault in refused.value.faults] == [
        "gold.yaml: is not UTF-8 text (byte 6); save it as UTF-8",
        "old.yaml: cannot be read: Is a directory",
    ]


def test_two_files_of_one_name_are_a_fault(tmp_path: Path) -> None:
    write_policies(tmp_path)
    (tmp_path / "zz.yaml").write_text(POLICY)
    with pytest.raises(PolicyFaults, match="more than one file"):
        read_folder(tmp_path)
