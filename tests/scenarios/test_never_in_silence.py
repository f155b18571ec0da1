"""Never in silence: a customer who could not be told is called by somebody, and who is back hears that we are at it again."""

from tests.scenarios.system import Tierline, on_both_databases
from tests.scenarios.test_receipts import did_not_arrive
from tests.scenarios.test_stories import LADDER
from tests.until import until

UPDATES = "customer_updates: {every: {all: 8h}, channels: [email, sms], on: [resolved]}"
WORDS = "We have found the cause."


@on_both_databases
async def test_an_update_that_no_channel_could_bring_is_told_to_the_owner_who_calls_and_keeps_the_promise(
    tierline: Tierline,
) -> None:
    await tierline.has_policy(LADDER + UPDATES)
    case = await tierline.opens(policy="ladder", priority="low")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    promised = (await case.says("dana", "acknowledge"))["next_customer_update_by"]
    said = await case.says("dana", "customer-update", text=WORDS)
    assert said["next_customer_update_by"] > promised
    await did_not_arrive(tierline, await case.tells(None, "email", "customer_update"))
    await did_not_arrive(tierline, await case.tells(None, "sms", "customer_update"))
    told = await case.tells("dana", "sms", "unreachable")
    assert f'Acme GmbH could not be told: "{WORDS}" Please call them by' in (told.text or "")
    assert (await case.shows())["next_customer_update_by"] == promised
    kept = await case.says("dana", "customer-update", text=WORDS, told_by="phone")
    assert kept["next_customer_update_by"] > promised
    assert (await case.timeline())[-1]["text"] == "dana told the customer by phone"
    await case.says("dana", "cancel", reason="the story ends")


async def test_a_customer_without_an_address_is_called_and_nobody_is_left_believing_they_were_told(
    tierline: Tierline,
) -> None:
    await tierline.has_policy(LADDER + UPDATES.replace("[resolved]", "[opened, resolved]"))
    case = await tierline.opens(policy="ladder", priority="low", customer={"email": None, "phone": None})
    await case.tells("lee", "sms", "unreachable")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    promised = (await case.says("dana", "acknowledge"))["next_customer_update_by"]
    told = await case.says("dana", "customer-update", text=WORDS, told_by="in_person")
    assert told["next_customer_update_by"] > promised
    assert (await case.timeline())[-1]["text"] == "dana told the customer in person"
    await case.says("dana", "cancel", reason="the story ends")


async def test_who_was_told_that_it_is_solved_hears_at_once_that_it_is_not(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER + UPDATES)
    case = await tierline.opens(policy="ladder", priority="low")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.tells(None, "email", "customer_resolved")
    await case.says("dana", "reopen", reason="down again")
    again = await case.tells(None, "email", "customer_reopened")
    assert (again.subject or "").startswith("We are at it again: Checkout is down")
    assert "You will hear from us again by" in (again.text or "")
    await until(lambda: case.message(again.key).status == "sent")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "cancel", reason="the story ends")
