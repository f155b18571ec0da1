"""One caller and nothing else to do: how long an opening and a command take. The two sides take turns, case by case."""

from bench.figures import Figure, percentile
from bench.sides import COMMANDS, SENDS, Side
from bench.stage import Stage, settled, timed

MOST_ABOVE_BARE = 25.0  # ms at p50, for an opening over HTTP


async def latency(stage: Stage) -> list[Figure]:
    """Openings and commands, answered; before the next one everything that followed is done."""
    openings: dict[str, list[float]] = {side.name: [] for side in stage.sides}
    commands: dict[str, list[float]] = {side.name: [] for side in stage.sides}
    for number in range(stage.sizes.pairs):
        for side in stage.sides:
            await _life(side, f"one-{number}", openings[side.name], commands[side.name])
    return [_opening(openings), *(_command(commands, percent) for percent in (50, 99))]


async def _life(side: Side, number: str, openings: list[float], commands: list[float]) -> None:
    sends = side.sent() + SENDS["opening"]
    openings.append(await timed(side.open(number)))
    await settled(side, sends)
    id = f"{'bench' if side.name == 'Tierline' else 'bare'}-{number}"
    for command in COMMANDS:
        sends += SENDS[command]
        commands.append(await timed(side.say(id, command)))
        await settled(side, sends)


def _opening(openings: dict[str, list[float]]) -> Figure:
    ours, bare = percentile(openings["Tierline"], 50), percentile(openings["bare"], 50)
    aim = f"≤ bare + {MOST_ABOVE_BARE:.0f}"
    what = "opening, p50 (HTTP; bare: start)"
    return Figure("opening_p50", what, "ms", ours, bare, aim, ours <= bare + MOST_ABOVE_BARE)


def _command(commands: dict[str, list[float]], percent: int) -> Figure:
    what = f"command, p{percent} (HTTP; bare: update)"
    ours, bare = percentile(commands["Tierline"], percent), percentile(commands["bare"], percent)
    return Figure(f"command_p{percent}", what, "ms", ours, bare)
