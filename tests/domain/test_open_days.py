"""Extra open days: on such a date exactly its own windows count, and the date with its year rules over the yearly one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from domain.calendars import WEEKDAYS, Calendar, WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
NIGHTS = {day: ["22:00-06:00"] for day in WEEKDAYS}


def calendar(hours: object = OFFICE, **rest: object) -> Calendar:
    return Calendar.model_validate({"timezone": "Europe/Berlin", "hours": hours, **rest})


def open_on(day: str, given: Calendar) -> list[str]:
    """The open stretches of one local day as clocks on the wall."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    found = WorkingTime(given).stretches(midnight, midnight + timedelta(days=1))
    return ["-".join(f"{edge.astimezone(BERLIN):%H:%M}" for edge in stretch) for stretch in found]


def test_a_saturday_may_be_open_for_once() -> None:
    given = calendar(open={"2026-10-03": ["10:00-14:00"]})
    assert open_on("2026-10-03", given) == ["10:00-14:00"]
    assert open_on("2026-10-10", given) == []
    assert open_on("2027-10-03", given) == []


def test_an_open_day_has_its_own_windows_and_not_those_of_the_week() -> None:
    assert open_on("2026-12-23", calendar(open={"12-23": ["09:00-12:00", "13:00-14:00"]})) == [
        "09:00-12:00",
        "13:00-14:00",
    ]


def test_a_yearly_open_day_is_open_every_year() -> None:
    given = calendar(open={"12-24": ["09:00-12:00"]})
    assert [open_on(f"{year}-12-24", given) for year in (2023, 2026, 2032)] == [["09:00-12:00"]] * 3


def test_a_calendar_may_be_open_on_yearly_days_alone() -> None:
    working = WorkingTime(calendar({}, open={"12-29": ["10:00-11:00"], "02-29": ["10:00-11:00"]}))
    start = datetime(2026, 12, 29, 9, 30, tzinfo=UTC)  # 10:30 in Berlin
    assert working.add(start, 3_600) == datetime(2027, 12, 29, 9, 30, tzinfo=UTC)
    assert working.opening(start + timedelta(hours=1)) == datetime(2027, 12, 29, 9, tzinfo=UTC)
    assert working.between(start, start + timedelta(days=800)) == 1_800 + 3 * 3_600  # 2027, 02-29 and 12-29 of 2028


def test_an_open_day_is_open_though_a_holiday_falls_on_it() -> None:
    holidays = [date(2026, 10, 3), date(2026, 12, 25)]
    given = calendar(closed_dates=holidays, open={"10-03": ["10:00-14:00"], "2026-12-25": ["10:00-11:00"]})
    assert open_on("2026-10-03", given) == ["10:00-14:00"]
    assert open_on("2026-12-25", given) == ["10:00-11:00"]


@pytest.mark.parametrize(
    ("opens", "closed", "expected"),
    [
        ({"2026-12-24": ["10:00-11:00"], "12-24": ["09:00-12:00"]}, [], "10:00-11:00"),
        ({"2026-12-24": ["10:00-11:00"]}, ["12-24"], "10:00-11:00"),
        ({"12-24": ["10:00-11:00"]}, ["2025-12-24"], "10:00-11:00"),
        ({"12-24": ["10:00-11:00"]}, ["2026-12-24"], None),
    ],
)
def test_a_date_with_its_year_rules_over_a_yearly_one(
    opens: dict[str, list[str]], closed: list[str], expected: str | None
) -> None:
    assert open_on("2026-12-24", calendar(open=opens, closed=closed)) == ([expected] if expected else [])


def test_what_comes_over_midnight_does_not_count_on_an_open_day() -> None:
    given = calendar(NIGHTS, open={"2026-03-04": ["09:00-12:00"]})
    assert open_on("2026-03-03", given) == ["00:00-06:00", "22:00-00:00"]
    assert open_on("2026-03-04", given) == ["09:00-12:00"]


def test_the_night_that_would_begin_on_an_open_day_does_not_happen() -> None:
    given = calendar(NIGHTS, open={"2026-03-04": ["09:00-12:00"]})
    assert open_on("2026-03-05", given) == ["22:00-00:00"]


def test_the_night_of_an_open_day_reaches_into_the_next_one() -> None:
    given = calendar(open={"2026-03-04": ["20:00-02:00"]})
    assert open_on("2026-03-04", given) == ["20:00-00:00"]
    assert open_on("2026-03-05", given) == ["00:00-02:00", "09:00-17:00"]


@pytest.mark.parametrize(
    ("next_day", "expected"),
    [
        ({"closed": ["2027-01-01"]}, []),
        ({"closed_dates": [date(2027, 1, 1)]}, []),
        ({"open": {"12-31": ["20:00-02:00"], "2027-01-01": ["01:00-03:00"]}}, ["01:00-03:00"]),
        ({}, ["00:00-02:00", "09:00-17:00"]),
    ],
)
def test_it_does_not_reach_into_a_closed_day_nor_into_another_open_one(
    next_day: dict[str, object], expected: list[str]
) -> None:
    assert open_on("2027-01-01", calendar(**({"open": {"12-31": ["20:00-02:00"]}} | next_day))) == expected


def test_an_open_night_over_a_clock_change_has_the_seconds_it_has() -> None:
    given = calendar(open={"2026-03-28": ["22:00-24:00"], "2026-03-29": ["00:00-04:00"]})
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    work = WorkingTime(given)
    assert work.between(start, start + timedelta(days=1)) == (2 + 3) * 3600
    assert work.add(start, 5 * 3600) == datetime(2026, 3, 29, 4, tzinfo=BERLIN)


def test_deadlines_count_the_extra_hours() -> None:
    given = calendar(open={"2026-03-07": ["10:00-14:00"]})
    friday = datetime(2026, 3, 6, 16, 0, 1, tzinfo=BERLIN)
    assert WorkingTime(given).add(friday, 3 * 3600) == datetime(2026, 3, 7, 12, 0, 1, tzinfo=BERLIN)
    assert WorkingTime(given).opening(friday + timedelta(hours=2)) == datetime(2026, 3, 7, 10, tzinfo=BERLIN)


def test_calendars_that_differ_in_open_days_only_do_not_share_their_hours() -> None:
    given = [calendar(open={"2026-03-07": [window]}) for window in ("10:00-14:00", "11:00-14:00")]
    assert [open_on("2026-03-07", one) for one in given] == [["10:00-14:00"], ["11:00-14:00"]]
    assert given[0] != given[1]
    assert len({*given, calendar()}) == 3


def test_open_days_survive_json_and_dates_that_yaml_has_read_are_keys_too() -> None:
    given = calendar(open={date(2026, 10, 3): ["10:00-14:00"], "12-24": ["09:00-12:00"]})
    again = Calendar.model_validate_json(given.model_dump_json())
    assert again == given
    assert hash(again) == hash(given)
    assert again.open == {"2026-10-03": ("10:00-14:00",), "12-24": ("09:00-12:00",)}


def test_a_calendar_without_open_days_is_stored_as_before_there_were_any() -> None:
    stored = calendar().model_dump(mode="json")
    assert "open" not in stored, "a worker of an earlier version would refuse the key"
    assert Calendar.model_validate(stored) == calendar()


EVERY_DAY = [f"{day:%m-%d}" for day in (date(2024, 1, 1) + timedelta(n) for n in range(366))]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"open": {"24.12.": ["09:00-12:00"]}}, "MM-DD for every year"),
        ({"open": {"2026-02-29": ["09:00-12:00"]}}, "is no date"),
        ({"open": {"12-24": []}}, "put the date into `closed`"),
        ({"open": {"12-24": ["12:00-12:00"]}}, "ends when it starts"),
        ({"open": {"12-24": ["09:00-12:00", "11:59-13:00"]}}, "overlap"),
        ({"open": {"12-24": ["09:00-12:00"]}, "closed": ["12-24"]}, "12-24 stands in `closed` too"),
        (
            {"open": {"2026-12-24": ["09:00-12:00"]}, "closed": [date(2026, 12, 24)]},
            "2026-12-24 stands in `closed` too",
        ),
        ({"hours": "always", "open": {"12-24": ["09:00-12:00"]}}, "leave `open` out"),
        ({"closed": EVERY_DAY, "open": {"2026-12-24": ["09:00-12:00"]}}, "every day of the year is closed"),
        ({"closed": [day for day in EVERY_DAY if day != "02-29"]}, "every day of the year is closed"),
    ],
)
def test_a_bad_open_day_is_refused_and_told_what_to_write(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        calendar(**{"hours": OFFICE, **change})


def test_one_yearly_open_day_is_enough_for_a_calendar() -> None:
    given = calendar(closed=[day for day in EVERY_DAY if day != "02-29"], open={"02-29": ["09:00-12:00"]})
    found = WorkingTime(given).opening(datetime(2026, 1, 1, tzinfo=UTC))
    assert found == datetime(2028, 2, 29, 9, tzinfo=BERLIN)


def test_stretches_are_cut_off_at_both_ends_and_joined_over_the_new_year() -> None:
    given = calendar(dict.fromkeys(WEEKDAYS, ("22:00-24:00", "00:00-02:00")))
    start, end = datetime(2026, 12, 31, 22, 30, tzinfo=BERLIN), datetime(2027, 1, 1, 23, 0, 1, tzinfo=BERLIN)
    new_year = datetime(2027, 1, 1, tzinfo=BERLIN)
    assert WorkingTime(given).stretches(start, end) == [
        (start, new_year + timedelta(hours=2)),
        (new_year + timedelta(hours=22), end),
    ]
    assert WorkingTime(given).stretches(end, start) == []
    assert WorkingTime(Calendar(timezone="UTC", hours="always")).stretches(start, end) == [(start, end)]
