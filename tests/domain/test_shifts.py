"""Shifts over a stretch of time say what `on_duty` says at every instant of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.roster import on_duty
from domain.roster_file import load_roster
from domain.shifts import shifts

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
