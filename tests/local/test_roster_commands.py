"""The roster at a terminal: who is on duty with the gaps, out as a file, in from a file and from a calendar."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app
from domain.policy_file import dump_policy, load_policy
from domain.roster_file import check_roster, load_roster
from local import feeds, show
from local.duty import stretch
from local.times import moment_of
from tests.api.calendars import PAGERDUTY, wire

POLICY = dump_policy(
    load_policy(
        "{name: standard, owner_of_last_resort: dana, tiers: [{name: L1, team: support, "
        "targets: {acknowledge: {all: 1h}}, steps: [{tell: 'person:sam', channels: [email]}]}]}"
    )
)
NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
ROSTER: dict[str, Any] = check_roster(
    {
        "people": [
            {"id": "dana", "name": "Dana Okafor"},
            {"id": "sam", "name": "Sam Rivera", "phone": "+493023125102"},
        ],
        "teams": [
            {"id": "support", "lead": "dana", "members": ["dana", "sam"]},
            {"id": "triage", "members": ["sam", "dana"], "choose": "round_robin"},
        ],
    }
).model_dump(mode="json", by_alias=True)
ON_CALL: dict[str, Any] = {
    "team": "support",
    "at": "2026-03-06T12:00:00Z",
    "on_call": "dana",
    "on_call_next": None,
    "people": ["dana"],
    "lead": "dana",
}
SHIFTS: list[dict[str, Any]] = [
    {"from": "2026-03-06T12:00:00Z", "to": "2026-03-06T17:00:00Z", "on_call": "dana", "on_call_next": "sam"},
    {"from": "2026-03-06T17:00:00Z", "to": "2026-03-07T07:30:00Z", "on_call": None, "on_call_next": None},
    {"from": "2026-03-07T07:30:00Z", "to": "2026-03-07T12:00:00Z", "on_call": "sam", "on_call_next": "dana"},
    {"from": "2026-03-07T12:00:00Z", "to": "2026-03-07T13:00:00Z", "on_call": None, "on_call_next": None},
]


@pytest.fixture(autouse=True)
def _at(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    httpserver.expect_request("/v1/roster", "GET").respond_with_json(ROSTER)
    httpserver.expect_request("/v1/policies", "GET").respond_with_json({"items": [POLICY]})
    yield
    httpserver.check_assertions()


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


def answers(httpserver: HTTPServer, *items: dict[str, Any]) -> None:
    httpserver.expect_request("/v1/on-call").respond_with_json({"items": items})


def asked(httpserver: HTTPServer) -> dict[str, str]:
    return next(dict(request.args) for request, _ in httpserver.log if request.path == "/v1/on-call")


# who is on duty


@pytest.mark.usefixtures("_in_berlin")
def test_shifts_are_told_on_the_readers_clock_and_gaps_are_called_nobody(httpserver: HTTPServer) -> None:
    answers(httpserver, {**ON_CALL, "until": SHIFTS[-1]["to"], "shifts": SHIFTS})
    ran = run("oncall", "support", "--from", "2026-03-06T12:00:00Z", "--until", "25h")
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert lines[3][:8] == ["Fri", "2026-03-06", "13:00", "Fri", "2026-03-06", "18:00", "5", "h"]
    assert "dana (Dana Okafor)" in ran.stdout
    assert lines[4][4:9] == ["2026-03-07", "08:30", "14", "h", "30"]
    assert lines[4][-2:] == ["nobody", "–"]
    assert ran.stdout.splitlines()[-2].startswith("the first and the last may be longer"), "they are cut off there"
    assert ran.stdout.splitlines()[-1] == "support: 2 gaps with nobody on call, 15.5 h in all"
    assert asked(httpserver) == {"team": "support", "at": "2026-03-06T12:00:00Z", "until": "2026-03-07T13:00:00Z"}


def test_without_a_gap_that_is_said_for_each_team(httpserver: HTTPServer) -> None:
    shifts = [SHIFTS[0]]
    answers(httpserver, {**ON_CALL, "shifts": shifts}, {**ON_CALL, "team": "night", "shifts": [SHIFTS[1]]})
    lines = run("oncall", "--until", "7d").stdout.splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["support", "night"]
    assert lines[-2:] == [
        "support: somebody is on call all the time",
        "night: 1 gap with nobody on call, 14.5 h in all",
    ]


def test_a_lead_who_is_away_is_shown_with_who_stands_in(httpserver: HTTPServer) -> None:
    answers(httpserver, {**ON_CALL, "acting_lead": "sam"}, {**ON_CALL, "team": "night", "acting_lead": "dana"})
    support, night = run("oncall").stdout.splitlines()[3:5]
    assert support.split("–")[1].strip() == "dana (Dana Okafor), away: sam (Sam Rivera)"
    assert night.split("–")[1].strip() == "dana (Dana Okafor)"


def test_at_still_means_the_one_instant(httpserver: HTTPServer) -> None:
    answers(httpserver, ON_CALL)
    ran = run("oncall", "support", "--at", "2026-03-06T12:00:00Z")
    assert "dana (Dana Okafor)" in ran.stdout
    assert asked(httpserver) == {"team": "support", "at": "2026-03-06T12:00:00Z"}


def test_now_is_the_servers_now(httpserver: HTTPServer) -> None:
    answers(httpserver, ON_CALL)
    assert run("oncall").exit_code == 0
    assert asked(httpserver) == {}


def test_where_there_is_no_room_ids_stand_alone(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "PIPE_WIDTH", 100)
    answers(httpserver, ON_CALL)
    ran = run("oncall", "support")
    assert "dana" in ran.stdout
    assert "Dana Okafor" not in ran.stdout


@pytest.mark.usefixtures("_in_berlin")
def test_the_shifts_of_a_team_fit_into_eighty_columns(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "PIPE_WIDTH", 80)
    answers(httpserver, {**ON_CALL, "shifts": SHIFTS})
    lines = run("oncall", "support", "--until", "7d").stdout.splitlines()
    assert len(lines) == len(["", "headings", "rule", *SHIFTS, "", "edges", "gaps"])


def test_a_team_whose_members_take_turns_is_told_so(httpserver: HTTPServer) -> None:
    answers(httpserver, {**ON_CALL, "team": "triage"})
    assert "triage: its members share the cases evenly" in run("oncall", "triage").stdout
    httpserver.clear_log()


def test_with_json_the_answer_is_printed_as_it_came_and_nothing_else_is_asked(httpserver: HTTPServer) -> None:
    answers(httpserver, ON_CALL)
    ran = run("oncall", "support", "--json")
    assert json.loads(ran.stdout) == {"items": [ON_CALL]}
    assert [request.path for request, _ in httpserver.log] == ["/v1/on-call"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "tomorrow"], "'tomorrow' is no time: write 7d or 12h, 2026-12-24"),
        (["--until", "2026-13-40"], "'2026-13-40' is no time"),
        (["--until", "1.5h"], "'1.5h' is no time"),
        (["--until", "-2h"], "'-2h' is no time"),
        (["--from", "2026-03-06", "--until", "2026-03-05"], "--until 2026-03-05 is not after --from 2026-03-06"),
        (["--until", "2020-01-01"], "--until 2020-01-01 is not after now: write a later time, such as 7d"),
        (["--from", "9999-12-31", "--until", "90d"], "'90d' is no time within reach"),
    ],
)
def test_a_bad_time_is_refused_and_told_what_to_write(httpserver: HTTPServer, arguments: list[str], says: str) -> None:
    ran = run("oncall", "support", *arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert not httpserver.log


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("+2h", NOW + timedelta(hours=2)),
        ("7d", NOW + timedelta(days=7)),
        ("2026-12-24", datetime(2026, 12, 23, 23, tzinfo=UTC)),
        ("2026-07-24 09:00", datetime(2026, 7, 24, 7, tzinfo=UTC)),
        ("2026-07-24T09:00:00Z", datetime(2026, 7, 24, 9, tzinfo=UTC)),
    ],
)
def test_times_as_people_type_them(text: str, means: datetime) -> None:
    assert moment_of(text, NOW) == means


def test_a_length_counts_from_the_begin_that_is_asked_for() -> None:
    begin = NOW + timedelta(days=1)
    assert stretch("1d", "7d", NOW) == (begin, begin + timedelta(days=7))
    assert stretch(None, "7d", NOW) == (None, NOW + timedelta(days=7))


# as a file


@pytest.mark.parametrize("word", ["export", "show"])
def test_an_exported_roster_is_the_same_when_it_is_imported(word: str) -> None:
    ran = run("roster", word)
    assert load_roster(ran.stdout).model_dump(mode="json", by_alias=True) == ROSTER
    Path("roster.yaml").write_text(ran.stdout, encoding="utf-8")
    looked = run("roster", "import", "roster.yaml", "--dry-run")
    assert looked.stdout == "nothing changes\nonly looked: nothing was changed\n"


CHANGED = """
people:
  - {id: dana, name: Dana Okafor, locale: de}
  - {id: zoe, name: Zoe}
teams:
  - {id: support, lead: dana, members: [dana, zoe]}
  - {id: triage, members: [dana], choose: round_robin}
"""
CHANGES = ["- person sam", "+ person zoe", "~ person dana: locale", "~ team support: members", "~ team triage: members"]


@pytest.mark.parametrize("word", ["import", "apply"])
def test_an_import_says_what_changes_and_puts_it_into_use(httpserver: HTTPServer, word: str) -> None:
    Path("roster.yaml").write_text(CHANGED, encoding="utf-8")
    new = load_roster(CHANGED).model_dump(mode="json", by_alias=True)
    warning = {"path": "standard.tiers[0].steps[0].tell", "message": "the roster has no person 'sam'"}
    answer = {**new, "warnings": [warning]}
    httpserver.expect_oneshot_request("/v1/roster", "PUT", json=new).respond_with_json(answer)
    ran = run("roster", word, "roster.yaml")
    assert ran.stdout.splitlines() == [
        *CHANGES,
        "worth a look: standard.tiers[0].steps[0].tell: the roster has no person 'sam'",
        "the roster is in use",
    ]


def test_a_dry_run_only_looks(httpserver: HTTPServer) -> None:
    Path("roster.yaml").write_text(CHANGED, encoding="utf-8")
    ran = run("roster", "import", "roster.yaml", "--dry-run")
    message = "the roster has no person 'sam'; known here: dana, zoe"
    lines = [*CHANGES, f"worth a look: standard.tiers[0].steps[0].tell: {message}", "only looked: nothing was changed"]
    assert ran.stdout.splitlines() == lines
    said = json.loads(run("roster", "import", "roster.yaml", "--dry-run", "--json").stdout)
    assert said == {"changes": CHANGES, "warnings": [{"path": "standard.tiers[0].steps[0].tell", "message": message}]}
    assert {request.method for request, _ in httpserver.log} == {"GET"}


@pytest.mark.parametrize("text", ["{}", "people: []\nteams: []"])
def test_a_roster_without_people_is_put_into_use_only_when_that_is_asked_for(httpserver: HTTPServer, text: str) -> None:
    Path("roster.yaml").write_text(text, encoding="utf-8")
    ran = run("roster", "import", "roster.yaml")
    assert (ran.exit_code, ran.stdout, httpserver.log) == (1, "", [])
    assert "roster.yaml has no people" in ran.stderr
    assert "--allow-empty" in ran.stderr
    looked = run("roster", "import", "roster.yaml", "--dry-run").stdout
    assert "- person dana\n" in looked
    assert "worth a look: people: nobody is in this roster" in looked
    httpserver.expect_oneshot_request("/v1/roster", "PUT").respond_with_json({"warnings": []})
    assert "- person dana\n" in run("roster", "import", "roster.yaml", "--allow-empty").stdout


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("people: [{id: dana, name: Dana, manager: ghost}]", 1, "people[0].manager: no person 'ghost'"),
        ("people: [}", 1, "this is not YAML"),
        (None, 2, "roster.yaml cannot be read"),
    ],
)
def test_a_broken_file_is_refused_before_anything_is_asked(
    httpserver: HTTPServer, text: str | None, code: int, says: str
) -> None:
    if text is not None:
        Path("roster.yaml").write_text(text, encoding="utf-8")
    ran = run("roster", "import", "roster.yaml")
    assert (ran.exit_code, ran.stdout) == (code, "")
    assert says in ran.stderr
    assert not httpserver.log


# from a calendar

TAKEN = {"feed": "plan", "as": "shifts", "team": "support", "taken": 2, "left_out": []}
TYPED = ("--as", "shifts", "--team", "support")


def expect_feed(httpserver: HTTPServer, **answer: Any) -> None:
    httpserver.expect_oneshot_request(
        "/v1/roster/feeds/plan", "PUT", data=wire(PAGERDUTY), query_string={"as": "shifts", "team": "support"},
        headers={"Content-Type": "text/calendar", "Authorization": "Bearer tl_test"},
    ).respond_with_json({**TAKEN, **answer})  # fmt: skip


def test_a_feed_is_sent_from_a_file_from_standard_input_and_from_an_address(httpserver: HTTPServer) -> None:
    Path("plan.ics").write_bytes(wire(PAGERDUTY))
    expect_feed(httpserver)
    assert run("roster", "feed", "plan", "plan.ics", *TYPED).stdout == "plan: 2 entries taken as shifts\n"
    expect_feed(httpserver)
    assert run("roster", "feed", "plan", "-", *TYPED, given=wire(PAGERDUTY)).exit_code == 0
    expect_feed(httpserver)
    httpserver.expect_request("/private-1234/basic.ics").respond_with_data(
        wire(PAGERDUTY), content_type="text/calendar"
    )
    httpserver.expect_request("/moved.ics").respond_with_data(
        "", 302, headers={"Location": httpserver.url_for("/private-1234/basic.ics")}
    )
    ran = run("roster", "feed", "plan", httpserver.url_for("/moved.ics"), *TYPED)
    assert ran.exit_code == 0, ran.output


def test_the_key_stays_with_the_api_and_does_not_go_to_the_calendar(httpserver: HTTPServer) -> None:
    expect_feed(httpserver)
    httpserver.expect_request("/basic.ics").respond_with_data(wire(PAGERDUTY))
    run("roster", "feed", "plan", httpserver.url_for("/basic.ics"), *TYPED)
    [fetched] = [request for request, _ in httpserver.log if request.path == "/basic.ics"]
    assert "Authorization" not in fetched.headers


def test_what_could_not_be_taken_is_listed_with_why(httpserver: HTTPServer) -> None:
    left_out = {"event": "Party", "first": "2026-03-06", "times": 3, "why": "it has no attendee"}
    Path("plan.ics").write_bytes(wire(PAGERDUTY))
    expect_feed(httpserver, taken=1, left_out=[left_out])
    lines = run("roster", "feed", "plan", "plan.ics", *TYPED).stdout.splitlines()
    assert lines[0] == "plan: 1 entry taken as shifts"
    assert lines[-2].split() == ["Party", "Fri", "2026-03-06", "00:00", "3", "it", "has", "no", "attendee"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{url}private-1234/gone.ics", "localhost gave no feed: 404"),
        ("http://127.0.0.1:9/private-1234.ics", "127.0.0.1 gave no feed: it cannot be reached; check the address"),
        ("{url}private-1234/round.ics", "localhost gave no feed: it sends from one address to the next without end"),
        ("{url}private-1234/broken.ics", "localhost gave no feed: the answer broke off; try again"),
        ("http://[::1/private-1234.ics", "cannot be fetched: write an address"),
        ("{url}private-1234/large.ics", "sends more than 1,000 bytes"),
        ("ftp://example.com/private-1234.ics", "ftp://… cannot be fetched"),
        ("nowhere.ics", "nowhere.ics cannot be read: there is no such file\n"),
    ],
)
def test_a_feed_that_cannot_be_had_is_said_without_its_secret_address(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, source: str, says: str
) -> None:
    monkeypatch.setattr(feeds, "LARGEST", 1_000)
    httpserver.expect_request("/private-1234/large.ics").respond_with_data(b"x" * 100_000)
    httpserver.expect_request("/private-1234/gone.ics").respond_with_data("", 404)
    again = {"Location": "/private-1234/round.ics"}
    httpserver.expect_request("/private-1234/round.ics").respond_with_data("", 302, headers=again)
    cut = {"Content-Encoding": "gzip"}
    httpserver.expect_request("/private-1234/broken.ics").respond_with_data(b"no gzip", headers=cut)
    ran = run("roster", "feed", "plan", source.format(url=httpserver.url_for("/")), *TYPED)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert says in ran.stderr
    assert "private-1234" not in ran.output
    assert all(request.path != "/v1/roster/feeds/plan" for request, _ in httpserver.log)


def test_a_refusal_of_the_feed_is_said_in_plain_words(httpserver: HTTPServer) -> None:
    Path("plan.ics").write_bytes(b"nonsense")
    httpserver.expect_request("/v1/roster/feeds/plan", "PUT").respond_with_data(
        json.dumps({"status": 422, "code": "invalid_feed", "detail": "this is no iCalendar feed"}), 422,
        content_type="application/problem+json",
    )  # fmt: skip
    ran = run("roster", "feed", "plan", "plan.ics", *TYPED)
    assert (ran.exit_code, ran.stderr) == (1, "this is no iCalendar feed [invalid_feed]\n")


# addresses that do not work


def test_bad_addresses_say_whose_they_are_and_why_in_the_providers_words(httpserver: HTTPServer) -> None:
    bad = {"channel": "sms", "address": "+493023125001", "person": "dana", "fault": "opted_out", "code": "21610",
           "reason": "The person said STOP.", "since": "2026-03-06T12:00:00Z"}  # fmt: skip
    theirs = {**bad, "channel": "email", "address": "it@acme.example", "person": None, "fault": "no_such_address"}
    httpserver.expect_request("/v1/roster/bad-addresses").respond_with_json([bad, theirs])
    shown = run("roster", "bad-addresses").stdout
    for words in ("dana", "+493023125001", "opted out of our messages", "21610: The person said STOP.", "a customer"):
        assert words in shown


def test_an_address_is_forgiven_by_its_channel_and_itself(httpserver: HTTPServer) -> None:
    path = "/v1/roster/bad-addresses/email/it+desk@acme.example"
    httpserver.expect_request(path, "DELETE").respond_with_data(status=204)
    ran = run("roster", "forgive", "email", "it+desk@acme.example")
    assert (ran.exit_code, ran.stdout) == (0, "forgiven: the next message goes there\n")
