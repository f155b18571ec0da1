"""A customer's e-mail: to the case it is about while that lives, else kept with it; and whoever reaches nobody is told so.

Which case is meant is never guessed: the one whose code the subject quotes, without a code the only one that lives. Whose case it
is, is the address's that the mail is proven to come from, and of another customer's cases nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

import structlog

from api.commands import say
from api.errors import Unavailable
from api.mail_replies import MailReply
from api.openings import Document
from api.pages.words import reads
from api.prepared import Said
from api.services import Services, in_thread
from domain import customer_answers
from domain.customer_answers import Request
from domain.errors import DomainError
from domain.replies import quoted_code
from domain.reply_answers import Language
from domain.state import LIVE
from records.afterwards import Afterwards
from records.inbound import InboundEvent

NO_WORDS = "(an e-mail without words of its own: {})"
REMEMBERED = timedelta(days=365)  # whose last case ended longer ago is a stranger, unless a code says which it was
AGAIN = "?again=1"  # behind the link to the customer's page: it asks at once what is still not right

_WORDS = UUID(
    "c5a0b1de-6f0e-5b53-9a53-0d6be0a8f3b7"
)  # never change: it is part of the id of every word a customer said by e-mail

log = structlog.get_logger()


@dataclass(frozen=True)
class Theirs:
    """The cases of a mail's sender that live, and the one that is meant: one of them, or one that is over.

    `of_another`: the subject quotes a case, and it is not the sender's.
    """

    live: tuple[Document, ...]
    meant: Document | None
    of_another: bool


def theirs(services: Services, mail: MailReply) -> Theirs | None:
    """None for somebody who is no customer of any case."""
    code = quoted_code(mail.subject)
    quoted = services.reply_codes.last_case(code) if code else None
    live = tuple(services.escalations.live_of_customer(mail.sender))
    if quoted is not None and _is_of(quoted, mail):
        return Theirs(live, _goes_on(services, quoted, live, mail), of_another=False)
    if live:
        return Theirs(live, live[0] if len(live) == 1 and code is None else None, of_another=quoted is not None)
    over = services.escalations.last_of_customer(mail.sender, services.now() - REMEMBERED)
    return Theirs((), over, of_another=quoted is not None) if over else None


async def act_on(services: Services, event: InboundEvent, mail: MailReply, found: Theirs) -> str | None:
    """Do what can be done with it; the answer, None where the case has the words and its people answer."""
    case = found.meant
    if case is None:
        log.warning(
            "a customer's mail was left aside", id=event.event_id, why="which of their cases it is about is unclear"
        )
        return customer_answers.which([_request(one) for one in found.live], _language(found.live[0]))
    if case["status"] in LIVE and await _tell(services, event, case, mail):
        return None
    case = await in_thread(services.escalations.find, case["id"], case["episode"]) or case
    if case["status"] in LIVE:
        return None  # refused for another reason than that it has ended meanwhile; the log says so
    await in_thread(_keep, services, event, case, mail)
    if case["status"] != "closed":
        return customer_answers.withdrawn(_request(case), _language(case))
    link = services.links.to_rate(case["id"], case["episode"], services.now())
    return customer_answers.closed(_request(case), f"{link}{AGAIN}", _language(case))


def _goes_on(services: Services, quoted: Document, live: Sequence[Document], mail: MailReply) -> Document:
    """Where a case goes on that is over: in its newest episode, or in the one it was merged into, if those are theirs, too."""
    newest = services.escalations.latest(quoted["id"])
    case = newest if newest and _is_of(newest, mail) else quoted
    return next((one for one in live if one["id"] == case["parent"]), case)


def _is_of(case: Document, mail: MailReply) -> bool:
    return (case["customer"].get("email") or "").lower() == mail.sender


def _request(case: Document) -> Request:
    return case["ticket"]["id"], case["ticket"]["subject"]


def _language(case: Document) -> Language:
    return "de" if reads(case["customer"].get("locale")) == "de" else "en"


def _said_in(mail: MailReply) -> str:
    return mail.text or NO_WORDS.format(mail.subject)


def _keep(services: Services, event: InboundEvent, case: Document, mail: MailReply) -> None:
    afterwards = Afterwards(services.database)
    afterwards.record_words(case["id"], case["episode"], event.event_id, _said_in(mail), event.received_at)


async def _tell(services: Services, event: InboundEvent, case: Document, mail: MailReply) -> bool:
    """False when the case takes no words any more."""
    body = {"text": _said_in(mail), "channel": "email"}
    said = Said("customer-reply", None, body, str(uuid5(_WORDS, event.event_id)), event.received_at)
    try:
        await say(services, case, said)
    except Unavailable:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
    except DomainError as refusal:
        log.warning("a customer's mail was refused", id=event.event_id, case=case["id"], code=refusal.code)
        return False
    return True
