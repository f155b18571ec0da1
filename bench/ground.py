"""The installation that is measured: the processes of `make run` and a bare worker, in a new folder, on free ports.

One Temporal server serves both sides, started exactly as `make run` starts it. The only setting that is not the default is the
send rate, which would else be what is measured.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from bench import bare_worker
from local.options import ROOT, without_ours
from local.processes import Child, free_ports, wait_until
from local.temporal_server import EmbeddedServer, has_worker, is_serving

SENDS_PER_SECOND = "2000"  # more than a machine of ours can do
UNUSUAL = "PYTHONDONTWRITEBYTECODE"  # where it is set, the sandbox compiles the workflow's module for every case
START_LIMIT = 60.0  # seconds
LOG_LINES = 40
STOP_LIMIT = 25.0  # seconds; a worker lets go within its grace


@dataclass(frozen=True)
class Spent:
    """What the processes have used: CPU seconds since their start, resident bytes now."""

    cpu: dict[str, float]
    rss: dict[str, int]

    def since(self, before: "Spent") -> dict[str, float]:
        """CPU seconds by process."""
        return {name: cpu - before.cpu[name] for name, cpu in self.cpu.items()}


class Ground:
    """The running processes, by name: Temporal, worker, API, bare."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        port, ui, api = free_ports(3)
        server = EmbeddedServer(self.home, port, ui, "default")
        self.temporal_address = server.address
        self.url = f"http://127.0.0.1:{api}"
        self._env = {
            **{name: value for name, value in without_ours(os.environ).items() if name != UNUSUAL},
            "TIERLINE_HOME": str(self.home),
            "TIERLINE_PORT": str(api),
            "TIERLINE_POLICIES": str(ROOT / "policies"),
            "TIERLINE_SENDS_PER_SECOND": SENDS_PER_SECOND,
            "TIERLINE_PERSON_PER_MINUTE": "0",
            "TEMPORAL_ADDRESS": server.address,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "PYTHONPATH": str(ROOT),
            "PYTHONTZPATH": "",
            "PYTHONUNBUFFERED": "1",
        }
        self._temporal = server.process(self._env)
        self._worker = self._python("worker", "worker")
        self._api = self._python("API", "api")
        self._bare = self._python("bare", "bench.bare_worker")

    @property
    def key(self) -> str:
        """The admin key."""
        return (self.home / "admin-key").read_text(encoding="utf-8").strip()

    @property
    def database(self) -> str:
        """The address of Tierline's store."""
        return f"sqlite:///{self.home / 'tierline.db'}"

    @property
    def bare_sends(self) -> int:
        """How many sends the bare side has done."""
        return (self.home / bare_worker.TALLY).stat().st_size

    def spent(self) -> Spent:
        """What each process has used until now."""
        cpu, rss = {}, {}
        for child in self._children:
            seen = psutil.Process(child.pid)
            with seen.oneshot():
                times = seen.cpu_times()
                cpu[child.name] = times.user + times.system
                rss[child.name] = seen.memory_info().rss
        return Spent(cpu, rss)

    def start(self) -> None:
        """Start everything; returns when all of it answers. Raises StackError."""
        self._temporal.start()
        self._wait(lambda: is_serving(self._env), "Temporal", [self._temporal])
        for child in (self._worker, self._api, self._bare):
            child.start()
        self._wait(lambda: bare_worker.READY in self._bare.last_words(), "the bare worker", self._children)
        self._wait(self._api_is_ready, "the API", self._children)
        self._wait(lambda: has_worker(self._env), "the worker", self._children)

    def stop(self) -> None:
        """Stop it in the opposite order."""
        for child in reversed(self._children):
            child.stop(STOP_LIMIT)

    def last_words(self) -> str:
        """The end of every process's log."""
        return "\n".join(f"--- {child.name}\n{child.last_words(LOG_LINES)}" for child in self._children)

    @property
    def _children(self) -> list[Child]:
        return [self._temporal, self._worker, self._api, self._bare]

    def _api_is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def _wait(self, condition: Callable[[], bool], what: str, watched: list[Child]) -> None:
        wait_until(condition, what, START_LIMIT, watched, threading.Event())

    def _python(self, name: str, module: str) -> Child:
        return Child(name, [sys.executable, "-m", module], self.home / f"{name}.log", self._env, self.home)


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """A running installation, stopped at the end of the block."""
    folder.mkdir()
    made = Ground(folder)
    try:
        made.start()
        yield made
    except Exception:
        print(made.last_words(), file=sys.stderr)  # the folder with the logs is gone in a moment
        raise
    finally:
        made.stop()
