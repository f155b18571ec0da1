"""The bench runs from end to end and writes every figure. What it measures is for `make bench`: here nothing is timed."""

import json
import re
from pathlib import Path

from bench.__main__ import run
from bench.figures import Figure, percentile, table
from bench.lateness import Handed, disorder
from bench.sizes import TINY
from records.counted import DIMENSIONS

REPORTS = {
    "summary",
    *(f"summary_by_{one}" for one in DIMENSIONS),
    "trend_by_day",
    "trend_by_week",
    "root_causes",
    "heat_map",
    "time_in_tier",
    "time_in_tier_of_a_team",
    "backlog_by_owner",
}
KEYS = {
    "opening_p50",
    "command_p50",
    "command_p99",
    "life_events",
    "life_bytes",
    "life_activity_task_scheduled",
    "life_marker_recorded",
    "life_timer_started",
    "life_workflow_execution_update_accepted",
    "life_rate",
    "life_ratio",
    "command_loaded_p50",
    "command_loaded_p99",
    "life_cpu",
    "life_cpu_temporal",
    "late_p50",
    "late_p99",
    "late_untold",
    "rush_last",
    "rush_p50",
    "rush_critical_p50",
    "rush_low_p50",
    "rush_disorder",
    *(
        f"similar_{asked}_{on}_{p}"
        for asked in ("case", "words")
        for on in ("sqlite", "postgresql")
        for p in ("p50", "p95")
    ),
    *(f"report_{what}_{on}" for what in REPORTS for on in ("sqlite", "postgresql")),
    "opening_rate",
    "told_rate",
    "memory_1000",
    "memory_empty",
    "memory_idle",
    "memory_api",
    "idle_cpu",
    "idle_cpu_empty",
    "idle_cpu_temporal",
    "put_off",
}
AIMS = {"opening_p50", "life_ratio", "late_p99", "idle_cpu"} | {
    key for key in KEYS if re.fullmatch("similar_.*_p95|report_.*", key)
}


def test_a_tiny_run_writes_every_figure(tmp_path: Path) -> None:
    """It also compares the histories of the two sides, and fails when the bare one no longer does what Tierline does."""
    said: list[str] = []
    run(TINY, tmp_path / "results.json", said.append)
    results = json.loads((tmp_path / "results.json").read_text())
    figures = {figure["key"]: figure for figure in results["figures"]}
    assert figures.keys() == KEYS
    assert {key for key, figure in figures.items() if figure["aim"]} == AIMS
    assert all(isinstance(figures[key]["reached"], bool) for key in AIMS)
    assert results["versions"].keys() >= {"python", "temporalio"}
    assert results["machine"]["cores"] >= 1
    assert any(figures["opening_p50"]["what"] in words for words in said)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 201)]
    assert [percentile(values, percent) for percent in (50, 99, 100)] == [100.0, 198.0, 200.0]
    assert percentile([7.0], 99) == 7.0


def test_disorder_counts_pairs_of_different_urgency() -> None:
    urgent_first = [Handed(0.1, 0), Handed(0.2, 0), Handed(0.3, 3), Handed(0.4, 3)]
    assert disorder(urgent_first) == 0
    assert disorder([Handed(one.late, 3 - one.rank) for one in urgent_first]) == 100
    assert disorder([Handed(0.1, 3), Handed(0.2, 0), Handed(0.3, 3)]) == 50


def test_the_table_says_what_was_reached_and_missed() -> None:
    lines = table(
        [
            Figure("a", "opening", "ms", 31.25, 6.0, "≤ bare + 25", reached=False),
            Figure("b", "idle", "% of a core", 0.4, None, "≤ 2", reached=True),
        ]
    ).splitlines()
    assert lines[2] == "| opening | ms          |     31.2 |    6 | ≤ bare + 25 | MISSED  |"
    assert lines[3].endswith("| ≤ 2         | reached |")
    assert len({len(line) for line in lines}) == 1
