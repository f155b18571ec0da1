"""The pages that a message leads to, on a phone: a responder takes a case, a customer says how it was, nobody signs in."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.identity import reference_of
from signed_links import SignedLinks
from tests.browser.conftest import Somebody
from tests.browser.visitor import PHONE
from tests.scenarios.system import PUBLIC_URL, Case, Tierline
from tests.scenarios.test_stories import LADDER

LINK = re.compile(rf"{PUBLIC_URL}/r/[\w.-]+")
THUMB = 44  # pixels, as Apple and WCAG 2.5.5 have it
SIZES = """() => [...document.querySelectorAll("button, summary, input:not([type=hidden]), select, textarea")].map(one => {
  const box = one.getBoundingClientRect();
  return [one.innerText.trim() || one.name, Math.round(box.height), Math.round(box.right)];
})"""
WAYS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])


async def link_in_the_mail_to(person: str, case: Case) -> str:
    """The address in the e-mail that this person got about this case."""
    message = await case.tells(person, "email", "step")
    kept = case.tierline.house.email.kept
    [text] = [one.text for one in kept if one.reference == reference_of(message.key)]
    [link] = set(LINK.findall(text))
    return str(link)


async def told(tierline: Tierline, **changes: Any) -> Case:
    """A case of which Dana has been told."""
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", **changes)
    await case.tells("dana", "sms", "step")
    return case


@WAYS
async def test_a_responder_takes_and_solves_a_case_on_a_phone(
    tierline: Tierline, somebody: Somebody, script: bool
) -> None:
    case = await told(tierline, subject="Nobody can pay")
    link = await link_in_the_mail_to("dana", case)
    dana = await somebody(PHONE, script=script)
    assert await dana.opens(link) == 200
    await dana.reads("Nobody can pay")
    await dana.presses("I take it")
    await dana.reads("You have the case now.")
    assert (await case.shows())["owner"] == "dana"
    await dana.unfolds("It is solved")
    await dana.types("What solved it (for us)", "a new certificate")
    await dana.presses("Send")
    await dana.reads("The case is marked as solved.")
    assert (await case.shows())["resolution"]["summary"] == "a new certificate"


async def test_on_a_phone_all_that_is_pressed_or_filled_in_is_as_tall_as_a_thumb(
    tierline: Tierline, somebody: Somebody
) -> None:
    case = await told(tierline)
    dana = await somebody(PHONE)
    await dana.opens(await link_in_the_mail_to("dana", case))
    for what in ("Write to the customer", "It is solved", "Escalate", "Hand it to somebody", "Add a note"):
        await dana.unfolds(what)
    sizes: list[list[Any]] = await dana.page.evaluate(SIZES)
    assert len(sizes) > 15
    assert [(name, height) for name, height, _ in sizes if height < THUMB] == []
    assert [(name, right) for name, _, right in sizes if right > PHONE[0]] == [], (
        "it can be seen without scrolling sideways"
    )


async def test_whoever_only_opens_the_link_changes_nothing(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    link = await link_in_the_mail_to("dana", case)
    seen, happened = await case.shows(), await case.kinds()
    for script in (True, False):
        scanner = await somebody(PHONE, script=script)
        assert await scanner.opens(link) == 200
        await scanner.reads("I take it")
    assert ((await case.shows())["owner"], await case.kinds()) == (seen["owner"], happened)


async def test_what_was_typed_is_there_again_after_a_refusal(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    dana = await somebody(PHONE)
    await dana.opens(await link_in_the_mail_to("dana", case))
    await dana.presses("I take it")
    await dana.unfolds("Escalate")
    await dana.types("Why", "   ")
    await dana.presses("Send")
    await dana.reads("Nothing was changed.")
    assert (await case.shows())["tier"]["name"] == "L1"


@WAYS
async def test_a_customer_says_how_it_was_and_has_it_looked_at_again(
    tierline: Tierline, somebody: Somebody, links: SignedLinks, script: bool
) -> None:
    case = await told(tierline, customer={"locale": "de"}, subject="Zahlung geht nicht")
    await case.says("dana", "resolve", summary="done")
    customer = await somebody(PHONE, script=script, locale="de-DE")
    await customer.opens(f"{links.to_rate(case.id, 1, datetime.now(UTC))}?score=2")
    await customer.reads("Zahlung geht nicht")
    assert (await case.shows())["survey"] is None
    await customer.types("Ein paar Worte, wenn Sie mögen. Erst schreiben, dann auf eine Zahl drücken.", "zu langsam")
    await customer.presses("2 von 5")
    await customer.reads("Ihre Antwort: 2 von 5.")
    survey = (await case.shows())["survey"]
    assert (survey["score"], survey["comment"]) == (2, "zu langsam")
    await customer.types("Was stimmt noch nicht?", "es ist wieder da")
    await customer.presses("Bitte noch einmal ansehen")
    await customer.reads("Wir sehen es uns noch einmal an")
    assert "es ist wieder da" in [entry["text"] for entry in await case.timeline()]


async def test_a_case_is_taken_with_the_keyboard_alone(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    dana = await somebody()
    await dana.opens(await link_in_the_mail_to("dana", case))
    await dana.tabs_to("I take it")
    await dana.strikes("Enter")
    await dana.reads("You have the case now.")
    await dana.tabs_to("Add a note")
    await dana.strikes("Enter")
    await dana.tabs_to("Text")
    await dana.strikes("H", "i", "Tab", "Enter")
    await dana.reads("The note is kept.")
    assert "note" in await case.kinds()
