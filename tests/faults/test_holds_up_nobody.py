"""A vendor that fails, hangs or loses every answer, for as long as the case lasts: everybody else is told in time."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.faults.lines import Line, Lines, SmsLines, wired
from tests.faults.vendor import Fault, Vendor, breaks_at_the_gateway, hangs, says, taking, vendor
from tests.until import until
from tests.workflows.house import POLICY, ROSTER, House

SECOND_STEP, ACKNOWLEDGE = timedelta(minutes=1), timedelta(minutes=2)
SHORT = POLICY.replace("after: 5m", "after: 1m").replace("all: 15m, warn_at: [50]", "all: 2m", 1)
AT_ONCE = timedelta(seconds=3)


@pytest.fixture
def sick() -> Iterator[Vendor]:
    """The vendor of SMS; each test says what ails it."""
    with vendor() as server:
        yield server


@pytest.fixture
def well() -> Iterator[Vendor]:
    """The vendor of e-mail."""
    with vendor() as server:
        yield server


@pytest.fixture
async def house(env: WorkflowEnvironment, tmp_path: Path, sick: Vendor, well: Vendor) -> AsyncIterator[House]:
    mail, sms = Lines(), SmsLines()
    for person in ROSTER.people:
        assert person.email
        assert person.phone
        mail.add(Line(person.email, well))
        sms.add(Line(person.phone, sick))
    mail.add(Line("it@acme.example", well))
    async with wired(env.client, tmp_path, ROSTER, mail, sms) as running:
        yield running


@pytest.mark.parametrize(
    "fault", [hangs, taking(hangs), breaks_at_the_gateway, says(429, "slow down", 20429, Retry_After="120")],
    ids=["hangs", "loses answers", "502", "429"],
)  # fmt: skip
async def test_while_sms_fails_email_and_the_next_responder_are_on_time(
    env: WorkflowEnvironment, house: House, sick: Vendor, well: Vendor, fault: Fault
) -> None:
    sick.decides = lambda _: fault
    with env.with_time_skipping_disabled():
        case = await house.opens(SHORT)
        await until(lambda: len(sick.posts) >= 1)
        await until(lambda: {one.to for one in well.taken} == {"dana@support.example", "it@acme.example"})
        assert "delivery_failed" not in house.kinds(case)
        await env.fast_forward(case, SECOND_STEP)
        await until(lambda: len(house.at(case, "told")) == 2)
        await env.fast_forward(case, ACKNOWLEDGE - SECOND_STEP)
        await until(lambda: "climbed" in house.kinds(case))
        told = house.at(case, "told")
        assert told[0] < AT_ONCE
        assert SECOND_STEP <= told[1] < SECOND_STEP + AT_ONCE
        assert house.at(case, "breached") == [ACKNOWLEDGE]
        await case.terminate()  # its sends would go on for minutes
