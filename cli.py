"""The `tierline` command: starts the system on this machine, and speaks to a running one through its HTTP API.

There is one path of authorisation: every command but `up`, `demo`, `seed`, `policy check`, `causes check`, `policy backtest` of
files and `template …` is a request with a key. The commands themselves live in `local/commands_*.py`; this file puts them
together.
"""

import zoneinfo
from typing import Annotated

import typer

from local import (
    commands_backtest,
    commands_case,
    commands_closures,
    commands_contact,
    commands_keep,
    commands_lessons,
    commands_look,
    commands_preview,
    commands_privacy,
    commands_report,
    commands_seed,
    commands_templates,
)

RUN = "Running it"

app = typer.Typer(
    name="tierline",
    help="A durable escalation engine. Set TIERLINE_URL and TIERLINE_KEY to speak to a Tierline elsewhere.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(rich_help_panel=RUN)
def up() -> None:
    """Start Temporal, the worker and the API on this machine, and serve until Ctrl-C."""
    from local.running import run

    raise typer.Exit(run())


@app.command(rich_help_panel=RUN)
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the system running at the end, until Ctrl-C.")] = False,
) -> None:
    """Play one escalation from opening to root cause, on a system of its own, and check every step."""
    from local.running import run_demo

    raise typer.Exit(run_demo(keep=keep))


app.add_typer(commands_seed.app)
app.add_typer(commands_case.app)
app.add_typer(commands_look.app)
app.add_typer(commands_closures.closures, name="closures", rich_help_panel=commands_look.LOOK)
app.add_typer(commands_report.report, name="report", rich_help_panel=commands_look.LOOK)
commands_keep.policy.add_typer(commands_preview.app)
commands_keep.policy.add_typer(commands_backtest.app)
app.add_typer(commands_lessons.causes, name="causes", rich_help_panel=commands_lessons.LEARN)
app.add_typer(commands_lessons.actions, name="actions", rich_help_panel=commands_lessons.LEARN)
app.add_typer(commands_lessons.problems, name="problems", rich_help_panel=commands_lessons.LEARN)
app.add_typer(commands_keep.policy, name="policy", rich_help_panel=commands_keep.KEEP)
app.add_typer(commands_keep.roster, name="roster", rich_help_panel=commands_keep.KEEP)
app.add_typer(commands_contact.contact, name="contact", rich_help_panel=commands_keep.KEEP)
app.add_typer(commands_templates.template, name="template", rich_help_panel=commands_keep.KEEP)
app.add_typer(commands_keep.keys, name="keys", rich_help_panel=commands_keep.KEEP)
app.add_typer(commands_privacy.app)


def main() -> None:
    """The entry point; time zones come from the pinned `tzdata`, whatever this machine has."""
    zoneinfo.reset_tzpath(to=())
    app()


if __name__ == "__main__":
    main()
