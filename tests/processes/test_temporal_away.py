"""Temporal is not there yet, or goes away while all runs: waiting is said, failing is readable, and it recovers by itself."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.processes.installation import API, TIERLINE, WORKER, Case, Installation, Program, installation
from tests.until import until

Measured = Callable[[str, object], None]

SOON = 15.0  # seconds; a server that is back is noticed within a few
ANSWERS_WITHIN = timedelta(seconds=12)  # an update's limit, a signal's, and the start of neither hangs


async def test_a_worker_waits_for_temporal_and_says_so(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        tierline.begins_temporal().close()  # points everything at an address where nothing listens any more
        worker = tierline.starts(*WORKER)
        await worker.says("waiting for Temporal")
        tierline.begins_temporal()
        await worker.says("worker ready")
        assert worker.running


async def test_a_worker_that_waited_in_vain_says_what_to_do(tmp_path: Path) -> None:
    with installation(tmp_path, TEMPORAL_ADDRESS="127.0.0.1:1", TIERLINE_TEMPORAL_PATIENCE="1") as tierline:
        worker = tierline.starts(*WORKER)
        assert await worker.ends() == 1
        assert "Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS) did not answer for 1 s" in worker.words
        assert "TIERLINE_TEMPORAL_PATIENCE" in worker.words
        assert "Traceback" not in worker.words


async def test_tierline_up_waits_for_a_temporal_of_somebody_else_and_then_says_what_to_do(tmp_path: Path) -> None:
    with installation(tmp_path, TEMPORAL_ADDRESS="127.0.0.1:1", TIERLINE_TEMPORAL_PATIENCE="1") as tierline:
        up = tierline.starts(TIERLINE, "up")
        assert await up.ends() == 1
        assert "waiting for Temporal at 127.0.0.1:1, for up to 1 s" in up.words
        assert "No Temporal server with its namespace answered at 127.0.0.1:1 (TEMPORAL_ADDRESS) for 1 s" in up.words
        assert "Traceback" not in up.words


async def test_temporal_killed_while_all_runs_is_a_503_that_ends_by_itself(
    tmp_path: Path, record_property: Measured
) -> None:
    with installation(tmp_path) as tierline:
        temporal, _ = await everything_is_up(tierline)
        case = tierline.opens("before")
        await case.has_told_l1()

        temporal.hears(signal.SIGKILL)
        await temporal.ends()
        gone = datetime.now(UTC)
        opening = away(lambda: open_keyed(tierline, "while-away"))
        word = away(lambda: case.says("note", key="my-note", by="dana", text="while Temporal was away"))
        assert case.shows()["status"] == "open", "reading needs no Temporal"
        assert tierline.http("GET", "/readyz").json()["checks"] == {"temporal": "unreachable", "database": "ok"}

        tierline.begins_temporal()
        await until(lambda: tierline.http("GET", "/readyz").status_code == 200, SOON)
        back = datetime.now(UTC)
        await until(lambda: case.kinds().count("told") == 2, SOON)
        record_property("measured", f"Temporal killed: commands answered 503 after {max(opening, word):.1f} s at most")
        record_property("measured", f"Temporal back: the case went on after {(datetime.now(UTC) - back).seconds} s")

        assert open_keyed(tierline, "while-away").status_code == 201
        assert case.says("note", key="my-note", by="dana", text="while Temporal was away").status_code == 200
        assert [entry["text"] for entry in case.timeline() if entry["kind"] == "note"] == ["while Temporal was away"]
        at_its_true_time(case, gone)


def at_its_true_time(case: Case, gone: datetime) -> None:
    """The breach fell due ten seconds after the opening, whoever was away then."""
    timeline = case.timeline()
    opened = datetime.fromisoformat(timeline[0]["at"])
    [breached] = [datetime.fromisoformat(entry["at"]) for entry in timeline if entry["kind"] == "breached"]
    assert breached == opened + timedelta(seconds=10)
    assert breached > gone, "the server was killed too late for this test to mean something"


def away(asks: Callable[[], httpx2.Response]) -> float:
    """It is answered with 503, within a bounded time, with when to come back; how long that took in seconds."""
    begin = datetime.now(UTC)
    answer = asks()
    took = datetime.now(UTC) - begin
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "temporal_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert took < ANSWERS_WITHIN
    return took.total_seconds()


def open_keyed(tierline: Installation, number: str) -> httpx2.Response:
    """An opening under a key of its own, as a careful client sends it."""
    body: dict[str, Any] = {
        "ticket": {"system": "zendesk", "id": number, "subject": "Checkout is down"},
        "customer": {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"},
        "trigger": {"kind": "manual"},
        "policy": "demo",
    }
    return tierline.http("POST", "/v1/escalations", f"open-{number}", **body)


async def everything_is_up(tierline: Installation) -> tuple[Program, Program]:
    """Temporal, API and one worker; the first and the last of them."""
    temporal = tierline.begins_temporal()
    api, worker = tierline.starts(*API), tierline.starts(*WORKER)
    await api.says("Uvicorn running on")
    await worker.says("worker ready")
    await until(lambda: tierline.http("GET", "/readyz").status_code == 200)
    return temporal, worker
