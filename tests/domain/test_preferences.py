"""Hours in which a person takes no SMS: their rest at any priority but critical, and outside work what is routine."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.channel_order import PREFERENCES_SINCE
from domain.messages import Message
from domain.policy import Policy
from domain.preferences import NOT_NOW, TO_THE_LAST_RESORT, why_no_sms, why_not_now
from domain.preview import preview
from domain.roster import Person, Roster
from domain.roster_file import check_roster
from domain.simulation import Course, Sending, course
from domain.state import RULES_VERSION, Opening
from domain.tickets import Customer, Priority, Ticket, Trigger
from tests.domain.setting import policy, said, when

PHONE = "+493023125101"


def dana(**wishes: Any) -> Person:
    return Person.model_validate({"id": "dana", "name": "Dana", "email": "d@x.example", "phone": PHONE, **wishes})


def quiet(person: Person, at: str, priority: Priority = "high") -> bool:
    return why_no_sms(person, priority, datetime.fromisoformat(at)) is not None


# The hours of rest


@pytest.mark.parametrize(
    ("at", "rests"),
    [
        ("2026-03-02T20:59:59Z", False),
        ("2026-03-02T21:00:00Z", True),
        ("2026-03-02T23:30:00Z", True),
        ("2026-03-03T05:59:59Z", True),
        ("2026-03-03T06:00:00Z", False),
    ],
)
def test_the_hours_of_rest_are_on_the_persons_own_clock_and_go_over_midnight(at: str, rests: bool) -> None:
    assert quiet(dana(do_not_disturb="22:00-07:00", timezone="Europe/Berlin"), at) is rests


@pytest.mark.parametrize(
    ("at", "rests"),
    [
        ("2027-03-27T21:00:00Z", True),  # the night in which the clock leaves out 02:00 to 03:00
        ("2027-03-28T00:59:59Z", True),
        ("2027-03-28T01:00:00Z", True),
        ("2027-03-28T04:59:59Z", True),
        ("2027-03-28T05:00:00Z", False),
        ("2027-10-30T20:00:00Z", True),  # the night in which it shows 02:00 to 03:00 twice
        ("2027-10-31T05:59:59Z", True),
        ("2027-10-31T06:00:00Z", False),
    ],
)
def test_a_night_with_a_clock_change_is_an_hour_shorter_or_longer(at: str, rests: bool) -> None:
    assert quiet(dana(do_not_disturb="22:00-07:00", timezone="Europe/Berlin"), at) is rests


@pytest.mark.parametrize(
    ("at", "rests"),
    [
        ("2027-03-28T00:59:59Z", False),
        ("2027-03-28T01:00:00Z", True),  # 02:15 does not exist: the rest begins at 03:00
        ("2027-03-28T01:29:59Z", True),
        ("2027-03-28T01:30:00Z", False),
        ("2027-10-31T00:15:00Z", True),  # 02:15 for the first time …
        ("2027-10-31T01:29:59Z", True),  # … until 02:30 for the second
        ("2027-10-31T01:30:00Z", False),
    ],
)
def test_a_rest_that_begins_in_the_change_of_the_clock_keeps_to_the_conventions_of_time(at: str, rests: bool) -> None:
    ends = "03:30" if "-03-" in at else "02:30"
    assert quiet(dana(do_not_disturb=f"02:15-{ends}", timezone="Europe/Berlin"), at) is rests


def test_a_rest_may_lie_within_the_day_or_last_all_of_it() -> None:
    siesta, never = dana(do_not_disturb="13:00-15:00"), dana(do_not_disturb="00:00-24:00")
    assert [quiet(siesta, f"2026-03-02T{at}:00Z") for at in ("12:59", "13:00", "14:59", "15:00")] == [
        False,
        True,
        True,
        False,
    ]
    assert all(quiet(never, f"2026-03-02T{hour:02d}:00:00Z") for hour in range(24))
    assert not quiet(never, "2026-03-02T12:00:00Z", "critical")


@pytest.mark.parametrize(("priority", "rests"), [("low", True), ("medium", True), ("high", True), ("critical", False)])
def test_only_a_critical_case_disturbs(priority: Priority, rests: bool) -> None:
    assert quiet(dana(do_not_disturb="22:00-07:00"), "2026-03-02T23:00:00Z", priority) is rests


# The working hours

OFFICE = {"mon": ["08:00-12:00", "13:00-18:00"], "fri": ["22:00-06:00"]}


@pytest.mark.parametrize(
    ("at", "works"),
    [
        ("2026-03-02T06:59:59Z", False),  # a Monday; 07:59:59 in Berlin
        ("2026-03-02T07:00:00Z", True),
        ("2026-03-02T11:30:00Z", False),
        ("2026-03-02T12:00:00Z", True),
        ("2026-03-02T17:00:00Z", False),
        ("2026-03-03T09:00:00Z", False),
        ("2026-03-07T04:59:59Z", True),  # what began on Friday night
        ("2026-03-07T05:00:00Z", False),
    ],
)
def test_outside_the_working_hours_no_sms_comes_of_a_routine_case(at: str, works: bool) -> None:
    person = dana(working_hours=OFFICE, timezone="Europe/Berlin")
    assert quiet(person, at, "low") is quiet(person, at, "medium") is not works
    assert not quiet(person, at, "high")
    assert not quiet(person, at, "critical")


def test_the_words_say_whose_wish_it_is_and_on_which_clock() -> None:
    person = dana(do_not_disturb="22:00-07:00", working_hours=OFFICE, timezone="Europe/Berlin")
    night, sunday = datetime(2026, 3, 2, 23, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert (
        why_no_sms(person, "medium", night) == "dana takes no SMS from 22:00 to 07:00 (Europe/Berlin) except critical"
    )
    assert (
        why_no_sms(person, "medium", sunday)
        == "dana takes SMS of low and medium priority in working hours only (Europe/Berlin)"
    )


# Which messages


def of(kind: Any = "step", channel: Any = "sms", person: str | None = "dana") -> Message:
    return Message(key="k", kind=kind, channel=channel, person=person, entry=1, at=when("23:00"))


SLEEPER = Roster(people=(dana(do_not_disturb="22:00-07:00"),))


def test_every_sms_to_the_person_is_held_back_and_no_other_message() -> None:
    for kind in (
        "step",
        "warning",
        "assigned",
        "promise_reminder",
        "customer_replied",
        "root_cause_overdue",
        "low_score",
    ):
        assert why_not_now(of(kind), SLEEPER, "high", RULES_VERSION)
    for other in (of(channel="email"), of(channel="webhook"), of(person="eli"), of("customer_update", person=None)):
        assert why_not_now(other, SLEEPER, "high", RULES_VERSION) is None


@pytest.mark.parametrize("kind", TO_THE_LAST_RESORT)
def test_the_owner_of_last_resort_is_told_whatever_the_hour(kind: str) -> None:
    assert why_not_now(of(kind), SLEEPER, "low", RULES_VERSION) is None


def test_in_a_case_of_earlier_rules_nothing_is_held_back() -> None:
    """Its warnings have no next channel, or its state knows of no preferences."""
    assert why_not_now(of(), SLEEPER, "high", PREFERENCES_SINCE - 1) is None


# In a case


def played(rules: Policy, priority: Priority = "high", at: str = "23:00", **wishes: dict[str, Any]) -> Course:
    people = [
        {"id": name, "name": name.title(), "email": f"{name}@x.example", "phone": PHONE, **wishes.get(name, {})}
        for name in ("dana", "eli", "finn", "mia", "olga")
    ]
    teams = [
        {"id": "support", "members": ["dana", "eli"]},
        {"id": "specialists", "members": ["finn"]},
        {"id": "management", "members": ["mia"]},
    ]
    opening = Opening(
        id="zendesk-4711",
        episode=1,
        accepted_at=when(at),
        opened_by=None,
        policy=rules,
        priority=priority,
        priority_reasons=(),
        ticket=Ticket(system="zendesk", id="4711", subject="Checkout is down"),
        customer=Customer(id="acme", name="Acme GmbH", email="it@acme.example"),
        trigger=Trigger(kind="manual"),
    )
    return course(opening, check_roster({"people": people, "teams": teams}), most=12)


def sent(found: Course) -> list[str]:
    going = [one for one in found.happenings if isinstance(one, Sending)]
    return [f"{said(one.at)} {one.message.person} {one.message.channel}" for one in going]


ASLEEP = {"do_not_disturb": "22:00-07:00"}
BY_SMS = policy(L1="steps: [{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [sms]}]")


def test_a_step_that_finds_its_person_asleep_goes_on_to_the_next_responder_at_once() -> None:
    found = played(BY_SMS, dana=ASLEEP)
    assert sent(found)[:1] == ["23:00 eli sms"]
    [line] = [row for row in preview(found, Roster()) if row.what == "delivery_failed"][:1]
    assert line.why == "SMS to dana failed: dana takes no SMS from 22:00 to 07:00 (UTC) except critical"


def test_who_is_asleep_gets_the_e_mail_of_the_step_and_is_not_passed_over() -> None:
    found = played(policy(), dana=ASLEEP)
    assert sent(found)[:2] == ["23:00 dana email", "23:10 eli sms"]


def test_a_critical_case_wakes_them() -> None:
    assert sent(played(BY_SMS, "critical", dana=ASLEEP))[:1] == ["23:00 dana sms"]


def test_a_message_that_is_held_back_says_so_with_its_code() -> None:
    failed = [one for one in played(BY_SMS, dana=ASLEEP).happenings if getattr(one, "kind", "") == "delivery_failed"]
    assert [one.data["code"] for one in failed if hasattr(one, "data")][:1] == [NOT_NOW]


def test_where_the_whole_ladder_sleeps_the_owner_of_last_resort_is_told_at_once() -> None:
    ladder = dict.fromkeys(("L1", "L2", "L3"), "steps: [{tell: on_call, channels: [sms]}]")
    found = played(policy(**ladder), dana=ASLEEP, eli=ASLEEP, finn=ASLEEP, mia=ASLEEP, olga=ASLEEP)
    assert sent(found)[:1] == ["23:00 olga sms"]


def test_a_warning_in_the_hours_of_rest_comes_by_e_mail() -> None:
    found = played(policy(L1="targets: {acknowledge: {all: 9m, warn_at: [50]}}"), dana=ASLEEP)
    assert "23:04:30 dana email" in sent(found)
    assert "23:04:30 dana sms" not in sent(found)


def test_what_a_person_takes_and_when_they_take_it_go_together() -> None:
    prefers = {**ASLEEP, "channels": {"all": ["sms"], "critical": ["sms", "email"]}}
    assert sent(played(policy(), dana=prefers))[:1] == ["23:00 eli sms"]
    assert sent(played(policy(), "critical", dana=prefers))[:2] == ["23:00 dana sms", "23:00 dana email"]
    assert sent(played(policy(), at="10:00", dana=prefers))[:2] == ["10:00 dana sms", "10:10 eli sms"]
