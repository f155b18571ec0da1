"""What the terminal says beside a message's state: the reason, the tries, what took its place, who it went out with."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from cli import app
from local import show

SENT: dict[str, Any] = {"status": "sent", "reason": None, "code": None, "provider_id": "m1", "retries": 0}

FAILED: dict[str, Any] = {"status": "failed", "reason": "no", "person": "dana"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, ""),
        ({"provider_id": "outbox-k7f2"}, "kept on this machine"),
        ({"status": "failed", "code": "30003", "reason": "unreachable"}, "30003: unreachable"),
        ({"retries": 1}, "retried 1 time"),
        ({"retries": 2, "reason": "429; then sent"}, "429; then sent; retried 2 times"),
        (
            {**FAILED, "failed_over_to": "k", "failed_over_person": "dana", "failed_over_channel": "email"},
            "no; failed over to email",
        ),
        (
            {**FAILED, "failed_over_to": "k", "failed_over_person": "sam", "failed_over_channel": "sms"},
            "no; told at once instead: sam by sms",
        ),
        ({"led_by": "a.1/1/step/0.0/dana/sms"}, "in one message with others"),
        ({"led_by": "k", "reason": "in one message with others"}, "in one message with others"),
    ],
)
def test_what_is_said_beside_the_state(row: dict[str, Any], words: str) -> None:
    assert show.why({**SENT, **row}) == words


def test_until_when_it_waits_is_said() -> None:
    waits = {"status": "waiting", "reason": "the customer's quiet hours", "waits_until": "2026-03-06T07:00:00Z"}
    assert show.why({**SENT, **waits}).startswith("the customer's quiet hours; until Fri 2026-03-06 0")


def test_when_it_was_read_is_said() -> None:
    assert show.why({**SENT, "status": "delivered", "read_at": "2026-03-06T12:00:00Z"}).startswith(
        "read Fri 2026-03-06"
    )


def test_the_outbox_asks_with_its_filters_and_says_how_to_go_on(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_x")
    query = {"status": "failed", "person": "dana", "channel": "sms", "case": "zendesk-1", "cursor": "k1", "limit": "2"}
    answer = {
        "items": [],
        "since": "2026-03-06T12:00:00Z",
        "possible_duplicates": 0,
        "unknown": 0,
        "next_cursor": "k[3]",
    }
    httpserver.expect_request("/v1/messages", query_string=query).respond_with_json(answer)
    words = [word for name, value in query.items() for word in (f"--{name}", value)]
    ran = CliRunner().invoke(app, ["outbox", *words])
    assert (ran.exit_code, "more: --cursor k[3]" in ran.output) == (0, True), ran.output
