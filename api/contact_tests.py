"""Testing whether a person is reached: one message on each of their channels, and what became of it.

The messages are kept first and go out through Temporal, as answers to e-mails do. A person is tested once a minute at most.
"""

from functools import partial
from secrets import token_hex
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from activities.wording import short_time
from api import receipts
from api.audit_notes import notes
from api.auth import Caller, Reader, allow
from api.errors import BODY, Json, problems
from api.idempotency import Acting, Answered
from api.services import Services, Wired, in_thread
from api.shapes import ContactTestItem, ContactTestMessage
from domain import contact_tests
from domain.errors import Forbidden, NotAllowed, NotFound
from domain.roster import Person
from records.answers import MailAnswer
from records.bad_addresses import BadAddress
from records.contact_tests import ContactTest, is_reference_of_test
from records.inbound import InboundEvent

router = APIRouter(prefix="/v1/roster/people", tags=["roster"])

PersonId = Annotated[str, Path(description="the person's id in the roster", examples=["dana"])]
Tester = Annotated[Caller, Depends(allow("agent", "operator", "admin"))]


@router.post(
    "/{id}/contact-test",
    status_code=201,
    response_model=ContactTestItem,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def start_contact_test(id: PersonId, caller: Tester, acting: Acting, services: Wired) -> Response:
    """Send a test to each address of the person. An agent tests their own; once a minute at most."""
    return await acting.answer(partial(_started, services, caller, id))


@router.get("/{id}/contact-test", response_model=ContactTestItem, responses=problems(401, 403, 404, 503))
def show_contact_test(id: PersonId, _: Reader, services: Wired) -> Response:
    """The latest test of the person: what became of each message, and whether it was answered."""
    person = _person(services, id)
    test = services.contact_tests.latest(person.id)
    if test is None:
        raise NotFound("contact_test_not_found", f"the contact of '{id}' has not been tested yet")
    return Json(item(test).model_dump(mode="json"))


async def begin(services: Services, caller: Caller, person_id: str) -> ContactTest:
    """Keep the messages and let them go out.

    Raises Forbidden `not_yourself`, NotFound `person_not_found`, NotAllowed `no_address` or `contact_test_running`.
    """
    notes().about(person_id)
    if caller.role == "agent" and person_id != caller.person:
        raise Forbidden("not_yourself", f"this key tests the contact of '{caller.person}' only")
    test = await in_thread(_kept, services, caller, person_id)
    services.something_came.set()  # `api.inbound` hands it over
    return test


def item(test: ContactTest) -> ContactTestItem:
    """A test as the API shows it."""
    return ContactTestItem(
        id=test.id,
        person=test.person,
        asked_by=test.asked_by,
        asked_at=test.asked_at,
        channels=[
            ContactTestMessage.model_validate({name: getattr(one, name) for name in ContactTestMessage.model_fields})
            for one in test.messages
        ],
    )


async def act_on_receipt(services: Services, event: InboundEvent) -> None:
    """A receipt of a test is written down with it; every other one goes its way."""
    receipt = receipts.READ[event.source](event.body)
    if receipt is None or not is_reference_of_test(receipt.reference):
        await receipts.act_on(services, event)
        return
    test = await in_thread(services.contact_tests.heard, receipt, services.now())
    if test is not None and receipt.fault is not None:
        bad = BadAddress(test.channel, test.to, receipt.fault, receipt.code, receipt.reason, services.now())
        await in_thread(services.bad_addresses.remember, bad)


async def _started(services: Services, caller: Caller, person_id: str) -> Answered:
    test = await begin(services, caller, person_id)
    return Answered(201, item(test).model_dump(mode="json"))


def _person(services: Services, id: str) -> Person:
    person = services.roster.current().person(id)
    if person is None:
        raise NotFound("person_not_found", f"the roster has no person '{id}'")
    return person


def _kept(services: Services, caller: Caller, person_id: str) -> ContactTest:
    person, now, id = _person(services, person_id), services.now(), token_hex(6)
    messages = _messages(services, caller, person, id)
    if not messages:
        raise NotAllowed("no_address", f"the roster has neither an e-mail address nor a phone number of '{person_id}'")
    services.contact_tests.begin(id, person.id, messages, now)
    return ContactTest(id, person.id, caller.name, now, messages)


def _messages(services: Services, caller: Caller, person: Person, id: str) -> tuple[MailAnswer, ...]:
    now, language = services.now(), contact_tests.language_of(person.locale)
    at = short_time(now, person.timezone, language)
    asker = services.roster.current().person(caller.person) if caller.person else None
    who = None if caller.person == person.id else asker.name if asker else caller.name
    made: list[MailAnswer] = []
    if person.email is not None:
        link = services.links.to_confirm(person.id, id, "email", now)
        mail = contact_tests.mail(person.name, who, at, link, language)
        made.append(MailAnswer(person.email, *mail, None, person=person.id, asked_by=caller.name))
    if person.phone is not None:
        link = services.links.to_confirm(person.id, id, "sms", now)
        replies = services.settings.public_url is not None and "sms" not in services.outbox_only
        text = contact_tests.sms(at, link, replies, language)
        made.append(MailAnswer(person.phone, "", text, None, channel="sms", person=person.id, asked_by=caller.name))
    return tuple(made)
