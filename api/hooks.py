"""The providers' webhooks: verified over what came in, kept, answered; what they mean is acted on afterwards (`api.inbound`).

A reply by SMS is acted on at once: what came of it is the answer, which Twilio sends back. An e-mail is answered by an e-mail.
"""

import json
import re
from typing import Annotated
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Request, Response

from api import mails, replies
from api.errors import problems, unreadable
from api.mail_forms import MailForm
from api.mail_replies import read_mail
from api.receipts import SENDGRID, TWILIO, events_of, plain
from api.services import Wired, in_thread
from domain.errors import Invalid
from records.inbound import InboundEvent
from workflows.contract import SENDGRID_INBOUND_PATH, TWILIO_STATUS_PATH

KEPT = 204
LONGEST_FIELD = 500  # characters of a field that is kept

LONGEST_SMS = 2_000  # characters; ten segments have fewer

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

router = APIRouter(tags=["webhooks"])


class TwiMl(Response):
    """What Twilio does next."""

    media_type = "application/xml"


def send_back(text: str | None) -> TwiMl:
    """This text goes back to whoever wrote, or nothing."""
    message = "" if text is None else f"<Message>{escape(_NOT_XML.sub('', text))}</Message>"
    return TwiMl(f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>')


@router.post(TWILIO_STATUS_PATH, status_code=KEPT, responses=problems(401, 403, 413, 422, 503))
async def twilio_status(request: Request, services: Wired) -> Response:
    """What became of an SMS, as Twilio says; signed with the account's token for our public address."""
    form = await services.signatures.of_twilio(request)
    names = ("MessageSid", "MessageStatus", "ErrorCode", "ErrorMessage")
    fields = {name: value for name in names if (value := plain(form.get(name), LONGEST_FIELD))}
    if not {"MessageSid", "MessageStatus"} <= fields.keys():
        raise Invalid("field_required", "MessageSid and MessageStatus: a status callback has both", field="MessageSid")
    ref = request.query_params.get("ref")
    event_id = f"{fields['MessageSid']}/{fields['MessageStatus']}"
    kept = {**fields, "ref": plain(ref, LONGEST_FIELD)}
    await in_thread(services.inbound.store_new, TWILIO, [(event_id, kept)], services.now())
    services.something_came.set()
    return Response(status_code=KEPT)


@router.post("/v1/hooks/twilio/inbound", response_class=TwiMl, responses=problems(401, 403, 413, 422, 503))
async def twilio_inbound(request: Request, services: Wired) -> Response:
    """A reply by SMS; the answer goes back to whoever wrote it."""
    form = await services.signatures.of_twilio(request)
    if not {"MessageSid", "From", "Body"} <= form.keys():
        raise Invalid("field_required", "MessageSid, From and Body: an SMS has all three", field="MessageSid")
    sms = {name: str(form[name]).replace("\0", "")[:LONGEST_SMS] for name in ("From", "Body")}
    event = InboundEvent(replies.SMS, str(form["MessageSid"])[:LONGEST_FIELD], services.now(), sms)
    new = await in_thread(services.inbound.store_new, event.source, [(event.event_id, sms)], event.received_at)
    if not new and not await in_thread(services.inbound.waits, event.source, event.event_id):
        return send_back(None)  # it came before, and was answered then
    answer = await replies.act_on(services, event, at_once=bool(new))
    await in_thread(services.inbound.handled, event.source, event.event_id, services.now())
    return send_back(answer)


@router.post("/v1/hooks/sendgrid/events", status_code=KEPT, responses=problems(401, 403, 413, 422, 503))
async def sendgrid_events(request: Request, services: Wired) -> Response:
    """What became of e-mails, as SendGrid says; signed with the key of the installation's event webhook."""
    body = await services.signatures.of_sendgrid(request, services.now())
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from None
    await in_thread(services.inbound.store_new, SENDGRID, list(events_of(batch)), services.now())
    services.something_came.set()
    return Response(status_code=KEPT)


@router.post(SENDGRID_INBOUND_PATH, status_code=KEPT, responses=problems(401, 403, 413, 422, 503))
async def sendgrid_inbound(request: Request, services: Wired, key: Annotated[str | None, Query()] = None) -> Response:
    """An e-mail to our address for replies, as SendGrid's Inbound Parse posts it to the address it was given, `key` and all."""
    services.signatures.of_inbound_parse(key)
    form = MailForm(request.headers.get("content-type", ""))
    async for piece in request.stream():
        form.feed(piece)
    mail = await in_thread(read_mail, form.fields())
    await in_thread(services.inbound.store_new, mails.MAIL, [mails.kept(mail)], services.now())
    services.something_came.set()
    return Response(status_code=KEPT)
