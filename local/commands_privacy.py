"""Forgetting a customer, and looking up who did and saw what."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape

from local import show
from local.talk import By, Json, ask, data

app = typer.Typer()
PRIVACY = "Privacy"
PATIENCE = 1800.0  # seconds: the whole store is read, and what is left to look at stands in the one answer


@app.command(rich_help_panel=PRIVACY)
def forget(
    customer: Annotated[str, typer.Option(help="The customer's id, as their cases have it.")],
    reason: Annotated[
        str | None, typer.Option(help="Why; the audit log keeps it, unless it may name the customer.")
    ] = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, and show nothing before.")] = False,
    json: Json = False,
) -> None:
    """Remove all personal data of a customer for good, and keep the figures. Shows first what would go, and asks."""
    path = f"/v1/customers/{quote(customer, safe='')}/forget"
    given = {name: value for name, value in {"by": by, "reason": reason}.items() if value is not None}
    if not yes:
        ask(lambda api: api.post(path, {**given, "dry_run": True}, PATIENCE), as_json=False, show=data(_would_go))
        typer.confirm(f"Remove this of '{customer}' for good?", abort=True, err=True)
    ask(lambda api: api.post(path, given, PATIENCE), json, data(_gone))


@app.command(rich_help_panel=PRIVACY)
def audit(
    person: Annotated[str | None, typer.Option(help="Who; a person's id.")] = None,
    case: Annotated[str | None, typer.Option(help="About which escalation, such as zendesk-4711.")] = None,
    since: Annotated[str | None, typer.Option(help="A time such as 2026-03-06T00:00:00Z.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=200)] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after an earlier list.")] = None,
    json: Json = False,
) -> None:
    """Who did and saw what, the newest first."""
    query = {"person": person, "case": case, "since": since, "limit": limit, "cursor": cursor}
    ask(lambda api: api.get("/v1/audit", **query), json, data(_lines))


def _lines(found: Any) -> None:
    headings = ("at", "who", "role", "what", "about", "via", "came to")
    show.table(headings, [_line(one) for one in found["items"]], "nothing is written down")
    if found.get("next_cursor"):
        show.console().print(f"more: --cursor {found['next_cursor']}", markup=False)


def _line(one: dict[str, Any]) -> list[str]:
    who = one["who"] or "somebody"
    told = one["details"].get("code") or one["details"].get("outcome") or one["details"].get("status")
    made = one["details"].get("role")  # a key, for that role
    about = f"{one['subject']} ({made})" if made else one["subject"]
    words = (who, one["role"], one["what"], about, one["via"], told)
    return [show.moment(one["at"]), *(show.word(word) for word in words)]


def _would_go(found: Any) -> None:
    _before(found)
    _table(found["removed"], "would be removed", "nothing of this customer is known")
    _left(found)


def _gone(found: Any) -> None:
    _before(found)
    _table(found["removed"], "removed", "nothing was left to remove")
    if found["pseudonym"]:
        show.console().print(f"the figures count these cases under the customer '{found['pseudonym']}'")
    _left(found)


def _before(found: Any) -> None:
    if found["forgotten_before"]:
        show.console().print("this customer was forgotten before")


def _left(found: Any) -> None:
    if found["left"]:
        _table(found["left"], "left", "")
    for one in found["left"]:
        if one["which"]:
            show.console().print(f"{one['what']}: {', '.join(one['which'])}", markup=False, soft_wrap=True)


def _table(counted: Any, heading: str, empty: str) -> None:
    show.table(("", heading), [(str(one["count"]), escape(one["words"])) for one in counted], empty)
