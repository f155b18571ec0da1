"""The words people read, for whoever wants to see them: every template, and what it makes of a made-up case.

The same for the command line and the page, by the renderer and the sample that the worker tries at its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from activities.rendering import CHANNELS, KINDS, Renderer
from activities.samples import REFERENCE, TO_CUSTOMERS, sample
from activities.wording import Language
from domain.messages import MessageKind
from domain.sms_segments import encoding_of, segments
from domain.tickets import PersonalChannel


@dataclass(frozen=True)
class Template:
    """One message in one language on one channel, and the file its words come from."""

    message: MessageKind
    to: Literal["customer", "responder"]
    channel: PersonalChannel
    language: Language
    file: Path


@dataclass(frozen=True)
class Preview:
    """A message as it would go out; `language` is the one it is written in. Only an SMS has segments and an encoding."""

    message: MessageKind
    channel: PersonalChannel
    language: Language
    file: Path
    subject: str | None
    text: str
    html: str | None
    segments: int | None
    encoding: str | None


def templates(renderer: Renderer) -> Iterator[Template]:
    """Every message in every language that it has a template in."""
    for kind in KINDS:
        for channel in CHANNELS:
            for language in renderer.languages:
                if renderer.language(kind, channel, language) == language:
                    to: Literal["customer", "responder"] = "customer" if kind in TO_CUSTOMERS else "responder"
                    yield Template(kind, to, channel, language, renderer.file(kind, channel, language))


def preview(
    renderer: Renderer, kind: MessageKind, channel: PersonalChannel, language: Language, *, vip: bool = False
) -> Preview:
    """The message made of the sample; in English where the language has no template for it."""
    made = renderer.render(sample(kind, channel, language, vip=vip), REFERENCE)
    used = renderer.language(kind, channel, language)
    counted = (segments(made.text), encoding_of(made.text)) if channel == "sms" else (None, None)
    file = renderer.file(kind, channel, used)
    return Preview(kind, channel, used, file, made.subject, made.text, made.html, *counted)
