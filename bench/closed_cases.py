"""Closed cases that never were, in English and German, for measuring how long it takes to find those that resemble a new one.

Texts are put together from what goes wrong with what, where and since when, with error codes, hosts and versions that are rare,
as real tickets have them: some words stand in every fifth case, most in a few. The same number gives the same cases.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.tickets import PRIORITIES

BEGIN = datetime(2022, 1, 3, tzinfo=UTC)
ORIGINS = ("ours", "product", "third_party", "customer")


@dataclass(frozen=True)
class Language:
    """What cases in one language are made of; `said`, `causes` have places for a thing, a code, a host, a number, a version."""

    things: Sequence[Sequence[str]]  # product, category, thing
    wrong: Sequence[str]
    where: Sequence[str]
    said: Sequence[str]
    causes: Sequence[Sequence[str]]  # category, cause, fix


def _listed(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(";")]


def _rows(text: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("|")] for line in text.strip().splitlines()]


def _things(text: str) -> list[list[str]]:
    return [[product, category, thing] for product, category, names in _rows(text) for thing in _listed(names)]


ENGLISH = Language(
    things=_things("""
        checkout | payment | Card payment; Checkout; PayPal; Discount code; Basket; Refund
        login | access | Sign-in; Password reset; Two-factor code; User account; Session
        billing | invoice | Invoice; Credit note; Subscription; Direct debit; Reminder
        reports | data | Monthly report; Dashboard; Excel export; Chart; Scheduled report
        warehouse | device | Label printer; Handheld scanner; Stock level; Pick list; Tracking
        api | interface | Webhook; Product import; API key; Search index; Synchronisation
        mobile | app | Android app; Push notification; Camera; Offline order; Map view
        hosting | service-outage | Database; Backup; Web server; VPN connection; DNS entry
    """),
    wrong=_listed("""
        is down; fails; is very slow; shows an empty page; times out; returns an error; is missing; is duplicated; is
        rejected; stopped working; shows the wrong amount; cannot be opened; freezes; crashes; is delayed; loses data;
        asks for permission again; is out of date; ends in a loop; is not delivered
    """),
    where=_listed("""
        since the release of last night; for customers in Canada; in the Munich branch; on old devices; with Firefox;
        after the migration; for resellers; during the night; in the test system; behind the proxy; at month end; for
        large orders; in the mobile view; with special characters; after the power cut; for new employees
    """),
    said=_listed("""
        {thing} was fine until this morning, then users reported code {code}.; Our host {host} logs {number} failures
        an hour.; We restarted {host} twice and it did not help.; About {number} customers are affected and the
        hotline is overloaded.; The supplier says nothing was changed on their side.; It happens with version
        {version} only, the one before works.; A screenshot with the message {code} is attached to the ticket.; Orders
        of the last {number} minutes are stuck in the queue.; The workaround of last time, clearing the cache, does
        not work any more.; Please call back before noon, the shop opens then.
    """),
    causes=_rows("""
        certificate | A certificate on {host} had expired | Certificate renewed and an alarm set
        capacity | The disk of {host} was full | Log rotation switched on, disk enlarged
        change | Release {version} changed a default | Rolled back to the version before
        configuration | The proxy in front of {host} dropped long requests | Limit of the proxy raised
        supplier | The carrier changed its interface without a word | Adapter brought to version {version}
        bug | A lock was not released after error {code} | Lock expires by itself since {version}
        usage | The account had no permission for the new area | Group mapping extended
        data | A record with an empty field stopped the job | Record corrected, import checks the field
    """),
)  # fmt: skip
GERMAN = Language(
    things=_things("""
        checkout | payment | Kartenzahlung; Kasse; PayPal; Gutschein; Warenkorb; Erstattung
        login | access | Anmeldung; Passwort; Zwei-Faktor-Code; Benutzerkonto; Sitzung
        billing | invoice | Rechnung; Gutschrift; Abo; Lastschrift; Mahnung
        reports | data | Monatsbericht; Dashboard; Excel-Export; Auswertung; Umsatzstatistik
        warehouse | device | Etikettendrucker; Handscanner; Bestand; Lieferschein; Sendung
        api | interface | Webhook; Artikelimport; API-Schlüssel; Suchindex; Synchronisierung
        mobile | app | Android-App; Push-Nachricht; Kamera; Offline-Auftrag; Kartenansicht
        hosting | service-outage | Datenbank; Datensicherung; Webserver; VPN-Verbindung; Domain
    """),
    wrong=_listed("""
        ausgefallen; schlägt fehl; sehr langsam; zeigt eine leere Seite; läuft in eine Zeitüberschreitung; liefert
        Fehler; fehlt; doppelt; wird abgelehnt; funktioniert nicht mehr; zeigt den falschen Betrag; lässt sich nicht
        öffnen; friert ein; stürzt ab; kommt verspätet; verliert Daten; fragt ständig nach Berechtigungen; veraltet;
        dreht sich im Kreis; wird nicht zugestellt
    """),
    where=_listed("""
        seit dem Update der letzten Nacht; bei Schweizer Kunden; in der Filiale Köln; auf alten Geräten; mit Firefox;
        nach dem Umzug; bei Händlern; in der Nachtschicht; im Testsystem; hinter dem Proxy; zum Monatsende; bei großen
        Bestellungen; in der mobilen Ansicht; bei Umlauten; nach dem Stromausfall; bei neuen Mitarbeitern
    """),
    said=_listed("""
        {thing} ging bis heute früh, dann meldeten Benutzer den Code {code}.; Unser Rechner {host} zählt {number}
        Fehler je Stunde.; Wir haben {host} zweimal neu gestartet, ohne Erfolg.; Etwa {number} Kunden sind betroffen,
        die Hotline ist überlastet.; Der Dienstleister sagt, er habe nichts geändert.; Nur die Version {version} ist
        betroffen, die vorige läuft.; Ein Bildschirmfoto mit der Meldung {code} hängt am Ticket.; Aufträge der letzten
        {number} Minuten stehen in der Warteschlange.; Der Kniff vom letzten Mal, den Zwischenspeicher zu leeren,
        hilft nicht mehr.; Bitte vor Mittag zurückrufen, dann öffnen wir.
    """),
    causes=_rows("""
        certificate | Ein Zertifikat auf {host} war abgelaufen | Zertifikat erneuert und Alarm eingerichtet
        capacity | Die Platte von {host} war voll | Protokolle werden gelöscht, Platte erweitert
        change | Version {version} änderte eine Voreinstellung | Auf die Version davor zurückgegangen
        configuration | Der Proxy vor {host} verwarf lange Anfragen | Grenze des Proxys erhöht
        supplier | Der Spediteur änderte seine Schnittstelle ohne Ankündigung | Anbindung auf Version {version} gehoben
        bug | Eine Sperre blieb nach Fehler {code} bestehen | Sperre läuft seit {version} von selbst ab
        usage | Dem Konto fehlte die Berechtigung für den neuen Bereich | Gruppenzuordnung erweitert
        data | Ein Datensatz mit leerem Feld hielt den Lauf an | Datensatz berichtigt, Import prüft das Feld
    """),
)  # fmt: skip


def closed_cases(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """So many closed documents in the order of their closing, every second one in German."""
    chance = random.Random(seed)  # noqa: S311 - made-up cases, not a secret
    for number in range(count):
        opened_at = BEGIN + number * timedelta(days=1_500) / count
        yield _document(chance, GERMAN if number % 2 else ENGLISH, number, opened_at)


def _document(chance: random.Random, language: Language, number: int, opened_at: datetime) -> dict[str, Any]:
    product, category, thing = chance.choice(language.things)
    rare = _rare(chance) | {"thing": thing}
    subject = f"{thing} {chance.choice(language.wrong)} {chance.choice(language.where)}"
    said = (sentence.format(**rare) for sentence in chance.sample(language.said, chance.randrange(2, 7)))
    kind, cause, fix = chance.choice(language.causes)
    closed_at = opened_at + timedelta(hours=chance.uniform(1, 72))
    return {
        "id": f"bench-{number}",
        "episode": 1,
        "version": 9,
        "status": "closed",
        "priority": chance.choice(PRIORITIES),
        "policy": {"name": "standard", "version": 1},
        "ticket": {"system": "bench", "id": str(number), "subject": subject, "description": " ".join(said),
                   "product": product, "category": category},
        "customer": {"id": f"customer-{chance.randrange(2_000)}", "name": f"Customer {number % 2_000}"},
        "tier": {"index": 0, "name": "L1"},
        "team": "support",
        "entry": 1,
        "owner": "dana",
        "accountable": "dana",
        "targets": [],
        "next_due_at": None,
        "opened_at": opened_at.isoformat(),
        "closed_at": closed_at.isoformat(),
        "resolution": {"summary": fix.format(**rare)},
        "root_cause": {"category": kind, "origin": chance.choice(ORIGINS), "description": cause.format(**rare)},
    }  # fmt: skip


def _rare(chance: random.Random) -> dict[str, str]:
    """What is found in a few cases only."""
    return {
        "code": f"{chance.choice('ABCDEFGH')}{chance.randrange(1_000, 4_000)}",
        "host": f"{chance.choice(('web', 'pay', 'db', 'lager', 'mail', 'edge'))}{chance.randrange(400)}",
        "version": f"{chance.randrange(1, 12)}.{chance.randrange(30)}",
        "number": str(chance.randrange(2, 900)),
    }
