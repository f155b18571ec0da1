"""A responder's reply, by SMS: who wrote it, which case is meant, what is done, and what is answered.

Whatever comes in is answered in words; only what is understood without doubt moves a case, said as by that person, under
an id made of the provider's own, so that a reply that comes twice acts once.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import structlog

from api.commands import say
from api.errors import Unavailable
from api.openings import Document
from api.prepared import Said
from api.services import Services, in_thread
from domain import reply_answers
from domain.errors import DomainError
from domain.replies import CarrierWord, NotUnderstood, Order, understand
from domain.reply_answers import Language
from domain.roster import Person
from domain.view_time import clock_time
from records.bad_addresses import BadAddress
from records.inbound import InboundEvent

SMS = "twilio-inbound"

_WORDS = UUID(
    "5b6f6f0a-8d0b-5c1a-8f5e-2f4b8d9c7a11"
)  # never change: it is part of the id of every word said in a reply

log = structlog.get_logger()


@dataclass(frozen=True)
class Reply:
    """What somebody wrote: `id` is the provider's, `person` who has that number or address in the roster.

    `at_once`: it is the first time we look at it, just after it came.
    """

    id: str
    person: Person
    text: str
    received_at: datetime
    at_once: bool

    @property
    def language(self) -> Language:
        """The language of the answer."""
        return "de" if self.person.locale.lower().startswith("de") else "en"

    @property
    def word(self) -> str:
        """The id of the command it says."""
        return str(uuid5(_WORDS, self.id))


async def act_late(services: Services, event: InboundEvent) -> None:
    """An SMS whose request has died: what it says without doubt is done, and there is nobody left to answer."""
    unheard = await act_on(services, event, at_once=False)
    log.warning("a reply was acted on late; its answer went nowhere", id=event.event_id, answered=unheard is not None)


async def act_on(services: Services, event: InboundEvent, *, at_once: bool = True) -> str | None:
    """An SMS that came in: opting out and in is remembered, and what a responder says is done. The answer, None for none.

    Which case is meant without a code can only be told `at_once`: later another one may be the only open case.
    """
    number, text = event.body["From"], event.body["Body"]
    wish = understand(text)
    if isinstance(wish, CarrierWord):
        await in_thread(_opt, services, number, wish, event.received_at)
        return None  # the carrier answers such a word itself
    person = next((one for one in services.roster.current().people if one.phone == number), None)
    if person is None:
        return reply_answers.unknown_sender("en")
    return await answer(services, Reply(event.event_id, person, text, event.received_at, at_once))


def _opt(services: Services, number: str, said: CarrierWord, now: datetime) -> None:
    if said.wish == "stop":
        bad = BadAddress("sms", number, "opted_out", None, f"wrote {said.word}", now)
        services.bad_addresses.remember(bad)
    elif said.wish == "start":
        services.bad_addresses.forgive("sms", number)


async def answer(services: Services, reply: Reply) -> str | None:
    """Do what the reply says and tell what came of it; None where the carrier answers itself. Raises nothing of the rules."""
    meant = understand(reply.text)
    if isinstance(meant, CarrierWord):
        return None
    cases = await in_thread(services.reply_codes.open_cases, reply.person.id)
    open_cases = [(code, case["ticket"]["subject"]) for code, case in cases]
    if isinstance(meant, NotUnderstood):
        return reply_answers.not_understood(cases[0][0] if len(cases) == 1 else None, reply.language)
    if meant.code is None and not cases:
        return reply_answers.no_open_case(reply.language)
    if meant.code is None and (len(cases) > 1 or not reply.at_once):
        return reply_answers.which_case(meant.command, open_cases, reply.language)
    code, case = (meant.code, await in_thread(services.reply_codes.live_case, meant.code)) if meant.code else cases[0]
    if case is None:
        return reply_answers.code_unknown(code, open_cases, reply.language)
    if meant.words_missing:
        return reply_answers.words_missing(meant.command, code, reply.language)
    return await _done(services, reply, meant, code, case)


async def _done(services: Services, reply: Reply, order: Order, code: str, case: Document) -> str:
    said = Said(order.command, reply.person.id, order.body, reply.word, reply.received_at)
    try:
        answered = await say(services, case, said)
    except Unavailable:
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
        return reply_answers.later(code, reply.language)
    except DomainError as refusal:
        return _refused(services, reply, code, case, refusal)
    if answered.status != 200:
        return reply_answers.later(code, reply.language)
    due = answered.body["next_due_at"]
    next_due = clock_time(datetime.fromisoformat(due), reply.person.timezone, services.now()) if due else None
    return reply_answers.done(order.command, code, case["ticket"]["subject"], next_due, reply.language)


def _refused(services: Services, reply: Reply, code: str, case: Document, refusal: DomainError) -> str:
    log.info("a reply was refused", case=case["id"], person=reply.person.id, code=refusal.code)
    now = services.escalations.latest(case["id"]) or case
    if refusal.code == "already_acknowledged" and now["owner"] is not None:
        owner = services.roster.current().person(now["owner"])
        return reply_answers.taken(code, owner.name if owner else now["owner"], reply.language)
    return reply_answers.refused(code, refusal.code, reply.language)
