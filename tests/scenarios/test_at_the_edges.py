"""What is refused, passed over or too late, seen in the whole system: nothing of it stops a case, and everybody is told why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.providers.webhook import TeamWebhook
from domain.calendars import WEEKDAYS
from settings import ServerSettings
from signed_links import ACT_LIFE, SignedLinks, secret_of
from tests.api.browser import Browser
from tests.scenarios.system import Tierline
from tests.scenarios.test_stories import CAUSE, LADDER
from tests.workflows import house

HOOKED = """
name: hooked
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 30m}}
    steps: [{tell: on_call, channels: [webhook]}, {after: 20m, tell: on_call.next, channels: [email]}]
closing: {root_cause: optional}
"""
BY_SMS = HOOKED.replace("name: hooked", "name: by-sms").replace("[webhook]", "[sms]")


def links_of(tierline: Tierline, folder: Path) -> SignedLinks:
    """Those that stand in the messages of this installation."""
    return SignedLinks(secret_of(ServerSettings(home=folder)), str(tierline.http.base_url).rstrip("/"))


async def test_a_link_that_has_expired_acts_on_nothing_and_one_of_an_ended_round_says_so(
    tierline: Tierline, tmp_path: Path
) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", priority="low")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    links, browser, now = links_of(tierline, tmp_path), Browser(tierline.http), datetime.now(UTC)
    page = await browser.opens(links.to_act("dana", case.id, 1, now))
    expired = await browser.opens(links.to_act("dana", case.id, 1, now - ACT_LIFE - timedelta(seconds=1)))
    assert (expired.status, expired.forms) == (403, [])
    assert "Every message about the case brings a new one" in expired.words
    page.address = expired.address
    assert (await browser.presses(page, "acknowledge")).status == 403
    assert (await case.shows())["status"] == "open"

    await case.says("dana", "resolve", summary="new certificate")
    await case.says("dana", "root-cause", **CAUSE)
    await case.says("dana", "close")
    await case.ends()
    await case.says("dana", "reopen", reason="it is back")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    used_up = await browser.opens(links.to_act("dana", case.id, 1, now))
    assert (used_up.status, used_up.commands) == (200, [])
    page.address = used_up.address
    refused = await browser.presses(page, "acknowledge")
    assert refused.status == 409
    assert (await case.shows())["owner"] is None
    await case.says("dana", "cancel", reason="the story ends")


@pytest.mark.parametrize(("priority", "waits"), [("low", False), ("high", True)])
async def test_outside_their_working_hours_a_routine_case_passes_them_over_and_an_urgent_one_does_not(
    tierline: Tierline, priority: str, waits: bool
) -> None:
    in_two_days = WEEKDAYS[(datetime.now(UTC) + timedelta(days=2)).weekday()]
    roster = (await tierline.call("GET", "/v1/roster")).json()
    next(one for one in roster["people"] if one["id"] == "dana")["working_hours"] = {in_two_days: ["09:00-17:00"]}
    assert (await tierline.call("PUT", "/v1/roster", **roster)).status_code == 200
    await tierline.has_policy(BY_SMS)
    case = await tierline.opens(policy="by-sms", priority=priority)
    if waits:
        await case.tells("dana", "sms", "step")
    else:
        await case.skips("dana", "sms", "step")
        await case.tells("sam", "email", "step")
        [line] = [one for one in await case.timeline() if one["kind"] == "delivery_failed"]
        assert line["text"].endswith("dana takes SMS of low and medium priority in working hours only (UTC)")
    await case.says("dana", "cancel", reason="the story ends")


@pytest.fixture
def walled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks go to public addresses only, as in an installation that says nothing else."""
    monkeypatch.setattr(house, "TeamWebhook", lambda secret, **_: TeamWebhook(secret))


@pytest.mark.usefixtures("walled")
@pytest.mark.parametrize("host", ["10.1.2.3", "[::1]", "169.254.169.254", "localhost"])
async def test_a_webhook_that_leads_inside_is_refused_and_the_next_one_is_told_at_once(
    tierline: Tierline, host: str
) -> None:
    roster = (await tierline.call("GET", "/v1/roster")).json()
    next(one for one in roster["teams"] if one["id"] == "support")["webhook"] = f"https://{host}/hook"
    assert (await tierline.call("PUT", "/v1/roster", **roster)).status_code == 200
    await tierline.has_policy(HOOKED)
    case = await tierline.opens(policy="hooked")
    await case.fails("dana", "webhook", "step", "private_address")
    await case.tells("sam", "email", "step")
    failed, instead = (await tierline.call("GET", f"/v1/escalations/{case.id}/messages")).json()
    assert "TIERLINE_WEBHOOK_PRIVATE=true allows it" in failed["reason"]
    assert failed["failed_over_to"] == instead["key"]
    await case.says("dana", "cancel", reason="the story ends")
