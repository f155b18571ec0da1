"""An e-mail that SendGrid's Inbound Parse has taken in for us: who wrote it, whether that is proven, and what they said.

Anybody may write to the address and write any name into `From`. So a sender counts as proven only when the domain in `From` has
signed the mail (DKIM) or has sent it (SPF, for that same domain); what a machine answers by itself never acts; and
whatever cannot be read is refused in words and breaks nothing.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256
from itertools import islice

from api.mail_texts import decoded, own_text, own_words
from domain.errors import Invalid
from signed_links import masked

READ = 128_000  # bytes of a mail that are read; a reply stands at its beginning, pictures and files at its end
MOST_PARTS = 20  # of a mail; each layer of parts makes reading every line of the next slower
LONGEST_HEADER = 1_000  # characters of a header that are read
LONGEST_SUBJECT = 500
MOST_RECIPIENTS = 100
LONGEST_ID = 250  # characters of a Message-ID; a longer one is kept as its hash

_ADDRESS = re.compile(r'(?:[^<>]*<)?\s*([^\s<>@,;:"()\\]{1,64}@[^\s<>@,;:"()\\]{1,255})\s*>?\s*(?:\([^()]*\)\s*)?')
_SIGNED = re.compile(r"@([A-Za-z0-9._-]+) *: *(\w+)")
_PART_TYPE = re.compile(rb"^content-type:", re.IGNORECASE | re.MULTILINE)

_MACHINES = ("mailer-daemon", "postmaster")
_AUTOMATIC_SUBJECT = re.compile(
    r"(?:out of (?:the )?office|auto(?:matic|mated|matische)? ?-?(?:reply|response|antwort)|autoreply|automatische antwort"
    r"|abwesen(?:d|heit)|urlaub(?:svertretung|sabwesenheit)|ich bin (?:nicht im büro|im urlaub|abwesend)|undeliver(?:able|ed)"
    r"|unzustellbar|delivery (?:status notification|failure)|mail delivery|returned mail|failure notice|nicht zustellbar)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class MailReply:
    """A mail as far as it matters here.

    `sender` and `recipients` are in lower case. `message_id` is the same whenever the same mail comes in. `automatic` says what
    shows that a machine wrote it (None: nothing does); such a mail must not act. `authentic`: the sender's domain vouches for it.
    """

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    text: str
    automatic: str | None
    authentic: bool


def read_mail(fields: Mapping[str, bytes]) -> MailReply:
    """The mail in a form of Inbound Parse: raw (field `email`), or taken apart (`headers`, `text`, `html`).

    Raises Invalid `invalid_mail`, with the field, when there is no mail or its sender is unclear.
    """
    raw = fields.get("email") or fields.get("headers")
    if not raw:
        message = "there is no mail in it; in SendGrid's Inbound Parse settings tick 'POST the raw, full MIME message'"
        raise Invalid("invalid_mail", message, field="email")
    mail = _parsed(raw)
    sender, envelope = _sender(mail), _envelope(fields.get("envelope", b""))
    recipients = _recipients(mail, envelope)
    return MailReply(
        sender=sender,
        recipients=recipients,
        message_id=_message_id(mail, raw),
        subject=masked(_words(header(mail, "Subject") or "")[:LONGEST_SUBJECT]),
        text=own_text(mail, recipients) if fields.get("email") else _taken_apart(fields, recipients),
        automatic=_automatic(mail, sender, envelope),
        authentic=_authentic(sender.rpartition("@")[2], fields, envelope),
    )


def _parsed(raw: bytes) -> Message:
    """The beginning of a mail, parsed. What comes after too many parts is not read."""
    begun = raw[:READ].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    one_too_many = next(islice(_PART_TYPE.finditer(begun), MOST_PARTS, None), None)
    return message_from_bytes(begun[: one_too_many.start()] if one_too_many else begun)


def header(message: Message, name: str) -> str | None:
    """The first header of that name, in one line, as it was sent (`=?utf-8?…?=` included); None without one."""
    return next(iter(_headers(message, name)), None)


def _headers(message: Message, name: str) -> list[str]:
    found = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    return [" ".join(decoded(_sent(value), None).split())[:LONGEST_HEADER] for value in found]


def _sent(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _words(text: str) -> str:
    """A header as people read it; as it was sent where it cannot be decoded."""
    try:
        read = str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        read = text
    clean = "".join(sign if sign.isprintable() else " " for sign in read.encode("utf-8", "replace").decode())
    return " ".join(clean.split())


def _sender(message: Message) -> str:
    """Raises Invalid unless there is one `From` with one address: of several it would be unclear which one is vouched for."""
    senders = _headers(message, "From")
    found = _ADDRESS.fullmatch(senders[0]) if len(senders) == 1 else None
    if found is None or not found[1].isprintable():
        raise Invalid("invalid_mail", "the mail has no From header with one address in it", field="from")
    return found[1].lower()


def _envelope(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recipients(message: Message, envelope: Mapping[str, object]) -> tuple[str, ...]:
    """Whom it was delivered to; where the envelope does not say, whom it was written to."""
    given = envelope.get("to")
    written = [str(one)[:LONGEST_HEADER] for one in given[:MOST_RECIPIENTS]] if isinstance(given, list) else []
    written = written or (header(message, "To") or "").split(",")
    return tuple(found[1].lower() for one in written if (found := _ADDRESS.fullmatch(one)))


def _message_id(message: Message, raw: bytes) -> str:
    given = (header(message, "Message-ID") or "").strip("<> ")
    usable = 0 < len(given) <= LONGEST_ID and given.isprintable()
    return given if usable else f"sha256:{sha256(raw).hexdigest()}"


def _taken_apart(fields: Mapping[str, bytes], ours: Collection[str]) -> str:
    """The sender's words where SendGrid has already taken the mail apart; `charsets` tells how each field is written."""
    charsets = _envelope(fields.get("charsets", b""))
    plain, html = (
        decoded(fields.get(name, b"")[:READ], str(charsets.get(name) or "utf-8")) for name in ("text", "html")
    )
    return own_words(plain, html, ours)


def _automatic(message: Message, sender: str, envelope: Mapping[str, object]) -> str | None:
    """What shows that no person wrote it: RFC 3834's header, what came before it, an empty return path, the subject."""
    submitted = (header(message, "Auto-Submitted") or "no").partition(";")[0].strip().lower()
    precedence = (header(message, "Precedence") or "").lower()
    subject = _words(header(message, "Subject") or "")
    shown = {
        f"Auto-Submitted: {submitted[:40]}": submitted != "no",
        "X-Autoreply": any(header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")),
        f"Precedence: {precedence[:40]}": precedence in ("bulk", "junk", "list", "auto_reply", "auto-reply"),
        "delivery report": message.get_content_type() == "multipart/report" or sender.split("@")[0] in _MACHINES,
        "empty return path": envelope.get("from") in ("", "<>") or header(message, "Return-Path") == "<>",
        "subject": bool(_AUTOMATIC_SUBJECT.match(subject)),
    }
    return next((reason for reason, found in shown.items() if found), None)


def _authentic(domain: str, fields: Mapping[str, bytes], envelope: Mapping[str, object]) -> bool:
    """Has the sender's domain signed the mail, or sent it? SPF vouches for the return path only, so that must be in it too."""
    signed = [found[0] for found in _signatures(fields.get("dkim", b"")) if found[1] == "pass"]
    passed = fields.get("SPF", b"").strip().lower() == b"pass"
    sent = [str(envelope.get("from")).lower().strip("<> ").rpartition("@")[2]] if passed else []
    return any(_covers(one, domain) for one in (*signed, *sent))


def _signatures(data: bytes) -> list[tuple[str, str]]:
    """`{@acme.example : pass, @mailer.example : fail}` as pairs; nothing where a sign is not as it should be."""
    text = data.decode("latin-1").strip()[:LONGEST_HEADER]
    if not (text.startswith("{") and text.endswith("}")):
        return []
    found = [
        _SIGNED.fullmatch(one.strip())
        for one in text[1:-1].replace("}", ",").replace("{", ",").split(",")
        if one.strip()
    ]
    return [(one[1].lower(), one[2].lower()) for one in found if one] if all(found) else []


def _covers(vouching: str, domain: str) -> bool:
    """A domain vouches for itself and for those below it; a bare `com` or an empty one for nobody."""
    return "." in vouching and (domain == vouching or domain.endswith(f".{vouching}"))
