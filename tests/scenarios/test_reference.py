"""What an escalation costs in Temporal, and what happens when many people act at the same instant."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from temporalio.api.enums.v1 import EventType

from tests.scenarios.system import Tierline
from tests.scenarios.test_stories import CAUSE
from tests.until import until
from tests.workflows.test_replay import HISTORIES

MOST_EVENTS = 130
MOST_BYTES = 100_000


async def test_the_reference_escalation_is_small(
    tierline: Tierline, record_property: Callable[[str, object], None]
) -> None:
    """The demo story in real time: L1 is warned and breaches, L2 acknowledges, updates, resolves, records, closes."""
    case = await tierline.opens(policy="demo")
    await case.tells(None, "email", "customer_opened")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.tells("dana", "sms", "warning")
    await case.tells("lee", "sms", "step")
    await case.tells("lee", "email", "step")
    await case.says("lee", "acknowledge")
    await case.says("lee", "customer-update", text="We have found it.", next_update_in="2h")
    await case.tells(None, "email", "customer_update")
    await case.says("lee", "resolve", summary="renewed the certificate")
    await case.tells(None, "email", "customer_resolved")
    await case.says("lee", "root-cause", **CAUSE)
    await case.says("lee", "close")
    await case.tells(None, "email", "customer_closed")
    await case.ends()
    history = await tierline.house.client.get_workflow_handle(case.id).fetch_history()
    size = sum(event.ByteSize() for event in history.events)
    kinds = Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events)
    record_property("measured", f"reference escalation: {len(history.events)} history events, {size:,} bytes")
    record_property("measured", ", ".join(f"{kind.lower()} {number}" for kind, number in kinds.most_common()))
    if "TIERLINE_RECORD_HISTORIES" in os.environ:
        (HISTORIES / "reference.json").write_text(history.to_json())
    assert len(history.events) <= MOST_EVENTS
    assert size <= MOST_BYTES


async def test_two_agents_acknowledge_at_the_same_instant_and_one_owns_it(tierline: Tierline) -> None:
    case = await tierline.opens(policy="demo")
    path = f"/v1/escalations/{case.id}/acknowledge"
    await asyncio.gather(*(tierline.call("GET", "/v1/escalations", who) for who in ("dana", "sam")))  # makes their keys
    answers = await asyncio.gather(*(tierline.call("POST", path, who) for who in ("dana", "sam")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "already_acknowledged"
    await case.says("dana", "cancel", reason="end of the story")
    await case.ends()
    case.expected |= {message.key for message in tierline.house.escalations.messages(case.id, 1)}


async def test_the_same_opening_eight_times_at_once_makes_one_case(tierline: Tierline) -> None:
    body: dict[str, Any] = {
        "ticket": {"system": "zendesk", "id": "eight times/at once", "subject": "Down"},
        "customer": {"id": "acme", "name": "Acme", "email": "it@acme.example"},
        "trigger": {"kind": "manual"},
        "policy": "demo",
    }
    answers = await asyncio.gather(*(tierline.call("POST", "/v1/escalations", **body) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert {answer.json()["id"] for answer in answers} == {"zendesk-eight~20times~2Fat~20once"}
    id = answers[0].json()["id"]
    assert (await tierline.call("GET", f"/v1/escalations/{id}")).json()["episode"] == 1
    await until(lambda: len(tierline.house.sms.kept) == 1)
    twice = [to for to, times in Counter(envelope.to for envelope in tierline.house.email.kept).items() if times > 1]
    assert not twice, f"told more than once: {twice}"
    await tierline.call("POST", f"/v1/escalations/{id}/cancel", "dana", reason="end of the story")
