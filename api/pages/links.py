"""`/r/{token}`: what a link in a message opens. GET and HEAD show, whoever fetches them; only POST acts.

The token is the key: nobody can make another person's browser act without knowing it, and it stands in no cookie, so a form of
another site has nothing to ride on. It leaves by no referrer, is kept by no cache, and no log of ours has it.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.audit_notes import notes
from api.pages import act, confirm, rate, saying
from api.pages.frame import PageRoute, read_by, words_only
from api.pages.words import reads
from api.services import Services, Wired, in_thread
from signed_links import PATH, Link, LinkExpired, ToConfirm, ToRate

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Word = Annotated[str | None, Query()]


@router.api_route(PATH + "{token}", methods=["GET", "HEAD"])
async def show(
    token: str, request: Request, services: Wired, told: Word = None, score: Word = None, again: Word = None
) -> Response:
    """The page of a link. Changes nothing: scanners of mail fetch every link they find."""
    try:
        link = services.links.read(token, services.now())
    except LinkExpired as expired:
        return await _too_old(services, expired.link)
    _read_by(request, services, link)
    if isinstance(link, ToRate):
        return await rate.show(services, link, told, score, again is not None)
    if isinstance(link, ToConfirm):
        return await confirm.show(services, link)
    notes().follows(link)  # a customer sees their own request: that is no look
    return await act.show(services, link, told)


@router.post(PATH + "{token}")
async def press(token: str, request: Request, services: Wired) -> Response:
    """What a button of the page does."""
    try:
        link = services.links.read(token, services.now())
    except LinkExpired as expired:
        notes().follows(expired.link)
        return await _too_old(services, expired.link)
    notes().follows(link)
    _read_by(request, services, link)
    if isinstance(link, ToConfirm):
        return await confirm.act(services, link)
    async with request.form(max_files=0, max_fields=saying.MOST_FIELDS) as form:
        posted = saying.Posted.of(form)
    if isinstance(link, ToRate):
        return await rate.act(services, link, posted)
    return await act.act(services, link, posted)


def _read_by(request: Request, services: Services, link: Link) -> None:
    """Whose link it is; of a customer's language only their case knows, which may be what breaks."""
    person = None if isinstance(link, ToRate) else services.roster.current().person(link.person)
    if person is not None:
        read_by(request, reads(person.locale))


async def _too_old(services: Services, link: Link) -> Response:
    """In the language of whose link it was."""
    if isinstance(link, ToRate):
        case = await in_thread(services.escalations.find, link.escalation, link.episode)
        return words_only(
            services, reads(case["customer"].get("locale") if case else None), 403, "refused_title", "rate_expired"
        )
    person = services.roster.current().person(link.person)
    return words_only(services, reads(person.locale if person else None), 403, "refused_title", "link_expired")
