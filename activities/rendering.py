"""Messages from templates: one file per kind, channel and language, tried out whole before the first one is needed.

An e-mail's first line is its subject, the rest its plain text; the HTML part is that same text in one layout, escaped, so
the two never say different things. Templates run in Jinja's sandbox, see the fields of one view (`activities.reading`),
and an unknown field is an error at the worker's start, not a gap in somebody's message.
"""

import re
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import get_args

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.reading import RESPONDER_KINDS, Case, CustomerView, ResponderView
from activities.wording import LANGUAGES, Language, shortened
from domain.messages import CustomerKind, MessageKind, ResponderKind
from domain.tickets import Channel

LAYOUT = "layout.html.j2"

KINDS: tuple[MessageKind, ...] = (*get_args(ResponderKind), *get_args(CustomerKind))
CHANNELS: tuple[Channel, ...] = get_args(Channel)

LONGEST_SUBJECT = 150  # characters; mail programs show half of that
LONGEST_SMS = 300  # two segments; longer ones are dear and arrive in pieces
# An SMS shortens what others wrote, first gently, then hard; our own words and the link are never cut.
SMS_CUTS = (
    {"subject": 50, "customer": 40, "name": 40, "text": 140},
    {"subject": 18, "customer": 18, "name": 18, "text": 60},
)

View = ResponderView | CustomerView


class TemplateFault(Exception):
    """A template is missing or cannot be rendered. Names the file."""


@dataclass(frozen=True)
class Rendered:
    """A message in words. An SMS has a text only."""

    subject: str | None
    text: str
    html: str | None


class Renderer:
    """Turns a case into words. Raises TemplateFault at once when any template is missing or asks for what no view has."""

    def __init__(self, templates: Path) -> None:
        self._jinja = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            autoescape=lambda name: bool(name and name.endswith(".html.j2")),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for kind, channel, language in product(KINDS, CHANNELS, LANGUAGES):
            for sample in _samples(kind):
                self._words(sample, kind, channel, language, reference="")

    def render(self, case: Case, reference: str) -> Rendered:
        """The message of a case in its reader's language. `reference` closes an SMS, so that it can be found again."""
        message = case.message
        return self._words(case.view(), message.kind, message.channel, case.language, reference)

    def _words(self, view: View, kind: MessageKind, channel: Channel, language: Language, reference: str) -> Rendered:
        name = f"{language}/{kind}.{channel}.j2"
        try:
            return self._sms(name, view, reference) if channel == "sms" else self._mail(name, view, language)
        except TemplateError as error:
            raise TemplateFault(f"template {name}: {type(error).__name__}: {error}") from error

    def _sms(self, name: str, view: View, reference: str) -> Rendered:
        template = self._jinja.get_template(name)
        ending = f" #{reference}" if reference else ""
        text = ""
        for cuts in SMS_CUTS:
            text = " ".join(template.render(_cut(view, cuts)).split()) + ending
            if len(text) <= LONGEST_SMS:
                break
        return Rendered(None, text, None)

    def _mail(self, name: str, view: View, language: Language) -> Rendered:
        first, _, rest = self._jinja.get_template(name).render(vars(view)).lstrip().partition("\n")
        subject = shortened(" ".join(first.split()), LONGEST_SUBJECT)
        text = re.sub(r"\n{3,}", "\n\n", rest).strip() + "\n"
        page = view.page if isinstance(view, ResponderView) else None
        paragraphs = [paragraph.split("\n") for paragraph in text.strip().split("\n\n")]
        html = self._jinja.get_template(LAYOUT).render(
            language=language, subject=subject, paragraphs=paragraphs, page=page
        )
        return Rendered(subject, text, html)


def _cut(view: View, cuts: dict[str, int]) -> dict[str, str | bool | None]:
    known = vars(view)
    return {**known, **{name: shortened(known[name], most) for name, most in cuts.items() if known.get(name)}}


def _samples(kind: MessageKind) -> tuple[View, View]:
    """A view with everything and one with only what is always there."""
    view = ResponderView if kind in RESPONDER_KINDS else CustomerView
    optional = {field.name for field in fields(view) if "None" in str(field.type)}
    full = {field.name: True if field.name == "vip" else field.name for field in fields(view)}
    return view(**full), view(**{name: None if name in optional else value for name, value in full.items()})  # type: ignore[arg-type]
