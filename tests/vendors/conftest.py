"""The vendors' own specs and a Twilio of somebody else, each as a server of its own."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.vendor import MAIL_PATH, Vendor, vendor
from tests.npm import NotHere
from tests.vendors.node import SENDGRID, TWILIO, Server, installed, listens, serving

MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@dataclass(frozen=True)
class Checked:
    """Prism between a client and the fake vendor: a request or an answer against the spec ends in an error."""

    url: str
    behind: Vendor

    @contextmanager
    def passing(self, count: int) -> Iterator[None]:
        """So many messages of the block must get through to the vendor."""
        before = len(self.behind.posts)
        yield
        assert len(self.behind.posts) - before == count


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder with what npm installed; skips, and says why, where that cannot be had."""
    try:
        return installed()
    except NotHere as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
async def twilio_spec(node: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Checked]:
    """Twilio's, of which the one path we use is kept; all 120 take seconds to load."""
    spec = json.loads((node / TWILIO.file).read_text())
    async with checked(node, {**spec, "paths": {MESSAGES: spec["paths"][MESSAGES]}}, tmp_path_factory) as check:
        yield check


@pytest.fixture(scope="module")
async def sendgrid_spec(node: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Checked]:
    """SendGrid's: the one path we use, with the `/v3` of the server's address, which Prism leaves out."""
    async with checked(node, mail_send(node), tmp_path_factory) as check:
        yield check


def mail_send(node: Path) -> dict[str, Any]:
    """SendGrid's document of its Mail Send API."""
    spec = json.loads((node / SENDGRID.file).read_text())
    return {**spec, "paths": {MAIL_PATH: spec["paths"]["/mail/send"]}, "servers": []}


@asynccontextmanager
async def checked(node: Path, spec: dict[str, Any], folders: pytest.TempPathFactory) -> AsyncIterator[Checked]:
    """Prism with this document, in front of a fake vendor."""
    with vendor() as behind:
        async with prism(node, spec, folders, behind.url) as server:
            yield Checked(server.url, behind)


@asynccontextmanager
async def prism(
    node: Path, spec: dict[str, Any], folders: pytest.TempPathFactory, behind: str
) -> AsyncIterator[Server]:
    """Prism with this document, in front of the server at the address `behind`."""
    folder = folders.mktemp("prism")
    document = folder / "spec.json"
    document.write_text(json.dumps(spec))
    program = str(node / "node_modules" / ".bin" / "prism")
    with serving(folder / "prism.log", program, "proxy", "--errors", "--port", "{port}", str(document), behind) as (
        server,
        process,
    ):
        await listens(server, process)
        yield server


@pytest.fixture(scope="session")
async def emulator(node: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A Twilio that keeps what it is given."""
    emulate = str(node / "node_modules" / ".bin" / "emulate")
    log = tmp_path_factory.mktemp("emulate") / "emulate.log"
    with serving(log, emulate, "start", "--service", "twilio", "--port", "{port}") as (server, process):
        await listens(server, process)
        yield server
