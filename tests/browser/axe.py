"""axe-core, of npm: what of a page breaks WCAG 2.2 at level A or AA."""

import asyncio
from typing import Any

from playwright.async_api import Page

from tests.npm import Packed, kept, unpack

AXE = Packed(
    "axe-core@4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "package/axe.min.js",
)
LIMIT = 60  # seconds; a second when nothing else runs
LOADED = "typeof axe === 'object'"
RUN = "options => axe.run(document, options)"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ON_COLOURS = ("color-contrast", "link-in-text-block")
Options = dict[str, Any]
# The size of what is pressed is off by itself. A mail's own frame lets no script in: it is looked at as a page.
EVERYTHING: Options = {
    "runOnly": {"type": "tag", "values": LEVELS},
    "rules": {"target-size": {"enabled": True}},
    "iframes": False,
    "resultTypes": ["violations"],
}
# A page seen before is the same in other colours but for them, and on another screen but for its shapes.
COLOURS: Options = {**EVERYTHING, "runOnly": {"type": "rule", "values": ON_COLOURS}}
SHAPES: Options = {**EVERYTHING, "rules": {**EVERYTHING["rules"], **{name: {"enabled": False} for name in ON_COLOURS}}}


def script() -> str:
    """axe-core itself, unpacked now where it is not yet. Raises NotHere."""
    folder = kept(repr(AXE).encode(), lambda folder: unpack(AXE, folder), "the check of accessibility")
    return (folder / AXE.file).read_text(encoding="utf-8")


async def violations(page: Page, axe: str, options: Options = EVERYTHING) -> list[str]:
    """What is wrong with the page as it stands: the rule, the element, and what to mend. `axe` is what `script` gave."""
    async with asyncio.timeout(LIMIT):
        if not await page.evaluate(LOADED):
            await page.evaluate(axe)
        found: list[dict[str, Any]] = (await page.evaluate(RUN, options))["violations"]
    return [_told(broken, node) for broken in found for node in broken["nodes"]]


def _told(broken: dict[str, Any], node: dict[str, Any]) -> str:
    summary = " ".join(node["failureSummary"].split())
    return f"{broken['id']}: {node['html'][:200]}: {summary}"
