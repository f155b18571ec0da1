"""The pages of policies: a matrix that says what the rules do, where it came from, what changed, in the reader's language."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.pages.policy_hours import closed_ahead, length, opening, roughly, span, worked
from api.pages.policy_page import source_of
from api.pages.policy_tiers import blocks
from api.pages.policy_view import FALLING, PolicyWords
from domain.calendars import Calendar
from domain.durations import Duration
from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_file import load_policy
from domain.roster import Roster
from domain.roster_file import load_roster
from domain.target_warnings import late_steps
from domain.tickets import PRIORITIES
from domain.warning_words import ENGLISH
from tests.activities.cases import NOW
from tests.api.conftest import ROSTER, Api
from tests.api.drawings import is_inert, table
from tests.api.signed_in import Visitor, visitor

OURS = Path("policies")
RICH = """
name: standard
match: {ticket: {system: [zendesk, freshdesk]}, customer: {tier: vip}}
owner_of_last_resort: boss
priority: {raise_for: [{customer: {tier: [vip, "1e5"]}, by: 1}, {customer: {annual_value_at_least: 100000, customer_for_at_least: 730d}, by: 2}]}
calendars:
  office: {timezone: Europe/Berlin, day: 8h, hours: {mon: ["09:00-17:30"], tue: ["09:00-17:30"], wed: ["09:00-17:30"], thu: ["09:00-17:30"], fri: ["09:00-17:30"]}, holidays: {country: DE, subdivision: BE}, closed: ["12-24"]}
tiers:
  - name: L1
    team: support
    calendar: {critical: always, else: office}
    targets: {acknowledge: {critical: 15m, all: 2h, warn_at: [50]}, tier_resolution: {high: 4h, medium: 2d, pauses: [waiting_on_third_party]}}
    acknowledge_timeout: {all: 4h}
    steps:
      - {tell: on_call, channels: [sms, email]}
      - {after: 20m, tell: "person:sam", channels: [webhook]}
  - {name: L2, team: experts, repeat: 1, targets: {acknowledge: {all: 30m}}, steps: [{tell: team.lead, channels: [email]}]}
start_tier: {critical: L2}
functional: [{team: experts, skill: network}]
targets: {resolution: {all: 24h, pauses: false}, closure: {all: 15d}, root_cause: {all: 3d}}
customer_updates: {every: {all: 4h}, channels: [email, sms], on: [opened, closed]}
closing: {root_cause: optional, survey_after: 1d, low_score: 2}
quiet_hours: {customer_sms: "21:00-08:00", timezone: Europe/Berlin}
"""  # noqa: E501 - a file as people write it


@pytest.fixture
async def someone(api: Api) -> Visitor:
    found = visitor(api)
    await found.signs_in("viewer", "/policies")
    return found


async def put(api: Api, text: str, role: str = "operator") -> dict[str, Any]:
    answer = await api.call(
        "PUT",
        "/v1/policies/standard",
        role,
        content=text.encode(),
        headers={"Content-Type": "application/yaml"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def words(text: str = RICH, language: str = "en", roster: str = ROSTER) -> PolicyWords:
    return PolicyWords(with_holidays(load_policy(text), NOW), load_roster(roster), language)


def test_how_long_somebody_is_a_customer_and_when_a_step_goes_out_is_german_for_days_too() -> None:
    german = words(language="de")
    since = "Wenn der Kunde 100.000 im Jahr oder mehr wert ist und schon 730 Tage oder länger bei uns ist, steigt"
    assert any(sentence.startswith(since) for sentence in german.raises())
    assert (german.say("after", length="2 Tage"), german.say("warn_note", lengths="2 Tage")) == (
        "2 Tage später",
        "Warnung 2 Tage nach Beginn",
    )


# --- the list and the versions


async def test_every_policy_is_listed_with_its_version_when_it_changed_and_by_whom(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/policies")
    assert "standard Version 1 L1 (support) → L2 (experts)" in page.words
    assert "its file, read at a start" in page.words
    await put(api, RICH)
    page = await someone.opens("/policies")
    assert "standard Version 2" in page.words
    assert "the operator" in page.words
    assert "the ticket system is zendesk or freshdesk and the customer's tier is vip" in page.words


async def test_whoever_changed_it_stands_there_with_their_name(api: Api, someone: Visitor) -> None:
    api.services.policies.save(load_policy(RICH), "api", "dana", api.services.now())
    assert "By Dana" in (await someone.opens("/policies")).words
    assert ", by Dana" in (await someone.opens("/policies/standard")).words


async def test_the_list_counts_what_a_check_would_warn_of(api: Api, someone: Visitor) -> None:
    told = (await put(api, RICH.replace("team: support", "team: suport")))["warnings"]
    page = await someone.opens("/policies")
    assert f"To look at {len(told)}" in page.words
    shown = await someone.opens("/policies/standard")
    for one in told:
        assert f"{one['path']} : {one['message']}" in shown.words


async def test_an_older_version_is_shown_as_it_was_and_says_which_is_the_newest(api: Api, someone: Visitor) -> None:
    await put(api, RICH)
    page = await someone.opens("/policies/standard?version=1")
    assert "This is version 1, an older one." in page.words
    assert "new ones run by version 2" in page.words
    assert "Not taken in time: the case climbs to L2 (experts)" in page.words
    assert "What version 1 changed" not in page.words
    assert "/policies/standard/what-if?version=1" in page.html


async def test_what_a_version_changed_stands_folded_below_it(api: Api, someone: Visitor) -> None:
    text = (await api.get("/v1/policies/standard")).json()
    text["tiers"][0]["targets"]["acknowledge"] = {"all": "20m"}
    text.pop("version")
    await api.call("PUT", "/v1/policies/standard", json=text)
    page = await someone.opens("/policies/standard")
    assert '<span class="gone">-    acknowledge: {all: 15m}' in page.html
    assert '<span class="added">+    acknowledge: {all: 20m}' in page.html
    assert page.html.partition("<main")[2].count("<details") == 2
    assert "<details open" not in page.html


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/policies/none", "There is no such policy"),
        ("/policies/standard?version=9", "no such version"),
        ("/policies/%00", "There is no such policy"),
        ("/policies/none/what-if", "There is no such policy"),
    ],
)
async def test_what_is_not_there_is_said_in_words(someone: Visitor, path: str, says: str) -> None:
    page = await someone.opens(path)
    assert (page.status, says in page.words) == (404, True)


@pytest.mark.parametrize("text", [RICH, (OURS / "standard.yaml").read_text(), (OURS / "demo.yaml").read_text()])
def test_the_source_that_is_shown_reads_back_as_the_same_policy(text: str) -> None:
    policy = load_policy(text)
    assert load_policy(source_of(policy)) == policy


# --- the matrix


async def test_the_matrix_of_a_tier_says_who_is_told_when_for_each_priority(api: Api, someone: Visitor) -> None:
    await put(api, RICH.replace("- {name: L2", "- {name: L2", 1))
    page = await someone.opens("/policies/standard")
    html = page.html.replace('<table class="matrix">', '<table class="first">', 1)
    page.html = html
    rows = {row[0]: row[1:] for row in table(page, "first")}
    assert rows["Who is told"] == ["critical", "high", "medium", "low"]
    assert rows["1. Whoever is on call, by SMS and e-mail"] == [f"{one} at once" for one in FALLING]
    assert rows["2. Sam, by webhook"] == [
        "critical not reached the case has moved on by then",
        "high after 20 min",
        "medium after 20 min",
        "low after 20 min",
    ]
    assert rows["Somebody takes it within"] == [
        "critical 15 min warning after 7 min 30 s",
        "high 2 h warning after 1 h",
        "medium 2 h warning after 1 h",
        "low 2 h warning after 1 h",
    ]
    assert rows["Solved here within"] == [
        "critical no limit", "high 4 h", "medium 2 working days", "low no limit",
    ]  # fmt: skip
    assert rows["Clock runs"][:2] == ["critical day and night", "high in the hours “office”"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Not taken in time, or not solved in time: the case climbs to L2 (experts), and the steps begin there.",
        "“Solved here within” stands still while we wait for a third party.",
        "High, medium and low: Mon–Fri 09:00–17:30 (the clock of Europe/Berlin), closed on public holidays of Berlin (DE), "
        "closed on 24 Dec each year",
        "Not taken in time: the steps begin again, for one more round (each as long as the time to take it). After that Bo is "
        "told once a day until somebody takes it.",
        "1. The team's lead, Sam, by e-mail",
        "If the customer has the tier vip or 1e5, the priority is raised by one level.",
        "If the customer is worth 100,000 a year or more and has been with us for 730 days or longer, the priority is raised by "
        "two levels.",
        "Critical: begins at L2",
        "High, medium and low: begins at L1",
        "Not solved in time: the case climbs one tier; at the last one Bo is told.",
        "“Solved within” never stands still.",
        "Not closed in time: Bo is told every day. No case is closed by itself for it.",
        "Told by e-mail and SMS, the first that works, when the case is opened or closed.",
        "No SMS to the customer from 21:00 to 08:00",
        "A case may be closed without a root cause.",
        "A case is closed by hand only.",
        "1 day after closing the customer is asked how it was; a rating of 2 or less reaches the lead.",
        "A case that needs other skills goes to experts, when network is asked for.",
        "a working day counts as 8 h",
    ],
)
async def test_a_rule_stands_there_as_a_sentence(api: Api, someone: Visitor, sentence: str) -> None:
    await put(api, RICH)
    assert sentence in (await someone.opens("/policies/standard")).words


async def test_the_priority_matrix_is_the_policys(api: Api, someone: Visitor) -> None:
    page = await someone.opens("/policies/standard")
    grid = {row[0]: row[1:] for row in table(page, "grid")[1:]}
    matrix = load_policy(RICH).priority.matrix
    for impact in ("high", "medium", "low"):
        wanted = [matrix[impact][urgency] for urgency in ("high", "medium", "low")]
        assert grid[f"{impact} impact"] == wanted


@pytest.mark.parametrize("after", ["1m", "14m", "15m", "16m", "1h59m", "2h", "3h"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_step_is_not_reached_where_the_rules_warn_that_it_comes_too_late(after: str, place: int) -> None:
    data = load_policy(RICH).model_dump(mode="json", by_alias=True)
    step = {"tell": "on_call.next", "channels": ["email"], "after": after}
    data["tiers"][place]["steps"].append(step)
    policy = Policy.model_validate(data)
    number = len(data["tiers"][place]["steps"]) - 1
    warned = [message for path, message in late_steps(policy, ENGLISH) if path[1:4] == (place, "steps", number)]
    row = blocks(PolicyWords(policy, Roster(), "en"))[place].steps[number]
    late = {priority for priority, cell in zip(FALLING, row.cells, strict=True) if cell.quiet}
    told = warned[0].split(" for ")[1].split(";")[0].split(", ") if warned else []
    assert late == {one for one in told if one in PRIORITIES}


# --- lengths and hours

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-12:30", "13:15-17:30"))


@pytest.mark.parametrize(
    ("more", "english", "german"),
    [
        ({"hours": "always", "timezone": "UTC"}, "day and night, every day", "rund um die Uhr, jeden Tag"),
        (
            {"hours": WEEK},
            "Mon–Fri 09:00–12:30 and 13:15–17:30 (the clock of Europe/Berlin)",
            "Mo–Fr 09:00–12:30 und 13:15–17:30 (Uhrzeit von Europe/Berlin)",
        ),
        (
            {"hours": {"mon": ("22:00-06:00",), "wed": ("00:00-24:00",), "thu": ("00:00-24:00",)}},
            "Mon 22:00–06:00; Wed–Thu all day (the clock of Europe/Berlin)",
            "Mo 22:00–06:00; Mi–Do ganztägig (Uhrzeit von Europe/Berlin)",
        ),
        (
            {"hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("08:00-20:00",))},
            "every day 08:00–20:00 (the clock of Europe/Berlin)",
            "täglich 08:00–20:00 (Uhrzeit von Europe/Berlin)",
        ),
        (
            {"hours": {"mon": ("09:00-17:00",)}, "closed": ("12-24", "2026-05-15"), "holidays": {"country": "GB"}},
            "Mon 09:00–17:00 (the clock of Europe/Berlin), closed on public holidays of United Kingdom, "
            "closed on 24 Dec each year and 15 May 2026",
            "Mo 09:00–17:00 (Uhrzeit von Europe/Berlin), geschlossen an den Feiertagen von United Kingdom, "
            "geschlossen am 24.12. jedes Jahr und 15.5.2026",
        ),
        (
            {
                "hours": {"mon": ("09:00-17:00",)},
                "open": {"2026-11-28": ("10:00-14:00",)},
                "holidays": {"country": "AT"},
            },
            "Mon 09:00–17:00 (the clock of Europe/Berlin), closed on public holidays of Austria, "
            "on 28 Nov 2026 open 10:00–14:00",
            "Mo 09:00–17:00 (Uhrzeit von Europe/Berlin), geschlossen an den Feiertagen von Österreich, "
            "am 28.11.2026 offen 10:00–14:00",
        ),
    ],
)
def test_opening_hours_are_said_in_words(more: dict[str, Any], english: str, german: str) -> None:
    calendar = Calendar.model_validate({"timezone": "Europe/Berlin", **more})
    assert (opening(calendar, "en"), opening(calendar, "de")) == (english, german)


def test_the_next_closed_days_are_those_on_which_the_week_would_be_open() -> None:
    calendar = words().policy.calendars["office"]
    ahead = closed_ahead(calendar, NOW, "en")
    assert ahead is not None
    days = ahead.removeprefix("the next closed days: ").split(", ")
    local = calendar.local(NOW)
    shut = [
        day
        for day in (local.date() + timedelta(days=n) for n in range(366))
        if day.weekday() < 5 and (day in calendar.closed_dates or (day.month, day.day) == (12, 24))
    ]
    assert days == [f"{day:%a} {day.day} {day:%b}" for day in shut[:5]]
    assert closed_ahead(Calendar(timezone="UTC", hours="always"), NOW, "en") is None


@pytest.mark.parametrize(
    ("written", "calendar", "said"),
    [("90s", "always", "1 min 30 s"), ("1d", "always", "1 day"), ("2d", "office", "2 working days"),
     ("1d4h", "office", "1 working day 4 h"), ("1h30m", "office", "1 h 30 min")],
)  # fmt: skip
def test_a_length_counts_days_as_its_calendar_does(written: str, calendar: str, said: str) -> None:
    assert length(Duration.parse(written), words().policy.calendar(calendar), "en") == said


def test_a_warning_is_counted_in_the_days_of_its_calendar() -> None:
    policy = words().policy
    assert worked(9 * 3600, policy.calendar("office"), "en") == "1 working day 1 h"
    assert worked(9 * 3600, policy.calendar("always"), "en") == "9 h"
    assert span(0, "en") == "0 s"


# --- who sees it, and what is hostile


async def test_a_german_reader_reads_german(api: Api, someone: Visitor) -> None:
    await put(api, RICH)
    page = await someone.opens("/policies/standard", **{"Accept-Language": "de"})
    assert page.language == "de"
    for sentence in (
        "Wer benachrichtigt wird",
        "1. Wer Bereitschaft hat, per SMS und E-Mail",
        "20 Min später",
        "2 Arbeitstage",
        "Der Fall steigt auf L2 (experts)",
        "Mo–Fr 09:00–17:30 (Uhrzeit von Europe/Berlin), geschlossen an den Feiertagen von Berlin (DE)",
        "kritisch",
    ):
        assert sentence in page.words
    assert "Who is told" not in page.words


async def test_hostile_names_stay_text(api: Api, someone: Visitor) -> None:
    roster = (await api.get("/v1/roster")).json()
    hostile = "<script>alert(1)</script>\"'\u202e" + "x" * 100
    roster["people"][2]["name"] = hostile
    roster["teams"][1]["name"] = hostile
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    await put(api, RICH.replace("tier: vip}", 'tier: "<img src=x onerror=alert(1)>"}', 1))
    for path in ("/policies", "/policies/standard", "/policies/standard/what-if"):
        page = await someone.opens(path)
        assert page.status == 200
        assert is_inert(page)
        assert "img" not in page.tags
        assert "<script>alert(1)</script>" in page.words


OFFICE = Calendar.model_validate({"timezone": "Europe/Berlin", "day": "8h", "hours": {"mon": ["09:00-17:00"]}})
LONG_DAYS = Calendar.model_validate({"timezone": "Europe/Berlin", "day": "8h30m", "hours": {"mon": ["09:00-17:30"]}})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (58_824, "1 Arbeitstag 8 Std"),
        (54_000, "1 Arbeitstag 7 Std"),
        (28_700, "1 Arbeitstag"),
        (11_000, "3 Std 5 Min"),
        (1_000, "17 Min"),
        (450, "7 Min 30 s"),
    ],
)
def test_a_length_nobody_plans_by_is_rounded(seconds: int, text: str) -> None:
    calendar = LONG_DAYS if seconds == 58_824 else OFFICE
    assert roughly(seconds, calendar, "de") == text


async def test_a_rounded_warning_says_so_and_keeps_the_exact_time_as_its_title(api: Api, someone: Visitor) -> None:
    policy = RICH.replace("warn_at: [50]", "warn_at: [77]").replace("all: 2h", "all: 3h")
    await api.call(
        "PUT", "/v1/policies/standard", content=policy.encode(), headers={"Content-Type": "application/yaml"}
    )
    page = await someone.opens("/policies/standard")
    assert "warning after about 2 h 20 min" in page.words
    assert 'title="2 h 18 min 36 s"' in page.html
