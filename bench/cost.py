"""What a whole life costs in Temporal, and whether the two sides really did the same number of things."""

from collections import Counter

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from bench.figures import Figure
from bench.sides import events
from bench.stage import Stage

SAME = ("ACTIVITY_TASK_SCHEDULED", "MARKER_RECORDED", "TIMER_STARTED", "WORKFLOW_EXECUTION_UPDATE_ACCEPTED")


async def cost(stage: Stage) -> list[Figure]:
    """Events and bytes of a life that was led alone. Raises RuntimeError when the comparison is not fair any more."""
    last = stage.sizes.pairs - 1
    ours, bare = [await events(stage.client, f"{side}-one-{last}") for side in ("bench", "bare")]
    counts = [_kinds(ours), _kinds(bare)]
    if unlike := [kind for kind in SAME if counts[0][kind] != counts[1][kind]]:
        told = "; ".join(f"{kind}: {counts[0][kind]} and {counts[1][kind]}" for kind in unlike)
        raise RuntimeError(f"the bare workflow no longer does what Tierline does: {told}. Mend bench/sides.py")
    return [
        Figure("life_events", "history of a whole life", "events", len(ours), len(bare)),
        Figure("life_bytes", "… its size", "bytes", _bytes(ours), _bytes(bare)),
        *(
            Figure(f"life_{kind.lower()}", f"… {_words(kind)}", "events", counts[0][kind], counts[1][kind])
            for kind in SAME
        ),
    ]


def _kinds(history: list[HistoryEvent]) -> Counter[str]:
    return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history)


def _bytes(history: list[HistoryEvent]) -> int:
    return sum(event.ByteSize() for event in history)


def _words(kind: str) -> str:
    return kind.lower().removeprefix("workflow_execution_").replace("_", " ")
