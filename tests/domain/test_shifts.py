"""Shifts over a stretch of time say what `on_duty` says at every instant of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.roster import Roster, on_duty
from domain.roster_file import load_roster
from domain.shifts import duties, shifts

ROSTER = load_roster(
    """
people:
  - {id: ann, name: Ann}
  - {id: bob, name: Bob}
  - {id: cem, name: Cem}
teams:
  - id: day
    rotations:
      - {timezone: Europe/Berlin, handoff: "09:00", every: 1d, start: 2026-01-01, members: [ann, bob],
         hours: ["09:00-12:30", "22:00-02:30"]}
  - id: week
    rotations:
      - {timezone: Europe/Berlin, handoff: "mon 02:30", every: 1w, start: 2026-01-05, members: [ann, bob, cem]}
      - {timezone: Australia/Lord_Howe, handoff: "02:15", every: 12h, start: 2026-01-05T07:07:07Z, members: [bob, cem]}
  - {id: none}
  - {id: plain, members: [cem, ann]}
overrides:
  - {team: week, from: 2026-03-28T10:00:01Z, to: 2026-03-29T00:59:59Z, person: cem}
absences:
  - {person: ann, from: 2026-03-30T06:00:00Z, to: 2026-03-31T06:00:00Z}
""",
    "roster.yaml",
)


@pytest.mark.parametrize("team", ["day", "week", "none", "plain", "unknown"])
@pytest.mark.parametrize("first_day", [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, 5, 5, 5, tzinfo=UTC)])
def test_shifts_agree_with_who_is_on_duty_also_when_the_clocks_change(team: str, first_day: datetime) -> None:
    last_day = first_day + timedelta(days=6)
    found = shifts(ROSTER, team, first_day, last_day)
    assert (found[0].from_, found[-1].to) == (first_day, last_day)
    assert all(one.to == other.from_ for one, other in pairwise(found))
    assert all(one[2:] != other[2:] for one, other in pairwise(found))
    for shift in found:
        at = shift.from_
        while at < shift.to:
            assert (shift.on_call, shift.on_call_next) == tuple([*on_duty(ROSTER, team, at), None, None][:2]), at
            at += timedelta(minutes=13)


def test_hours_leave_gaps_with_nobody() -> None:
    found = shifts(ROSTER, "day", datetime(2026, 6, 1, 6, tzinfo=UTC), datetime(2026, 6, 1, 21, tzinfo=UTC))
    assert [(f"{one.from_:%H:%M}", f"{one.to:%H:%M}", one.on_call) for one in found] == [
        ("06:00", "07:00", None),
        ("07:00", "10:30", "bob"),
        ("10:30", "20:00", None),
        ("20:00", "21:00", "bob"),
    ]


def test_no_time_has_no_shifts() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    assert shifts(ROSTER, "day", at, at) == []


# Many entries


MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
LAST = MONDAY + timedelta(days=3)
PEOPLE = ("ann", "bob", "cem", "dee")
SPANS = st.tuples(st.integers(-30, 90), st.integers(1, 60)).map(
    lambda hours: {
        "from": MONDAY + timedelta(hours=hours[0]),
        "to": MONDAY + timedelta(hours=sum(hours)),
    }
)


def entry(span: dict[str, Any], person: str, other: str | None, team: str | None, *, away: bool) -> dict[str, Any]:
    other = None if other == person else other
    if away:
        return {**span, "person": person, "delegate": other}
    return {**span, "person": person, "instead_of": other, "team": team}


def entries(away: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    people, teams = st.sampled_from(PEOPLE), st.sampled_from((None, "turns", "plain"))
    return st.lists(st.builds(entry, SPANS, people, st.none() | people, teams, away=st.just(away)), max_size=8)


@settings(max_examples=150, deadline=None)
@given(entries(away=False), entries(away=True), st.sampled_from(("turns", "plain")))
def test_every_entry_that_counts_is_asked_whatever_else_the_roster_holds(
    overrides: list[dict[str, Any]], absences: list[dict[str, Any]], team: str
) -> None:
    rotation = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "start": "2026-01-05", "members": PEOPLE[:3]}
    teams = [
        {"id": "turns", "rotations": [rotation]},
        {"id": "plain", "members": PEOPLE},
    ]
    people = [{"id": person, "name": person} for person in PEOPLE]
    whole = Roster.model_validate({"people": people, "teams": teams, "overrides": overrides, "absences": absences})
    found = shifts(whole, team, MONDAY, LAST)
    everybody = list(duties(whole, team, MONDAY, LAST))
    for hour in range(3 * 24):  # nothing in such a roster changes but at full hours
        at = MONDAY + timedelta(hours=hour)
        [then] = [one for one in found if one.from_ <= at < one.to]
        [duty] = [one[2] for one in everybody if one[0] <= at < one[1]]
        assert duty == on_duty(whole, team, at), at
        assert then[2:] == tuple([*duty, None, None][:2]), at


def test_a_quarter_of_a_roster_of_twenty_thousand_entries_is_looked_at_in_seconds(record_property: Any) -> None:
    """Three shifts a day of many teams, and the holidays of everybody: what feeds bring in a year."""
    spans = [(MONDAY + timedelta(minutes=26 * n), MONDAY + timedelta(minutes=26 * n, hours=8)) for n in range(10_000)]
    overrides = [
        {"from": begins, "to": ends, "team": ("week", "day")[n % 2], "person": ("ann", "bob", "cem")[n % 3]}
        for n, (begins, ends) in enumerate(spans)
    ]
    absences = [{"from": begins, "to": ends, "person": "cem"} for begins, ends in spans]
    document = {**ROSTER.model_dump(by_alias=True), "overrides": overrides, "absences": absences}
    whole = Roster.model_validate(document)
    began = process_time()
    found = shifts(whole, "week", MONDAY, MONDAY + timedelta(days=92))
    took = process_time() - began
    record_property("measured", f"shifts of 92 days, 20,000 entries: {len(found)} shifts in {took * 1000:.0f} ms")
    assert took < 5
