"""Single entries of the roster taken away again: the one that is named, and no other."""

from typing import Any

import pytest

from domain.roster import Roster
from tests.api.calendars import feed
from tests.api.conftest import Api

SPAN = {"from": "2030-03-02T00:00:00Z", "to": "2030-03-09T00:00:00Z"}
ABSENCE = {"person": "dana", **SPAN}


async def entries(api: Api, section: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/v1/roster")).json()[section]
    return found


async def remove(api: Api, section: str, **named: str) -> tuple[int, str | None]:
    answer = await api.call("DELETE", f"/v1/roster/{section}", params=named)
    return answer.status_code, answer.json()["code"] if answer.content else None


async def test_a_wrong_absence_is_taken_away_and_the_person_is_on_call_again(api: Api) -> None:
    await api.post("/v1/roster/absences", ABSENCE)
    await api.post("/v1/roster/absences", {**ABSENCE, "person": "sam"})
    assert await remove(api, "absences", **ABSENCE) == (204, None)
    assert [one["person"] for one in await entries(api, "absences")] == ["sam"]
    [team] = (await api.get("/v1/on-call?team=support&at=2030-03-03T00:00:00Z")).json()["items"]
    assert team["on_call"] == "dana"
    assert await remove(api, "absences", **ABSENCE) == (404, "entry_not_found")


async def test_an_entry_may_be_named_in_another_time_zone(api: Api) -> None:
    await api.post("/v1/roster/absences", ABSENCE)
    there = {"person": "dana", "from": "2030-03-02T01:00:00+01:00", "to": "2030-03-09T01:00:00+01:00"}
    assert await remove(api, "absences", **there) == (204, None)
    assert await entries(api, "absences") == []


@pytest.mark.parametrize(
    "wrong", [{"person": "sam"}, {"from": "2030-03-02T00:00:01Z"}, {"to": "2030-03-08T00:00:00Z"}, {"delegate": "sam"}]
)
async def test_nothing_is_taken_away_that_was_not_named(api: Api, wrong: dict[str, str]) -> None:
    await api.post("/v1/roster/absences", ABSENCE)
    assert await remove(api, "absences", **{**ABSENCE, **wrong}) == (404, "entry_not_found")
    assert len(await entries(api, "absences")) == 1


async def test_of_several_that_fit_none_is_taken_until_it_is_clear_which(api: Api) -> None:
    override = {"person": "sam", **SPAN}
    for more in ({"team": "support"}, {"team": "experts"}, {"team": "support", "instead_of": "dana"}):
        await api.post("/v1/roster/overrides", {**override, **more})
    assert await remove(api, "overrides", **override) == (409, "several_entries")
    assert await remove(api, "overrides", **override, team="experts") == (204, None)
    assert await remove(api, "overrides", **override, instead_of="dana") == (204, None)
    assert [(one["team"], one["instead_of"]) for one in await entries(api, "overrides")] == [("support", None)]


async def test_an_entry_that_was_written_twice_goes_away_twice_at_once(api: Api) -> None:
    for _ in range(2):
        await api.post("/v1/roster/absences", ABSENCE)
    assert await remove(api, "absences", **ABSENCE) == (204, None)
    assert await entries(api, "absences") == []


async def test_what_came_from_a_feed_is_changed_there(api: Api) -> None:
    lines = "DTSTART:{}\nDTEND:{}\nSUMMARY:dana"
    now = api.services.now()
    span = [f"{now.year + years}0101T000000Z" for years in (0, 1)]
    content = feed(lines.format(*span))
    path = "/v1/roster/feeds/plan?as=absences"
    await api.call("PUT", path, content=content, headers={"Content-Type": "text/calendar"})
    [entry] = await entries(api, "absences")
    named = {name: entry[name] for name in ("person", "from", "to")}
    assert await remove(api, "absences", **named) == (409, "entry_of_a_feed")
    assert len(await entries(api, "absences")) == 1


@pytest.mark.parametrize("missing", ["person", "from", "to"])
async def test_an_entry_that_is_named_in_part_is_not_named(api: Api, missing: str) -> None:
    named = {name: value for name, value in ABSENCE.items() if name != missing}
    assert await remove(api, "absences", **named) == (422, "invalid_field")


async def test_an_absence_is_taken_although_the_stored_roster_has_an_old_ring(api: Api) -> None:
    """Rosters of before the check are still kept: what is added is judged, not what was there."""
    stored = api.services.roster.current()
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    ring = [{"person": "dana", "delegate": "sam", **span}, {"person": "sam", "delegate": "dana", **span}]
    old = Roster.model_validate({**stored.model_dump(mode="json", by_alias=True), "absences": ring})
    api.services.roster.save(old, None, api.services.now())
    answer = await api.post("/v1/roster/absences", {"person": "boss", **span})
    assert answer.status_code == 201, answer.text
    refused = await api.post("/v1/roster/absences", {"person": "boss", "delegate": "boss", **span})
    assert refused.status_code == 422
