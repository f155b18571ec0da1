"""The reports at a terminal: the same numbers as on the page and in the API, as tables, JSON or CSV."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

from local import show
from local.client import Answer
from local.talk import Json, ask, data, usage

LOOK = "Looking"
report = typer.Typer(help="How it went: the KPIs over time, by cause, by hour, by tier.", no_args_is_help=True)

From = Annotated[
    str | None, typer.Option("--from", help="A day, such as 2026-01-01, or an instant; default: 90 days ago.")
]
To = Annotated[str | None, typer.Option("--to", help="The last day, or an instant; default: today.")]
Zone = Annotated[
    str | None, typer.Option("--timezone", help="Whose days they are, such as Europe/Berlin; default: UTC.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="team=support, and so tier, priority, product, customer, category, owner, origin, cause; several narrow it.",
    ),
]
By = Annotated[str | None, typer.Option("--by", help="team, tier, priority, product, customer, category, owner, …")]
Cut = Annotated[str, typer.Option("--by", help="day, week or month")]
Csv = Annotated[bool, typer.Option("--csv", help="Print a table for spreadsheets.")]

IN_A_ROW = ("volume", "acknowledge_median", "resolve_median", "compliance", "promise_keeping", "reopen_rate", "csat")
"""What fits beside each other; `--csv` and `--json` have all."""


@report.command()
def summary(
    by: By = None,
    begin: From = None,
    to: To = None,
    timezone: Zone = None,
    where: Where = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """Every KPI of the cases opened in the period; with --by, side by side for each group."""
    _print("summary", {**_over(begin, to, timezone, where), "group_by": by}, csv, json, _summary)


@report.command()
def trend(
    by: Cut = "week",
    begin: From = None,
    to: To = None,
    timezone: Zone = None,
    where: Where = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """The KPIs of each day, week or month."""
    _print("trend", {**_over(begin, to, timezone, where), "group_by": by}, csv, json, _groups)


@report.command()
def causes(
    by: By = None,
    begin: From = None,
    to: To = None,
    timezone: Zone = None,
    where: Where = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """The recorded causes, the most frequent first, and what part of all they make up."""
    asked = {**_over(begin, to, timezone, where), "group_by": by}
    columns = ("value", "count", "share", "cumulative_share", "customers", "recurrences")
    _print("root-causes", asked, csv, json, lambda found: show.rows(found["causes"], columns, "no cause was recorded"))


@report.command()
def heatmap(
    begin: From = None,
    to: To = None,
    timezone: Zone = None,
    where: Where = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """When cases are opened: a row for each hour, a column for each weekday."""
    _print("heatmap", _over(begin, to, timezone, where), csv, json, _heat)


@report.command("time-in-tier")
def time_in_tier(
    begin: From = None,
    to: To = None,
    timezone: Zone = None,
    where: Where = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """How long cases were at each tier, and how many targets were missed there."""
    _print("time-in-tier", _over(begin, to, timezone, where), csv, json, _tiers)


@report.command()
def backlog(by: By = None, where: Where = None, csv: Csv = False, json: Json = False) -> None:
    """What waits now, and how old it is."""
    _print("backlog", {"group_by": by, **_where(where)}, csv, json, _backlog)


@report.command()
def definitions(lang: Annotated[str, typer.Option(help="en or de")] = "en", json: Json = False) -> None:
    """What every number means, and how it is computed."""
    columns = ("kpi", "title", "unit", "formula")
    ask(
        lambda api: api.get("/v1/reports/definitions", lang=lang),
        json,
        data(lambda found: show.rows(found["items"], columns, "none")),
    )


def _over(begin: str | None, to: str | None, timezone: str | None, where: list[str] | None) -> dict[str, str | None]:
    """The period and the filters, as the API calls them."""
    return {"from": begin, "to": to, "timezone": timezone, **_where(where)}


def _where(given: list[str] | None) -> dict[str, str]:
    """`team=support` as the API's filter. Ends with exit code 2 and what to write instead."""
    pairs = [one.partition("=") for one in given or ()]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise usage(f"--where {wrong[0]}: write name=value, such as --where team=support")
    return {name: value for name, _, value in pairs}


def _print(
    name: str, asked: Mapping[str, str | None], as_csv: bool, as_json: bool, shown: Callable[[Any], None]
) -> None:
    """One report; as CSV exactly as it came."""
    more = {"format": "csv"} if as_csv else {}

    def exactly(answer: Answer) -> None:
        typer.echo(answer.text, nl=False)

    ask(lambda api: api.get(f"/v1/reports/{name}", **asked, **more), as_json, exactly if as_csv else data(shown))


def _summary(found: Mapping[str, Any]) -> None:
    if found["groups"]:
        _groups(found)
        return
    rows = ((escape(one["title"]), said(one), escape(one["definition"])) for one in found["figures"])
    show.table(("KPI", "value", "what it means"), rows, "nothing")


def _groups(found: Mapping[str, Any]) -> None:
    """A row for each group, of all first where that is known."""
    groups = [{"value": "all", "figures": found["figures"]}] if "figures" in found else []
    rows = [*groups, *found["groups"]]
    titles = {one["kpi"]: one["title"] for row in rows[:1] for one in row["figures"]}
    headings = (str(found["group_by"]), *(titles.get(name, name) for name in IN_A_ROW))
    show.table(headings, (_row(row) for row in rows), "no case was opened")
    left_out = found.get("groups_left_out", 0)
    if left_out:
        typer.echo(
            f"{show.counted(left_out, 'smaller group is', 'smaller groups are')} left out; --csv has all of them."
        )


def _row(row: Mapping[str, Any]) -> Sequence[str]:
    by_name = {one["kpi"]: one for one in row["figures"]}
    return (show.word(row["value"]), *(said(by_name[name]) for name in IN_A_ROW))


def _heat(found: Mapping[str, Any]) -> None:
    days = list(dict.fromkeys(cell["weekday"] for cell in found["cells"]))
    count = {(cell["weekday"], cell["hour"]): cell["count"] for cell in found["cells"]}
    rows = ((f"{hour:02}:00", *(str(count[day, hour] or "") for day in days)) for hour in range(24))
    show.table((found["timezone"], *days), rows, "nothing")


def _tiers(found: Mapping[str, Any]) -> None:
    headings = ("tier", "cases", "stays", "breaches", "median", "90th percentile", "in all")
    show.table(headings, _tier_rows(found["tiers"]), "no case was opened")


def _tier_rows(tiers: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[str]]:
    for row in tiers:
        counts = (str(row[name]) for name in ("count", "stays", "breaches"))
        yield (show.word(row["tier"]), *counts, *(_length(row[name]) for name in ("median", "p90", "seconds")))


def _backlog(found: Mapping[str, Any]) -> None:
    whole = {"value": "all", "figures": found["figures"], "by_age": found["by_age"]}
    headings = ("group", "cases", "median age", "oldest", "< 1 d", "< 3 d", "< 7 d", "< 30 d", "older")
    rows = (
        (show.word(row["value"]), *map(said, row["figures"]), *map(str, row["by_age"]))
        for row in (whole, *found["groups"])
    )
    show.table(headings, rows, "nothing waits")


def said(figure: Mapping[str, Any]) -> str:
    """A number as people say it: `93.5 %`, `2 h 10 min`, `–` where there is nothing to measure."""
    value, unit = figure["value"], figure["unit"]
    if value is None:
        return "–"
    if unit == "seconds":
        return show.length(value)
    return f"{value:g} %" if unit == "percent" else f"{value:g}"


def _length(seconds: int | None) -> str:
    return "–" if seconds is None else show.length(seconds)
