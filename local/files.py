"""The files people name on the command line: read in one way, and where one cannot be read, said in one way."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Invalid
from domain.json_text import parse_json
from local.talk import usage

STANDARD_INPUT = "-"


def text_of(file: Path) -> str:
    """The text of a file; where it cannot be read, exit code 2 with why."""
    with _readable(str(file)):
        return file.read_text(encoding="utf-8")


def json_of(file: str | Path) -> object:
    """The JSON in a file or on standard input (`-`); where there is none, exit code 2 with why."""
    piped = file == STANDARD_INPUT
    name = "standard input" if piped else str(file)
    with _readable(name):
        text = sys.stdin.read() if piped else Path(file).read_text(encoding="utf-8")
    try:
        return parse_json(text)
    except RecursionError:
        raise usage(f"{name} cannot be read as JSON: it is nested too deeply") from None
    except (ValueError, Invalid) as error:
        raise usage(f"{name} cannot be read as JSON: {error}") from None


def why_unread(error: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read, without the words of the operating system's programmers."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (byte {error.start})"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; name a file"
    if isinstance(error, PermissionError):
        return "you may not read it"
    return error.strerror or type(error).__name__


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{name} cannot be read: {why_unread(error)}") from None
