"""The preview: the whole chain of a ticket that is not opened, from the rules that run."""

from typing import Any

import pytest

from tests.api.conftest import Api, case

FRIDAY = "2026-03-06T17:50:00Z"


async def previewed(api: Api, role: str = "viewer", **more: Any) -> list[tuple[str, str, str | None, str]]:
    answer = await api.post("/v1/policies/preview", {"escalation": case(), "at": FRIDAY, **more}, role)
    assert answer.status_code == 200, answer.text
    return [(row["at"][8:16], row["what"], row["who"], row["why"]) for row in answer.json()]


async def test_nobody_answers_so_everybody_is_listed_until_the_end(api: Api) -> None:
    rows = await previewed(api)
    assert rows[:5] == [
        (
            "06T17:50",
            "opened",
            None,
            "opened with priority medium at L1 (manual). Neither impact nor urgency was given: medium impact and medium "
            "urgency make it medium.",
        ),
        ("06T17:50", "delivery_failed", None, "customer not told, there is no address: we have your case"),
        ("06T17:50", "told", "Dana", "the customer could not be told: we have your case"),  # she leads the team
        ("06T17:50", "told", "Dana", "L1 step 1, on call: acknowledge"),
        ("06T18:05", "breached", None, "L1 acknowledge missed"),
    ]
    assert ("06T18:05", "climbed", None, "climbed from L1 to L2: L1 acknowledge missed") in rows
    assert ("06T18:35", "told", "Sam", "L2 step 1, round 2, on call: acknowledge now") in rows
    assert rows[-1][1] == "ends"


async def test_who_stands_in_for_the_lead_at_that_time_is_told(api: Api) -> None:
    away = {"person": "dana", "delegate": "boss", "from": "2026-03-06T00:00:00Z", "to": "2026-03-07T00:00:00Z"}
    assert (await api.post("/v1/roster/absences", away)).status_code == 201
    assert (await previewed(api))[2][2] == "Bo"
    assert (await previewed(api, at="2026-03-08T17:50:00Z"))[2][2] == "Dana"


async def test_what_is_said_is_heard_at_its_time(api: Api) -> None:
    events = [
        {"at": "2026-03-06T17:55:00Z", "command": "acknowledge", "by": "dana"},
        {"at": "2026-03-06T18:00:00Z", "command": "close"},
        {"at": "2026-03-06T18:10:00Z", "command": "resolve", "summary": "renewed it"},
        {"at": "2026-03-06T18:20:00Z", "command": "root-cause", "category": "c", "description": "d", "origin": "ours"},
        {"at": "2026-03-06T18:30:00Z", "command": "close"},
    ]
    rows = await previewed(api, events=events)
    happened = [(at, what, who) for at, what, who, _ in rows if what not in ("delivery_failed", "told", "opened")]
    assert happened == [
        ("06T17:55", "acknowledged", "Dana"),
        ("06T18:00", "refused", "Dana"),
        ("06T18:10", "resolved", "Dana"),
        ("06T18:20", "root_cause_recorded", "Dana"),
        ("06T18:30", "closed", "Dana"),
        ("06T18:30", "ends", None),
    ]


async def test_the_time_a_line_speaks_of_stands_apart_for_every_readers_clock(api: Api) -> None:
    events = [
        {"at": "2026-03-06T17:55:00Z", "command": "acknowledge", "by": "dana"},
        {"at": "2026-03-06T18:00:00Z", "command": "pause", "reason": "scheduled", "until": "2026-03-09T08:00:00Z"},
    ]
    answer = await api.post("/v1/policies/preview", {"escalation": case(), "at": FRIDAY, "events": events})
    spoken = {(row["what"], row["why"]): row["by"] for row in answer.json()}
    assert spoken["told", "L1 step 1, on call: acknowledge"] == "2026-03-06T18:05:00Z"
    assert spoken["paused", "dana paused it, scheduled"] == "2026-03-09T08:00:00Z"


async def test_nothing_is_opened_stored_or_sent(api: Api) -> None:
    await previewed(api)
    assert (await api.get("/v1/escalations")).json()["items"] == []
    assert (await api.get("/v1/messages")).json()["items"] == []
    assert api.temporal.started == []


async def test_the_one_who_tries_it_out_is_nobody_in_the_story(api: Api) -> None:
    for role in ("viewer", "operator", "admin"):
        assert {who for _, what, who, _ in await previewed(api, role) if what == "opened"} == {None}


async def test_people_who_are_not_in_the_store_can_be_tried_with_their_lead(api: Api) -> None:
    """A roster of its own: the team's lead is asked for, and answers a breach that nobody was told of before."""
    policy = (await api.get("/v1/policies/standard")).json()
    policy["tiers"][0] |= {"team": "night", "steps": [{"tell": "team.lead", "channels": ["email"]}]}
    policy["tiers"][0]["targets"]["acknowledge"] |= {"warn_at": [50]}
    stored = (await api.get("/v1/roster")).json()
    people = [*stored["people"], {"id": "nia", "name": "Nia", "email": "nia@tierline.example"}]
    teams = [*stored["teams"], {"id": "night", "lead": "nia", "members": ["nia"]}]
    assert "nobody_on_duty" in [what for _, what, *_ in await previewed(api, policy=policy)]
    events = [{"at": FRIDAY, "command": "note", "by": "nia", "text": "seen"}]
    rows = await previewed(api, policy=policy, roster={"people": people, "teams": teams}, events=events)
    assert ("06T17:50", "told", "Nia", "L1 step 1, lead of the team: acknowledge") in rows
    assert ("06T17:57", "warned", "Nia", "50 % of L1 acknowledge used") in rows
    assert [who for _, what, who, _ in rows if what == "note"] == ["Nia"]
    assert (await api.get("/v1/roster")).json() == stored


async def test_who_is_accountable_before_anybody_is_told_is_the_lead_of_the_roster_that_is_tried(api: Api) -> None:
    policy = (await api.get("/v1/policies/standard")).json()
    stored = (await api.get("/v1/roster")).json()
    policy["tiers"][0]["calendar"] = "office"
    policy["calendars"] = {"office": {"timezone": "UTC", "hours": {"mon": ["09:00-17:00"]}}}
    teams = [{**stored["teams"][0], "lead": "sam"}, stored["teams"][1]]
    events = [{"at": FRIDAY, "command": "note", "text": "seen"}]
    ours = await previewed(api, policy=policy, events=events)
    theirs = await previewed(api, policy=policy, events=events, roster={**stored, "teams": teams})
    assert [who for rows in (ours, theirs) for _, what, who, _ in rows if what == "note"] == ["Dana", "Sam"]


async def test_a_roster_that_is_tried_is_refused_as_one_that_is_put(api: Api) -> None:
    broken = {"people": [{"id": "dana", "name": "Dana", "manager": "ghost"}], "teams": [{"id": "x", "lead": "nobody"}]}
    tried = await api.post("/v1/policies/preview", {"escalation": case(), "at": FRIDAY, "roster": broken})
    put = await api.call("PUT", "/v1/roster", json=broken)
    assert (tried.status_code, tried.json()) == (put.status_code, put.json())
    assert {"people[0].manager", "teams[0].lead"} <= {one["path"] for one in tried.json()["errors"]}


async def test_a_policy_that_is_not_stored_can_be_tried(api: Api) -> None:
    inline = (await api.get("/v1/policies/standard")).json()
    inline["tiers"][0]["targets"]["acknowledge"] = {"all": "45m"}
    rows = await previewed(api, policy=inline)
    assert next(at for at, what, *_ in rows if what == "breached") == "06T18:35"
    assert (await api.get("/v1/policies/standard")).json()["version"] == 1


@pytest.mark.parametrize(
    ("change", "status", "field", "says"),
    [
        ({"policy": "no-such"}, 404, None, "no policy 'no-such'"),
        ({"policy": {"tiers": []}}, 422, None, "tiers"),
        (
            {"events": [{"at": FRIDAY, "command": "merge", "into": "x"}]},
            422,
            "events[0].command",
            "cannot be previewed",
        ),
        ({"events": [{"at": FRIDAY, "command": "dance"}]}, 422, "events[0].command", "write one of acknowledge"),
        ({"events": [{"at": FRIDAY, "command": "note"}]}, 422, "events[0].text", "text: is missing"),
        (
            {"events": [{"at": "2026-03-06T17:00:00Z", "command": "resume"}]},
            422,
            "events[0].at",
            "after the case opens",
        ),
        ({"events": [{"at": FRIDAY, "command": "assign", "to": "nobody"}]}, 422, "events[0].to", "no person 'nobody'"),
        ({"events": [{"at": FRIDAY, "command": "resume", "by": "x"}]}, 422, "events[0].by", "no person 'x'"),
        ({"at": "tomorrow"}, 422, "at", "time"),
        ({"escalation": {}}, 422, None, "ticket"),
    ],
)
async def test_a_mistake_is_named_with_its_place(
    api: Api, change: dict[str, Any], status: int, field: str | None, says: str
) -> None:
    answer = await api.post("/v1/policies/preview", {"escalation": case(), "at": FRIDAY, **change})
    assert answer.status_code == status, answer.text
    assert field is None or answer.json()["field"] == field
    assert says in answer.text


async def test_who_has_no_phone_is_not_told_by_sms_and_the_next_one_is_at_once(api: Api) -> None:
    inline = (await api.get("/v1/policies/standard")).json()
    inline["tiers"][0]["steps"] = [
        {"tell": "on_call", "channels": ["sms"]},
        {"after": "5m", "tell": "on_call.next", "channels": ["email"]},
    ]
    known = case(customer={"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"})
    rows = await previewed(api, policy=inline, escalation=known)
    assert rows[2:4] == [
        ("06T17:50", "delivery_failed", None, "SMS to dana failed: dana has no phone number"),
        ("06T17:50", "told", "Sam", "L1 step 2, next on call: acknowledge"),
    ]


async def test_words_after_the_closing_limit_are_heard(api: Api) -> None:
    inline = (await api.get("/v1/policies/standard")).json()
    inline["targets"]["closure"] = {"all": "1h"}
    events = [
        {"at": "2026-03-06T19:00:00Z", "command": "resolve", "by": "sam", "summary": "renewed it"},
        {"at": "2026-03-06T19:10:00Z", "command": "root-cause", "category": "c", "description": "d", "origin": "ours"},
        {"at": "2026-03-06T19:30:00Z", "command": "close"},
        {"at": "2026-03-06T19:40:00Z", "command": "note", "text": "too late"},
    ]
    rows = await previewed(api, policy=inline, events=events)
    assert ("06T18:50", "breached", None, "closure missed") in rows
    assert [(at, what) for at, what, *_ in rows[-4:]] == [
        ("06T19:30", "closed"),
        ("06T19:30", "delivery_failed"),  # the customer has no address
        ("06T19:40", "refused"),
        ("06T19:40", "ends"),
    ]


async def test_no_more_than_five_hundred_lines(api: Api) -> None:
    inline = (await api.get("/v1/policies/standard")).json()
    inline["customer_updates"] = {"every": {"all": "10m"}, "channels": ["email"]}
    customer = {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"}
    answer = await api.post(
        "/v1/policies/preview", {"escalation": case(customer=customer), "at": FRIDAY, "policy": inline}
    )
    *rows, last = answer.json()
    assert (len(rows), last["what"], last["why"]) == (
        500,
        "ends",
        "the preview ends after so many lines; the case goes on",
    )
