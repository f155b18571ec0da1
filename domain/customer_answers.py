"""What is answered to a customer whose e-mail goes to no case: why, and how they reach us. No code, no id, no name of ours.

Whoever calls this has seen that the requests named here are the reader's own.
"""

from collections.abc import Mapping, Sequence

from domain.reply_answers import Language

Request = tuple[str, str]
"""The ticket's number as the customer knows it, and its subject."""

_MOST_LISTED = 10
_LONGEST_SUBJECT = 100

_EN: Mapping[str, str] = {
    "closed": "Thank you for your e-mail. Your request {request} is closed, so nobody is working on it any more. We have kept "
    "your words with it. If something is still not right, open this page, say what it is, and we look at it again:\n\n{link}",
    "withdrawn": "Thank you for your e-mail. Your request {request} was withdrawn, so nobody is working on it. We have kept "
    "your words with it. If you still need help, please write to your usual contact.",
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
    "which": "Vielen Dank für Ihre E-Mail. Wir können nicht erkennen, um welche Ihrer Anfragen es geht, darum hat sie noch "
    "niemand gelesen. Bitte senden Sie sie noch einmal als Antwort auf unsere E-Mail zu der Anfrage, die Sie meinen. Offen "
    "sind:\n\n{requests}",
    "more": "und {count} weitere",
}
_TEXTS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "de": _DE}


def closed(request: Request, link: str, language: Language) -> str:
    """Their case is closed; `link` is the page on which they can have it looked at again."""
    return _TEXTS[language]["closed"].format(request=_named(request), link=link)


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
    line = " ".join(subject.split())
    return f"{number} ({line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1].rstrip() + '…'})"
