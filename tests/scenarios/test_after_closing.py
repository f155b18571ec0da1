"""What happens once a case has closed, over HTTP, on the real server: the survey, its answer, the lead who hears of a bad one."""

from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from activities.providers.port import Envelope, Outcome, Refused, RetryLater
from records.stored import StoredMessage
from tests.scenarios.system import Case, Tierline, on_both_databases
from tests.until import until
from workflows import contract

ASKS = """
name: asks
owner_of_last_resort: ops-manager
tiers:
  - name: L1
    team: support
    targets: {acknowledge: {all: 15m}, tier_resolution: {all: 8h}}
    steps: [{tell: on_call, channels: [email]}]
customer_updates: {every: {all: 8h}, channels: [email, sms], on: []}
closing: {root_cause: required, survey_after: 1d, low_score: 2}
"""
A_DAY = timedelta(days=1, minutes=1)


async def closed(tierline: Tierline, policy: str = ASKS) -> Case:
    """A case that Dana has solved, explained and closed."""
    await tierline.has_policy(policy)
    case = await tierline.opens(policy="asks")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.says("dana", "root-cause", category="certificate", description="it had expired", origin="ours")
    await case.says("dana", "close")
    await case.ends()
    return case


def survey(case: Case, episode: int = 1) -> WorkflowHandle[Any, Any]:
    """The run that asks the customer of this episode."""
    return case.tierline.house.client.get_workflow_handle(f"{case.id}/{episode}/survey")


async def a_day_later(case: Case) -> Any:
    """How the run that asks has ended."""
    await case.tierline.env.fast_forward(survey(case), A_DAY)
    case.tierline.clock.ahead += A_DAY
    return await survey(case).result()


@on_both_databases
async def test_a_day_after_closing_the_customer_is_asked_once(tierline: Tierline) -> None:
    case = await closed(tierline)
    assert await a_day_later(case) == "sent"
    asked = await case.tells(None, "email", "customer_survey")
    assert (asked.key, asked.to) == (f"{case.id}.1/1/customer_survey/0.0/~customer/email", "it@acme.example")
    line = (await case.timeline())[-1]
    assert (line["kind"], line["text"]) == (
        "customer_told",
        "customer told by e-mail: is it still working, and how was it?",
    )


async def test_reopened_before_that_nobody_asks(tierline: Tierline) -> None:
    case = await closed(tierline)
    await case.says("dana", "reopen", reason="it is back")
    await case.tells("dana", "email", "step")
    assert await a_day_later(case) == "not asked"
    await case.says("dana", "cancel", reason="end of the story")


async def test_who_has_answered_is_not_asked(tierline: Tierline) -> None:
    case = await closed(tierline)
    await case.says("dana", "survey", score=5)
    assert await a_day_later(case) == "not asked"


@on_both_databases
async def test_a_one_alerts_the_lead_and_offers_reopening(tierline: Tierline) -> None:
    case = await closed(tierline)
    rated = await case.says("dana", "survey", score=1, comment="nobody called back")
    assert "alert" not in rated
    told = await case.tells("lee", "email", "low_score")
    for words in (
        "1 of 5",
        "nobody called back",
        "Resolved by: Dana",
        "Certificate expired or wrong: it had expired",
        "Acme GmbH",
    ):
        assert words in (told.text or "")
    assert f'tierline reopen {case.id} "…"' in (told.text or "")
    assert (await case.timeline())[-1]["text"] == "lee told: the customer rated it 1 of 5"
    await case.says("dana", "survey", score=5)
    await case.settles()
    reopened = await case.says("lee", "reopen", reason="the customer says so")
    assert (reopened["episode"], reopened["status"]) == (2, "open")
    await case.tells("dana", "email", "step")
    await case.says("dana", "cancel", reason="end of the story")


async def test_who_answers_waits_for_no_provider_and_the_alert_comes_when_it_is_back(tierline: Tierline) -> None:
    case = await closed(tierline)
    tierline.house.email.answers = away
    rated = await case.says("dana", "survey", score=1)
    assert rated["survey"]["score"] == 1
    await until(lambda: [(one.status, one.attempts > 0) for one in alerts(case)] == [("queued", True)])
    tierline.house.email.answers = None
    await case.tells("lee", "email", "low_score")


async def test_the_same_low_answer_said_twice_alerts_once(tierline: Tierline) -> None:
    case = await closed(tierline)
    keyed = {"Authorization": f"Bearer {tierline.keys['admin']}", "Idempotency-Key": "once"}
    for _ in range(2):
        answer = await tierline.http.post(f"/v1/escalations/{case.id}/survey", headers=keyed, json={"score": 1})
        assert answer.status_code == 200, answer.text
    await case.tells("lee", "email", "low_score")


async def test_a_low_answer_to_a_resolved_case_alerts_too(tierline: Tierline) -> None:
    await tierline.has_policy(ASKS)
    case = await tierline.opens(policy="asks")
    await case.tells("dana", "email", "step")
    await case.says("dana", "resolve", summary="renewed the certificate")
    await case.says("dana", "survey", score=2)
    told = await case.tells("lee", "email", "low_score")
    assert "Recorded root cause: none" in (told.text or "")
    await case.says("dana", "cancel", reason="end of the story")


async def test_what_the_mail_refuses_goes_by_sms(tierline: Tierline) -> None:
    case = await closed(tierline)
    tierline.house.email.answers = refusing
    assert await a_day_later(case) == "sent"
    await case.fails(None, "email", "customer_survey", "550")
    await case.tells(None, "sms", "customer_survey")
    # By number, not by time: a day has passed for the case, not for its senders.
    history = sorted(await case.timeline(), key=lambda line: line["seq"])
    assert [line["kind"] for line in history[-3:]] == ["customer_told", "delivery_failed", "customer_told"]


async def test_an_sms_that_asks_waits_for_the_morning(tierline: Tierline) -> None:
    """Quiet hours but for a minute a day: whenever this runs, the question waits."""
    quiet = "customer_updates: {every: {all: 8h}, channels: [sms], on: []}\nquiet_hours: {customer_sms: '00:01-00:00'}"
    case = await closed(tierline, ASKS.replace(next(one for one in ASKS.splitlines() if "every" in one), quiet))
    await tierline.env.fast_forward(survey(case), A_DAY)
    await until(lambda: waits(case))
    tierline.clock.ahead += A_DAY
    await tierline.env.fast_forward(survey(case), timedelta(days=1))
    assert await survey(case).result() == "sent"
    await case.tells(None, "sms", "customer_survey")


async def test_a_worker_that_goes_in_the_wait_changes_nothing(tierline: Tierline) -> None:
    case = await closed(tierline)
    await tierline.house.crew.leaves()
    await tierline.house.crew.comes()
    assert await a_day_later(case) == "sent"
    await case.tells(None, "email", "customer_survey")


def waits(case: Case) -> bool:
    """The question is written down, and waits."""
    said = case.tierline.house.escalations.messages(case.id, 1)
    return any((one.kind, one.status) == ("customer_survey", "waiting") for one in said)


def alerts(case: Case) -> list[StoredMessage]:
    said = case.tierline.house.escalations.messages(case.id, 1)
    return [one for one in said if one.kind == "low_score"]


def away(envelope: Envelope) -> Outcome:
    raise RetryLater("unreachable", "nobody answers there", after=timedelta(seconds=1))


def refusing(envelope: Envelope) -> Outcome:
    return Refused("550", "no such mailbox")


def test_the_run_that_asks_has_the_id_of_the_contract() -> None:
    plan: Any = type("Plan", (), {"escalation": "zendesk-1", "episode": 2})
    assert contract.survey_id(plan) == "zendesk-1/2/survey"
