"""A team's own system is told beside its people, from the roster to the signed request, and when it is dead others are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from activities.providers.port import Envelope, Outcome, Refused
from tests.scenarios.system import Tierline
from tests.scenarios.test_command_line import Terminal

HOOKED = """
name: hooked
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 30m, warn_at: [50]}}
    steps:
      - {tell: on_call, channels: [webhook, email]}
      - {after: 20m, tell: on_call.next, channels: [sms]}
closing: {root_cause: optional}
"""


@pytest.fixture
async def hooked(tierline: Tierline, httpserver: HTTPServer) -> Tierline:
    """The team that is told has a system of its own, whose address ends with a key."""
    roster = (await tierline.call("GET", "/v1/roster")).json()
    [support] = [team for team in roster["teams"] if team["id"] == "support"]
    support["webhook"] = httpserver.url_for("/tierline?key=abc")
    answer = await tierline.call("PUT", "/v1/roster", **roster)
    assert answer.status_code == 200, answer.text
    await tierline.has_policy(HOOKED)
    return tierline


@pytest.fixture
def bounces(tierline: Tierline) -> Iterator[None]:
    """No e-mail arrives."""

    def refused(_: Envelope) -> Outcome:
        return Refused("550", "no such mailbox")

    tierline.house.email.answers = refused
    yield
    tierline.house.email.answers = None


async def test_a_webhook_and_an_e_mail_go_out_at_once_and_the_receiver_knows_who_calls(
    hooked: Tierline, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/tierline", query_string="key=abc").respond_with_data("")
    case = await hooked.opens(policy="hooked")
    hook = await case.tells("dana", "webhook", "step")
    mail = await case.tells("dana", "email", "step")
    assert hook.created_at == mail.created_at
    [(request, _)] = httpserver.log
    terminal = Terminal(hooked, monkeypatch)
    secret = (await terminal.types("roster", "webhook-secret", "support")).strip()
    said: dict[str, Any] = Webhook(secret).verify(request.get_data(), dict(request.headers))
    assert (said["type"], said["data"]["id"], said["data"]["person"]) == ("escalation.told", case.id, "dana")
    assert said["data"]["due_at"] == next(
        one["due_at"] for one in case.opened["targets"] if one["name"] == "acknowledge"
    )
    await case.passes(minutes=16)
    await case.tells("dana", "email", "warning")  # a warning is for the person
    await case.says("dana", "acknowledge")
    assert len(httpserver.log) == 1
    [kept] = [row for row in (await terminal.reads("outbox"))["items"] if row["channel"] == "webhook"]
    assert kept["to"] == httpserver.url_for("/tierline")
    assert json.loads(kept["text"]) == said
    assert "key=abc" not in await terminal.types("outbox")


async def test_a_dead_webhook_and_a_dead_e_mail_make_the_next_responder_go_out(
    hooked: Tierline, httpserver: HTTPServer, bounces: None
) -> None:
    httpserver.expect_request("/tierline").respond_with_data(status=410)
    case = await hooked.opens(policy="hooked")
    await case.fails("dana", "webhook", "step", "gone")
    await case.fails("dana", "email", "step", "550")
    await case.tells("sam", "sms", "step")  # at once, not after the twenty minutes
    await case.comes_to_say("webhook to dana failed: answered 410")
    await case.says("sam", "acknowledge")


async def test_a_webhook_that_arrives_does_not_stand_for_a_person_who_was_not_reached(
    hooked: Tierline, httpserver: HTTPServer, bounces: None
) -> None:
    httpserver.expect_request("/tierline").respond_with_data("")
    case = await hooked.opens(policy="hooked")
    await case.tells("dana", "webhook", "step")
    await case.fails("dana", "email", "step", "550")
    await case.tells("sam", "sms", "step")
    await case.says("sam", "acknowledge")


async def test_only_an_admin_is_shown_the_secret_and_only_of_a_team_that_is_there(hooked: Tierline) -> None:
    path = "/v1/roster/teams/{}/webhook-secret"
    shown = await hooked.call("GET", path.format("support"))
    assert shown.json()["secret"].startswith("whsec_")
    assert shown.headers["Cache-Control"] == "no-store"
    assert (await hooked.call("GET", path.format("nobody"))).json()["code"] == "team_not_found"
    made = await hooked.call("POST", "/v1/keys", role="operator", label="ops")
    hooked.keys["ops"] = made.json()["key"]
    refused = await hooked.call("GET", path.format("support"), "ops")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")
    assert "whsec_" not in refused.text
