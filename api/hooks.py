"""The providers' webhooks: verified over what came in, kept, answered; what they mean is acted on afterwards (`api.receipts`)."""

import json

from fastapi import APIRouter, Request, Response

from api.errors import problems, unreadable
from api.receipts import SENDGRID, TWILIO, events_of
from api.services import Wired, in_thread
from domain.errors import Invalid
from workflows.contract import TWILIO_STATUS_PATH

KEPT = 204
LONGEST_FIELD = 500  # characters of a field that is kept

router = APIRouter(tags=["webhooks"])


@router.post(TWILIO_STATUS_PATH, status_code=KEPT, responses=problems(401, 403, 413, 422, 503))
async def twilio_status(request: Request, services: Wired) -> Response:
    """What became of an SMS, as Twilio says; signed with the account's token for our public address."""
    form = await services.signatures.of_twilio(request)
    names = ("MessageSid", "MessageStatus", "ErrorCode", "ErrorMessage")
    fields = {name: str(form[name])[:LONGEST_FIELD] for name in names if name in form}
    if not {"MessageSid", "MessageStatus"} <= fields.keys():
        raise Invalid("field_required", "MessageSid and MessageStatus: a status callback has both", field="MessageSid")
    ref = request.query_params.get("ref")
    event_id = f"{fields['MessageSid']}/{fields['MessageStatus']}"
    kept = {**fields, **({"ref": ref} if ref else {})}
    await in_thread(services.inbound.store_new, TWILIO, [(event_id, kept)], services.now())
    services.receipts.set()
    return Response(status_code=KEPT)


@router.post("/v1/hooks/sendgrid/events", status_code=KEPT, responses=problems(401, 403, 413, 422, 503))
async def sendgrid_events(request: Request, services: Wired) -> Response:
    """What became of e-mails, as SendGrid says; signed with the key of the installation's event webhook."""
    body = await services.signatures.of_sendgrid(request, services.now())
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from None
    await in_thread(services.inbound.store_new, SENDGRID, list(events_of(batch)), services.now())
    services.receipts.set()
    return Response(status_code=KEPT)
