"""The processes of a whole installation, who breaks them, and who starts them again.

Two workers, the API and Temporal run as a process manager would run them: what ends is started again. What the monkey ends,
it ends by the pid it was given at the start; what ends by itself is a defect and is written down with its last words.
"""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos import weather
from tests.chaos.journal import Blow, now
from tests.chaos.weather import Planned
from tests.processes.installation import API, WORKER, Installation, Program
from tests.until import until

TEMPORAL = "temporal"
NAMES = ("worker-1", "worker-2", "api", TEMPORAL)
LAST_WORDS = 1500  # characters of the log of a process that ended by itself
GLANCE = 0.25  # seconds between two looks at who is still there
HITS = {
    weather.API: ("api",),
    weather.WORKERS: ("worker-1", "worker-2"),
    weather.TEMPORAL_STOP: (TEMPORAL,),
    weather.TEMPORAL_KILL: (TEMPORAL,),
    weather.EVERYTHING: NAMES,
}


@dataclass
class House:
    """What should run, and what does."""

    tierline: Installation
    running: dict[str, Program] = field(default_factory=dict)
    blows: list[Blow] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    async def begins(self) -> None:
        """Bring everything up for the first time."""
        for name in reversed(NAMES):
            self._start(name)
        await self.is_up()

    async def is_up(self) -> None:
        """Wait until the API serves and both workers ask for work."""
        await until(self.tierline.is_ready, 60)
        for name in ("worker-1", "worker-2"):
            await self.running[name].says("worker ready")

    async def suffers(self, planned: Planned) -> None:
        """One blow, the pause, and everything it hit is started again."""
        names = HITS.get(planned.what) or (NAMES[planned.pick],)
        number = signal.SIGTERM if planned.what == weather.TEMPORAL_STOP else signal.SIGKILL
        begin = now()
        hit = {name: self.running.pop(name) for name in names}
        for program in hit.values():
            program.hears(number)
        for program in hit.values():
            await program.ends()
        await asyncio.sleep(planned.away)
        for name in sorted(hit, key=NAMES.index, reverse=True):
            self._start(name)
        self.blows.append(Blow(planned.what, begin, now(), tuple(program.pid for program in hit.values())))

    async def watches(self) -> None:
        """Start again whatever ends by itself, and write it down."""
        while True:
            for name, program in list(self.running.items()):
                if not program.running:
                    self.deaths.append(f"{name} (pid {program.pid}) ended by itself:\n{program.words[-LAST_WORDS:]}")
                    self._start(name)
            await asyncio.sleep(GLANCE)

    def _start(self, name: str) -> None:
        if name == TEMPORAL:
            self.running[name] = self.tierline.begins_temporal()
        else:
            command: Sequence[str] = API if name == "api" else WORKER
            self.running[name] = self.tierline.starts(*command)


async def plays(house: House, blows: Sequence[Planned], began: float) -> None:
    """Every planned blow at its time; one that comes due while the one before is mended comes right after."""
    clock = asyncio.get_running_loop().time
    for planned in blows:
        await asyncio.sleep(max(began + planned.at - clock(), 0))
        await house.suffers(planned)
