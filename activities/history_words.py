"""The history of a case as its reader reads it: in their language, people by their names, times on their clock.

A line is made from what its entry knows (`kind`, `actor`, `data`), never by reading its English text. Where the entry does not
know enough (one written by an earlier version), the stored text stands as it was written; so does everything people typed.
The reasons of a priority are stored as sentences; they are closed sentences of `domain.priority`, found again by their form.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from activities.history_texts import GERMAN_CONDITIONS, GERMAN_LEVELS, GERMAN_REASONS, TEXTS, WORDS
from activities.wording import ENGLISH, Language, long_day, short_time, word
from domain.causes import Causes, title_of
from domain.due import TARGET_WORDS
from domain.messages import CUSTOMER
from domain.preferences import NOT_NOW
from domain.priority import CONDITIONS, SENTENCES
from domain.roster import Roster
from domain.state import TimelineEntry, TimelineKind

_BY_PERSON = "person:"
_OF_OTHERS = ("why", "id", "tier", "value", "since")
_ONE_WORD = r"\w+"
_UNITED = " and "  # between the conditions of one reason


@dataclass(frozen=True)
class HistoryWords:
    """Who reads it: their language (English where it is none of ours), their time zone; the roster knows the names.

    `causes` has the titles of categories; None where no tree is kept, or none is at hand.
    """

    language: Language
    timezone: str
    roster: Roster
    causes: Causes | None = None

    def line(self, entry: TimelineEntry) -> str:
        """The entry as a sentence; its stored text where it does not know enough to be said anew."""
        template = self._texts.get(_form(entry))
        if template is None:
            return entry.text
        try:
            return template.format_map(_Fields(self, entry))
        except KeyError:
            return entry.text

    def name(self, person: str) -> str:
        """The name of a person, the id of one who has left the roster."""
        known = self.roster.person(person)
        return known.name if known else self.said("person", person)

    def said(self, where: str, key: str) -> str:
        """A word of ours in the reader's language; what is none of ours (a provider's reason) as it is."""
        return WORDS[self._spoken][where].get(key, key)

    def time(self, at: str) -> str:
        """`Tue 24 Nov 17:05 CET`, of a time as the store has it."""
        return short_time(datetime.fromisoformat(at), self.timezone, self._spoken)

    def word(self, english: str) -> str:
        """A priority or a target's label."""
        return word(self._spoken, english)

    def listed(self, parts: Sequence[str]) -> str:
        """`SMS, e-mail and webhook`."""
        *before, last = parts
        return self._texts["and"].format(before=", ".join(before), last=last) if before else last

    def made(self, key: str, **fields: str) -> str:
        """One of the sentences with its fields."""
        return self._texts[key].format(**fields)

    @property
    def _spoken(self) -> Language:
        return self.language if self.language in TEXTS else ENGLISH

    @property
    def _texts(self) -> Mapping[str, str]:
        return TEXTS[self._spoken]


def _form(entry: TimelineEntry) -> str:
    """Which sentence it is: the kind, and what sets the lines of one kind apart."""
    variant = _VARIANTS.get(entry.kind)
    return variant(entry) if variant else entry.kind


def _told(entry: TimelineEntry) -> str:
    message = entry.data.get("message")
    late = message == "step" and not _lies_ahead(entry)
    stands = "_stands" if _knows(entry, "promise") else "_given" if _knows(entry, "given") else ""
    stands = f"_{entry.data['why']}" if _knows(entry, "why") else stands
    return f"told_{message}{'_now' if late else stands}"


def _lies_ahead(entry: TimelineEntry) -> bool:
    due_at = entry.data.get("due_at")
    return due_at is not None and datetime.fromisoformat(due_at) > entry.at


def _noted(entry: TimelineEntry) -> str:
    return next((f"note_{name}" for name in ("fields", "person", "child", "score") if _knows(entry, name)), "note")


def _failed(entry: TimelineEntry) -> str:
    """What a person's own wish held back has failed for the case only."""
    if entry.data.get("code") == NOT_NOW:
        return "skipped"
    return "delivery_failed" if _knows(entry, "key") else "delivery_failed_unaddressed"


def _customer_told(entry: TimelineEntry) -> str:
    if _knows(entry, "told_by"):
        return f"customer_told_{entry.data['told_by']}"
    spoken = entry.data.get("message") == "customer_update" and _knows(entry, "text")
    return f"customer_told{'_words' if spoken else ''}{'_held' if _knows(entry, 'not_before') else ''}"


def _knows(entry: TimelineEntry, name: str) -> bool:
    return entry.data.get(name) is not None


_VARIANTS: Mapping[TimelineKind, Callable[[TimelineEntry], str]] = {
    "told": _told,
    "breached": lambda entry: "breached_stale" if entry.data.get("target") == "acknowledge_timeout" else "breached",
    "climbed": lambda entry: f"climbed_{entry.data.get('cause')}",
    "acknowledged": lambda entry: "acknowledged_resolve" if _knows(entry, "how") else "acknowledged",
    "resumed": lambda entry: f"resumed_{entry.data.get('why')}",
    "closed": lambda entry: f"closed_{entry.data.get('why')}",
    "note": _noted,
    "customer_told": _customer_told,
    "customer_replied": lambda entry: "customer_replied" + ("" if _knows(entry, "channel") else "_somehow"),
    "reopened": lambda entry: "reopened_episode" if _knows(entry, "episode") else "reopened",
    "merged": lambda entry: "merged_into" if _knows(entry, "into") else "merged_child",
    "delivery_failed": _failed,
    "skipped": lambda entry: "skipped_step" if _knows(entry, "step") else "skipped",
}


class _Fields(dict[str, str]):
    """What a sentence asks for, made when it does. Raises KeyError for what the entry does not know."""

    def __init__(self, words: HistoryWords, entry: TimelineEntry) -> None:
        super().__init__()
        self._words, self._entry = words, entry

    def __missing__(self, name: str) -> str:
        made = _FIELDS.get(name)
        return made(self._words, self._entry) if made else str(self._entry.data[name])


def _person(name: str) -> "_Field":
    """Nobody of the roster is the customer."""
    return lambda words, entry: words.said("to", CUSTOMER) if entry.data[name] is None else words.name(entry.data[name])


def _time(name: str) -> "_Field":
    return lambda words, entry: words.time(entry.data[name])


def _typed(name: str) -> "_Field":
    """What somebody typed, after a colon; it may have been left out."""
    return lambda _, entry: f": {entry.data[name]}" if entry.data[name] else ""


def _label(name: str) -> "_Field":
    return lambda words, entry: words.word(entry.data[name])


def _reason(words: HistoryWords, entry: TimelineEntry) -> str:
    if entry.kind == "paused":
        return words.said("pause", entry.data["reason"])
    return words.said("reason", entry.data["reason"] or entry.data.get("code") or "")


def _channel_first(words: HistoryWords, entry: TimelineEntry) -> str:
    channel = words.said("channel", entry.data["channel"])
    return channel[0].upper() + channel[1:]


def _team(words: HistoryWords, entry: TimelineEntry) -> str:
    team = words.roster.team(entry.data["team"])
    return (team and team.name) or str(entry.data["team"])


def _selector(words: HistoryWords, entry: TimelineEntry) -> str:
    selector: str = entry.data["selector"]
    person = selector.removeprefix(_BY_PERSON)
    return words.said("selector", selector) if person == selector else words.name(person)


def _moved(words: HistoryWords, entry: TimelineEntry) -> str:
    """What is due at another time by the new version of the policy."""
    on_hold = dict.fromkeys(entry.data["paused"], "_paused")
    moves = [(target, was, now) for target, (was, now) in entry.data["due"].items() if was != now]
    return "".join(f"; {_move(words, target, was, now, on_hold.get(target, ''))}" for target, was, now in moves)


def _move(words: HistoryWords, target: str, was: str | None, now: str | None, on_hold: str) -> str:
    called = words.word(TARGET_WORDS.get(target, target))
    if now is None:
        return words.made("moved_gone", target=called)
    if was is None:
        return words.made(f"moved_new{on_hold}", target=called, now=words.time(now))
    return words.made(f"moved{on_hold}", target=called, now=words.time(now), was=words.time(was))


_Field = Callable[[HistoryWords, TimelineEntry], str]
_FIELDS: Mapping[str, _Field] = {
    "who": lambda words, entry: words.name(entry.actor),
    "text": lambda _, entry: str(entry.data["text"]) if entry.kind == "customer_told" else entry.text,
    "person": _person("person"),
    "to": _person("to"),
    "due_at": _time("due_at"),
    "due_on": lambda words, entry: long_day(date.fromisoformat(entry.data["due_on"]), words.language),
    "until": _time("until"),
    "not_before": _time("not_before"),
    "words": _typed("words"),
    "note": _typed("note"),
    "comment": _typed("comment"),
    "called": _label("called"),
    "priority": _label("priority"),
    "was_priority": _label("was"),
    "missed": lambda words, entry: words.listed([words.word(one) for one in entry.data["missed"]]),
    "channels": lambda words, entry: words.listed([words.said("channel", one) for one in entry.data["channels"]]),
    "channel": lambda words, entry: words.said("channel", entry.data["channel"]),
    "channel_first": _channel_first,
    "category": lambda words, entry: title_of(words.causes, entry.data["category"], words.language),
    "message": lambda words, entry: words.said("message", entry.data["message"]),
    "unsaid": lambda words, entry: words.said("message", entry.data["unsaid"]),
    "reason": _reason,
    "trigger": lambda words, entry: words.said("trigger", entry.data["trigger"]).replace("_", " "),
    "fields": lambda _, entry: ", ".join(entry.data["fields"]),
    "team": _team,
    "selector": _selector,
    "moved": _moved,
}
"""How a field is made; any other is taken from the entry's data as it is."""


def unsaid_words(kind: str, language: Language) -> str:
    """What a message was to tell the customer, in the reader's language."""
    spoken = language if language in WORDS else ENGLISH
    return WORDS[spoken]["message"].get(kind, kind)


def reason_words(reasons: Sequence[str], language: Language) -> tuple[str, ...]:
    """Why a case has its priority, in the reader's language; a sentence that is none of ours stays as it was written."""
    return tuple(_in_german(reason) for reason in reasons) if language == "de" else tuple(reasons)


def telling_reasons(case: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    """The reasons but that the priority was given: it says nothing that does not stand beside it."""
    given = SENTENCES["given"].format(priority=case["priority"])
    return reason_words([one for one in case["priority_reasons"] if one != given], language)


def _in_german(reason: str) -> str:
    for key, form in _SENTENCES.items():
        found = form.fullmatch(reason)
        if found is not None:
            return GERMAN_REASONS[key].format_map(
                {name: _value(name, value) for name, value in found.groupdict().items()}
            )
    return reason


def _value(name: str, english: str) -> str:
    if name == "why":
        return " und ".join(_condition(one) for one in english.split(_UNITED))
    return GERMAN_LEVELS[english] if name == "missing" else word("de", english.lower())


def _condition(english: str) -> str:
    for key, form in _CONDITIONS.items():
        found = form.fullmatch(english)
        if found is not None:
            shown = {
                name: text.replace(",", ".") if name == "value" else text for name, text in found.groupdict().items()
            }
            return GERMAN_CONDITIONS[key].format_map(shown)
    return english


def _form_of(sentence: str) -> re.Pattern[str]:
    """What finds the sentence again: a level, a priority or a number is one word, in the others may stand whatever there is."""
    parts = re.split(r"{(\w+)}", sentence)
    named = (
        f"(?P<{part}>{'.+' if part in _OF_OTHERS else _ONE_WORD})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )
    return re.compile("".join(named), re.DOTALL)


def _forms(sentences: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    """The one with the most words of its own first: `is worth {value} a year` is no `is {id}`."""
    return {key: _form_of(sentences[key]) for key in sorted(sentences, key=lambda key: -len(sentences[key]))}


_SENTENCES = _forms(SENTENCES)
_CONDITIONS = _forms(CONDITIONS)
