"""What a responder means by an answer to a message: `ACK 7K2`, `RES 7K2 fixed the certificate`, `ESC 7K2 needs network team`.

A wrong reading costs more than a question back: only the first line counts (below it may stand our own words, quoted), only words
that begin no ordinary sentence are commands, and `ACK not me` does nothing. Words that carriers take are never a command.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from domain import contact_tests
from domain.directions import undirected
from domain.reply_codes import code_in, nearly_a_code

Deed = Literal["acknowledge", "resolve", "escalate"]
Wish = Literal["stop", "start", "help"]


@dataclass(frozen=True)
class Order:
    """A command: `code` is None where it was left out, `words` are what follows, as it was written.

    `doubtful` is the first of the words where no code stands before it and it may be a mistyped one: without another sign of
    which case is meant, nothing may be done.
    """

    command: Deed
    code: str | None
    words: str = ""
    doubtful: str | None = None

    @property
    def words_missing(self) -> bool:
        """A resolution without a summary, an escalation without a reason: to be asked for."""
        return self.command != "acknowledge" and not self.words

    @property
    def body(self) -> dict[str, Any]:
        """The command's body as the API takes it. With `words_missing` it is refused there."""
        if self.command == "acknowledge":
            return {"note": self.words} if self.words else {}
        return {"summary": self.words} if self.command == "resolve" else {"kind": "hierarchical", "reason": self.words}


@dataclass(frozen=True)
class CarrierWord:
    """A word that carriers answer themselves: no more messages (`stop`), messages again (`start`), or `help`."""

    word: str
    wish: Wish


@dataclass(frozen=True)
class Reached:
    """The word that our contact tests ask for (`domain.contact_tests`): it means nothing to any case."""


@dataclass(frozen=True)
class NotUnderstood:
    """Anything else. Nothing may be done, and whoever wrote it is told what can be written."""


Reply = Order | CarrierWord | Reached | NotUnderstood

WORDS: dict[Deed, str] = {"acknowledge": "ACK", "resolve": "RES", "escalate": "ESC"}
"""What our messages ask people to write."""

# Only what nobody begins a sentence with: 'done with dinner, calling in 10' must resolve nothing.
_PLAIN: dict[str, Deed] = {
    **dict.fromkeys(("ACK", "ACKED", "ACKNOWLEDGE", "ACKNOWLEDGED", "ANGENOMMEN", "ÜBERNOMMEN"), "acknowledge"),
    **dict.fromkeys(("RES", "RESOLVE", "RESOLVED", "GELÖST", "GELOEST", "BEHOBEN"), "resolve"),
    **dict.fromkeys(("ESC", "ESCALATE", "ESCALATED", "ESKALIEREN", "ESKALIERT"), "escalate"),
}
# It may answer anything: only with a code, and with nothing after it.
_CAREFUL: dict[str, Deed] = {"OK": "acknowledge", "OKAY": "acknowledge"}
_VERBS = {**_PLAIN, **_CAREFUL}
_CARRIER: dict[str, Wish] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "stop"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "start"),
    **dict.fromkeys(("HELP", "INFO"), "help"),
}

# Words that take a command back. 'ESC cannot fix it' is a reason, 'RES no fault found' a resolution.
_NO = r"(?:no|nope|nein)\W*(?:$|,)"
_DENIED: dict[Deed, re.Pattern[str]] = {
    "acknowledge": re.compile(
        r"(?:no|not|nope|nein|nicht|never|can.?t|cannot|don.?t|unable|wrong)\b|kann\b.* nicht\b", re.I
    ),
    "resolve": re.compile(
        rf"{_NO}|not (?:yet|fixed|resolved|solved|done|me|mine)\b|(?:noch )?nicht\b|(?:can.?t|cannot|don.?t|unable)\b",
        re.I,
    ),
    "escalate": re.compile(
        rf"{_NO}|(?:no need|not (?:needed|necessary|yet)|(?:noch )?nicht (?:nötig|noetig|jetzt))\b", re.I
    ),
}

_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SAME_SIGN = ("<wide>", "<narrow>", "<font>")  # `Ａ`, `𝗔`: an `A` as another keyboard or an app writes it; `²` is no 2
GREETING = re.compile(r"\s*(?:hi|hello|hey|hallo|moin|servus|guten \w+|good \w+)\b[^\n]{0,40}\n", re.I)
_WORD = re.compile(r"[\W_]*([^\W_]+)")
# `ZZZ`, `7K`, `k99`: what somebody types who means a code; `SSL` and `24h` look the same, and a question back costs less.
_LIKE_A_CODE = re.compile(r"[A-Z0-9]{2,4}|(?=.*[0-9])[A-Za-z0-9]{2,4}")
_BETWEEN = " \n:;,.!?-–—#*)/|=_"  # between a command, its code and the words


def understand(text: str) -> Reply:
    """What an SMS, or the own words of an e-mail, say. Takes any text and raises nothing."""
    clean = cleaned(text)
    letters = re.sub(r"[\W_]+", "", clean).upper()
    if letters in _CARRIER:
        return CarrierWord(letters, _CARRIER[letters])
    if re.sub(r"[\W_]+", "", clean.strip().partition("\n")[0]).upper() == contact_tests.WORD:
        return Reached()
    return _order(GREETING.sub("", clean, count=1)) or NotUnderstood()


def quoted_code(subject: str) -> str | None:
    """The code that the subject of our e-mail ended with, of whatever an answer made of it: `Re: Please acknowledge … [7K2]`."""
    found = [code_in(word) for word in re.findall(r"\[(\w+)\]", subject)]
    return next((code for code in reversed(found) if code), None)


def cleaned(text: str) -> str:
    """Composed, without what cannot be seen, full-width letters as usual ones; of control characters only line breaks stay, half
    characters become `?`."""
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    lines = "\n".join(_UNSEEN.sub("", undirected(whole)).splitlines())
    return "".join(" " if unicodedata.category(sign) == "Cc" and sign != "\n" else _usual(sign) for sign in lines)


def _usual(sign: str) -> str:
    return unicodedata.normalize("NFKC", sign) if unicodedata.decomposition(sign).startswith(_SAME_SIGN) else sign


def _order(text: str) -> Order | None:
    verb, code, after = _opening(text)
    words = after.lstrip(_BETWEEN).rstrip() if re.search(r"\w", after) else ""
    if not verb or _DENIED[_VERBS[verb]].match(words) or _another(words):
        return None
    if verb in _CAREFUL and (code is None or words):
        return None
    return Order(_VERBS[verb], code, words, None if code else _doubtful(words))


def _doubtful(words: str) -> str | None:
    """The first word, if it may be a mistyped code: without asking, the only open case would be meant, perhaps another one."""
    found = _WORD.match(words)
    if found is None or found[1].upper() in _VERBS:
        return None
    return found[1] if _LIKE_A_CODE.fullmatch(found[1]) or nearly_a_code(found[1]) else None


def _opening(text: str) -> tuple[str, str | None, str]:
    """The verb a text begins with (empty: none), its code, and what follows."""
    first, rest = _next_word(text)
    second, after = _next_word(rest)
    verb, glued = _verb(first)
    if glued:
        return verb, glued, rest
    if verb:
        code = code_in(second)
        return verb, code, after if code else rest
    if (code := code_in(first)) and second in _VERBS:  # '7K2 ACK'
        return second, code, after
    return "", None, text


def _verb(word: str) -> tuple[str, str | None]:
    """`ACK`, or `ACK7K2` in its two parts; an empty verb for any other word."""
    if word in _VERBS:
        return word, None
    parts = ((verb, code_in(word.removeprefix(verb))) for verb in _VERBS if word.startswith(verb))
    return next(((verb, code) for verb, code in parts if code), ("", None))


def _next_word(text: str) -> tuple[str, str]:
    """The first word in capitals, without the signs around it, and what follows."""
    found = _WORD.match(text)
    return (found[1].upper(), text[found.end() :]) if found else ("", "")


def _another(words: str) -> bool:
    """Do the words begin with a second code, or a second command? Which of them is meant is not for us to say."""
    _, code, _ = _opening(words)
    return code is not None or code_in(_next_word(words)[0]) is not None
