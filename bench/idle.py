"""Cases that wait: what a thousand open ones take in memory, and what thousands cost while nothing happens."""

import asyncio
import time

from bench import policies
from bench.figures import Figure
from bench.ground import Spent
from bench.sides import COMMANDS, SENDS, Side
from bench.stage import QUIET, SLOW_GLANCE, Stage, at_once, settled

MOST_IDLE = 2.0  # percent of one core, worker and API, above an empty worker
MEGABYTE = 1_000_000


async def idle(stage: Stage) -> list[Figure]:
    """On fresh processes: empty first, then a thousand on each side, then thousands of Tierline."""
    sizes = stage.sizes
    for side in stage.sides:
        await _warm_up(side)
    await stage.tierline.has_policy(policies.idle())
    stage.say(f"  {sizes.idle_seconds:.0f} s of an empty worker …")
    empty, begin = await _rest(stage, sizes.idle_seconds)
    stage.say(f"  opening {sizes.idle_cases:,} cases, and {sizes.open_cases:,} bare ones …")
    rates = await _open_in_turn(stage)
    with_open = stage.ground.spent()
    await _open_the_rest(stage)
    stage.say(f"  {sizes.idle_seconds:.0f} s of {sizes.idle_cases:,} waiting cases …")
    waiting, end = await _rest(stage, sizes.idle_seconds)
    return [*_rates(stage, rates), *_memory(stage, begin, with_open, end), *_processor(stage, empty, waiting)]


async def _warm_up(side: Side) -> None:
    """One whole life, so that everything is loaded."""
    sends = side.sent() + SENDS["opening"]
    id = await side.open("warm-up")
    await settled(side, sends)
    for command in COMMANDS:
        await side.say(id, command)
    await settled(side, sends + sum(SENDS[command] for command in COMMANDS))


async def _rest(stage: Stage, seconds: float) -> tuple[dict[str, float], Spent]:
    """Percent of one core by process over so many seconds without work, and what stands at their end."""
    await asyncio.sleep(QUIET)
    before, begin = stage.ground.spent(), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = stage.ground.spent(), time.monotonic() - begin
    return {name: 100 * cpu / took for name, cpu in after.since(before).items()}, after


async def _open_in_turn(stage: Stage) -> dict[str, tuple[float, float]]:
    """Cases a second, by side: answered, and told (the first message of every case out)."""
    sizes = stage.sizes
    spent = {side.name: [0.0, 0.0] for side in stage.sides}
    for first in range(0, sizes.open_cases, sizes.open_round):
        for side in stage.sides:
            answered, told = await _open(stage, side, first, sizes.open_round)
            spent[side.name][0] += answered
            spent[side.name][1] += told
    return {name: (sizes.open_cases / answered, sizes.open_cases / told) for name, (answered, told) in spent.items()}


async def _open_the_rest(stage: Stage) -> None:
    left = stage.sizes.idle_cases - stage.sizes.open_cases
    if left > 0:
        await _open(stage, stage.tierline, stage.sizes.open_cases, left)


async def _open(stage: Stage, side: Side, first: int, count: int) -> tuple[float, float]:
    async def open_one(number: int) -> None:
        await side.open(f"idle-{first + number}", policies.IDLE)

    sends, begin = side.sent() + count, time.monotonic()
    await at_once(count, stage.sizes.at_once, open_one)
    answered = time.monotonic() - begin
    await settled(side, sends, SLOW_GLANCE)
    return answered, time.monotonic() - begin


def _rates(stage: Stage, rates: dict[str, tuple[float, float]]) -> list[Figure]:
    (ours, our_told), (bare, bare_told) = rates["Tierline"], rates["bare"]
    how = f"{stage.sizes.at_once} at once"
    return [
        Figure("opening_rate", f"openings answered, {how}", "1/s", ours, bare),
        Figure("told_rate", f"openings told, {how}", "1/s", our_told, bare_told),
    ]


def _memory(stage: Stage, begin: Spent, with_open: Spent, end: Spent) -> list[Figure]:
    def megabytes(name: str) -> float:
        return (with_open.rss[name] - begin.rss[name]) / MEGABYTE * 1000 / stage.sizes.open_cases

    idle = f"{stage.sizes.idle_cases:,} open"
    return [
        Figure("memory_1000", "worker's memory for 1,000 open cases", "MB", megabytes("worker"), megabytes("bare")),
        Figure(
            "memory_empty", "worker's memory, empty", "MB", begin.rss["worker"] / MEGABYTE, begin.rss["bare"] / MEGABYTE
        ),
        Figure("memory_idle", f"worker's memory, {idle} (it keeps 1,000)", "MB", end.rss["worker"] / MEGABYTE),
        Figure("memory_api", f"API's memory, {idle}", "MB", end.rss["API"] / MEGABYTE),
    ]


def _processor(stage: Stage, empty: dict[str, float], waiting: dict[str, float]) -> list[Figure]:
    above = sum(waiting[name] - empty[name] for name in ("worker", "API"))
    what = f"{stage.sizes.idle_cases:,} idle cases over {stage.sizes.idle_seconds:.0f} s: worker and API"
    aim = f"≤ {MOST_IDLE:.0f}"
    return [
        Figure("idle_cpu", f"{what}, above empty", "% of a core", above, None, aim, above <= MOST_IDLE),
        Figure("idle_cpu_empty", "… an empty worker and API", "% of a core", sum(empty[x] for x in ("worker", "API"))),
        Figure("idle_cpu_temporal", "… Temporal, above empty", "% of a core", waiting["Temporal"] - empty["Temporal"]),
    ]
