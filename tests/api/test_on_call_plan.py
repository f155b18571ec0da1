"""The plan of a team: what a look ahead finds, changes that lie over each other, days with a clock change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.pages.on_call_band import days
from api.pages.on_call_plan import now_on_duty, on_duty, plan
from domain.roster_file import load_roster
from domain.shifts import shifts
from tests.api.test_on_call_page import NOW, ROSTER


@pytest.mark.parametrize(
    "change", [lambda now: now, lambda now: now + timedelta(days=3), lambda now: now + timedelta(days=200)]
)
def test_a_short_look_ahead_finds_what_a_long_one_does(change: Callable[[datetime], datetime]) -> None:
    found, now = load_roster(ROSTER), change(NOW)
    for team in found.teams:
        short = now_on_duty(found, team, now)
        long = on_duty(shifts(found, team.id, now, now + timedelta(days=92)))
        assert list(short[:2]) == long[:2]
        assert [one for one in short if one.person][:1] == [one for one in long if one.person][:1]


def test_changes_that_lie_over_each_other_get_rows_of_their_own() -> None:
    span = "from: 2026-03-11T00:00:00Z, to: 2026-03-20T00:00:00Z"
    later = "from: 2026-03-12T00:00:00Z, to: 2026-03-13T00:00:00Z"
    more = f"absences:\n  - {{person: sam, {span}}}\n  - {{person: mika, {later}}}\n"
    text = ROSTER.replace("absences:\n", more)
    found = load_roster(text)
    made = plan(found, found.teams[0], NOW, NOW + timedelta(weeks=1))
    rows = [[piece.person for piece in row.pieces] for row in made.bands if row.kind == "absences"]
    assert sorted(map(len, rows)) == [1, 1]
    assert {person for row in rows for person in row} == {"dana", "sam"}, "what begins later is not shown"


def test_a_shift_stays_one_when_only_who_is_next_changes() -> None:
    away = "absences:\n  - {person: sam, from: 2026-03-07T00:00:00Z, to: 2026-03-08T00:00:00Z}\n"
    before, after = (
        plan(found, found.teams[0], NOW, NOW + timedelta(weeks=1))
        for found in (load_roster(ROSTER), load_roster(ROSTER.replace("absences:\n", away)))
    )
    assert len(after.shifts) > len(before.shifts)
    assert after.bands[0] == before.bands[0]
    assert after.bands[1] != before.bands[1]


def test_a_day_with_a_clock_change_is_a_shorter_or_longer_column_and_none_is_missing() -> None:
    zone = ZoneInfo("Europe/Berlin")
    begins = datetime(2026, 3, 27, 23, tzinfo=UTC)
    found = list(days(begins, begins + timedelta(hours=7 * 24 - 1), zone))
    assert [f"{day:%a}" for day, _, _ in found] == ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"]
    assert [(ends - opens).total_seconds() / 3600 for _, opens, ends in found] == [24, 23, 24, 24, 24, 24, 24]
    assert [opens for _, opens, _ in found[1:]] == [ends for _, _, ends in found[:-1]]
