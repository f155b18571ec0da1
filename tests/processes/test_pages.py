"""Pages of a running installation: sign in, test a contact through the real worker, answer it; the key is in no log."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from signed_links import SignedLinks
from tests.api.browser import Browser
from tests.processes.installation import TIERLINE, installation
from tests.until import until


async def test_a_contact_test_from_the_page_goes_out_and_is_answered(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        up = tierline.starts(TIERLINE, "up")
        await up.says("Tierline is up.")
        key = (tierline.home / "admin-key").read_text().strip()

        def test() -> dict[str, Any]:
            found: dict[str, Any] = tierline.http("GET", "/v1/roster/people/dana/contact-test").json()
            return found

        base = str(tierline.http("GET", "/healthz").request.url).removesuffix("/healthz")
        async with httpx2.AsyncClient(trust_env=False, base_url=base) as client:
            browser = Browser(client)
            form = await browser.opens("/contact")
            page = await browser.sends(form, {**form.forms[0].fields, "key": key}, "/sign-in")
            assert urlsplit(page.address).path == "/contact"
            await browser.presses(page, "contact-test", person="dana")
            await until(lambda: [one["status"] for one in test()["channels"]] == ["sent", "sent"])
            seen = await browser.opens("/contact?person=dana")
            assert seen.words.count("Kept in the local outbox") == 2
            links = SignedLinks((tierline.home / "secret").read_text().strip(), base)
            link = links.to_confirm("dana", test()["id"], "email", datetime.now(UTC))
            await browser.presses(await browser.opens(link), "confirm")
            assert (await browser.opens("/contact?person=dana")).words.count("Not answered yet.") == 1
        logs = "".join(log.read_text() for log in tierline.home.glob("*.log"))
        assert "POST /contact HTTP/1.1" in logs
        assert key not in logs
