"""What made-up cases are about, in English and German: a small grammar, so that every text is new and none is anybody's.

A subject says what goes wrong with what, where or since when; descriptions and fixes have codes, hosts and numbers in them, which
are rare, as in real tickets. Customers are made of two halves of a name and a legal form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Tongue = Literal["en", "de"]


@dataclass(frozen=True)
class Thing:
    """What can break: a product, the category of its tickets, and its name."""

    product: str
    category: str
    name: str


@dataclass(frozen=True)
class Grammar:
    """The parts of one language; `{thing}`, `{code}`, `{host}`, `{number}`, `{version}` and `{title}` are filled in."""

    things: Sequence[Thing]
    wrong: Sequence[str]
    where: Sequence[str]
    described: Sequence[str]
    fixes: Sequence[str]
    causes: Sequence[str]
    told: Sequence[str]
    updates: Sequence[str]
    replies: Sequence[str]
    notes: Sequence[str]
    halves: tuple[Sequence[str], Sequence[str], Sequence[str]]


def texts(chance: Random, tongue: Tongue, thing: Thing, title: str) -> dict[str, str]:
    """All that people wrote about one case, by what it is; `title` is the title of the cause's category in that language."""
    grammar, rare = GRAMMARS[tongue], {**_rare(chance), "thing": thing.name, "title": title}
    where = f" {chance.choice(grammar.where)}" if chance.random() < 0.8 else ""
    parts = {
        "fix": grammar.fixes,
        "why": grammar.causes,
        "told": grammar.told,
        "update": grammar.updates,
        "reply": grammar.replies,
        "note": grammar.notes,
    }
    said = " ".join(chance.sample(grammar.described, chance.randrange(2, 5)))
    return {
        "subject": f"{thing.name} {chance.choice(grammar.wrong)}{where}",
        "description": said.format(**rare),
        **{name: chance.choice(ways).format(**rare) for name, ways in parts.items()},
    }


def company(chance: Random, tongue: Tongue) -> str:
    """`Nordhafen Logistik GmbH`."""
    return " ".join(chance.choice(part) for part in GRAMMARS[tongue].halves)


def _rare(chance: Random) -> Mapping[str, str]:
    return {
        "code": f"{chance.choice('BCDFKRTX')}-{chance.randrange(100, 9_000)}",
        "host": f"{chance.choice(('app', 'api', 'store', 'queue', 'edge', 'print'))}{chance.randrange(1, 300):03}",
        "version": f"{chance.randrange(3, 9)}.{chance.randrange(40)}.{chance.randrange(9)}",
        "number": str(chance.randrange(3, 700)),
    }


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(";"))


def _things(text: str) -> tuple[Thing, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(
        Thing(product.strip(), category.strip(), name) for product, category, names in rows for name in _listed(names)
    )


ENGLISH = Grammar(
    things=_things("""
        shop | ordering | Shopping cart; Order confirmation; Voucher field; Price list; Product search
        payments | payment | Card terminal; Instalment plan; Chargeback list; Payout; Bank transfer
        identity | sign-in | Single sign-on; Password mail; Role editor; Guest account; Session timer
        invoicing | billing | Invoice run; Tax rate; Dunning letter; Contract renewal; Usage meter
        analytics | reporting | Sales cockpit; Nightly export; Cohort chart; Data feed; Alert rule
        delivery | shipping | Label service; Route planner; Returns desk; Customs form; Stock count
        platform | outage | Message queue; Primary database; Load balancer; Object storage; Name server
        connect | interface | Partner interface; Event stream; Import job; Address check; Calendar sync
    """),
    wrong=_listed("""
        does not respond; answers after a minute; refuses every entry; shows old data; sends everything twice; sends
        nothing;
        ends with an error; cannot be saved; adds up wrongly; loses entries; asks for a password again; stays blank;
        is locked;
        fails now and then; stops half way; mixes up customers
    """),
    where=_listed("""
        in the Vienna office; since the release of Tuesday; on tablets; for new customers only; after the contract change;
        behind the company firewall; in the evening; with accents in names; for orders over ten items; in the sandbox;
        since the clock change; for the second brand; on the night shift; with the old driver
    """),
    described=_listed("""
        {thing} worked yesterday and has failed since this morning with {code}.; The log of {host} shows {code} about
        {number}
        times an hour.; {number} of our people cannot go on with their work.; Signing out and in again changed
        nothing.; With
        version {version} it still worked.; Our customers have begun to call, {number} so far today.; It began right
        after {host} was
        restarted.; A second try succeeds in about one case of {number}.; We have not changed anything on our side.
    """),
    fixes=_listed("""
        Restarted {thing} on {host} and raised the limit to {number}; Went back to version {version}; Renewed the
        credentials that
        {host} uses; Corrected {number} records and started the run again; Moved {thing} from {host} to the spare;
        Wrote the
        missing rule and tested it with the customer; Switched the rule for {code} off until version {version}
    """),
    causes=_listed("""
        {title}: {host} answered with {code} after {number} seconds; {title}: version {version} reads an empty field
        as zero; {title}:
        nobody was told that {host} moves; {title}: the check of {thing} looked at the wrong field; {title}: a limit
        of {number} was reached
    """),
    told=_listed("""
        It works again, please try it.; We have corrected the cause; nothing was lost.; The repair is in place since
        a few minutes.
    """),
    updates=_listed("""
        We have found where it breaks and are repairing it.; A colleague who knows {thing} is working on it now.; We
        are testing the
        repair, you hear from us again.; It takes longer than we thought; your data is safe.
    """),
    replies=_listed("""
        It is still the same here.; We will try that in the evening.; Thank you, that helped for one of two sites.;
        Here are the
        order numbers you asked for.
    """),
    notes=_listed("""
        Same picture as on {host} last month.; Customer is patient, a call would help.; Looked at {code}: not ours.;
        Asked the
        supplier, answer by tomorrow.
    """),
    halves=(
        ("Northport", "Birch", "Silverline", "Millbrook", "Harbour", "Juniper", "Redstone", "Lakeside", "Westfield",
         "Cobalt",
         "Meadow", "Ironbridge", "Larkspur", "Fourwinds", "Saltmarsh", "Highgate"),
        ("Logistics", "Foods", "Clinics", "Textiles", "Energy", "Schools", "Tools", "Travel", "Insurance", "Gardens",
         "Media", "Bicycles", "Pharmacy", "Theatre"),
        ("Ltd", "Inc", "LLC", "plc", "Group", "Holdings"),
    ),
)  # fmt: skip
GERMAN = Grammar(
    things=_things("""
        shop | ordering | Bestellbestätigung; Einkaufswagen; Gutscheinfeld; Preisliste; Produktsuche
        payments | payment | Kartenterminal; Ratenzahlung; Rückbuchung; Auszahlung; Überweisung
        identity | sign-in | Einmalanmeldung; Passwortmail; Rollenverwaltung; Gastkonto; Sitzungsdauer
        invoicing | billing | Rechnungslauf; Steuersatz; Mahnlauf; Vertragsverlängerung; Verbrauchszähler
        analytics | reporting | Umsatzübersicht; Nachtexport; Kohortenbericht; Datenlieferung; Warnregel
        delivery | shipping | Etikettendienst; Tourenplanung; Rücksendung; Zollformular; Inventur
        platform | outage | Nachrichtenschlange; Hauptdatenbank; Lastverteiler; Dateispeicher; Namensdienst
        connect | interface | Partnerschnittstelle; Ereignisstrom; Importlauf; Adressprüfung; Kalenderabgleich
    """),
    wrong=_listed("""
        reagiert nicht; antwortet erst nach einer Minute; lehnt jede Eingabe ab; zeigt alte Daten; verschickt alles
        doppelt;
        verschickt nichts; endet mit einem Fehler; lässt sich nicht speichern; rechnet falsch; verliert Einträge;
        fragt erneut nach dem
        Passwort; bleibt leer; ist gesperrt; fällt ab und zu aus; bricht mittendrin ab; vertauscht Kunden
    """),
    where=_listed("""
        am Standort Wien; seit der Auslieferung vom Dienstag; auf Tablets; nur bei Neukunden; nach der
        Vertragsänderung; hinter der
        Firewall; am Abend; bei Namen mit Akzenten; bei Aufträgen über zehn Positionen; in der Testumgebung; seit der
        Zeitumstellung;
        bei der Zweitmarke; in der Nachtschicht; mit dem alten Treiber
    """),
    described=_listed("""
        {thing} lief gestern noch und scheitert seit heute früh mit {code}.; Das Protokoll von {host} zeigt {code}
        etwa {number} Mal je
        Stunde.; {number} unserer Leute können nicht weiterarbeiten.; Ab- und wieder Anmelden hat nichts geändert.;
        Mit Version
        {version} ging es noch.; Die ersten Kunden rufen an, heute schon {number}.; Es begann, gleich nachdem {host}
        neu gestartet
        wurde.; Ein zweiter Versuch gelingt in etwa einem von {number} Fällen.; Wir haben bei uns nichts geändert.
    """),
    fixes=_listed("""
        {thing} auf {host} neu gestartet und die Grenze auf {number} erhöht; Auf Version {version} zurückgegangen;
        Die Zugangsdaten
        von {host} erneuert; {number} Datensätze berichtigt und den Lauf wiederholt; {thing} von {host} auf den Ersatz
        verlegt; Die fehlende Regel geschrieben und mit dem Kunden erprobt; Die Regel zu {code} bis Version {version}
        abgeschaltet
    """),
    causes=_listed("""
        {title}: {host} antwortete erst nach {number} Sekunden mit {code}; {title}: Version {version} liest ein
        leeres Feld als
        Null; {title}: niemand wusste, dass {host} umzieht; {title}: die Prüfung von {thing} sah auf das falsche
        Feld; {title}: eine
        Grenze von {number} war erreicht
    """),
    told=_listed("""
        Es geht wieder, bitte versuchen Sie es.; Die Ursache ist behoben, nichts ging verloren.; Die Reparatur läuft
        seit wenigen Minuten.
    """),
    updates=_listed("""
        Wir wissen, wo es hakt, und arbeiten daran.; Eine Kollegin, die {thing} kennt, kümmert sich jetzt.; Wir
        erproben die Lösung
        und melden uns wieder.; Es dauert länger als gedacht, Ihre Daten sind sicher.
    """),
    replies=_listed("""
        Bei uns ist es noch genauso.; Wir probieren es am Abend.; Danke, an einem von zwei Standorten hilft es.; Anbei die
        gewünschten Auftragsnummern.
    """),
    notes=_listed("""
        Gleiches Bild wie auf {host} im letzten Monat.; Kunde ist geduldig, ein Anruf täte gut.; {code} angesehen:
        nicht unser
        Fehler.; Beim Lieferanten gefragt, Antwort bis morgen.
    """),
    halves=(
        ("Nordhafen", "Birken", "Silberbach", "Altmühle", "Hafenkontor", "Wacholder", "Rotstein", "Seeblick",
         "Westhang", "Kobalt",
         "Wiesengrund", "Eisenbrück", "Lerchen", "Vierwind", "Salzmarsch", "Hochtor"),
        ("Logistik", "Feinkost", "Kliniken", "Textil", "Energie", "Schulen", "Werkzeuge", "Reisen", "Versicherung",
         "Gärten",
         "Medien", "Fahrräder", "Apotheken", "Bühnen"),
        ("GmbH", "AG", "KG", "eG", "Gruppe", "& Söhne"),
    ),
)  # fmt: skip
GRAMMARS: Mapping[Tongue, Grammar] = {"en": ENGLISH, "de": GERMAN}
