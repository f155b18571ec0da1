"""One Chromium for all tests of a process, a new window for each person in each; behind the pages the whole system."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, async_playwright
from temporalio.testing import WorkflowEnvironment

from settings import ServerSettings
from signed_links import SignedLinks, secret_of
from tests.browser import axe, chromium
from tests.browser.visitor import DESK, Visitor, window
from tests.npm import NotHere as NoPackage
from tests.scenarios.system import PUBLIC_URL, Tierline, system


class Somebody(Protocol):
    """Opens a window: `width` and `height` in pixels, `script` whether JavaScript runs, `locale` the browser's."""

    def __call__(self, screen: tuple[int, int] = DESK, **how: Any) -> Awaitable[Visitor]: ...


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Skips, and says why, where there is no Chromium and none can be installed."""
    try:
        program = await asyncio.to_thread(chromium.program)
    except chromium.NotHere as missing:
        pytest.skip(str(missing))
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program)
        yield running
        await running.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def links(home: Path) -> SignedLinks:
    """Makes the links that messages carry."""
    return SignedLinks(secret_of(ServerSettings(home=home)), PUBLIC_URL)


@pytest.fixture(scope="module")
async def tierline(env: WorkflowEnvironment, home: Path) -> AsyncIterator[Tierline]:
    """The API, a worker and Temporal; one for a file, because to start it takes longer than most tests."""
    with env.with_time_skipping_disabled():
        async with system(env, home, links=True) as running:
            yield running


@pytest.fixture
async def somebody(browser: Browser, tierline: Tierline) -> AsyncIterator[Somebody]:
    """Opens windows; fails at the end when a script of a page broke, or a page asked for what its headers forbid."""
    opened: list[Visitor] = []

    async def opens(screen: tuple[int, int] = DESK, **how: Any) -> Visitor:
        opened.append(await window(browser, tierline, screen, **how))
        return opened[-1]

    yield opens
    for one in opened:
        await one.page.context.close()
    assert [one.trouble for one in opened] == [[]] * len(opened)


@pytest.fixture(scope="session")
def axe_core() -> str:
    """Skips, and says why, where axe-core cannot be had."""
    try:
        return axe.script()
    except NoPackage as missing:
        pytest.skip(str(missing))
