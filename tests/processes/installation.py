"""Tierline as a user starts it: real processes, a home and ports of their own, and nothing left behind.

Every process of an installation carries its `TIERLINE_HOME` in its environment, children included. By that, and never by
a name, those that are still there at the end are found and killed, whatever became of the test or of their parent.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from local.options import ROOT, without_ours
from local.processes import GLANCE, free_ports
from local.temporal_server import EmbeddedServer, ask
from tests.until import until

BIN = Path(sys.executable).parent
TIERLINE = str(BIN / "tierline")
WORKER = (sys.executable, "-m", "worker")
API = (sys.executable, "-m", "api")

START_LIMIT = 60.0  # seconds; six when nothing else runs
END_LIMIT = 15.0  # seconds; promised to whoever presses Ctrl-C
WORDS_OF_A_LOG = 3000  # characters of each log shown with a failure


class Program:
    """One process of a test, its words in a file."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: Path, words: Path) -> None:
        self._words = words
        with words.open("wb") as file:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=env, cwd=cwd,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    @property
    def words(self) -> str:
        return self._words.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def hears(self, number: signal.Signals) -> None:
        """Send it a signal; Ctrl-C reaches its whole group, as from a terminal."""
        if number is signal.SIGINT:
            os.killpg(self.pid, number)
        else:
            self._process.send_signal(number)

    async def says(self, words: str, limit: float = START_LIMIT) -> None:
        """Wait until it has said so; fail at once when it ends before."""
        await until(lambda: words in self.words or not self.running, limit)
        assert words in self.words, f"it ended with {self._process.returncode} and never said {words!r}:\n{self.words}"

    async def ends(self, limit: float = END_LIMIT) -> int:
        """Wait for its end; the exit status."""
        await until(lambda: not self.running, limit)
        assert self._process.returncode is not None
        return self._process.returncode

    def close(self) -> None:
        if self.running:
            self._process.kill()
        self._process.wait()


@dataclass(eq=False)
class Installation:
    """A home, free ports, the environment that says so, and every program a test has started there."""

    folder: Path
    env: dict[str, str]
    programs: list[Program] = field(default_factory=list)
    _http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=10, trust_env=False))

    @classmethod
    def at(cls, folder: Path, **more: str) -> Self:
        """Nothing of the person's own installation reaches it: no variable, no `.env`."""
        port, temporal, ui = map(str, free_ports(3))
        own = {
            "TIERLINE_HOME": str(folder / "home"),
            "TIERLINE_PORT": port,
            "TIERLINE_POLICIES": str(ROOT / "policies"),
            "TIERLINE_PERSON_PER_MINUTE": "0",  # a burst of cases of one person is what many tests begin with
        }
        temporals = {"TIERLINE_TEMPORAL_PORT": temporal, "TIERLINE_TEMPORAL_UI_PORT": ui, "PYTHONUNBUFFERED": "1"}
        return cls(folder, {**without_ours(os.environ), **own, **temporals, **more})

    @property
    def home(self) -> Path:
        return Path(self.env["TIERLINE_HOME"])

    def starts(self, *command: str, **env: str) -> Program:
        """Start a program as a person or a process manager would."""
        words = self.folder / f"{len(self.programs)}-{Path(command[0]).name}.out"
        program = Program(command, {**self.env, **env}, self.folder, words)
        self.programs.append(program)
        return program

    async def types(self, *arguments: str) -> str:
        """A `tierline` command that must succeed; what it printed."""
        typed = self.starts(TIERLINE, *arguments)
        assert await typed.ends() == 0, typed.words
        return typed.words

    def begins_temporal(self, *settings: str) -> Program:
        """The embedded server without the rest; the other programs are pointed at it. `settings` are dynamic configuration."""
        port, ui = int(self.env["TIERLINE_TEMPORAL_PORT"]), int(self.env["TIERLINE_TEMPORAL_UI_PORT"])
        server = EmbeddedServer(self.home, port, ui, "default")
        self.home.mkdir(exist_ok=True)  # begun again, it goes on with what it has there
        self.env |= {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_CONFIG_FILE": os.devnull}
        return self.starts(*server.command(), *(word for one in settings for word in ("--dynamic-config-value", one)))

    def http(self, method: str, path: str, key: str | None = None, **body: Any) -> httpx2.Response:
        """One request with the admin key."""
        headers = {"Authorization": f"Bearer {(self.home / 'admin-key').read_text().strip()}"}
        headers |= {"Idempotency-Key": key} if key else {}
        url = f"http://127.0.0.1:{self.env['TIERLINE_PORT']}{path}"
        return self._http.request(method, url, headers=headers, json=body or None)

    def is_ready(self) -> bool:
        """Whether the API serves: it says so a moment before it listens, and its first key may not be written yet."""
        try:
            return self.http("GET", "/readyz").status_code == 200
        except (httpx2.TransportError, FileNotFoundError):
            return False

    def opens(self, number: str) -> "Case":
        """Escalate a ticket under the demo policy: L1 is warned after 5 s, the case climbs after 10."""
        customer = {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"}
        ticket = {"system": "zendesk", "id": number, "subject": "Checkout is down"}
        answer = self.http(
            "POST", "/v1/escalations", ticket=ticket, customer=customer, trigger={"kind": "manual"}, policy="demo"
        )
        assert answer.status_code == 201, answer.text
        return Case(self, answer.json()["id"])

    def close(self) -> None:
        """Kill what is left, and show the logs (pytest prints them with a failure)."""
        self._http.close()
        end = time.monotonic() + END_LIMIT
        while (left := self.pids()) and time.monotonic() < end:  # again, for what a dying parent started just now
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(GLANCE)
        for program in self.programs:
            program.close()
        for log in [*self.folder.glob("*.out"), *self.folder.rglob("*.log")]:
            print(f"--- {log}\n{log.read_text(encoding='utf-8', errors='replace')[-WORDS_OF_A_LOG:]}")

    def kills(self, what: str) -> None:
        """End one of its processes as a crash does."""
        [pid] = [pid for pid, command in self.pids().items() if what in command]
        os.kill(pid, signal.SIGKILL)

    def pids(self) -> dict[int, str]:
        """Every live process that was started with this home (or one inside it), with its command line."""
        return dict(_started_with(self.home))


@dataclass(frozen=True)
class Case:
    """One escalation of an installation."""

    tierline: Installation
    id: str

    def shows(self) -> dict[str, Any]:
        return dict(self._read(""))

    def timeline(self) -> list[dict[str, Any]]:
        return list(self._read("/timeline"))

    def messages(self) -> list[dict[str, Any]]:
        return list(self._read("/messages"))

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.timeline()]

    def says(self, command: str, key: str | None = None, **body: Any) -> httpx2.Response:
        return self.tierline.http("POST", f"/v1/escalations/{self.id}/{command}", key, **body)

    def became_of(self, command_id: str) -> str:
        return str(self._read(f"/commands/{command_id}")["status"])

    def everybody_was_told(self) -> bool:
        """Whether every message there is has come to a good end."""
        return all(one["status"] in ("sent", "skipped") for one in self.messages())

    async def has_told_l1(self) -> None:
        """The customer's e-mail, and e-mail and SMS to the responder: all there, all out."""
        await until(lambda: [one["status"] for one in self.messages()].count("sent") >= 3)

    def history(self) -> list[dict[str, Any]]:
        """Its events in Temporal."""
        done = ask(["workflow", "show", "--workflow-id", self.id, "--output", "json"], self.tierline.env)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["events"])

    def holder(self) -> int:
        """The pid of the worker that runs it."""
        tasks = [event.get("workflowTaskCompletedEventAttributes") for event in self.history()]
        return int([task for task in tasks if task][-1]["identity"].split("@")[0])

    def _read(self, path: str) -> Any:
        answer = self.tierline.http("GET", f"/v1/escalations/{self.id}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def installation(folder: Path, **env: str) -> Iterator[Installation]:
    """An installation of which nothing runs any more afterwards."""
    made = Installation.at(folder, **env)
    try:
        yield made
    finally:
        made.close()
    assert not made.pids()


def _started_with(home: Path) -> Iterator[tuple[int, str]]:
    ours = re.compile(rb"(?:^|\0)TIERLINE_HOME=" + re.escape(bytes(home)) + rb"(?:/[^\0]*)?(?:\0|$)")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if ours.search((process / "environ").read_bytes()):
                yield int(process.name), (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
