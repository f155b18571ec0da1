"""Every way a vendor can fail us, in one table: what is recorded, what the vendor took, whether it is tried again.

Each row is a case of its own in a whole house (workflow, sends, store), told through the vendor's real client over HTTP. The
first request meets the fault, later ones a vendor in good health. All rows run side by side, in real time.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.roster import Roster
from domain.tickets import Channel
from records.stored import POSSIBLE_DUPLICATE, MessageStatus, StoredMessage
from tests.activities.faulty import deaf, nobody
from tests.faults.lines import Line, Lines, SmsLines, wired
from tests.faults.vendor import (
    Fault,
    Vendor,
    breaks_at_the_gateway,
    hangs,
    hangs_up,
    limits,
    never_reads,
    redirects,
    resets,
    says,
    taking,
    vendor,
)
from tests.until import until
from tests.workflows.house import House
from tests.workflows.house import says as command

LIMIT = 60.0  # seconds for all rows together
RESET = 3  # seconds until a rate limit ends

Unreachable = Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class Fate:
    """What must become of the message: how it ends, after how many tries, and how often the vendor took it.

    `history` is what its record says after the vendor's words. A failure brings the next responder at once.
    """

    ends: MessageStatus
    code: str | None
    tries: int
    taken: int
    history: str


def refused(code: str) -> Fate:
    """Final at the first try."""
    return Fate("failed", code, 1, 0, "")


LATER = Fate("sent", None, 2, 1, "; then sent")  # nothing was taken, and we knew
IN_DOUBT = Fate("sent", POSSIBLE_DUPLICATE, 2, 1, "; then sent again: it may have arrived twice")
TWICE = replace(IN_DOUBT, taken=2)
FOUND = Fate("sent", None, 2, 1, "; then found at the provider, not sent again")

REVOKED = "The provided authorization grant is invalid, expired, or revoked"
STRANGER = "The from address does not match a verified Sender Identity"

# The vendor …, how, so the message …, with these words in its history (… is anything).
SENDGRID: tuple[tuple[str, Fault | Unreachable, Fate, str], ...] = (
    ("401", says(401, REVOKED), refused("401"), REVOKED),
    ("403", says(403, STRANGER), refused("403"), STRANGER),
    ("429 with reset time", limits(RESET), LATER, "429: too many requests"),
    ("500", says(500, "oops"), IN_DOUBT, "500: oops"),
    ("500 although it took it", taking(says(500, "oops")), TWICE, "500: oops"),
    ("502", breaks_at_the_gateway, IN_DOUBT, "502: Bad Gateway"),
    ("302", redirects, IN_DOUBT, "the answer was lost (answered 302 where SendGrid answers 202)"),
    ("time-out, no connection", deaf, LATER, "unreachable: timed out"),
    ("time-out, request not read", never_reads, IN_DOUBT, "the answer was lost (TimeoutError: timed out)"),
    ("time-out, request read", hangs, IN_DOUBT, "the answer was lost (TimeoutError: timed out)"),
    ("time-out, message taken", taking(hangs), TWICE, "the answer was lost (TimeoutError: timed out)"),
    ("reset", resets, IN_DOUBT, "the answer was lost (ConnectionResetError: …)"),
    ("reset, message taken", taking(resets), TWICE, "the answer was lost (ConnectionResetError: …)"),
    ("empty answer", hangs_up, IN_DOUBT, "the answer was lost (RemoteDisconnected: …)"),
    ("empty answer, message taken", taking(hangs_up), TWICE, "the answer was lost (RemoteDisconnected: …)"),
    ("refused connection", nobody, LATER, "unreachable: …Connection refused"),
)
TWILIO: tuple[tuple[str, Fault | Unreachable, Fate, str], ...] = (
    ("401", says(401, "Authenticate", 20003), refused("20003"), "Authenticate"),
    ("403", says(403, "Account suspended", 20005), refused("20005"), "Account suspended"),
    ("opted out", says(400, "unsubscribed recipient", 21610), refused("21610"), "unsubscribed recipient"),
    ("429 with reset time", limits(RESET), LATER, "20429: too many requests"),
    ("500", says(500, "oops", 20500), LATER, "20500: oops"),
    ("500 although it took it", taking(says(500, "oops", 20500)), FOUND, "20500: oops"),
    ("502", breaks_at_the_gateway, LATER, "502: Unable to create record"),
    ("302", redirects, LATER, "the answer was lost (answered 302 where Twilio answers 201)"),
    ("time-out, no connection", deaf, LATER, "unreachable: …timed out…"),
    ("time-out, request not read", never_reads, LATER, "the answer was lost (ReadTimeout: TimeoutError)"),
    ("time-out, request read", hangs, LATER, "the answer was lost (ReadTimeout: TimeoutError)"),
    ("time-out, message taken", taking(hangs), FOUND, "the answer was lost (ReadTimeout: TimeoutError)"),
    ("reset", resets, LATER, "the answer was lost (ConnectionError: ConnectionResetError)"),
    ("reset, message taken", taking(resets), FOUND, "the answer was lost (ConnectionError: ConnectionResetError)"),
    ("empty answer", hangs_up, LATER, "the answer was lost (ConnectionError: RemoteDisconnected)"),
    (
        "empty answer, message taken",
        taking(hangs_up),
        FOUND,
        "the answer was lost (ConnectionError: RemoteDisconnected)",
    ),
    ("refused connection", nobody, LATER, "unreachable: …Connection refused"),
)


@dataclass(frozen=True)
class Row:
    """One line of the table; its name is also its person's."""

    channel: Channel
    what: str
    fault: Fault | Unreachable
    fate: Fate
    words: str

    @property
    def name(self) -> str:
        return f"{'sendgrid' if self.channel == 'email' else 'twilio'}: {self.what}"

    @property
    def person(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


TABLE = [Row("email", *row) for row in SENDGRID] + [Row("sms", *row) for row in TWILIO]

POLICY = """
name: two-steps
owner_of_last_resort: backup
tiers:
  - name: L1
    team: support
    targets: {{acknowledge: {{all: 15m}}, tier_resolution: {{all: 2h}}}}
    steps: [{{tell: "person:{person}", channels: [{channel}]}}, {{after: 5m, tell: "person:backup", channels: [email]}}]
  - name: L2
    team: support
    targets: {{acknowledge: {{all: 15m}}, tier_resolution: {{all: 4h}}}}
    steps: [{{tell: "person:backup", channels: [email]}}]
targets: {{resolution: {{all: 1d}}, closure: {{all: 15d}}, root_cause: {{all: 3d}}}}
"""


@dataclass
class Played:
    """A row after it has been played."""

    vendor: Vendor
    message: StoredMessage
    told: list[timedelta]
    failures: list[str]


def people() -> Iterator[dict[str, str]]:
    yield {"id": "backup", "name": "Backup", "email": "backup@example.org"}
    for number, row in enumerate(TABLE):
        phone = f"+4930231251{number:02}"
        yield {"id": row.person, "name": row.name, "email": f"{row.person}@example.org", "phone": phone}


ROSTER = Roster.model_validate(
    {"people": list(people()), "teams": [{"id": "support", "name": "Support", "lead": "backup", "members": ["backup"]}]}
)


@contextmanager
def faulty(row: Row) -> Iterator[Line]:
    """The line to the row's person: its vendor, or first an address where nobody answers."""
    person = ROSTER.person(row.person)
    assert person is not None
    to = person.email if row.channel == "email" else person.phone
    assert to is not None
    with ExitStack() as open_:
        if row.fault is deaf or row.fault is nobody:
            yield Line(to, open_.enter_context(vendor()), open_.enter_context(cast(Unreachable, row.fault)()))
        else:
            yield Line(to, open_.enter_context(vendor(cast(Fault, row.fault))))


@pytest.fixture(scope="module")
async def played(
    env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Played]]:
    """All rows, side by side."""
    mail, sms = Lines(), SmsLines()
    with ExitStack() as open_:
        mail.add(Line("backup@example.org", open_.enter_context(vendor())))
        vendors = {}
        for row in TABLE:
            line = open_.enter_context(faulty(row))
            (mail if row.channel == "email" else sms).add(line)
            vendors[row.name] = line.vendor
        async with wired(env.client, tmp_path_factory.mktemp("table"), ROSTER, mail, sms) as house:
            with env.with_time_skipping_disabled():
                cases = {
                    row.name: await house.opens(POLICY.format(channel=row.channel, person=row.person)) for row in TABLE
                }
                await until(lambda: all(ended(house, case) for case in cases.values()), LIMIT)
                yield {name: outcome(house, case, vendors[name]) for name, case in cases.items()}
                for case in cases.values():
                    await command(case, "cancel", reason="done testing")


def first_message(house: House, case: WorkflowHandle[Any, Any]) -> StoredMessage | None:
    messages = [one for one in house.escalations.messages(case.id, 1) if one.person != "backup"]
    return messages[0] if messages else None


def ended(house: House, case: WorkflowHandle[Any, Any]) -> bool:
    """Whether the first message has, and what a failure leads to is written down."""
    message = first_message(house, case)
    if message is None or message.status == "failed":
        return house.kinds(case).count("told") == 2
    return message.status == "sent"


def outcome(house: House, case: WorkflowHandle[Any, Any], vendor: Vendor) -> Played:
    message = first_message(house, case)
    assert message is not None
    texts = [entry.text for entry in house.escalations.timeline(case.id, 1) if entry.kind == "delivery_failed"]
    return Played(vendor, message, house.at(case, "told"), texts)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_the_table(row: Row, played: dict[str, Played]) -> None:
    end, fate = played[row.name], row.fate
    message = end.message
    assert (message.status, message.code, message.attempts) == (fate.ends, fate.code, fate.tries)
    assert len(end.vendor.taken) == fate.taken
    history = re.escape(row.words + fate.history).replace("…", ".*")
    assert re.fullmatch(history, message.reason or ""), message.reason
    if fate.ends == "failed":
        assert end.told[1] < timedelta(minutes=1), "the next responder is told at once"
        channel = "e-mail" if row.channel == "email" else "SMS"
        assert end.failures == [f"{channel} to {row.person} failed: {row.words}"]
    else:
        assert (len(end.told), end.failures) == (1, []), "nobody else is called before their time"


@pytest.mark.parametrize("name", ["sendgrid: 429 with reset time", "twilio: 429 with reset time"])
async def test_a_rate_limit_is_waited_out_and_not_cut_short(name: str, played: dict[str, Played]) -> None:
    first, second = played[name].vendor.posts
    ends = int(first) + RESET if name.startswith("sendgrid") else first + RESET
    assert ends <= second < ends + 10


@pytest.mark.parametrize("name", ["sendgrid: 302", "twilio: 302"])
async def test_a_redirect_is_never_followed(name: str, played: dict[str, Played]) -> None:
    asked = [path.split("?")[0] for path in played[name].vendor.gets]
    assert asked == ([] if name.startswith("sendgrid") else ["/2010-04-01/Accounts/AC1/Messages.json"])


async def test_what_a_person_got_twice_is_counted_and_nothing_is_lost(played: dict[str, Played]) -> None:
    got = {row.name: len(played[row.name].vendor.taken) for row in TABLE if row.fate.ends != "failed"}
    assert min(got.values()) == 1
    twice = {name for name, count in got.items() if count > 1}
    counted = {name for name in got if played[name].message.code == POSSIBLE_DUPLICATE}
    assert twice
    assert twice <= counted
    assert not any(name.startswith("twilio") for name in counted), "Twilio is asked before a second try"
