"""The npm packages of the suite: pinned, with their hashes, unpacked once into the virtual environment.

No install script runs. Without Node, or without the registry, what needs a package is skipped and says what is missing; a
package that is not what its hash says is an error.
"""

import base64
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIMIT = 300  # seconds for one command; twenty when nothing else runs
OLDEST_NODE = 20  # emulate asks for it
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
NO_REGISTRY = re.compile(
    r"\b(E40[134]|E5\d\d|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b"
)


class NotHere(Exception):
    """What is needed cannot be had on this machine; the text says what to install."""


@dataclass(frozen=True)
class Packed:
    """One file out of one package."""

    package: str
    integrity: str
    path: str

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def kept(content: bytes, fill: Callable[[Path], None], what: str) -> Path:
    """A folder that `fill` has filled, now or earlier with the same `content`. `what` needs it. Raises NotHere."""
    _checked_node(what)
    home = Path(sys.prefix) / "node"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as one_at_a_time:  # pytest-xdist runs several of us
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        ready = home / hashlib.sha256(content).hexdigest()[:12]
        if not ready.exists():
            with tempfile.TemporaryDirectory(dir=home) as folder:
                fresh = Path(folder) / "fresh"
                fresh.mkdir()
                fill(fresh)
                fresh.rename(ready)
    return ready


def npm(folder: Path, *arguments: str) -> None:
    """Run it there. Raises NotHere when the registry does not answer."""
    command = ["npm", arguments[0], *QUIET, *arguments[1:]]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"the npm registry gave no answer within {LIMIT} s: npm {arguments[0]}") from error
    if done.returncode:
        if away := NO_REGISTRY.search(done.stderr):
            raise NotHere(f"the npm registry cannot be reached ({away[0]}); npm {' '.join(arguments)} needs it")
        raise RuntimeError(f"npm {arguments[0]} failed:\n{done.stderr[-2000:]}")


def unpack(wanted: Packed, folder: Path) -> None:
    """Put that file into the folder."""
    npm(folder, "pack", wanted.package)
    [packed] = folder.glob("*.tgz")
    found = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != wanted.integrity:
        raise RuntimeError(f"{wanted.package} is not the package it was: {found}")
    with tarfile.open(packed) as archive:
        content = archive.extractfile(wanted.path)
        assert content is not None
        (folder / wanted.file).write_bytes(content.read())
    packed.unlink()


def _checked_node(what: str) -> None:
    needs = f"{what} needs Node.js {OLDEST_NODE} or newer with npm (on Debian and Ubuntu: apt install nodejs npm)"
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotHere(f"{needs}; there is none here")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise NotHere(f"{needs}; here is {version}")
