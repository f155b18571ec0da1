"""A step that tells by SMS alone is warned of where all whom it may tell rest while its tier is open."""

from typing import Any

import pytest

from domain.roster import Roster
from tests.domain.calm import CALM, EXPERTS, PEOPLE, STEP, SUPPORT, changed, told

NIGHT = {"do_not_disturb": "22:00-07:00", "timezone": "Europe/Berlin"}
BY_SMS = changed("tiers.1.steps", [{**STEP, "channels": ["sms"]}])  # the second tier is always open


def roster(team: dict[str, Any] | None = None, **wishes: dict[str, Any]) -> Roster:
    people = [{**one, "phone": "+493023125101", **wishes.get(one["id"], {})} for one in PEOPLE]
    return Roster.model_validate({"people": people, "teams": [SUPPORT, {**EXPERTS, **(team or {})}]})


def test_a_step_by_sms_alone_to_people_who_all_rest_is_named_with_the_first_such_hours() -> None:
    assert told(BY_SMS, roster(eli=NIGHT)) == [
        (
            "tiers[1].steps[0].channels",
            "by SMS alone it wakes none of eli, whom it may tell, while they all rest, such as Wed 2026-03-04 21:00 to "
            "Thu 2026-03-05 06:00 (UTC): unless it is critical, a case then goes on to the next step, the next tier and the "
            "owner of last resort at once; list email too",
        )
    ]


@pytest.mark.parametrize("rest", ["23:00-07:00", "06:30-08:00"])
def test_only_the_hours_that_all_of_them_rest_count(rest: str) -> None:
    both = {"members": ["eli", "dana"], "choose": "round_robin"}
    ((_, message),) = told(BY_SMS, roster(both, eli=NIGHT, dana={**NIGHT, "do_not_disturb": rest}))
    hours = {"23:00-07:00": "Wed 2026-03-04 22:00 to Thu 2026-03-05 06:00", "06:30-08:00": "Thu 2026-03-05 05:30–06:00"}
    assert f"none of eli, dana, whom it may tell, while they all rest, such as {hours[rest]} (UTC)" in message


@pytest.mark.parametrize(
    "calm",
    [
        roster(),
        roster({"members": ["eli", "dana"], "choose": "round_robin"}, eli=NIGHT),
        roster(
            {"members": ["eli", "dana"], "choose": "round_robin"},
            eli=NIGHT,
            dana={**NIGHT, "do_not_disturb": "12:00-14:00"},
        ),
    ],
)
def test_where_somebody_is_awake_nothing_is_warned_of(calm: Roster) -> None:
    assert told(BY_SMS, calm) == []


def test_a_step_that_sends_an_e_mail_too_wakes_nobody_and_still_tells_them() -> None:
    both = changed("tiers.1.steps", [{**STEP, "channels": ["sms", "email"]}])
    assert told(both, roster(eli=NIGHT)) == []
    assert len(told(both, roster(eli={**NIGHT, "channels": {"all": ["sms"]}}))) == 1


def test_a_tier_that_is_shut_while_they_rest_or_waits_for_what_is_critical_only_is_fine() -> None:
    data = changed("tiers.1.calendar", "mornings")
    data["tiers"][1]["steps"] = BY_SMS["tiers"][1]["steps"]
    assert [place for place, _ in told(data, roster(eli=NIGHT)) if place.endswith("channels")] == []
    data["tiers"][1]["calendar"] = {"critical": "always", "else": "mornings"}
    assert [place for place, _ in told(data, roster(eli=NIGHT)) if place.endswith("channels")] == []


def test_the_same_people_asked_at_two_tiers_are_told_of_once() -> None:
    data = changed("tiers", [{**BY_SMS["tiers"][1], "name": name} for name in ("L1", "L2")])
    assert [place for place, _ in told(data, roster(eli=NIGHT))] == ["tiers[0].steps[0].channels"]


def test_who_takes_no_sms_of_any_priority_needs_no_phone_number() -> None:
    def by_mail(**order: list[str]) -> Roster:
        people = [{**one, "channels": order} if one["id"] == "dana" else one for one in PEOPLE]
        return Roster.model_validate({"people": people, "teams": [SUPPORT, EXPERTS]})

    data = changed("tiers.0.steps", [{**STEP, "channels": ["sms", "email"]}])
    lacking = [place for place, _ in told(data, by_mail(all=["email"])) if place != "owner_of_last_resort"]
    assert lacking == []
    some = [place for place, _ in told(data, by_mail(low=["email"])) if place != "owner_of_last_resort"]
    assert some == ["tiers[0].steps[0].channels"]
    assert told(CALM, by_mail(all=["email"])) == []
