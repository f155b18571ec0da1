"""What was learned: the tree of causes, the actions that keep trouble from coming back, the problems of what came back."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape

from local import show
from local.commands_keep import as_yaml, parsed_file
from local.files import text_of
from local.talk import REFUSED, By, Json, ask, data

LEARN = "What was learned"
causes = typer.Typer(
    help="The categories of root causes: look at them, check a file, put it into use.", no_args_is_help=True
)
actions = typer.Typer(help="What was promised so that it does not come back.", no_args_is_help=True)
problems = typer.Typer(help="Causes that came back.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A YAML file such as policies/causes.yaml.")]
ActionId = Annotated[str, typer.Argument(metavar="ID", help="The action, such as zendesk-4711.1.1.")]
ProblemId = Annotated[str, typer.Argument(metavar="ID", help="The problem, such as P-1.")]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The escalation, such as zendesk-4711.")]
Note = Annotated[str | None, typer.Option(help="How, or why not.")]
Cursor = Annotated[str | None, typer.Option(help="Go on after an earlier list.")]
Limit = Annotated[int | None, typer.Option(min=1, max=200)]
Filter = Annotated[str | None, typer.Option()]


@causes.command("show")
def causes_show(
    language: Annotated[str, typer.Option(help="en or de")] = "en",
    yaml: Annotated[bool, typer.Option("--yaml", help="As a file that `causes apply` takes.")] = False,
    json: Json = False,
) -> None:
    """The tree of causes in use: what stands behind --category of a root cause, and its title."""
    ask(lambda api: api.get("/v1/causes"), json, data(as_yaml if yaml else lambda found: _tree(found, language)))


@causes.command("check")
def causes_check(file: File) -> None:
    """Every mistake in a file of causes, with its place. Works without a running system."""
    from domain.causes import load_causes
    from domain.errors import PolicyFaults

    try:
        tree = load_causes(text_of(file), str(file))
    except PolicyFaults as faults:
        typer.echo(str(faults), err=True)
        raise typer.Exit(REFUSED) from None
    counts = show.counted(len(list(tree.paths())), "category", "categories")
    typer.echo(f"{file} is fine: {counts}, {len(list(tree.leaves()))} of them split no further")


@causes.command("apply")
def causes_apply(file: File, json: Json = False) -> None:
    """Put a tree of causes into use; what was recorded before stays as it is."""
    body = parsed_file(file)
    ask(lambda api: api.put("/v1/causes", body), json, data(_applied))


@actions.command("list")
def actions_list(
    owner: Annotated[str | None, typer.Option(help="Whose; a person's id.")] = None,
    state: Annotated[str | None, typer.Option(help="open, done or dropped")] = None,
    overdue: Annotated[bool | None, typer.Option("--overdue/--not-overdue", help="Its day is past.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    json: Json = False,
) -> None:
    """The actions that fit, the earliest day first."""
    query = {"owner": owner, "state": state, "overdue": overdue, "limit": limit, "cursor": cursor}
    ask(lambda api: api.get("/v1/actions", **query), json, data(_actions))


@actions.command("done")
def actions_done(id: ActionId, note: Note = None, by: By = None, json: Json = False) -> None:
    """It is done: nobody is reminded any more."""
    _say(f"/v1/actions/{quote(id, safe='~')}/done", {"by": by, "note": note}, json, _action)


@actions.command("drop")
def actions_drop(id: ActionId, note: Note = None, by: By = None, json: Json = False) -> None:
    """It is no longer wanted."""
    _say(f"/v1/actions/{quote(id, safe='~')}/drop", {"by": by, "note": note}, json, _action)


@actions.command("move")
def actions_move(
    id: ActionId,
    due: Annotated[str | None, typer.Option(metavar="DATE", help="The day it is due from now on: 2030-01-31.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="PERSON", help="Whose it is from now on; a person's id.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """It gets another day, another owner, or both; reminders follow, and who is new hears at once."""
    fields = {"by": by, "owner": owner, "due_on": due, "note": note}
    _say(f"/v1/actions/{quote(id, safe='~')}/move", fields, json, _moved_action)


@problems.command("list")
def problems_list(
    state: Annotated[str | None, typer.Option(help="open, known_error or resolved")] = None,
    owner: Filter = None,
    category: Filter = None,
    product: Filter = None,
    limit: Limit = None,
    cursor: Cursor = None,
    json: Json = False,
) -> None:
    """The problems that fit, the newest first."""
    query = {"state": state, "owner": owner, "category": category, "product": product}
    ask(lambda api: api.get("/v1/problems", **query, limit=limit, cursor=cursor), json, data(_problems))


@problems.command("show")
def problems_show(id: ProblemId, json: Json = False) -> None:
    """What it has cost, its cases, and live cases that look the same."""
    ask(lambda api: api.get(_problem_path(id)), json, data(_problem))


@problems.command("link")
def problems_link(id: ProblemId, case: CaseId, by: By = None, json: Json = False) -> None:
    """This case belongs to it."""
    _say(_problem_path(id, "link"), {"by": by, "escalation": case}, json, _problem)


@problems.command("unlink")
def problems_unlink(id: ProblemId, case: CaseId, by: By = None, json: Json = False) -> None:
    """This case does not belong to it after all."""
    _say(_problem_path(id, "unlink"), {"by": by, "escalation": case}, json, _problem)


@problems.command("workaround")
def problems_workaround(
    id: ProblemId, text: Annotated[str, typer.Argument(help="What helps for now.")], by: By = None, json: Json = False
) -> None:
    """Write down what helps until it is resolved: it is a known error then."""
    _say(_problem_path(id, "workaround"), {"by": by, "text": text}, json, _problem)


@problems.command("assign")
def problems_assign(
    id: ProblemId, to: Annotated[str, typer.Argument(help="A person's id.")], by: By = None, json: Json = False
) -> None:
    """Somebody else looks after it."""
    _say(_problem_path(id, "assign"), {"by": by, "to": to}, json, _problem)


@problems.command("resolve")
def problems_resolve(
    id: ProblemId,
    resolution: Annotated[str, typer.Argument(help="Why it cannot come back.")],
    resolve_cases: Annotated[
        bool, typer.Option("--resolve-cases", help="Its live cases are resolved by it, too.")
    ] = False,
    customer_message: Annotated[str | None, typer.Option(help="What their customers read.")] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """It is solved for good; with --resolve-cases so are its live cases, and their customers are told."""
    words = {"resolution": resolution, "resolve_cases": resolve_cases, "customer_message": customer_message}
    _say(_problem_path(id, "resolve"), {"by": by, **words}, json, _resolved)


def _say(path: str, fields: dict[str, Any], as_json: bool, shown: Any) -> None:
    body = {field: value for field, value in fields.items() if value is not None}
    ask(lambda api: api.post(path, body), as_json, data(shown))


def _problem_path(id: str, *more: str) -> str:
    return "/".join(("/v1/problems", quote(id, safe=""), *more))


def _tree(found: Any, language: str) -> None:
    for category in found["categories"]:
        _branch(category, language, 0)
    rule = found["recurrence"]
    show.console().print(f"{rule['count']} of one category and product within {rule['within']} open a problem")


def _branch(category: Any, language: str, level: int) -> None:
    title = category["title"].get(language) or category["title"]["en"]
    other = category.get("recurrence") or {}
    more = ", ".join(f"{name} {value}" for name, value in other.items())
    words = f"{'  ' * level}{category['id']}  [dim]{escape(title)}{f' ({escape(more)})' if more else ''}[/]"
    show.console().print(words)
    for child in category.get("children") or ():
        _branch(child, language, level + 1)


def _applied(found: Any) -> None:
    show.console().print(f"version {found['version']} of the causes is in use")
    for fault in found["warnings"]:
        show.console().print(f"worth a look: {fault['path']}: {fault['message']}", markup=False)


def _actions(found: Any) -> None:
    rows = [{**one, "state": "overdue" if one["overdue"] else one["state"]} for one in found["items"]]
    show.rows(rows, ("id", "state", "due_on", "owner", "kind", "text", "subject"), "no action fits")
    _more(found)


def _action(found: Any) -> None:
    by = f" by {escape(str(found['done_by']))}" if found["done_by"] else ""
    show.console().print(f"{escape(found['id'])} · {found['state']}{by} · {escape(found['text'])}")


def _moved_action(found: Any) -> None:
    words = f"{found['id']} · due {found['due_on']} · {found['owner']} · {found['text']}"
    show.console().print(words, markup=False)


def _problems(found: Any) -> None:
    columns = ("id", "state", "title", "owner", "cases", "opened_at", "workaround")
    show.rows(found["items"], columns, "no problem fits")
    _more(found)


def _problem(found: Any) -> None:
    show.console().print(f"[bold]{escape(found['id'])}  {escape(found['title'])}[/]")
    show.facts(_facts_of(found))
    columns = ("id", "status", "customer", "subject", "opened_at", "closed_at")
    show.rows(found["linked"], columns, "no case belongs to it")
    if found["offered"]:
        show.console().print(
            f"These look the same; `tierline problems link {escape(found['id'])} CASE` puts one under it:"
        )
        show.rows(found["offered"], columns, "")


def _facts_of(found: Any) -> list[tuple[str, str]]:
    cost = found["cost"]
    missed = show.counted(cost["breaches"], "missed target", "missed targets")
    customers = show.counted(cost["customers"], "customer", "customers")
    facts = [
        ("state", show.word(found["state"])),
        ("owner", show.word(found["owner"])),
        ("cause", show.word(found["category"])),
        ("product", show.word(found["product"])),
        ("cost", f"{show.counted(found['cases'], 'case', 'cases')}, {cost['hours']:g} h, {missed}, {customers}"),
        ("opened", show.moment(found["opened_at"])),
        ("workaround", show.word(found["workaround"])),
    ]
    before = found["came_back_after"]
    if before:
        facts.append(("came back", f"after {before['id']}, resolved {show.moment(before['resolved_at'])}"))
        facts.append(("helped then", show.word(before["workaround"])))
        facts.append(("fixed then", show.word(before["resolution"])))
    if found["resolved_at"]:
        by = f"{show.moment(found['resolved_at'])} by {escape(str(found['resolved_by']))}"
        facts.append(("resolved", f"{by}: {escape(str(found['resolution']))}"))
    return facts


def _resolved(found: Any) -> None:
    _problem(found)
    for child in found["children"]:
        why = f": {escape(str(child['reason']))}" if child["reason"] else ""
        show.console().print(f"{escape(child['id'])} · {child['outcome']}{why}")
    left = [one["id"] for one in found["linked"] if one["status"] in ("open", "acknowledged", "paused")]
    if left:
        show.console().print(
            f"still worked on: {escape(', '.join(left))}; --resolve-cases resolves them by the same words"
        )


def _more(found: Any) -> None:
    if found["next_cursor"]:
        show.console().print(f"more: --cursor {escape(found['next_cursor'])}")
