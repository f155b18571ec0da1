"""A worker killed with -9 at each point of claim → send → mark, with messages of both vendors there; another goes on.

One kill, twelve messages: four cases, each with an e-mail to the customer and an e-mail and an SMS to the responder, stand
still at the point their case is named for. What the vendors took says what people really got.
"""

import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from activities.sending import FOUND, SILENT
from local.options import ROOT
from records.stored import POSSIBLE_DUPLICATE
from tests.faults.halting_worker import ANSWERED, CLAIMED
from tests.faults.vendor import Exchange, Fault, Vendor, hangs, taking, vendor
from tests.processes.installation import API, WORKER, Case, Installation, Program, installation
from tests.until import until

HALTING = (WORKER[0], "-m", "tests.faults.halting_worker")
IN_HAND, TAKEN = "in-hand", "taken"
POINTS = (CLAIMED, ANSWERED, IN_HAND, TAKEN)
OF_A_CASE = 3
RECOVERY = 90.0  # seconds; the try of a killed worker is given up after 15, and then tried again

POLICY = """
name: calm
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    calendar: always
    targets: {acknowledge: {all: 1h}, tier_resolution: {all: 2h}}
    steps: [{tell: on_call, channels: [sms, email]}]
targets: {resolution: {all: 1d}, closure: {all: 15d}, root_cause: {all: 3d}}
customer_updates: {every: {all: 8h}, channels: [email], on: [opened]}
"""


@dataclass
class Aftermath:
    """What is there once another worker has gone on."""

    vendor: Vendor
    cases: dict[str, Case]
    outbox: dict[str, Any]
    shown: str

    def messages(self, point: str) -> list[dict[str, Any]]:
        return self.cases[point].messages()

    def taken(self, point: str, channel: str) -> Counter[str]:
        """How often each person of that case was sent one, on that channel."""
        return Counter(one.to for one in self.vendor.taken if one.channel == channel and of_case(one.text, point))


@pytest.fixture(scope="module")
async def after(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aftermath]:
    """Bring every message to its point, kill the worker, let another finish."""
    folder = tmp_path_factory.mktemp("killed")
    policies = shutil.copytree(ROOT / "policies", folder / "policies")
    (policies / "calm.yaml").write_text(POLICY)
    with ExitStack() as open_:
        fake = open_.enter_context(vendor())
        fake.decides = stands_still
        tierline = open_.enter_context(installation(folder, TIERLINE_POLICIES=str(policies), PYTHONPATH=str(ROOT)))
        doomed = await begun(tierline, fake)
        cases = {point: opens(tierline, point) for point in POINTS[:2]}
        await until(lambda: doomed.words.count("halted: ") == 2 * OF_A_CASE)
        cases |= {point: opens(tierline, point) for point in POINTS[2:]}
        await until(lambda: len(fake.posts) == 3 * OF_A_CASE)
        doomed.hears(signal.SIGKILL)
        await doomed.ends()
        fake.decides = lambda _: None
        assert {one["status"] for case in cases.values() for one in case.messages()} == {"sending"}
        await recovered(tierline, fake, cases)
        outbox = tierline.http("GET", "/v1/messages?code=possible_duplicate").json()
        yield Aftermath(fake, cases, outbox, await tierline.types("outbox", "--code", "possible_duplicate"))


async def begun(tierline: Installation, fake: Vendor) -> Program:
    """Temporal, the API, and the worker that will be killed."""
    tierline.begins_temporal()
    api = tierline.starts(*API)
    await api.says("Uvicorn running on")
    await until(tierline.is_ready)
    doomed = tierline.starts(*HALTING, **fake.environment)
    await doomed.says("worker ready")
    return doomed


async def recovered(tierline: Installation, fake: Vendor, cases: dict[str, Case]) -> None:
    """Another worker, an ordinary one, until every message has come to its end."""
    worker = tierline.starts(*WORKER, **fake.environment)
    await worker.says("worker ready")
    await until(lambda: all(case.everybody_was_told() for case in cases.values()), RECOVERY)
    worker.hears(signal.SIGTERM)
    assert await worker.ends() == 0


def opens(tierline: Installation, number: str) -> Case:
    ticket = {"system": "zendesk", "id": number, "subject": f"Checkout is down (case {number})"}
    customer = {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"}
    answer = tierline.http(
        "POST", "/v1/escalations", ticket=ticket, customer=customer, trigger={"kind": "manual"}, policy="calm"
    )
    assert answer.status_code == 201, answer.text
    return Case(tierline, answer.json()["id"])


def of_case(text: str, number: str) -> bool:
    return f"(case {number})" in text


def stands_still(exchange: Exchange) -> Fault | None:
    """Hold the requests of two of the cases, of one after taking the message."""
    if of_case(exchange.text, IN_HAND):
        return hangs
    return taking(hangs) if of_case(exchange.text, TAKEN) else None


@pytest.mark.parametrize("point", POINTS)
async def test_every_message_reached_its_vendor_after_the_kill(after: Aftermath, point: str) -> None:
    assert [one["status"] for one in after.messages(point)] == ["sent"] * OF_A_CASE
    assert len(after.taken(point, "sms")) == 1
    assert len(after.taken(point, "email")) == 2
    assert {one["attempts"] for one in after.messages(point)} == {2}


@pytest.mark.parametrize(("point", "got"), [(CLAIMED, 1), (IN_HAND, 1), (TAKEN, 2), (ANSWERED, 2)])
async def test_an_email_came_twice_only_where_its_answer_was_lost(after: Aftermath, point: str, got: int) -> None:
    assert set(after.taken(point, "email").values()) == {got}


@pytest.mark.parametrize("point", POINTS)
async def test_no_sms_came_twice_for_twilio_was_asked_first(after: Aftermath, point: str) -> None:
    assert set(after.taken(point, "sms").values()) == {1}
    [message] = [one for one in after.messages(point) if one["channel"] == "sms"]
    [taken] = [one for one in after.vendor.taken if one.channel == "sms" and of_case(one.text, point)]
    assert message["provider_id"] == taken.id
    assert message["code"] is None
    was_there = point in (TAKEN, ANSWERED)
    assert message["reason"] == (f"{SILENT}; then {FOUND}" if was_there else f"{SILENT}; then sent")


async def test_every_duplicate_is_counted_and_shown(after: Aftermath) -> None:
    """Where no answer was heard SendGrid cannot be asked: all eight e-mails are in doubt, four of them really came twice."""
    counted = {one["key"] for one in after.outbox["items"]}
    assert after.outbox["possible_duplicates"] == len(counted) == 8
    assert {one["code"] for one in after.outbox["items"]} == {POSSIBLE_DUPLICATE}
    twice = [got for point in POINTS for got in after.taken(point, "email").values() if got > 1]
    assert len(twice) == 4
    assert "8 may have arrived twice" in after.shown


async def test_a_person_reads_in_the_message_what_happened(after: Aftermath) -> None:
    shown = await after.cases[TAKEN].tierline.types("messages", after.cases[TAKEN].id)
    flat = " ".join(shown.split())
    assert "sent again: it may have arrived twice" in flat
    assert "found at the provider, not sent again" in flat
