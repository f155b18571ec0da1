"""How every number is computed, in one line of English and one of German."""

from collections.abc import Mapping
from typing import Final

from domain.kpis import Language

NEAREST_RANK: Final[Mapping[Language, str]] = {
    "en": "nearest rank: sorted values, the one at ⌈n × p / 100⌉",
    "de": "nächster Rang: von den sortierten Werten der an Stelle ⌈n × p / 100⌉",
}
_MEDIAN: Final = ("median", "Median")
_P90: Final = ("90th percentile", "90. Perzentil")
_OF_TARGET: Final = ("100 × met in time / (met in time + missed)", "100 × rechtzeitig / (rechtzeitig + verfehlt)")


def _rank(which: tuple[str, str], en: str, de: str) -> tuple[str, str]:
    return f"{which[0]} of {en}; {NEAREST_RANK['en']}", f"{which[1]} von {de}; {NEAREST_RANK['de']}"


_ACKNOWLEDGE: Final = ("first acknowledgement − opening", "erste Annahme − Eröffnung")
_ACKNOWLEDGE_WORKING: Final = (
    "working seconds to the first acknowledgement",
    "Arbeitssekunden bis zur ersten Annahme",
)
_RESOLVE: Final = ("resolution that stands − opening", "gültige Lösung − Eröffnung")
_RESOLVE_WORKING: Final = ("working seconds of the resolution target", "Arbeitssekunden des Lösungsziels")

_BOTH: Final[Mapping[str, tuple[str, str]]] = {
    "volume": ("count of episodes opened in the period", "Anzahl der im Zeitraum eröffneten Episoden"),
    "acknowledge_median": _rank(_MEDIAN, *_ACKNOWLEDGE),
    "acknowledge_p90": _rank(_P90, *_ACKNOWLEDGE),
    "acknowledge_working_median": _rank(_MEDIAN, *_ACKNOWLEDGE_WORKING),
    "acknowledge_working_p90": _rank(_P90, *_ACKNOWLEDGE_WORKING),
    "resolve_median": _rank(_MEDIAN, *_RESOLVE),
    "resolve_p90": _rank(_P90, *_RESOLVE),
    "resolve_working_median": _rank(_MEDIAN, *_RESOLVE_WORKING),
    "resolve_working_p90": _rank(_P90, *_RESOLVE_WORKING),
    "compliance": (f"{_OF_TARGET[0]}, all targets", f"{_OF_TARGET[1]}, alle Ziele"),
    "compliance_acknowledge": _OF_TARGET,
    "compliance_tier_resolution": _OF_TARGET,
    "compliance_resolution": _OF_TARGET,
    "compliance_closure": _OF_TARGET,
    "compliance_root_cause": _OF_TARGET,
    "promise_keeping": ("100 × kept / (kept + missed)", "100 × gehalten / (gehalten + verpasst)"),
    "breaches": ("count of targets missed", "Anzahl der verfehlten Ziele"),
    "climbs": ("climbs / cases", "Aufstiege / Fälle"),
    "reopen_rate": (
        "100 × of these, ever reopened / cases ever resolved; episodes that reopen one are not counted again",
        "100 × davon je wiedereröffnet / je gelöste Fälle; Episoden, die einen Fall wiedereröffnen, zählen nicht neu",
    ),
    "recurrence": ("100 × recurrences / cases with a cause", "100 × Wiederkehrende / Fälle mit Ursache"),
    "csat": ("100 × scores of 4 or 5 / scores", "100 × Noten 4 oder 5 / alle Noten"),
    "load_per_responder": ("cases with an owner / distinct owners", "angenommene Fälle / verschiedene Zuständige"),
    "messages_per_case": ("messages that went out / cases", "verschickte Nachrichten / Fälle"),
    "messages_failed": (
        "count of messages that finally failed",
        "Anzahl der endgültig fehlgeschlagenen Nachrichten",
    ),
    "nobody_on_duty": ("count of steps that found nobody", "Anzahl der Schritte, die niemanden antrafen"),
    "escalation_rate": (
        "100 × escalations / tickets seen, of the systems that say how many there were",
        "100 × Eskalationen / gezählte Tickets, von den Systemen, die ihre Tickets zählen",
    ),
    "closed": (
        "count of cases closed or withdrawn in the piece of the period",
        "Anzahl der im Abschnitt geschlossenen oder zurückgezogenen Fälle",
    ),
    "backlog": (
        "count of cases that are open, acknowledged or paused now",
        "Anzahl der Fälle, die jetzt offen, angenommen oder angehalten sind",
    ),
    "backlog_age_median": _rank(_MEDIAN, "now − opening", "jetzt − Eröffnung"),
    "backlog_age_oldest": ("largest of now − opening", "größtes von jetzt − Eröffnung"),
    "causes": (
        "count of cases by cause; share and cumulative share of all with a cause",
        "Anzahl der Fälle je Ursache; Anteil und Anteil bis hierher an allen mit Ursache",
    ),
    "heatmap": (
        "count of openings by hour and weekday on the clock of the time zone",
        "Anzahl der Eröffnungen je Stunde und Wochentag nach der Uhr der Zeitzone",
    ),
    "time_in_tier": (
        "sum of stays at the tier per case, until it left, was resolved or ended",
        "Summe der Aufenthalte in der Stufe je Fall, bis er weiterging, gelöst war oder endete",
    ),
    "breaches_by_tier": (
        "count of targets missed while the case was at the tier",
        "Anzahl der Ziele, die verfehlt wurden, während der Fall in der Stufe war",
    ),
}
FORMULAS: Final[Mapping[str, Mapping[Language, str]]] = {name: {"en": en, "de": de} for name, (en, de) in _BOTH.items()}
"""By the name of the number."""
