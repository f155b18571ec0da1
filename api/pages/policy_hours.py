"""Lengths of time and opening hours as people say them: `2 working days`, `Mon–Fri 09:00–17:30`, the holidays of Berlin."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import holidays

from activities.wording import Language
from api.pages.words import said
from domain.calendars import WEEKDAYS, Calendar, HolidayRegion
from domain.durations import SECONDS_PER_DAY, Duration

_GERMAN_COUNTRIES = {"DE": "Deutschland", "AT": "Österreich", "CH": "Schweiz"}
_SHOWN = 5  # closed days to come
_A_YEAR = 366  # days; so far ahead they are looked for
_LEAP_YEAR = 2024  # a yearly day may be 29 February


def length(duration: Duration, calendar: Calendar, language: Language) -> str:
    """`15 min`, `1 h 30 min`; days are working days in a calendar that closes."""
    kind = "day" if calendar.hours == "always" else "workday"
    days = said(language, f"policy_{kind}{'' if duration.days == 1 else 's'}", n=duration.days) if duration.days else ""
    rest = span(duration.seconds, language) if duration.seconds or not days else ""
    return f"{days} {rest}".strip()


def span(seconds: int, language: Language) -> str:
    """`7 min 30 s`, `12 h`, `0 s`: seconds counted, hours never made days, for a day may be a working day."""
    minutes, rest = divmod(seconds, 60)
    units = [("hours", minutes // 60), ("minutes", minutes % 60), ("policy_seconds", rest)]
    return " ".join(said(language, unit, n=n) for unit, n in units if n) or said(language, "policy_seconds", n=0)


def worked(seconds: int, calendar: Calendar, language: Language) -> str:
    """Seconds of the calendar's own time: whole days of its length, and the rest."""
    days, rest = divmod(seconds, calendar.day_seconds or SECONDS_PER_DAY)
    return length(Duration(days, rest), calendar, language)


def roughly(seconds: int, calendar: Calendar, language: Language) -> str:
    """As `worked`, in no more units than anybody plans by: hours beside days, five minutes beside hours, minutes beside none."""
    day = calendar.day_seconds or SECONDS_PER_DAY
    days, rest = divmod(seconds, day)
    step = 3600 if days else 300 if rest >= 3600 else 60 if rest >= 600 else 1
    near = min((rest + step // 2) // step * step, day)
    return worked(days * day + near, calendar, language)


def apart(begins: datetime, ends: datetime, language: Language) -> str:
    """`2 d 3 h`, `15 min`, `10 s`: how long on the clock, in its two largest units."""
    days, seconds = divmod(int((ends - begins).total_seconds()), 86_400)
    hours, minutes = divmod(seconds // 60, 60)
    units = [("days", days), ("hours", hours), ("minutes", minutes), ("policy_seconds", seconds % 60)]
    first = next((place for place, (_, n) in enumerate(units) if n), 3)
    return " ".join(said(language, unit, n=n) for unit, n in units[first : first + 2] if n) or said(
        language, "policy_seconds", n=0
    )


def joined(parts: Sequence[str], language: Language, last: str = "and") -> str:
    """`a, b and c`; `last` names the word before the last one."""
    *before, end = parts
    return f"{', '.join(before)}{said(language, last)}{end}" if before else end


def opening(calendar: Calendar, language: Language) -> str:
    """`Mon–Fri 09:00–12:30 and 13:15–17:30 (the clock of Europe/Berlin), closed on public holidays of Berlin`."""
    if calendar.hours == "always":
        return said(language, "policy_always")
    zone = said(language, "policy_zone", zone=calendar.timezone)
    return ", ".join([f"{'; '.join(_week(calendar, language))} ({zone})", *_exceptions(calendar, language)])


def closed_ahead(calendar: Calendar, now: datetime, language: Language) -> str | None:
    """The next days on which it is closed though the week would have it open; None where there are none in a year."""
    if calendar.hours == "always":
        return None
    today = now.astimezone(ZoneInfo(calendar.timezone)).date()
    ahead = (today + timedelta(days=n) for n in range(_A_YEAR))
    found = [_day(day, language, weekday=True) for day in ahead if _is_shut(calendar, day)]
    return said(language, "policy_next_closed", days=", ".join(found[:_SHOWN])) if found else None


def _is_shut(calendar: Calendar, day: date) -> bool:
    hours, written = calendar.hours, day.isoformat()
    if hours == "always" or written in calendar.open or not hours.get(WEEKDAYS[day.weekday()]):
        return False
    yearly = written[5:] in calendar.closed and written[5:] not in calendar.open
    return day in calendar.closed_dates or written in calendar.closed or yearly


def _week(calendar: Calendar, language: Language) -> Iterator[str]:
    """Weekdays that follow each other with the same hours are one."""
    hours = {} if calendar.hours == "always" else calendar.hours
    names = said(language, "policy_weekdays").split()
    place = 0
    for windows, days in groupby(tuple(hours.get(day, ())) for day in WEEKDAYS):
        count = len(list(days))
        first, last, place = names[place], names[place + count - 1], place + count
        if windows:
            every = said(language, "policy_every_day") if count == len(WEEKDAYS) else ""
            yield f"{every or (first if count == 1 else f'{first}–{last}')} {_windows(windows, language)}"


def _windows(windows: Sequence[str], language: Language) -> str:
    whole = said(language, "policy_all_day")
    return joined([whole if one == "00:00-24:00" else one.replace("-", "–") for one in windows], language)


def _exceptions(calendar: Calendar, language: Language) -> Iterator[str]:
    if calendar.holidays:
        yield said(language, "policy_closed_holidays", region=_region(calendar.holidays, language))
    if calendar.closed:
        days = joined([_written(day, language) for day in calendar.closed], language)
        yield said(language, "policy_closed_days", days=days)
    for day, windows in calendar.open.items():
        yield said(language, "policy_open_day", day=_written(day, language), windows=_windows(windows, language))


def _region(region: HolidayRegion, language: Language) -> str:
    """`Berlin`; the country where no part of it is named."""
    known = holidays.country_holidays(region.country, subdiv=region.subdivision)
    if region.subdivision:
        named = [name for name, code in known.subdivisions_aliases.items() if code == region.subdivision]
        return f"{named[0] if named else region.subdivision} ({region.country})"
    german = _GERMAN_COUNTRIES.get(region.country) if language == "de" else None
    return german or _spaced(type(known).__mro__[1].__name__)


def _spaced(name: str) -> str:
    """`UnitedKingdom` as people write it: the package has the names of its classes only."""
    return "".join(f" {sign}" if sign.isupper() and place else sign for place, sign in enumerate(name))


def _written(day: str, language: Language) -> str:
    """`12-24` and `2026-05-15` as people write them."""
    if len(day) > len("12-24"):
        return _day(date.fromisoformat(day), language, year=True)
    return said(language, "policy_each_year", day=_day(date.fromisoformat(f"{_LEAP_YEAR}-{day}"), language))


def _day(day: date, language: Language, *, year: bool = False, weekday: bool = False) -> str:
    """`24 Dec`, `24.12.`, with its weekday before it or its year behind."""
    name = f"{said(language, 'policy_weekdays').split()[day.weekday()]} " if weekday else ""
    if language == "de":
        return f"{name}{day.day}.{day.month}.{day.year if year else ''}"
    return f"{name}{day.day} {day:%b}{f' {day.year}' if year else ''}"
