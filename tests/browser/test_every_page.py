"""Every page, light and dark, on a desk and on a phone: axe-core finds nothing, and nothing has to be scrolled sideways.

Those behind the sign-in once more for whoever reads German: no text of ours is left in English there. `make screenshots` sets
`SCREENSHOTS` to a folder, and pictures of the pages are kept there: each as it is mostly looked at, the board in every way.
`ALL_LOOKS` with it keeps every way of every page, for whoever changes the style.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from api.pages.words import TEXTS
from signed_links import SignedLinks
from tests.browser.axe import COLOURS, EVERYTHING, SHAPES, Options, violations
from tests.browser.showcase import PROBLEM, Morning, morning
from tests.browser.visitor import DESK, PHONE, Visitor, window
from tests.scenarios.system import Tierline

PICTURES, ALL = os.environ.get("SCREENSHOTS"), "ALL_LOOKS" in os.environ
Look = tuple[tuple[int, int], bool, Options]  # the screen, whether it is dark, and what axe looks at then
LOOKS: list[Look] = [(DESK, False, EVERYTHING), (DESK, True, COLOURS), (PHONE, False, SHAPES)]
IN_GERMAN: list[Look] = [(DESK, False, SHAPES), (DESK, True, COLOURS)]
LOOKS += [(PHONE, True, COLOURS)] if PICTURES else []  # for the picture: the colours are those of a dark desk
HIGHEST = 6000 if ALL else 1180  # pixels of a picture; longer pages are cut off
PLAYED = "priority=high&at=2030-03-04T09:30&acknowledged_at=2030-03-04T10:10&resolved_at=2030-03-04T12:00"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = (1280, 1100, 1024, 962, 390, 320)  # pixels; laptops, a window beside another one, phones
LONG_NAMES = """name => {
  for (const one of document.querySelectorAll("td.tier bdi, td.owner bdi, th.case .small bdi")) one.textContent = name;
  for (const one of document.querySelectorAll("td.owner .small")) one.append(` ${name}`);
}"""
TEXTS_SHOWN = """() => [...document.querySelectorAll("main *, nav *, title")].flatMap(one => [
  one.getAttribute("aria-label"), one.getAttribute("placeholder"), one.getAttribute("alt"),
  ...[...one.childNodes].filter(part => part.nodeType === Node.TEXT_NODE).map(part => part.textContent),
]).map(text => text?.replace(/\\s+/g, " ").trim()).filter(Boolean)"""
UNFOLD = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"
NAMES = {"Do", "warning"}  # a Thursday, a message's name: German pages say them, too
ENGLISH = {text for key, text in TEXTS["en"].items() if text != TEXTS["de"][key]} - set(TEXTS["de"].values()) - NAMES


@dataclass
class Shown:
    """The morning, with Lee, Sam and two admins signed in (Sam and one admin read German) and somebody who is not."""

    morning: Morning
    links: SignedLinks
    lee: Visitor
    sam: Visitor
    admin: Visitor
    german_admin: Visitor
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
    lee, sam, admin, german_admin, stranger = visitors = [
        await window(browser, tierline, DESK, locale=locale) for locale in ("en-GB", "en-GB", "en-GB", "de-DE", "en-GB")
    ]
    for one, who in ((lee, "lee"), (sam, "sam"), (admin, "admin")):
        await one.signs_in(who)
    await german_admin.page.context.add_cookies(await admin.page.context.cookies())  # type: ignore[arg-type]
    yield Shown(desk, links, lee, sam, admin, german_admin, stranger)
    for one in visitors:
        await one.page.context.close()


BEHIND: dict[str, Callable[[Shown], str]] = {
    "board": lambda _: "/",
    "case": lambda shown: shown.case("vip"),
    "case-late": lambda shown: shown.case("late"),
    "case-closed": lambda shown: shown.case("closed"),
    "case-whole": lambda shown: shown.case("whole"),
    "case-new": lambda shown: shown.case("new"),
    "actions": lambda _: "/actions",
    "actions-none": lambda _: "/actions?state=dropped",
    "problems": lambda _: "/problems",
    "problem": lambda _: f"/problems/{PROBLEM}",
    "on-call": lambda _: "/on-call",
    "policies": lambda _: "/policies",
    "policy": lambda _: "/policies/standard",
    "what-if": lambda _: f"/policies/standard/what-if?{PLAYED}",
    "reports": lambda _: "/reports",
    "reports-none": lambda _: "/reports?customer=nobody",
    "reports-cases": lambda _: "/reports/cases",
    "outbox": lambda _: "/outbox",
    "templates": lambda _: "/templates",
    "template": lambda _: "/templates/step/email/en",
    "contact": lambda _: "/contact",
}
FOR_ADMINS: dict[str, Callable[[Shown], str]] = {
    "audit": lambda _: "/audit",
    "audit-none": lambda _: "/audit?person=nobody",
    "case-operated": lambda shown: shown.case("whole"),
}
BEFORE: dict[str, Callable[[Shown], str]] = {
    "sign-in": lambda _: "/sign-in",
    "link": lambda shown: shown.act("lee", "late"),
    "link-german": lambda shown: shown.act("sam", "owned"),
    "link-closed": lambda shown: shown.act("lee", "closed"),
    "link-taken": lambda shown: shown.act("sam", "vip"),
    "link-paused": lambda shown: shown.act("dana", "paused"),
    "link-broken": lambda _: "/r/nonsense",
    "rating": lambda shown: shown.rate("closed"),
}


@pytest.mark.parametrize("name", BEHIND)
async def test_a_page_behind_the_sign_in_can_be_used_by_everybody(shown: Shown, axe_core: str, name: str) -> None:
    await shown.lee.opens(BEHIND[name](shown))
    await looks_right(shown.lee, name, axe_core)


@pytest.mark.parametrize("name", FOR_ADMINS)
async def test_a_page_for_admins_can_be_used_by_everybody(shown: Shown, axe_core: str, name: str) -> None:
    await shown.admin.opens(FOR_ADMINS[name](shown))
    await looks_right(shown.admin, name, axe_core)


@pytest.mark.parametrize("name", BEFORE)
async def test_a_page_for_anybody_can_be_used_by_everybody(shown: Shown, axe_core: str, name: str) -> None:
    await shown.stranger.opens(BEFORE[name](shown))
    await looks_right(shown.stranger, name, axe_core)


@pytest.mark.parametrize("name", BEHIND)
async def test_a_page_behind_the_sign_in_is_all_german_for_who_reads_german(
    shown: Shown, axe_core: str, name: str
) -> None:
    await is_german(shown.sam, BEHIND[name](shown), name, axe_core)


@pytest.mark.parametrize("name", FOR_ADMINS)
async def test_a_page_for_admins_is_all_german_for_who_reads_german(shown: Shown, axe_core: str, name: str) -> None:
    await is_german(shown.german_admin, FOR_ADMINS[name](shown), name, axe_core)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_board_fits_every_window_however_long_the_names_are(shown: Shown, language: str) -> None:
    visitor = {"en": shown.lee, "de": shown.sam}[language]
    await visitor.opens("/")
    too_wide: list[str] = []
    for names in ("as they are", "long"):
        for width in WIDTHS:
            await visitor.page.set_viewport_size({"width": width, "height": 800})
            wider = await visitor.page.evaluate(WIDER)
            too_wide += [f"{width} px, names {names}: {wider} px too wide"] if wider > 0 else []
        await visitor.page.evaluate(LONG_NAMES, "Kundenbeziehungsmanagement Österreich")
    assert not too_wide, "\n".join(too_wide)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_on_a_phone_the_first_case_is_in_sight_and_buttons_for_many_come_with_the_first_tick(
    shown: Shown, language: str
) -> None:
    visitor = {"en": shown.lee, "de": shown.sam}[language]
    await is_seen_on(visitor, PHONE, dark=False)
    await visitor.opens("/")
    first = await visitor.page.locator("tbody tr").first.bounding_box()
    assert first is not None
    assert first["y"] < PHONE[1] / 2 + 10
    every, away = visitor.page.locator(".acts button[value=assign]"), visitor.page.locator("nav a").first
    await expect(every).to_be_hidden()
    await expect(away).to_be_hidden()
    await visitor.page.locator("tbody input[type=checkbox]").first.check()
    await expect(every).to_be_in_viewport()
    await visitor.page.locator("nav summary").click()
    await expect(away).to_be_in_viewport()


@pytest.mark.parametrize("key", ["r", "?"])
async def test_a_dialog_of_the_board_can_be_used_by_everybody(shown: Shown, axe_core: str, key: str) -> None:
    """`r` asks how the case is resolved, `?` tells the keys."""
    await shown.lee.opens("/")
    await shown.lee.strikes("j", key)
    await shown.lee.page.get_by_role("dialog").wait_for()
    await looks_right(shown.lee, {"r": "board-asks", "?": "board-keys"}[key], axe_core)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_an_e_mail_can_be_read_by_everybody(shown: Shown, axe_core: str, language: str) -> None:
    """Where it is shown no script may run, not even axe-core: its text is looked at elsewhere."""
    mail = await shown.lee.page.request.get(f"{shown.lee.address}/templates/step/email/{language}/html?vip=1")
    await shown.stranger.page.goto("about:blank")
    await shown.stranger.page.set_content(await mail.text())
    await looks_right(shown.stranger, f"mail-{language}", axe_core)


async def is_german(visitor: Visitor, path: str, name: str, axe_core: str) -> None:
    """The page is in German, and none of our English texts stands on it."""
    await visitor.opens(path)
    await looks_right(visitor, f"german-{name}", axe_core, IN_GERMAN)
    assert await visitor.page.locator("html").get_attribute("lang") == "de"
    assert ENGLISH.intersection(await visitor.page.evaluate(TEXTS_SHOWN)) == set()


async def looks_right(visitor: Visitor, name: str, axe_core: str, looks: Sequence[Look] = LOOKS) -> None:
    """Look at the page in these ways, all that is folded away unfolded; all that is wrong is told at once."""
    for screen, dark, _ in looks:
        if PICTURES and kept(name, screen, dark):
            await is_seen_on(visitor, screen, dark)
            await picture(visitor, Path(PICTURES) / f"{name}{_suffix(screen, dark)}.png", screen)
    await visitor.page.evaluate(UNFOLD)
    wrong: list[str] = []
    for screen, dark, options in looks:
        await is_seen_on(visitor, screen, dark)
        where = f"{screen[0]} px, {'dark' if dark else 'light'}"
        wrong += [f"{where}: {one}" for one in await violations(visitor.page, axe_core, options)]
        wider = await visitor.page.evaluate(WIDER)
        wrong += [f"{where}: {wider} px too wide"] if wider > 0 else []
    wrong += visitor.trouble
    visitor.trouble = []
    assert not wrong, "\n".join(wrong)


async def is_seen_on(visitor: Visitor, screen: tuple[int, int], dark: bool) -> None:
    """The window is as large as that screen, and asks for dark pages or light ones."""
    await visitor.page.set_viewport_size({"width": screen[0], "height": screen[1]})
    await visitor.page.emulate_media(color_scheme="dark" if dark else "light")


def kept(name: str, screen: tuple[int, int], dark: bool) -> bool:
    """Whether there is to be a picture of the page as it looks like this."""
    if ALL or name == "board":
        return True
    mostly = PHONE if name.startswith(("link", "rating", "mail")) else DESK
    return not dark and screen == mostly and not name.startswith("german-") and not name.endswith("-none")


async def picture(visitor: Visitor, path: Path, screen: tuple[int, int]) -> None:
    """Keep how the page looks from its top. The window grows for it: what lies below is not drawn in every frame."""
    whole = await visitor.page.evaluate("document.documentElement.scrollHeight")
    width, height = screen
    await visitor.page.set_viewport_size({"width": width, "height": min(max(whole, height), HIGHEST)})
    await visitor.page.screenshot(path=path)
    await visitor.page.set_viewport_size({"width": width, "height": height})


def _suffix(screen: tuple[int, int], dark: bool) -> str:
    return ("-phone" if screen == PHONE else "") + ("-dark" if dark else "")
