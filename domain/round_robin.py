"""Round robin inside a team: whose turn a case is, the same in a replay, in a preview and in every process.

The turn is made of what the case already knows: its id, the entry, the round of the steps. It never depends on load, on what else
is open or on what was chosen before, for a preview could not repeat that. Ids spread evenly, as a checksum does; within one case
the next round and the next entry ask the next person.
"""

from collections.abc import Sequence
from zlib import crc32


def turn_of(case_id: str, entry: int, round: int) -> int:
    """The turn of a case at that entry and round of the steps; any number not below zero."""
    return crc32(case_id.encode()) + entry + round  # never hash(): it differs from process to process


def from_turn(people: Sequence[str], turn: int) -> list[str]:
    """The people from the one whose turn it is, then the others in the order given, once around."""
    first = turn % len(people) if people else 0
    return [*people[first:], *people[:first]]
