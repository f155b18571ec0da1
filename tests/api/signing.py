"""Providers that sign their webhooks, with keys of their own, and what our API is told of them."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator

from settings import HookSettings

PUBLIC, TOKEN = "http://tierline.test", "a token of ours"
_KEY = ec.generate_private_key(ec.SECP256R1())
_PUBLIC_KEY = _KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
SIGNED_WITH = {
    "SENDGRID_WEBHOOK_PUBLIC_KEY": base64.b64encode(_PUBLIC_KEY).decode(),
    "TWILIO_AUTH_TOKEN": TOKEN,
}  # as an operator sets it
HOOKS = HookSettings.model_validate(SIGNED_WITH)

Request = dict[str, Any]  # content and headers, as the HTTP client takes them


def by_twilio(path: str, fields: Mapping[str, str], token: str = TOKEN, public: str = PUBLIC) -> Request:
    """A form that Twilio posts to `path` of the address it was given."""
    signature = RequestValidator(token).compute_signature(f"{public}{path}", dict(fields))  # type: ignore[no-untyped-call]
    kind = "application/x-www-form-urlencoded"
    return {"content": urlencode(fields).encode(), "headers": {"Content-Type": kind, "X-Twilio-Signature": signature}}


def by_sendgrid(events: Sequence[Mapping[str, Any]] | bytes, at: datetime | None = None) -> Request:
    """A batch of events; the signature is over every byte, the line break at the end included."""
    body = events if isinstance(events, bytes) else json.dumps(events).encode() + b"\r\n"
    signed_at = str(int((at or datetime.now(UTC)).timestamp()))
    signature = base64.b64encode(_KEY.sign(signed_at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    return {"content": body, "headers": sendgrid_headers(signature, signed_at)}


def sendgrid_headers(signature: str, signed_at: str) -> dict[str, str]:
    """The headers of SendGrid's event webhook."""
    name = "X-Twilio-Email-Event-Webhook"
    return {"Content-Type": "application/json", f"{name}-Signature": signature, f"{name}-Timestamp": signed_at}
