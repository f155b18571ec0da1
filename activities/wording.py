"""Words and times as people read them, per language; what is a sentence stands in the templates.

A language is the first part of a locale (`de-AT` reads German); whether there are templates in it is the renderer's business.
Times are on the reader's own wall clock and always name the zone, because a reader on the road cannot guess it. In a language
that is not ours, one with templates of the user's own, times are figures and words stay English.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from domain.directions import undirected
from domain.view_time import zone_name

Language: TypeAlias = str
ENGLISH: Language = "en"  # read by everybody whose language has no templates
LANGUAGES: tuple[Language, ...] = (ENGLISH, "de")  # those we bring

_DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
}
_GERMAN_ZONES = {"CET": "MEZ", "CEST": "MESZ"}

# What an English word of the contract or of the rules is called in German; what is missing stays as it is.
_GERMAN = {
    "low": "niedrig",
    "medium": "mittel",
    "high": "hoch",
    "critical": "kritisch",
    "open": "offen",
    "acknowledged": "angenommen",
    "paused": "angehalten",
    "resolved": "gelöst",
    "closed": "geschlossen",
    "cancelled": "zurückgezogen",
    "acknowledge": "Annahme",
    "resolution at this tier": "Lösung auf dieser Stufe",
    "tier_resolution": "Lösung auf dieser Stufe",
    "resolution": "Lösung",
    "customer update": "Nachricht an den Kunden",
    "root cause": "Ursache",
    "closure": "Abschluss",
}


def language_of(locale: str | None) -> Language:
    """`de`, `de-AT`, `de_CH` are German, `FR` is French; nothing is English."""
    return (locale or "").replace("_", "-").split("-")[0].lower() or ENGLISH


def word(language: Language, english: str) -> str:
    """A priority, a status or a target's label in the reader's language; a tier's name in front of it stays."""
    if language != "de":
        return english
    known = max((one for one in _GERMAN if english == one or english.endswith(f" {one}")), key=len, default=None)
    return english if known is None else english.removesuffix(known) + _GERMAN[known]


def long_time(at: datetime, timezone: str, language: Language) -> str:
    """`Tuesday 24 November 2026, 17:05 CET`; `Dienstag, 24. November 2026, 17:05 Uhr (MEZ)`; else `2026-11-24 17:05 CET`."""
    local = at.astimezone(ZoneInfo(timezone))
    if language not in LANGUAGES:
        return f"{local:%Y-%m-%d %H:%M} {_zone(local, language)}"
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    if language == "de":
        return f"{day}, {local.day}. {month} {local.year}, {local:%H:%M} Uhr ({_zone(local, language)})"
    return f"{day} {local.day} {month} {local.year}, {local:%H:%M} {_zone(local, language)}"


def short_time(at: datetime, timezone: str, language: Language) -> str:
    """For an SMS: `Tue 24 Nov 17:05 CET`; `Di 24.11. 17:05 MEZ`; else `2026-11-24 17:05 CET`."""
    if language not in LANGUAGES:
        return long_time(at, timezone, language)
    local = at.astimezone(ZoneInfo(timezone))
    if language == "de":
        return f"{_DAYS['de'][local.weekday()][:2]} {local.day}.{local.month}. {local:%H:%M} {_zone(local, language)}"
    day, month = _DAYS["en"][local.weekday()][:3], _MONTHS["en"][local.month - 1][:3]
    return f"{day} {local.day} {month} {local:%H:%M} {_zone(local, language)}"


def long_day(day: date, language: Language) -> str:
    """`Tuesday 24 November 2026`; `Dienstag, 24. November 2026`; else `2026-11-24`."""
    if language not in LANGUAGES:
        return day.isoformat()
    weekday, month = _DAYS[language][day.weekday()], _MONTHS[language][day.month - 1]
    if language == "de":
        return f"{weekday}, {day.day}. {month} {day.year}"
    return f"{weekday} {day.day} {month} {day.year}"


def short_day(day: date, language: Language) -> str:
    """For an SMS: `Tue 24 Nov`; `Di 24.11.`; else `2026-11-24`."""
    if language not in LANGUAGES:
        return day.isoformat()
    if language == "de":
        return f"{_DAYS['de'][day.weekday()][:2]} {day.day}.{day.month}."
    return f"{_DAYS['en'][day.weekday()][:3]} {day.day} {_MONTHS['en'][day.month - 1][:3]}"


def _zone(local: datetime, language: Language) -> str:
    """`CET`, in German `MEZ`; where a zone has no letters its distance: `UTC-03`, `UTC+05:45`."""
    name = zone_name(local)
    return _GERMAN_ZONES.get(name, name) if language == "de" else name


def one_line(text: str) -> str:
    """Every run of white space, line ends of any kind included, as one blank; no sign that changes the direction of writing."""
    return " ".join(undirected(text).split())


def shortened(text: str, longest: int) -> str:
    """At most `longest` characters, with `…` where something is missing."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
