"""Trying policies out on the past: what each would have made of the same tickets, side by side, before one is put into use."""

import json as jsonlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from local import show
from local.client import Api, ApiError
from local.commands_keep import neither, parsed_file
from local.talk import REFUSED, client_settings, usage

if TYPE_CHECKING:
    from domain.policy import Policy
    from domain.roster import Roster
    from local.backtest import Result

app = typer.Typer()
BESIDE = "roster.yaml"


@app.command()
def backtest(
    file: Annotated[
        Path, typer.Argument(metavar="TICKETS.CSV", help="Past tickets, one a line; the first line names the columns.")
    ],
    policy: Annotated[
        list[str],
        typer.Option("--policy", "-p", help="A file, or the name of a policy in use; may be given several times."),
    ],
    roster: Annotated[
        Path | None,
        typer.Option(
            help="The people as a file; default: roster.yaml beside the first policy file, else those in use."
        ),
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a chart to this file, too.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The zone of times in the file that have no offset, such as Europe/Berlin.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="Default: as many as this machine has cores.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The counts as JSON.")] = False,
) -> None:
    """What policies would have made of past tickets: messages by person and hour, missed targets, nights woken.

    The column opened_at must be there. Known as well: id, system, subject, category, product, tags, trigger, priority or
    impact and urgency, customer_id, customer_name, customer_tier, customer_since, annual_value, locale, timezone, and when
    what was done: acknowledged_at, updated_at (the customer was told; several times, with ; between them), resolved_at,
    closed_at. Nothing is opened and nobody is told.
    """
    from local.backtest import Stopped, task_of
    from local.backtest import backtest as played
    from local.past_tickets import FileFault

    labels, policies = _policies(policy)
    people = _roster(roster, Path(policy[0]))
    if svg is not None and not svg.parent.is_dir():
        raise usage(f"{svg} cannot be written: there is no folder {svg.parent}")
    begun = time.monotonic()
    try:
        task = task_of(file, policies, people, _zone(timezone))
        _say_unknown(task.columns.unknown)
        with _progress() as progress:
            found = played(file, task, processes or os.cpu_count() or 1, progress)
    except FileFault as fault:
        raise usage(str(fault)) from None
    except Stopped as stopped:
        raise _refused(str(stopped)) from None
    _say_faults(found)
    if found.tickets == 0:
        raise _refused("no line of the file is a ticket that can be played")
    _answer(Answer(labels, found, people, task.columns.names), svg, json, time.monotonic() - begun)


@dataclass(frozen=True)
class Answer:
    """What was found, and what it takes to say it."""

    labels: Sequence[str]
    found: "Result"
    roster: "Roster"
    columns: Sequence[str]


def _answer(answer: Answer, svg: Path | None, json: bool, took: float) -> None:
    from local.backtest_words import about, as_data, show_result

    found, names = answer.found, {person.id: person.name for person in answer.roster.people}
    if svg is not None:
        _write(svg, answer, names)
    if json:
        typer.echo(jsonlib.dumps(as_data(answer.labels, found), ensure_ascii=False, indent=2))
        return
    show_result(answer.labels, found, names)
    if "updated_at" not in answer.columns:
        show.console().print(
            "The file has no column updated_at, so no promise to update a customer counts as kept, and an acknowledged "
            "case counts as one nothing happens to until it is resolved."
        )
    show.console().print(f"{about(found)}; {found.tickets / took:,.0f} tickets/s")


def _write(svg: Path, answer: Answer, names: dict[str, str]) -> None:
    from local.backtest_chart import chart
    from local.backtest_words import about

    text = chart(answer.labels, answer.found.tallies, names, about(answer.found))
    try:
        svg.write_text(text, encoding="utf-8")
    except OSError as error:
        raise usage(f"{svg} cannot be written: {error.strerror}") from None


def _policies(named: Sequence[str]) -> tuple[list[str], list["Policy"]]:
    """What each policy is called side by side, and the policies: files where there are such, else those in use."""
    from local.backtest_chart import MOST_POLICIES

    if len(set(named)) < len(named):
        raise usage("a policy is named twice: name each once")
    if len(named) > MOST_POLICIES:
        raise usage(f"{len(named)} policies are too many to read side by side: name {MOST_POLICIES} at most")
    short = [Path(name).stem if Path(name).is_file() else name for name in named]
    labels = [label if short.count(label) == 1 else name for label, name in zip(short, named, strict=True)]
    return labels, [_policy(name) for name in named]


def _policy(name: str) -> "Policy":
    from domain.errors import PolicyFaults
    from domain.policy_file import check_policy

    file = Path(name)
    data = parsed_file(file) if file.is_file() else _fetched(f"/v1/policies/{quote(name, safe='')}", name)
    try:
        return check_policy(data, str(name))
    except PolicyFaults as faults:
        raise _refused(str(faults)) from None


def _roster(given: Path | None, first_policy: Path) -> "Roster":
    from domain.errors import PolicyFaults
    from domain.roster_file import check_roster

    beside = first_policy.parent / BESIDE
    file = given or (beside if first_policy.is_file() and beside.is_file() else None)
    data = parsed_file(file, roster=True) if file else _fetched("/v1/roster")
    try:
        return check_roster(data, str(file or "the roster"))
    except PolicyFaults as faults:
        raise _refused(str(faults)) from None


def _fetched(path: str, of: str | None = None) -> Any:
    """What the API has there; a refusal is printed in words and ends with exit code 1. `of` was to be a file or a policy."""
    settings = client_settings()
    with Api(settings.address, settings.secret) as api:
        try:
            return api.get(path).data
        except ApiError as error:
            raise _refused(neither(error, of).message) from None


def _refused(words: str) -> typer.Exit:
    """Says why there is no answer; raise what it returns."""
    typer.echo(words, err=True)
    return typer.Exit(REFUSED)


def _zone(name: str | None) -> str | None:
    try:
        return ZoneInfo(name).key if name else None
    except (KeyError, ValueError, OSError):
        raise usage(f"--timezone '{name}' is no time zone: write an IANA name such as Europe/Berlin") from None


def _say_unknown(columns: Sequence[str]) -> None:
    if columns:
        typer.echo(
            f"not read, for nobody here knows them: {', '.join(name or '(no name)' for name in columns)}", err=True
        )


def _say_faults(found: "Result") -> None:
    """The faulty lines, the first of them in full."""
    for fault in found.faults:
        typer.echo(fault, err=True)
    more = found.faulty - len(found.faults)
    if more:
        typer.echo(f"and {more:,} more lines that are faulty", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Says how far it is to whoever watches; nothing into a file or a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("playing the tickets …") as status:
        yield lambda done: status.update(f"{done:,} lines played")
