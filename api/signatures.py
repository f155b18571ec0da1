"""Who really sent a webhook: the vendors' own verifiers over the body as it came, and the address the outside world knows us by.

SendGrid's Inbound Parse signs nothing, so who knows the key in the address it was given counts as SendGrid.

These two verifiers are all of the vendors' packages that the API imports (docs/decisions/0011): nothing here can send.
"""

from datetime import datetime, timedelta
from secrets import compare_digest

from fastapi import Request
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.eventwebhook.eventwebhook_header import EventWebhookHeader
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from twilio.request_validator import RequestValidator

from api.errors import Unauthorized
from domain.errors import Forbidden, Invalid
from settings import HookSettings
from workflows.contract import TWILIO_TRIES

TWILIO_SIGNATURE = "X-Twilio-Signature"
FORM = "application/x-www-form-urlencoded"
LONGEST_AGO = timedelta(hours=25)  # SendGrid tries a batch again for a day
MOST_FIELDS = 200  # of a form; Twilio sends some thirty
AHEAD = timedelta(minutes=10)  # of our clock


class Signatures:
    """What the providers' webhooks are checked with. Raises ValueError for a public key that is none."""

    def __init__(self, settings: HookSettings, public_address: str) -> None:
        """`public_address` is what the providers were told, such as https://tierline.example."""
        self._public_address = public_address
        token, public_key = settings.twilio_auth_token, settings.sendgrid_public_key
        self._inbound_key = settings.sendgrid_inbound_key
        self._twilio = RequestValidator(token.get_secret_value()) if token else None  # type: ignore[no-untyped-call]
        self._sendgrid = EventWebhook(public_key) if public_key else None  # type: ignore[no-untyped-call]

    async def of_twilio(self, request: Request) -> FormData:
        """The fields of a webhook that Twilio has signed. Raises Unauthorized, Forbidden, Invalid."""
        if self._twilio is None:
            raise _not_set_up("TWILIO_AUTH_TOKEN")
        signature = _signature(request, TWILIO_SIGNATURE)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise _wrong(f"Twilio signs {FORM}")
        query = f"?{request.url.query}" if request.url.query else ""
        address = f"{self._public_address}{request.url.path}{query}"
        form = await _form(request)
        # How Twilio is to try again stands in the fragment of our address; whether it is signed, too, is told in both ways.
        signed = (self._twilio.validate(f"{address}{end}", form, signature) for end in ("", TWILIO_TRIES))  # type: ignore[no-untyped-call]
        if not any(signed):
            raise _wrong(f"it must be Twilio's own, for {self._public_address} (TIERLINE_PUBLIC_URL)")
        return form

    async def of_sendgrid(self, request: Request, now: datetime) -> bytes:
        """The body of a webhook that SendGrid has signed, to the last byte. Raises Unauthorized, Forbidden, Invalid."""
        if self._sendgrid is None:
            raise _not_set_up("SENDGRID_WEBHOOK_PUBLIC_KEY")
        signature = _signature(request, EventWebhookHeader.SIGNATURE)
        signed_at = _signature(request, EventWebhookHeader.TIMESTAMP)
        body = await request.body()
        if not self._is_sendgrids(body, signature, signed_at):
            raise _wrong("it must be SendGrid's own, over the body as it came")
        if not now - LONGEST_AGO <= datetime.fromtimestamp(int(signed_at), now.tzinfo) <= now + AHEAD:
            raise Forbidden("signature_stale", "the signature is older than a day or of a time to come")
        return body

    def of_inbound_parse(self, given: str | None) -> None:
        """The key in the address that was called; asked before a byte of the body is read. Raises Unauthorized, Forbidden."""
        if self._inbound_key is None:
            raise _not_set_up("SENDGRID_INBOUND_KEY")
        if not given:
            raise Unauthorized(
                "webhook_key_missing", "the address you call ends with ?key=, as it was given to SendGrid"
            )
        if not compare_digest(given.encode("utf-8", "replace"), self._inbound_key.get_secret_value().encode()):
            raise Unauthorized("webhook_key_wrong", "the key in the address is not ours (SENDGRID_INBOUND_KEY)")

    def _is_sendgrids(self, body: bytes, signature: str, signed_at: str) -> bool:
        assert self._sendgrid is not None  # noqa: S101 - asked before
        try:
            return signed_at.isdecimal() and bool(
                self._sendgrid.verify_signature(body.decode("utf-8"), signature, signed_at)  # type: ignore[no-untyped-call]
            )
        except Exception:  # noqa: BLE001 - bad base64, no UTF-8, …: whatever it raises, nobody has signed this
            return False


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=0, max_fields=MOST_FIELDS)
    except HTTPException:
        raise Invalid("invalid_form", f"the form cannot be read, or has more than {MOST_FIELDS} fields") from None


def _signature(request: Request, header: str) -> str:
    found = request.headers.get(header)
    if not found:
        raise Unauthorized(
            "signature_missing", f"the header {header} is missing: only the provider's own webhooks are taken"
        )
    return found


def _not_set_up(variable: str) -> Forbidden:
    return Forbidden("webhook_not_set_up", f"this webhook is not in use: set {variable} for the API first")


def _wrong(why: str) -> Forbidden:
    return Forbidden("signature_wrong", f"the signature does not fit: {why}")
