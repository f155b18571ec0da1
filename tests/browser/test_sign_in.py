"""Signing in at a real browser: the way in, the way out, and nothing behind it for whoever has no key."""

import pytest

from tests.browser.conftest import Somebody
from tests.scenarios.system import Tierline

PAGES = ("/outbox", "/templates", "/contact")


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
async def test_a_wrong_key_leads_nowhere_the_right_one_in_and_signing_out_out(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    person = await somebody(script=script)
    await person.opens("/templates")
    await person.is_at("/sign-in")
    await person.types("Your API key", "tl_wrong")
    await person.presses("Sign in")
    await person.reads("unknown or was revoked")
    await person.types("Your API key", tierline.keys["admin"])
    await person.presses("Sign in")
    await person.is_at("/templates")
    await person.presses("Sign out")
    await person.is_at("/sign-in")
    for page in PAGES:
        await person.opens(page)
        await person.is_at("/sign-in")
