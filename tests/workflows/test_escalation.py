"""The workflow in virtual time, on the full Temporal server: what is due happens when it is due."""

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import AnswerLost, Envelope, Refused, Sent
from domain.escalation import apply, open_case
from domain.roster import Absence
from records.command_log import CommandLog
from records.roster import RosterStore
from tests.until import until
from tests.workflows.house import ROSTER, House, opening, said, says
from workflows import contract

LIMIT = 20  # seconds a hanging provider hangs at the most


async def test_nobody_acknowledges_so_the_case_climbs_at_its_deadline(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await env.fast_forward(case, timedelta(minutes=16))
        document = await says(case, "acknowledge", "lee")
    assert document["status"] == "acknowledged"
    assert document["owner"] == "lee"
    assert document["tier"] == {"index": 1, "name": "L2"}
    assert tierline.at(case, "climbed") == [timedelta(minutes=15)]


async def test_the_whole_story_from_opening_to_root_cause(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: len(tierline.email.kept) == 2)
        await says(case, "acknowledge")
        await says(case, "customer-update", text="We found it.")
        await says(case, "resolve", summary="renewed the certificate")
        await says(case, "root-cause", category="certificate", description="expired", origin="ours")
        document = await says(case, "close")
        await case.result()
    assert document["status"] == "closed"
    assert tierline.document(case)["status"] == "closed"
    kinds = ["opened", "customer_told", "told", "acknowledged", "customer_told", "resolved", "customer_told"]
    assert tierline.kinds(case) == [*kinds, "root_cause_recorded", "closed", "customer_told"]
    assert Counter(envelope.to for envelope in tierline.email.kept) == {"it@acme.example": 4, "dana@support.example": 1}


async def test_a_case_of_low_priority_lives_for_fifteen_days_and_is_never_forgotten(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """Nobody ever answers: both tiers, every round, the last resort daily, and after fifteen days the closing limit shouts."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(priority="low")
        await env.fast_forward(case, timedelta(days=15, minutes=5))
        document = await says(case, "cancel", "ops-manager", reason="the customer has left")
        await case.result()
    assert document["status"] == "cancelled"
    told = Counter(
        message.person for message in tierline.escalations.messages(case.id, 1) if message.kind == "last_resort"
    )
    assert told == {"ops-manager": 15}
    closure = next(target for target in document["targets"] if target["name"] == "closure")
    assert closure["status"] == "breached"
    assert tierline.at(case, "breached")[:2] == [timedelta(minutes=15), timedelta(minutes=30)]
    assert timedelta(days=15) in tierline.at(case, "breached")


async def test_who_stands_in_for_the_owner_of_last_resort_and_for_the_lead_hears_what_these_would_have_heard(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """Alex is away for a year with Noor as delegate, and so is Lee with Sam; nobody answers, and later nobody says why."""
    times = {"from": datetime.now(UTC) - timedelta(days=1), "to": datetime.now(UTC) + timedelta(days=365)}
    away = [Absence(person=one, delegate=by, **times) for one, by in (("ops-manager", "noor"), ("lee", "sam"))]
    RosterStore(tierline.database).save(ROSTER.model_copy(update={"absences": tuple(away)}), None, datetime.now(UTC))
    with env.with_time_skipping_disabled():
        case = await tierline.opens(priority="low")
        await env.fast_forward(case, timedelta(days=2))
        await says(case, "resolve", summary="renewed the certificate")
        await env.fast_forward(case, timedelta(days=9))
        await says(case, "cancel", "ops-manager", reason="the customer has left")
        await case.result()
    told = {(one.kind, one.person) for one in tierline.escalations.messages(case.id, 1)}
    assert {person for kind, person in told if kind == "last_resort"} == {"noor"}
    assert {person for kind, person in told if kind == "root_cause_overdue"} == {"dana", "sam"}


async def test_a_refused_command_leaves_no_trace_in_the_history(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await says(case, "resume")
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "not_paused"
        assert refused.value.cause.details[0] == {"kind": "NotAllowed", "field": None}
        kinds = {EventType.Name(event.event_type) for event in (await case.fetch_history()).events}
        assert not any("UPDATE" in kind for kind in kinds)
        await says(case, "cancel", reason="done testing")


async def test_a_command_that_is_said_as_update_and_signal_counts_once(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        note = said("note", text="looked at it", id="the-same")
        await case.execute_update("note", note, result_type=contract.Answer)
        await case.signal("note", note)
        await says(case, "cancel", reason="done testing")
        await case.result()
    assert tierline.kinds(case).count("note") == 1


async def test_a_signal_that_is_not_allowed_is_settled_and_harms_nobody(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await case.signal("close", said("close"))
        await case.signal("no-such-command", said("no-such-command"))
        document = await says(case, "acknowledge")
        await says(case, "cancel", reason="done testing")
    assert document["status"] == "acknowledged"


async def test_a_signal_that_is_refused_is_settled_at_once(env: WorkflowEnvironment, tierline: House) -> None:
    log, word = CommandLog(tierline.database), said("close")
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: len(tierline.email.kept) == 2)
        log.queue(word, case.id, 1)
        await case.signal("close", word)
        await until(lambda: (found := log.find(word.id)) is not None and found.settled_at is not None)
        await says(case, "cancel", reason="done testing")
    settled = log.find(word.id)
    assert settled is not None
    assert (settled.status, settled.code) == ("refused", "not_resolved")


@pytest.mark.parametrize("words", [[], ["hello"], [None], [said("close")]], ids=["none", "text", "null", "another"])
async def test_a_signal_that_is_no_command_harms_nobody(
    env: WorkflowEnvironment, tierline: House, words: list[Any]
) -> None:
    """Somebody may type one into the Temporal UI; the case must go on."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await case.signal("acknowledge", args=words)
        document = await says(case, "acknowledge")
        await says(case, "cancel", reason="done testing")
    assert document["status"] == "acknowledged"


async def test_after_an_outage_nobody_is_told_once_for_every_missed_tick(
    env: WorkflowEnvironment, tierline: House
) -> None:
    """The workers were away for two days; at the top tier six promises were missed meanwhile."""
    with env.with_time_skipping_disabled():
        case = await tierline.opens(accepted_at=datetime.now(UTC) - timedelta(days=2, minutes=1))
        await until(lambda: Counter(fates(tierline, case.id, "customer_holding")) == {"sent": 1, "skipped": 5})
        await until(lambda: Counter(fates(tierline, case.id, "last_resort")) == {"sent": 1, "skipped": 1})
        await says(case, "cancel", reason="done testing")
        await case.result()
    assert len(tierline.at(case, "breached")) >= 6


def fates(tierline: House, case: str, kind: str) -> list[str]:
    """What became of the messages of that kind."""
    return [message.status for message in tierline.escalations.messages(case, 1) if message.kind == kind]


async def test_a_sender_whose_clock_runs_ahead_brings_no_deadline_forward(
    env: WorkflowEnvironment, tierline: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=1)

    monkeypatch.setattr("activities.sending.datetime", Ahead)
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        async with asyncio.timeout(LIMIT):
            while (await sends_taken_in(case)) < 3:  # noqa: ASYNC110 - the server alone knows
                await asyncio.sleep(0.05)
        document = await says(case, "acknowledge")
        await says(case, "cancel", reason="done testing")
        await case.result()
    assert document["tier"]["name"] == "L1"
    assert "breached" not in tierline.kinds(case)


async def sends_taken_in(case: WorkflowHandle[Any, Any]) -> int:
    """How many messages have come to their end, for the workflow."""
    events = (await case.fetch_history()).events
    return sum(event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED for event in events)


async def test_a_hanging_provider_holds_up_no_deadline(env: WorkflowEnvironment, tierline: House) -> None:
    let_go = threading.Event()

    def hang(_: Envelope) -> Sent:
        let_go.wait(LIMIT)
        return Sent(provider_id="late")

    tierline.sms.answers = hang
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: len(tierline.email.kept) == 2)
        document = await says(case, "escalate", kind="hierarchical", reason="now")
        assert document["tier"]["name"] == "L2"
        await until(lambda: tierline.document(case)["entry"] == 2)
        let_go.set()
        await says(case, "cancel", reason="done testing")
        await case.result()


async def test_a_refusing_provider_brings_the_next_responder_at_once(env: WorkflowEnvironment, tierline: House) -> None:
    tierline.sms.answers = lambda _: Refused("21211", "not a number")
    tierline.email.answers = lambda _: Refused("550", "no such mailbox")
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: "climbed" in tierline.kinds(case))
        await says(case, "cancel", reason="done testing")
    reasons = {message.reason for message in tierline.escalations.messages(case.id, 1) if message.person == "dana"}
    assert {"not a number", "no such mailbox"} <= reasons
    assert tierline.at(case, "climbed")[0] < timedelta(minutes=1)


async def test_a_lost_answer_is_recorded_as_unknown_and_the_case_goes_on(
    env: WorkflowEnvironment, tierline: House
) -> None:
    tierline.email.answers = lambda _: AnswerLost("connection reset")
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: len(tierline.sms.kept) == 1)
        await says(case, "cancel", reason="done testing")
        await case.result()
    assert "unknown" in {message.status for message in tierline.escalations.messages(case.id, 1)}


async def test_what_is_in_flight_at_the_end_is_skipped_at_the_claim(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await says(case, "cancel", reason="by mistake")
        await case.result()
    ended = {message.status for message in tierline.escalations.messages(case.id, 1)}
    assert ended <= {"sent", "skipped"}


async def test_operators_see_the_case_in_plain_words(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: len(tierline.sms.kept) == 1)
        described = await case.describe()
        assert await described.static_summary() == "high · Acme GmbH · Checkout is down"
        attributes = described.typed_search_attributes
        assert attributes.get(contract.STATUS) in (None, "open")
        await says(case, "acknowledge")
        await until(lambda: tierline.document(case)["status"] == "acknowledged")
        attributes = (await case.describe()).typed_search_attributes
        assert attributes.get(contract.STATUS) == "acknowledged"
        assert attributes.get(contract.TIER) == "L1"
        history = (await case.fetch_history()).to_json()
        await says(case, "cancel", reason="done testing")
    for secret in ("dana@support.example", "+493023125101"):
        assert secret not in history


async def test_a_case_goes_on_from_the_state_it_carried_over(env: WorkflowEnvironment, tierline: House) -> None:
    """After continue-as-new: owner, deadlines and the ids of what was said are those of the run before."""
    opened = open_case(opening()).state
    taken = said("acknowledge", at=opened.at)
    with env.with_time_skipping_disabled():
        case = await tierline.starts(contract.Start(state=apply(opened, taken, opened.at).state))
        again = await case.execute_update("acknowledge", taken, result_type=contract.Answer)
        await env.fast_forward(case, timedelta(hours=2, minutes=1))
        document = await says(case, "acknowledge", "lee")
        await says(case, "cancel", reason="done testing")
        await case.result()
    assert again.document["owner"] == "dana"
    assert again.document["ticket"]["subject"] == "Checkout is down"
    assert (document["tier"]["name"], document["entry"], document["owner"]) == ("L2", 2, "lee")


def test_a_start_without_a_case_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="either an opening or a state"):
        contract.Start()
