"""What is answered to a customer whose e-mail goes to no case, or says how it was: what came of it, and how they reach us.

No code, no id, no name of ours.

An SMS is answered in any case, in two segments: subjects of others are cut and left out until it fits.
Whoever calls this has seen that the requests named here are the reader's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from domain.directions import undirected
from domain.reply_answers import MOST_SEGMENTS, Language, cut
from domain.sms_segments import plain, segments

Request = tuple[str, str]
"""The ticket's number as the customer knows it, and its subject."""

_MOST_LISTED = 10
_LONGEST_SUBJECT = 100
_CUTS = (50, 30, 15, 0)  # characters of a subject in an SMS, gently first

_EN: Mapping[str, str] = {
    "closed": "Thank you for your e-mail. Your request {request} is closed, so nobody is working on it any more. We have kept "
    "your words with it. If something is still not right, open this page, say what it is, and we look at it again:\n\n{link}",
    "withdrawn": "Thank you for your e-mail. Your request {request} was withdrawn, so nobody is working on it. We have kept "
    "your words with it. If you still need help, please write to your usual contact.",
    "rated": "Thank you for your answer: {score} of 5 for your request {request}. If something is still not right, or you meant "
    "another number, open this page:\n\n{link}",
    "rated_low": "Thank you for telling us: {score} of 5 for your request {request}. We are sorry that it was not good. If "
    "something is still not right, open this page, say what it is, and we look at it again. There you can change your answer, "
    "too:\n\n{link}",
    "which": "Thank you for your e-mail. We cannot tell which of your requests it is about, so nobody has read it yet. Please "
    "send it again as an answer to our e-mail about the request you mean. These are open:\n\n{requests}",
    "more": "and {count} more",
}
_DE: Mapping[str, str] = {
    "closed": "Vielen Dank für Ihre E-Mail. Ihre Anfrage {request} ist abgeschlossen, es arbeitet niemand mehr daran. Ihre "
    "Worte haben wir dort aufbewahrt. Wenn noch etwas nicht stimmt, öffnen Sie bitte diese Seite und schreiben Sie, was es "
    "ist. Dann sehen wir es uns noch einmal an:\n\n{link}",
    "withdrawn": "Vielen Dank für Ihre E-Mail. Ihre Anfrage {request} wurde zurückgezogen, es arbeitet niemand daran. Ihre "
    "Worte haben wir dort aufbewahrt. Wenn Sie noch Hilfe brauchen, schreiben Sie bitte Ihrem Ansprechpartner.",
    "rated": "Vielen Dank für Ihre Antwort: {score} von 5 für Ihre Anfrage {request}. Wenn noch etwas nicht stimmt oder Sie "
    "eine andere Zahl meinten, öffnen Sie bitte diese Seite:\n\n{link}",
    "rated_low": "Danke, dass Sie es uns sagen: {score} von 5 für Ihre Anfrage {request}. Es tut uns leid, dass es nicht gut "
    "war. Wenn noch etwas nicht stimmt, öffnen Sie bitte diese Seite und schreiben Sie, was es ist. Dann sehen wir es uns noch "
    "einmal an. Auch Ihre Antwort können Sie dort ändern:\n\n{link}",
    "which": "Vielen Dank für Ihre E-Mail. Wir können nicht erkennen, um welche Ihrer Anfragen es geht, darum hat sie noch "
    "niemand gelesen. Bitte senden Sie sie noch einmal als Antwort auf unsere E-Mail zu der Anfrage, die Sie meinen. Offen "
    "sind:\n\n{requests}",
    "more": "und {count} weitere",
}
_TEXTS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "de": _DE}

# `{request}` brings its own blank before it: it is left out where it does not fit.
_SMS_EN: Mapping[str, str] = {
    "told": "Thank you. We have passed on your message about your request{request}.",
    "refused": "Sorry, we could not pass on your message about your request{request}. Please write to your usual contact.",
    "withdrawn": "Your request{request} was withdrawn, nobody works on it. We have kept your message. If you still need help, "
    "please write to your usual contact.",
    "closed": "Your request{request} is closed. We have kept your message. Still not right? Please write to your usual contact.",
    "closed_link": "Your request{request} is closed. We have kept your message. Still not right? Tell us here: {link}",
    "rated": "Thank you: {score} of 5 for your request{request}.",
    "rated_link": "Thank you: {score} of 5 for your request{request}. Still not right? Tell us here: {link}",
    "rated_low": "We are sorry: {score} of 5 for your request{request}. Still not right? Please write to your usual contact.",
    "rated_low_link": "We are sorry: {score} of 5 for your request{request}. Still not right? Tell us here: {link}",
    "which": "Which request do you mean? Nobody has read this yet. Please send it again, beginning with its number: {requests}",
    "which_unnamed": "We cannot tell which of your requests you mean, nobody has read this. Please write to your usual contact.",
    "more": "and {count} more",
}
_SMS_DE: Mapping[str, str] = {
    "told": "Vielen Dank. Wir haben Ihre Nachricht zu Ihrer Anfrage{request} weitergegeben.",
    "refused": "Leider konnten wir Ihre Nachricht zur Anfrage{request} nicht weitergeben. Bitte schreiben Sie Ihrem "
    "Ansprechpartner.",
    "withdrawn": "Ihre Anfrage{request} wurde zurückgezogen. Ihre Nachricht ist aufbewahrt. Wenn Sie noch Hilfe brauchen, "
    "schreiben Sie bitte Ihrem Ansprechpartner.",
    "closed": "Ihre Anfrage{request} ist abgeschlossen. Ihre Nachricht ist aufbewahrt. Stimmt noch etwas nicht? Bitte "
    "Ihrem Ansprechpartner schreiben.",
    "closed_link": "Ihre Anfrage{request} ist abgeschlossen. Ihre Nachricht ist aufbewahrt. Stimmt noch etwas nicht? {link}",
    "rated": "Vielen Dank: {score} von 5 für Ihre Anfrage{request}.",
    "rated_link": "Vielen Dank: {score} von 5 für Ihre Anfrage{request}. Stimmt noch etwas nicht? {link}",
    "rated_low": "Das tut uns leid: {score} von 5 für Ihre Anfrage{request}. Stimmt noch etwas nicht? Bitte Ihrem "
    "Ansprechpartner schreiben.",
    "rated_low_link": "Das tut uns leid: {score} von 5 für Ihre Anfrage{request}. Stimmt noch etwas nicht? {link}",
    "which": "Welche Anfrage meinen Sie? Noch hat das niemand gelesen. Bitte neu senden, mit der Nummer am Anfang: {requests}",
    "which_unnamed": "Wir wissen nicht, welche Ihrer Anfragen Sie meinen, niemand hat das gelesen. Bitte Ihrem Ansprechpartner "
    "schreiben.",
    "more": "und {count} weitere",
}
_SMS: Mapping[Language, Mapping[str, str]] = {"en": _SMS_EN, "de": _SMS_DE}


def closed(request: Request, link: str, language: Language) -> str:
    """Their case is closed; `link` is the page on which they can have it looked at again."""
    return _TEXTS[language]["closed"].format(request=_named(request), link=link)


def rated(score: int, low: bool, request: Request, link: str, language: Language) -> str:
    """They have said how it was, and this is what was understood; `link` is the page to change it on, and the way back to us."""
    said = _TEXTS[language]["rated_low" if low else "rated"]
    return said.format(score=score, request=_named(request), link=link)


def withdrawn(request: Request, language: Language) -> str:
    """Their case was cancelled, or merged into another."""
    return _TEXTS[language]["withdrawn"].format(request=_named(request))


def which(requests: Sequence[Request], language: Language) -> str:
    """Cases of theirs are open, and the e-mail quotes none of them, or what is none of theirs."""
    texts, more = _TEXTS[language], len(requests) - _MOST_LISTED
    lines = [f"- {_named(request)}" for request in requests[:_MOST_LISTED]]
    if more > 0:
        lines.append(f"- {texts['more'].format(count=more)}")
    return texts["which"].format(requests="\n".join(lines))


def _named(request: Request) -> str:
    number, subject = request
    line = " ".join(undirected(subject).split())
    return f"{number} ({line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1].rstrip() + '…'})"


def sms(outcome: Literal["told", "refused", "withdrawn"], request: Request, language: Language) -> str:
    """What became of their SMS: a live case has it or could not take it, or the case was cancelled or merged into another."""
    return _fitting(_naming(_SMS[language][outcome], request))


def sms_closed(request: Request, link: str, language: Language) -> str:
    """Their case is closed; `link` is the page on which they can have it looked at again, left out where it does not fit."""
    texts = _SMS[language]
    return _with_link(texts["closed_link"], texts["closed"], request, link)


def sms_rated(score: int, low: bool, request: Request, link: str, language: Language) -> str:
    """They have said how it was, and this is what was understood; the link as in `sms_closed`."""
    name = "rated_low" if low else "rated"
    found, without = (_SMS[language][key].replace("{score}", str(score)) for key in (f"{name}_link", name))
    return _with_link(found, without, request, link)


def _with_link(text: str, without: str, request: Request, link: str) -> str:
    linked = (one.replace("{link}", link) for one in _naming(text, request))
    return _fitting([*linked, *_naming(without, request)])


def sms_which(requests: Sequence[Request], language: Language) -> str:
    """Cases of theirs are open, and the SMS begins with the number of none: as many of them as fit."""
    texts = _SMS[language]
    shown = (_listed(requests, count, most, texts["more"]) for count in _fewer(requests) for most in _CUTS)
    return _fitting([*(texts["which"].replace("{requests}", listed) for listed in shown), texts["which_unnamed"]])


def _fewer(requests: Sequence[Request]) -> Iterable[int]:
    return range(min(len(requests), _MOST_LISTED), 0, -1)


def _listed(requests: Sequence[Request], count: int, most: int, more: str) -> str:
    ending = [more.format(count=len(requests) - count)] if len(requests) > count else []
    return "; ".join([*(_shortly(request, most) for request in requests[:count]), *ending])


def _naming(text: str, request: Request) -> list[str]:
    """The text with the request in it, the longest first; at last without."""
    named = [f" {_shortly(request, most)}" for most in _CUTS]
    return [text.replace("{request}", one) for one in (*named, "")]


def _shortly(request: Request, most: int) -> str:
    """The number, which the customer may have to write, whole; of the subject so many characters."""
    number, subject = request
    about = cut(subject, most)
    return f"{number} ({about})" if about else number


def _fitting(texts: Sequence[str]) -> str:
    """The first that fits; else the last, in which nothing of others stands."""
    simpler = [plain(text) for text in texts]
    return next((text for text in simpler if segments(text) <= MOST_SEGMENTS), simpler[-1])
