"""Every template on a page, and each as it would go out with a made-up case; nothing is sent.

What a template makes of it is somebody's HTML: it stands in a frame without rights, from an address of its own that allows
styles and nothing else.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from activities.previews import Preview, Template, preview, templates
from activities.rendering import CHANNELS, KINDS, OWN_TEMPLATES, TEMPLATES, Renderer
from activities.template_faults import TemplateFault
from api.pages.frame import HEADERS, PageRoute
from api.pages.signed_in import Reader, desk_page
from api.services import Services, Wired
from domain.errors import NotFound

PATH = "/templates"
FRAMING = HEADERS["Content-Security-Policy"].replace("style-src", "frame-src 'self'; style-src")
# The mail's own styles are inline; nothing else of it may act, load or lead anywhere, whatever frame it is in.
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PATH)
def list_templates(session: Reader, services: Wired) -> Response:
    """Kinds by channels and languages, and where each comes from; or what is wrong with them."""
    try:
        renderer = _renderer(services)
    except TemplateFault as fault:
        return desk_page(services, session, "templates.html.j2", rows=[], columns=[], faults=str(fault).splitlines())
    rows = list(_rows(services, renderer))
    return desk_page(
        services,
        session,
        "templates.html.j2",
        rows=rows,
        columns=[(channel, language) for channel in CHANNELS for language in renderer.languages],
        faults=[],
    )


@router.get(PATH + "/{kind}/{channel}/{language}")
def show_template(
    kind: str, channel: str, language: str, session: Reader, services: Wired, vip: str | None = None
) -> Response:
    """One message as it would go out."""
    try:
        made = _made(_renderer(services), kind, channel, language, vip=vip == "1")
    except TemplateFault as fault:
        return desk_page(services, session, "templates.html.j2", rows=[], columns=[], faults=str(fault).splitlines())
    answer = desk_page(
        services, session, "template.html.j2", made=made, vip=vip == "1", file=_shown(services, made.file)
    )
    answer.headers["Content-Security-Policy"] = FRAMING
    return answer


@router.get(PATH + "/{kind}/{channel}/{language}/html")
def show_html(kind: str, channel: str, language: str, _: Reader, services: Wired, vip: str | None = None) -> Response:
    """The HTML part alone, for the frame. Raises NotFound where there is none."""
    try:
        made = _made(_renderer(services), kind, channel, language, vip=vip == "1")
    except TemplateFault as fault:
        raise NotFound("template_missing", "the templates are faulty") from fault  # the page around it says why
    if made.html is None:
        raise NotFound("template_missing", "an SMS has no HTML part")
    own = {"Content-Security-Policy": FRAMED, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(made.html, headers={**HEADERS, **own})


def _renderer(services: Services) -> Renderer:
    """As the worker makes it at its start. Raises TemplateFault."""
    policies = services.settings.policies
    return Renderer(policies / TEMPLATES, policies / OWN_TEMPLATES)


def _made(renderer: Renderer, kind: Any, channel: Any, language: str, *, vip: bool) -> Preview:
    """Raises NotFound `template_missing`."""
    if kind not in KINDS or channel not in CHANNELS or language not in renderer.languages:
        raise NotFound("template_missing", "there is no such template")
    return preview(renderer, kind, channel, language, vip=vip)


def _rows(services: Services, renderer: Renderer) -> Iterator[dict[str, Any]]:
    """A row for each message: its templates by channel and language, and whether each is the user's own."""
    own = services.settings.policies / OWN_TEMPLATES
    for kind, found in groupby(templates(renderer), key=lambda one: one.message):
        known: list[Template] = list(found)
        cells = {
            (one.channel, one.language): ("own_words" if one.file.is_relative_to(own) else "our_words") for one in known
        }
        yield {"kind": kind, "to": known[0].to, "cells": cells}


def _shown(services: Services, file: Path) -> str:
    """From the policies' folder on: where that lies is nobody's business here."""
    folder = services.settings.policies
    return str(file.relative_to(folder.parent) if file.is_relative_to(folder.parent) else file)
