"""Public holidays as plain dates, fixed when an escalation opens and kept with it.

The `holidays` package is a moving table: a newer release may know another date. So its answer is written into the
policy that travels with the case, and no deadline of a running case changes by an upgrade.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from domain.calendars import Calendar
from domain.fault_texts import nearest
from domain.policy import Policy

YEARS_AHEAD = 2  # an escalation that lives longer has other troubles than a holiday


def with_holidays(policy: Policy, at: datetime) -> Policy:
    """The policy with every calendar's holidays added to `closed_dates`: the year of `at` and two years ahead."""
    expanded = {name: _expanded(calendar, at) for name, calendar in policy.calendars.items()}
    return policy.model_copy(update={"calendars": expanded})


def region_problem(country: str, subdivision: str | None) -> tuple[str, str] | None:
    """The faulty key and what to write instead, or None when the region is known."""
    known = _countries()
    if country not in known:
        return "country", f"no holidays are known for '{country}'; write an ISO 3166 code such as DE, AT, FR, GB or US"
    if subdivision is not None and subdivision not in known[country]:
        what = nearest(subdivision, known[country]) or "; leave `subdivision` out"
        return "subdivision", f"'{country}' has no subdivision '{subdivision}'{what}"
    return None


def _expanded(calendar: Calendar, at: datetime) -> Calendar:
    region = calendar.holidays
    if region is None:
        return calendar
    year = at.astimezone(ZoneInfo(calendar.timezone)).year
    dates = _dates(region.country, region.subdivision, year)
    return calendar.model_copy(update={"closed_dates": tuple(sorted({*calendar.closed_dates, *dates}))})


@lru_cache(maxsize=256)
def _dates(country: str, subdivision: str | None, year: int) -> tuple[date, ...]:
    years = range(year, year + YEARS_AHEAD + 1)
    return tuple(sorted(holidays.country_holidays(country, subdiv=subdivision, years=years)))


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)
