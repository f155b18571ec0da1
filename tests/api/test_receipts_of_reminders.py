"""A reminder that bounces goes on by itself while its case is still open: the run of the case never sent it, and is not asked."""

from domain.messages import Message
from records.afterwards import queue
from tests.api.conftest import Api
from tests.api.test_receipts import Out, brought

CASE = ("zendesk-4711", 1)
FACTS = {"action": "zendesk-4711.1.1", "text": "alert", "due_on": "2030-01-31", "by": "dana"}


async def reminder(api: Api) -> Out:
    """Dana was reminded of what the cause of a resolved case names."""
    await api.opened()
    await api.say(CASE[0], "resolve", summary="renewed the certificate")
    await api.say(CASE[0], "root-cause", category="tls", origin="ours", description="expired")
    now, services = api.services.now(), api.services
    key = "zendesk-4711.1/1/action_due/1.20300130/dana/email"
    message = Message(
        key=key, kind="action_due", channel="email", person="dana", entry=1, step=1, round=20300130, at=now, facts=FACTS,
        fallbacks=("sms",),
    )  # fmt: skip
    with services.database.write() as connection:
        queue(connection, CASE, message, now)
    services.outbound.claim(key, "dana@support.example", "Action due", "Action due", now)
    services.outbound.mark(key, "sent", now, provider_id="x")
    return Out(api, message)


async def test_it_goes_by_the_next_channel_and_the_case_hears_nothing(api: Api) -> None:
    sent = await reminder(api)
    before = api.services.escalations.find(*CASE)
    await sent.sendgrid_says("bounce", reason="550 no such user")
    assert brought(sent) == [("action_due", "sms")]
    assert sent.words == []
    assert api.services.escalations.find(*CASE) == before
    assert [line.kind for line in api.services.escalations.timeline(*CASE)][-1] == "delivery_failed"
