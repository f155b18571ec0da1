"""How much each run measures.

The full one is for figures to quote, the quick one to look, the tiny one keeps the bench from rotting.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Numbers of cases and seconds; `bell` lets the targets of the rush fall due at the start of a minute, all at once."""

    name: str
    pairs: int  # openings, and commands of each kind, one after the other on both sides in turn
    rounds: int  # of whole lives, in turn
    lives: int  # in a round
    at_once: int  # how many are opened or lived at the same time
    late_cases: int
    late_spread: float  # seconds over which they are opened, and so fall due
    late_step: int  # seconds after the opening: the second step
    late_target: int  # seconds after the opening: the target is missed and the case climbs
    rush_cases: int
    rush_after: int  # seconds after the bell
    bell: bool
    open_round: int  # openings in a round, in turn
    open_cases: int  # on each side, for the memory
    idle_cases: int  # of Tierline, for the processor
    idle_seconds: float
    closures: int  # cases closed before, among which to find those that resemble a new one
    past_cases: int  # that reports are asked about
    fresh: bool = True  # whether the waiting cases get an installation of their own


FULL = Sizes("full", 50, 3, 60, 16, 200, 60.0, 20, 30, 300, 10, True, 250, 1_000, 5_000, 60.0, 100_000, 1_000_000)
QUICK = Sizes("quick", 20, 2, 30, 16, 60, 20.0, 10, 20, 100, 5, True, 100, 300, 1_000, 15.0, 20_000, 100_000)
TINY = Sizes("tiny", 3, 1, 2, 2, 2, 0.5, 2, 4, 4, 3, False, 2, 4, 6, 0.5, 30, 300, fresh=False)
