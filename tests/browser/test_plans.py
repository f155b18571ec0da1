"""The matrix tried on a made-up case, and a change to the plan of duty, at a real browser."""

from datetime import timedelta

import pytest

from tests.browser.conftest import Somebody
from tests.browser.visitor import PHONE
from tests.scenarios.system import Tierline

WAYS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])


@WAYS
async def test_somebody_tries_what_a_policy_does_to_a_critical_case(somebody: Somebody, script: bool) -> None:
    person = await somebody(script=script)
    await person.signs_in("lee", "/policies")
    await person.presses("standard", "link")
    await person.is_at("/policies/standard")
    await person.chooses("Priority", "critical")
    await person.presses("Play it")
    await person.is_at("/policies/standard/what-if")
    await person.reads("What happens from")
    await person.reads("L2 step 1, on call: acknowledge")


async def test_an_operator_writes_down_that_somebody_is_away_and_takes_it_back(
    tierline: Tierline, somebody: Somebody
) -> None:
    away = [tierline.clock() + timedelta(days=days) for days in (1, 3)]
    begins, ends = (at.strftime("%Y-%m-%dT%H:%M") for at in away)
    person = await somebody(PHONE)
    await person.signs_in("admin", "/on-call")
    await person.fills_in("Somebody is away", {"From": begins, "To": ends}, {"Who": "Dana", "Delegate": "Sam"})
    await person.reads("It is written down and counts at once.")
    [absence] = (await tierline.call("GET", "/v1/roster")).json()["absences"]
    assert (absence["person"], absence["delegate"]) == ("dana", "sam")
    await person.presses_what_begins("Remove: Dana is away")
    await person.does_not_read("Dana is away")
    assert (await tierline.call("GET", "/v1/roster")).json()["absences"] == []


async def test_the_plan_of_duty_is_read_and_turned_with_the_keyboard_alone(somebody: Somebody) -> None:
    person = await somebody(script=False)
    await person.signs_in("lee", "/on-call")
    await person.tabs_to("Later →")
    await person.follows()
    await person.tabs_to("Today")
    await person.follows()
    await person.reads("On duty now")
