"""What a contact test says: one message on each channel of a person, which asks for one word or one press back.

The word is one that means nothing to any case, whatever is open, and that no carrier takes for itself.
"""

from collections.abc import Mapping
from typing import Literal

from domain.sms_segments import plain, segments

Language = Literal["en", "de"]

WORD = "TEST"
MOST_SEGMENTS = 2
LONGEST_NAME = 40  # characters

_EN: Mapping[str, str] = {
    "subject": "This is a test from Tierline: did it reach you?",
    "mail": "Hello {name},\n\n{asker} asked ({at}) whether Tierline reaches you by e-mail. It does.\n\n"
    "Please say so:\n\n{link}\n\nNothing else depends on it: this is no case.\n",
    "yourself": "You",
    "sms": "This is a test from Tierline ({at}). Did it reach you?",
    "reply": "Reply {word}.",
    "or": "Reply {word}, or open {link}",
    "open": "Open {link}",
    "confirmed": "Thank you. We know now that {channel} reaches you.",
    "none": "No test of your contact waits for an answer, so nothing was done.",
    "email": "e-mail",
    "sms_word": "SMS",
}
_DE: Mapping[str, str] = {
    "subject": "Ein Test von Tierline: Hat er Sie erreicht?",
    "mail": "Guten Tag {name},\n\n{asker} wollte wissen ({at}), ob Tierline Sie per E-Mail erreicht. Das hat geklappt.\n\n"
    "Bitte bestätigen Sie es:\n\n{link}\n\nSonst hängt nichts daran: Das ist kein Fall.\n",
    "yourself": "Sie selbst",
    "sms": "Ein Test von Tierline ({at}). Hat er Sie erreicht?",
    "reply": "Bitte {word} antworten.",
    "or": "Bitte {word} antworten oder öffnen: {link}",
    "open": "Bitte öffnen: {link}",
    "confirmed": "Danke. Wir wissen jetzt, dass {channel} Sie erreicht.",
    "none": "Es wartet kein Kontakttest auf Ihre Antwort, nichts ist geschehen.",
    "email": "E-Mail",
    "sms_word": "SMS",
}
_TEXTS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "de": _DE}


def language_of(locale: str) -> Language:
    """The language a person of that locale is asked in."""
    return "de" if locale.lower().startswith("de") else "en"


def mail(name: str, asker: str | None, at: str, link: str, language: Language) -> tuple[str, str]:
    """Subject and text; `asker` is None for who asked themselves, `at` a time as the reader understands it."""
    texts = _TEXTS[language]
    return texts["subject"], texts["mail"].format(name=name, asker=asker or texts["yourself"], at=at, link=link)


def sms(at: str, link: str, replies: bool, language: Language) -> str:
    """`replies`: what is answered reaches us. With a link where there is room for it, or where nothing else is left."""
    texts = _TEXTS[language]
    question = texts["sms"].format(at=at)
    if not replies:
        return plain(f"{question} {texts['open'].format(link=link)}")
    both = plain(f"{question} {texts['or'].format(word=WORD, link=link)}")
    return both if segments(both) <= MOST_SEGMENTS else plain(f"{question} {texts['reply'].format(word=WORD)}")


def confirmed(channel: str, language: Language) -> str:
    """To whoever has answered a test."""
    texts = _TEXTS[language]
    return plain(texts["confirmed"].format(channel=texts["email" if channel == "email" else "sms_word"]))


def no_test(language: Language) -> str:
    """To whoever answers a test that is not there."""
    return plain(_TEXTS[language]["none"])
