"""The outbox on a page: every message with its state, the newest first; the filters stand in the address, a view can be shared.

What somebody wrote is shown as it went out; links in it only to those who may act as anybody, as in the API.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from activities.wording import Language, short_time
from api.escalations import message_items
from api.pages.frame import PageRoute
from api.pages.signed_in import Reader, Session, desk_page
from api.pages.terms import message_words, why_not
from api.pages.words import TEXTS, said
from api.services import Services, Wired
from api.shapes import MessageItem
from domain.errors import Invalid
from domain.messages import CUSTOMER
from domain.preferences import NOT_NOW
from domain.tickets import Channel
from records.stored import MessageStatus

PATH = "/outbox"
PAGE = 50
STATUSES: tuple[MessageStatus, ...] = get_args(MessageStatus)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
TONES = {"failed": "bad", "unknown": "bad", "sent": "good", "delivered": "good"}

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Query()]


@dataclass(frozen=True)
class Row:
    """One message in words; `notes` say what its state alone does not."""

    at: str
    about: str
    case: str
    channel: str
    to: str
    state: str
    tone: str
    notes: tuple[str, ...]
    subject: str | None
    text: str | None


@router.get(PATH)
def show(
    session: Reader,
    services: Wired,
    status: Text = "",
    person: Text = "",
    channel: Text = "",
    case: Text = "",
    after: Text = "",
) -> Response:
    """The newest messages that fit; `after` is the last one of the page before."""
    wanted = {
        "status": status if status in STATUSES else "",
        "person": _plain(person),
        "channel": channel if channel in CHANNELS else "",
        "case": _plain(case),
    }
    rows, following = _rows(services, session, wanted, _plain(after))
    given = {name: value for name, value in wanted.items() if value}
    return desk_page(
        services,
        session,
        "outbox.html.j2",
        wanted=wanted,
        statuses=STATUSES,
        channels=CHANNELS,
        rows=rows,
        first=urlencode(given) if after else None,
        more=urlencode({**given, "after": following}) if following else None,
    )


def _rows(services: Services, session: Session, wanted: dict[str, str], after: str) -> tuple[list[Row], str | None]:
    """A page of messages, and the key that the next one follows."""
    named: dict[str, Any] = {name: value or None for name, value in {**wanted, "after": after}.items()}
    try:
        found = services.escalations.all_messages(limit=PAGE + 1, **named)
    except Invalid:  # the message it goes on from is not there: from the beginning, then
        found = services.escalations.all_messages(limit=PAGE + 1, **{**named, "after": None})
    page = found[:PAGE]
    names = {one.id: one.name for one in services.roster.current().people}
    rows = [_row(one, session, names) for one in message_items(services, page, session.caller)]
    return rows, page[-1].key if len(found) > PAGE else None


def _row(message: MessageItem, session: Session, names: dict[str, str]) -> Row:
    language = session.language
    read = message.read_at is not None and message.status == "delivered"
    kept, held_back = _kept(message) and message.status == "sent", message.code == NOT_NOW
    status = "read" if read else "kept" if kept else "held_back" if held_back else message.status
    who = said(language, "a_customer") if message.person is None else names.get(message.person, message.person)
    return Row(
        at=_at(message.created_at, session),
        about=message_words(message.kind, language),
        case=message.id,
        channel=said(language, f"channel_{message.channel}"),
        to=f"{who} ({message.to})" if message.to else who,
        state=said(language, f"outbox_{status}"),
        tone=TONES.get(message.status, ""),
        notes=tuple(_notes(message, session, names)),
        subject=message.subject,
        text=message.text,
    )


def _notes(message: MessageItem, session: Session, names: dict[str, str]) -> list[str]:
    language = session.language
    told = why_not(message.reason or "", language)
    if message.waits_until is not None:
        told = said(language, "outbox_quiet_hours", at=_at(message.waits_until, session))
    if message.status == "failed" and message.code and message.code not in told:
        told = f"{message.code}: {told}"
    notes, kept = [told] if told else [], _kept(message)
    for name, at in (("sent", message.sent_at), ("delivered", message.delivered_at), ("read", message.read_at)):
        if at is not None and not kept:
            notes.append(said(language, "outbox_when", what=TEXTS[language][f"outbox_{name}"], at=_at(at, session)))
    if message.retries:
        notes.append(said(language, "outbox_retried", count=message.retries))
    if message.failed_over_to:
        notes.append(_instead(message, language, names))
    if message.led_by:
        notes.append(said(language, "outbox_led"))
    return notes


def _instead(message: MessageItem, language: Language, names: dict[str, str]) -> str:
    """What took its place: another channel, or another person and theirs."""
    channel, person = said(language, f"channel_{message.failed_over_channel}"), message.failed_over_person
    if person is None or person == message.person:
        return said(language, "outbox_failed_over", channel=channel)
    return said(language, "outbox_passed_on", channel=channel, person=names.get(person, person))


def _kept(message: MessageItem) -> bool:
    """Whether it never left this machine."""
    return (message.provider_id or "").startswith("outbox-")


def _at(at: datetime, session: Session) -> str:
    return short_time(at, session.timezone, session.language)


def _plain(text: str) -> str:
    """What a filter can look for; PostgreSQL takes no NUL, and `customer` is nobody of the roster."""
    found = "".join(text.encode("utf-8", "replace").decode().split("\0")).strip()
    return found.lower() if found.lower() == CUSTOMER else found
