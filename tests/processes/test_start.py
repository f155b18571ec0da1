"""The demo, and what a start refuses: each as a person types it and reads it."""

import re
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from local.options import ROOT
from local.processes import LAST_LINES
from tests.processes.installation import API, START_LIMIT, TIERLINE, WORKER, installation

DEMO_LIMIT = 90.0  # seconds; promised

WHO = r"[A-Z]\w+ [A-Z]\w+"
DEMO = rf"""
Temporal +keeps every timer and step +up after
worker +runs the cases, sends messages +up after
API +takes commands +up after
Acme GmbH writes: “Checkout is down
On call now: {WHO} at L1 \(support\), {WHO} at L2 \(specialists\)
s  Opened with priority critical at L1
s  Customer told by e-mail: we have your case
s  ({WHO}) told by SMS and e-mail: acknowledge by
s  … \1 does not answer …
s  Still no answer and 50 % of the time is gone: \1 is warned
s    → SMS to \1 \+49
s  Time is up: nobody has acknowledged
s  The case climbs to L2
s  ({WHO}) told by SMS and e-mail: acknowledge by
s  \2 acknowledged: Looking at the payment gateway
s  Customer told by e-mail: update
s  \2 resolved it: Renewed the certificate
s  Customer told by e-mail: your case is resolved
s  \2 recorded the root cause: configuration
s  \2 closed it
s  Customer told by e-mail: your case is closed
All as it should be: 14 events in the right order, 9 messages to the right people, none too many
Stopped\.
To look further
""".strip()


async def test_the_demo_tells_one_escalation_from_opening_to_root_cause(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with installation(tmp_path) as tierline:
        demo = tierline.starts(TIERLINE, "demo")
        assert await demo.ends(DEMO_LIMIT) == 0, demo.words
        assert not tierline.pids()
        sentences = DEMO.splitlines()
        for told in range(1, len(sentences) + 1):
            assert re.search("[^§]*?".join(sentences[:told]), demo.words), f"not told: {sentences[told - 1]}"


async def test_a_demo_whose_worker_dies_fails_and_says_why(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        demo = tierline.starts(TIERLINE, "demo")
        await demo.says("does not answer")
        tierline.kills("-m worker")
        assert await demo.ends() == 1
        assert "The worker process has ended by itself (exit code -9)." in demo.words
        assert "All as it should be" not in demo.words
        assert not tierline.pids()


async def test_a_broken_policies_folder_stops_the_start_with_every_fault(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(ROOT / "policies", folder)
    faults = [
        *_breaks(folder / "demo.yaml", "10s", "soon"),
        *_breaks(folder / "roster.yaml", "timezone: Europe/Berlin", "timezone: Mars"),
        *_breaks(folder / "standard.yaml", "channels: [", "channels: [fax, "),
    ]
    assert len(faults) > LAST_LINES, "so many that the last lines of a log are not enough"
    with installation(tmp_path, TIERLINE_POLICIES=str(folder)) as tierline:
        up = tierline.starts(TIERLINE, "up")
        assert await up.ends(START_LIMIT) == 1
        assert f"has {len(faults)} mistakes" in up.words
        said = re.findall(r"(\w+\.yaml): [\w.\[\]]+: '(\w+)' is", up.words)
        assert said == [(file, wrong.split()[-1].strip("[,")) for file, wrong in faults]
        assert not tierline.pids()


async def test_a_taken_port_is_named_with_the_variable_that_changes_it(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = tierline.starts(TIERLINE, "up", TIERLINE_TEMPORAL_PORT=str(port))
        assert await up.ends() == 1
        assert f"In use by another program, perhaps an earlier Tierline that was killed: port {port}" in up.words
        assert "set the variable in brackets to a free port" in up.words
        assert "(TIERLINE_TEMPORAL_PORT)" in up.words


@pytest.mark.parametrize("program", [API, WORKER])
async def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path, program: tuple[str, ...]) -> None:
    with installation(tmp_path) as tierline, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        url = f"postgresql://tierline:hush@127.0.0.1:{port}/tierline"
        started = tierline.starts(*program, TIERLINE_DATABASE_URL=url)
        assert await started.ends(START_LIMIT) == 1
        assert f"@127.0.0.1:{port}/tierline (TIERLINE_DATABASE_URL) cannot be opened: " in started.words
        assert "hush" not in started.words
        assert "Traceback" not in started.words


async def test_ctrl_c_during_the_start_ends_it_well(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        up = tierline.starts(TIERLINE, "up")
        await up.says("keeps every timer and step")
        up.hears(signal.SIGINT)
        assert await up.ends() == 0, up.words
        assert "Tierline is up" not in up.words
        assert not tierline.pids()


async def test_nothing_is_left_running_when_nobody_reads_its_words_any_more(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        piped = tierline.starts("sh", "-c", f"{TIERLINE} up | head -n 2")  # as `make run | tee log`, Ctrl-C ending both
        await piped.says("keeps every timer and step")
        await piped.ends(START_LIMIT)
        assert not tierline.pids()


def _breaks(file: Path, right: str, wrong: str) -> list[tuple[str, str]]:
    """Put `wrong` for every `right`: one fault each, in the order of the file."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    return [(file.name, wrong)] * text.count(right)
