"""Windows over midnight: one that runs into those of the next day is refused when handed in, never in what is stored."""

from typing import Any

import pytest

from domain.calendars import WEEKDAYS
from domain.errors import PolicyFaults
from domain.policy import Policy
from domain.policy_file import check_policy, dump_policy
from domain.roster import Roster
from domain.roster_file import check_roster
from tests.domain.small import changed, faults_of

HOURS = "calendars.office.hours"


def overlap(hours: dict[str, list[str]]) -> str:
    """What is told of a policy whose calendar has these hours."""
    return faults_of(changed(HOURS, hours))[HOURS]


def rota(hours: object) -> dict[str, Any]:
    """A roster whose only rotation has these hours."""
    turns = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "members": ["ann"], "start": "2026-03-02"}
    people = [{"id": name, "name": name} for name in ("ann", "bob")]
    return {"people": people, "teams": [{"id": "t", "rotations": [{**turns, "hours": hours}]}]}


def test_a_night_that_runs_into_the_next_morning_is_refused_with_both_days_and_what_to_write() -> None:
    said = "22:00-06:00 and 05:00-07:00 overlap: end the first at 05:00"
    assert overlap({"mon": ["22:00-06:00"], "tue": ["05:00-07:00"]}) == f"mon into tue: {said}"
    assert overlap({"sun": ["22:00-06:00"], "mon": ["05:00-07:00"]}) == f"sun into mon: {said}"
    assert overlap({day: ["22:00-06:00", "05:00-07:00"] for day in ("mon", "tue", "wed")}) == (
        f"mon into tue, tue into wed: {said}"
    )


def test_every_night_is_looked_at_and_beside_what_overlaps_within_a_day() -> None:
    hours = {
        "mon": ["20:00-04:00"],
        "tue": ["00:00-02:00", "01:00-03:00"],
        "sat": ["23:00-01:00"],
        "sun": ["00:30-02:00"],
    }
    assert overlap(hours) == (
        "tue: 00:00-02:00 and 01:00-03:00 overlap: write one window, or end the first before the second; "
        "mon into tue: 20:00-04:00 and 00:00-02:00 overlap: end the first at 00:00; "
        "mon into tue: 20:00-04:00 and 01:00-03:00 overlap: end the first at 01:00; "
        "sat into sun: 23:00-01:00 and 00:30-02:00 overlap: end the first at 00:30"
    )


@pytest.mark.parametrize(
    "hours",
    [
        {"mon": ["22:00-06:00"], "tue": ["06:00-08:00"]},
        {"sun": ["22:00-06:00"], "mon": ["06:00-08:00"]},
        {"mon": ["22:00-06:00"], "wed": ["05:00-07:00"]},
        {"mon": ["22:00-24:00"], "tue": ["00:00-07:00"]},
        {"mon": ["22:00-00:00"], "tue": ["00:00-07:00"]},
        {"mon": ["05:00-07:00"], "tue": ["22:00-06:00"]},
        {day: ["22:00-06:00"] for day in WEEKDAYS},
        {day: ["00:00-24:00"] for day in WEEKDAYS},
    ],
)
def test_a_night_that_ends_when_the_next_day_opens_or_before_is_fine(hours: dict[str, list[str]]) -> None:
    assert check_policy(changed(HOURS, hours))
    assert check_roster(rota(hours))


@pytest.mark.parametrize(
    ("hours", "nights"),
    [
        ({"mon": ["22:00-06:00"], "tue": ["05:00-07:00"]}, "mon into tue"),
        (
            ["05:00-07:00", "22:00-06:00"],
            "mon into tue, tue into wed, wed into thu, thu into fri, fri into sat, sat into sun, sun into mon",
        ),
    ],
)
def test_the_hours_of_a_rotation_are_held_to_the_same(hours: object, nights: str) -> None:
    with pytest.raises(PolicyFaults) as refused:
        check_roster(rota(hours))
    said = f"{nights}: 22:00-06:00 and 05:00-07:00 overlap: end the first at 05:00"
    assert [str(fault) for fault in refused.value.faults] == [f"teams[0].rotations[0].hours: {said}"]


OLD_HOURS = {"mon": ["22:00-06:00"], "tue": ["05:00-07:00"]}
OLD_ROSTER = rota(OLD_HOURS)


def test_a_stored_policy_and_a_running_case_keep_the_hours_and_zones_they_were_accepted_with() -> None:
    data = changed(HOURS, OLD_HOURS)
    data["calendars"]["office"]["timezone"] = "Factory"
    stored = Policy.model_validate(data)
    assert Policy.model_validate_json(stored.model_dump_json()) == stored
    with pytest.raises(PolicyFaults):
        check_policy(dump_policy(stored))


def test_a_stored_roster_is_still_read_and_still_added_to() -> None:
    stored = Roster.model_validate(OLD_ROSTER)
    assert Roster.model_validate_json(stored.model_dump_json(by_alias=True)) == stored
    document = stored.model_dump(mode="json", by_alias=True)
    away = {"person": "ann", "from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    assert len(check_roster({**document, "absences": [away]}, before=stored).absences) == 1
    with pytest.raises(PolicyFaults) as refused:
        check_roster({**document, "absences": [{**away, "delegate": "zed"}]}, before=stored)
    assert [fault.path for fault in refused.value.faults] == ["absences[0].delegate"]


def test_thousands_of_windows_in_one_day_are_looked_at_in_a_moment() -> None:
    night = [f"{hour:02}:{minute:02}-12:00" for hour in range(13, 24) for minute in range(60)]
    morning = [f"{hour:02}:{minute:02}-{hour:02}:{minute + 1:02}" for hour in range(12) for minute in range(59)]
    assert overlap({"mon": night, "tue": morning}).count("overlap") == len(night) - 1 + len(morning)
