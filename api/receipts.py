"""What becomes of providers' receipts. Acting twice is acting once: the store moves a message's fate forward only, and the word
that moves the case has an id made of the receipt's own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import structlog

from api.commands import say
from api.errors import Unavailable
from api.openings import Document
from api.prepared import Said
from api.services import Services, in_thread
from domain.afterwards import Unsent
from domain.errors import NotAllowed
from domain.messages import AFTER_CLOSING, LESSONS, Message, SendResult
from domain.provider_codes import ADDRESS_FAULTS
from domain.receipts import Receipt
from domain.state import LIVE
from records.afterwards import Afterwards
from records.bad_addresses import BadAddress
from records.contact_tests import is_reference_of_test
from records.inbound import InboundEvent
from records.stored import MessageStatus, StoredMessage
from workflows.contract import Alert

SENDGRID, TWILIO = "sendgrid-event", "twilio-status"
AFTER_CLOSING_LIFE = timedelta(days=1)  # a second question to a customer days later is worth less than none
LONGEST_REASON, LONGEST_CODE, LONGEST_NAME = 500, 60, 200  # characters
REFERENCE_ARG = "tierline_reference"  # as `activities.providers.sendgrid_mail` sends it

_AFTER_ID = re.compile(r"\.(?:filter|recvd)")  # what SendGrid adds to the id it answered with

_WORDS = UUID(
    "0d6a3f6e-52a0-5d0e-9a60-3b9e7c1d2f44"
)  # never change: it is part of the id of every word said of a receipt

log = structlog.get_logger()


def twilio_receipt(fields: Mapping[str, Any]) -> Receipt | None:
    """What a status callback says; None while the message is only on its way."""
    about = partial(Receipt, _name(fields.get("ref")), _name(fields.get("MessageSid")))
    match fields.get("MessageStatus"):
        case "delivered":
            return about("delivered")
        case "read":
            return about("read")
        case "failed" | "undelivered" as status:
            code = plain(fields.get("ErrorCode"), LONGEST_CODE)
            reason = plain(fields.get("ErrorMessage"), LONGEST_REASON) or f"Twilio says {status}"
            return about("failed", code, reason, ADDRESS_FAULTS.get(code or ""))
    return None


def sendgrid_receipt(event: Mapping[str, Any]) -> Receipt | None:
    """What an event says; None for what is no news of an arrival (opens and clicks may be a scanner's)."""
    provider_id = _AFTER_ID.split(_name(event.get("sg_message_id")) or "")[0] or None
    about = partial(Receipt, _name(event.get(REFERENCE_ARG)), provider_id)
    kind = str(event.get("event"))
    reason = plain(event.get("reason"), LONGEST_REASON) or kind
    match kind:
        case "delivered":
            return about("delivered")
        case "bounce" | "dropped":
            code = f"sendgrid.{kind}" if kind == "dropped" or _for_good(event) else "sendgrid.bounced_today"
            return about("failed", code, reason, ADDRESS_FAULTS.get(code))
        case "spamreport" | "unsubscribe" | "group_unsubscribe":
            code = f"sendgrid.{kind}"
            return about("address_fault", code, reason, ADDRESS_FAULTS.get(code))
    return None


def _for_good(bounce: Mapping[str, Any]) -> bool:
    """Whether a bounce says that there is no such mailbox: a full one, or a server that blocks us, may be well tomorrow."""
    if bounce.get("type") == "blocked":
        return False
    named = bounce.get("bounce_classification")
    return named == "Invalid Address" if named else str(bounce.get("status") or "5.1.").startswith(("5.0.", "5.1."))


def plain(text: object, longest: int) -> str | None:
    """What can be kept and shown of somebody's words: one line, no control characters; None for nothing."""
    whole = str(text or "").encode("utf-8", "replace").decode()
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in whole).split())
    return line[:longest].strip() or None


def _name(value: object) -> str | None:
    return plain(value, LONGEST_NAME) if isinstance(value, str) else None


KEPT_OF_SENDGRID = ("event", "type", "status", "reason", "bounce_classification", "sg_message_id", REFERENCE_ARG)
READ = {TWILIO: twilio_receipt, SENDGRID: sendgrid_receipt}


async def act_on_arrivals(services: Services, events: Sequence[InboundEvent]) -> list[tuple[str, str]]:
    """Write down everything that has arrived, at once; which events said so, by source and id.

    They may overtake a failure that came before them: whatever the order, a message that has failed has failed.
    """
    read = {(one.source, one.event_id): READ[one.source](one.body) for one in events if one.source in READ}
    arrived = {id: one for id, one in read.items() if one is not None and one.fate == "delivered"}
    ours = {id: one for id, one in arrived.items() if not is_reference_of_test(one.reference)}
    if ours:
        await in_thread(services.outbound.arrived, list(ours.values()), services.now())
    return list(ours)


async def act_on(services: Services, event: InboundEvent) -> None:
    """Write down what became of the message, and let its case go on where it did not arrive."""
    receipt = READ[event.source](event.body)
    if receipt is None:
        return  # on its way
    for stored, message in await in_thread(_settled, services, receipt):
        name = f"{event.source}/{event.event_id}" + (f"/{stored.key}" if stored.led_by else "")
        await _tell_the_case(services, receipt, stored, message, uuid5(_WORDS, name))


def _settled(services: Services, receipt: Receipt) -> list[tuple[StoredMessage, Message]]:
    """Write it down; the messages that have failed by it, as far as their cases must hear of it."""
    found = services.outbound.spoken_of(receipt)
    if receipt.fate == "failed" and found and _another_try_arrived(receipt, found[0][0]):
        return []
    for stored, _ in found:
        _write_down(services, receipt, stored)
    return found if receipt.fate == "failed" else []


def _another_try_arrived(receipt: Receipt, stored: StoredMessage) -> bool:
    """After a lost answer a message may be out twice; that one of the two failed is no news when the other has arrived."""
    ids = {receipt.provider_id, stored.provider_id} - {None}
    return stored.status == "delivered" and len(ids) > 1


def _write_down(services: Services, receipt: Receipt, stored: StoredMessage) -> None:
    now = services.now()
    if receipt.fault is not None and stored.to is not None:
        bad = BadAddress(stored.channel, stored.to, receipt.fault, receipt.code, receipt.reason, now)
        services.bad_addresses.remember(bad)
    if receipt.fate == "address_fault":
        return
    status: MessageStatus = "failed" if receipt.fate == "failed" else "delivered"
    services.outbound.mark(stored.key, status, now, code=receipt.code, reason=receipt.reason)
    if receipt.fate == "read":
        services.outbound.read(stored.key, now)


async def _tell_the_case(
    services: Services, receipt: Receipt, stored: StoredMessage, message: Message, word: UUID
) -> None:
    """Where the episode it belongs to still lives, the case goes on to the next channel or the next responder."""
    case = await in_thread(services.escalations.find, stored.id, stored.episode)
    if case is not None and (case["status"] == "closed" or (case["status"] in LIVE and message.kind in LESSONS)):
        await _after_closing(services, receipt, case, stored, message)  # the run of the case is over, or never sent it
        return
    if case is None or case["status"] not in LIVE:
        return
    body = {"message": message.model_dump(mode="json"), "code": receipt.code, "reason": receipt.reason or "no reason"}
    said = Said("undelivered", None, body, str(word), services.now())
    try:
        await say(services, case, said, wait=False)
    except Unavailable:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
    except NotAllowed as over:
        log.info("a receipt came too late for its case", case=stored.id, code=over.code)


async def _after_closing(
    services: Services, receipt: Receipt, case: Document, stored: StoredMessage, message: Message
) -> None:
    """What is said after closing goes on to its next channel. Raises Unavailable: then this is acted on again."""
    if message.kind not in AFTER_CLOSING or await in_thread(_is_old_news, services, case, stored):
        return
    following = await in_thread(_next_one, services, receipt, case, message)
    if following is not None:
        place = {"escalation": case["id"], "episode": case["episode"], "priority": case["priority"]}
        await services.cases.bring(Alert(**place, message=following))


def _is_old_news(services: Services, case: Document, stored: StoredMessage) -> bool:
    """To a customer who has come back meanwhile, or when it is days ago; a lead is always told."""
    newest = services.escalations.latest(case["id"]) or case
    late = services.now() - (stored.sent_at or stored.created_at) > AFTER_CLOSING_LIFE
    return stored.person is None and (late or newest["episode"] != case["episode"])


def _next_one(services: Services, receipt: Receipt, case: Document, message: Message) -> Message | None:
    """Written down that it did not arrive: the message that follows, queued; None where no channel is left."""
    rules = services.policies.find(case["policy"]["name"], case["policy"]["version"])
    now, quiet = services.now(), rules.quiet_hours if rules else None
    failed = SendResult(key=message.key, status="failed", at=now, code=receipt.code, reason=receipt.reason)
    place = {"escalation": case["id"], "episode": case["episode"], "quiet_hours": quiet}
    return Afterwards(services.database).record_unsent(Unsent(**place, message=message, result=failed), now)


def events_of(batch: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a batch of SendGrid's under their ids, as far as they matter; what has no id is none."""
    for event in batch if isinstance(batch, list) else []:
        id = _name(event.get("sg_event_id")) if isinstance(event, dict) else None
        if id is not None:
            yield id, {name: plain(event[name], LONGEST_REASON) for name in KEPT_OF_SENDGRID if name in event}
