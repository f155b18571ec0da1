"""A customer's e-mail or SMS: to the case it is about while that lives, else kept with it; and whoever reaches nobody is told so.

After closing, a number from 1 to 5 is the answer to the survey that has gone out, the words behind it are the comment.

Which case is meant is never guessed: the one whose code the subject quotes, or whose ticket's number the SMS begins with; without
either the only one that lives. Whose case it is, is the address's that the message is proven to come from, and of another
customer's cases nothing is said. An SMS is always answered: who writes one sees no case and no mailbox.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid5

import structlog

from api.audit_notes import notes, saying
from api.commands import obey, say
from api.errors import Unavailable
from api.mail_replies import MailReply
from api.openings import Document
from api.pages.words import reads
from api.prepared import Said
from api.services import Services, in_thread
from domain import customer_answers
from domain.customer_answers import Request
from domain.errors import DomainError
from domain.policy import Closing
from domain.ratings import score_in
from domain.replies import quoted_code
from domain.reply_answers import Language
from domain.state import LIVE
from domain.tickets import LONGEST_TEXT, PersonalChannel
from records.afterwards import Afterwards
from records.customers import Customers
from records.inbound import InboundEvent

NO_WORDS = "(an e-mail without words of its own: {})"
EMPTY_SMS = "(an SMS without words)"
REMEMBERED = timedelta(days=365)  # whose last case ended longer ago is a stranger, unless a code says which it was
_MAY_HAVE_ARRIVED = ("sending", "unknown", "sent", "delivered")
AGAIN = "?again=1"  # behind the link to the customer's page: it asks at once what is still not right

_WORDS = UUID(
    "c5a0b1de-6f0e-5b53-9a53-0d6be0a8f3b7"
)  # never change: it is part of the id of every word a customer said by e-mail or SMS

log = structlog.get_logger()


@dataclass(frozen=True)
class Theirs:
    """The cases of a message's sender that live, and the one that is meant: one of them, or one that is over.

    `of_another`: the subject quotes a case, and it is not the sender's.
    """

    live: tuple[Document, ...]
    meant: Document | None
    of_another: bool = False


@dataclass(frozen=True)
class _Wrote:
    """What a customer wrote, on which channel."""

    channel: PersonalChannel
    text: str


_Outcome = Literal["unclear", "told", "refused", "withdrawn", "closed", "rated"]
"""`told`: the case has the words; `refused`: it lives and has not taken them; `rated`: they answer its survey; else they are kept
with a case that is over."""


@dataclass(frozen=True)
class _End:
    """What became of a message, and the case it is about; where that is unclear, the latest of theirs."""

    outcome: _Outcome
    case: Document
    score: int = 0


def theirs(services: Services, mail: MailReply) -> Theirs | None:
    """None for somebody who is no customer of any case."""
    code = quoted_code(mail.subject)
    quoted = services.reply_codes.last_case(code) if code else None
    customers = Customers(services.database)
    live = tuple(customers.live("email", mail.sender))
    if quoted is not None and _is_of(quoted, mail):
        return Theirs(live, _goes_on(services, quoted, live, mail), of_another=False)
    if live:
        return Theirs(live, live[0] if len(live) == 1 and code is None else None, of_another=quoted is not None)
    over = customers.last("email", mail.sender, services.now() - REMEMBERED)
    return Theirs((), over, of_another=quoted is not None) if over else None


def theirs_by_sms(services: Services, number: str, text: str) -> Theirs | None:
    """None for a number that is no customer's of any case."""
    customers = Customers(services.database)
    live = tuple(customers.live("sms", number))
    if not live:
        over = customers.last("sms", number, services.now() - REMEMBERED)
        return Theirs((), over) if over else None
    named = live if len(live) == 1 else [one for one in live if _begins_with(text, one["ticket"]["id"])]
    return Theirs(live, named[0] if len(named) == 1 else None)


def _begins_with(text: str, number: str) -> bool:
    """Does it begin with the ticket's number (`4711: …`, `#4711`)? Further on, `1` is as well one of `in 1 hour`."""
    return re.match(rf"\W*{re.escape(number)}(?![\w-])", text, re.IGNORECASE) is not None


async def act_on(services: Services, event: InboundEvent, mail: MailReply, found: Theirs) -> str | None:
    """Do what can be done with a mail; the answer, None where the case has the words and its people answer."""
    end = await _done(services, event, _Wrote("email", _said_in(mail)), found)
    return await in_thread(_by_mail, services, end, found)


def _by_mail(services: Services, end: _End, found: Theirs) -> str | None:
    request, language = _request(end.case), _language(end.case)
    match end.outcome:
        case "unclear":
            return customer_answers.which([_request(one) for one in found.live], language)
        case "withdrawn":
            return customer_answers.withdrawn(request, language)
        case "closed":
            return customer_answers.closed(request, _back(services, end.case), language)
        case "rated":
            low = _is_low(services, end)
            return customer_answers.rated(end.score, low, request, _back(services, end.case), language)
    return None  # of what was refused the log tells


async def act_on_sms(services: Services, event: InboundEvent, number: str, text: str) -> tuple[str, Language] | None:
    """Do what can be done with an SMS; the answer and its language, None for a number that is no customer's."""
    found = await in_thread(theirs_by_sms, services, number, text)
    if found is None:
        return None
    end = await _done(services, event, _Wrote("sms", text.strip() or EMPTY_SMS), found)
    language = _language(end.case)
    return await in_thread(_by_sms, services, end, found, language), language


def _by_sms(services: Services, end: _End, found: Theirs, language: Language) -> str:
    request = _request(end.case)
    match end.outcome:
        case "unclear":
            return customer_answers.sms_which([_request(one) for one in found.live], language)
        case "closed":
            return customer_answers.sms_closed(request, _back(services, end.case), language)
        case "rated":
            low = _is_low(services, end)
            return customer_answers.sms_rated(end.score, low, request, _back(services, end.case), language)
        case other:
            return customer_answers.sms(other, request, language)


async def _done(services: Services, event: InboundEvent, wrote: _Wrote, found: Theirs) -> _End:
    case = found.meant
    if case is None:
        log.warning(
            "a customer's words were left aside",
            id=event.event_id,
            why="which of their cases it is about is unclear",
        )
        notes().customer(None)
        return _End("unclear", found.live[0])
    notes().customer(case["id"])
    if case["status"] in LIVE and await _tell(services, event, case, wrote):
        return _End("told", case)
    case = await in_thread(services.escalations.find, case["id"], case["episode"]) or case
    if case["status"] in LIVE:
        return _End("refused", case)  # for another reason than that it has ended meanwhile
    score = await _rate(services, event, case, wrote)
    if score is not None:
        return _End("rated", case, score)
    await in_thread(_keep, services, event, case, wrote)
    return _End("closed" if case["status"] == "closed" else "withdrawn", case)


async def _rate(services: Services, event: InboundEvent, case: Document, wrote: _Wrote) -> int | None:
    """Say how they rate the closed case, where they were asked and this is their answer; the score, None for other words.

    Raises Unavailable: no run is left that could be told later, so the message is acted on again.
    """
    given = score_in(wrote.text)
    if given is None or case["status"] != "closed":
        return None
    score, comment = given
    body = {"score": score, **({"comment": comment[:LONGEST_TEXT]} if comment else {})}
    said = Said("survey", None, body, str(uuid5(_WORDS, f"{event.event_id}/survey")), event.received_at)
    if not await in_thread(_is_asked, services, case, said.id):
        return None
    await obey(services, case, said, perhaps_again=True)
    return score


def _is_asked(services: Services, case: Document, word: str) -> bool:
    """Whether the survey has gone out and nobody has answered it; or this very word has, when it is acted on again."""
    if services.commands.find(word) is not None:
        return True
    told = services.escalations.messages(case["id"], case["episode"])
    asked = any(one.kind == "customer_survey" and one.status in _MAY_HAVE_ARRIVED for one in told)
    return asked and case["survey"] is None


def _is_low(services: Services, end: _End) -> bool:
    policy = services.policies.find(end.case["policy"]["name"], end.case["policy"]["version"])
    return end.score <= (policy.closing if policy else Closing()).low_score


def _back(services: Services, case: Document) -> str:
    """The page on which the customer says what is still not right with a closed case."""
    return f"{services.links.to_rate(case['id'], case['episode'], services.now())}{AGAIN}"


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


def _keep(services: Services, event: InboundEvent, case: Document, wrote: _Wrote) -> None:
    afterwards = Afterwards(services.database)
    afterwards.record_words(case["id"], case["episode"], event.event_id, wrote.text, event.received_at, wrote.channel)


async def _tell(services: Services, event: InboundEvent, case: Document, wrote: _Wrote) -> bool:
    """False when the case takes no words any more."""
    body = {"text": wrote.text, "channel": wrote.channel}
    said = Said("customer-reply", None, body, str(uuid5(_WORDS, event.event_id)), event.received_at)
    try:
        with saying(case["id"], said.name, said.by, said.id):
            await say(services, case, said)
    except Unavailable:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
    except DomainError as refusal:
        log.warning("a customer's words were refused", id=event.event_id, case=case["id"], code=refusal.code)
        return False
    return True
