"""What can be wrong with a template, in words for the person who wrote it: the file, the line, what is wrong, what to write.

A file nobody would ever read is a fault too: a slip in its name must not leave the old words in use without a sound.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from traceback import walk_tb

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

from activities.reading import View
from domain.sms_segments import encoding_of, segments
from domain.tickets import Channel

# What a template's own code may raise beside Jinja's errors: `{{ subject + 1 }}`, `{{ 1 / 0 }}`, a file that is not UTF-8.
FAULTS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, OSError)

LANGUAGE_FOLDER = re.compile(r"[a-z]{2,3}")
PARTS = ("customer.email.j2", "responder.email.j2")  # what the e-mails of a language have in common
LAYOUT = "layout.html.j2"


class TemplateFault(Exception):
    """Templates are missing or cannot be used. Names each file and what is wrong with it, a line for each."""


def fault_of(error: Exception, name: str, view: View) -> str:
    """The fault in one line, with the place it was met at; of an unknown field also the fields there are."""
    place = _place(error)
    if isinstance(error, TemplateNotFound):
        lacking = " or ".join(str(one) for one in error.templates)
        return f"{place}: {lacking} is not there" if place else f"template {lacking}: there is no such file"
    place = place or f"template {name}"
    if isinstance(error, UndefinedError):
        return f"{place}: {error.message}; the fields here are {', '.join(vars(view))}"
    return f"{place}: {error}"


def no_folder(templates: Path) -> str:
    """There is nothing to write messages from."""
    return f"there is no folder {templates}; copy Tierline's policies/templates there, or set TIERLINE_POLICIES to its folder"


def missing(name: str, folders: Sequence[Path]) -> str:
    """A message has no template."""
    return f"template {folders[-1] / name}: there is no such file; every message needs one"


def too_long(file: Path, text: str) -> str:
    """An SMS whose own words leave others no room."""
    count, encoding = segments(text), encoding_of(text)
    return (
        f"template {file}: too long for an SMS: with names and subjects cut to nothing it takes {count} segments in {encoding} "
        f"('{text}'); use fewer words of your own"
    )


def misnamed(folders: Sequence[Path], kinds: Sequence[str], channels: Sequence[Channel]) -> Iterator[str]:
    """Templates that no message would ever use. What begins with `_` is for templates to include."""
    known = [*(f"{kind}.{channel}.j2" for kind, channel in product(kinds, channels)), *PARTS]
    for file in (file for folder in folders for file in sorted(folder.rglob("*.j2"))):
        inside = next(folder for folder in folders if file.is_relative_to(folder))
        language, *rest = file.relative_to(inside).parts
        if file.name.startswith("_") or (not rest and file.name == LAYOUT):
            continue
        if len(rest) != 1 or not LANGUAGE_FOLDER.fullmatch(language):
            yield f"template {file}: put it into the folder of a language, such as en/{file.name} (no region: pt, not pt-BR)"
        elif file.name not in known:
            close = get_close_matches(file.name, known, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            yield f"template {file}: no message has this name{meant} (a part for others to include begins with _)"


def _place(error: Exception) -> str | None:
    """The template and line the error was met at; Jinja writes both into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return f"template {error.filename or error.name}, line {error.lineno}"
    met = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    return next((f"template {file}, line {line}" for file, line in reversed(met) if file.endswith(".j2")), None)
