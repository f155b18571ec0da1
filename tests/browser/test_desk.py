"""The outbox, the words of our messages and a test of one's own contact, as somebody at a desk uses them."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Somebody
from tests.browser.test_links import LINK
from tests.browser.visitor import PHONE
from tests.scenarios.system import Case, Tierline
from tests.scenarios.test_stories import LADDER
from tests.until import until

WAYS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])


async def told(tierline: Tierline) -> Case:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", subject="The printer is on fire")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    return case


@WAYS
async def test_the_outbox_shows_what_was_said_to_whom(tierline: Tierline, somebody: Somebody, script: bool) -> None:
    case = await told(tierline)
    person = await somebody(script=script)
    await person.signs_in(following="/outbox")
    await person.types("Case", case.id)
    await person.chooses("Channel", "E-mail")
    await person.types("Person (id, or customer)", "dana")
    await person.presses("Show")
    await person.reads("dana@support.example")
    await person.does_not_read("+493023125101")
    await person.unfolds("The printer is on fire")
    await person.reads("A case needs you. Please say by")


@WAYS
async def test_the_words_of_a_message_are_shown_as_it_would_leave(somebody: Somebody, script: bool) -> None:
    person = await somebody(script=script)
    await person.signs_in(following="/templates")
    await person.presses("step, E-mail en, ours", "link")
    await person.is_at("/templates/step/email/en")
    await person.reads("policies/templates/en/step.email.j2")
    await expect(person.page.frame_locator("iframe.mail").get_by_text("A case needs you.")).to_be_visible()
    await person.presses("For a VIP customer", "link")
    await person.reads("VIP")
    await person.presses("Back", "link")
    await person.is_at("/templates")


async def test_a_contact_test_goes_out_and_is_answered_on_its_own_page(tierline: Tierline, somebody: Somebody) -> None:
    dana = await somebody()
    await dana.signs_in("dana", "/contact")
    await dana.presses("Send a test")
    await dana.reads("The latest test of Dana")
    await until(lambda: len(tierline.house.email.kept) > 0)
    await dana.presses("Reload", "link")
    await dana.reads("Not answered yet.")
    [link] = set(LINK.findall(tierline.house.email.kept[-1].text))
    phone = await somebody(PHONE)
    await phone.opens(link)
    await phone.presses("Yes, I got it")
    await phone.reads("We know now that e-mail reaches you")


async def test_the_desk_works_with_the_keyboard_alone(tierline: Tierline, somebody: Somebody) -> None:
    case = await told(tierline)
    person = await somebody()
    await person.opens("/sign-in?next=/outbox")
    await person.is_typing_in("Your API key")
    await person.strikes(*tierline.keys["admin"], "Enter")
    await person.is_at("/outbox")
    await person.tabs_to("Case")
    await person.strikes(*case.id)
    await person.follows()
    await person.reads(case.id)
    await person.tabs_to("Templates")
    await person.follows()
    await person.is_at("/templates")
    await person.tabs_to("Sign out")
    await person.follows()
    await person.is_at("/sign-in")
