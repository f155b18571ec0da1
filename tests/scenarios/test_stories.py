"""Ten stories of an escalation, over HTTP, on the real server. Each fails on any message nobody expected."""

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from activities.providers.port import Envelope, Sent
from tests.scenarios.system import Case, Tierline, on_both_databases
from tests.until import until

LADDER = """
name: ladder
owner_of_last_resort: ops-manager
priority:
  raise_for: [{customer: {tier: vip}, by: 1}]
start_tier: {critical: L2}
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m, warn_at: [50]}, tier_resolution: {all: 8h}}
    steps: [{tell: on_call, channels: [sms, email]}, {after: 10m, tell: on_call.next, channels: [sms]}]
  - name: L2
    team: specialists
    targets: {acknowledge: {all: 15m}, tier_resolution: {all: 8h}}
    repeat: 1
    steps: [{tell: on_call, channels: [sms]}]
closing: {root_cause: required}
"""
CAUSE = {"category": "certificate", "description": "it had expired", "origin": "ours"}


async def climbs_past_l1(case: Case) -> None:
    """L1 is told, warned, told again, and does not answer."""
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.passes(minutes=16)
    await case.tells("dana", "sms", "warning")
    await case.tells("sam", "sms", "step")


async def resolved_and_closed(case: Case, by: str) -> None:
    await case.says(by, "resolve", summary="renewed the certificate")
    await case.refuses(by, "close", "root_cause_required")
    await case.says(by, "root-cause", **CAUSE)
    await case.says(by, "close")
    await case.ends()


@on_both_databases
async def test_the_demo_story(tierline: Tierline) -> None:
    case = await tierline.opens(policy="demo")
    assert case.opened["status"] == "open"
    await case.tells(None, "email", "customer_opened")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.passes(seconds=12)
    await case.tells("dana", "sms", "warning")
    await case.tells("lee", "sms", "step")
    await case.tells("lee", "email", "step")
    await case.says("lee", "acknowledge")
    await case.refuses("dana", "acknowledge", "already_acknowledged")
    await case.says("lee", "customer-update", text="We have found it.", next_update_in="2h")
    await case.tells(None, "email", "customer_update")
    await resolved_and_closed(case, "lee")
    await case.tells(None, "email", "customer_resolved")
    await case.tells(None, "email", "customer_closed")
    end = await case.shows()
    assert end["status"] == "closed"
    assert end["root_cause"]["category"] == "certificate"
    assert {"warned", "breached", "climbed", "acknowledged", "resolved", "closed"} <= set(await case.kinds())


@on_both_databases
async def test_nobody_answers_anywhere(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await climbs_past_l1(case)
    await case.tells("lee", "sms", "step")
    await case.passes(minutes=30)
    await case.tells("lee", "sms", "step")  # the one repeated round
    await case.tells("ops-manager", "sms", "last_resort")
    await case.passes(hours=24)
    await case.tells("ops-manager", "sms", "top_breach")  # the tier's own resolution target, missed at the top
    await case.tells("ops-manager", "sms", "last_resort")
    shown = await case.shows()
    assert shown["owner"] is None
    assert shown["accountable"] == "ops-manager"
    assert shown["tier"]["name"] == "L2"
    await case.says("ops-manager", "cancel", reason="end of the story")
    await case.ends()


async def test_a_vip_starts_at_l2(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder", customer={"tier": "vip"}, impact="high", urgency="medium")
    assert case.opened["priority"] == "critical"
    assert case.opened["tier"]["name"] == "L2"
    assert any("vip" in reason for reason in case.opened["priority_reasons"])
    await case.tells("lee", "sms", "step")
    await case.says("lee", "acknowledge")
    await resolved_and_closed(case, "lee")


OFFICE = """
name: office-hours
owner_of_last_resort: ops-manager
calendars:
  office:
    timezone: Europe/Berlin
    day: 8h
    hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"], thu: ["09:00-17:00"], fri: ["09:00-17:00"]}
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 1h}}
    steps: [{tell: on_call, channels: [sms]}]
targets: {resolution: {all: 10d, calendar: office, pauses: true}}
"""
BERLIN = ZoneInfo("Europe/Berlin")


def until_weekday(now: datetime, weekday: int, hour: int) -> timedelta:
    """From `now` to the next such weekday at that hour in Berlin (Monday is 0), at least a day ahead."""
    local = now.astimezone(BERLIN)
    day = local.date() + timedelta(days=(weekday - local.weekday() - 1) % 7 + 1)
    return datetime.combine(day, datetime.min.time(), BERLIN).replace(hour=hour) - now


def resolution(shown: dict[str, Any]) -> dict[str, Any]:
    return next(target for target in shown["targets"] if target["name"] == "resolution")


async def test_waiting_on_the_customer_over_a_weekend(tierline: Tierline) -> None:
    await tierline.has_policy(OFFICE)
    case = await tierline.opens(policy="office-hours")
    await case.tells("dana", "sms", "step")
    await case.says("dana", "acknowledge")
    await case.passes_by(until_weekday(tierline.clock(), weekday=4, hour=16))  # Friday 16:00, an hour before the end
    due = datetime.fromisoformat(resolution(await case.shows())["due_at"])
    paused = await case.says("dana", "pause", reason="waiting_on_customer", until="2100-01-01T00:00:00Z")
    assert paused["status"] == "paused"
    assert resolution(paused)["status"] == "paused"
    await case.passes_by(until_weekday(tierline.clock(), weekday=0, hour=10))  # Monday 10:00, an hour after the opening
    await case.says("dana", "customer-reply", text="it works from the office now")
    await case.tells("dana", "sms", "customer_replied")
    shown = await case.shows()
    assert shown["status"] == "acknowledged"
    moved = office_seconds(due, datetime.fromisoformat(resolution(shown)["due_at"]))
    assert abs(moved - 2 * 3600) < 120, f"two working hours were waited, the deadline moved by {moved} working seconds"
    await resolved_and_closed(case, "dana")


def office_seconds(start: datetime, end: datetime) -> int:
    """Working seconds between two instants, counted minute by minute, independently of the product."""
    minutes, at = 0, start
    while at < end:
        local = at.astimezone(BERLIN)
        minutes += local.weekday() < 5 and 9 <= local.hour < 17
        at += timedelta(minutes=1)
    return minutes * 60


async def test_handed_back(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.refuses("dana", "hand-back", "no_lower_tier", reason="not ours")
    await case.says("dana", "acknowledge")
    await case.says("dana", "escalate", kind="hierarchical", reason="needs a specialist")
    await case.tells("lee", "sms", "step")
    await case.says("lee", "acknowledge")
    back = await case.says("lee", "hand-back", reason="a question of billing")
    assert (back["tier"]["name"], back["entry"], back["owner"], back["status"]) == ("L1", 3, None, "open")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "acknowledge")
    await resolved_and_closed(case, "dana")


async def test_functional_to_another_team(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.refuses("dana", "escalate", "field_required", kind="functional", reason="which team?")
    moved = await case.says("dana", "escalate", kind="functional", team="network", reason="a switch is down")
    assert (moved["tier"]["name"], moved["team"], moved["accountable"]) == ("L1", "network", "noor")
    await case.tells("noor", "sms", "step")
    await case.tells("noor", "email", "step")
    await case.says("noor", "acknowledge")
    await resolved_and_closed(case, "noor")


@on_both_databases
async def test_merged(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    first = await tierline.opens(policy="ladder", subject="Checkout is down")
    second = await tierline.opens(policy="ladder", subject="Cannot pay")
    for case in (first, second):
        await case.tells("dana", "sms", "step")
        await case.tells("dana", "email", "step")
    await second.refuses("dana", "merge", "merge_into_itself", into=second.id)
    await second.refuses("dana", "merge", "escalation_not_found", into="zendesk-nothing")
    merged = await second.says("dana", "merge", into=first.id)
    assert (merged["status"], merged["parent"]) == ("cancelled", first.id)
    await second.ends()
    assert (await first.shows())["children"] == [second.id]
    await first.says("dana", "acknowledge")
    await first.passes(hours=2)
    assert (await second.shows())["status"] == "cancelled"
    await second.refuses("dana", "acknowledge", "already_cancelled")
    await first.says("dana", "cancel", reason="end of the story")
    await first.ends()


@on_both_databases
async def test_reopened_twice(tierline: Tierline) -> None:
    """Once while resolved (the same run), once after closing (a new episode of the same id)."""
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("sam", "resolve", summary="restarted it")
    again = await case.says("dana", "reopen", reason="down again")
    assert (again["status"], again["reopen_count"], again["episode"]) == ("open", 1, 1)
    await case.tells("sam", "sms", "step")  # its resolver is told first
    await case.tells("sam", "email", "step")
    await case.says("sam", "acknowledge")
    await resolved_and_closed(case, "sam")
    anew = await case.says("dana", "reopen", reason="and again")
    assert (anew["status"], anew["reopen_count"], anew["episode"], anew["reopened_from"]) == ("open", 2, 2, 1)
    await case.tells("sam", "sms", "step")
    await case.tells("sam", "email", "step")
    assert (await case.shows(episode=1))["status"] == "closed"
    await case.says("sam", "acknowledge")
    await resolved_and_closed(case, "sam")
    assert (await case.shows())["episode"] == 2


async def test_cancelled_in_mid_send(tierline: Tierline) -> None:
    """One message is at the provider while the case is cancelled: it is let finish, and nothing follows."""
    await tierline.has_policy(LADDER)
    reached, let_go = threading.Event(), threading.Event()

    def slowly(_: Envelope) -> Sent:
        reached.set()
        let_go.wait(20)
        return Sent(provider_id="slow")

    tierline.house.sms.answers = slowly
    case = await tierline.opens(policy="ladder")
    await until(reached.is_set)
    await case.says("dana", "cancel", reason="a false alarm")
    let_go.set()
    await case.ends()
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    assert (await case.shows())["status"] == "cancelled"
    assert "told" in await case.kinds()


async def test_closed_by_silence(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER.replace("root_cause: required", "root_cause: required, confirm_within: 2d"))
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.passes(days=1)
    await case.says("dana", "root-cause", **CAUSE)
    await case.passes(days=1, minutes=1)
    await case.ends()
    shown = await case.shows()
    assert shown["status"] == "closed"
    closed, resolved = (datetime.fromisoformat(shown[name]) for name in ("closed_at", "resolved_at"))
    assert closed - resolved == timedelta(days=2)


@on_both_databases
async def test_the_customer_rates_a_closed_case(tierline: Tierline) -> None:
    await tierline.has_policy(LADDER)
    case = await tierline.opens(policy="ladder")
    await case.tells("dana", "sms", "step")
    await case.tells("dana", "email", "step")
    await case.refuses("dana", "survey", "not_resolved", score=2)
    await resolved_and_closed(case, "dana")
    rated = await case.says("dana", "survey", score=2, comment="it took a day")
    assert (rated["status"], rated["survey"]["score"], rated["survey"]["comment"]) == ("closed", 2, "it took a day")
    rating, alert = (await case.timeline())[-2:]
    assert (rating["kind"], rating["actor"], rating["text"]) == ("note", "customer", "the customer rated it 2 of 5")
    assert (alert["kind"], alert["text"]) == ("told", "lee told: the customer rated it 2 of 5")
    await case.tells("lee", "sms", "low_score")
    assert (await case.shows())["survey"]["score"] == 2
    await case.refuses("dana", "survey", "invalid_field", score=6)


@on_both_databases
async def test_a_case_that_ends_while_it_is_merged_is_nobodys_child(tierline: Tierline) -> None:
    """Merge and cancel at the same instant: whichever is first, the target and the child agree."""
    await tierline.has_policy(LADDER)
    first = await tierline.opens(policy="ladder")
    second = await tierline.opens(policy="ladder", subject="Cannot pay")
    for case in (first, second):
        await case.tells("dana", "sms", "step")
        await case.tells("dana", "email", "step")
    path = f"/v1/escalations/{second.id}"
    merged, cancelled = await asyncio.gather(
        tierline.call("POST", f"{path}/merge", "dana", into=first.id),
        tierline.call("POST", f"{path}/cancel", "sam", reason="a false alarm"),
    )
    assert sorted((merged.status_code, cancelled.status_code)) == [200, 409]
    parent, children = (await second.shows())["parent"], (await first.shows())["children"]
    assert (parent, children) == ((first.id, [second.id]) if merged.status_code == 200 else (None, []))
    await first.says("dana", "cancel", reason="end of the story")
    await first.ends()
