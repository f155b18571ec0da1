"""Every page, light and dark, on a desk and on a phone: axe-core finds nothing, and nothing has to be scrolled sideways.

`make screenshots` sets `SCREENSHOTS` to a folder, and pictures of the pages are kept there: each as it is mostly looked at, the
board in every way.
"""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser

from signed_links import SignedLinks
from tests.browser.axe import violations
from tests.browser.showcase import Morning, morning
from tests.browser.visitor import DESK, PHONE, Visitor, window
from tests.scenarios.system import Tierline

PICTURES = os.environ.get("SCREENSHOTS")
LOOKS = [(screen, dark) for screen in (DESK, PHONE) for dark in (False, True)]
HIGHEST = 1180  # pixels of a picture; longer pages are cut off
PLAYED = "priority=high&at=2030-03-04T09:30&acknowledged_at=2030-03-04T10:10&resolved_at=2030-03-04T12:00"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Shown:
    """The morning, with somebody signed in and somebody who is not."""

    morning: Morning
    links: SignedLinks
    lee: Visitor
    stranger: Visitor

    def case(self, word: str) -> str:
        return f"/escalations/{self.morning.cases[word].id}"

    def act(self, person: str, word: str) -> str:
        return self.links.to_act(person, self.morning.cases[word].id, 1, self.morning.tierline.clock())

    def rate(self, word: str) -> str:
        return self.links.to_rate(self.morning.cases[word].id, 1, self.morning.tierline.clock()) + "?score=4"


@pytest.fixture(scope="module")
async def shown(browser: Browser, tierline: Tierline, links: SignedLinks) -> AsyncIterator[Shown]:
    desk = await morning(tierline)
    lee, stranger = [await window(browser, tierline, DESK) for _ in range(2)]
    await lee.signs_in("lee")
    yield Shown(desk, links, lee, stranger)
    for one in (lee, stranger):
        await one.page.context.close()


BEHIND: dict[str, Callable[[Shown], str]] = {
    "board": lambda _: "/",
    "case": lambda shown: shown.case("vip"),
    "case-late": lambda shown: shown.case("late"),
    "case-closed": lambda shown: shown.case("closed"),
    "on-call": lambda _: "/on-call",
    "policies": lambda _: "/policies",
    "policy": lambda _: "/policies/standard",
    "what-if": lambda _: f"/policies/standard/what-if?{PLAYED}",
    "reports": lambda _: "/reports",
    "outbox": lambda _: "/outbox",
    "templates": lambda _: "/templates",
    "template": lambda _: "/templates/step/email/en",
    "contact": lambda _: "/contact",
}
BEFORE: dict[str, Callable[[Shown], str]] = {
    "sign-in": lambda _: "/sign-in",
    "link": lambda shown: shown.act("lee", "late"),
    "link-german": lambda shown: shown.act("sam", "owned"),
    "link-closed": lambda shown: shown.act("lee", "closed"),
    "link-broken": lambda _: "/r/nonsense",
    "rating": lambda shown: shown.rate("closed"),
}


@pytest.mark.parametrize("name", BEHIND)
async def test_a_page_behind_the_sign_in_can_be_used_by_everybody(shown: Shown, axe_core: str, name: str) -> None:
    await shown.lee.opens(BEHIND[name](shown))
    await looks_right(shown.lee, name, axe_core)


@pytest.mark.parametrize("name", BEFORE)
async def test_a_page_for_anybody_can_be_used_by_everybody(shown: Shown, axe_core: str, name: str) -> None:
    await shown.stranger.opens(BEFORE[name](shown))
    await looks_right(shown.stranger, name, axe_core)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_an_e_mail_can_be_read_by_everybody(shown: Shown, axe_core: str, language: str) -> None:
    """Where it is shown no script may run, not even axe-core: its text is looked at elsewhere."""
    mail = await shown.lee.page.request.get(f"{shown.lee.address}/templates/step/email/{language}/html?vip=1")
    await shown.stranger.page.goto("about:blank")
    await shown.stranger.page.set_content(await mail.text())
    await looks_right(shown.stranger, f"mail-{language}", axe_core)


async def looks_right(visitor: Visitor, name: str, axe_core: str) -> None:
    """Look at the page in every way; all that is wrong is told at once."""
    wrong: list[str] = []
    for screen, dark in LOOKS:
        await visitor.page.set_viewport_size({"width": screen[0], "height": screen[1]})
        await visitor.page.emulate_media(color_scheme="dark" if dark else "light")
        if PICTURES and kept(name, screen, dark):
            await picture(visitor, Path(PICTURES) / f"{name}{_suffix(screen, dark)}.png", screen)
        where = f"{screen[0]} px, {'dark' if dark else 'light'}"
        wrong += [f"{where}: {one}" for one in await violations(visitor.page, axe_core)]
        wider = await visitor.page.evaluate(WIDER)
        wrong += [f"{where}: {wider} px too wide"] if wider > 0 else []
    wrong += visitor.trouble
    visitor.trouble = []
    assert not wrong, "\n".join(wrong)


def kept(name: str, screen: tuple[int, int], dark: bool) -> bool:
    """Whether there is to be a picture of the page as it looks like this."""
    return name == "board" or (not dark and screen == (DESK if name in BEHIND or name == "sign-in" else PHONE))


async def picture(visitor: Visitor, path: Path, screen: tuple[int, int]) -> None:
    """Keep how the page looks from its top. The window grows for it: what lies below is not drawn in every frame."""
    whole = await visitor.page.evaluate("document.documentElement.scrollHeight")
    width, height = screen
    await visitor.page.set_viewport_size({"width": width, "height": min(max(whole, height), HIGHEST)})
    await visitor.page.screenshot(path=path)
    await visitor.page.set_viewport_size({"width": width, "height": height})


def _suffix(screen: tuple[int, int], dark: bool) -> str:
    return ("-phone" if screen == PHONE else "") + ("-dark" if dark else "")
