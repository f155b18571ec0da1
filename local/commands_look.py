"""Looking: what is open, what happened to one case, who was told, who is on call; and opening a new one."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from local import duty, show
from local.client import Answer, Api, case_path
from local.files import json_of
from local.talk import Id, Json, ask, data, usage

app = typer.Typer()
LOOK = "Looking"
Episode = Annotated[int | None, typer.Option(help="Another episode than the latest.")]
Filter = Annotated[str | None, typer.Option()]
CREATED = 201


@app.command("open", rich_help_panel="Working on a case")
def open_case(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The escalation as JSON; - reads standard input.")],
    json: Json = False,
) -> None:
    """Open an escalation; the same ticket again gives the one that is open."""

    def shown(answer: Any) -> None:
        words = "opened" if answer.status == CREATED else "already open: nothing was sent twice"
        show.console().print(words)
        show.changed(answer.data)

    body = json_of(file)
    ask(lambda api: api.post("/v1/escalations", body), json, shown)


@app.command("show", rich_help_panel=LOOK)
def show_case(id: Id, episode: Episode = None, json: Json = False) -> None:
    """Everything about one escalation."""
    ask(lambda api: api.get(case_path(id), episode=episode), json, data(show.escalation))


@app.command("list", rich_help_panel=LOOK)
def list_cases(
    status: Annotated[str | None, typer.Option(help="open, acknowledged, paused, resolved, closed, cancelled")] = None,
    tier: Filter = None,
    team: Filter = None,
    owner: Filter = None,
    priority: Filter = None,
    customer: Filter = None,
    overdue: Annotated[bool | None, typer.Option("--overdue/--not-overdue", help="A target has been missed.")] = None,
    q: Annotated[str | None, typer.Option("--query", "-q", help="Words to look for.")] = None,
    sort: Annotated[str | None, typer.Option(help="-opened_at (default), next_due_at, …")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=200)] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after an earlier list.")] = None,
    json: Json = False,
) -> None:
    """The escalations that fit."""
    filters = {"status": status, "tier": tier, "team": team, "owner": owner, "priority": priority, "customer": customer}
    rest = {"overdue": overdue, "q": q, "sort": sort, "limit": limit, "cursor": cursor}
    ask(lambda api: api.get("/v1/escalations", **filters, **rest), json, data(show.escalations))


@app.command(rich_help_panel=LOOK)
def timeline(id: Id, episode: Episode = None, json: Json = False) -> None:
    """What happened, oldest first."""
    ask(lambda api: api.get(case_path(id, "timeline"), episode=episode), json, data(show.timeline))


@app.command(rich_help_panel=LOOK)
def messages(id: Id, episode: Episode = None, json: Json = False) -> None:
    """Who was told what, on which channel, and what became of it."""
    ask(lambda api: api.get(case_path(id, "messages"), episode=episode), json, data(show.messages))


@app.command(rich_help_panel=LOOK)
def outbox(
    status: Annotated[str | None, typer.Option(help="queued, waiting, sending, sent, delivered, failed, …")] = None,
    code: Annotated[str | None, typer.Option(help="The provider's code of a failure, or possible_duplicate.")] = None,
    person: Annotated[str | None, typer.Option(help="Of the roster, or customer.")] = None,
    channel: Annotated[str | None, typer.Option(help="email, sms or webhook.")] = None,
    case: Annotated[str | None, typer.Option(help="The escalation, such as zendesk-4711.")] = None,
    limit: Annotated[int | None, typer.Option(min=1)] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after an earlier list.")] = None,
    json: Json = False,
) -> None:
    """The latest messages of all cases, newest first: sent, or kept on this machine where a channel has no credentials."""
    query = {"status": status, "code": code, "person": person, "channel": channel, "case": case}
    ask(lambda api: api.get("/v1/messages", **query, limit=limit, cursor=cursor), json, data(_outbox))


@app.command(rich_help_panel=LOOK)
def oncall(
    team: Annotated[str | None, typer.Argument(help="The team's id; without one, every team.")] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", "--at", help="When: 2026-12-24, '2026-12-24 09:00' on your clock, 2h; default: now."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Every shift and gap up to then: as --from; 7d counts from there.")
    ] = None,
    json: Json = False,
) -> None:
    """Who is on call, for one team or for all; with --until, every shift and gap."""
    try:
        start, end = map(duty.rfc3339, duty.stretch(begin, until, datetime.now(UTC)))
    except ValueError as error:
        raise usage(str(error)) from None
    people: dict[str, Any] = {}

    def asked(api: Api) -> Answer:
        if not json:
            people.update(api.get("/v1/roster").data)
        return api.get("/v1/on-call", team=team, at=start, until=end)

    ask(asked, json, data(lambda found: duty.show_duty(found["items"], people)))


def _outbox(found: Any) -> None:
    show.outbox(found["items"])
    show.doubts(found)
    if found.get("next_cursor"):
        show.console().print(f"more: --cursor {escape(found['next_cursor'])}")
