"""Debian's Chromium: the one of the machine, or installed by us where that is possible.

Playwright would download a browser of its own; a registry of packages is all we may count on, and Debian's is kept up to date
by the machine it runs on. Installing needs root and apt. Each step has its limit, and only what is downloaded already is
installed, so nothing is cut off in the middle.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NAMES = ("chromium", "google-chrome")
PACKAGES = ("chromium", "fonts-liberation")  # without a font a page has no words to look at
APT = ("apt-get", "-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")
INSTALL = ("install", "-y", "--no-install-recommends")
LIMIT = 240  # seconds for all steps together; forty on a quick line
BY_HAND = "on Debian: apt-get install chromium"


class NotHere(Exception):
    """There is no Chromium and none can be had; the text says why and what to do."""


def program() -> Path:
    """Where Chromium is; installed now where there is none. Raises NotHere."""
    with (Path(sys.prefix) / "chromium.lock").open("w") as one_at_a_time:  # pytest-xdist runs several of us
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if found := _found():
            return found
        _install()
        if found := _found():
            return found
    raise NotHere(
        f"the pages are not looked at in a browser: apt has installed Chromium, and it is not here ({BY_HAND})"
    )


def _found() -> Path | None:
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    if not shutil.which("apt-get") or os.geteuid():
        who = "only root may install it" if shutil.which("apt-get") else "there is no apt to install it with"
        raise NotHere(f"the pages are not looked at in a browser: there is no Chromium here, and {who} ({BY_HAND})")
    ends = time.monotonic() + LIMIT
    for step in (("update",), (*INSTALL, "--download-only", *PACKAGES), (*INSTALL, *PACKAGES)):
        _apt(ends - time.monotonic(), *step)


def _apt(limit: float, *step: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            [*APT, *step], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotHere(
            f"the pages are not looked at in a browser: Chromium was not here within {LIMIT} s ({BY_HAND})"
        ) from error
    if done.returncode:
        why = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise NotHere(f"the pages are not looked at in a browser: apt could not install Chromium: {why} ({BY_HAND})")
