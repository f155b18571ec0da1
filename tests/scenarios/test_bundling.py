"""A bad morning: many cases of one person at once. The first few messages come at once, the rest as one, and nothing is lost."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from records import crowding
from tests.scenarios.test_stories import LADDER
from tests.until import until
from tests.workflows.house import house, says

CASES, AT_ONCE = 8, 3


async def test_many_cases_at_once_are_few_messages(
    env: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowding, "WINDOW", timedelta(seconds=5))
    with env.with_time_skipping_disabled():
        async with house(env.client, tmp_path, per_minute=AT_ONCE) as tierline:
            policy = LADDER.replace("[sms, email]", "[email]")
            cases = [await tierline.opens(policy, priority="high") for _ in range(CASES)]
            steps = [f"{case.id}.1/1/step/0.0/dana/email" for case in cases]

            def fates() -> dict[str, str]:
                return {one.key: one.status for one in tierline.escalations.all_messages() if one.key in steps}

            await until(lambda: list(fates().values()) == ["sent"] * CASES)
            to_dana = [mail for mail in tierline.email.kept if mail.to == "dana@support.example"]
            together = [mail for mail in to_dana if "messages: " in (mail.subject or "")]
            await asyncio.gather(*(says(case, "cancel", reason="end") for case in cases))
    assert len(to_dana) <= AT_ONCE + 2, [mail.subject for mail in to_dana]
    assert together
    for case in cases:
        assert sum(mail.text.count(f"case: {case.id}\n") for mail in to_dana) == 1, f"{case.id} stands in one of them"
