"""Messages from templates: one file per kind, channel and language, tried out whole before the first one is needed.

An e-mail's first line is its subject, the rest its plain text; the HTML part is that same text in one layout, escaped, so
the two never say different things. Templates run in Jinja's sandbox, see the fields of one view (`activities.reading`),
and an unknown field is an error at the worker's start, not a gap in somebody's message. A folder of the user's own is looked
into first, file by file. What was tried at the start is what goes out: a file changed later counts from the next start on.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import get_args

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.reading import Case, ResponderView, View
from activities.samples import REFERENCE, sample
from activities.sms_text import MOST_SEGMENTS, Fields, sms_text
from activities.template_faults import FAULTS, fault_of, misnamed, missing, no_folder, too_long
from activities.template_faults import TemplateFault as TemplateFault
from activities.together import head, one_sms, one_text
from activities.wording import ENGLISH, LANGUAGES, Language, language_of, shortened
from domain.directions import undirected
from domain.messages import CustomerKind, MessageKind, ResponderKind
from domain.problem_reminders import Why
from domain.sms_segments import segments
from domain.tickets import Channel, PersonalChannel

TEMPLATES, OWN_TEMPLATES = "templates", "own-templates"  # folders beside the policies
LAYOUT = "layout.html.j2"

KINDS: tuple[MessageKind, ...] = (*get_args(ResponderKind), *get_args(CustomerKind))
CHANNELS: tuple[PersonalChannel, ...] = get_args(PersonalChannel)  # a webhook has no wording: `webhook_body`

LONGEST_SUBJECT = 150  # characters; mail programs show half of that

# What templates are tried with at the start is the worst for an SMS: the longest times, and one sign that makes it UCS-2.
ZONE_WITHOUT_LETTERS = "Asia/Kathmandu"
ANOTHER_ALPHABET = "Касса"


@dataclass(frozen=True)
class Rendered:
    """A message in words. An SMS has a text only."""

    subject: str | None
    text: str
    html: str | None


class Renderer:
    """Turns a case into words. Raises TemplateFault at once, with every fault, when any template is missing, misnamed, asks for
    what no view has, or is an SMS that cannot be kept to two segments."""

    def __init__(self, templates: Path, own: Path | None = None) -> None:
        if not templates.is_dir():
            raise TemplateFault(no_folder(templates))
        folders = [own, templates] if own is not None else [templates]
        self._jinja = _environment(folders)
        names = self._jinja.list_templates(filter_func=lambda name: name.endswith(".j2"))
        self._names = frozenset(names)
        found = sorted(name.split("/")[0] for name in names if "/" in name)
        self.languages: tuple[Language, ...] = tuple(dict.fromkeys((*LANGUAGES, *found)))
        faults = dict.fromkeys(self._faults(folders))
        if faults:
            raise TemplateFault("\n".join(faults))

    def render(self, case: Case, reference: str) -> Rendered:
        """The message of a case in its reader's language. `reference` closes an SMS, so that it can be found again."""
        kind, channel = case.message.kind, case.message.channel
        language = self.language(kind, channel, case.locale)
        view, name = case.view(language), name_of(kind, channel, language)
        try:
            return self._words(view, name, channel, language, reference)
        except FAULTS as error:
            raise TemplateFault(fault_of(error, name, view)) from error

    def language(self, kind: MessageKind, channel: Channel, locale: str | None) -> Language:
        """The language this message is written in for a reader of that locale: English where it has no template."""
        wanted = language_of(locale)
        return wanted if name_of(kind, channel, wanted) in self._names else ENGLISH

    def file(self, kind: MessageKind, channel: Channel, language: Language) -> Path:
        """The file its words come from: the user's own, else ours."""
        return Path(self._jinja.get_template(name_of(kind, channel, language)).filename or "")

    def _faults(self, folders: Sequence[Path]) -> Iterator[str]:
        yield from misnamed(folders, KINDS, CHANNELS)
        for kind, channel, language in product(KINDS, CHANNELS, self.languages):
            name = name_of(kind, channel, language)
            if name in self._names:
                yield from self._faults_of(kind, channel, language)
            elif language in LANGUAGES:
                yield missing(name, folders)

    def _faults_of(self, kind: MessageKind, channel: Channel, language: Language) -> Iterator[str]:
        """Tried with everything a case can have, and with only what is always there; the first fault of each file."""
        name = name_of(kind, channel, language)
        for view in _views(kind, channel, language, self.languages):
            try:
                made = self._words(view, name, channel, language, REFERENCE)
            except FAULTS as error:
                yield fault_of(error, name, view)
                return
            if channel == "sms" and segments(made.text) > MOST_SEGMENTS:
                yield too_long(self.file(kind, channel, language), made.text)
                return

    def _words(self, view: View, name: str, channel: Channel, language: Language, reference: str) -> Rendered:
        if channel == "email":
            return self._mail(name, view, language)
        template = self._jinja.get_template(name)

        def write(known: Fields) -> str:
            return template.render(known)

        return Rendered(None, sms_text(write, view, reference), None)

    def _mail(self, name: str, view: View, language: Language) -> Rendered:
        said = undirected(self._jinja.get_template(name).render(vars(view)))
        first, _, rest = said.lstrip().partition("\n")
        subject = shortened(" ".join(first.split()), LONGEST_SUBJECT)
        text = re.sub(r"\n{3,}", "\n\n", rest).strip() + "\n"
        return Rendered(subject, text, self._html(subject, text, language, view.links))

    def _html(self, subject: str, text: str, language: Language, links: Sequence[str]) -> str:
        paragraphs = [paragraph.split("\n") for paragraph in text.strip().split("\n\n")]
        layout = self._jinja.get_template(LAYOUT)
        return layout.render(language=language, subject=subject, paragraphs=paragraphs, links=links)

    def together(self, made: Sequence[tuple[Case, Rendered]], reference: str) -> tuple[Rendered, int]:
        """Several messages to one responder as one, and how many of them are in it; the first is in any case.

        Each case's own code stands beside it, and none in the subject: an answer without a code must not hit one of them.
        """
        cases = [case for case, _ in made]
        first, language = made[0][1], language_of(cases[0].locale)
        if first.subject is None:
            text, count = one_sms(cases, language, reference)
            return (Rendered(None, text, None), count) if count > 1 else (first, 1)
        if len(made) == 1:
            return answerable(first, cases[0].code), 1
        subject = shortened(f"{head(language, len(made))}: {first.subject}", LONGEST_SUBJECT)
        text = one_text([(case, one.subject or "", one.text) for case, one in made], language)
        links = [link for case in cases for link in case.view(language).links]
        return Rendered(subject, text, self._html(subject, text, language, links)), len(made)


def answerable(made: Rendered, code: str | None) -> Rendered:
    """The subject of an e-mail that can be answered ends with the case's code, whatever its template says: answers quote it."""
    if made.subject is None or code is None:
        return made
    ending = f" [{code}]"
    return replace(made, subject=shortened(made.subject, LONGEST_SUBJECT - len(ending)) + ending)


def name_of(kind: MessageKind, channel: Channel, language: Language) -> str:
    """`en/step.sms.j2`."""
    return f"{language}/{kind}.{channel}.j2"


def _environment(folders: Sequence[Path]) -> ImmutableSandboxedEnvironment:
    """Reads each template once, for it was tried as it was then."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )


def _views(kind: MessageKind, channel: Channel, language: Language, languages: Sequence[Language]) -> Iterator[View]:
    """With all fields, with only those that are always there, too late; for a customer of every language."""
    worst = {"subject": ANOTHER_ALPHABET, "name": ANOTHER_ALPHABET}
    view = sample(kind, channel, language, vip=True, timezone=ZONE_WITHOUT_LETTERS, **worst).view(language)
    optional = [field.name for field in fields(view) if "None" in str(field.type)]
    full = replace(view, **{name: name for name in optional if getattr(view, name) is None})  # type: ignore[arg-type]
    yield full
    yield replace(full, vip=False, **dict.fromkeys(optional))  # type: ignore[arg-type]
    if isinstance(full, ResponderView):
        yield replace(full, late=True)
        yield from (replace(full, why=one) for one in get_args(Why))
        yield from (replace(full, customer_language=one) for one in languages)
