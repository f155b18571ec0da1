"""Words that say nothing about a case, in English and German, and parts of which German builds its long ones.

Function words and the courtesies of support mail; a word that is common without being one of these is made light by its
frequency (`domain.similar`). The parts are what this trade's compounds begin or end with: `Kartenzahlung` is a `Zahlung`.
"""

_ENGLISH = """
about above after again against all already also although always am among an and another any anybody anyone anything
are around as asked at away back be became because become been before began being below between both but by came can
cannot could did do does doing done due during each either else enough even ever every everybody everyone everything
few for from further get gets getting give given gives go goes going gone good got had has have having he hello her
here hers hi him his how however if in instead into is it its itself just keep kept kind know known last least less
let like made make makes many may maybe me might mine more most much must my near neither never next no nobody none
nor not nothing now of often on once one only onto or other others our ours out over own per perhaps please put
quite rather really regards said same saw say says see seem seems seen several shall she should show shows since so
some somebody someone something soon still such take taken takes than thank thanks that the their them then there
these they thing things this those though through till to today together told too took under until up upon us use
used using very via want wants was way we well went were what when where whether which while who whole whom whose
why will with within without would yes yet you your
"""

_GERMAN = """
ab aber alle allem allen aller alles als also am an andere anderen anderer anderes anders auch auf aus bei beide
beiden beim bereits besonders bin bis bitte bleibt brauchen braucht da dabei dadurch dafür dagegen daher damit
danach dann daran darauf daraus darf darin darum das dass davon dazu dein deine dem den denn der deren des deshalb
dessen die dies diese diesem diesen dieser dieses doch dort du durch eben ein eine einem einen einer eines einige
einigen einmal er erst erste es etwa etwas euch euer eure freundliche freundlichen für ganz gar geehrte geehrten
gegen geht genau gerade gern gestern gibt ging grüße grüßen habe haben hallo hat hatte hatten hier hin hinter ich
ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in innerhalb ins ist ja jede jedem jeden jeder jedes jedoch jemand
jetzt kam kann kein keine keinem keinen keiner kommen kommt können konnte konnten könnten lässt liebe machen macht
man mehr mehrere mein meine mich mir mit muss müssen mussten nach nachdem nicht nichts nie niemand noch nun nur ob
obwohl oder oft ohne schon sehr sein seine seinem seinen seiner seit seitdem selbst sich sie sind so sobald sogar
soll sollen sollte sollten sondern sonst sowie trotz trotzdem über um und uns unser unsere unserem unseren unserer
unter viel viele vielen vom von vor während wann war waren warum was weil weiter weitere weiteren welche welchen
welcher welches wenn wer werden wie wieder will wir wird wo wobei wodurch worden würde wurde wurden zu zum zur zwar
zwischen
"""

# As they stand inside a compound; the linking s, es, n, en between two of them is left out.
_PARTS = """
abgleich ablauf abrechnung absturz abteilung abwicklung adresse akku aktualisierung alarm ampel analyse anbieter
anbindung änderung anfrage angebot anhang anlage anlieferung anmelde anmeldung anruf ansicht anwendung anzeige
arbeit archiv artikel aufruf auftrag ausfall ausgabe ausgleich auslieferung auswahl auswertung auszahlung auszug
automat bank barcode bearbeitung befehl beleg benachrichtigung benutzer berechnung berechtigung bericht bestand
bestätigung bestell bestellung betrag betrieb bild bildschirm brief buchung code datei daten datenbank dauer dienst
dienstleister dokument domäne druck drucker durchlauf eingabe eingang einkauf einlösung einstellung eintrag empfang
empfänger erfassung erinnerung erkennung erneuerung erstattung etikett export fahrer fehl fehler feld fenster
filiale filter firma fracht freigabe frist funktion gateway gebühr gerät geschwindigkeit gruppe gutschein gutschrift
handel handy haus historie import index installation intervall kabel kalender kamera kampagne kanal karte karten
kasse kassen kategorie kauf kennung kennwort kette knoten kommission konfiguration kontakt konto korb kosten kredit
kunde kunden kündigung kurier lager lastschrift lauf laufwerk leitung leser liefer lieferant lieferung liste lizenz
login lösch löschung mahnung mail markt maske maus meldung menge menü miete mitarbeiter modul monat monitor
nachricht netz netzwerk nummer nutzer oberfläche objekt ordner paket partner passwort pfad plan platte platz portal
preis problem produkt profil programm protokoll prozess prüfung puffer quelle rabatt rechner rechnung recht rechte
regel reihenfolge reservierung rolle rückgabe rücksendung rückstand schein schloss schlüssel schnittstelle schrank
seite sendung server sicherung signal signatur sitzung skript spalte speicher sperre sprache stamm stand standort
statistik status stelle steuer steuerung stornierung störung strecke strom stunde suche summe synchronisierung
system tabelle tarif tastatur taste technik telefon termin test text ticket token tour treiber übersicht übertragung
überwachung überweisung umgebung umleitung umsatz umstellung unterlagen update urlaub verarbeitung verbindung
verbrauch verfügbarkeit verkauf versand verschlüsselung versicherung version vertrag verwaltung verzeichnis vorgang
vorlage wagen währung ware waren warnung warteschlange wartung wechsel weiterleitung wert woche zahl zähler zahlung
zeichen zeile zeit zeitplan zertifikat ziel zoll zugang zugriff zuordnung zustellung
"""

ENGLISH, GERMAN, PARTS = frozenset(_ENGLISH.split()), frozenset(_GERMAN.split()), frozenset(_PARTS.split())
