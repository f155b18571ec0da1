"""A made-up case on a page: its lines, drawn and as a table, are those of the preview, and its address has all of it."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from api.openings import OpenRequest
from api.pages.policy_line import _closed, gaps, line
from api.pages.preview_lines import lines, tiers
from api.preview import Played, PreviewRequest, played
from domain.calendars import Calendar, WorkingTime
from domain.policy_file import load_policy
from domain.simulation import Sending
from tests.api.conftest import Api, case
from tests.api.drawings import drawings, is_inert, parts, table, texts, title
from tests.api.signed_in import Visitor, visitor

AT = "2026-03-06T17:50"  # a Friday evening, on the viewer's clock, which is UTC
OFFICE = """
name: standard
owner_of_last_resort: boss
priority: {raise_for: [{customer: {tier: vip}, by: 1}]}
calendars:
  office: {timezone: Europe/Berlin, day: 8h, hours: {mon: ["09:00-18:00"], fri: ["09:00-19:00"]}}
tiers:
  - {name: L1, team: support, calendar: {critical: always, else: office}, targets: {acknowledge: {all: 15m, warn_at: [50]}, tier_resolution: {all: 4h}}, steps: [{tell: on_call, channels: [email]}]}
  - {name: L2, team: experts, calendar: office, targets: {acknowledge: {all: 30m}}, steps: [{tell: on_call, channels: [email]}]}
targets: {resolution: {all: 5d}, root_cause: {all: 3d}, closure: {all: 9d}}
customer_updates: {every: {all: 4h}, channels: [email], calendar: office}
"""  # noqa: E501 - a file as people write it


@pytest.fixture
async def someone(api: Api) -> Visitor:
    answer = await api.call(
        "PUT", "/v1/policies/standard", content=OFFICE.encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 200, answer.text
    found = visitor(api)
    await found.signs_in("viewer", "/policies")
    return found


def asks(**given: str) -> str:
    return f"/policies/standard/what-if?{urlencode({'at': AT, **given})}"


async def previewed(api: Api, **more: Any) -> list[dict[str, Any]]:
    """What the API answers for the same case."""
    customer = {"id": "customer", "name": "The customer", "email": "customer@example.com", "phone": "+493012345678"}
    ticket = {"system": "preview", "id": "1", "subject": "A case that is tried out"}
    escalation = {**case(), "ticket": ticket, "customer": {**customer, "tier": more.pop("tier", None)}, **more}
    events = escalation.pop("events", [])
    body = {"policy": "standard", "escalation": escalation, "at": f"{AT}:00Z", "events": events}
    answer = await api.post("/v1/policies/preview", body, "viewer")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


CHANNELS = {"email": "E-mail", "sms": "SMS", None: ""}
SAID = {"opened": "opens", "told": "told", "breached": "missed", "climbed": "climbs", "ends": "ends", "warned": "warning",
        "customer_told": "customer told", "acknowledged": "taken", "resolved": "solved", "refused": "refused",
        "nobody_on_duty": "nobody on duty", "delivery_failed": "not delivered"}  # fmt: skip


def clock(text: str, zone: str = "UTC") -> str:
    local = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}{f':{local:%S}' if local.second else ''}"


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, {}),
        ({"priority": "critical"}, {"priority": "critical"}),
        ({"impact": "high", "urgency": "high"}, {"impact": "high", "urgency": "high"}),
        ({"impact": "low", "tier": "vip"}, {"impact": "low", "tier": "vip"}),
        (
            {"acknowledged_at": "2026-03-06T17:55", "resolved_at": "2026-03-09T10:00"},
            {
                "events": [
                    {"at": "2026-03-06T17:55:00Z", "command": "acknowledge"},
                    {"at": "2026-03-09T10:00:00Z", "command": "resolve", "summary": "solved"},
                ]
            },
        ),
    ],
)
async def test_every_line_of_the_table_and_of_the_drawing_is_one_of_the_apis(
    api: Api, someone: Visitor, given: dict[str, str], asked: dict[str, Any]
) -> None:
    page = await someone.opens(asks(**given))
    rows = await previewed(api, **asked)
    wanted = [(clock(row["at"]), SAID[row["what"]], row["who"] or "", CHANNELS[row["channel"]]) for row in rows]
    shown = [(when, what, who, channel) for when, _, what, who, channel, _ in table(page, "told")[1:]]
    assert shown == wanted
    [drawing] = drawings(page)
    drawn = [title(row) for row in parts(drawing, "row")]
    assert len(drawn) == len(rows)
    for (when, what, who, channel), text in zip(wanted, drawn, strict=True):
        named = ", ".join(part for part in (who, channel) if part)
        assert text.startswith(f"{when} {what}{': ' + named if named else ''}. ")


async def test_a_message_says_why_as_the_rules_do_and_until_when_on_the_readers_clock(
    api: Api, someone: Visitor
) -> None:
    page = await someone.opens(asks(priority="critical"))
    whys = [row[-1] for row in table(page, "told")[1:]]
    for row, why in zip(await previewed(api, priority="critical"), whys, strict=True):
        if row["channel"]:
            assert why.startswith(row["why"])
            assert ("by " in why.removeprefix(row["why"])) == (row["by"] is not None)
    assert "L1 step 1, on call: acknowledge, by 18:05" in whys


async def test_the_sums_are_those_of_the_lines(api: Api, someone: Visitor) -> None:
    rows = await previewed(api)
    told = [row for row in rows if row["channel"] and row["person"]]
    page = await someone.opens(asks())
    for count, words in (
        (len(told), "messages to our people"),
        (len({row["person"] for row in told}), "people told"),
        (sum(row["what"] == "customer_told" for row in rows), "messages to the customer"),
        (sum(row["what"] == "breached" for row in rows), "promises missed"),
        ("L2", "highest tier"),
    ):
        assert f"{words} {count}" in page.words


async def test_why_it_has_its_priority_stands_there(someone: Visitor) -> None:
    page = await someone.opens(asks(impact="low", urgency="low", tier="vip"))
    assert "Low impact and low urgency make it low." in page.words
    assert "The customer has the tier vip: raise by 1." in page.words
    assert "Priority medium" in page.words


async def test_the_form_keeps_what_was_filled_in_and_the_address_shares_it(someone: Visitor) -> None:
    given = {"priority": "high", "tier": "vip", "acknowledged_at": "2026-03-06T18:00"}
    page = await someone.opens(asks(**given))
    [form] = [form for form in page.forms if form.method == "get"]
    assert {name: form.fields[name] for name in (*given, "at")} == {**given, "at": AT}
    again = await someone.opens(page.address)
    assert table(again, "told") == table(page, "told")


async def test_an_older_version_is_played_by_its_own_rules(api: Api, someone: Visitor) -> None:
    first = table(await someone.opens(asks(version="1")), "told")
    newest = table(await someone.opens(asks()), "told")
    missed = [next(row[0] for row in rows if row[-1] == "L1 acknowledge missed") for rows in (first, newest)]
    assert missed == ["Fri 6 Mar 18:05", "Mon 9 Mar 08:05"]
    page = await someone.opens(asks(version="1"))
    assert next(form for form in page.forms if form.method == "get").fields["version"] == "1"


async def test_times_are_read_and_told_on_the_readers_own_clock(api: Api, someone: Visitor) -> None:
    roster = (await api.get("/v1/roster")).json()
    roster["people"][0]["timezone"] = "Europe/Berlin"
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    await someone.signs_in("agent", "/policies")
    page = await someone.opens(asks(priority="critical"))  # 17:50 in Berlin
    rows = await previewed(api, priority="critical")
    first = table(page, "told")[1]
    assert first[0] == "Fri 6 Mar 17:50"
    assert "Times are those of Europe/Berlin." in page.words
    assert clock(rows[0]["at"], "Europe/Berlin") == "Fri 6 Mar 18:50"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": "tomorrow"}, "Opens (empty: now): write a time such as 2026-03-06T17:50."),
        ({"at": "0001-01-01T00:00"}, "Opens (empty: now): write a time"),
        ({"resolved_at": "2026-03-06T17:50:00+01:00"}, "Solved at (empty: never): write a time"),
        ({"acknowledged_at": "2026-03-06T17:00"}, "Taken at (empty: never): write a time after the case opens"),
        ({"resolved_at": "2026-03-06T17:00"}, "Solved at (empty: never): write a time after the case opens"),
        (
            {"acknowledged_at": "2026-03-06T18:00", "resolved_at": "2026-03-06T17:00"},
            "Solved at (empty: never): write a time after the case opens",
        ),
    ],
)
async def test_a_time_that_cannot_be_is_said_beside_the_form_which_keeps_the_rest(
    someone: Visitor, given: dict[str, str], says: str
) -> None:
    page = await someone.opens(asks(priority="high", **given) if "at" not in given else f"{asks(priority='high')}&x=1")
    if "at" in given:
        page = await someone.opens(f"/policies/standard/what-if?{urlencode({'priority': 'high', **given})}")
    assert (page.status, says in page.words) == (422, True)
    assert "<svg" not in page.html
    form = next(form for form in page.forms if form.method == "get")
    assert form.fields["priority"] == "high"


@pytest.mark.parametrize(
    "query", ["priority=sky&impact=%00", "tier=%00%0a", "tier=" + "x" * 5000, "at=", "version=2&at="]
)
async def test_a_choice_that_is_none_counts_as_none(someone: Visitor, query: str) -> None:
    page = await someone.opens(f"/policies/standard/what-if?{query}")
    assert (page.status, "<svg" in page.html) == (200, True)


async def test_hostile_text_in_the_address_stays_text(someone: Visitor) -> None:
    hostile = "</svg><script>alert(1)</script>\"'\u202e"
    for field in ("tier", "priority", "at", "acknowledged_at"):
        page = await someone.opens(asks(**{field: hostile}))
        assert is_inert(page)
    assert "<script>alert(1)" not in page.html


async def test_names_are_drawn_as_text(api: Api, someone: Visitor) -> None:
    roster = (await api.get("/v1/roster")).json()
    roster["people"][0]["name"] = "</svg><script>alert(1)</script>\x00\u202e" + "x" * 150
    answer = await api.call("PUT", "/v1/roster", json=roster)
    assert answer.status_code == 200, answer.text
    page = await someone.opens(asks(priority="critical"))
    assert is_inert(page)
    [drawing] = drawings(page)
    assert any("<script>alert(1)</script>" in title(row) for row in parts(drawing, "row"))


async def test_a_german_reader_reads_german_lines(someone: Visitor) -> None:
    page = await someone.opens(asks(priority="critical", tier="vip"), **{"Accept-Language": "de"})
    rows = table(page, "told")[1:]
    assert [
        "Fr 6.3. 17:50",
        "0 s",
        "benachrichtigt",
        "Dana",
        "E-Mail",
        "L1 Schritt 1, Bereitschaft: annehmen, bis 18:05",
    ] in rows
    assert any("50 % von L1 Annahme verbraucht" in row[-1] for row in rows)
    assert any(row[-1].startswith("L1 Annahme verpasst") for row in rows)
    assert any(row[2] == "Kunde benachrichtigt" and "der Fall ist bei uns" in row[-1] for row in rows)
    english = [row for row in rows for word in (" acknowledge", " told", "your case", "missed") if word in row[-1]]
    assert english == []


async def test_what_comes_again_every_hour_is_one_row_that_unfolds_and_a_cut_off_count_says_so(
    api: Api, someone: Visitor
) -> None:
    """Nobody takes it, no limit ends it, and the customer is promised an update every hour: more than a preview has."""
    page = await someone.opens(asks(priority="low"))
    assert "at least" not in page.words
    hourly = OFFICE.replace(
        "every: {all: 4h}, channels: [email], calendar: office", "every: {all: 1h}, channels: [email]"
    )
    hourly = hourly.replace(", closure: {all: 9d}", "")
    kind = {"Content-Type": "application/yaml"}
    assert (await api.call("PUT", "/v1/policies/standard", content=hourly.encode(), headers=kind)).status_code == 200
    page = await someone.opens(asks(priority="low"))
    whole, shown = (
        page.html.count('<td class="when">'),
        re.sub("<details>.*?</details>", "", page.html, flags=re.DOTALL),
    )
    assert (whole > 400, shown.count('<td class="when">') < 100) == (True, True)
    folded = re.findall(r"<summary>the same every 1 h, (\d+) more times until [^<]+</summary>", page.html)
    assert sum(map(int, folded)) > 50
    for words in ("promises missed", "messages to our people", "messages to the customer"):
        assert re.search(rf"{words}</dt><dd>at least \d+<", page.html), words
    [drawing] = drawings(page)
    assert float((drawing.get("viewBox") or "").split()[-1]) < 6_000
    assert any("the same every 1 h," in one for one in texts(drawing, "gap"))
    german = await someone.opens(asks(priority="low"), **{"Accept-Language": "de"})
    assert ("dasselbe alle 1 Std, noch " in german.words, "mindestens " in german.words) == (True, True)


# --- the drawing


def made(api: Api, **asked: Any) -> Played:
    request = PreviewRequest(
        escalation=OpenRequest.model_validate({**case(), **asked}), at=datetime(2026, 3, 6, 17, 50, tzinfo=UTC)
    )
    return played(api.services, request, load_policy(OFFICE))


def test_closed_hours_are_what_the_calendar_is_not_open() -> None:
    calendar = Calendar.model_validate(
        {"timezone": "Europe/Berlin", "hours": {"mon": ("09:00-12:00", "13:00-18:00"), "fri": ("09:00-19:00",)}}
    )
    begins = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
    for hours in (0.5, 1, 20, 60, 64, 68, 24 * 14):
        ends = begins + timedelta(hours=hours)
        shut = sum(((b - a).total_seconds() for a, b in _closed(calendar, begins, ends)), 0.0)
        assert shut == (ends - begins).total_seconds() - WorkingTime(calendar).between(begins, ends)


async def test_the_gap_over_a_closed_weekend_says_how_long_it_is_closed(api: Api, someone: Visitor) -> None:
    page = await someone.opens(asks(priority="high"))
    [drawing] = drawings(page)
    assert len(parts(drawing, "closed")) > 0
    assert "2 d 14 h, only 7 min 30 s of it open" in texts(drawing, "gap")


async def test_hours_that_are_always_open_are_never_hatched(api: Api) -> None:
    found = made(api, priority="critical")
    shown = lines(found, "en", "UTC")
    reached = tiers(shown)
    until = shown[reached[1][0]].at  # L2 keeps office hours
    assert all(not gap.closed for gap in gaps(found, shown) if gap.ends <= until)
    assert any(gap.closed for gap in gaps(found, shown) if gap.begins >= until)


async def test_every_breach_and_warning_is_marked_on_the_bar_of_its_promise(api: Api) -> None:
    found = made(api, priority="critical")
    shown = lines(found, "en", "UTC")
    drawing = ET.fromstring(line(found, shown, "en"))  # noqa: S314 - ours
    bars = [one for one in drawing if "mark" in (one.get("class") or "").split()]
    crosses = [one for one in bars if one.text == "✕"]
    triangles = [one for one in bars if one.text == "▲"]
    assert len(crosses) == sum(one.kind == "breached" for one in shown)
    assert len(triangles) == sum(one.kind == "warned" for one in shown)
    headings = {one.text for one in parts(drawing, "rail-name")}
    assert headings == {"Taken", "Solved here", "Solved", "Update", "Closed"}


async def test_the_drawing_runs_down_and_nothing_of_it_lies_outside(api: Api) -> None:
    found = made(api, priority="high")
    shown = lines(found, "en", "UTC")
    drawing = ET.fromstring(line(found, shown, "en"))  # noqa: S314 - ours
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    marks = [next(one for one in row if one.tag == "circle") for row in parts(drawing, "row")]
    tops = [float(one.attrib["cy"]) for one in marks]
    assert tops == sorted(tops)
    for one in drawing.iter("rect"):
        x, y = float(one.get("x", 0)), float(one.get("y", 0))
        assert 0 <= x <= x + float(one.attrib["width"]) <= width
        assert 0 <= y <= y + float(one.attrib["height"]) <= height
    assert [text.partition(" ")[0] for text in texts(drawing, "tier-name")] == ["L1", "L2"]


async def test_a_longer_wait_is_never_drawn_shorter(api: Api) -> None:
    found = made(api, priority="high")
    between = sorted(gaps(found, lines(found, "en", "UTC")), key=lambda gap: gap.ends - gap.begins)
    heights = [gap.height for gap in between]
    assert heights == sorted(heights)


async def test_nothing_is_stored_or_sent(api: Api, someone: Visitor) -> None:
    await someone.opens(asks())
    assert (await api.get("/v1/escalations")).json()["items"] == []
    assert (await api.get("/v1/messages")).json()["items"] == []
    assert api.temporal.started == []


async def test_what_the_drawing_calls_a_message_is_one(api: Api) -> None:
    found = made(api, priority="high")
    for one in lines(found, "en", "UTC"):
        assert isinstance(one.happening, Sending) == (one.channel is not None)
