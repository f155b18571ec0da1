"""The whole system on one machine: Temporal, then a worker, then the API; stopped in the opposite order.

The parent keeps no state: all that matters lies in home, and a second start goes on where the first one stopped. If
one part dies the whole stops and says why, because half a system looks alive and is not.
"""

import fcntl
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import process
from local.options import ANY_ADDRESS, StackSettings
from local.processes import Child, StackError, StopAsked, port_is_free, wait_until
from local.temporal_server import HOST, EmbeddedServer, has_worker, is_serving

TEMPORAL_LIMIT = 30.0  # seconds; it answers after about one, a cold disk takes longer
WORKER_LIMIT = 45.0  # seconds; imports and migrations come first
API_LIMIT = 45.0  # seconds; the same
STOP_LIMIT = 10.0  # seconds for API and worker together: a send in progress may finish
API_STOP_LIMIT = 4.0  # seconds of these for open requests
TEMPORAL_STOP_LIMIT = 3.0  # seconds; the sum with the worker's stays under the promised 15
PROBE_LIMIT = 2.0  # seconds for one look at /readyz
HALF_A_SECOND = 0.5
LEFT_BEHIND = ("temporal.db*", "tierline.db*", "*.log", "*.log.1", "admin-key", "secret")

Say = Callable[[str], None]


class Stack:
    """Everything `make run` starts. A context manager: what was started is stopped on every way out.

    `fresh` empties home first (the demo's own, never a person's): the story begins the same way every time.
    """

    def __init__(
        self, settings: StackSettings, env: Mapping[str, str], say: Say, asked: threading.Event, *, fresh: bool = False
    ) -> None:
        self.settings = settings
        self._fresh = fresh
        self._say = say
        self._asked = asked
        self._embedded = None if env.get("TEMPORAL_ADDRESS") else _embedded(settings, env)
        self._env = _for_children(settings, env, self._embedded)
        self._cwd = settings.home if fresh else Path.cwd()  # the demo reads no `.env`
        self._lock: IO[bytes] | None = None
        self._temporal = self._embedded.process(self._env) if self._embedded else None
        self._worker = self._python("worker", "-m", "worker")
        self._api = self._python("API", "-m", "api")

    @property
    def api_url(self) -> str:
        """The API as this machine reaches it."""
        host = HOST if self.settings.host in ANY_ADDRESS else self.settings.host
        return f"http://{host}:{self.settings.port}"

    @property
    def temporal_ui(self) -> str | None:
        """The Temporal UI's address, as far as we know one."""
        return self._env.get("TIERLINE_TEMPORAL_UI")

    @property
    def admin_key_file(self) -> Path:
        """Where the first start leaves the admin key."""
        return self.settings.home / "admin-key"

    @property
    def has_pages(self) -> bool:
        """Whether this API serves pages for people."""
        return self._answers("/")

    def __enter__(self) -> Self:
        try:
            self._start()
        except StackError:
            self._stop()
            if self._asked.is_set():  # Ctrl-C may reach a call to the server before it has a session of its own
                raise StopAsked from None
            raise
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop()

    def serve(self) -> None:
        """Stay until a stop is asked. Raises StackError when a part of it dies."""
        while not self._asked.wait(HALF_A_SECOND):
            self.check()

    def check(self) -> None:
        """Raises StackError when a part has died, StopAsked when a stop was asked."""
        for child in self._running():
            if not child.running:
                raise StackError(child.obituary())
        if self._asked.is_set():
            raise StopAsked

    def _start(self) -> None:
        self._take_home()
        self._refuse_taken_ports()
        if self._temporal and self._embedded:
            self._bring_up(self._temporal, lambda: is_serving(self._env), TEMPORAL_LIMIT, "keeps every timer and step")
            self._embedded.set_retention(self._env)
        else:
            self._wait_for_theirs()
        self._bring_up(self._worker, lambda: has_worker(self._env), WORKER_LIMIT, "runs the cases, sends messages")
        self._bring_up(self._api, lambda: self._answers("/readyz"), API_LIMIT, "takes commands")

    def _wait_for_theirs(self) -> None:
        """Somebody else's Temporal server may be starting too. Raises StackError when it does not answer in time."""
        address, patience = self._env["TEMPORAL_ADDRESS"], self.settings.temporal_patience
        end = time.monotonic() + patience
        waiting = False
        while not is_serving(self._env):
            if time.monotonic() >= end:
                raise StackError(
                    f"No Temporal server with its namespace answered at {address} (TEMPORAL_ADDRESS) for {patience} s. Start it, "
                    "set the address, or leave it out for a server of our own."
                )
            if not waiting:
                self._say(f"  waiting for Temporal at {address}, for up to {patience} s …")
                waiting = True
            if self._asked.wait(HALF_A_SECOND):
                raise StopAsked

    def _bring_up(self, child: Child, ready: Callable[[], bool], within: float, does: str) -> None:
        begin = time.monotonic()
        child.start()
        wait_until(ready, f"The {child.name} process", within, self._running(), self._asked)
        self._say(f"  {child.name:<9} {does:<31} up after {time.monotonic() - begin:.1f} s")

    def _stop(self) -> None:
        started = self._running()
        if started:
            self._tell("Stopping …")
        end = time.monotonic() + STOP_LIMIT
        hard = [child.name for child, within in self._in_stopping_order(end) if not child.stop(within())]
        for name in hard:
            self._tell(f"  {name} did not end in time and was killed; nothing is lost, its work is in Temporal")
        if started and not hard:
            self._tell("Stopped.")
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _tell(self, words: str) -> None:
        """Say it if anybody still listens: a closed terminal, or a `| tee` that Ctrl-C ended too, must not stop the stopping."""
        with suppress(OSError):
            self._say(words)

    def _in_stopping_order(self, end: float) -> list[tuple[Child, Callable[[], float]]]:
        order: list[tuple[Child, Callable[[], float]]] = [
            (self._api, lambda: API_STOP_LIMIT),
            (self._worker, lambda: end - time.monotonic()),
        ]
        return [*order, (self._temporal, lambda: TEMPORAL_STOP_LIMIT)] if self._temporal else order

    def _running(self) -> list[Child]:
        """The parts that were started, dead or alive, in starting order."""
        parts = (self._temporal, self._worker, self._api)
        return [child for child in parts if child and (child.running or child.exit_code is not None)]

    def _answers(self, path: str) -> bool:
        here = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine
        with suppress(OSError), here.open(self.api_url + path, timeout=PROBE_LIMIT) as answer:
            return bool(answer.status == 200)
        return False

    def _take_home(self) -> None:
        """One system per home: two workers would share it well, two Temporal servers would not."""
        home = self.settings.home
        os.umask(process.ONLY_MINE)  # inherited by every child
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / ".lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StackError(
                f"Another Tierline is running with the data in {home}. Stop it first, or set TIERLINE_HOME."
            ) from None
        self._lock = lock
        if self._fresh:
            _empty(home)

    def _refuse_taken_ports(self) -> None:
        settings = self.settings
        ports = [("TIERLINE_PORT", settings.host, settings.port)]
        if self._embedded:
            ports += [("TIERLINE_TEMPORAL_PORT", HOST, settings.temporal_port)]
            ports += [("TIERLINE_TEMPORAL_UI_PORT", HOST, settings.temporal_ui_port)]
        taken = [f"port {port} ({name})" for name, host, port in ports if not port_is_free(host, port)]
        if taken:
            raise StackError(
                f"In use by another program, perhaps an earlier Tierline that was killed: {', '.join(taken)}. "
                "Stop that one, or set the variable in brackets to a free port."
            )

    def _python(self, name: str, *arguments: str) -> Child:
        home = self.settings.home
        return Child(name, [sys.executable, *arguments], home / f"{name.lower()}.log", self._env, self._cwd)


def _empty(home: Path) -> None:
    """Remove what earlier runs of ours left in home, and nothing else."""
    for pattern in LEFT_BEHIND:
        for file in home.glob(pattern):
            file.unlink()


def _embedded(settings: StackSettings, env: Mapping[str, str]) -> EmbeddedServer:
    namespace = env.get("TEMPORAL_NAMESPACE") or "default"
    return EmbeddedServer(settings.home, settings.temporal_port, settings.temporal_ui_port, namespace)


def _for_children(settings: StackSettings, env: Mapping[str, str], embedded: EmbeddedServer | None) -> dict[str, str]:
    """What all three processes agree on; an embedded server needs no credentials, and refuses TLS."""
    ours = {
        "TIERLINE_HOME": str(settings.home),
        "TIERLINE_HOST": settings.host,
        "TIERLINE_PORT": str(settings.port),
        "TIERLINE_POLICIES": str(settings.policies),
        "PYTHONUNBUFFERED": "1",
    }
    if embedded is None:
        return {**env, **ours}
    kept = {name: value for name, value in env.items() if not name.startswith("TEMPORAL_")}
    temporal = {"TEMPORAL_ADDRESS": embedded.address, "TEMPORAL_NAMESPACE": embedded.namespace}
    return {"TIERLINE_TEMPORAL_UI": embedded.ui, **kept, **ours, **temporal, "TEMPORAL_CONFIG_FILE": os.devnull}
