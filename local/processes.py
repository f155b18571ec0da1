"""Processes of ours and how they end: each in a session of its own, its words in a log file, stopped by its own pid.

A session of its own means that the terminal's Ctrl-C reaches only the process that started them; that one then stops
them in order. Waiting is always for a condition, with a limit, and ends at once when the process dies or a stop is asked.
"""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

LOG_BYTES = 20_000_000  # at a start a longer log is set aside as `.log.1`, so that home does not fill up
LAST_LINES = 15  # of a log, shown when its process died
START_LINES = 200  # the same for one that did not even start: a refused policies folder lists every fault of every file
GLANCE = 0.1  # seconds between two looks at a condition
AFTER_KILL = 2.0  # seconds for the kernel to take a killed process away

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StackError(Exception):
    """Something did not start or did not stay up; the text says what, why, and what to do."""


class StopAsked(Exception):
    """Ctrl-C or SIGTERM came while we were waiting for something else."""


class Child:
    """One process of ours."""

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self.log = log
        self._log_from = 0
        self._command = list(command)
        self._env = dict(env)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its standard output and errors are appended to the log."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as words:
            self._log_from = words.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                self._command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, env=self._env,
                cwd=self._cwd, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its process id. Raises StackError before it was started."""
        if self._process is None:
            raise StackError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    def stop(self, within: float) -> bool:
        """Ask it to end (SIGTERM), end it hard after `within` seconds; False when it had to be killed."""
        if self._process is None or self._process.poll() is not None:
            return True
        self._process.terminate()
        try:
            self._process.wait(max(within, GLANCE))
        except subprocess.TimeoutExpired:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(AFTER_KILL)
            return False
        return True

    def last_words(self, lines: int = LAST_LINES) -> str:
        """The last lines this run of it wrote."""
        with suppress(OSError), self.log.open("rb") as words:
            words.seek(self._log_from)
            return "\n".join(words.read().decode("utf-8", "replace").splitlines()[-lines:])
        return ""

    def obituary(self, lines: int = LAST_LINES) -> str:
        """What to tell a person about its unexpected end."""
        words = self.last_words(lines)
        said = f"Its last words, from {self.log}:\n{_indented(words)}" if words else f"Its log {self.log} is empty."
        return f"The {self.name} process has ended by itself (exit code {self.exit_code}). {said}"


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and a closed terminal set; the former handling is back afterwards."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in STOP_SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_until(
    condition: Callable[[], bool], what: str, within: float, watched: Sequence[Child], asked: threading.Event
) -> None:
    """Wait until `condition` holds. Raises StackError when a watched process dies or `within` seconds pass, or StopAsked."""
    end = time.monotonic() + within
    while not condition():
        for child in watched:
            if not child.running:
                raise StackError(child.obituary(START_LINES))
        if time.monotonic() > end:
            logs = ", ".join(str(child.log) for child in watched)
            raise StackError(f"{what} did not answer within {within:.0f} s. Look into {logs}")
        if asked.wait(GLANCE):
            raise StopAsked


def port_is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port (asked by binding it for a moment, as a server would)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """So many different ports of this machine that nobody uses now."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _indented(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())
