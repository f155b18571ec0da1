"""Calendar feeds over the API: who is on duty and who is away afterwards, what is said, and what a bad feed leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api import feeds
from domain.feeds import FeedEvent
from tests.api.calendars import GOOGLE, OUTLOOK, PAGERDUTY, feed, wire
from tests.api.conftest import Api

ICS = {"Content-Type": "text/calendar; charset=utf-8"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIFTS = "/v1/roster/feeds/plan?as=shifts&team=support"
ABSENCES = "/v1/roster/feeds/holidays?as=absences"


@pytest.fixture(autouse=True)
def _in_march(api: Api) -> None:
    api.app.state.services = replace(api.services, now=lambda: NOW)


async def put(api: Api, path: str, content: bytes) -> httpx2.Response:
    return await api.call("PUT", path, content=content, headers=ICS)


async def roster(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/v1/roster")).json()
    return found


async def on_call(api: Api, at: str) -> str | None:
    found: str | None = (await api.get(f"/v1/on-call?team=support&at={at}")).json()["items"][0]["on_call"]
    return found


async def test_shifts_of_a_google_calendar_put_people_on_duty_and_the_stranger_is_named(api: Api) -> None:
    answer = await put(api, SHIFTS, wire(GOOGLE))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "feed": "plan",
        "as": "shifts",
        "team": "support",
        "taken": 4,
        "left_out": [
            {
                "event": "Primary",
                "first": "2026-03-13T08:00:00Z",
                "times": 1,
                "why": "no person has the e-mail zoe@elsewhere.example, and the summary is nobody's id or name",
            }
        ],
    }
    assert await on_call(api, "2026-03-31T10:00:00Z") == "sam"
    assert await on_call(api, "2026-03-31T09:59:59Z") == "dana"
    assert {one["source"] for one in (await roster(api))["overrides"]} == {"ical:plan"}


async def test_absences_of_an_outlook_calendar_make_people_absent(api: Api) -> None:
    answer = await put(api, ABSENCES, wire(OUTLOOK))
    assert (answer.json()["taken"], [one["event"] for one in answer.json()["left_out"]]) == (5, ["Spring party"])
    away = [(one["person"], one["from"], one["to"]) for one in (await roster(api))["absences"]]
    assert ("boss", "2026-04-06T00:00:00Z", "2026-04-11T00:00:00Z") in away
    assert await on_call(api, "2026-04-01T11:30:00Z") == "sam"
    assert await on_call(api, "2026-04-01T13:00:00Z") == "dana"


async def test_the_same_feed_again_changes_nothing_and_another_one_replaces_it(api: Api) -> None:
    await api.post(
        "/v1/roster/overrides",
        {"person": "dana", "team": "support", "from": "2026-05-01T00:00:00Z", "to": "2026-05-02T00:00:00Z"},
    )
    by_hand = await roster(api)
    await put(api, SHIFTS, wire(PAGERDUTY))
    once = await roster(api)
    await put(api, SHIFTS, wire(PAGERDUTY))
    assert await roster(api) == once
    assert len(once["overrides"]) == 3
    assert (await put(api, SHIFTS, feed())).json()["taken"] == 0
    assert await roster(api) == by_hand


async def test_a_roster_with_feeds_survives_get_and_put(api: Api) -> None:
    await put(api, SHIFTS, wire(PAGERDUTY))
    before = await roster(api)
    assert (await api.call("PUT", "/v1/roster", json=before)).status_code == 200
    assert await roster(api) == before


@pytest.mark.parametrize(
    ("path", "content", "status", "code", "field"),
    [
        (SHIFTS, b"<html>Sign in</html>", 422, "invalid_feed", None),
        (SHIFTS, feed("SUMMARY:dana"), 422, "invalid_feed", None),
        ("/v1/roster/feeds/plan?as=shifts", feed(), 422, "field_required", "team"),
        ("/v1/roster/feeds/plan?as=shifts&team=nobody", feed(), 404, "team_not_found", "team"),
        ("/v1/roster/feeds/plan?as=holidays", feed(), 422, "invalid_field", "as"),
        ("/v1/roster/feeds/plan", feed(), 422, "invalid_field", "as"),
        ("/v1/roster/feeds/My%20plan?as=absences", feed(), 422, "invalid_field", "name"),
        (SHIFTS, b"BEGIN:VCALENDAR\r\n" + b"X:" + b"x" * 1_000_000, 413, "body_too_large", None),
    ],
)
async def test_a_bad_feed_is_refused_in_words_and_changes_nothing(
    api: Api, path: str, content: bytes, status: int, code: str, field: str | None
) -> None:
    await put(api, SHIFTS, wire(PAGERDUTY))
    before = await roster(api)
    answer = await put(api, path, content)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert await roster(api) == before


async def test_a_feed_with_too_many_people_in_its_events_is_refused_as_a_whole(api: Api) -> None:
    await put(api, SHIFTS, wire(PAGERDUTY))
    before = await roster(api)
    people = "".join(f"\nATTENDEE:mailto:{name}@tierline.example" for name in ("dana", "sam"))
    daily = f"DTSTART:20260310T090000Z\nDTEND:20260310T100000Z{people}\nRRULE:FREQ=DAILY"
    assert (await put(api, ABSENCES, feed(daily))).json()["taken"] == 2 * 358
    answer = await put(api, ABSENCES, feed(*[daily] * 3))
    assert (answer.status_code, answer.json()["code"]) == (422, "feed_too_long")
    assert "more than 2000 entries" in answer.json()["detail"]
    await put(api, ABSENCES, feed())
    assert await roster(api) == before


async def test_an_event_that_ends_before_it_begins_is_left_out_with_the_reason(api: Api) -> None:
    backwards = "DTSTART:20260310T170000Z\nDTEND:20260310T090000Z\nSUMMARY:sam\nRRULE:FREQ=DAILY;COUNT=2"
    answer = await put(api, SHIFTS, feed(backwards))
    assert answer.json()["taken"] == 0
    assert answer.json()["left_out"] == [
        {
            "event": "sam",
            "first": "2026-03-10T17:00:00Z",
            "times": 2,
            "why": "it ends before it begins: give it a later end",
        }
    ]
    assert (await roster(api))["overrides"] == []
    assert await on_call(api, "2026-03-10T12:00:00Z") == "dana"


async def test_a_body_that_says_it_is_something_else_is_not_read(api: Api) -> None:
    answer = await api.call("PUT", SHIFTS, json={})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "text/calendar" in answer.json()["detail"]


async def test_who_was_taken_off_the_roster_while_the_feed_was_read_is_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes its time; what the feed becomes is decided on the roster as it then is."""

    def read_slowly(_: bytes, now: datetime) -> list[FeedEvent]:
        current = api.services.roster.current()
        without = [one for one in current.people if one.id != "sam"]
        support = [one.model_copy(update={"members": ("dana",)}) for one in current.teams if one.id == "support"]
        changed = current.model_copy(update={"people": tuple(without), "teams": tuple(support)})
        api.services.roster.save(changed, None, now)
        span = {"start": now, "end": now + timedelta(days=1)}
        return [FeedEvent(summary=name, attendees=(), organizer=None, **span) for name in ("sam", "dana")]

    monkeypatch.setattr(feeds, "read_feed", read_slowly)
    answer = (await put(api, SHIFTS, b"read elsewhere")).json()
    assert (answer["taken"], [one["event"] for one in answer["left_out"]]) == (1, ["sam"])
