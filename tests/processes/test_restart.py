"""Ctrl-C and the next start: nothing is lost, nothing is said twice, nothing is left running."""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.processes.installation import END_LIMIT, TIERLINE, Case, installation
from tests.until import until

Measured = Callable[[str, object], None]


async def test_what_is_opened_before_ctrl_c_goes_on_after_the_next_start(
    tmp_path: Path, record_property: Measured
) -> None:
    with installation(tmp_path) as tierline:
        up = tierline.starts(TIERLINE, "up")
        await up.says("Tierline is up.")
        case = tierline.opens("4711")
        await case.has_told_l1()
        before = case.timeline()
        opened = datetime.fromisoformat(case.shows()["opened_at"])

        begin = time.monotonic()
        watch = Ends(tierline.pids())
        up.hears(signal.SIGINT)
        assert watch.order() == ["-m api", "-m worker", "server start-dev", "tierline up"]
        took = time.monotonic() - begin
        record_property("measured", f"Ctrl-C: everything ended after {took:.1f} s")
        assert took < END_LIMIT
        assert await up.ends() == 0, up.words
        assert not tierline.pids()

        climb_due = opened + timedelta(seconds=10)
        await until(lambda: datetime.now(UTC) > climb_due)  # warning and breach fall due while nothing runs
        begin = time.monotonic()
        again = tierline.starts(TIERLINE, "up")
        await again.says("Tierline is up.")
        record_property("measured", f"second start: up after {time.monotonic() - begin:.1f} s")
        await until(lambda: case.kinds().count("told") == 2)
        await until(case.everybody_was_told)

        timeline = case.timeline()
        assert timeline[: len(before)] == before
        at = {entry["kind"]: datetime.fromisoformat(entry["at"]) for entry in timeline}
        assert (at["warned"], at["breached"], at["climbed"]) == (opened + timedelta(seconds=5), climb_due, climb_due)
        nothing_was_told_twice(case)
        second = case.shows()["accountable"]
        await tierline.types("ack", case.id, "--by", second)
        assert (case.shows()["status"], case.shows()["owner"]) == ("acknowledged", second)
        again.hears(signal.SIGTERM)
        assert await again.ends() == 0, again.words


def nothing_was_told_twice(case: Case) -> None:
    """One message a step, person and channel, each tried once; the warning may have been overtaken by the climb."""
    messages = case.messages()
    found = Counter((one["key"].split("/")[1], one["kind"], one["channel"]) for one in messages)
    assert found == Counter(
        [
            ("1", "customer_opened", "email"),
            ("1", "step", "sms"),
            ("1", "step", "email"),
            ("1", "warning", "sms"),
            ("2", "step", "sms"),
            ("2", "step", "email"),
        ]
    )
    assert {(one["status"], one["attempts"]) for one in messages if one["kind"] != "warning"} == {("sent", 1)}


class Ends:
    """In which order processes end, as the kernel tells it."""

    def __init__(self, pids: dict[int, str]) -> None:
        self._names = {os.pidfd_open(pid): _name(command) for pid, command in pids.items()}

    def order(self) -> list[str]:
        """Wait for the end of all, and say who ended when."""
        poll, order = select.poll(), list[str]()
        for file in self._names:
            poll.register(file, select.POLLIN)
        while len(order) < len(self._names) and (ended := poll.poll(END_LIMIT * 1000)):
            for file, _ in ended:
                order.append(self._names[file])
                poll.unregister(file)
                os.close(file)
        return order


def _name(command: str) -> str:
    return next(name for name in ("-m api", "-m worker", "server start-dev", "tierline up") if name in command)
