"""How every command talks: options that all share, one way to ask, one way to print, one way to fail.

Exit codes: 0 done, 1 refused or no answer, 2 wrong usage. With `--json` the API's own text goes to standard output
untouched, refusals too, so that scripts can match on `code`.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from local.client import Answer, Api, ApiError, case_path
from local.options import ClientSettings
from settings import setting_faults

REFUSED = 1
WRONG_USAGE = 2
QUEUED = 202

Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON exactly as it came.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The escalation, such as zendesk-4711.")]
By = Annotated[str | None, typer.Option(help="The acting person; an agent's key acts as its own person without it.")]
Ask = Callable[[Api], Answer]
Show = Callable[[Any], None]


def client_settings() -> ClientSettings:
    """The settings, or exit code 2 and what is wrong with them."""
    try:
        return ClientSettings()
    except ValidationError as error:
        raise usage(setting_faults(error)) from None


def usage(words: str) -> typer.Exit:
    """Says what is wrong with what was typed; raise what it returns."""
    typer.echo(words, err=True)
    return typer.Exit(WRONG_USAGE)


def ask(question: Ask, as_json: bool, show: Show) -> None:
    """Ask the API and print its answer; a refusal is printed in plain words and ends with exit code 1."""
    settings = client_settings()
    with Api(settings.address, settings.secret) as api:
        try:
            answer = question(api)
        except ApiError as error:
            if as_json and error.text:
                typer.echo(error.text)
            else:
                typer.echo(error.message, err=True)
            raise typer.Exit(REFUSED) from None
    if as_json:
        typer.echo(answer.text)
    else:
        show(answer)


def data(show: Callable[[Any], None]) -> Show:
    """A shower of parsed data as a shower of answers."""
    return lambda answer: show(answer.data)


def command(id: str, name: str, fields: dict[str, Any], as_json: bool) -> None:
    """One command of the contract; fields that are None are left out of the body."""
    from local import show

    body = {field: value for field, value in fields.items() if value is not None}
    ask(
        lambda api: api.post(case_path(id, name), body),
        as_json,
        lambda answer: (show.queued if answer.status == QUEUED else show.changed)(answer.data),
    )
