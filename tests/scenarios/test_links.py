"""The customer's link, with the real workflows behind it: an answer after closing, and a case that begins anew."""

from datetime import UTC, datetime
from pathlib import Path

from settings import ServerSettings
from signed_links import SignedLinks, secret_of
from tests.api.browser import Browser
from tests.scenarios.system import Tierline
from tests.scenarios.test_stories import LADDER


async def test_a_customer_rates_a_closed_case_and_has_it_looked_at_again(tierline: Tierline, tmp_path: Path) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", priority="low")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="new certificate")
    await case.says("dana", "root-cause", category="certificate", origin="ours", description="expired")
    await case.says("dana", "close")
    await case.ends()

    links = SignedLinks(secret_of(ServerSettings(home=tmp_path)), str(tierline.http.base_url).rstrip("/"))
    browser = Browser(tierline.http)
    page = await browser.opens(links.to_rate(case.id, 1, datetime.now(UTC)))
    thanks = await browser.sends(page, {**page.forms[0].fields, "score": "3", "comment": "slow"})
    assert "Your answer: 3 of 5." in thanks.words
    survey = (await case.shows(1))["survey"]
    assert (survey["score"], survey["comment"]) == (3, "slow")

    again = await browser.sends(page, {**page.forms[0].fields, "command": "again", "text": "it is back"})
    assert "We are looking at it again." in again.words
    reopened = await case.shows()
    assert (reopened["episode"], reopened["status"], reopened["reopened_from"]) == (2, "open", 1)
    assert ("customer", "goes on from episode 1: it is back") in [
        (entry["actor"], entry["text"]) for entry in await case.timeline(2)
    ]
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "cancel", reason="the story ends")
