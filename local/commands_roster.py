"""The roster: who works here, and whose turn it is; out as a file, in from a file, in from calendars."""

import json as jsonlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer
from rich.markup import escape

from domain.provider_codes import FAULT_WORDS
from local import show
from local.client import Answer, Api
from local.duty import clock
from local.files import text_of
from local.talk import REFUSED, Json, ask, client_settings, data

roster = typer.Typer(help="The roster: who works here, and whose turn it is.", no_args_is_help=True)
OK = 200
EMPTY = "{file} has no people, so no case would be told to anybody; if the roster is to be emptied, say so with --allow-empty"


@roster.command("show")
@roster.command("export")
def roster_export(json: Json = False) -> None:
    """The roster in use, as the file that `import` takes: tierline roster export > roster.yaml"""
    ask(lambda api: api.get("/v1/roster"), json, data(_as_file))


@roster.command("apply")
@roster.command("import")
def roster_import(
    file: Annotated[Path, typer.Argument(help="A YAML file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Even if nobody is in it.")] = False,
    json: Json = False,
) -> None:
    """Put a roster into use and say what that changes; it counts at once, for running cases too."""
    from domain.roster_changes import roster_changes

    new = _document(file)
    if not new["people"] and not allow_empty and not dry_run:
        typer.echo(EMPTY.format(file=file), err=True)
        raise typer.Exit(REFUSED)
    changes: list[str] = []

    def put(api: Api) -> Answer:
        changes.extend(roster_changes(api.get("/v1/roster").data, new))
        return _looked(api, new, changes) if dry_run else api.put("/v1/roster", new)

    def shown(answer: Answer) -> None:
        for line in changes or ["nothing changes"]:
            typer.echo(line)
        for fault in answer.data.get("warnings", ()):
            typer.echo(f"worth a look: {fault['path']}: {fault['message']}")
        typer.echo("only looked: nothing was changed" if dry_run else "the roster is in use")

    ask(put, json, shown)


@roster.command("bad-addresses")
def roster_bad_addresses(json: Json = False) -> None:
    """Addresses that do not work, as the providers have said; nothing is sent there."""
    ask(lambda api: api.get("/v1/roster/bad-addresses"), json, data(_bad_addresses))


@roster.command("forgive")
def roster_forgive(
    channel: Annotated[Literal["email", "sms"], typer.Argument(help="What the address is for.")],
    address: Annotated[str, typer.Argument(help="As `tierline roster bad-addresses` shows it.")],
    json: Json = False,
) -> None:
    """The address works again: the next message goes there."""
    path = f"/v1/roster/bad-addresses/{channel}/{quote(address, safe='')}"
    ask(lambda api: api.delete(path), json, lambda _: typer.echo("forgiven: the next message goes there"))


@roster.command("webhook-secret")
def roster_webhook_secret(
    team: Annotated[str, typer.Argument(help="The team's id, such as support.")], json: Json = False
) -> None:
    """What the receiver of this team's webhooks checks their signatures with. For admins."""
    path = f"/v1/roster/teams/{quote(team, safe='')}/webhook-secret"
    ask(lambda api: api.get(path), json, data(lambda found: typer.echo(found["secret"])))


def _bad_addresses(found: list[dict[str, Any]]) -> None:
    rows = [
        [escape(one["person"] or "a customer"), escape(one["address"]), FAULT_WORDS[one["fault"]],
         escape(": ".join(filter(None, (one["code"], one["reason"])))), clock(one["since"])]
        for one in found
    ]  # fmt: skip
    show.table(("whose", "address", "what is wrong", "the provider's words", "since"), rows, "all addresses work")


@roster.command("feed")
def roster_feed(
    name: Annotated[str, typer.Argument(help="What the feed is called here, such as holidays.")],
    source: Annotated[str, typer.Argument(metavar="FILE|URL|-", help="The calendar (.ics); - reads standard input.")],
    kind: Annotated[
        Literal["shifts", "absences"], typer.Option("--as", help="What its events are: on duty first, or away.")
    ],
    team: Annotated[
        str | None, typer.Option(help="Whose shifts they are; for absences, only those of its members.")
    ] = None,
    json: Json = False,
) -> None:
    """Take over the events of a calendar from now to a year ahead, in place of what the feed brought before."""
    from local.feeds import FeedError, content_of, send

    try:
        content = content_of(source)
    except FeedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from None
    query = {"as": kind, "team": team}
    ask(lambda api: send(api.url, client_settings().secret, name, content, **query), json, data(_taken))


def _looked(api: Api, new: Mapping[str, Any], changes: Sequence[str]) -> Answer:
    """What an import would say, without one."""
    from domain.policy import Policy
    from domain.roster import Roster
    from domain.roster_warnings import roster_warnings

    policies = [Policy.model_validate(one) for one in api.get("/v1/policies").data["items"]]
    found = roster_warnings(Roster.model_validate(new), policies)
    warnings = [{"path": one.path, "message": one.message} for one in found]
    said = {"changes": changes, "warnings": warnings}
    return Answer(OK, jsonlib.dumps(said), said)


def _document(file: Path) -> dict[str, Any]:
    """The roster in a file, checked by the rules the API has too."""
    from domain.errors import PolicyFaults
    from domain.roster_file import load_roster

    try:
        found = load_roster(text_of(file), str(file))
    except PolicyFaults as faults:
        typer.echo(str(faults), err=True)
        raise typer.Exit(REFUSED) from None
    return found.model_dump(mode="json", by_alias=True)


def _as_file(found: Any) -> None:
    from domain.roster_file import roster_text

    typer.echo(roster_text(found), nl=False)


def _taken(found: Any) -> None:
    entries = "entry" if found["taken"] == 1 else "entries"
    typer.echo(f"{found['feed']}: {found['taken']} {entries} taken as {found['as']}")
    if found["left_out"]:
        lines = (
            [escape(one["event"]), clock(one["first"]), str(one["times"]), escape(one["why"])]
            for one in found["left_out"]
        )
        show.table(("left out", "first on", "times", "why"), lines, "")
