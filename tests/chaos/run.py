"""One chaos run from start to evidence: a real installation, people at work, the monkey, then calm, then the public record.

Nothing is judged here. When the time is up faults cease, everything is brought up, the people finish, and the run waits until
Temporal has no case running; what has not come to an end by then is left for the checker to find.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2

from local.options import ROOT
from local.temporal_server import ask
from tests.chaos.agents import SCRIPTS, Desk, Script
from tests.chaos.client import Api
from tests.chaos.journal import OPEN, CaseFile, Evidence, Shown, now
from tests.chaos.monkey import House, plays
from tests.chaos.providers import Providers, providers
from tests.chaos.weather import Weather, dice
from tests.processes.installation import Installation, installation
from tests.until import until
from workflows.contract import LESSONS

BETWEEN_TICKETS = (0.8, 2.6)  # seconds
MOST_LIVE = 40  # cases in the hands of people at once; two cores
LAST_TICKET = 15.0  # seconds before the end: the last tickets still meet some weather
FINISH_LIMIT = 150.0  # seconds for people to finish, once everything runs again; half a minute is usual
SETTLE_LIMIT = 150.0  # seconds for the last messages; the longest pause of a retry is two minutes
READERS = 8  # requests at once when the record is read
FOLDER = Path(__file__).parent / "policies"


@dataclass(frozen=True)
class Order:
    """What a run is asked to be."""

    seed: int
    seconds: float
    folder: Path


async def run(order: Order) -> Evidence:
    """Play it; the evidence is also kept in the folder, for whoever looks for a cause."""
    plan = Weather.of(order.seed, order.seconds)
    with providers(plan) as vendors, _installed(order.folder, vendors) as tierline:
        house = House(tierline)
        await house.begins()
        evidence = await _played(order, plan, house, vendors)
    evidence.save(order.folder / "evidence.json")
    return evidence


async def _played(order: Order, plan: Weather, house: House, vendors: Providers) -> Evidence:
    clock = asyncio.get_running_loop().time
    evidence = Evidence(order.seed, now(), now())
    over = asyncio.Event()
    async with _api(house.tierline, order, over) as api, _watched(house):
        desk = Desk(api, dice(order.seed, "people"))
        began = clock()
        vendors.begins()
        monkey = asyncio.create_task(plays(house, plan.blows, began))
        people = await _work(desk, began + order.seconds - LAST_TICKET)
        await monkey
        await asyncio.sleep(max(began + order.seconds - clock(), 0))
        vendors.fair.set()
        await house.is_up()
        evidence.unfinished = await _finish(desk, people, over)
        with suppress(TimeoutError):
            await until(lambda: _running(house.tierline) == 0, SETTLE_LIMIT)
        evidence.ended = now()
        over.set()
        await _read(api, desk.cases)
    evidence.cases, evidence.receipts, evidence.lookups = desk.cases, list(vendors.receipts), vendors.lookups
    evidence.blows, evidence.deaths = house.blows, house.deaths
    return evidence


async def _work(desk: Desk, until_time: float) -> dict[asyncio.Task[None], str]:
    """Take ticket after ticket; every script once before any comes twice."""
    clock, people = asyncio.get_running_loop().time, dict[asyncio.Task[None], str]()
    for script in _endless(desk.dice):
        if clock() >= until_time:
            return people
        if sum(not person.done() for person in people) < MOST_LIVE:
            people[asyncio.create_task(script(desk))] = script.__name__
        await asyncio.sleep(desk.dice.uniform(*BETWEEN_TICKETS))
    return people


def _endless(dice: Random) -> Iterator[Script]:
    while True:
        yield from dice.sample(SCRIPTS, len(SCRIPTS))


async def _finish(desk: Desk, people: dict[asyncio.Task[None], str], over: asyncio.Event) -> list[str]:
    """Let everybody finish. A script that broke is raised; the names of those that could not end are returned."""
    desk.hurry.set()
    _, late = await asyncio.wait(people, timeout=FINISH_LIMIT)
    over.set()
    if late:
        await asyncio.wait(late)
    await asyncio.gather(*people)
    over.clear()
    return [people[person] for person in late]


async def _read(api: Api, files: list[CaseFile]) -> None:
    """What the public API shows of every case and every command."""
    room = asyncio.Semaphore(READERS)

    async def read(file: CaseFile) -> None:
        async with room:
            file.shown = await _shown(api, file.id)
            for word in file.words:
                if word.name != OPEN:  # also those that were looked up before: what counts is how they stand at the end
                    await api.settled(word)

    await asyncio.gather(*(read(file) for file in files))


async def _shown(api: Api, id: str) -> list[Shown]:
    try:
        latest = await api.get(f"/v1/escalations/{id}")
    except LookupError:
        return []
    path = f"/v1/escalations/{id}"
    return [
        Shown(
            episode,
            latest if episode == latest["episode"] else await api.get(f"{path}?episode={episode}"),
            await api.get(f"{path}/timeline?episode={episode}"),
            await api.get(f"{path}/messages?episode={episode}"),
        )
        for episode in range(1, latest["episode"] + 1)
    ]


def _running(tierline: Installation) -> int | None:
    """How many cases Temporal still runs, with what is said after them; None when it does not say.

    What they left to do is followed up for years.
    """
    query = f'ExecutionStatus="Running" AND WorkflowType!="{LESSONS}"'
    done = ask(["workflow", "count", "--query", query], tierline.env)
    words = done.stdout.split()
    return int(words[-1]) if done.returncode == 0 and words else None


@asynccontextmanager
async def _api(tierline: Installation, order: Order, over: asyncio.Event) -> AsyncIterator[Api]:
    key = (tierline.home / "admin-key").read_text().strip()
    url = f"http://127.0.0.1:{tierline.env['TIERLINE_PORT']}"
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
        yield Api(http, dice(order.seed, "client"), over.is_set)


@asynccontextmanager
async def _watched(house: House) -> AsyncIterator[None]:
    """Somebody starts again what ends by itself, until the end of the block."""
    watch = asyncio.create_task(house.watches())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


@contextmanager
def _installed(folder: Path, vendors: Providers) -> Iterator[Installation]:
    policies = folder / "policies"
    shutil.copytree(ROOT / "policies" / "templates", policies / "templates")
    for file in FOLDER.glob("*.yaml"):
        shutil.copy(file, policies)
    rates = {"TIERLINE_SENDS_PER_SECOND": "50", "TIERLINE_PERSON_PER_MINUTE": "0"}  # each message is counted by itself
    env = {**vendors.environment, **rates, "TIERLINE_POLICIES": str(policies)}
    with installation(folder, **env) as tierline:
        yield tierline
