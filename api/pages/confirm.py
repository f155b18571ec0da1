"""The page of a contact test's link: one button says that the message has arrived. Looking says nothing: scanners look, too."""

from fastapi import Response

from api.pages.frame import HEADERS, page, words_only
from api.pages.words import reads, said
from api.services import Services, in_thread
from domain.contact_tests import language_of
from domain.errors import NotFound
from records.contact_tests import ContactTest
from signed_links import ToConfirm


async def show(services: Services, link: ToConfirm) -> Response:
    """The question, or the thanks once it is answered. Raises NotFound `contact_test_unknown`."""
    test = await in_thread(services.contact_tests.find, link.person, link.test)
    return _page(services, link, test)


async def act(services: Services, link: ToConfirm) -> Response:
    """It has arrived; the first press counts."""
    known = await in_thread(services.contact_tests.answered, link.person, link.test, link.channel, services.now())
    if not known:
        raise NotFound("contact_test_unknown", "there is no such test")
    return Response(status_code=303, headers={**HEADERS, "Location": "?"})


def _page(services: Services, link: ToConfirm, test: ContactTest | None) -> Response:
    person = services.roster.current().person(link.person)
    message = next((one for one in test.messages if one.channel == link.channel), None) if test else None
    if message is None:
        raise NotFound("contact_test_unknown", "there is no such test")
    if person is None:
        return words_only(services, "en", 403, "refused_title", "person_unknown")
    language = reads(language_of(person.locale))
    channel = said(language, f"channel_{link.channel}")
    return page(
        services,
        "confirm.html.j2",
        language,
        name=person.name,
        channel=channel,
        answered=message.answered_at is not None,
    )
