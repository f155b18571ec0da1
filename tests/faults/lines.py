"""A house whose messages leave through the vendors' real clients, each recipient on a line of its own to a fake vendor."""

import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client

from activities.providers.port import Channel, Envelope, Outcome, Provider, Sent
from activities.providers.sendgrid_mail import SendGridMail
from activities.providers.twilio_sms import TwilioSms
from activities.recording import Recording
from activities.rendering import Renderer
from activities.sending import Sending
from domain.roster import Roster
from records.database import Database
from records.roster import RosterStore
from tests.faults.vendor import Vendor
from tests.workflows.house import TEMPLATES, Crew, House, Postbox, case_worker, send_workers

PATIENCE = timedelta(
    seconds=2
)  # of the clients, once to connect and once to read; a healthy vendor answers within it on a busy day
SENDS, RECORDS = 12, 4  # at once


@dataclass
class Line:
    """How one recipient is reached: the first try goes to `first` where there is one, every other to the vendor."""

    to: str
    vendor: Vendor
    first: str | None = None


@dataclass
class Lines:
    """SendGrid, made of real clients: what is sent to an address goes down its line."""

    channel: Channel = "email"
    name: str = "lines"
    by_address: dict[str, list[Provider]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        addresses = [line.first] if line.first else []
        self.by_address[line.to] = [self._client(url) for url in [*addresses, line.vendor.url]]

    def send(self, envelope: Envelope) -> Outcome:
        clients = self.by_address[envelope.to]
        return (clients.pop(0) if len(clients) > 1 else clients[0]).send(envelope)

    def _client(self, url: str) -> Provider:
        return SendGridMail("SG.test", "desk@example.org", url, PATIENCE)


@dataclass
class SmsLines(Lines):
    """Twilio's, which can be asked what they have."""

    channel: Channel = "sms"

    def find(self, envelope: Envelope, since: datetime) -> Sent | None:
        client = self.by_address[envelope.to][-1]
        assert isinstance(client, TwilioSms)
        return client.find(envelope, since)

    def _client(self, url: str) -> Provider:
        return TwilioSms("AC1", "token", "+15005550006", None, url, PATIENCE)


@asynccontextmanager
async def wired(client: Client, folder: Path, roster: Roster, mail: Lines, sms: SmsLines) -> AsyncIterator[House]:
    """A house with that roster and those lines, until the end of the block."""
    with _store(folder, roster) as database, ThreadPoolExecutor(SENDS + RECORDS) as threads:
        sending = Sending(database, {"email": mail, "sms": sms}, Renderer(TEMPLATES), "http://tierline.example")
        queue = f"test-{uuid.uuid4().hex[:8]}"
        crew = Crew(lambda: case_worker(client, Recording(database), threads, queue, cached=100))
        async with send_workers(client, sending, threads, SENDS):
            await crew.comes()
            try:
                yield House(client, database, queue, Postbox("sms"), Postbox("email"), crew)
            finally:
                await crew.leaves()


@contextmanager
def _store(folder: Path, roster: Roster) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder / 'tierline.db'}")
    try:
        database.migrate()
        RosterStore(database).save(roster, None, datetime.now(UTC))
        yield database
    finally:
        database.close()
