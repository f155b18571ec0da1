"""What becomes of a case when a provider says later that a message did not arrive; with signed webhooks over HTTP."""

from domain.identity import reference_of
from records.stored import StoredMessage
from tests.api.signing import by_sendgrid, by_twilio
from tests.scenarios.system import PUBLIC_URL, Tierline, on_both_databases
from tests.scenarios.test_stories import CAUSE, LADDER
from tests.until import until

NOTICES = "customer_updates: {every: {all: 8h}, channels: [email, sms], on: [opened]}"


async def did_not_arrive(tierline: Tierline, message: StoredMessage, code: str = "30005") -> None:
    """Its provider reports that, and it is written down."""
    if message.channel == "sms":
        path = f"/v1/hooks/twilio/status?ref={reference_of(message.key)}"
        fields = {"MessageSid": message.provider_id or "", "MessageStatus": "undelivered", "ErrorCode": code}
        request = by_twilio(path, fields, public=PUBLIC_URL)
    else:
        path, reference = "/v1/hooks/sendgrid/events", reference_of(message.key)
        bounce = {"event": "bounce", "type": "bounce", "reason": "550 no such user", "sg_event_id": reference}
        request = by_sendgrid([{**bounce, "tierline_reference": reference}])
    answer = await tierline.http.post(path, **request)
    assert answer.status_code == 204, answer.text


@on_both_databases
async def test_the_next_responder_is_told_when_no_channel_of_a_step_has_arrived(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    sms, mail = [await case.tells("dana", channel, "step") for channel in ("sms", "email")]
    await did_not_arrive(tierline, sms)
    await until(lambda: case.message(sms.key).status == "failed")
    await did_not_arrive(tierline, mail)
    await case.tells("sam", "sms", "step")
    failed = [entry["text"] for entry in await case.timeline() if entry["kind"] == "delivery_failed"]
    assert failed == ["SMS to dana failed: Twilio says undelivered", "e-mail to dana failed: 550 no such user"]
    assert (await case.shows())["accountable"] == "sam"
    await case.says("sam", "cancel", reason="the story ends")


async def test_the_customers_notice_comes_by_the_other_channel_and_the_dead_mailbox_gets_nothing_more(
    tierline: Tierline,
) -> None:
    await tierline.has_policy(LADDER + NOTICES)
    first = await tierline.opens(policy="ladder", priority="low")
    notice = await first.tells(None, "email", "customer_opened")
    await first.tells("dana", "sms", "step")
    await first.tells("dana", "email", "step")
    await did_not_arrive(tierline, notice)
    await first.tells(None, "sms", "customer_opened")
    await first.says("dana", "cancel", reason="the story ends")

    second = await tierline.opens(policy="ladder", priority="low")
    await second.fails(None, "email", "customer_opened", "no_such_address")
    await second.tells("dana", "sms", "step")
    await second.tells("dana", "email", "step")
    await second.tells(None, "sms", "customer_opened")
    await second.says("dana", "cancel", reason="the story ends")


CLOSES = """
customer_updates: {every: {all: 8h}, channels: [email, sms], on: [closed]}
"""


@on_both_databases
async def test_a_closed_notice_that_bounces_comes_by_sms_once_however_often_that_is_reported(
    tierline: Tierline,
) -> None:
    await tierline.has_policy(LADDER + CLOSES)
    case = await tierline.opens(policy="ladder", priority="low")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.says("dana", "root-cause", **CAUSE)
    await case.says("dana", "close")
    notice = await case.tells(None, "email", "customer_closed")
    await case.ends()
    for _ in range(2):
        await did_not_arrive(tierline, notice)
    await case.tells(None, "sms", "customer_closed")
    last = [entry["text"] for entry in await case.timeline()][-2:]
    assert last == ["e-mail to customer failed: 550 no such user", "customer told by SMS: your case is closed"]
