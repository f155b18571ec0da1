"""What a run says of itself: lateness by a blow is not that of calm weather."""

import pytest

from tests.chaos import weather
from tests.chaos.checker import check
from tests.chaos.forged import at, evidence, key
from tests.chaos.journal import Blow
from tests.chaos.report import summary


@pytest.mark.parametrize(("before", "calm"), [(0.5, "0.2 s"), (1.5, "6.9 s")])
def test_what_falls_due_right_before_a_blow_is_late_by_the_blow(before: float, calm: str) -> None:
    run = evidence()
    late = next(one for one in run.cases[0].shown[0].messages if one["key"] == key("2/step/0.0/kim/email"))
    late["created_at"] = at(23.9).isoformat()  # was due at 17
    run.blows.append(Blow(weather.EVERYTHING, at(17 + before), at(23)))
    told = next(line for line in summary(run, check(run)) if "worst lateness" in line)
    assert told.endswith(f"worst lateness of a message 6.9 s, in calm weather {calm}")
