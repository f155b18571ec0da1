"""The words people read: every template, and what it makes of a made-up case. Needs no running system and sends nothing.

Every command reads the templates of `TIERLINE_POLICIES` and the user's own exactly as the worker does at its start, and so
says what would keep it from starting.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from local import show
from local.talk import REFUSED, client_settings, usage

if TYPE_CHECKING:  # Jinja takes a while to load; commands that print no template need not wait for it
    from activities.rendering import Renderer
    from domain.tickets import PersonalChannel

template = typer.Typer(help="Messages: the words they are written in, tried on a made-up case.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CHANNELS: tuple["PersonalChannel", ...] = ("email", "sms")


@template.command("check")
def template_check() -> None:
    """Every mistake in the templates, with its place."""
    from activities.rendering import KINDS

    renderer = _renderer()
    languages = ", ".join(renderer.languages)
    typer.echo(f"all templates are fine: {len(KINDS)} messages, each as e-mail and SMS; languages {languages}")


@template.command("list")
def template_list(json: Json = False) -> None:
    """Every message, and the file its words come from in each language."""
    found = list(_files(_renderer()))
    if json:
        _print_json(found)
    else:
        columns = ("message", "to", "channel", "language", "file")
        show.table(columns, ([escape(one[column]) for column in columns] for one in found), "no templates")


@template.command("preview")
def template_preview(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The message, such as step; `template list` shows all.")],
    channel: Annotated[str | None, typer.Option(help="email or sms; default: both.")] = None,
    language: Annotated[str, typer.Option(help="en, de or a language of your own.")] = "en",
    vip: Annotated[bool, typer.Option("--vip", help="The customer is a VIP.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the e-mail's HTML part into this file.")] = None,
    json: Json = False,
) -> None:
    """A message as it would go out, made of a case that never was. Nothing is sent."""
    if channel not in (None, *CHANNELS):
        raise usage(f"--channel {channel}: write email or sms")
    if html is not None and channel == "sms":
        raise usage("--html: an SMS has no HTML part; leave --channel sms out")
    renderer = _renderer()
    _check_names(renderer, kind, language)
    made = [_preview(renderer, kind, one, language, vip) for one in ([channel] if channel else CHANNELS)]
    if html is not None:
        _write(html, next(one["html"] for one in made if one["html"]))
    if json:
        _print_json(made)
    else:
        _show(made, language, html)


def _renderer() -> "Renderer":
    """As the worker makes it; where it would not start, exit code 1 and every fault."""
    from activities.rendering import OWN_TEMPLATES, TEMPLATES, Renderer
    from activities.template_faults import TemplateFault

    policies = client_settings().policies
    try:
        return Renderer(policies / TEMPLATES, policies / OWN_TEMPLATES)
    except TemplateFault as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(REFUSED) from None


def _files(renderer: "Renderer") -> Iterator[dict[str, str]]:
    from activities.previews import templates

    for one in templates(renderer):
        yield {**vars(one), "file": _shown(one.file)}


def _shown(file: Path) -> str:
    """As short as it is clear: from here, where it is below."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _check_names(renderer: "Renderer", kind: str, language: str) -> None:
    from activities.rendering import KINDS

    if kind not in KINDS:
        close = get_close_matches(kind, KINDS, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise usage(f"there is no message '{kind}'; {meant}There are: {', '.join(KINDS)}")
    if language not in renderer.languages:
        raise usage(f"--language {language}: there are templates in {', '.join(renderer.languages)}")


def _preview(renderer: "Renderer", kind: Any, channel: Any, language: str, vip: bool) -> dict[str, Any]:
    from activities.previews import preview

    made = preview(renderer, kind, channel, language, vip=vip)
    return {**vars(made), "file": _shown(made.file)}


def _show(made: Sequence[dict[str, Any]], language: str, html: Path | None) -> None:
    for one in made:
        typer.echo(f"--- {'e-mail' if one['channel'] == 'email' else 'SMS'}, {one['file']}")
        if one["language"] != language:
            typer.echo(f"--- there is no template in '{language}' for it: English is sent")
        if one["subject"] is not None:
            typer.echo(f"Subject: {one['subject']}\n")
        typer.echo(one["text"].rstrip() + "\n")
        if one["segments"] is not None:
            typer.echo(f"{show.counted(one['segments'], 'segment', 'segments')}, {one['encoding']}")
    if html is not None:
        typer.echo(f"the HTML part is in {html}")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise usage(f"{file} cannot be written: {error.strerror or type(error).__name__}") from None


def _print_json(found: Any) -> None:
    import json

    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
