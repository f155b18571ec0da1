"""What a ticket brought, on the page of its case: what is known of it, and what was written before, in order and as text."""

from typing import Any

import pytest

from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.desk import Desk, desk_of

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


def said(minute: int, text: str, **more: Any) -> dict[str, Any]:
    return {"at": f"2025-03-06T16:{minute:02}:00Z", "from": "customer", "channel": "email", "text": text, **more}


async def page_of(desk: Desk, detail: str | None = None, **ticket: Any) -> Page:
    """The page of another case, with that ticket."""
    ticket = {"system": "zendesk", "id": "2", "subject": "Checkout is down", **ticket}
    await desk.api.opened("2", ticket=ticket, trigger={"kind": "manual", "detail": detail})
    return await desk.opens("sam", case="zendesk-2")


async def test_why_it_was_escalated_and_what_the_ticket_says_are_both_known(desk: Desk) -> None:
    page = await page_of(desk, "SLA at risk", description="Error 502 when paying")
    assert "What is known SLA at risk Error 502 when paying" in page.words


async def test_what_both_say_is_said_once(desk: Desk) -> None:
    page = await page_of(desk, "Error 502 when paying", description="Error 502 when paying")
    assert page.words.count("Error 502 when paying") == 1


async def test_what_was_written_before_stands_before_our_history_the_oldest_first(desk: Desk) -> None:
    later = said(20, "Nobody answers!", channel="phone")
    page = await page_of(desk, history=[later, said(10, "We look into it", channel=None, **{"from": "Lee"})])
    assert (
        "What was written before Thursday 6 March 2025, 16:10 UTC Lee We look into it "
        "Thursday 6 March 2025, 16:20 UTC customer (phone) Nobody answers! What happened"
    ) in page.words


async def test_of_a_long_correspondence_the_newest_are_seen_at_once_and_all_in_order(desk: Desk) -> None:
    page = await page_of(desk, history=[said(minute, f"letter {minute:02}") for minute in range(9)])
    places = [page.html.index(f"letter {minute:02}") for minute in range(9)]
    assert places == sorted(places)
    folded = page.html[page.html.index("Everything before (3)") :]
    folded = folded[: folded.index("</details>")]
    assert ["letter 02" in folded, "letter 03" in folded] == [True, False]


async def test_a_ticket_without_a_correspondence_has_no_heading_for_it(desk: Desk) -> None:
    assert "What was written before" not in (await page_of(desk)).words


async def test_what_a_customer_wrote_is_text_and_nothing_else(desk: Desk) -> None:
    history = [said(minute, HOSTILE, channel=HOSTILE, **{"from": HOSTILE}) for minute in range(8)]
    page = await page_of(desk, "x", description=HOSTILE, history=history)
    assert page.words.count(HOSTILE) == 1 + 3 * 8
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on")]
