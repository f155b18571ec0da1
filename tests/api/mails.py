"""E-mails as they come in, and what is read from them."""

import json
from collections.abc import Mapping
from email.message import EmailMessage
from importlib.resources import files
from typing import Any

from api.mail_forms import MailForm
from api.mail_replies import MailReply, read_mail

FORM = "multipart/form-data; boundary=xYzZY"
DANA = "Dana Weiß <dana@tierline.example>"
ENVELOPE = {"to": ["reply@in.tierline.example"], "from": "dana@tierline.example"}
SIGNED = "{@tierline.example : pass}"


def form_fields(content_type: str, body: bytes, piece: int = 1_000) -> Mapping[str, bytes]:
    """The fields of a form that comes in so many bytes at a time."""
    form = MailForm(content_type)
    for at in range(0, len(body), piece):
        form.feed(body[at : at + piece])
    return form.fields()


def sample(name: str) -> bytes:
    """A form as SendGrid's own library has it, with the line ends that forms have on the wire."""
    return files("sendgrid").joinpath("helpers/inbound/sample_data", name).read_bytes().replace(b"\n", b"\r\n")


def mail(text: str = "ACK 7K2", html: str | None = None, **headers: str) -> bytes:
    """A mail of Dana's; more headers by name, `_` for `-`."""
    message = EmailMessage()
    given = {
        "From": DANA,
        "To": "reply@in.tierline.example",
        "Subject": "Re: Please acknowledge",
        "Message_ID": "<1@x>",
    }
    for name, value in {**given, **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def read(raw: bytes, dkim: str = SIGNED, spf: str = "none", envelope: Any = ENVELOPE) -> MailReply:
    """What is read from a raw mail; unless said otherwise, Dana's domain has signed it."""
    fields = {"email": raw, "dkim": dkim.encode(), "SPF": spf.encode(), "envelope": json.dumps(envelope).encode()}
    return read_mail(fields)


def wrote(text: str) -> str:
    return read(mail(text)).text


def wrote_html(html: str) -> str:
    return read(b"From: dana@tierline.example\nContent-Type: text/html; charset=utf-8\n\n" + html.encode()).text


def wrote_in(charset: str, data: bytes) -> str:
    return read(f'From: dana@tierline.example\nContent-Type: text/plain; charset="{charset}"\n\n'.encode() + data).text
