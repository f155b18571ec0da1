"""Past tickets played through a policy: what is counted of one course, and that counts can be added."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from domain.backtest import PastTicket, Tally, Trial, night_of, zones_of
from domain.policy import Policy
from domain.roster_file import check_roster
from tests.domain.setting import policy

HOMES = {"dana": "UTC", "eli": "Europe/Berlin", "finn": "Asia/Tokyo", "mia": "UTC", "olga": "UTC"}
ROSTER = check_roster(
    {
        "people": [
            {"id": id, "name": id.title(), "timezone": zone, "email": f"{id}@x.example", "phone": "+493023125101"}
            for id, zone in HOMES.items()
        ],
        "teams": [
            {"id": "support", "lead": "dana", "members": ["dana", "eli"]},
            {"id": "specialists", "members": ["finn"]},
            {"id": "management", "members": ["mia"]},
        ],
    }
)
PROMISES = "customer_updates: {every: {all: 2h}, channels: [email]}"
TOLD_BY_EMAIL = {"email": "it@acme.example"}


def past(opened_at: str, **more: Any) -> PastTicket:
    whole = {
        "ticket": {"system": "zendesk", "id": "4711", "subject": "Checkout is down"},
        "customer": {"id": "acme", "name": "Acme GmbH", **TOLD_BY_EMAIL, "timezone": "Europe/Berlin"},
        "trigger": {"kind": "manual"},
        "opened_at": opened_at,
    }
    return PastTicket.model_validate({**whole, **more})


def played(rules: Policy, *tickets: PastTicket) -> Tally:
    tally, trial = Tally(), Trial(rules, ROSTER)
    for ticket in tickets:
        tally.take(trial.play(ticket), zones_of(ROSTER))
    return tally


EVENING = past(
    "2026-03-02T21:45:00Z",
    acknowledged_at="2026-03-02T22:00:00Z",
    resolved_at="2026-03-02T22:10:00Z",
    closed_at="2026-03-02T22:20:00Z",
)


def test_a_ticket_that_was_answered_is_counted_message_by_message() -> None:
    found = played(policy(PROMISES), EVENING)
    told = {("responders", "sms"): 2, ("responders", "email"): 1, ("customers", "email"): 4}
    assert (found.tickets, found.sent) == (1, told)  # the customer: opened, acknowledged, resolved, closed
    assert found.people == {"dana": 2, "eli": 1}
    assert found.hours == {("responders", 21): 2, ("responders", 22): 1, ("customers", 22): 1, ("customers", 23): 3}
    assert (found.missed, found.missed_any, found.climbs, found.refused) == ({}, 0, 0, {})


def test_what_a_customer_was_told_counts_where_the_ticket_does_not_say_by_what_address() -> None:
    silent = {"id": "acme", "name": "Acme GmbH"}
    times = {"acknowledged_at": "2026-03-02T10:01:00Z", "updated_at": ["2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z"]}
    found = played(
        policy(PROMISES), past("2026-03-02T10:00:00Z", customer=silent, closed_at="2026-03-02T13:00:00Z", **times)
    )
    assert (found.missed, found.refused) == ({}, {})
    assert found.people == {"dana": 2}  # her SMS and e-mail of the step: nobody hears of a customer without an address


def test_a_webhook_is_counted_for_the_team_and_wakes_nobody() -> None:
    teams = [{"id": "support", "webhook": "https://hooks.example/", "members": ["dana", "eli"]}]
    rules = policy(L1="steps: [{tell: 'person:eli', channels: [webhook]}]")
    tally, trial = Tally(), Trial(rules, check_roster({"people": [vars(one) for one in ROSTER.people], "teams": teams}))
    tally.take(trial.play(EVENING), zones_of(ROSTER))
    assert tally.sent == {("teams", "webhook"): 1}
    assert (tally.messages, tally.people, tally.hours, tally.nights) == (1, {}, {}, {})


def test_who_is_told_after_ten_in_the_evening_of_their_own_clock_is_woken() -> None:
    found = played(policy(), EVENING)
    assert found.nights == {("eli", date(2026, 3, 2)): 1}  # 22:55 in Berlin, while it is 21:45 at Dana's


def test_a_ticket_nobody_answered_climbs_to_the_end() -> None:
    found = played(policy("targets: {closure: {all: 2d}}"), past("2026-03-02T10:00:00Z"))
    assert (found.missed, found.missed_any, found.climbs) == ({"acknowledge": 3, "closure": 1}, 1, 2)
    assert found.people["mia"] == 4  # one round and three more
    assert found.last_resort == found.people["olga"] == 3  # nobody answers: that day and the next; then closing is late
    assert found.nights_woken == {}
    assert found.cut == 0


def test_a_course_without_end_is_cut_and_said_to_be() -> None:
    rules = policy(L3="repeat: 100\nsteps: [{tell: on_call, channels: [sms, email]}]")
    found = played(rules, past("2026-03-02T10:00:00Z"))
    assert (found.cut, found.tickets) == (1, 1)


def test_several_messages_of_one_night_wake_once_also_over_midnight() -> None:
    found = played(policy(), past("2026-03-02T22:58:00Z"), past("2026-03-02T23:50:00Z"), past("2026-03-03T23:50:00Z"))
    assert found.nights["dana", date(2026, 3, 2)] == 4
    assert found.nights_woken["dana"] == 2


@pytest.mark.parametrize(
    ("clock", "night"),
    [("21:59", None), ("22:00", date(2026, 3, 28)), ("23:59", date(2026, 3, 28)), ("00:00", date(2026, 3, 27)),
     ("06:59", date(2026, 3, 27)), ("07:00", None)],
)  # fmt: skip
def test_a_night_lasts_from_ten_to_seven_and_has_the_date_of_its_evening(clock: str, night: date | None) -> None:
    assert night_of(datetime.fromisoformat(f"2026-03-28T{clock}").replace(tzinfo=ZoneInfo("Europe/Berlin"))) == night


def test_the_same_clock_counts_on_both_sides_of_a_clock_change() -> None:
    before = played(policy(), past("2026-03-28T20:50:00Z"))  # Eli is told at 21:00 UTC: 22:00 in Berlin
    after = played(policy(), past("2026-03-29T19:50:00Z"))  # and here at 20:00 UTC: 22:00 again
    assert [one.nights_woken["eli"] for one in (before, after)] == [1, 1]


def test_what_a_policy_does_not_allow_is_counted_by_its_code() -> None:
    late = past("2026-03-02T10:00:00Z", resolved_at="2026-03-02T10:10:00Z", updated_at=["2026-03-02T11:00:00Z"])
    assert played(policy(), late).refused == {"already_resolved": 1}


def test_updates_keep_the_promise() -> None:
    resolved = {"acknowledged_at": "2026-03-02T10:05:00Z", "resolved_at": "2026-03-02T13:30:00Z"}
    silent = past("2026-03-02T10:00:00Z", **resolved)
    kept = past("2026-03-02T10:00:00Z", **resolved, updated_at=["2026-03-02T11:50:00Z"])
    assert [played(policy(PROMISES), one).missed["customer_update"] for one in (silent, kept)] == [1, 0]


def test_closing_without_resolving_does_both() -> None:
    closed = past("2026-03-02T10:00:00Z", closed_at="2026-03-02T10:05:00Z")
    found = played(policy(), closed)
    assert (found.refused, found.people) == ({}, {"dana": 2})


def test_nobody_on_duty_is_counted() -> None:
    assert played(policy(L1="team: nobodies"), EVENING).nobody == 2


def test_the_largest_raise_of_the_policy_decides_the_priority() -> None:
    rules = policy(
        "priority: {raise_for: [{customer: {id: acme}, by: 2}]}", L1="targets: {acknowledge: {critical: 5m, all: 1h}}"
    )
    assert played(rules, EVENING).missed == {"acknowledge": 1}


def test_every_year_has_its_own_holidays() -> None:
    office = "calendars: {office: {holidays: {country: DE}}}"
    rules = policy(office, L1="calendar: office\ntargets: {acknowledge: {all: 1h}}")
    may_days = [past(f"{year}-05-01T09:00:00Z", resolved_at=f"{year}-05-01T16:00:00Z") for year in (2023, 2026, 2029)]
    workday = past("2026-05-05T09:00:00Z", resolved_at="2026-05-05T16:00:00Z")
    assert [played(rules, day).missed_any for day in (*may_days, workday)] == [0, 0, 0, 1]
    assert played(rules, *may_days, workday).missed_any == 1


def test_the_counts_of_two_parts_add_up_to_those_of_the_whole() -> None:
    tickets = [EVENING, past("2026-03-02T10:00:00Z"), past("2026-03-03T23:50:00Z", priority="critical")]
    total = Tally()
    for part in (tickets[:1], tickets[1:]):
        total.add(played(policy(PROMISES), *part))
    assert total == played(policy(PROMISES), *tickets)
    assert total.nights[("eli", date(2026, 3, 2))] == 1


@pytest.mark.parametrize(
    ("times", "column"),
    [
        ({"acknowledged_at": "2026-03-01T10:00:00Z"}, "acknowledged_at"),
        ({"acknowledged_at": "2026-03-02T10:05:00Z", "resolved_at": "2026-03-02T10:01:00Z"}, "resolved_at"),
        ({"resolved_at": "2026-03-02T10:05:00Z", "closed_at": "2026-03-02T10:01:00Z"}, "closed_at"),
        ({"updated_at": ["2026-03-02T10:05:00Z", "2026-03-01T10:01:00Z"]}, "updated_at"),
    ],
)
def test_what_comes_before_its_cause_is_refused(times: dict[str, Any], column: str) -> None:
    with pytest.raises(ValidationError, match="comes before") as refusal:
        past("2026-03-02T10:00:00Z", **times)
    assert [fault["loc"] for fault in refusal.value.errors()] == [(column,)]


def test_an_empty_tally_counts_nothing() -> None:
    assert (Tally().messages, Tally().nights_woken, Tally().tickets) == (0, Counter(), 0)
