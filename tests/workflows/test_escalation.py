"""The workflow in virtual time, on the full Temporal server: what is due happens when it is due."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from tests.workflows.house import House, says


async def test_nobody_acknowledges_so_the_case_climbs_at_its_deadline(env: WorkflowEnvironment, tierline: House) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await env.fast_forward(case, timedelta(minutes=16))
        document = (await says(case, "acknowledge", "lee"))
    assert document["status"] == "acknowledged"
    assert document["owner"] == "lee"
    assert document["tier"] == {"index": 1, "name": "L2"}
    assert tierline.at(case, "climbed") == [timedelta(minutes=15)]
