"""`tierline policy preview` against a small server that stands in for the API: what is asked, and what a person reads."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app
from local.times import moment_of

NOTHING: dict[str, Any] = {"who": None, "channel": None, "person": None, "tier": None, "by": None}
ROWS = [
    {**NOTHING, "at": "2026-03-06T16:50:00Z", "what": "opened", "why": "opened with priority high at L1 (manual)"},
    {**NOTHING, "at": "2026-03-06T16:50:00Z", "what": "told", "who": "Dana Okafor", "channel": "sms", "person": "dana",
     "why": "L1 step 1, on call: acknowledge", "by": "2026-03-09T07:30:00Z"},
    {**NOTHING, "at": "2026-03-09T07:30:00Z", "what": "breached", "why": "L1 acknowledge missed"},
    {**NOTHING, "at": "2026-03-09T07:30:00Z", "what": "ends", "why": "the case is closed"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_berlin(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who types sits in Berlin."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def asked(httpserver: HTTPServer) -> list[Any]:
    """The bodies the API was asked with; it answers `ROWS`."""
    bodies: list[Any] = []

    def answer(request: Any) -> Any:
        from werkzeug import Response

        bodies.append(request.get_json())
        return Response(json.dumps(ROWS), content_type="application/json")

    httpserver.expect_request("/v1/policies/preview", "POST").respond_with_handler(answer)
    return bodies


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", "preview", *arguments])


def test_the_chain_is_shown_on_the_readers_clock(asked: list[Any]) -> None:
    shown = run("standard", "--at", "2026-03-06 17:50")
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines() if line.strip()]
    assert "Fri 2026-03-06 17:50 0 s opened – opened with priority high at L1 (manual)" in lines
    assert "told Dana Okafor SMS L1 step 1, on call: acknowledge by Mon 2026-03-09 08:30" in lines
    assert "Mon 2026-03-09 08:30 2 d 14 h breached – L1 acknowledge missed" in lines
    assert lines[-1] == "1 message to 1 person and the customer, 1 target missed; times are those of your clock"
    assert asked[0]["policy"] == "standard"
    assert asked[0]["at"] == "2026-03-06T16:50:00+00:00"


def hourly(hour: int, why: str = "customer update missed") -> list[dict[str, Any]]:
    """A warning and a miss with its message, as they come each hour."""
    at, due, then = (f"2026-03-07T{hour + more:02}:{clock}:00Z" for more, clock in ((0, "38"), (0, "50"), (1, "50")))
    told = {"who": "Acme GmbH", "channel": "email"}
    return [
        {**NOTHING, "at": at, "what": "warned", "why": "80 % of customer update used", "by": due},
        {**NOTHING, "at": due, "what": "breached", "why": why},
        {**NOTHING, **told, "at": due, "what": "customer_told", "why": "holding message", "by": then},
    ]


def test_what_comes_again_each_hour_is_shown_once_with_how_often(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for hour in range(10) for row in hourly(hour, "another" if hour == 6 else "customer update missed")]
    monkeypatch.setattr(f"{__name__}.ROWS", [ROWS[0], *rows, ROWS[-1]])
    shown = [" ".join(line.split()) for line in run("standard", "--at", "2026-03-06 17:50").output.splitlines()]
    missed = [line for line in shown if "breached" in line or "the same" in line]
    assert missed == [
        "Sat 2026-03-07 01:50 8 h breached – customer update missed",
        "… the same every 1 h, 5 more times until Sat 2026-03-07 06:50",
        "Sat 2026-03-07 07:50 14 h breached – another",
        "Sat 2026-03-07 08:50 15 h breached – customer update missed",
        "… the same every 1 h, 2 more times until Sat 2026-03-07 10:50",
    ]
    assert "10 messages to 0 people and the customer, 10 targets missed" in shown[-1]
    assert json.loads(run("standard", "--json").output) == [ROWS[0], *rows, ROWS[-1]]


def test_what_comes_twice_or_not_evenly_is_shown_as_it_is(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for hour in (0, 1, 3, 4, 6) for row in hourly(hour)]
    monkeypatch.setattr(f"{__name__}.ROWS", rows)
    shown = run("standard", "--at", "2026-03-06 17:50").output
    assert (shown.count("holding message"), "the same" in shown) == (5, False)


def test_neither_a_file_nor_a_policy_is_said_so(httpserver: HTTPServer) -> None:
    problem = {"code": "policy_not_found", "detail": "there is no policy 'nix.yaml'", "status": 404}
    httpserver.expect_request("/v1/policies/preview", "POST").respond_with_json(problem, 404)
    refused = run("nix.yaml")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "there is neither such a file nor such a policy: 'nix.yaml'" in refused.stderr
    assert json.loads(run("nix.yaml", "--json").stdout) == problem


def test_what_is_said_meanwhile(asked: list[Any]) -> None:
    run("--at", "2026-03-06 17:50", "-e", "+20m acknowledge by=dana", "-e", "19:00 pause reason=scheduled until=+2d")
    assert asked[0]["events"] == [
        {"at": "2026-03-06T17:10:00+00:00", "command": "acknowledge", "by": "dana"},
        {
            "at": "2026-03-06T18:00:00+00:00",
            "command": "pause",
            "reason": "scheduled",
            "until": "2026-03-08T16:50:00+00:00",
        },
    ]


def test_a_file_and_a_ticket(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\ntiers: []\n")
    (tmp_path / "ticket.json").write_text('{"ticket": {"id": "7"}}')
    run(str(tmp_path / "mine.yaml"), "--ticket", str(tmp_path / "ticket.json"), "--priority", "critical")
    assert asked[0]["policy"] == {"name": "mine", "tiers": []}
    assert asked[0]["escalation"] == {"ticket": {"id": "7"}, "priority": "critical"}


def test_people_of_a_file_are_said_to_be_those(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "roster.yaml").write_text("people: [{id: nia, name: Nia}]\n")
    shown = run("standard", "--roster", str(tmp_path / "roster.yaml"))
    assert shown.output.splitlines()[0] == f"with the people of {tmp_path / 'roster.yaml'}, not those in use"
    assert asked[0]["roster"] == {"people": [{"id": "nia", "name": "Nia"}]}
    assert run("standard", "--roster", str(tmp_path / "roster.yaml"), "--json").output == json.dumps(ROWS) + "\n"


def test_without_such_a_file_the_people_in_use_are_asked_and_nothing_is_said_of_it(asked: list[Any]) -> None:
    shown = run("standard").output
    assert "the people of" not in shown
    assert "--roster" not in shown
    assert "roster" not in asked[0]


def test_where_nobody_is_on_duty_the_other_people_are_pointed_to(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "roster.yaml").write_text("people: []\n")
    monkeypatch.setitem(ROWS[1], "what", "nobody_on_duty")
    hint = "nobody on duty: so says the roster in use; --roster FILE tries it with other people"
    assert run("standard").output.splitlines()[-1] == hint
    assert hint not in run("standard", "--roster", str(tmp_path / "roster.yaml")).output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--at", "tomorrow"], "'tomorrow' is no time: write 7d or 12h"),
        (["-e", "acknowledge"], "write a time, a command and its fields"),
        (["-e", "+20m note hello"], "'hello' is no field: write name=value"),
        (["-e", "soon note text=x"], "'soon' is no time"),
        (["--at", "4000d"], "'4000d': a duration is at most ten years"),
        (["--ticket", "no-such.json"], "no-such.json cannot be read: there is no such file\n"),
        (["--roster", "no-such.yaml"], "no-such.yaml cannot be read: there is no such file\n"),
    ],
)
def test_a_slip_of_the_pen_is_named(arguments: list[str], says: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, says in refused.output) == (2, True), refused.output


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-03-06T17:50:00Z", "2026-03-06T17:50:00+00:00"),
        ("2026-07-06 17:50", "2026-07-06T15:50:00+00:00"),
        ("17:50", "2026-03-06T16:50:00+00:00"),
        ("+1d", "2026-03-07T10:00:00+00:00"),
    ],
)
def test_times_as_people_type_them(text: str, means: str) -> None:
    assert moment_of(text, datetime(2026, 3, 6, 10, tzinfo=UTC)).isoformat() == means
