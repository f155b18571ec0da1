"""A person at a browser: what they read, press and type, in words.

Every look waits for what it names and fails when it does not come. A locator finds things as a screen reader names them: what
has no name, or a wrong one, is not found.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.scenarios.system import PUBLIC_URL, Tierline

DESK, PHONE = (1280, 800), (390, 844)
PATIENCE = 15_000  # milliseconds; a page takes a few hundred
MOST_TABS = 80  # more than that to reach a button is no way to work
FOCUS = """() => {
  const at = document.activeElement, look = getComputedStyle(at);
  return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
}"""
NAMED = """name => {
  const at = document.activeElement;
  const labels = [...(at.labels || [])].map(one => one.innerText.trim());
  return [at.getAttribute("aria-label"), at.innerText?.trim(), at.textContent.trim(), ...labels].includes(name);
}"""

expect.set_options(timeout=PATIENCE)


@dataclass
class Visitor:
    """One window. `trouble` is what the browser complained of."""

    page: Page
    tierline: Tierline
    trouble: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the pages are, without a slash at its end."""
        return str(self.tierline.http.base_url).rstrip("/")

    async def opens(self, path: str) -> int:
        """Go there, by a path of ours or by a link out of a message; the status of the answer."""
        there = path.replace(PUBLIC_URL, self.address) if path.startswith("http") else self.address + path
        answer = await self.page.goto(there)
        assert answer is not None
        return answer.status

    async def signs_in(self, who: str = "admin", following: str = "/") -> None:
        """With the key of that person, or the admin's."""
        await self.tierline.call("GET", "/v1/escalations", who)  # makes their key
        await self.opens(f"/sign-in?next={quote(following)}")
        await self.types("Your API key", self.tierline.keys[who])
        await self.presses("Sign in")
        await self.is_at(urlsplit(following).path)

    async def is_at(self, path: str) -> None:
        """The address has this path."""
        await self.page.wait_for_url(lambda url: urlsplit(url).path == path, timeout=PATIENCE)

    async def reads(self, text: str) -> None:
        """It stands on the page where it can be seen."""
        await expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()

    async def does_not_read(self, text: str) -> None:
        await expect(self.page.get_by_text(text).locator("visible=true")).to_have_count(0)

    async def presses(self, name: str, kind: str = "button") -> None:
        """Press the button of that name, or follow the link."""
        await self._one(kind, name).click()

    async def unfolds(self, summary: str) -> None:
        await self.page.locator("summary", has_text=summary).first.click()

    async def fills_in(self, title: str, texts: Mapping[str, str], choices: Mapping[str, str] | None = None) -> None:
        """Unfold the form of that title, fill in its fields by their labels, and send it."""
        form = self._form(title)
        if await form.locator("summary").count():
            await form.locator("summary").click()
        for label, text in texts.items():
            await form.get_by_label(label, exact=True).fill(text)
        for label, option in (choices or {}).items():
            await form.get_by_label(label, exact=True).select_option(option)
        await form.get_by_role("button").click()

    async def presses_what_begins(self, name: str) -> None:
        """Press the button whose name begins so."""
        await self.page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).click()

    async def reads_in_row(self, text: str, words: str) -> None:
        """The row of a table that has this text in it says these words, too."""
        await expect(self.page.locator("tbody tr", has_text=text)).to_contain_text(words)

    async def reads_in_picture(self, name: str, words: str) -> None:
        """The drawing of that name has these words in it."""
        await expect(self.page.get_by_role("img", name=name)).to_contain_text(words)

    async def ticks(self, label: str) -> None:
        await self._field(label).check()

    async def types(self, label: str, text: str) -> None:
        await self._field(label).fill(text)

    async def chooses(self, label: str, option: str) -> None:
        await self._field(label).select_option(option)

    async def finds(self, label: str) -> str:
        """What stands in the field."""
        return await self._field(label).input_value()

    async def tabs_to(self, name: str) -> None:
        """Press Tab until the focus is on what has this name, and see where it is on the way."""
        for _ in range(MOST_TABS):
            await self.page.keyboard.press("Tab")
            assert await self.page.evaluate(FOCUS), f"the focus cannot be seen: {await self._focused()}"
            if await self._is_focused(name):
                return
        raise AssertionError(f"{name!r} is not reached with Tab")

    async def is_typing_in(self, label: str) -> None:
        """The focus is on that field."""
        await expect(self._field(label)).to_be_focused()

    async def strikes(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def follows(self) -> None:
        """Press Enter on what has the focus, and be on the page it leads to."""
        async with self.page.expect_navigation(timeout=PATIENCE):
            await self.page.keyboard.press("Enter")

    def _form(self, title: str) -> Locator:
        """What is folded under that title, or stands under it."""
        titled = self.page.locator("summary, h3", has_text=title)
        return self.page.locator("details, form").filter(has=titled).last

    def _one(self, kind: str, name: str) -> Locator:
        found = self.page.get_by_role(kind, name=name, exact=True)  # type: ignore[arg-type]
        return found.locator("visible=true").first

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True).locator("visible=true").first

    async def _is_focused(self, name: str) -> bool:
        return await self.page.evaluate(NAMED, name) is True

    async def _focused(self) -> str:
        return str(await self.page.evaluate("document.activeElement.outerHTML"))[:200]


async def window(
    browser: Browser, tierline: Tierline, screen: tuple[int, int], *, script: bool = True, locale: str = "en-GB"
) -> Visitor:
    """A window of its own: no cookie, no store, nothing of anybody else."""
    context = await browser.new_context(
        viewport={"width": screen[0], "height": screen[1]},
        java_script_enabled=script,
        locale=locale,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(await context.new_page(), tierline)
    visitor.page.on("pageerror", lambda error: visitor.trouble.append(str(error)))
    visitor.page.on("console", lambda message: visitor.trouble.extend(_complaint(message)))
    return visitor


def _complaint(message: ConsoleMessage) -> list[str]:
    """An answer that refuses is no trouble; it is shown on the page."""
    refused = message.text.startswith("Failed to load resource: the server responded")
    return [message.text] if message.type == "error" and not refused else []
