"""What people say about one escalation: a verb for each command of the contract, the body field by field."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.view_time import rfc3339
from local.files import json_of
from local.talk import By, Id, Json, command, usage
from local.times import moment_of

app = typer.Typer()
CASE = "Working on a case"
Reason = Annotated[str, typer.Argument(help="Why, in a sentence.")]
Text = Annotated[str, typer.Argument(help="The words.")]
Person = Annotated[str, typer.Argument(help="A person's id from the roster.")]
ACTION_PARTS = 4


@app.command("ack", rich_help_panel=CASE)
@app.command("acknowledge", hidden=True)
def acknowledge(id: Id, by: By = None, note: Annotated[str | None, typer.Option()] = None, json: Json = False) -> None:
    """This is mine: stop telling others."""
    command(id, "acknowledge", {"by": by, "note": note}, json)


@app.command(rich_help_panel=CASE)
def assign(id: Id, to: Person, by: By = None, json: Json = False) -> None:
    """Name the owner; on an open case this acknowledges for them."""
    command(id, "assign", {"by": by, "to": to}, json)


@app.command(rich_help_panel=CASE)
def escalate(
    id: Id,
    reason: Reason,
    kind: Annotated[
        str | None, typer.Option(help="hierarchical (up) or functional (to a team); default: as --team says.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="The tier to go to; default: the next one.")] = None,
    team: Annotated[str | None, typer.Option(help="The team that can do it.")] = None,
    skill: Annotated[
        str | None, typer.Option(help="What it needs, such as database; the policy names the team.")
    ] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Up the chain of command, or with --team or --skill to the team that can do it."""
    kind = kind or ("functional" if team or skill else "hierarchical")
    body = {"by": by, "kind": kind, "tier": tier, "team": team, "skill": skill, "reason": reason}
    command(id, "escalate", body, json)


@app.command("hand-back", rich_help_panel=CASE)
def hand_back(id: Id, reason: Reason, by: By = None, json: Json = False) -> None:
    """One tier down again."""
    command(id, "hand-back", {"by": by, "reason": reason}, json)


@app.command(rich_help_panel=CASE)
def pause(
    id: Id,
    reason: Annotated[str, typer.Argument(help="waiting_on_customer, waiting_on_third_party or scheduled.")],
    until: Annotated[
        str | None,
        typer.Option(help="When it goes on by itself, such as 2h, '2026-03-09 09:00' or 2026-03-09T09:00:00Z."),
    ] = None,
    note: Annotated[str | None, typer.Option()] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Stop the clocks that may stop."""
    try:
        ends = rfc3339(moment_of(until, datetime.now(UTC))) if until else None
    except ValueError as error:
        raise usage(f"--until: {error}") from None
    command(id, "pause", {"by": by, "reason": reason, "until": ends, "note": note}, json)


@app.command(rich_help_panel=CASE)
def resume(id: Id, by: By = None, json: Json = False) -> None:
    """Let the clocks run on."""
    command(id, "resume", {"by": by}, json)


@app.command(rich_help_panel=CASE)
def note(id: Id, text: Text, by: By = None, json: Json = False) -> None:
    """Write something into the history."""
    command(id, "note", {"by": by, "text": text}, json)


@app.command("customer-update", rich_help_panel=CASE)
def customer_update(
    id: Id,
    text: Text,
    next_update_in: Annotated[
        str | None, typer.Option(help="The next promise, such as 2h; default: the policy's.")
    ] = None,
    told_by: Annotated[
        str | None, typer.Option(help="You have told them yourself: phone, in_person or other. Nothing is sent.")
    ] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Tell the customer how it stands, and when they hear from us next."""
    body = {"by": by, "text": text, "next_update_in": next_update_in, "told_by": told_by}
    command(id, "customer-update", body, json)


@app.command("customer-reply", rich_help_panel=CASE)
def customer_reply(
    id: Id, text: Text, channel: Annotated[str | None, typer.Option()] = None, json: Json = False
) -> None:
    """Record what the customer answered; it ends a wait on the customer."""
    command(id, "customer-reply", {"text": text, "channel": channel}, json)


@app.command("ticket-update", rich_help_panel=CASE)
def ticket_update(
    id: Id,
    subject: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    url: Annotated[str | None, typer.Option()] = None,
    category: Annotated[str | None, typer.Option()] = None,
    product: Annotated[str | None, typer.Option()] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Replaces all tags; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """The ticket itself has changed in its own system."""
    fields = {"subject": subject, "description": description, "url": url, "category": category, "product": product}
    given = {name: value for name, value in {**fields, "tags": tag or None}.items() if value is not None}
    if not given:
        raise usage("name at least one field, such as --subject 'Checkout is slow'")
    command(id, "ticket-update", {"fields": given}, json)


@app.command(rich_help_panel=CASE)
def watch(id: Id, person: Person, by: By = None, json: Json = False) -> None:
    """Keep somebody informed who owns nothing."""
    command(id, "watch", {"by": by, "person": person}, json)


@app.command(rich_help_panel=CASE)
def reprioritize(
    id: Id,
    reason: Reason,
    impact: Annotated[str | None, typer.Option(help="low, medium, high")] = None,
    urgency: Annotated[str | None, typer.Option(help="low, medium, high")] = None,
    priority: Annotated[str | None, typer.Option(help="low, medium, high, critical")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Change how urgent it is; every target is counted anew from where it began."""
    fields = {"by": by, "impact": impact, "urgency": urgency, "priority": priority, "reason": reason}
    command(id, "reprioritize", fields, json)


@app.command(rich_help_panel=CASE)
def resolve(
    id: Id,
    summary: Annotated[str, typer.Argument(help="What was done.")],
    customer_message: Annotated[str | None, typer.Option(help="What the customer reads.")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """The fix is given; the root cause is still owed."""
    command(id, "resolve", {"by": by, "summary": summary, "customer_message": customer_message}, json)


@app.command("root-cause", rich_help_panel=CASE)
def root_cause(
    id: Id,
    category: Annotated[str | None, typer.Option(help="Such as configuration, capacity, training.")] = None,
    description: Annotated[str | None, typer.Option(help="What failed, and why.")] = None,
    origin: Annotated[str | None, typer.Option(help="ours, product, third_party or customer.")] = None,
    factor: Annotated[list[str] | None, typer.Option(help="A contributing factor; may be repeated.")] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="'preventive; lee; 2030-01-31; alert on errors'; may be repeated.")
    ] = None,
    problem: Annotated[str | None, typer.Option(help="The problem it belongs to.")] = None,
    file: Annotated[Path | None, typer.Option(help="The whole body as JSON, instead of the options.")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Why it happened, and what keeps it from happening again."""
    fields: dict[str, Any] = _read(file) if file else {}
    given = {"category": category, "description": description, "origin": origin, "problem": problem, "by": by}
    lists = {"contributing_factors": factor, "actions": [_action(text) for text in action] if action else None}
    command(id, "root-cause", {**fields, **{k: v for k, v in {**given, **lists}.items() if v is not None}}, json)


@app.command(rich_help_panel=CASE)
def close(id: Id, by: By = None, json: Json = False) -> None:
    """The end: nothing goes out any more but the closed notice."""
    command(id, "close", {"by": by}, json)


@app.command(rich_help_panel=CASE)
def survey(
    id: Id,
    score: Annotated[int, typer.Argument(help="1 (bad) to 5 (good).")],
    comment: Annotated[str | None, typer.Option()] = None,
    json: Json = False,
) -> None:
    """What the customer answered when asked."""
    command(id, "survey", {"score": score, "comment": comment}, json)


@app.command(rich_help_panel=CASE)
def reopen(id: Id, reason: Reason, by: By = None, json: Json = False) -> None:
    """It was not solved after all."""
    command(id, "reopen", {"by": by, "reason": reason}, json)


@app.command(rich_help_panel=CASE)
def cancel(id: Id, reason: Reason, by: By = None, json: Json = False) -> None:
    """Withdraw it; nothing goes out any more."""
    command(id, "cancel", {"by": by, "reason": reason}, json)


@app.command(rich_help_panel=CASE)
def merge(
    id: Id, into: Annotated[str, typer.Argument(help="The escalation that goes on.")], by: By = None, json: Json = False
) -> None:
    """It is the same as another one, which takes it over."""
    command(id, "merge", {"by": by, "into": into}, json)


@app.command(rich_help_panel=CASE)
def rebase(
    id: Id,
    version: Annotated[int | None, typer.Option(help="The policy's version; default: the newest.")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Go on under another version of its policy."""
    command(id, "rebase", {"by": by, "version": version}, json)


def _action(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(";", ACTION_PARTS - 1)]
    if len(parts) != ACTION_PARTS:
        raise usage(
            f"an action is 'kind; owner; due date; text', such as 'preventive; lee; 2030-01-31; alert', not {text!r}"
        )
    return dict(zip(("kind", "owner", "due_on", "text"), parts, strict=True))


def _read(file: Path) -> dict[str, Any]:
    found = json_of(file)
    if not isinstance(found, dict):
        raise usage(f"{file} holds no JSON object")
    return found
