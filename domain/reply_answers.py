"""What is answered to a responder's reply, short enough for an SMS of two segments, in English and German.

Every answer says what has happened or that nothing has, and what can be written next: an answer in silence is the one thing that
must not be. Texts of others (subjects, names) are cut until it fits; our own words and the codes never are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from domain.directions import undirected
from domain.replies import WORDS, Deed
from domain.sms_segments import plain, segments

Language = Literal["en", "de"]
OpenCase = tuple[str, str]
"""The code and the subject of a case."""

MOST_SEGMENTS = 2
_CUTS = (50, 30, 15, 0)  # characters of each text of others, gently first
_MOST_LISTED = 20
_REFUSALS = frozenset({"already_resolved", "already_closed", "already_cancelled", "no_higher_tier"})

_EN: Mapping[str, str] = {
    "unknown_sender": "We could not match your number to any request, so nobody has read your message. Please contact us the "
    "way you usually do.",
    "not_in_roster": "This number is not in the roster, so nothing was done. Use the link in the e-mail to you, or ask an "
    "operator to add your number.",
    "last_on_duty": "For an hour we answer no more texts; what they order is still done.",
    "last": "For an hour we answer no more texts.",
    "shared_address": "{count} people of the roster share this number or address, so we cannot tell who you are, and nothing was "
    "done. Use the link in the e-mail to you, or the command line.",
    "unknown_mailbox": "This mailbox takes replies of people on duty and does not know you: nobody has read your e-mail. "
    "If you have a request, write to your usual contact. If you are on duty, ask an operator to put you into the roster.",
    "carrier_word": "{word} means nothing by e-mail, nothing was done. Reply ACK {code} to take the case, RES {code} and "
    "what fixed it, or ESC {code} and why. SMS end with STOP sent by SMS; e-mails when an operator changes the roster.",
    "no_open_case": "You have no open case, so nothing was done.",
    "which_case": "Which case? Nothing was done yet. Add its code, such as {word} {code}. Open: {cases}",
    "no_such_code": "No open case has the code {code}, so nothing was done.",
    "yours": "Yours: {cases}",
    "taken": "{code} is already taken by {owner}. Nothing was changed.",
    "resolve_needs_words": "What fixed it? Nothing was done yet. Reply {word} and a few words.",
    "escalate_needs_words": "Why? Nothing was done yet. Reply {word} and the reason.",
    "not_understood": "Not understood, nothing was done. Reply ACK {code} to take the case, RES {code} and what fixed it, "
    "or ESC {code} and why. One case per message.",
    "code": "CODE",
    "acknowledge": "You own {code} now: {subject}.",
    "resolve": "{code} is resolved: {subject}.",
    "escalate": "{code} was escalated: {subject}.",
    "next": "Next deadline: {target} by {due}.",
    "refused": "{code}: not possible now, nothing was changed.",
    "already_resolved": "{code} is already resolved. Nothing was changed.",
    "already_closed": "{code} is already closed. Nothing was changed.",
    "already_cancelled": "{code} was withdrawn. Nothing was changed.",
    "no_higher_tier": "{code} is at the top tier already, there is no higher one. Nothing was changed.",
    "later": "Your word on {code} is kept and takes effect as soon as the system is back. You need do nothing.",
    "more": "and {count} more",
}
_DE: Mapping[str, str] = {
    "unknown_sender": "Wir konnten Ihre Nummer keiner Anfrage zuordnen, niemand hat Ihre Nachricht gelesen. Bitte melden Sie "
    "sich auf dem gewohnten Weg bei uns.",
    "not_in_roster": "Diese Nummer steht nicht im Dienstplan, nichts ist geschehen. Bitte den Link in der E-Mail an Sie nutzen "
    "oder die Leitstelle bitten, Ihre Nummer einzutragen.",
    "last_on_duty": "Eine Stunde lang antworten wir auf keine SMS mehr; Befehle gelten weiter.",
    "last": "Eine Stunde lang antworten wir auf keine SMS mehr.",
    "shared_address": "{count} Leute teilen diese Nummer oder Adresse. Wer schreibt, ist unklar, und nichts ist geschehen. "
    "Bitte den Link in der E-Mail an Sie nutzen, oder die Kommandozeile.",
    "unknown_mailbox": "Dieses Postfach nimmt Antworten von Diensthabenden an und kennt Sie nicht: Niemand hat Ihre E-Mail "
    "gelesen. Mit einem Anliegen schreiben Sie bitte Ihrem Ansprechpartner. Im Dienst? Die Leitstelle kann Sie eintragen.",
    "carrier_word": "{word} bewirkt per E-Mail nichts, nichts ist geschehen. ACK {code} übernimmt den Fall, RES {code} und was "
    "geholfen hat löst ihn, ESC {code} und warum gibt ihn weiter. SMS enden mit STOP per SMS, E-Mails über die Leitstelle.",
    "no_open_case": "Sie haben keinen offenen Fall, es ist nichts geschehen.",
    "which_case": "Welcher Fall? Noch ist nichts geschehen. Bitte mit Kennung, etwa {word} {code}. Offen: {cases}",
    "no_such_code": "Kein offener Fall hat die Kennung {code}, es ist nichts geschehen.",
    "yours": "Ihre: {cases}",
    "taken": "{code} hat schon {owner} übernommen. Nichts wurde geändert.",
    "resolve_needs_words": "Was hat geholfen? Noch ist nichts geschehen. Bitte {word} und ein paar Worte antworten.",
    "escalate_needs_words": "Warum? Noch ist nichts geschehen. Bitte {word} und den Grund antworten.",
    "not_understood": "Nicht verstanden, nichts ist geschehen. ACK {code} übernimmt den Fall, RES {code} und was geholfen hat "
    "löst ihn, ESC {code} und warum gibt ihn weiter. Ein Fall je Nachricht.",
    "code": "KENNUNG",
    "acknowledge": "{code} gehört jetzt Ihnen: {subject}.",
    "resolve": "{code} ist gelöst: {subject}.",
    "escalate": "{code} ist eskaliert: {subject}.",
    "next": "Nächste Frist: {target} bis {due}.",
    "refused": "{code}: jetzt nicht möglich, nichts wurde geändert.",
    "already_resolved": "{code} ist schon gelöst. Nichts wurde geändert.",
    "already_closed": "{code} ist schon geschlossen. Nichts wurde geändert.",
    "already_cancelled": "{code} wurde zurückgezogen. Nichts wurde geändert.",
    "no_higher_tier": "{code} ist schon auf der obersten Stufe. Nichts wurde geändert.",
    "later": "Ihr Wort zu {code} ist notiert und gilt, sobald das System wieder da ist. Sie müssen nichts tun.",
    "more": "und {count} weitere",
}
_TEXTS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "de": _DE}


def unknown_sender(language: Language) -> str:
    """To a number that neither the roster nor a case knows, so perhaps a customer's. Says nothing of any case."""
    return plain(_TEXTS[language]["unknown_sender"])


def not_in_roster(language: Language) -> str:
    """To a number that the roster does not know and that wrote an order. Says nothing of any case, nor whether there is one."""
    return plain(_TEXTS[language]["not_in_roster"])


def last_one(said: str, on_duty: bool, language: Language) -> str:
    """The last answer for an hour says so. It may be a third segment, once: a link in it must stay whole."""
    return plain(f"{said} {_TEXTS[language]['last_on_duty' if on_duty else 'last']}")


def shared_address(people: int, language: Language) -> str:
    """To a number or address that several in the roster have: which of them wrote, nobody can tell."""
    return plain(_TEXTS[language]["shared_address"].format(count=people))


def unknown_mailbox(language: Language) -> str:
    """To an e-mail of somebody whom neither the roster nor a case knows. Says nothing of any case."""
    return plain(_TEXTS[language]["unknown_mailbox"])


def carrier_word(word: str, code: str | None, language: Language) -> str:
    """To an e-mail with a word that a carrier would answer, such as STOP; by e-mail there is no carrier."""
    texts = _TEXTS[language]
    return plain(texts["carrier_word"].format(word=word, code=code or texts["code"]))


def no_open_case(language: Language) -> str:
    """To a responder who has been told of no case that is still open."""
    return plain(_TEXTS[language]["no_open_case"])


def which_case(command: Deed, cases: Sequence[OpenCase], language: Language) -> str:
    """The code was left out and several cases are open: as many of them as fit, in the order given (at least one)."""
    said = _TEXTS[language]["which_case"]
    return _listed(lambda listed: said.format(word=WORDS[command], code=cases[0][0], cases=listed), cases, language)


def code_unknown(code: str, cases: Sequence[OpenCase], language: Language) -> str:
    """No open case has that code; `cases` are those of the sender that are open, perhaps none."""
    said = _TEXTS[language]["no_such_code"].format(code=code)
    if not cases:
        return plain(said)
    yours = _TEXTS[language]["yours"]
    return _listed(lambda listed: f"{said} {yours.format(cases=listed)}", cases, language)


def taken(code: str, owner: str, language: Language) -> str:
    """Somebody else has acknowledged it; `owner` is their name."""
    said = _TEXTS[language]["taken"]
    return _fitting(lambda most: said.format(code=code, owner=cut(owner, most) or "?"))


def words_missing(command: Deed, code: str | None, language: Language) -> str:
    """A resolution without a summary, an escalation without a reason."""
    word = f"{WORDS[command]} {code}" if code else WORDS[command]
    return plain(_TEXTS[language][f"{command}_needs_words"].format(word=word))


def not_understood(code: str | None, language: Language) -> str:
    """What can be written; `code` is that of the sender's only open case, for an example that can be copied."""
    return plain(_TEXTS[language]["not_understood"].format(code=code or _TEXTS[language]["code"]))


def done(command: Deed, code: str, subject: str, next_due: tuple[str, str] | None, language: Language) -> str:
    """It has happened; `next_due` is the next deadline as a reader understands it (`L1 acknowledge`, `Tue 24 Nov 17:05 CET`)."""
    texts = _TEXTS[language]
    target, due = next_due or ("", "")

    def said(most: int) -> str:
        about = cut(subject, most)
        text = texts[command].format(code=code, subject=about)
        done = text if about else text.replace(": .", ".")
        if not next_due:
            return done
        following = texts["next"].format(target=cut(target, most), due=cut(due, 40))  # a tier may have any name
        return f"{done} {' '.join(following.split())}"

    return _fitting(said)


def later(code: str, language: Language) -> str:
    """The command is kept, and nothing answered in time (202): it will be applied."""
    return plain(_TEXTS[language]["later"].format(code=code))


def refused(code: str, refusal: str, language: Language) -> str:
    """Why nothing has happened; `refusal` is the code of the DomainError, such as `already_resolved`."""
    known = refusal if refusal in _REFUSALS else "refused"
    return plain(_TEXTS[language][known].format(code=code))


def _listed(said: Callable[[str], str], cases: Sequence[OpenCase], language: Language) -> str:
    """As many cases as fit, with as much of their subjects as fits then; how many there are besides."""
    for count in range(min(len(cases), _MOST_LISTED), 0, -1):
        more = len(cases) - count
        ending = [_TEXTS[language]["more"].format(count=more)] if more else []
        for most in _CUTS[:-1]:
            shown = [f"{code} {cut(subject, most)}".strip() for code, subject in cases[:count]]
            text = plain(said("; ".join([*shown, *ending])))
            if segments(text) <= MOST_SEGMENTS:
                return text
    return plain(said("; ".join(code for code, _ in cases[:3])))


def _fitting(said: Callable[[int], str]) -> str:
    texts = [plain(said(most)) for most in _CUTS]
    return next((text for text in texts if segments(text) <= MOST_SEGMENTS), texts[-1])


def cut(text: str, longest: int) -> str:
    """One line of at most `longest` characters, with `...` where something is missing (`…` is not in the SMS alphabet)."""
    line = " ".join(undirected(text).split())
    return line if len(line) <= longest else line[: max(longest - 3, 0)].rstrip() + ("..." if longest else "")
