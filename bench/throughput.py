"""Whole lives, many at once: opened, acknowledged, resolved, explained, closed. In rounds, in turn.

All cases of a round take each turn together, and the next one begins when every message is out: else an acknowledgement would
overtake the message it answers, Tierline would skip that message, and the two sides would no longer do the same.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from bench.figures import Figure, percentile
from bench.sides import COMMANDS, SENDS, Side
from bench.stage import Stage, at_once, settled, timed

LEAST_OF_BARE = 0.7
OF_A_SIDE = {"Tierline": ("worker", "API"), "bare": ("bare",)}  # whose processor time counts for it


@dataclass
class _Tally:
    """What the rounds of one side came to."""

    seconds: float = 0.0
    lives: int = 0
    commands: list[float] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return self.lives / self.seconds

    def cpu_of(self, *processes: str) -> float:
        """Milliseconds a life."""
        return 1000 * sum(self.cpu[name] for name in processes) / self.lives


async def throughput(stage: Stage) -> list[Figure]:
    """Lives a second, latency under that load, processor time a life."""
    tallies = {side.name: _Tally() for side in stage.sides}
    for number in range(stage.sizes.rounds):
        for side in stage.sides:
            await _round(stage, side, f"life-{number}", tallies[side.name])
    ours, bare = tallies["Tierline"], tallies["bare"]
    least = f"≥ {LEAST_OF_BARE} of bare"
    ratio = Figure(
        "life_ratio",
        "whole lives, of bare",
        "ratio",
        ours.rate / bare.rate,
        1.0,
        least,
        ours.rate >= LEAST_OF_BARE * bare.rate,
    )
    return [
        Figure("life_rate", f"whole lives, {stage.sizes.at_once} at once", "1/s", ours.rate, bare.rate),
        ratio,
        *(_command(ours, bare, percent) for percent in (50, 99)),
        Figure("life_cpu", "processor a life, worker and API", "ms", *_cpu(tallies)),
        Figure(
            "life_cpu_temporal", "processor a life, Temporal", "ms", ours.cpu_of("Temporal"), bare.cpu_of("Temporal")
        ),
    ]


async def _round(stage: Stage, side: Side, name: str, tally: _Tally) -> None:
    before, begin = stage.ground.spent(), time.monotonic()
    ids = await _open(stage, side, name)
    for command in COMMANDS:
        await _say(stage, side, ids, command, tally)
    tally.seconds += time.monotonic() - begin
    tally.lives += stage.sizes.lives
    tally.cpu.update(stage.ground.spent().since(before))


async def _open(stage: Stage, side: Side, name: str) -> list[str]:
    ids: list[str] = []

    async def open_one(number: int) -> None:
        ids.append(await side.open(f"{name}-{number}"))

    sends = side.sent() + stage.sizes.lives * SENDS["opening"]
    await at_once(stage.sizes.lives, stage.sizes.at_once, open_one)
    await settled(side, sends)
    return ids


async def _say(stage: Stage, side: Side, ids: list[str], command: str, tally: _Tally) -> None:
    async def say_one(number: int) -> None:
        tally.commands.append(await timed(side.say(ids[number], command)))

    sends = side.sent() + len(ids) * SENDS[command]
    await at_once(len(ids), stage.sizes.at_once, say_one)
    await settled(side, sends)


def _command(ours: _Tally, bare: _Tally, percent: int) -> Figure:
    what = f"command under that load, p{percent}"
    ours_ms, bare_ms = percentile(ours.commands, percent), percentile(bare.commands, percent)
    return Figure(f"command_loaded_p{percent}", what, "ms", ours_ms, bare_ms)


def _cpu(tallies: dict[str, _Tally]) -> tuple[float, float]:
    ours, bare = (tallies[name].cpu_of(*processes) for name, processes in OF_A_SIDE.items())
    return ours, bare
