"""Everything is broken again and again while people work, and at the end every promise is held against the record.

Two minutes in `make test`, `make chaos MINUTES=30` plays long, `CHAOS_SEED` repeats a plan. Reading a failure: docs/chaos.md.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

from tests.chaos.checker import check
from tests.chaos.report import summary, told_in_full
from tests.chaos.run import Order, run

Measured = Callable[[str, object], None]

TWO = 2.0  # minutes
LONGEST_TOLD = 8_000  # characters of a failure in the terminal; the whole of it lies in the folder


async def test_every_promise_is_kept_whatever_breaks(tmp_path: Path, record_property: Measured) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or SystemRandom().randrange(1_000_000))
    minutes = float(os.environ.get("CHAOS_MINUTES") or TWO)
    print(f"CHAOS_SEED={seed}, {minutes:g} minutes, evidence in {tmp_path}", flush=True)
    record_property("measured", f"chaos: CHAOS_SEED={seed}, {minutes:g} minutes")
    evidence = await run(Order(seed, minutes * 60, tmp_path))
    verdict = check(evidence)
    for line in summary(evidence, verdict):
        record_property("measured", line)
    told = told_in_full(evidence, verdict)
    (tmp_path / "report.txt").write_text(told, encoding="utf-8")
    print(told[:LONGEST_TOLD])  # after what the processes said: whoever sees only the end of a log sees what broke
    assert not verdict.faults, (
        f"{len(verdict.faults)} promises broken, printed above; the whole: {tmp_path / 'report.txt'}"
    )
