"""What a page calls the words that the rules and the callers use for messages, reasons and figures.

A caller may give a reason of their own: it is said as they wrote it, without the underscores.
"""

from activities.history_texts import WORDS
from activities.wording import Language
from api.pages.words import TEXTS, said


def message_words(kind: str, language: Language) -> str:
    """What a message of that kind is about."""
    return _term(f"message_{kind}", kind, language)


def trigger_words(kind: str, language: Language) -> str:
    """Why a case was escalated."""
    return _term(f"trigger_{kind}", kind, language)


def why_not(reason: str, language: Language) -> str:
    """Why a message did not go out; what a provider said is as they said it."""
    return WORDS[language]["reason"].get(reason, reason) if reason else ""


def figure(value: float | None, language: Language) -> str | None:
    """`12,000`, `12.000` in German; with two digits behind the point where it is no whole number."""
    if value is None:
        return None
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return text.translate(_GERMAN_POINTS) if language == "de" else text


def _term(key: str, kind: str, language: Language) -> str:
    return said(language, key) if key in TEXTS[language] else kind.replace("_", " ")


_GERMAN_POINTS = str.maketrans(",.", ".,")
