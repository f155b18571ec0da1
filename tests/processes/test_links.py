"""From the mail to the case: the link in a message of a running installation, opened and pressed as a person would."""

import re
from pathlib import Path

import httpx2

from tests.api.browser import Browser
from tests.processes.installation import TIERLINE, Case, installation
from tests.until import until


def link_in_the_mail(case: Case) -> str | None:
    """The link of the first responder's e-mail, once that has been sent."""
    mails = [one for one in case.messages() if one["channel"] == "email" and one["kind"] == "step" and one["text"]]
    found = re.search(r"http://\S+/r/\S+", mails[0]["text"]) if mails else None
    return found.group() if found else None


async def test_the_link_of_a_mail_takes_the_case_and_no_log_has_it(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        up = tierline.starts(TIERLINE, "up")
        await up.says("Tierline is up.")
        case = tierline.opens("4711")
        await until(lambda: link_in_the_mail(case) is not None)
        link, told = link_in_the_mail(case), case.shows()["accountable"]
        assert link is not None

        async with httpx2.AsyncClient(trust_env=False) as client:
            browser = Browser(client)
            page = await browser.opens(link)
            assert (page.status, case.shows()["status"]) == (200, "open")
            assert "Checkout is down" in page.words
            for _ in range(2):
                after = await browser.presses(page, "acknowledge")
                assert after.status == 200
            assert (case.shows()["status"], case.shows()["owner"]) == ("acknowledged", told)
            assert case.kinds().count("acknowledged") == 1
            assert (await browser.opens(link[:-2])).status == 403
        logs = "".join(log.read_text() for log in tierline.home.glob("*.log"))
        assert "GET /r/… HTTP/1.1" in logs
        assert link.rpartition("/")[2][:30] not in logs
        secret = tierline.home / "secret"
        assert (secret.stat().st_mode & 0o777, secret.read_text().strip() in logs) == (0o600, False)
