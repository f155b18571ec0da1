"""Closed cases: what was wrong before, why, and what helped."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from local import show
from local.talk import Json, ask, data, usage

closures = typer.Typer(help="Closed cases: what was wrong, why, and what helped.", no_args_is_help=True)
Filter = Annotated[str | None, typer.Option()]
LONGEST = 200  # characters of a cause or a fix


@closures.command("list")
def list_closures(
    q: Annotated[str | None, typer.Option("--query", "-q", help="Words to look for, in any of their forms.")] = None,
    category: Annotated[str | None, typer.Option(help="Of the ticket.")] = None,
    cause_category: Filter = None,
    product: Filter = None,
    customer: Annotated[str | None, typer.Option(help="The customer's id.")] = None,
    origin: Annotated[str | None, typer.Option(help="ours, product, third_party, customer")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Closed then or later: 2026-03-06T00:00:00Z.")] = None,
    to: Annotated[str | None, typer.Option(help="Closed before then.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=200)] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after an earlier list.")] = None,
    json: Json = False,
) -> None:
    """The closed cases that fit, closed last first."""
    filters = {"q": q, "category": category, "cause_category": cause_category, "product": product, "customer": customer}
    rest = {"origin": origin, "from": begin, "to": to, "limit": limit, "cursor": cursor}
    ask(lambda api: api.get("/v1/closures", **filters, **rest), json, data(_show_page))


@closures.command("similar")
def similar_closures(
    words: Annotated[
        str | None, typer.Argument(help="What is wrong, in your words; or name a case with --case.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="Those like this case, such as zendesk-4711.")] = None,
    product: Annotated[str | None, typer.Option(help="Cases of this product come first.")] = None,
    category: Annotated[str | None, typer.Option(help="Cases of this category come first.")] = None,
    exclude: Annotated[str | None, typer.Option(help="A case that is not meant.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=50)] = None,
    json: Json = False,
) -> None:
    """The closed cases that resemble it, the best first, with cause and fix."""
    if (words is None) == (case is None):
        raise usage(
            'say what is wrong, such as: tierline closures similar "checkout is down"; or name a case: --case ID'
        )
    query = {"q": words, "escalation": case, "product": product, "category": category, "exclude": exclude}
    ask(lambda api: api.get("/v1/closures/similar", **query, limit=limit), json, data(_show_similar))


def _show_page(found: Any) -> None:
    headings = ("id", "closed", "product", "subject", "cause", "fix")
    show.table(headings, (_row(one) for one in found["items"]), "no closed case fits")
    if found.get("next_cursor"):
        show.console().print(f"more: --cursor {escape(found['next_cursor'])}")


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    texts = (_short(one.get(name), show.LONGEST_CELL) for name in ("subject", "cause", "fix"))
    return (show.word(one["id"]), show.moment(one["closed_at"]), show.word(one.get("product")), *texts)


def _show_similar(found: Any) -> None:
    if not found["items"]:
        show.console().print("nothing like it has been closed yet")
    for one in found["items"]:
        show.console().print(f"[bold]{one['score']:.2f}  {escape(one['subject'])}[/]")
        show.facts(_facts(one))


def _facts(one: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "case", f"{escape(one['id'])}, episode {one['episode']}, closed {show.moment(one['closed_at'])}"
    cause = ": ".join(part for part in (one.get("cause_category"), one.get("cause")) if part)
    yield "cause", _short(cause, LONGEST)
    yield "fix", _short(one.get("fix"), LONGEST)
    why = one["why"]
    same = [name for name in ("product", "category") if why[f"same_{name}"]]
    yield "why", escape(", ".join([*why["words"], *(f"same {name}" for name in same)]))


def _short(text: str | None, longest: int) -> str:
    line = " ".join((text or "–").split())
    return escape(line if len(line) <= longest else line[: longest - 1] + "…")
