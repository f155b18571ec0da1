"""A responder's reply: who wrote it, which case is meant, what is done, and what is answered. By SMS here, by e-mail `api.mails`.

An SMS of a customer is handled as their e-mails are (`api.customer_mails`).

Whatever comes in is answered in words, an order that was carried out always, all else up to a number of answers for each number
and hour; only what is understood without doubt
moves a case, said as by that person, under an id made of the provider's own, so that a reply that comes twice acts once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import structlog

from activities.wording import short_time, word
from api import customer_mails
from api.audit_inbound import acting_on
from api.audit_notes import notes, saying
from api.commands import say
from api.errors import Unavailable
from api.openings import Document
from api.prepared import Said
from api.services import Services, in_thread
from domain import contact_tests, reply_answers
from domain.errors import DomainError
from domain.replies import CarrierWord, NotUnderstood, Order, Reached, understand
from domain.reply_answers import Language
from domain.reply_codes import nearly_a_code
from domain.roster import Person
from domain.roster_warnings import people_at
from domain.state import LIVE
from domain.tickets import PersonalChannel
from domain.view import due_first
from records.bad_addresses import BadAddress
from records.inbound import InboundEvent
from signed_links import masked

SMS = "twilio-inbound"
MOST_ANSWERS = 10  # to one number within an hour: two machines must not answer each other for ever
MOST_ANSWERS_ON_DUTY = 100  # to one of the roster: in an outage somebody may take many cases, and mistype some

_WORDS = UUID(
    "5b6f6f0a-8d0b-5c1a-8f5e-2f4b8d9c7a11"
)  # never change: it is part of the id of every word said in a reply

log = structlog.get_logger()


@dataclass(frozen=True)
class Reply:
    """What somebody wrote: `id` is the provider's, `person` who has that number or address in the roster.

    `at_once`: it is the first time we look at it, just after it came. `quoted` is the code in the subject of an e-mail.
    """

    id: str
    person: Person
    text: str
    received_at: datetime
    at_once: bool
    quoted: str | None = None
    channel: PersonalChannel = "sms"

    @property
    def language(self) -> Language:
        """The language of the answer."""
        return read_by(self.person)

    @property
    def word(self) -> str:
        """The id of the command it says."""
        return str(uuid5(_WORDS, self.id))


@dataclass(frozen=True)
class Answer:
    """What goes back. `acted`: an order was carried out or a contact test answered; a machine's words never are, so however many
    there are, each is answered."""

    text: str
    language: Language
    acted: bool = False


def read_by(*people: Person) -> Language:
    """The language that all of them read."""
    return "de" if all(person.locale.lower().startswith("de") for person in people) else "en"


async def act_late(services: Services, event: InboundEvent) -> None:
    """An SMS whose request has died: what it says without doubt is done, and there is nobody left to answer."""
    unheard = await act_on(services, event, at_once=False)
    log.warning("a reply was acted on late; its answer went nowhere", id=event.event_id, answered=unheard is not None)


async def act_on(services: Services, event: InboundEvent, *, at_once: bool = True) -> str | None:
    """An SMS that came in: opting out and in is remembered, a responder's order is done, a customer's words go to their case.

    The answer, None for none. Twilio's signature is what proves a number, a responder's as well as a customer's.

    Which case is meant without a code can only be told `at_once`: later another one may be the only open case.
    """
    async with acting_on(services, event, "sms"):
        said = await _act(services, event, at_once)
    return await in_thread(_within_limits, services, event, said)


def _within_limits(services: Services, event: InboundEvent, said: Answer | None) -> str | None:
    """A number that has had many answers may be a machine that answers each of ours; silence is announced and written down."""
    if said is None or said.acted:
        services.inbound.does_not_count(event)
        return said.text if said else None
    number, since = event.body["From"], services.now() - timedelta(hours=1)
    on_duty = bool(people_at(services.roster.current(), "sms", number))
    most = MOST_ANSWERS_ON_DUTY if on_duty else MOST_ANSWERS
    so_far = services.inbound.of_number(event.source, number, since)  # this one is among them
    if so_far <= most:
        return said.text if so_far < most else reply_answers.last_one(said.text, on_duty, said.language)
    services.inbound.left_unanswered(event, f"{most} answers went to this number within an hour")
    log.warning("an SMS got no answer: its number has had too many within an hour", id=event.event_id)
    return None


async def _act(services: Services, event: InboundEvent, at_once: bool) -> Answer | None:
    number, text = event.body["From"], masked(event.body["Body"])
    wish = understand(text)
    if isinstance(wish, CarrierWord):
        await in_thread(_opt, services, number, wish, event.received_at)
        return None  # the carrier answers such a word itself
    people = people_at(services.roster.current(), "sms", number)
    if not people:
        theirs = await customer_mails.act_on_sms(services, event, number, text)
        return Answer(*theirs) if theirs else Answer(_to_a_stranger(wish), "en")
    if len(people) > 1:
        return Answer(reply_answers.shared_address(len(people), read_by(*people)), read_by(*people))
    return await answer(services, Reply(event.event_id, people[0], text, event.received_at, at_once))


def _to_a_stranger(wish: Order | NotUnderstood | Reached) -> str:
    """Who writes an order is on duty, with a number that the roster does not have; anybody else may be a customer."""
    known = reply_answers.unknown_sender if isinstance(wish, NotUnderstood) else reply_answers.not_in_roster
    return known("en")


def _opt(services: Services, number: str, said: CarrierWord, now: datetime) -> None:
    if said.wish == "stop":
        bad = BadAddress("sms", number, "opted_out", None, f"wrote {said.word}", now)
        services.bad_addresses.remember(bad)
        notes().what = "opted_out"
    elif said.wish == "start":
        services.bad_addresses.forgive("sms", number)
        notes().what = "opted_in"


async def answer(services: Services, reply: Reply) -> Answer:
    """Do what the reply says and tell what came of it. Raises nothing of the rules.

    A code in the text counts more than the one that the subject quotes.
    """
    notes().person, meant = reply.person.id, understand(reply.text)
    if isinstance(meant, Reached):
        return Answer(await in_thread(_reached, services, reply), reply.language, acted=True)
    clear = await _clear(services, reply, meant)
    if isinstance(clear, str):
        return Answer(clear, reply.language)
    return await _done(services, reply, *clear)


async def _clear(
    services: Services, reply: Reply, meant: Order | CarrierWord | NotUnderstood
) -> tuple[Order, str, Document] | str:
    """What is to be done to which case, under which code; else what is asked back."""
    cases = await in_thread(services.reply_codes.open_cases, reply.person.id)
    open_cases = [(code, case["ticket"]["subject"]) for code, case in cases]
    example = reply.quoted or (cases[0][0] if len(cases) == 1 else None)
    if isinstance(meant, CarrierWord):
        return reply_answers.carrier_word(meant.word, example, reply.language)
    if isinstance(meant, NotUnderstood):
        return reply_answers.not_understood(example, reply.language)
    if meant.doubtful and (reply.quoted is None or nearly_a_code(meant.doubtful)):
        return reply_answers.code_unknown(meant.doubtful, open_cases, reply.language)
    named = meant.code or reply.quoted
    if named is None and not cases:
        return reply_answers.no_open_case(reply.language)
    if named is None and (len(cases) > 1 or not reply.at_once):
        return reply_answers.which_case(meant.command, open_cases, reply.language)
    code, case = (named, await in_thread(services.reply_codes.last_case, named)) if named else cases[0]
    if case is None:
        return reply_answers.code_unknown(code, open_cases, reply.language)
    if case["status"] not in LIVE:
        return reply_answers.refused(code, f"already_{case['status']}", reply.language)
    if meant.words_missing:
        return reply_answers.words_missing(meant.command, code, reply.language)
    return meant, code, case


def _reached(services: Services, reply: Reply) -> str:
    """The answer to a contact test, on the channel it came by."""
    waits = services.contact_tests.answered_latest(reply.person.id, reply.channel, reply.received_at)
    notes().what = "contact_confirmed" if waits else None
    return contact_tests.confirmed(reply.channel, reply.language) if waits else contact_tests.no_test(reply.language)


async def _done(services: Services, reply: Reply, order: Order, code: str, case: Document) -> Answer:
    said = Said(order.command, reply.person.id, order.body, reply.word, reply.received_at)
    try:
        with saying(case["id"], said.name, said.by, said.id):
            answered = await say(services, case, said)
    except Unavailable:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
        return Answer(reply_answers.later(code, reply.language), reply.language, acted=True)
    except DomainError as refusal:
        return Answer(_refused(services, reply, code, case, refusal), reply.language)
    if answered.status != 200:
        return Answer(reply_answers.later(code, reply.language), reply.language, acted=True)
    due = _due(reply, answered.body)
    text = reply_answers.done(order.command, code, case["ticket"]["subject"], due, reply.language)
    return Answer(text, reply.language, acted=True)


def _due(reply: Reply, case: Document) -> tuple[str, str] | None:
    """The target that runs out first and when, as the one who replied reads it."""
    first = due_first(case)
    if first is None:
        return None
    called, at = first
    return word(reply.language, called), short_time(datetime.fromisoformat(at), reply.person.timezone, reply.language)


def _refused(services: Services, reply: Reply, code: str, case: Document, refusal: DomainError) -> str:
    log.info("a reply was refused", case=case["id"], person=reply.person.id, code=refusal.code)
    now = services.escalations.latest(case["id"]) or case
    if refusal.code == "already_acknowledged" and now["owner"] is not None:
        owner = services.roster.current().person(now["owner"])
        return reply_answers.taken(code, owner.name if owner else now["owner"], reply.language)
    return reply_answers.refused(code, refusal.code, reply.language)
