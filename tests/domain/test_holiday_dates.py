"""Public holidays become closed dates when a case opens: of this year and the two after it, in the calendar's own zone."""

from datetime import UTC, date, datetime

from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_file import check_policy
from tests.domain.small import SMALL, changed


def test_holidays_become_dates_of_this_year_and_two_years_ahead() -> None:
    policy = check_policy(changed("calendars.office.holidays", {"country": "DE", "subdivision": "BE"}))
    dates = with_holidays(policy, datetime(2026, 3, 6, tzinfo=UTC)).calendars["office"].closed_dates
    assert {day.year for day in dates} == {2026, 2027, 2028}
    assert date(2026, 3, 8) in dates  # International Women's Day is a holiday in Berlin only
    assert date(2028, 12, 25) in dates
    assert list(dates) == sorted(set(dates))
    assert policy.calendars["office"].closed_dates == ()


def test_holidays_count_the_year_in_the_calendars_own_zone() -> None:
    policy = check_policy(changed("calendars.office.holidays", {"country": "DE"}))
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # already 2027 in Berlin
    dates = with_holidays(policy, eve).calendars["office"].closed_dates
    assert {day.year for day in dates} == {2027, 2028, 2029}


def test_a_policy_without_holidays_is_left_as_it_is() -> None:
    policy: Policy = check_policy(SMALL)
    assert with_holidays(policy, datetime(2026, 3, 6, tzinfo=UTC)) == policy
