"""The catalogue of KPIs: every number a report shows, what it means in English and German, and which cases stand behind it."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from domain import kpis
from domain.facts import TARGETS, Facts
from domain.kpi_formulas import FORMULAS
from domain.kpis import Definition, Kpi, Language, Unit, Value
from domain.policy import TargetName

TARGET_TITLES: Final[Mapping[TargetName, tuple[str, str]]] = {
    "acknowledge": ("acknowledgement", "Annahme"),
    "tier_resolution": ("resolution at a tier", "Lösung in einer Stufe"),
    "customer_update": ("updates to the customer", "Nachrichten an den Kunden"),
    "resolution": ("resolution", "Lösung"),
    "closure": ("closing", "Abschluss"),
    "root_cause": ("root cause", "Ursache"),
}


def _kpi(
    name: str,
    unit: Unit,
    titles: tuple[str, str],
    texts: tuple[str, str],
    of: Callable[[Collection[Facts]], Value],
    counts: Callable[[Facts], bool],
) -> Kpi:
    return Kpi(_definition(name, unit, titles, texts), of, counts)


def _definition(name: str, unit: Unit, titles: tuple[str, str], texts: tuple[str, str]) -> Definition:
    title: dict[Language, str] = {"en": titles[0], "de": titles[1]}
    return Definition(name, unit, FORMULAS[name], title, {"en": texts[0], "de": texts[1]})


def _of_target(name: TargetName) -> Kpi:
    en, de = TARGET_TITLES[name]
    return _kpi(
        f"compliance_{name}",
        "percent",
        (f"Compliance: {en}", f"Einhaltung: {de}"),
        (
            f"Of the targets for {en} that were met or missed, how many in time. The link: cases that missed one.",
            f"Von den erreichten oder verfehlten Zielen für „{de}“: wie viele rechtzeitig. Der Link: verfehlte Fälle.",
        ),
        kpis.of_target(name),
        kpis.missed(name),
    )


_LISTED: tuple[Kpi, ...] = (
    _kpi(
        "volume",
        "cases",
        ("Escalations", "Eskalationen"),
        (
            "How many escalations were opened in the period. A ticket escalated again after closing counts again.",
            "Wie viele Eskalationen im Zeitraum eröffnet wurden. Ein nach dem Abschluss erneut eskaliertes Ticket zählt erneut.",
        ),
        kpis.volume,
        lambda _: True,
    ),
    _kpi(
        "acknowledge_median",
        "seconds",
        ("Time to acknowledge, median", "Zeit bis zur Annahme, Median"),
        (
            "Half of the acknowledged cases had an owner within this time of their opening, nights and weekends included.",
            "Die Hälfte der angenommenen Fälle hatte innerhalb dieser Zeit jemanden, Nächte und Wochenenden mitgezählt.",
        ),
        kpis.acknowledge_median,
        lambda case: case.acknowledge_seconds is not None,
    ),
    _kpi(
        "acknowledge_p90",
        "seconds",
        ("Time to acknowledge, 90th percentile", "Zeit bis zur Annahme, 90. Perzentil"),
        (
            "Nine of ten acknowledged cases had an owner within this time of their opening.",
            "Neun von zehn angenommenen Fällen hatten innerhalb dieser Zeit jemanden.",
        ),
        kpis.acknowledge_p90,
        lambda case: case.acknowledge_seconds is not None,
    ),
    _kpi(
        "acknowledge_working_median",
        "seconds",
        ("Working time to acknowledge, median", "Arbeitszeit bis zur Annahme, Median"),
        (
            "Half of the acknowledged cases had an owner within this working time of their opening: only the opening hours of "
            "the tiers that had the case count.",
            "Die Hälfte der angenommenen Fälle hatte innerhalb dieser Arbeitszeit jemanden: Es zählen nur die Öffnungszeiten "
            "der Stufen, bei denen der Fall lag.",
        ),
        kpis.acknowledge_working_median,
        lambda case: case.acknowledge_working is not None,
    ),
    _kpi(
        "acknowledge_working_p90",
        "seconds",
        ("Working time to acknowledge, 90th percentile", "Arbeitszeit bis zur Annahme, 90. Perzentil"),
        (
            "Nine of ten acknowledged cases had an owner within this working time of their opening: only the opening hours of "
            "the tiers that had the case count.",
            "Neun von zehn angenommenen Fällen hatten innerhalb dieser Arbeitszeit jemanden: Es zählen nur die Öffnungszeiten "
            "der Stufen, bei denen der Fall lag.",
        ),
        kpis.acknowledge_working_p90,
        lambda case: case.acknowledge_working is not None,
    ),
    _kpi(
        "resolve_median",
        "seconds",
        ("Time to resolve, median", "Zeit bis zur Lösung, Median"),
        (
            "Half of the resolved cases were resolved within this time of their opening. Of a reopened case the last fix counts.",
            "Die Hälfte der gelösten Fälle war innerhalb dieser Zeit gelöst. Bei wiedereröffneten zählt die letzte Lösung.",
        ),
        kpis.resolve_median,
        lambda case: case.resolve_seconds is not None,
    ),
    _kpi(
        "resolve_p90",
        "seconds",
        ("Time to resolve, 90th percentile", "Zeit bis zur Lösung, 90. Perzentil"),
        (
            "Nine of ten resolved cases were resolved within this time of their opening.",
            "Neun von zehn gelösten Fällen waren innerhalb dieser Zeit gelöst.",
        ),
        kpis.resolve_p90,
        lambda case: case.resolve_seconds is not None,
    ),
    _kpi(
        "resolve_working_median",
        "seconds",
        ("Working time to resolve, median", "Arbeitszeit bis zur Lösung, Median"),
        (
            "Half of the resolved cases were resolved within this working time of their opening: in the calendar of the "
            "resolution target, without the time it stood still (waiting on the customer).",
            "Die Hälfte der gelösten Fälle war innerhalb dieser Arbeitszeit gelöst: im Kalender des Lösungsziels, ohne die "
            "Zeit, in der es stillstand (etwa beim Warten auf den Kunden).",
        ),
        kpis.resolve_working_median,
        lambda case: case.resolve_working is not None,
    ),
    _kpi(
        "resolve_working_p90",
        "seconds",
        ("Working time to resolve, 90th percentile", "Arbeitszeit bis zur Lösung, 90. Perzentil"),
        (
            "Nine of ten resolved cases were resolved within this working time of their opening: in the calendar of the "
            "resolution target, without the time it stood still (waiting on the customer).",
            "Neun von zehn gelösten Fällen waren innerhalb dieser Arbeitszeit gelöst: im Kalender des Lösungsziels, ohne die "
            "Zeit, in der es stillstand (etwa beim Warten auf den Kunden).",
        ),
        kpis.resolve_working_p90,
        lambda case: case.resolve_working is not None,
    ),
    _kpi(
        "compliance",
        "percent",
        ("Compliance, all targets", "Einhaltung, alle Ziele"),
        (
            "Of all targets that were met or missed, how many in time. The link: cases that missed any.",
            "Von allen erreichten oder verfehlten Zielen: wie viele rechtzeitig. Der Link: Fälle mit einem verfehlten.",
        ),
        kpis.compliance,
        lambda case: any(case.breached.values()),
    ),
    *(_of_target(name) for name in TARGETS if name != "customer_update"),
    _kpi(
        "promise_keeping",
        "percent",
        ("Promises kept", "Gehaltene Zusagen"),
        (
            "Of the updates promised to customers, how many came in time; a fix before the next one was due keeps it. "
            "The link: cases that missed one.",
            "Von den Kunden zugesagten Nachrichten: wie viele rechtzeitig kamen; eine Lösung davor hält die Zusage. "
            "Der Link: Fälle mit einer verpassten.",
        ),
        kpis.promise_keeping,
        kpis.missed("customer_update"),
    ),
    _kpi(
        "breaches",
        "events",
        ("Breaches", "Verfehlte Ziele"),
        (
            "How many targets were missed, promised updates included.",
            "Wie viele Ziele verfehlt wurden, zugesagte Nachrichten mitgezählt.",
        ),
        kpis.breaches,
        lambda case: any(case.breached.values()),
    ),
    _kpi(
        "climbs",
        "per case",
        ("Climbs per case", "Aufstiege je Fall"),
        (
            "How often a case went one tier up by itself, per case.",
            "Wie oft ein Fall von selbst eine Stufe höher ging, je Fall.",
        ),
        kpis.climbs,
        lambda case: case.climbs > 0,
    ),
    _kpi(
        "reopen_rate",
        "percent",
        ("Reopened", "Wiedereröffnet"),
        (
            "Of the cases that were ever resolved, how many were reopened since, before or after their closing. "
            "However often it comes back, a case counts once, in the period it was first opened in.",
            "Von den je gelösten Fällen: wie viele seitdem wiedereröffnet wurden, vor oder nach dem Abschluss. "
            "Ein Fall zählt einmal, so oft er auch zurückkommt, und zwar im Zeitraum seiner ersten Eröffnung.",
        ),
        kpis.reopen_rate,
        kpis.came_back,
    ),
    _kpi(
        "recurrence",
        "percent",
        ("Recurrence", "Wiederkehr"),
        (
            "Of the cases with a recorded cause, how many had one that another ticket of the product had in the 30 days before.",
            "Von den Fällen mit Ursache: bei wie vielen ein anderes Ticket des Produkts sie in den 30 Tagen davor hatte.",
        ),
        kpis.recurrence,
        lambda case: case.recurrence,
    ),
    _kpi(
        "csat",
        "percent",
        ("Customer satisfaction (CSAT)", "Kundenzufriedenheit (CSAT)"),
        (
            "Of the customers who answered the question after closing, how many gave 4 or 5 of 5.",
            "Von den Kunden, die nach dem Abschluss geantwortet haben: wie viele 4 oder 5 von 5 gaben.",
        ),
        kpis.csat,
        lambda case: case.survey_score is not None,
    ),
    _kpi(
        "load_per_responder",
        "per person",
        ("Load per responder", "Fälle je Person"),
        (
            "Cases per person who owns one or owned it last; cases nobody took are left out.",
            "Fälle je Person, die einen hat oder zuletzt hatte; nicht angenommene zählen nicht.",
        ),
        kpis.load_per_responder,
        lambda case: case.owner is not None,
    ),
    _kpi(
        "messages_per_case",
        "per case",
        ("Messages per case", "Nachrichten je Fall"),
        (
            "Messages that went out, to responders and customers, per case.",
            "Verschickte Nachrichten an Zuständige und Kunden, je Fall.",
        ),
        kpis.messages_per_case,
        lambda case: case.messages_sent > 0,
    ),
    _kpi(
        "messages_failed",
        "events",
        ("Messages that failed", "Fehlgeschlagene Nachrichten"),
        (
            "Messages that did not arrive; another channel or person may have been told instead.",
            "Nachrichten, die nicht ankamen; ein anderer Kanal oder eine andere Person wurde vielleicht erreicht.",
        ),
        kpis.messages_failed,
        lambda case: case.messages_failed > 0,
    ),
    _kpi(
        "nobody_on_duty",
        "events",
        ("Nobody on duty", "Niemand im Dienst"),
        (
            "How often somebody was to be told and nobody was on duty.",
            "Wie oft jemand benachrichtigt werden sollte und niemand im Dienst war.",
        ),
        kpis.nobody_on_duty,
        lambda case: case.nobody_on_duty > 0,
    ),
)

KPIS: Final[Mapping[str, Kpi]] = {kpi.definition.name: kpi for kpi in _LISTED}
"""By name, in the order people read them."""

_BESIDE: tuple[Definition, ...] = (
    _definition(
        "escalation_rate",
        "percent",
        ("Escalation rate", "Eskalationsrate"),
        (
            "Of the tickets there were (POST /v1/tickets/seen), how many were escalated. A span over the edge of the "
            "period counts in proportion; none where the filter is one that tickets are not counted by.",
            "Von den gezählten Tickets (POST /v1/tickets/seen): wie viele eskaliert wurden. Ein Zeitraum über den Rand zählt "
            "anteilig; keine Zahl bei einem Filter, nach dem Tickets nicht gezählt werden.",
        ),
    ),
    _definition(
        "closed",
        "cases",
        ("Closed", "Geschlossen"),
        (
            "How many cases were closed or withdrawn then, whenever they were opened.",
            "Wie viele Fälle dann geschlossen oder zurückgezogen wurden, wann auch immer eröffnet.",
        ),
    ),
    _definition(
        "backlog",
        "cases",
        ("Backlog", "Rückstand"),
        (
            "Cases somebody waits for now, whenever they were opened. Of now only: it is not known for any day before.",
            "Fälle, auf die gerade jemand wartet, wann auch immer eröffnet. Nur von jetzt: Für frühere Tage gibt es ihn nicht.",
        ),
    ),
    _definition(
        "backlog_age_median",
        "seconds",
        ("Age of the backlog, median", "Alter des Rückstands, Median"),
        (
            "Half of the backlog was opened no longer ago than this.",
            "Die Hälfte des Rückstands ist nicht älter als das.",
        ),
    ),
    _definition(
        "backlog_age_oldest",
        "seconds",
        ("Oldest of the backlog", "Ältester im Rückstand"),
        (
            "How long ago the oldest case of the backlog was opened.",
            "Wie lange die Eröffnung des ältesten Falls im Rückstand zurückliegt.",
        ),
    ),
    _definition(
        "causes",
        "cases",
        ("Root causes", "Ursachen"),
        (
            "The causes recorded for the cases opened in the period, the most frequent first.",
            "Die erfassten Ursachen der im Zeitraum eröffneten Fälle, die häufigste zuerst.",
        ),
    ),
    _definition(
        "heatmap",
        "cases",
        ("Openings by hour and weekday", "Eröffnungen nach Stunde und Wochentag"),
        (
            "When cases are opened: hour × weekday, on the clock of the zone asked for.",
            "Wann Fälle eröffnet werden: Stunde × Wochentag, in der angegebenen Zeitzone.",
        ),
    ),
    _definition(
        "time_in_tier",
        "seconds",
        ("Time in tier", "Zeit je Stufe"),
        (
            "How long cases were at a tier, all their stays together; a stay that has not ended yet does not count.",
            "Wie lange Fälle in einer Stufe waren, alle Aufenthalte zusammen; ein laufender zählt noch nicht.",
        ),
    ),
    _definition(
        "breaches_by_tier",
        "events",
        ("Breaches by tier", "Verfehlte Ziele je Stufe"),
        (
            "How many targets were missed while the case was at the tier. The link: cases that missed one there.",
            "Wie viele Ziele verfehlt wurden, während der Fall in der Stufe war. Der Link: Fälle mit einem dort verfehlten.",
        ),
    ),
)

DEFINITIONS: Final[Mapping[str, Definition]] = {name: kpi.definition for name, kpi in KPIS.items()} | {
    one.name: one for one in _BESIDE
}
"""Of every number in every report."""
