"""The warnings about a policy as its page says them: in English by the rules' own sentences, in German by these."""

from collections.abc import Mapping

from activities.wording import Language, word
from api.pages.policy_words import DE
from domain.tickets import PRIORITIES
from domain.warning_words import ENGLISH, WarningWords

_GERMAN: Mapping[str, str] = {
    # --- was im Dienstplan fehlt; Regelwerke, die auf denselben Fall passen
    "no_person": "im Dienstplan fehlt die Person „{name}“{nearest}",
    "no_team": "im Dienstplan fehlt das Team „{name}“{nearest}",
    "did_you_mean": "; ist „{name}“ gemeint?",
    "known_here": "; bekannt sind: {names}",
    "tie": "kann mit ebenso vielen Schlüsseln auf denselben Fall passen wie „{other}“; dann entscheidet der Name für "
    "„{other}“. Ergänzen Sie in einem der beiden einen Schlüssel",
    # --- Schritte, die zu spät kommen
    "late_step": "{after} liegt bei Priorität {priorities} nicht vor der Frist zur Annahme; der Fall ist dann schon gestiegen, "
    "und der Schritt geht dort nur hinaus, wenn der Schritt davor niemanden erreicht",
    "late_step_on_top": "{after} liegt bei Priorität {priorities} nach der Frist zur Annahme; auf der letzten Stufe beginnen "
    "die Schritte bis dahin neu, also geht er nur einmal hinaus, nach der letzten Runde, wenn die letzte Instanz schon "
    "benachrichtigt ist",
    # --- niemand ist da
    "unstaffed": "{where}niemand aus „{team}“ hat Bereitschaft, während der Kalender „{calendar}“ offen ist{when}",
    "unstaffed_at": "auf {tiers}: ",
    "unstaffed_always": ", die ganzen nächsten vier Wochen lang; geben Sie dem Team im Dienstplan Mitglieder oder eine "
    "Rotation",
    "unstaffed_gaps": ": {gaps} ({zone}), zusammen {hours} der nächsten vier Wochen; geben Sie dem Team im Dienstplan "
    "eine Rotation für diese Zeiten",
    "more_gaps": " und noch {count}-mal",
    "more_gaps_1": " und noch einmal",
    "nobody_next": "in „{team}“ hat in den nächsten vier Wochen niemand die nächste Bereitschaft, {finds} also niemanden; geben "
    "Sie dem Team im Dienstplan noch ein Mitglied oder eine Rotation, oder benachrichtigen Sie jemand anderen",
    "no_lead": "„{team}“ hat keine Leitung, {finds} also niemanden; geben Sie dem Team im Dienstplan eine Leitung, oder "
    "benachrichtigen Sie jemand anderen",
    "last_resort_away": "„{owner}“ ist abwesend und hat keine Vertretung: {gaps} ({zone}); was sonst niemand annimmt, geht dann "
    "an jemanden, der nicht da ist. Tragen Sie im Dienstplan bei der Abwesenheit eine Vertretung ein, oder geben Sie "
    "„{owner}“ jemanden als `manager`, der da ist",
    "this_step_finds": "dieser Schritt findet",
    "those_steps_find": "die Schritte von {tiers}, die {selector} benachrichtigen, finden",
    # --- keine Adresse
    "no_email": "per E-Mail erreicht man {what} nicht, wer benachrichtigt werden kann: {people}; im Dienstplan fehlt dort die "
    "E-Mail-Adresse. Ergänzen Sie sie, oder nehmen Sie einen anderen Kanal",
    "no_phone": "per SMS erreicht man {what} nicht, wer benachrichtigt werden kann: {people}; im Dienstplan fehlt dort die "
    "Telefonnummer. Ergänzen Sie sie, oder nehmen Sie einen anderen Kanal",
    "no_webhook": "per Webhook erreicht man {what} das Team {team} nicht: im Dienstplan fehlt dort `webhook`. Ergänzen Sie es, "
    "oder nehmen Sie einen anderen Kanal",
    "plain_webhook": "per Webhook erreicht man {what} das Team {team} nicht: sein `webhook` im Dienstplan ist nicht https. "
    "Schreiben Sie https, oder erlauben Sie den Workern private Adressen",
    "this_step": "hier",
    "those_steps": "mit den Schritten von {tiers}",
    # --- alle ruhen
    "all_at_rest": "nur per SMS weckt der Schritt niemanden, solange alle ruhen, die er benachrichtigen kann ({people}), etwa "
    "{span} ({zone}): ein Fall, der nicht kritisch ist, geht dann sofort weiter an den nächsten Schritt, die nächste Stufe und "
    "die letzte Instanz. Nehmen Sie auch email auf",
    # --- zu weit weg, bevor jemand davon hört, zu kurz, ohne Ende
    "far_away": "{duration} im Kalender „{calendar}“ dauert von jetzt an bis {day}; schreiben Sie etwas Kürzeres, oder nehmen "
    "Sie einen Kalender, der öfter offen ist",
    "never_ends": "{duration} im Kalender „{calendar}“ ist von jetzt an auch in zehn Jahren nicht vorbei; schreiben Sie etwas "
    "Kürzeres, oder nehmen Sie einen Kalender, der öfter offen ist",
    "missed_unheard": "{whom}ein Fall, der am {at} ankommt, verpasst sie am {due}, und vor {told} hört niemand davon ({zone}): "
    "die Frist läuft, während die Schritte auf den Kalender „{calendar}“ warten. Schreiben Sie {calendar} auch hier, oder geben "
    "Sie der Stufe einen Kalender, der dann offen ist",
    "too_short": "{whom}endet nicht später als die Frist zur Annahme; wer den Fall rechtzeitig annimmt, kann sie also schon "
    "verpasst haben. Schreiben Sie mehr als die Frist zur Annahme",
    "without_end": "fehlt, also begrenzt nichts die Zeit auf der letzten Stufe „{tier}“: {for_ever}",
    "without_end_for": "sagt nichts für Priorität {priorities}, also begrenzt nichts die Zeit auf der letzten Stufe „{tier}“: "
    "{for_ever}",
    "for_ever": "nimmt niemand an, so hört die letzte Instanz „{owner}“ ohne Ende alle 24 h davon. Schreiben Sie eine Grenze "
    "wie closure: {{all: 15d}}",
    # --- darin
    "for_priorities": "bei Priorität {priorities}: ",
    "more": " und {count} weitere",
    "hours": "{hours} Std",
    "hours_minutes": "{hours} Std {minutes} Min",
    "day": "{weekday} {at.day}.{at.month}.{at.year}",
    "moment": "{day} {at:%H:%M}",
    "span_within_a_day": "{from_}–{to:%H:%M}",
    "span": "{from_} bis {to}",
}

GERMAN = WarningWords(_GERMAN, DE["policy_weekdays"].split(), {one: word("de", one) for one in PRIORITIES})


def warning_words(language: Language) -> WarningWords:
    """How the warnings are said to a reader of that language."""
    return GERMAN if language == "de" else ENGLISH
