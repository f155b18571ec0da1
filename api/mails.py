"""An e-mail that came in: a responder's is a reply, as by SMS; a customer's goes to their case; all else moves nothing.

`From` is anybody's word. So a mail that its sender's domain does not vouch for, or that a machine wrote, neither acts nor gets an
answer: an answer to a forged address would be ours to be blamed for, and two machines would answer each other for ever.
Whatever gets past that ends at a number of answers for each address and hour, and for strangers at one a day.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

import structlog

from api import customer_mails, replies
from api.audit_inbound import acting_on
from api.audit_notes import notes
from api.customer_mails import Theirs
from api.mail_replies import MailReply
from api.services import Services, in_thread
from domain import reply_answers
from domain.replies import NotUnderstood, quoted_code, understand
from domain.roster import Person
from domain.roster_warnings import people_at
from records.answers import MailAnswer
from records.inbound import InboundEvent

MAIL = "sendgrid-inbound"

LONGEST_MAIL = 32_000_000  # bytes; SendGrid takes mails of 30 MB, and the form around them is small
AT_ONCE = timedelta(seconds=30)  # later, another case may be the only open one
MOST_ANSWERS = 12  # to one address within an hour
LONGEST_SUBJECT = 150  # characters

log = structlog.get_logger()


def kept(mail: MailReply) -> tuple[str, dict[str, Any]]:
    """The id and the body under which a mail is kept.

    The same mail has the same id. A forged one has another, or it could take a real one's place; and an id names nobody.
    """
    whose = json.dumps([mail.authentic, mail.sender, mail.message_id])
    return sha256(whose.encode()).hexdigest()[:32], vars(mail)


async def act_on(services: Services, event: InboundEvent) -> None:
    """Do what the mail says, and keep the answer for whoever wrote it, if there is to be one."""
    async with acting_on(services, event, "mail"):
        await _act(services, event)


async def _act(services: Services, event: InboundEvent) -> None:
    mail = MailReply(**event.body)
    why = why_aside(mail)
    if why is not None:
        log.info("a mail was left aside", id=event.event_id, why=why)
        notes().outcome = "left_aside"
        return
    people = people_at(await in_thread(services.roster.current), "email", mail.sender)
    ordered = bool(people) and not isinstance(understand(mail.text), NotUnderstood)
    found = None if ordered else await in_thread(customer_mails.theirs, services, mail)
    if people and not _is_customers(found):
        words = await _as_responder(services, event, mail, people)
        await in_thread(_answer, services, event.event_id, event, mail, words)
    elif found is None:
        once_a_day = f"stranger/{event.received_at.date()}"
        await in_thread(_answer, services, once_a_day, event, mail, reply_answers.unknown_mailbox("en"))
    elif (told := await customer_mails.act_on(services, event, mail, found)) is not None:
        await in_thread(_answer, services, event.event_id, event, mail, told)
    services.something_came.set()  # an answer, perhaps


def _is_customers(found: Theirs | None) -> bool:
    """Of somebody who is in the roster, too, and wrote no order: they have a live case, and quote none they only work on."""
    return found is not None and bool(found.live) and not found.of_another


async def _as_responder(services: Services, event: InboundEvent, mail: MailReply, people: Sequence[Person]) -> str:
    if len(people) > 1:
        return reply_answers.shared_address(len(people), replies.read_by(*people))
    at_once = services.now() - event.received_at < AT_ONCE
    quoted = quoted_code(mail.subject)
    reply = replies.Reply(event.event_id, people[0], mail.text, event.received_at, at_once, quoted, "email")
    return (await replies.answer(services, reply)).text


def why_aside(mail: MailReply) -> str | None:
    """Why a mail neither acts nor is answered, in words that name nobody; None when it may."""
    if mail.automatic is not None:
        return f"written by a machine ({mail.automatic.partition(':')[0]})"
    if not mail.authentic:
        return "its sender's domain vouches for it neither by DKIM nor by SPF"
    return "it comes from our own address" if mail.sender in mail.recipients else None


def _answer(services: Services, name: str, event: InboundEvent, mail: MailReply, words: str) -> None:
    """Keep an answer, to be sent by a worker; `name` tells it from others to the same address."""
    whose = sha256(mail.sender.encode()).hexdigest()[:16]
    if services.answers.since(f"{whose}/", services.now() - timedelta(hours=1)) >= MOST_ANSWERS:
        log.warning("a mail got no answer: its sender has had too many within an hour", id=event.event_id)
        return
    given = None if mail.message_id.startswith("sha256:") else mail.message_id
    subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
    answer = MailAnswer(mail.sender, subject[:LONGEST_SUBJECT].strip(), f"{words}\n", given)
    services.answers.keep(f"{whose}/{name}", answer, services.now())


async def hand_over(services: Services, event: InboundEvent) -> None:
    """Give an answer that was kept to Temporal, which has it sent. Raises Unavailable."""
    await services.cases.send_answer(event.event_id)
