"""`tierline up` and `tierline demo`: the stack around them, what a person reads while it starts and ends, exit codes.

The demo runs on a home, ports and environment of its own: it never meets a running system, and never a real credential.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import typer
from pydantic import ValidationError

from local.demo import StoryError, play
from local.options import ROOT, StackSettings, environment, without_ours
from local.processes import StackError, StopAsked, free_ports, stop_signals
from local.stack import Stack
from production import missing, refusal
from settings import setting_faults

FAILED = 1
INTERRUPTED = 130  # what a shell expects after Ctrl-C of something that was not finished
DEMO_HOST = "127.0.0.1"
NOT_FOR_PRODUCTION = "The Temporal server that comes with Tierline is for one machine, not for production."
CASE = "zendesk-4711"  # of the example


def run() -> int:
    """Serve until Ctrl-C; 0 then, 1 when something did not start or did not stay up."""
    with stop_signals() as asked:
        return _ended(lambda: _serve(asked), after_ctrl_c=0)


def run_demo(*, keep: bool) -> int:
    """Play the story; 0 only when everything in it happened."""
    with stop_signals() as asked:
        return _ended(lambda: _demo(asked, keep=keep), after_ctrl_c=INTERRUPTED)


def _serve(asked: threading.Event) -> None:
    env = environment()
    settings = StackSettings()
    if lacking := missing(settings, env.get("TEMPORAL_ADDRESS")):
        raise StackError(f"{refusal(lacking)}\n{NOT_FOR_PRODUCTION}")
    typer.echo(f"Tierline is starting, with its data in {_shown(settings.home)}")
    with Stack(settings, env, typer.echo, asked) as stack:
        typer.echo(_addresses(stack))
        stack.serve()


def _demo(asked: threading.Event, *, keep: bool) -> None:
    home = StackSettings().home / "demo"
    settings = _demo_settings(home)
    env = without_ours(environment())
    typer.echo("Tierline demo: one escalation from opening to root cause, in about half a minute.\n")
    typer.echo(f"Starting a system of its own, with its data in {_shown(home)}")
    with Stack(settings, env, typer.echo, asked, fresh=True) as stack:
        play(stack, ROOT / "examples" / "checkout-down.json", asked)
        if keep:
            typer.echo(f"\nThe system stays up for you to look around.\n{_addresses(stack)}")
            typer.echo(f"In a second terminal:\n  {_command_line(stack, home)} show {CASE}\n")
            with suppress(StopAsked):  # the story is told; looking around ends with Ctrl-C
                stack.serve()
    typer.echo(_look_further(home))


def _demo_settings(home: Path) -> StackSettings:
    port, temporal, ui = free_ports(3)
    return StackSettings(
        home=home, host=DEMO_HOST, port=port, temporal_port=temporal, temporal_ui_port=ui, policies=ROOT / "policies",
        database_url=None, mode="local", public_url=None,
    )  # fmt: skip


def _ended(body: Callable[[], None], *, after_ctrl_c: int) -> int:
    try:
        body()
    except StopAsked:
        return after_ctrl_c
    except (StackError, StoryError) as error:
        typer.echo(f"\n{error}", err=True)
        return FAILED
    except ValidationError as error:
        typer.echo(setting_faults(error), err=True)
        return FAILED
    return 0


def _addresses(stack: Stack) -> str:
    lines = [
        *([f"  pages         {stack.api_url}/"] if stack.has_pages else []),
        f"  API           {stack.api_url}/openapi.json",
        f"  Temporal UI   {stack.temporal_ui or 'that of your Temporal server'}",
        f"  admin key     {_shown(stack.admin_key_file)}",
        f"  logs          {_shown(stack.settings.home)}/*.log",
    ]
    return "\n".join(["", "Tierline is up. Ctrl-C ends it; nothing is lost when it starts again.", *lines, ""])


def _command_line(stack: Stack, home: Path) -> str:
    """How to reach this very system: it has ports and keys of its own."""
    return f"TIERLINE_URL={stack.api_url} TIERLINE_HOME={_shown(home)} .venv/bin/tierline"


def _look_further(home: Path) -> str:
    where = f"TIERLINE_HOME={_shown(home)}"
    hints = [
        (f"{where} make run", "the same data again, with working links"),
        (f"{where} .venv/bin/tierline show {CASE}", "beside it, in a second terminal"),
        ("make demo KEEP=1", "the story anew, and the system stays up"),
    ]
    widest = max(len(typed) for typed, _ in hints)
    return "\n".join(
        ["", "All of it is kept. To look further:", *(f"  {typed:<{widest}}   {why}" for typed, why in hints)]
    )


def _shown(path: Path) -> str:
    """Relative where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
