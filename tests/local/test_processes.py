"""Our processes: their own session, an obituary when they die, an end within the limit whatever they do."""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from local.options import environment, without_ours
from local.processes import Child, StackError, StopAsked, free_ports, port_is_free, stop_signals, wait_until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def _child(tmp_path: Path, program: str) -> Child:
    return Child("test", [sys.executable, "-c", program], tmp_path / "test.log", dict(os.environ), tmp_path)


def _said(child: Child, word: str) -> bool:
    return word in child.last_words()


def test_a_child_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = _child(tmp_path, "print('no database'); raise SystemExit(3)")
    child.start()
    with pytest.raises(StackError, match=r"test process has ended by itself \(exit code 3\)[\s\S]*no database"):
        wait_until(lambda: False, "it", 20, [child], threading.Event())


def test_waiting_ends_at_its_limit_and_names_the_log(tmp_path: Path) -> None:
    child = _child(tmp_path, "import time; time.sleep(60)")
    child.start()
    try:
        with pytest.raises(StackError, match=r"did not answer within 0 s.*test\.log"):
            wait_until(lambda: False, "it", 0.2, [child], threading.Event())
    finally:
        assert child.stop(5)


def test_a_deaf_child_is_killed_in_time(tmp_path: Path) -> None:
    child = _child(tmp_path, DEAF)
    child.start()
    wait_until(lambda: _said(child, "deaf"), "it", 20, [child], threading.Event())
    begin = time.monotonic()
    assert child.stop(0.3) is False
    assert time.monotonic() - begin < 5
    assert child.exit_code == -signal.SIGKILL


def test_a_child_does_not_hear_the_terminal(tmp_path: Path) -> None:
    child = _child(
        tmp_path, "import os; print('group', os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid(), flush=True)"
    )
    child.start()
    deadline = time.monotonic() + 20
    while child.exit_code is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.last_words() == "group True True"


def test_stop_signals_only_ask() -> None:
    with stop_signals() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert asked.wait(5)
        with pytest.raises(StopAsked):
            wait_until(lambda: False, "it", 5, [], asked)


def test_free_ports_are_free_and_a_taken_one_is_not() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert all(port_is_free("127.0.0.1", port) for port in ports)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        assert not port_is_free("127.0.0.1", ports[0])


def test_the_environment_takes_our_lines_of_a_file_and_pins_time_zones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("TEMPORAL_ADDRESS=t:7233\nTIERLINE_PORT=1\nOTHER=x\n", encoding="utf-8")
    monkeypatch.setenv("TIERLINE_PORT", "2")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.delenv("OTHER", raising=False)
    found = environment(file)
    assert (found["TEMPORAL_ADDRESS"], found["TIERLINE_PORT"], found["PYTHONTZPATH"]) == ("t:7233", "2", "")
    assert "OTHER" not in found


def test_the_demo_sees_nothing_of_a_persons_installation() -> None:
    ours = {"TIERLINE_HOME": "x", "TEMPORAL_ADDRESS": "x", "SENDGRID_API_KEY": "x", "TWILIO_AUTH_TOKEN": "x"}
    assert without_ours({**ours, "PATH": "/bin"}) == {"PATH": "/bin"}
