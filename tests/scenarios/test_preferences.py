"""People say how and when they would be told: the roster is put, and cases are told accordingly from then on."""

from typing import Any

import pytest

from tests.scenarios.system import Tierline

BY_SMS = """
name: by-sms
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 30m}}
    steps:
      - {tell: on_call, channels: [sms]}
      - {after: 20m, tell: on_call.next, channels: [sms, email]}
closing: {root_cause: optional}
"""
WISHES: dict[str, dict[str, Any]] = {
    "dana": {"do_not_disturb": "00:00-24:00"},
    "sam": {"channels": {"all": ["email"], "critical": ["sms"]}},
}


@pytest.fixture
async def wished(tierline: Tierline) -> Tierline:
    roster = (await tierline.call("GET", "/v1/roster")).json()
    for person in roster["people"]:
        person.update(WISHES.get(person["id"], {}))
    answer = await tierline.call("PUT", "/v1/roster", **roster)
    assert answer.status_code == 200, answer.text
    put = answer.json()
    del put["warnings"]  # the management team of another policy is not in this roster
    assert (await tierline.call("GET", "/v1/roster")).json() == put == roster
    await tierline.has_policy(BY_SMS)
    return tierline


async def test_who_is_not_to_be_disturbed_is_passed_over_at_once_for_the_next_on_the_channel_they_take(
    wished: Tierline,
) -> None:
    case = await wished.opens(policy="by-sms")
    await case.skips("dana", "sms", "step")
    await case.tells("sam", "email", "step")  # at once, not after the twenty minutes, and no SMS
    first, instead = (await wished.call("GET", f"/v1/escalations/{case.id}/messages")).json()
    assert (first["status"], first["code"], first["failed_over_to"]) == ("skipped", "not_now", instead["key"])
    assert (first["failed_over_person"], first["failed_over_channel"]) == ("sam", "email")
    assert "SMS to dana failed: dana takes no SMS from 00:00 to 24:00 (UTC) except critical" in str(
        await case.timeline()
    )
    await case.says("sam", "acknowledge")


async def test_a_critical_case_disturbs_and_takes_the_channels_for_what_is_critical(wished: Tierline) -> None:
    case = await wished.opens(policy="by-sms", priority="critical")
    await case.tells("dana", "sms", "step")
    await case.passes(minutes=21)
    await case.tells("sam", "sms", "step")
    await case.says("sam", "acknowledge")


async def test_a_wish_without_an_address_is_refused_with_its_place(wished: Tierline) -> None:
    roster = (await wished.call("GET", "/v1/roster")).json()
    number, person = next((number, one) for number, one in enumerate(roster["people"]) if one["id"] == "sam")
    person["phone"] = None
    answer = await wished.call("PUT", "/v1/roster", **roster)
    assert answer.status_code == 422
    assert [(fault["path"], fault["message"]) for fault in answer.json()["errors"]] == [
        (f"people[{number}].channels.critical", "'sam' has no phone number: add it, or leave sms out")
    ]
