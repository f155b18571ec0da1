"""The board and the page of a case at a real browser: the story of a case by mouse, by keyboard, and without JavaScript."""

import asyncio
import re
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.async_api import Route

from domain.kpi_words import DEFINITIONS
from tests.browser.conftest import Somebody
from tests.browser.showcase import catches_up
from tests.browser.visitor import PHONE, Visitor
from tests.scenarios.system import Case, Tierline
from tests.scenarios.test_stories import LADDER

WAYS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
LIVE_LIMIT = 5.0  # seconds; two are promised on a machine that does nothing else


async def told(tierline: Tierline) -> Case:
    """A case of which Dana has been told; no other case has its subject or its customer."""
    await tierline.has_policy(LADDER)
    number = uuid4().hex[:6]
    case = await tierline.opens(
        policy="ladder", subject=f"The shop is down {number}", customer={"id": f"acme-{number}"}
    )
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await catches_up(case)
    return case


def subject_of(case: Case) -> str:
    return str(case.opened["ticket"]["subject"])


@WAYS
async def test_a_case_from_its_opening_over_the_climb_and_the_board_to_its_closing_and_the_report(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    case = await told(tierline)
    lee = await somebody(script=script)
    await lee.signs_in("lee", "/")
    await lee.reads(subject_of(case))
    await case.passes(minutes=16)
    await lee.opens("/")
    await lee.reads_in_row(subject_of(case), "L2")
    await lee.presses(f"Take {subject_of(case)}")
    await lee.reads("Done")
    assert (await case.shows())["owner"] == "lee"
    await lee.opens("/")
    await lee.reads_in_row(subject_of(case), "you")
    await lee.presses(subject_of(case), "link")
    await lee.is_at(f"/escalations/{case.id}")
    await lee.fills_in("It is solved", {"What solved it (for us)": "a new certificate"})
    await lee.presses("Close the case")
    await lee.reads("Nothing was changed.")
    await lee.fills_in(
        "Record the root cause",
        {"Why it happened": "it had expired"},
        {"Category": "certificate", "Whose doing": "ours"},
    )
    await lee.reads("The root cause is recorded.")
    await lee.presses("Close the case")
    await lee.reads("The case is closed.")
    end = await case.shows()
    assert (end["status"], end["root_cause"]["category"]) == ("closed", "certificate")
    await lee.opens("/")
    await lee.does_not_read(subject_of(case))
    await lee.opens(f"/reports?customer={end['customer']['id']}")
    await lee.reads_in_picture("Root causes (Pareto)", "Certificate")


async def test_the_board_shows_what_others_do_by_itself(
    tierline: Tierline, somebody: Somebody, record_property: Callable[[str, object], None]
) -> None:
    lee = await somebody()
    await lee.signs_in("lee", "/")
    await lee.reads("Live")
    await lee.page.evaluate("window.neverLoadedAgain = true")
    began = time.monotonic()
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", subject=f"It came by itself {uuid4().hex[:6]}")
    await lee.reads(subject_of(case))
    came = time.monotonic() - began
    await case.says("dana", "acknowledge")
    began = time.monotonic()
    await lee.reads_in_row(subject_of(case), "acknowledged")
    changed = time.monotonic() - began
    record_property("measured", f"an open board shows a new case after {came:.1f} s, a change after {changed:.1f} s")
    assert await lee.page.evaluate("window.neverLoadedAgain") is True
    assert max(came, changed) < LIVE_LIMIT


async def test_an_answer_that_comes_late_puts_nothing_old_over_what_the_board_was_sent_meanwhile(
    tierline: Tierline, somebody: Somebody
) -> None:
    case = await told(tierline)
    lee = await somebody()
    await lee.signs_in("lee", f"/?q={case.id}")
    await lee.reads("Live")
    answered: asyncio.Queue[None] = asyncio.Queue()
    let_go = asyncio.Semaphore(0)

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        answered.put_nowait(None)
        await let_go.acquire()
        await route.fulfill(response=answer)

    await lee.page.route(re.compile("fragment=rows"), slowly)
    await lee.presses(f"Take {subject_of(case)}")
    await answered.get()
    await case.says("lee", "resolve", summary="solved")
    await lee.reads_in_row(subject_of(case), "resolved")
    await lee.page.evaluate("document.dispatchEvent(new Event('tierline:refresh'))")
    let_go.release()
    await answered.get()  # it asks again when it is done with the first answer
    assert "resolved" in str(await lee.page.locator("tbody td.status").text_content())
    let_go.release()
    await lee.page.unroute_all(behavior="wait")


async def test_the_page_of_a_case_shows_what_others_do_and_keeps_what_is_being_typed(
    tierline: Tierline, somebody: Somebody
) -> None:
    case = await told(tierline)
    lee = await somebody()
    await lee.signs_in("lee", f"/escalations/{case.id}")
    await lee.reads("Live")
    await lee.unfolds("Add a note")
    await lee.types("Text", "half a sent")
    await case.says("dana", "note", text="I have seen this before")
    await lee.reads("I have seen this before")
    assert await lee.finds("Text") == "half a sent"


@WAYS
async def test_several_cases_are_assigned_at_once(tierline: Tierline, somebody: Somebody, script: bool) -> None:
    cases = [await told(tierline) for _ in range(2)]
    lee = await somebody(script=script)
    await lee.signs_in("lee", "/")
    for case in cases:
        await lee.ticks(f"Choose {subject_of(case)}")
    await lee.presses("Assign")
    await lee.chooses("To whom", "Sam")
    await lee.presses("Do it for 2")
    await lee.reads("Done")
    assert [(await case.shows())["owner"] for case in cases] == ["sam", "sam"]


async def test_the_board_works_with_the_keyboard_alone(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    lee = await somebody()
    await lee.signs_in("lee", f"/?q={case.id}")
    await lee.strikes("j", "a")
    await lee.reads("Done")
    assert (await case.shows())["owner"] == "lee"
    await lee.strikes("j", "r")
    await lee.reads("Resolve these cases")
    await lee.strikes(*"solved")
    await lee.tabs_to("Do it for 1")
    await lee.strikes("Enter")
    await lee.reads_in_row(subject_of(case), "resolved")
    assert (await case.shows())["resolution"]["summary"] == "solved"
    await lee.strikes("j", "Enter")
    await lee.is_at(f"/escalations/{case.id}")


async def two(tierline: Tierline) -> tuple[str, list[Case]]:
    """The address of a board that shows two cases and no other, and the cases as they stand on it."""
    await tierline.has_policy(LADDER)
    customer = {"id": f"acme-{uuid4().hex[:6]}"}
    cases = [
        await tierline.opens(policy="ladder", subject=f"Down {n} {customer['id']}", customer=customer) for n in "12"
    ]
    for case in cases:
        await catches_up(case)
    return f"/?customer={customer['id']}&sort=-opened_at", cases[::-1]


async def test_a_key_that_was_broken_off_chooses_no_case_for_the_next(tierline: Tierline, somebody: Somebody) -> None:
    board, (first, second) = await two(tierline)
    lee = await somebody()
    await lee.signs_in("lee", board)
    for key, asked in (("r", "Resolve these cases"), ("e", "Escalate these cases"), ("s", "Assign these cases")):
        await lee.strikes("j", key)
        await lee.reads(asked)
        await lee.strikes("Escape")
        await lee.does_not_read(asked)
    await lee.strikes("j", "a")
    await lee.reads("Done")
    assert [(await case.shows())["owner"] for case in (first, second)] == [None, "lee"]


async def test_a_case_is_assigned_and_paused_by_a_key(tierline: Tierline, somebody: Somebody) -> None:
    board, (first, second) = await two(tierline)
    lee = await somebody()
    await lee.signs_in("lee", board)
    await lee.strikes("j", "s")
    await lee.chooses("To whom", "Sam")
    await lee.presses("Do it for 1")
    await lee.reads_in_row(subject_of(first), "Sam")
    await lee.strikes("k", "p")
    await lee.chooses("What it waits for", "a third party")
    await lee.presses("Do it for 1")
    await lee.reads_in_row(subject_of(first), "paused")
    assert [(await case.shows())["status"] for case in (first, second)] == ["paused", "open"]


@WAYS
async def test_a_case_is_assigned_from_the_menu_of_its_row(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    board, (first, second) = await two(tierline)
    lee = await somebody(script=script)
    await lee.signs_in("lee", board)
    await lee.unfolds(f"More: {subject_of(second)}")
    await lee.presses(f"Assign: {subject_of(second)}")
    await lee.chooses("To whom", "Sam")
    await lee.presses("Do it for 1")
    await lee.reads("Done")
    assert [(await case.shows())["owner"] for case in (first, second)] == [None, "sam"]


async def test_a_menu_stays_with_its_case_when_another_comes_above_it(tierline: Tierline, somebody: Somebody) -> None:
    board, (first, _) = await two(tierline)
    lee = await somebody()
    await lee.signs_in("lee", board)
    await lee.reads("Live")
    await lee.unfolds(f"More: {subject_of(first)}")
    customer = {"id": first.opened["customer"]["id"]}
    new = await tierline.opens(policy="ladder", subject=f"Above {customer['id']}", customer=customer)
    await lee.reads(subject_of(new))
    opened = lee.page.locator("tr:has(details[open])")
    assert await opened.evaluate_all("rows => rows.map(row => row.dataset.id)") == [first.id]


async def test_the_board_works_with_tab_and_enter_and_no_other_key(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    lee = await somebody(script=False)
    await lee.signs_in("lee", f"/?q={case.id}")
    await lee.tabs_to(f"Take {subject_of(case)}")
    await lee.strikes("Enter")
    await lee.reads("Done")
    assert (await case.shows())["owner"] == "lee"


async def test_a_case_is_taken_solved_explained_and_closed_with_tab_and_enter_and_no_other_key(
    tierline: Tierline, somebody: Somebody
) -> None:
    case = await told(tierline)
    lee = await somebody(script=False)
    await lee.signs_in("lee", f"/escalations/{case.id}")
    await lee.tabs_to("I take it")
    await lee.follows()
    await lee.tabs_to("It is solved")
    await lee.strikes("Enter")
    await lee.tabs_to("What solved it (for us)")
    await lee.strikes(*"a new one")
    await lee.tabs_to("Send")
    await lee.follows()
    await lee.tabs_to("Record the root cause")
    await lee.strikes("Enter")
    await lee.tabs_to("Category")
    await lee.strikes("ArrowDown")
    await lee.tabs_to("Whose doing")
    await lee.strikes("ArrowDown")
    await lee.tabs_to("Why it happened")
    await lee.strikes(*"it had expired")
    await lee.tabs_to("Send")
    await lee.follows()
    await lee.tabs_to("Close the case")
    await lee.follows()
    await lee.reads("The case is closed.")
    end = await case.shows()
    assert (end["status"], end["root_cause"]["description"]) == ("closed", "it had expired")


async def test_the_reports_are_narrowed_and_followed_to_a_case_with_the_keyboard_alone(
    tierline: Tierline, somebody: Somebody
) -> None:
    case = await told(tierline)
    customer = case.opened["customer"]["id"]
    lee = await somebody(script=False)
    await lee.signs_in("lee", "/reports")
    await lee.tabs_to("Last 7 days")
    await lee.follows()
    await lee.tabs_to("Period and filters")
    await lee.strikes("Enter")
    await lee.tabs_to("Customer (id or name)")
    await lee.strikes(*customer)
    await lee.tabs_to("Show")
    await lee.follows()
    await lee.reads(f"Acme GmbH ({customer})")
    await lee.tabs_to("What this means: Escalations")
    await lee.strikes("Enter")
    await lee.reads(DEFINITIONS["volume"].text["en"])
    await lee.tabs_to("As a table: Openings and closings")
    await lee.strikes("Enter")
    await lee.tabs_to("Customer")
    await lee.follows()
    await lee.reads("By group: Customer")
    await lee.tabs_to("1")  # the customer's one case
    await lee.follows()
    await lee.is_at("/reports/cases")
    await lee.tabs_to(subject_of(case))
    await lee.follows()
    await lee.is_at(f"/escalations/{case.id}")


async def test_the_board_and_a_case_are_used_on_a_phone(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    lee = await somebody(PHONE)
    await lee.signs_in("lee", f"/?q={case.id}")
    await lee.presses(f"Take {subject_of(case)}")
    await lee.reads("Done")
    await lee.opens(f"/escalations/{case.id}")
    await lee.fills_in("Write to the customer", {"What the customer reads": "We are on it."})
    assert "customer_told" in await case.kinds()


HOSTILE = "<img src=x onerror=window.hacked=1>\"'><script>window.hacked=1</script>\u202e{{7*7}}"


async def test_a_hostile_subject_is_only_text(tierline: Tierline, somebody: Somebody) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", subject=HOSTILE, customer={"name": HOSTILE})
    lee = await somebody()
    await lee.signs_in("lee", f"/?q={case.id}")
    await harmless(lee)
    await lee.opens(f"/escalations/{case.id}")
    await harmless(lee)


async def harmless(visitor: Visitor) -> None:
    """Every word of it stands there to be read, and nothing of it ran."""
    await visitor.reads("<script>window.hacked=1</script>")
    assert await visitor.page.evaluate("window.hacked") is None
    assert await visitor.page.locator("img").count() == 0
