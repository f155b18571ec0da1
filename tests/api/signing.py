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

PUBLIC, TOKEN, INBOUND_KEY = "http://tierline.test", "a token of ours", "a-key-of-ours-for-inbound-mail"
_KEY = ec.generate_private_key(ec.SECP256R1())
_PUBLIC_KEY = _KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
SIGNED_WITH = {
    "SENDGRID_WEBHOOK_PUBLIC_KEY": base64.b64encode(_PUBLIC_KEY).decode(),
    "TWILIO_AUTH_TOKEN": TOKEN,
    "SENDGRID_INBOUND_KEY": INBOUND_KEY,
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


OFFICIAL_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eN"
    "Ec6wEA3F+g=="
)


def official_vector() -> Request:
    """A batch signed by SendGrid, from its own client library: signature, time and body, whose last CRLF is signed, too."""
    signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpY'
        b'bF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5F'
        b'C76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
    )
    return {"content": body, "headers": sendgrid_headers(signature, "1600112502")}


def sendgrid_headers(signature: str, signed_at: str) -> dict[str, str]:
    """The headers of SendGrid's event webhook."""
    name = "X-Twilio-Email-Event-Webhook"
    return {"Content-Type": "application/json", f"{name}-Signature": signature, f"{name}-Timestamp": signed_at}
