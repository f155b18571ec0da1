"""Hand-offs over every clock change, against an oracle that knows only how to read a wall clock, minute by minute.

The whole convention in one sentence: the turn is how many hand-offs the wall clock has shown or jumped over so far. So a hand-off
at a time that does not exist is when the clock has jumped past it, one at a time that exists twice is the first, and no hand-off
is ever undone by a clock that goes back.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.calendars import WEEKDAYS
from domain.roster import Roster, on_duty
from domain.shifts import shifts

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MEMBERS = ("ann", "bob", "cat", "dan", "eve")
EVERY = {"1h": HOUR, "1d": DAY, "1w": 7 * DAY, "2w": 14 * DAY}
CHANGES = [  # zone, local day of the change, its hours (0: the clocks do not change), hand-offs in the middle of it
    ("Europe/Berlin", date(2026, 3, 29), +1, ("02:00", "02:30", "03:00")),
    ("Europe/Berlin", date(2026, 10, 25), -1, ("02:00", "02:30", "03:00")),
    ("America/Chicago", date(2026, 3, 8), +1, ("02:00", "02:30", "03:00")),
    ("America/Chicago", date(2026, 11, 1), -1, ("01:00", "01:30", "02:00")),
    ("Australia/Lord_Howe", date(2026, 10, 4), +0.5, ("02:00", "02:15", "02:30")),
    ("Australia/Lord_Howe", date(2026, 4, 5), -0.5, ("01:30", "01:45", "02:00")),
    ("America/Sao_Paulo", date(2018, 11, 4), +1, ("00:00", "00:30", "01:00")),
    ("America/Sao_Paulo", date(2018, 2, 17), -1, ("23:00", "23:30", "00:00")),
    ("Asia/Kathmandu", date(2026, 3, 29), 0, ("00:00", "02:30")),
    ("Africa/Cairo", date(2026, 4, 24), +1, ("00:00", "00:30", "01:00")),
    ("Africa/Cairo", date(2026, 10, 29), -1, ("23:00", "23:30", "00:00")),
    ("Asia/Beirut", date(2026, 3, 29), +1, ("00:00", "00:30", "01:00")),
    ("Asia/Beirut", date(2026, 10, 24), -1, ("23:00", "23:30", "00:00")),
    ("Pacific/Auckland", date(2026, 9, 27), +1, ("02:00", "02:30", "03:00")),
    ("Pacific/Auckland", date(2026, 4, 5), -1, ("02:00", "02:30", "03:00")),
]
CASES = [(*change, handoff) for *change, inside in CHANGES for handoff in (*inside, "09:00")]


@cache
def wall_clock(zone: str, first: date, days: int) -> tuple[datetime, list[datetime]]:
    """The instant of the first minute of a UTC day before `first`, and what the wall shows at each minute from there."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY
    info = ZoneInfo(zone)
    return begin, [(begin + n * MINUTE).astimezone(info).replace(tzinfo=None) for n in range(days * 1440)]


def walk(walls: list[datetime], start: datetime, every: timedelta) -> list[int | None]:
    """The turn at each minute; None before the start."""
    turns: list[int | None] = []
    latest = walls[0]
    for wall in walls:
        latest = max(latest, wall)
        turns.append((latest - start) // every if latest >= start else None)
    return turns


def team(zone: str, start: date, handoff: str, every: str) -> Roster:
    people = [{"id": name, "name": name} for name in MEMBERS]
    weekday = f"{WEEKDAYS[start.weekday()]} " if every.endswith("w") else ""
    turns = {"timezone": zone, "handoff": weekday + handoff, "every": every, "start": start, "members": MEMBERS}
    return Roster.model_validate({"people": people, "teams": [{"id": "t", "rotations": [turns]}]})


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize(("zone", "day", "hours", "handoff"), CASES)
def test_hand_offs_over_a_clock_change_are_those_of_a_walk_over_every_minute(
    zone: str, day: date, hours: float, handoff: str, every: str
) -> None:
    start = day - 14 * DAY  # so that weekly and fortnightly turns change hands on the day of the change
    begin, walls = wall_clock(zone, start, 33)
    expected = walk(walls, datetime.combine(start, time.fromisoformat(handoff)), EVERY[every])
    roster = team(zone, start, handoff, every)
    edges = [n for n, (before, after) in enumerate(pairwise(expected), 1) if before != after]
    found = shifts(roster, "t", begin, begin + len(walls) * MINUTE)
    assert [shift.from_ for shift in found] == [begin, *(begin + n * MINUTE for n in edges)]
    turns = [expected[0], *(expected[n] for n in edges)]
    assert [shift.on_call for shift in found] == [
        None if turn is None else MEMBERS[turn % len(MEMBERS)] for turn in turns
    ]
    around = (datetime.combine(day, time(), UTC) - begin) // MINUTE
    for minute in range(around - 14 * 60, around + 40 * 60, 7):  # the day itself, whatever the zone
        turn = expected[minute]
        assert turn is not None
        assert on_duty(roster, "t", begin + minute * MINUTE)[0] == MEMBERS[turn % len(MEMBERS)]


@pytest.mark.parametrize(("zone", "day", "hours"), [change[:3] for change in CHANGES])
def test_the_clocks_of_these_cases_do_change_as_the_cases_say(zone: str, day: date, hours: float) -> None:
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    before, after = (noon + days * DAY for days in (-1, 1))
    assert after.utcoffset() != before.utcoffset() or hours == 0
    assert (after.utcoffset() or DAY) - (before.utcoffset() or DAY) == hours * HOUR


# the worked cases of the architecture page


def handed_over(zone: str, handoff: str, start: date, near: str) -> datetime:
    """The instant of the first hand-off after `near` of a daily rotation."""
    at = datetime.fromisoformat(near)
    return shifts(team(zone, start, handoff, "1d"), "t", at, at + DAY)[1].from_


def test_the_daily_hand_off_at_02_30_in_chicago_is_at_03_00_on_2020_03_08() -> None:
    at = handed_over("America/Chicago", "02:30", date(2020, 3, 1), "2020-03-07T12:00-06:00")
    assert at.astimezone(ZoneInfo("America/Chicago")).isoformat() == "2020-03-08T03:00:00-05:00"


def test_the_daily_hand_off_at_02_15_on_lord_howe_is_at_02_30_on_2020_10_04() -> None:
    at = handed_over("Australia/Lord_Howe", "02:15", date(2020, 9, 28), "2020-10-03T12:00+10:30")
    assert at.astimezone(ZoneInfo("Australia/Lord_Howe")).isoformat() == "2020-10-04T02:30:00+11:00"
