"""Providers' receipts: only their own are taken, each acts once, in whatever order they come."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from temporalio.service import RPCStatusCode

from api.inbound import ACT, act
from api.receipts import sendgrid_receipt, twilio_receipt
from api.signatures import Signatures
from domain.commands import parse_body
from domain.identity import reference_of
from domain.messages import AFTER_CLOSING, CustomerKind, Message
from domain.outcome import Transition
from domain.receipts import Receipt
from domain.tickets import Channel
from domain.view import document
from records.afterwards import queue
from records.outbound import Granted
from records.stored import StoredMessage
from records.transitions import Transitions
from settings import HookSettings
from tests.api.conftest import Api
from tests.api.signing import OFFICIAL_KEY, PUBLIC, by_sendgrid, by_twilio, official_vector

STATUS, EVENTS = "/v1/hooks/twilio/status", "/v1/hooks/sendgrid/events"
NUMBER, MAIL = "+4915112345678", "dana@tierline.example"


@dataclass
class Out:
    """A message to dana that its provider has taken, of a case that is open."""

    api: Api
    message: Message

    @property
    def stored(self) -> StoredMessage:
        return self.api.services.outbound.load(self.message.key).record

    @property
    def words(self) -> list[dict[str, Any]]:
        """What the case was told of it."""
        return [command.body for _, command in self.api.temporal.signals if command.name == "undelivered"]

    async def twilio_says(self, status: str, **more: str) -> httpx2.Response:
        """A status callback, as Twilio posts it; then the API acts on what it has kept."""
        path = f"{STATUS}?ref={reference_of(self.message.key)}"
        form = by_twilio(path, {"MessageSid": "SM1", "MessageStatus": status, **more})
        answer = await self.api.call("POST", path, None, **form)
        await act(self.api.services)
        return answer

    async def sendgrid_says(self, event: str, id: str | None = None, **more: Any) -> httpx2.Response:
        """A batch with one event, as SendGrid posts it; then the API acts on what it has kept."""
        whose = {"email": MAIL, "tierline_reference": reference_of(self.message.key), "sg_message_id": "x.filter1"}
        one = {**whose, "event": event, "sg_event_id": id or f"id of {event}", "timestamp": 1513299569, **more}
        answer = await self.api.call("POST", EVENTS, None, **by_sendgrid([one]))
        await act(self.api.services)
        return answer


async def out(api: Api, channel: Channel) -> Out:
    await api.opened()
    state, now = api.temporal.runs["zendesk-4711"], api.services.now()
    key = f"zendesk-4711.1/1/step/0.0/dana/{channel}"
    message = Message(key=key, kind="step", channel=channel, person="dana", entry=1, at=state.at)
    made = Transition(document=document(state), version=state.version + 1, messages=(message,))
    Transitions(api.services.database).record(made, now)
    api.services.outbound.claim(key, NUMBER if channel == "sms" else MAIL, None, "Please acknowledge", now)
    api.services.outbound.mark(key, "sent", now, provider_id="SM1" if channel == "sms" else "x")
    return Out(api, message)


@pytest.fixture
async def sms(api: Api) -> Out:
    return await out(api, "sms")


@pytest.fixture
async def mail(api: Api) -> Out:
    return await out(api, "email")


# What receipts mean


async def test_delivered_is_written_down_with_its_time(sms: Out) -> None:
    assert (await sms.twilio_says("delivered")).status_code == 204
    assert (sms.stored.status, sms.words) == ("delivered", [])
    assert sms.stored.delivered_at is not None


async def test_read_is_known_where_the_provider_knows_it(sms: Out, api: Api) -> None:
    await sms.twilio_says("read")
    assert sms.stored.status == "delivered"
    [shown] = (await api.get("/v1/escalations/zendesk-4711/messages")).json()
    assert shown["read_at"] is not None


@pytest.mark.parametrize("status", ["undelivered", "failed"])
async def test_an_sms_that_did_not_arrive_moves_the_case(sms: Out, status: str) -> None:
    await sms.twilio_says(status, ErrorCode="30003")
    assert (sms.stored.status, sms.stored.code) == ("failed", "30003")
    [told] = sms.words
    assert (told["message"]["key"], told["code"]) == (sms.message.key, "30003")
    assert sms.api.services.bad_addresses.all() == []  # a phone that is switched off is well tomorrow


@pytest.mark.parametrize(
    ("code", "fault"), [("21610", "opted_out"), ("30006", "takes_no_sms"), ("21211", "no_such_address")]
)
async def test_a_number_that_will_never_work_is_remembered(sms: Out, code: str, fault: str) -> None:
    await sms.twilio_says("undelivered", ErrorCode=code)
    [bad] = (await sms.api.get("/v1/roster/bad-addresses")).json()
    assert (bad["channel"], bad["address"], bad["fault"], bad["code"]) == ("sms", NUMBER, fault, code)


async def test_a_permanent_bounce_moves_the_case_and_marks_the_address(mail: Out) -> None:
    await mail.sendgrid_says("bounce", type="bounce", status="5.1.1", reason="500 unknown recipient")
    assert (mail.stored.status, mail.stored.reason) == ("failed", "500 unknown recipient")
    assert len(mail.words) == 1
    [bad] = (await mail.api.get("/v1/roster/bad-addresses")).json()
    assert (bad["person"], bad["address"], bad["fault"]) == ("dana", MAIL, "no_such_address")


@pytest.mark.parametrize(
    ("event", "more"),
    [
        ("bounce", {"type": "blocked"}),
        ("bounce", {"type": "bounce", "status": "5.2.2", "reason": "552 5.2.2 over quota"}),
        ("bounce", {"type": "bounce", "status": "5.0.0", "bounce_classification": "Mailbox Unavailable"}),
        ("dropped", {"reason": "Spam Content"}),
    ],
)
async def test_a_temporary_bounce_or_a_drop_moves_the_case_and_marks_no_address(
    mail: Out, event: str, more: dict[str, str]
) -> None:
    await mail.sendgrid_says(event, **more)
    assert (mail.stored.status, len(mail.words)) == ("failed", 1)
    assert mail.api.services.bad_addresses.all() == []


@pytest.mark.parametrize("event", ["spamreport", "unsubscribe", "group_unsubscribe"])
async def test_who_wants_no_more_of_them_is_remembered_and_the_message_has_arrived(mail: Out, event: str) -> None:
    await mail.sendgrid_says("delivered")
    await mail.sendgrid_says(event)
    assert (mail.stored.status, mail.words) == ("delivered", [])
    assert [one.fault for one in mail.api.services.bad_addresses.all()] == ["opted_out"]


@pytest.mark.parametrize("event", ["processed", "deferred", "open", "click", "group_resubscribe", "of next year"])
async def test_what_is_no_news_of_an_arrival_changes_nothing(mail: Out, event: str) -> None:
    assert (await mail.sendgrid_says(event)).status_code == 204
    assert (mail.stored.status, mail.words) == ("sent", [])
    assert mail.api.services.inbound.unhandled(ACT) == []


# In any order, any number of times


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "undelivered"])))
async def test_in_every_order_the_failure_is_the_last_word(sms: Out, order: tuple[str, ...]) -> None:
    for status in order:
        await sms.twilio_says(status, **({"ErrorCode": "30005"} if status == "undelivered" else {}))
    assert (sms.stored.status, len(sms.words)) == ("failed", 1)


async def test_a_receipt_that_comes_46_times_acts_once(mail: Out) -> None:
    for _ in range(46):
        assert (await mail.sendgrid_says("bounce", type="bounce")).status_code == 204
    assert len(mail.words) == 1


async def test_a_receipt_kept_by_an_api_that_then_stopped_is_acted_on_by_the_next(sms: Out) -> None:
    services = sms.api.services
    body = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"}
    services.inbound.store_new("twilio-status", [("SM1/undelivered", body)], services.now() - timedelta(hours=1))
    services.outbound.mark(sms.message.key, "failed", services.now(), code="30005")  # so far it had come
    await act(services)
    assert len(sms.words) == 1


async def test_while_temporal_is_away_the_word_is_owed_and_other_receipts_go_on(sms: Out) -> None:
    sms.api.temporal.error = RPCStatusCode.UNAVAILABLE
    await sms.twilio_says("undelivered", ErrorCode="30005")
    assert (sms.words, sms.stored.status) == ([], "failed")
    assert [one.name for one in sms.api.services.commands.owed(10)] == ["undelivered"]
    assert sms.api.services.inbound.unhandled(ACT) == []


async def test_a_receipt_of_a_closed_case_is_written_down_and_moves_nothing(sms: Out) -> None:
    await sms.api.say("zendesk-4711", "cancel", reason="by mistake")
    await sms.twilio_says("undelivered", ErrorCode="30005")
    assert (sms.stored.status, sms.words) == ("failed", [])


async def test_a_receipt_of_somebody_elses_message_is_left_aside(api: Api) -> None:
    form = by_twilio(STATUS, {"MessageSid": "SM404", "MessageStatus": "failed"})
    assert (await api.call("POST", STATUS, None, **form)).status_code == 204
    assert await act(api.services) == 1
    assert api.services.inbound.unhandled(ACT) == []


async def test_what_cannot_be_acted_on_is_left_aside_and_the_next_one_is_acted_on(
    sms: Out, caplog: pytest.LogCaptureFixture
) -> None:
    services = sms.api.services
    services.inbound.store_new("sendgrid-event", [("poison", "no event at all")], services.now() - timedelta(hours=1))
    await sms.twilio_says("delivered")
    assert sms.stored.status == "delivered"
    assert services.inbound.unhandled(ACT) == []
    assert "left aside" in caplog.text
    assert "poison" in caplog.text


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "550 \ud83d"},
        {"reason": "550 a\x00\x1b[0m"},
        {"reason": " "},
        {"tierline_reference": "\ud83d"},
        {"tierline_reference": 10**30},
        {"tierline_reference": {"a": 1}},
        {"sg_message_id": ["x"]},
    ],
)
async def test_an_odd_event_is_read_as_far_as_it_goes_and_holds_up_nothing(mail: Out, odd: dict[str, Any]) -> None:
    assert (await mail.sendgrid_says("bounce", "odd", type="bounce", **odd)).status_code == 204
    await mail.sendgrid_says("bounce", type="bounce", reason="550 no such user")
    assert mail.stored.status == "failed"
    assert mail.api.services.inbound.unhandled(ACT) == []
    for body in mail.words:
        parse_body("undelivered", body)  # the case understands it


async def test_an_event_whose_id_cannot_be_kept_does_not_keep_the_others_out(mail: Out) -> None:
    whose = {"event": "delivered", "tierline_reference": reference_of(mail.message.key)}
    batch = [{**whose, "sg_event_id": "\ud83d"}, {**whose, "sg_event_id": "good"}]
    assert (await mail.api.call("POST", EVENTS, None, **by_sendgrid(batch))).status_code == 204
    await act(mail.api.services)
    assert mail.stored.status == "delivered"


async def test_a_failure_of_one_of_two_tries_is_no_news_when_the_other_has_arrived(mail: Out) -> None:
    await mail.sendgrid_says("delivered")
    await mail.sendgrid_says("bounce", type="blocked", sg_message_id="another.filter1")
    assert (mail.stored.status, mail.words) == ("delivered", [])


async def test_a_form_with_a_file_in_it_is_403(api: Api) -> None:
    for path in (STATUS, "/v1/hooks/twilio/inbound"):
        files = {"MessageSid": ("a.txt", b"x")}
        answer = await api.call("POST", path, None, files=files, headers={"X-Twilio-Signature": "abc"})
        assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")


async def test_an_event_of_a_later_release_waits_for_it(api: Api) -> None:
    api.services.inbound.store_new("fax", [("F1", {})], api.services.now())
    assert await act(api.services) == 0
    assert [one.event_id for one in api.services.inbound.unhandled(["fax"])] == ["F1"]


async def test_an_address_that_is_well_again_is_forgiven_by_an_operator(sms: Out) -> None:
    await sms.twilio_says("undelivered", ErrorCode="21610")
    path = f"/v1/roster/bad-addresses/sms/{NUMBER}"
    assert (await sms.api.call("DELETE", path, "agent")).status_code == 403
    assert (await sms.api.call("DELETE", path)).status_code == 204
    assert (await sms.api.call("DELETE", path)).json()["code"] == "address_not_found"


# Only the providers' own

TWILIOS = {"MessageSid": "SM1", "MessageStatus": "undelivered"}


async def test_a_webhook_without_a_signature_is_401(sms: Out) -> None:
    for path, more in ((STATUS, by_twilio(STATUS, TWILIOS)), (EVENTS, by_sendgrid([]))):
        kind = {"Content-Type": more["headers"]["Content-Type"]}
        answer = await sms.api.call("POST", path, None, content=more["content"], headers=kind)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_missing")


@pytest.mark.parametrize(
    "forged",
    [
        by_twilio(STATUS, TWILIOS, token="another"),
        by_twilio(STATUS, TWILIOS, public="http://elsewhere.test"),
        by_twilio(f"{STATUS}?ref=another", TWILIOS),
        {**by_twilio(STATUS, TWILIOS), "content": b"MessageSid=SM1&MessageStatus=delivered"},
        {**by_twilio(STATUS, TWILIOS), "content": b"MessageSid=SM1&MessageStatus=undelivered&More=1"},
    ],
    ids=["token", "host", "query", "changed", "added"],
)
async def test_a_forged_status_is_403_and_changes_nothing(sms: Out, forged: dict[str, Any]) -> None:
    answer = await sms.api.call("POST", STATUS, None, **forged)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")
    assert await act(sms.api.services) == 0


@pytest.mark.parametrize("path", [STATUS, "/v1/hooks/twilio/inbound"])
@pytest.mark.parametrize("fields", [201, 1_001, 20_000])
async def test_a_form_of_too_many_fields_is_422_and_changes_nothing(api: Api, path: str, fields: int) -> None:
    forged = by_twilio(path, {f"field{number}": "x" for number in range(fields)}, token="another")
    answer = await api.call("POST", path, None, **forged)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_form")
    assert await act(api.services) == 0


def changed(batch: dict[str, Any], **headers: str) -> dict[str, Any]:
    return {**batch, "headers": {**batch["headers"], **headers}}


@pytest.mark.parametrize(
    "forged",
    [
        {**by_sendgrid([{"event": "delivered"}]), "content": b"[]"},
        {**by_sendgrid([]), "content": by_sendgrid([])["content"].rstrip()},
        changed(by_sendgrid([]), **{"X-Twilio-Email-Event-Webhook-Signature": "no base64!"}),
        changed(by_sendgrid([]), **{"X-Twilio-Email-Event-Webhook-Timestamp": "soon"}),
        changed(by_sendgrid([]), **{"X-Twilio-Email-Event-Webhook-Timestamp": "1600112502"}),
        by_sendgrid([]) | {"content": b"\xff\xfe"},
    ],
    ids=["body", "line break", "base64", "no time", "other time", "no text"],
)
async def test_a_forged_batch_is_403_and_changes_nothing(api: Api, forged: dict[str, Any]) -> None:
    answer = await api.call("POST", EVENTS, None, **forged)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")
    assert await act(api.services) == 0


@pytest.mark.parametrize("signed_at", [timedelta(days=-2), timedelta(hours=1)])
async def test_a_batch_signed_long_ago_or_in_time_to_come_is_403(api: Api, signed_at: timedelta) -> None:
    answer = await api.call("POST", EVENTS, None, **by_sendgrid([], datetime.now(UTC) + signed_at))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_stale")


async def test_a_batch_over_the_limit_is_413(api: Api) -> None:
    answer = await api.call("POST", EVENTS, None, **by_sendgrid(b"[" + b" " * 1_100_000 + b"]"))
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"no json", b"[[[[", b'{"a": 1}', b"[1, null, {}]"])
async def test_a_signed_batch_that_holds_no_events_does_no_harm(api: Api, body: bytes) -> None:
    answer = await api.call("POST", EVENTS, None, **by_sendgrid(body))
    assert answer.status_code in (204, 422)
    assert await act(api.services) == 0


async def test_a_webhook_of_a_provider_that_was_not_set_up_is_403_and_says_which_variable(api: Api) -> None:
    object.__setattr__(api.services, "signatures", Signatures(HookSettings(), PUBLIC))
    for path, more, variable in (
        (STATUS, by_twilio(STATUS, TWILIOS), "TWILIO_AUTH_TOKEN"),
        (EVENTS, by_sendgrid([]), "SENDGRID_WEBHOOK_PUBLIC_KEY"),
    ):
        answer = await api.call("POST", path, None, **more)
        assert (answer.status_code, answer.json()["code"]) == (403, "webhook_not_set_up")
        assert variable in answer.json()["detail"]


async def test_sendgrids_official_vector_is_taken_but_for_its_age(api: Api) -> None:
    settings = HookSettings(SENDGRID_WEBHOOK_PUBLIC_KEY=OFFICIAL_KEY)
    object.__setattr__(api.services, "signatures", Signatures(settings, PUBLIC))
    official = official_vector()
    stale = await api.call("POST", EVENTS, None, **official)
    assert stale.json()["code"] == "signature_stale"  # so the signature itself was found to be right
    forged = await api.call("POST", EVENTS, None, **{**official, "content": official["content"].rstrip()})
    assert forged.json()["code"] == "signature_wrong"


@pytest.mark.parametrize(
    ("fields", "signature"),
    [
        (
            {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212",
             "Caller": "+14158675309"},
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
    ],
)  # fmt: skip
def test_the_signer_of_these_tests_signs_twilios_official_vector(fields: dict[str, str], signature: str) -> None:
    """From Twilio's documentation."""
    made = by_twilio("/myapp.php?foo=1&bar=2", fields, token="12345", public="https://mycompany.com")
    assert made["headers"]["X-Twilio-Signature"] == signature


# Reading


def test_sendgrids_message_id_is_what_it_answered_with() -> None:
    for full, answered in (
        ("14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "14c5d75ce93.dfd.64b469"),
        ("LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0", "LRzXl_NHStOGhQ4kofSm_A"),
        ("LRzXl_NHStOGhQ4kofSm_A.recvd-84b88b7bd5-7j2tp-1-65A1B2C3-9.0", "LRzXl_NHStOGhQ4kofSm_A"),
        ("plain", "plain"),
    ):
        assert sendgrid_receipt({"event": "delivered", "sg_message_id": full}) == Receipt(None, answered, "delivered")


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "receiving", "canceled", None])
def test_twilios_ways_of_saying_that_it_is_on_its_way(status: str | None) -> None:
    assert twilio_receipt({"MessageSid": "SM1", "MessageStatus": status}) is None


def test_a_token_that_is_a_secret_is_not_shown() -> None:
    assert "hush" not in repr(HookSettings(TWILIO_AUTH_TOKEN=SecretStr("hush")))


# After closing


CUSTOMER_MAIL = "it@acme.example"


async def closed_with(api: Api, kind: CustomerKind) -> Out:
    """A closed case, and a message of that kind that went to its customer by e-mail, with SMS behind it."""
    await api.opened(customer={"id": "acme", "name": "Acme", "email": CUSTOMER_MAIL, "phone": NUMBER})
    case = "zendesk-4711"
    await api.say(case, "resolve", summary="renewed the certificate")
    await api.say(case, "root-cause", category="tls", origin="ours", description="expired")
    if kind in AFTER_CLOSING:
        await api.say(case, "close")
        return went_out(api, kind)
    sent = went_out(api, kind)
    await api.say(case, "close")
    return sent


def went_out(api: Api, kind: CustomerKind) -> Out:
    now, services = api.services.now(), api.services
    key = f"zendesk-4711.1/1/{kind}/0.0/~customer/email"
    message = Message(key=key, kind=kind, channel="email", person=None, entry=1, at=now, fallbacks=("sms",))
    with services.database.write() as connection:
        queue(connection, ("zendesk-4711", 1), message, now)
    assert isinstance(services.outbound.claim(key, CUSTOMER_MAIL, "News", "News", now), Granted)
    services.outbound.mark(key, "sent", now, provider_id="x")
    return Out(api, message)


def brought(out: Out) -> list[tuple[str, str]]:
    return [(one.message.kind, one.message.channel) for one in out.api.temporal.brought.values()]


@pytest.mark.parametrize("kind", ["customer_closed", "customer_survey"])
async def test_what_bounces_after_closing_goes_by_the_next_channel_once(api: Api, kind: CustomerKind) -> None:
    notice = await closed_with(api, kind)
    await notice.sendgrid_says("bounce", reason="550 no such user")
    await notice.sendgrid_says("dropped", reason="550 no such user")
    assert brought(notice) == [(kind, "sms")]
    lines = api.services.escalations.timeline("zendesk-4711", 1)
    assert [one.kind for one in lines][-2:] == ["delivery_failed", "customer_told"]
    [sms] = [
        one for one in api.services.escalations.messages("zendesk-4711", 1) if one.channel == "sms" and not one.person
    ]
    assert (sms.kind, sms.status) == (kind, "queued")


async def test_an_update_of_before_that_bounces_after_closing_is_no_news_any_more(api: Api) -> None:
    update = await closed_with(api, "customer_update")
    await update.sendgrid_says("bounce", reason="550 no such user")
    assert (update.stored.status, brought(update)) == ("failed", [])


async def test_a_customer_who_is_back_hears_no_more_of_the_closing(api: Api) -> None:
    notice = await closed_with(api, "customer_closed")
    assert (await api.opened())["episode"] == 2
    await notice.sendgrid_says("bounce", reason="550 no such user")
    assert brought(notice) == []


async def test_a_bounce_days_later_sends_nothing_more(api: Api) -> None:
    notice = await closed_with(api, "customer_closed")
    later = api.services.now() + timedelta(days=1, minutes=1)
    api.app.state.services = replace(api.services, now=lambda: later)
    await notice.sendgrid_says("bounce", reason="550 no such user")
    assert (notice.stored.status, brought(notice)) == ("failed", [])


async def test_while_temporal_is_away_the_bounce_waits_and_is_acted_on_afterwards(api: Api) -> None:
    notice = await closed_with(api, "customer_closed")
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    await notice.sendgrid_says("bounce", reason="550 no such user")
    assert brought(notice) == []
    api.temporal.error = None
    await act(api.services)
    assert brought(notice) == [("customer_closed", "sms")]
