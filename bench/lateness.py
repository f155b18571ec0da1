"""How late things happen: spread over a minute, and all in one instant.

Late is the time from the true due time to the instant the message was taken by its provider (`sent_at` of the message; on the
bare side the instant the server recorded the end of the send). So it holds everything: timer, workflow task, record,
who is on duty, record, send.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench import policies
from bench.bare import Life
from bench.figures import Figure, percentile
from bench.sides import PRIORITIES, events, with_dues
from bench.stage import SLOW_GLANCE, Stage, all_climbed, at_once, settled
from domain.tickets import PRIORITIES as RANKS

LATEST = 1.0  # seconds at p99, spread out
LEAD = timedelta(seconds=5)  # from starting the last bare case of the rush to the instant all are due
AT_ONCE = 16
HANDS = 3  # of a late case: the second step, the warning, the first step after the climb


@dataclass(frozen=True)
class Handed:
    """One message that was due by itself: how late it was, and how urgent its case (0 is most)."""

    late: float
    rank: int


async def spread(stage: Stage) -> list[Figure]:
    """Cases that open, and so fall due, evenly over a minute; both sides at the same time, so both suffer the same machine."""
    sizes = stage.sizes
    await stage.tierline.has_policy(policies.late(sizes))
    sends = stage.bare.sent() + sizes.late_cases * (HANDS + 1)
    async with asyncio.TaskGroup() as group:
        for number in range(sizes.late_cases):
            group.create_task(stage.tierline.open(f"late-{number}", policies.LATE))
            group.create_task(stage.bare.start(f"late-{number}", _late_life(stage)))
            await asyncio.sleep(sizes.late_spread / sizes.late_cases)
    await all_climbed(stage.tierline, "bench-late-", sizes.late_cases)
    await settled(stage.bare, sends, SLOW_GLANCE)
    ours = [one.late for one in _ours(stage, "bench-late-")]
    bare = [one.late for one in await _bares(stage.client, [f"bare-late-{n}" for n in range(sizes.late_cases)])]
    what = f"lateness, {sizes.late_cases} cases over {sizes.late_spread:.0f} s"
    p99, untold = percentile(ours, 99), HANDS * sizes.late_cases - len(ours)
    in_time = p99 <= LATEST and not untold
    return [
        Figure("late_p50", f"{what}, p50", "s", percentile(ours, 50), percentile(bare, 50)),
        Figure("late_p99", f"{what}, p99", "s", p99, percentile(bare, 99), f"≤ {LATEST:.0f}", in_time),
        Figure("late_untold", "… so late that the climb overtook it", "messages", untold, 0),
    ]


async def rush(stage: Stage) -> list[Figure]:
    """Targets that are missed in one instant: when the last is told of, and whether urgent cases came first."""
    ours, bare = await _our_rush(stage), await _bare_rush(stage)
    what = f"{stage.sizes.rush_cases} due in one instant"
    return [
        Figure("rush_last", f"{what}: the last", "s", max(_lates(ours)), max(_lates(bare))),
        Figure("rush_p50", "… p50", "s", percentile(_lates(ours), 50), percentile(_lates(bare), 50)),
        Figure("rush_critical_p50", "… critical cases: p50", "s", _median_of(ours, 0), _median_of(bare, 0)),
        Figure("rush_low_p50", "… low cases: p50", "s", _median_of(ours, 3), _median_of(bare, 3)),
        Figure("rush_disorder", "… pairs told in the wrong order (50 is chance)", "%", disorder(ours), disorder(bare)),
    ]


def disorder(handed: Sequence[Handed]) -> float:
    """Of all pairs of different urgency, how many percent had the less urgent one first."""
    pairs = [(a, b) for a, b in combinations(handed, 2) if a.rank != b.rank]
    wrong = sum((a.rank - b.rank) * (a.late - b.late) < 0 for a, b in pairs)
    return 100 * wrong / len(pairs)


async def _our_rush(stage: Stage) -> list[Handed]:
    sizes, side = stage.sizes, stage.tierline
    await side.has_policy(policies.rush(sizes, policies.next_bell(datetime.now(UTC))))

    async def open_one(number: int) -> None:
        await side.open(f"rush-{number}", policies.RUSH, PRIORITIES[number % len(PRIORITIES)])

    await at_once(sizes.rush_cases, AT_ONCE, open_one)
    await all_climbed(side, "bench-rush-", sizes.rush_cases)
    return list(_ours(stage, "bench-rush-"))


async def _bare_rush(stage: Stage) -> list[Handed]:
    count = stage.sizes.rush_cases
    sends = stage.bare.sent() + 2 * count
    due = datetime.now(UTC) + timedelta(seconds=count / 50) + LEAD  # fifty starts a second are a slow machine's

    async def start(number: int) -> None:
        await stage.bare.start(f"rush-{number}", with_dues([(due, "climb", (0, 1))]))

    await at_once(count, AT_ONCE, start)
    if datetime.now(UTC) > due:
        stage.say("  the bare cases of the rush were not all there in time: the machine is very busy")
    await settled(stage.bare, sends, SLOW_GLANCE)
    return await _bares(stage.client, [f"bare-rush-{number}" for number in range(count)])


def _late_life(stage: Stage) -> Life:
    begin, sizes = datetime.now(UTC), stage.sizes
    warning = sizes.late_target * policies.WARN_AT // 100
    after = [(sizes.late_step, "step", (0, 1)), (warning, "warning", (1,)), (sizes.late_target, "climb", (0, 1))]
    return with_dues([(begin + timedelta(seconds=seconds), name, sends) for seconds, name, sends in sorted(after)])


def _ours(stage: Stage, prefix: str) -> Iterator[Handed]:
    """What was due by itself in these cases; the opening's own message was not."""
    for sent_at, entry, kind, step, priority, document in stage.tierline.handed_over(prefix):
        due = _due(stage, entry, kind, step, document)
        if due is not None:
            yield Handed((sent_at - due).total_seconds(), RANKS[::-1].index(priority))


def _due(stage: Stage, entry: int, kind: str, step: int, document: dict[str, Any]) -> datetime | None:
    """The true due time, from the case's own document."""
    acknowledge = next(target for target in document["targets"] if target["name"] == "acknowledge")
    if entry == 2:
        return datetime.fromisoformat(acknowledge["breached_at"])
    if kind == "warning":
        return datetime.fromisoformat(acknowledge["warn_at"][0])
    opened = datetime.fromisoformat(document["opened_at"])
    return opened + timedelta(seconds=stage.sizes.late_step) if step else None


async def _bares(client: Client, ids: Sequence[str]) -> list[Handed]:
    handed: list[Handed] = []
    for number, id in enumerate(ids):
        handed += [Handed(late, number % len(PRIORITIES)) for late in await _bare_lateness(client, id)]
    return handed


async def _bare_lateness(client: Client, id: str) -> list[float]:
    history = await events(client, id)
    began = history[0].workflow_execution_started_event_attributes
    [life] = await client.data_converter.decode(began.input.payloads, [Life])
    due_of = {due.deed.name: due.at for due in life.dues}
    scheduled = {
        event.event_id: event.activity_task_scheduled_event_attributes.activity_id.split("/")[0]
        for event in history
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    }
    done = [event for event in history if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED]
    ended = [
        (scheduled[one.activity_task_completed_event_attributes.scheduled_event_id], one.event_time) for one in done
    ]
    return [(at.ToDatetime(UTC) - due_of[name]).total_seconds() for name, at in ended if name in due_of]


def _lates(handed: Sequence[Handed]) -> list[float]:
    return [one.late for one in handed]


def _median_of(handed: Sequence[Handed], rank: int) -> float:
    return percentile([one.late for one in handed if one.rank == rank], 50)
