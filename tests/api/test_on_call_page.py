"""The page of duty: who answers now and next as the rules say, the weeks ahead, gaps in words, and forms that change the plan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.pages.on_call_band import LEFT
from records.bad_addresses import BadAddress
from tests.api.calendars import feed
from tests.api.conftest import Api
from tests.api.drawings import drawings, is_inert, parts, texts, title
from tests.api.signed_in import COOKIE, Visitor, visitor

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday
ROSTER = """
people:
  - {id: dana, name: Dana Okafor, email: dana@tierline.example, phone: "+493023125101", timezone: Europe/Berlin}
  - {id: sam, name: Sam Rivera, email: sam@tierline.example, timezone: Europe/Berlin}
  - {id: boss, name: Bo Falk, email: bo@tierline.example}
  - {id: mika, name: Mika Virtanen, email: mika@tierline.example}
teams:
  - id: support
    name: Customer support
    lead: boss
    members: [dana, sam, mika]
    rotations:
      - {name: primary, timezone: Europe/Berlin, handoff: "mon 09:00", every: 1w, start: 2026-01-05, members: [dana, sam, mika]}
      - {name: secondary, timezone: Europe/Berlin, handoff: "mon 09:00", every: 1w, start: 2026-01-05, members: [mika, dana, sam]}
  - id: night
    name: Night watch
    members: [sam, mika]
    rotations:
      - {name: night, timezone: Europe/Berlin, handoff: "20:00", every: 1d, start: 2026-01-05, hours: {mon: ["20:00-06:00"], wed: ["20:00-06:00"]}, members: [sam, mika]}
  - {id: bosses, members: [boss]}
overrides:
  - {team: support, person: sam, instead_of: mika, from: 2026-03-05T08:00:00Z, to: 2026-03-06T08:00:00Z}
absences:
  - {person: dana, delegate: mika, from: 2026-03-10T00:00:00Z, to: 2026-03-12T00:00:00Z}
"""  # noqa: E501 - a file as people write it


@pytest.fixture
async def api(api: Api) -> Api:
    """The clock stands at `NOW`, and the roster is this one."""
    api.app.state.services = replace(api.services, now=lambda: NOW)
    kind = {"Content-Type": "application/yaml"}
    answer = await api.call("PUT", "/v1/roster", content=ROSTER.encode(), headers=kind)
    assert answer.status_code == 200, answer.text
    return api


@pytest.fixture
async def someone(api: Api) -> Visitor:
    found = visitor(api)
    await found.signs_in("operator", "/policies")
    return found


async def roster(api: Api) -> dict[str, Any]:
    return (await api.get("/v1/roster")).json()  # type: ignore[no-any-return]


async def duty(api: Api, team: str, **more: str) -> dict[str, Any]:
    [found] = (await api.get("/v1/on-call", params={"team": team, **more})).json()["items"]
    return found  # type: ignore[no-any-return]


def time(text: str | datetime, zone: str = "UTC") -> str:
    at = datetime.fromisoformat(text) if isinstance(text, str) else text
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


# --- what it shows


async def test_who_answers_now_until_when_and_who_is_next_is_what_the_api_says(api: Api, someone: Visitor) -> None:
    names = {one["id"]: one["name"] for one in (await roster(api))["people"]}
    for team in ("support", "bosses"):
        found = await duty(api, team, at=NOW.isoformat(), until=(NOW + timedelta(days=90)).isoformat())
        page = await someone.opens(f"/on-call?team={team}")
        assert f"On duty now {names[found['on_call']]} " in page.words
        mine = next((one for one in found["shifts"] if one["on_call"] != found["on_call"]), None)
        says = f"until {time(mine['from'])}" if mine else "no change planned until"
        assert f"{names[found['on_call']]} {says}" in page.words
        if mine:
            assert f"Next shift {names[mine['on_call']]} {time(mine['from'])}" in page.words
        next_one = names[found["on_call_next"]] if found["on_call_next"] else "nobody stands behind"
        assert f"If that one does not answer {next_one}" in page.words
        assert f"Lead {names[found['lead']] if found['lead'] else 'none'}" in page.words


async def test_a_lead_who_is_away_is_shown_with_who_stands_in(api: Api, someone: Visitor) -> None:
    away = {"person": "boss", "delegate": "mika", "from": "2026-03-01T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
    await api.call("PUT", "/v1/roster", json={**await roster(api), "absences": [away]})
    words = (await someone.opens("/on-call?team=support")).words
    assert "Lead Bo Falk away, in their place: Mika Virtanen " in words


async def test_the_first_row_of_the_plan_is_the_duty_that_the_api_lists(api: Api, someone: Visitor) -> None:
    begins, ends = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    names = {one["id"]: one["name"] for one in (await roster(api))["people"]}
    for team in ("support", "night"):
        [drawing] = drawings(await someone.opens(f"/on-call?team={team}"))
        drawn = [title(one) for one in parts(drawing, "piece") if "duty" in (one.get("class") or "").split()]
        assert drawn == [
            f"{names[one['on_call']] if one['on_call'] else 'nobody'}, on duty, {time(one['from'])} – {time(one['to'])}"
            for one in await whole_shifts(api, team, begins, ends)
        ]
        assert all(float(one.get("x") or 0) >= LEFT for one in parts(drawing, "box")), "what began earlier is cut off"


async def test_each_rotation_shows_its_own_plan_whatever_changed_it(api: Api, someone: Visitor) -> None:
    [drawing] = drawings(await someone.opens("/on-call?team=support&from=2026-03-02&weeks=2"))
    planned = [
        title(one)
        for one in parts(drawing, "rotation")
        if title(one).endswith("09 Mar 09:00") or "primary" in title(one)
    ]
    assert "Mika Virtanen, primary, Mon 2 Mar 08:00 – Mon 9 Mar 08:00" in planned
    duties = [title(one) for one in parts(drawing, "duty") if one.tag == "g"]
    assert "Sam Rivera, on duty, Thu 5 Mar 08:00 – Fri 6 Mar 08:00" in duties
    assert "Mika Virtanen, on duty, Tue 10 Mar 00:00 – Thu 12 Mar 00:00" in duties, "the delegate"
    assert [title(one) for one in parts(drawing, "overrides") if one.tag == "g"] == [
        "Sam Rivera (Mika Virtanen), taken over, Thu 5 Mar 08:00 – Fri 6 Mar 08:00"
    ]
    assert [title(one) for one in parts(drawing, "absences") if one.tag == "g"] == [
        "Dana Okafor (Mika Virtanen), away, Tue 10 Mar 00:00 – Thu 12 Mar 00:00"
    ]
    assert texts(drawing, "row-name") == ["on duty", "next", "primary", "secondary", "taken over", "away"]


async def test_gaps_are_told_in_words_and_hatched_with_a_word_on_them(api: Api, someone: Visitor) -> None:
    found = await whole_shifts(api, "night", NOW, datetime(2026, 3, 11, tzinfo=UTC))
    page = await someone.opens("/on-call?team=night&weeks=1")
    gaps = [one for one in found if one["on_call"] is None]
    assert gaps[0]["from"] < "2026-03-04T00:00:00Z", "the page begins within the first"
    assert "Nobody is on duty" in page.words
    for one in gaps:
        assert f"{time(one['from'])} to {time(one['to'])}" in page.words
    assert "On duty now Nobody nobody is on duty, until Wed 4 Mar 19:00, in 9 h" in page.words
    [drawing] = drawings(page)
    assert [one for one in texts(drawing, "name") if one == "nobody"]
    staffed = await someone.opens("/on-call?team=support")
    assert "Somebody is on duty all the time." in staffed.words
    assert "Nobody is on duty" not in staffed.words


async def test_every_shift_stands_in_words_too(api: Api, someone: Visitor) -> None:
    found = await duty(api, "support", at="2026-03-02T08:00:00Z", until="2026-04-06T07:00:00Z")  # from shift to shift
    names = {one["id"]: one["name"] for one in (await roster(api))["people"]}
    page = await someone.opens("/on-call?team=support")
    for one in found["shifts"]:
        assert f"{time(one['from'])} to {time(one['to'])} (" in page.words
        assert f"): {names[one['on_call']]}; next {names[one['on_call_next']]}" in page.words


async def test_a_shift_ends_when_it_ends_however_many_weeks_are_shown(api: Api, someone: Visitor) -> None:
    """Nine weeks after the fifth of January the hand-off is Dana's; one week shown ends in the middle of her turn."""
    begun = "You are on duty for Customer support from Mon 30 Mar 09:00 to Mon 6 Apr 09:00 (7 d)."
    await someone.signs_in("agent", "/policies")
    for weeks in (4, 8, 12):
        assert begun in (await someone.opens(f"/on-call?weeks={weeks}")).words
    inside = await someone.opens("/on-call?team=support&from=2026-04-01&weeks=1")
    assert "Mon 30 Mar 09:00 to Mon 6 Apr 09:00 (7 d): Dana Okafor" in inside.words


async def test_of_a_duty_without_an_end_it_is_said_that_it_goes_on(someone: Visitor) -> None:
    page = await someone.opens("/on-call?team=bosses")
    edges = ("before Wed 4 Mar 00:00", "beyond Wed 1 Apr 00:00")
    assert f"{edges[0]} to {edges[1]} (more than 28 d): Bo Falk" in page.words
    [drawing] = drawings(page)
    assert f"Bo Falk, on duty, {edges[0]} – {edges[1]}" in [title(one) for one in parts(drawing, "piece")]


async def test_times_and_days_are_on_the_readers_clock(api: Api, someone: Visitor) -> None:
    await someone.signs_in("agent", "/policies")  # dana, in Berlin
    page = await someone.opens("/on-call?team=support&from=2026-03-28&weeks=1")
    assert "Times are those of Europe/Berlin." in page.words
    assert "Mon 23 Mar 09:00 to Mon 30 Mar 09:00" in page.words, "after the clocks went forward it is still nine"
    [drawing] = drawings(page)
    assert texts(drawing, "date")[::2] == ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"]


async def test_my_own_shifts_are_told_to_me(api: Api, someone: Visitor) -> None:
    page = await someone.signs_in("agent", "/on-call")
    me = [one for one in await api_shifts(api, "support") if one["on_call"] == "dana"]
    for one in me:
        begins, ends = (time(one[name], "Europe/Berlin") for name in ("from", "to"))
        assert f"You are on duty for Customer support from {begins} to {ends} (" in page.words
    assert len(me) == page.words.count("You are on duty") > 1
    viewer = await someone.signs_in("viewer", "/on-call")
    assert "Your key belongs to nobody in the roster" in viewer.words


async def api_shifts(api: Api, team: str) -> list[dict[str, Any]]:
    return await whole_shifts(api, team, NOW, datetime(2026, 3, 31, 22, tzinfo=UTC))


async def whole_shifts(api: Api, team: str, begins: datetime, ends: datetime) -> list[dict[str, Any]]:
    """Whoever is on duty in that time, from when their turn begins until it ends."""
    around = timedelta(days=9)
    found = await duty(api, team, at=(begins - around).isoformat(), until=(ends + around).isoformat())
    return [one for one in merged_shifts(found) if one["to"] > utc(begins) and one["from"] < utc(ends)]


def utc(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def merged_shifts(found: dict[str, Any]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for one in found["shifts"]:
        if merged and merged[-1]["on_call"] == one["on_call"]:
            merged[-1] |= {"to": one["to"]}
        else:
            merged.append(dict(one))
    return merged


async def test_who_is_on_duty_now_is_told_so_until_when(api: Api, someone: Visitor) -> None:
    await api.post(
        "/v1/roster/overrides",
        {"team": "support", "person": "dana", "from": "2026-03-04T09:00:00Z", "to": "2026-03-04T12:00:00Z"},
    )
    page = await someone.signs_in("agent", "/on-call")
    assert "You are on duty for Customer support now, until Wed 4 Mar 13:00." in page.words


async def test_an_address_that_does_not_work_stands_beside_the_name(api: Api, someone: Visitor) -> None:
    assert "does not work" not in (await someone.opens("/on-call")).words
    for bad in (
        BadAddress("email", "mika@tierline.example", "no_such_address", "550", "no", NOW),
        BadAddress("email", "stranger@tierline.example", "opted_out", None, None, NOW),
    ):
        api.services.bad_addresses.remember(bad)
    page = await someone.opens("/on-call?team=support")
    assert "On duty now Mika Virtanen E-mail does not work: nobody is reached there" in page.words
    assert "opted out" not in page.words


@pytest.mark.parametrize(
    "query", ["from=x&weeks=99", "weeks=-1", "from=0001-01-01", "from=9999-12-31", "team=&weeks=%C2%B2"]
)
async def test_a_filter_that_says_nothing_counts_as_none(someone: Visitor, query: str) -> None:
    page = await someone.opens(f"/on-call?{query}")
    form = next(form for form in page.forms if form.method == "get")
    assert (page.status, form.fields["from"], form.fields["weeks"]) == (200, "2026-03-04", "4")


async def test_a_team_that_is_not_there_is_said_in_words(someone: Visitor) -> None:
    page = await someone.opens("/on-call?team=nobodies%00")
    assert (page.status, "The roster has no such team." in page.words) == (404, True)


async def test_an_empty_roster_has_a_page(api: Api, someone: Visitor) -> None:
    await api.call("PUT", "/v1/roster", json={"people": [{"id": "dana", "name": "Dana"}]})
    assert "The roster has no teams yet." in (await someone.opens("/on-call")).words


async def test_a_german_reader_reads_german(api: Api, someone: Visitor) -> None:
    await someone.signs_in("viewer", "/policies")
    page = await someone.opens("/on-call?team=night", **{"Accept-Language": "de"})
    for words in ("Jetzt im Dienst Niemand", "Niemand hat Dienst", "Di 3.3. 05:00 bis Mi 4.3. 19:00 (1 T 14 Std)"):
        assert words in page.words
    assert "On duty" not in page.words


async def test_hostile_names_stay_text(api: Api, someone: Visitor) -> None:
    hostile = "</svg><script>alert(1)</script>\"'\u202e" + "x" * 100
    changed = await roster(api)
    changed["people"][3]["name"] = hostile
    changed["teams"][0]["name"] = hostile
    changed["teams"][0]["rotations"][0]["name"] = hostile + "\x00"
    answer = await api.call("PUT", "/v1/roster", json=changed)
    assert answer.status_code == 200, answer.text
    page = await someone.opens("/on-call")
    assert is_inert(page)
    assert len(drawings(page)) == 3
    assert "<script>alert(1)</script>" in page.words


# --- what it changes


def change(page: Any, command: str) -> dict[str, str]:
    return dict(next(form for form in page.forms if ("command", command) in form.buttons).fields)


async def test_a_shift_is_taken_over_for_the_times_of_the_readers_clock(api: Api, someone: Visitor) -> None:
    await api.call("PUT", "/v1/roster", json={**await roster(api), "overrides": [], "absences": []})
    key = api.services.keys.create("operator", "dana", "dana's", NOW)[1]
    page = await someone.types(key, "/on-call")
    assert page.form("take-over").fields["person"] == "dana"
    typed = {"team": "support", "instead_of": "mika", "from": "2026-03-05T09:00", "to": "2026-03-06T09:00"}
    after = await someone.presses(page, "take-over", **typed)
    assert "It is written down and counts at once." in after.words
    assert (await roster(api))["overrides"] == [
        {
            "from": "2026-03-05T08:00:00Z",
            "to": "2026-03-06T08:00:00Z",
            "person": "dana",
            "instead_of": "mika",
            "team": "support",
        }
    ]
    assert (await duty(api, "support", at="2026-03-05T12:00:00Z"))["on_call"] == "dana"
    assert "Dana Okafor stands in for Mika Virtanen, Thu 5 Mar 09:00 to Fri 6 Mar 09:00" in after.words


async def test_an_absence_is_noted_with_its_delegate_and_takes_effect(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/on-call?team=support&weeks=2")
    typed = {"person": "mika", "delegate": "dana", "from": "2026-03-04T00:00", "to": "2026-03-05T00:00"}
    after = await someone.presses(page, "absence", **typed)
    assert (await roster(api))["absences"][-1] == {
        "from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z", "person": "mika", "delegate": "dana",
    }  # fmt: skip
    assert "On duty now Dana Okafor" in after.words
    assert "team=support" in after.address
    assert "weeks=2" in after.address


async def test_the_same_form_sent_twice_is_written_down_once(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/on-call")
    typed = {"person": "mika", "from": "2026-03-04T00:00", "to": "2026-03-05T00:00"}
    for _ in range(2):
        assert (await someone.presses(page, "absence", **typed)).status == 200
    assert [one["person"] for one in (await roster(api))["absences"]] == ["dana", "mika"]


@pytest.mark.parametrize(
    ("command", "typed", "says"),
    [
        ("absence", {"to": "2026-03-04T00:00"}, "The end is not after the beginning"),
        ("absence", {"from": ""}, "From: write when."),
        ("absence", {"to": "soon"}, "To: write a time such as"),
        ("absence", {"person": "ghost"}, "no person 'ghost'"),
        ("absence", {"person": "mika", "delegate": "mika"}, "nobody delegates to themselves"),
        ("take-over", {"team": "nobodies"}, "no team 'nobodies'"),
        ("take-over", {"person": "<b>"}, "no person '<b>'"),
    ],
)
async def test_what_cannot_be_written_down_is_said_and_the_form_keeps_what_was_typed(
    api: Api, someone: Visitor, command: str, typed: dict[str, str], says: str
) -> None:
    before = await roster(api)
    page = await someone.opens("/on-call")
    given = {"person": "sam", "from": "2026-03-05T00:00", "to": "2026-03-06T00:00", **typed}
    refused = await someone.presses(page, command, **given)
    assert (refused.status, says in refused.words, "Nothing was changed." in refused.words) == (422, True, True)
    assert refused.form(command).fields["from"] == given["from"]
    assert await roster(api) == before


async def test_what_was_written_by_hand_can_be_taken_away_and_what_a_calendar_brought_cannot(
    api: Api, someone: Visitor
) -> None:
    lines = f"DTSTART:{NOW.year}0301T000000Z\nDTEND:{NOW.year}0401T000000Z\nSUMMARY:sam"
    imported = await api.call(
        "PUT", "/v1/roster/feeds/plan?as=absences", content=feed(lines), headers={"Content-Type": "text/calendar"}
    )
    assert imported.status_code == 200, imported.text
    page = await someone.opens("/on-call?team=support")
    assert page.commands.count("remove-absence") == 1
    assert "from the calendar plan" in page.words
    after = await someone.presses(page, "remove-absence")
    assert after.status == 200
    assert [one["person"] for one in (await roster(api))["absences"]] == ["sam"]
    after = await someone.presses(after, "remove-override")
    assert (await roster(api))["overrides"] == []
    gone = await someone.presses(page, "remove-override")
    assert (gone.status, "This entry is not there any more." in gone.words) == (404, True)


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("agent", False), ("operator", True), ("admin", True)])
async def test_who_may_change_the_plan_is_who_may_by_the_api(api: Api, someone: Visitor, role: str, may: bool) -> None:
    before = await roster(api)
    page = await someone.signs_in(role, "/on-call")
    assert ("take-over" in page.commands, "absence" in page.commands, "remove-override" in page.commands) == (may,) * 3
    assert ("Operators write down who takes over" in page.words) == (not may)
    token = api.services.sessions.form_token(api.client.cookies[COOKIE])
    fields = {"command": "absence", "person": "mika", "from": "2026-03-04T00:00", "to": "2026-03-05T00:00"}
    sent = await someone.sends(page, {**fields, "form_token": token}, "/on-call")
    assert sent.status == (200 if may else 403)
    assert (await roster(api) != before) == may


async def test_a_form_of_another_session_changes_nothing(api: Api, someone: Visitor) -> None:
    before = await roster(api)
    fields = {"command": "absence", "person": "mika", "from": "2026-03-04T00:00", "to": "2026-03-05T00:00"}
    page = await someone.opens("/on-call")
    assert (await someone.sends(page, {**fields, "form_token": "x"}, "/on-call")).status == 403
    assert await roster(api) == before
