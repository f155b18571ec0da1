"""Where there is no Chromium: it is installed where that is possible, else the reason is one line that says what to do."""

import os
import sys
from pathlib import Path

import pytest

from tests.browser import chromium

INSTALLS = """case "$*" in
*--download-only*) ;;
*install*) printf '#!/bin/sh\\n' > "$(/usr/bin/dirname "$0")/chromium"; /bin/chmod +x "$(/usr/bin/dirname "$0")/chromium" ;;
esac"""


class Machine:
    """A machine with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "said"

    def has_apt(self, does: str) -> None:
        """An apt-get that writes down what it was asked, and does this."""
        apt = self.folder / "apt-get"
        apt.write_text(f'#!/bin/sh\necho "$@" >> {self.said}\n{does}\n')
        apt.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What apt-get was asked, without its settings."""
        return [line.split("Timeout=20 ")[1] for line in self.said.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Its user is root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return Machine(tmp_path)


def test_it_is_downloaded_before_anything_is_installed(machine: Machine) -> None:
    machine.has_apt(INSTALLS)
    assert chromium.program() == machine.folder / "chromium"
    update, download, install = machine.asked
    assert update == "update"
    assert "--download-only" in download
    assert install == download.replace(" --download-only", "")
    assert "--no-install-recommends chromium" in install


def test_one_that_is_there_is_taken_and_nothing_installed(machine: Machine) -> None:
    machine.has_apt(INSTALLS)
    assert chromium.program() == chromium.program()
    assert len(machine.asked) == 3


@pytest.mark.parametrize(
    ("apt", "why"),
    [
        (None, "there is no apt to install it with"),
        ("echo 'E: no such host' >&2; exit 100", "apt could not install Chromium: E: no such host"),
        ("exec /bin/sleep 60", "Chromium was not here within 1 s"),
        ("exit 0", "apt has installed Chromium, and it is not here"),
    ],
)
def test_where_it_cannot_be_had_the_reason_says_what_to_do(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, apt: str | None, why: str
) -> None:
    monkeypatch.setattr(chromium, "LIMIT", 1)
    if apt:
        machine.has_apt(apt)
    with pytest.raises(chromium.NotHere) as missing:
        chromium.program()
    assert why in str(missing.value)
    assert str(missing.value).endswith("(on Debian: apt-get install chromium)")


def test_nobody_but_root_is_asked_to_install_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has_apt(INSTALLS)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(chromium.NotHere, match="only root may install it"):
        chromium.program()
    assert not machine.said.exists()
