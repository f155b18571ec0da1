"""Trying a policy out: the whole chain it makes of a ticket, before anybody is woken by it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from domain.folding import Again
from local import show
from local.client import Answer, Api, ApiError
from local.commands_keep import neither, parsed_file
from local.files import json_of
from local.folding import folded
from local.talk import Json, ask, data, usage
from local.times import FORMS, moment_of

app = typer.Typer()
TICKET = {
    "ticket": {"system": "preview", "id": "1", "subject": "A ticket that is tried out"},
    "customer": {"id": "customer", "name": "Customer", "email": "customer@example.com", "phone": "+493012345678"},
    "trigger": {"kind": "manual"},
}
CHANNELS = {"sms": "SMS", "email": "e-mail"}


@app.command()
def preview(
    of: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="A policy in use, or a file; default: the ticket's own.")
    ] = None,
    ticket: Annotated[
        Path | None, typer.Option("--ticket", help="The escalation as JSON, as for `open`; default: an ordinary one.")
    ] = None,
    at: Annotated[str | None, typer.Option(help=f"When it opens; default: now. {FORMS}.")] = None,
    priority: Annotated[
        str | None, typer.Option(help="low, medium, high or critical, whatever the ticket says.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            "-e",
            help="What is said meanwhile, such as '+20m acknowledge by=dana' or '19:00 pause reason=waiting_on_customer'; "
            "may be given several times.",
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option("--roster", help="The people as a file, such as roster.yaml; default: those in use.")
    ] = None,
    json: Json = False,
) -> None:
    """Who is told what, when and why, until the case is closed. Nothing is opened and nobody is told."""
    start = _moment(at, datetime.now(UTC)) if at else datetime.now(UTC)
    body = {
        "policy": parsed_file(Path(of)) if of and Path(of).is_file() else of,
        "roster": parsed_file(roster, roster=True) if roster else None,
        "escalation": {**_ticket(ticket), **({"priority": priority} if priority else {})},
        "at": start.isoformat(),
        "events": [_event(text, start) for text in event or ()],
    }
    given = {name: value for name, value in body.items() if value is not None}

    def asked(api: Api) -> Answer:
        try:
            return api.post("/v1/policies/preview", given)
        except ApiError as error:
            raise neither(error, of) from None

    ask(asked, json, data(lambda rows: _show(rows, start, roster)))


def _ticket(file: Path | None) -> Mapping[str, Any]:
    if file is None:
        return TICKET
    found = json_of(file)
    if not isinstance(found, dict):
        raise usage(f"{file} holds no escalation: write an object, as in examples/checkout-down.json")
    return found


def _event(text: str, start: datetime) -> dict[str, Any]:
    """`+20m acknowledge by=dana` as the API takes it; a value may have spaces when it is quoted: `text='on it'`."""
    import shlex

    try:
        at, command, *fields = shlex.split(text)
    except ValueError:
        raise usage(
            f"--event '{text}': write a time, a command and its fields, such as '+20m acknowledge by=dana'"
        ) from None
    broken = [field for field in fields if "=" not in field]
    if broken:
        raise usage(f"--event '{text}': '{broken[0]}' is no field: write name=value, such as by=dana")
    body: dict[str, Any] = dict(field.split("=", 1) for field in fields)
    if "until" in body:
        body["until"] = _moment(body["until"], start).isoformat()
    return {"at": _moment(at, start).isoformat(), "command": command, **body}


def _moment(text: str, base: datetime) -> datetime:
    try:
        return moment_of(text, base)
    except ValueError as error:
        raise usage(str(error)) from None


def _show(rows: Sequence[Mapping[str, Any]], start: datetime, roster: Path | None) -> None:
    if roster is not None:
        show.console().print(f"with the people of {escape(str(roster))}, not those in use")
    show.table(("when", "after", "what", "who", "channel", "why"), _lines(rows, start), "nothing happens")
    told = [row for row in rows if row["channel"]]
    people = {row["person"] for row in told if row["person"]}
    missed = sum(row["what"] == "breached" for row in rows)
    sent = f"{show.counted(len(told), 'message', 'messages')} to {show.counted(len(people), 'person', 'people')}"
    late = show.counted(missed, "target", "targets")
    show.console().print(f"{sent} and the customer, {late} missed; times are those of your clock")
    if roster is None and any(row["what"] == "nobody_on_duty" for row in rows):
        show.console().print("nobody on duty: so says the roster in use; --roster FILE tries it with other people")


def _lines(rows: Sequence[Mapping[str, Any]], start: datetime) -> Iterator[Sequence[str]]:
    """A line each; a time that is the line before's is not written again, nor what repeats."""
    before = ""
    for row in folded(rows):
        if isinstance(row, Again):
            often = show.counted(row.times, "more time", "more times")
            yield (
                "",
                "",
                "…",
                "",
                "",
                f"the same every {show.length(row.every.total_seconds())}, {often} until {clock(row.until)}",
            )
            continue
        at = datetime.fromisoformat(row["at"])
        when = clock(at)
        after = show.length((at - start).total_seconds())
        what = row["what"].replace("_", " ")
        yield (
            "" if when == before else when,
            "" if when == before else after,
            show.word(what),
            show.word(row["who"]),
            CHANNELS.get(row["channel"] or "", ""),
            escape(_why(row, at)),
        )
        before = when


def _why(row: Mapping[str, Any], at: datetime) -> str:
    """The words with the time they speak of, as short as it is clear: `acknowledge by 18:05`, `… until Mon 2026-03-09 09:00`."""
    if not row["by"]:
        return str(row["why"])
    spoken = datetime.fromisoformat(row["by"])
    same_day = spoken.astimezone().date() == at.astimezone().date()
    joined = {"paused": " until ", "warned": ", due by "}.get(row["what"], " by ")
    return f"{row['why']}{joined}{clock(spoken)[len('Fri 2026-03-06 ') if same_day else 0 :]}"


def clock(at: datetime) -> str:
    """`Fri 2026-03-06 17:50` on this machine's clock; seconds where there are some."""
    local = at.astimezone()
    return local.strftime("%a %Y-%m-%d %H:%M:%S" if local.second else "%a %Y-%m-%d %H:%M")
