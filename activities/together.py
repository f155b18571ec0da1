"""Several messages to one person as one: an e-mail has them one under the other, an SMS lists their cases.

Both say of each case what has come up, however often (`customer replied x3`). An SMS lists what two segments hold; how many there
were is what its reader cannot be told, so those that found no room are not in it at all: they go out later.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from activities.reading import Case, ResponderView
from activities.sms_text import MOST_SEGMENTS
from activities.wording import ENGLISH, Language, shortened
from domain.sms_segments import plain, segments

HEADS: Mapping[Language, str] = {"en": "{} messages", "de": "{} Nachrichten"}
ANSWERS: Mapping[Language, str] = {"en": "Reply ACK and the code", "de": "Antwort: ACK und Code"}
LINE_BETWEEN = "\n\n" + "-" * 40 + "\n\n"
LONGEST_LISTED = 40  # characters of a subject, and of a target's name

# What each kind of message says, in a few words: where all that it names is known, else without.
_NEWS: Mapping[Language, Mapping[str, tuple[str, str]]] = {
    "en": {
        "step": ("take it by {due}", "take it"),
        "warning": ("time runs out, due {due}", "time runs out"),
        "assigned": ("yours now, due {due}", "yours now"),
        "promise_reminder": ("news promised by {due}", "news promised"),
        "customer_replied": ("customer replied", "customer replied"),
        "unreachable": ("customer not reached", "customer not reached"),
        "root_cause_overdue": ("root cause missing", "root cause missing"),
        "last_resort": ("nobody took it, due {due}", "nobody took it"),
        "closure_overdue": ("should be closed", "should be closed"),
        "top_breach": ("{missed} missed", "target missed"),
        "watch": ("now {status}, {tier}", "it moved"),
        "low_score": ("rated {score} of 5", "rated low"),
        "action_due": ("action due {day}", "action due"),
        "problem_opened": ("problem {problem}", "problem opened"),
        "problem_reminder": ("problem {problem} not solved", "problem not solved"),
    },
    "de": {
        "step": ("annehmen bis {due}", "annehmen"),
        "warning": ("Zeit wird knapp, fällig {due}", "Zeit wird knapp"),
        "assigned": ("jetzt Ihr Fall, fällig {due}", "jetzt Ihr Fall"),
        "promise_reminder": ("Nachricht versprochen bis {due}", "Nachricht versprochen"),
        "customer_replied": ("Kunde hat geantwortet", "Kunde hat geantwortet"),
        "unreachable": ("Kunde nicht erreicht", "Kunde nicht erreicht"),
        "root_cause_overdue": ("Ursache fehlt", "Ursache fehlt"),
        "last_resort": ("niemand nahm an, fällig {due}", "niemand nahm an"),
        "closure_overdue": ("Abschluss überfällig", "Abschluss überfällig"),
        "top_breach": ("{missed} verfehlt", "Ziel verfehlt"),
        "watch": ("jetzt {status}, {tier}", "hat sich bewegt"),
        "low_score": ("Bewertung {score} von 5", "schlechte Bewertung"),
        "action_due": ("Maßnahme fällig {day}", "Maßnahme fällig"),
        "problem_opened": ("Problem {problem}", "Problem eröffnet"),
        "problem_reminder": ("Problem {problem} ungelöst", "Problem ungelöst"),
    },
}


def head(language: Language, count: int) -> str:
    """`4 messages`, in the reader's language where it is one of ours."""
    return HEADS.get(language, HEADS[ENGLISH]).format(count)


def one_text(made: Sequence[tuple[Case, str, str]], language: Language) -> str:
    """The texts of several e-mails, each a case, a subject and a text, as that of one: first what came up, case by case."""
    listed = "\n".join(f"- {line}" for line in _lines([case for case, _, _ in made], language))
    return LINE_BETWEEN.join((listed, *(f"{subject}\n\n{text.strip()}" for _, subject, text in made))) + "\n"


def one_sms(cases: Sequence[Case], language: Language, reference: str) -> tuple[str, int]:
    """What it says and how many messages are in it, one at least.

    `3 messages: 7K2 Checkout is down (high): customer replied x2; 7K3 …. Reply ACK and the code #reference`.
    """
    for count in range(len(cases), 1, -1):
        text = _sms(cases[:count], language, reference)
        if segments(text) <= MOST_SEGMENTS:
            return text, count
    return _sms(cases[:1], language, reference), 1


def _sms(cases: Sequence[Case], language: Language, reference: str) -> str:
    said = f"{head(language, len(cases))}: {'; '.join(_lines(cases, language))}."
    to_take = any((_view(case, language).reply or "").startswith("ACK") for case in cases)
    answers = ANSWERS.get(language, ANSWERS[ENGLISH]) if to_take else ""
    return plain(" ".join(part for part in (said, answers, f"#{reference}") if part))


def _lines(cases: Sequence[Case], language: Language) -> list[str]:
    """A line for each case, in the order in which they came up."""
    ids = dict.fromkeys(case.document["id"] for case in cases)
    return [_line([case for case in cases if case.document["id"] == id], language) for id in ids]


def _line(same: Sequence[Case], language: Language) -> str:
    view = _view(same[-1], language)
    news = {case.message.kind: _news(case, language) for case in same}  # of each kind what was said last
    times = Counter(case.message.kind for case in same)
    said = ", ".join(f"{words} x{times[kind]}" if times[kind] > 1 else words for kind, words in news.items())
    return f"{view.code or view.id} {shortened(view.subject, LONGEST_LISTED)} ({view.priority}): {said}"


def _news(case: Case, language: Language) -> str:
    view = _view(case, language)
    due, missed = None if view.late else view.due, shortened(view.missed or "", LONGEST_LISTED)
    known = {**vars(view), "due": due, "missed": missed}
    whole, bare = _NEWS.get(language, _NEWS[ENGLISH])[case.message.kind]
    return whole.format(**known) if all(known[name] for name in re.findall(r"{(\w+)}", whole)) else bare


def _view(case: Case, language: Language) -> ResponderView:
    view = case.view(language)
    if not isinstance(view, ResponderView):
        raise TypeError(f"{case.message.key} is for a customer, and goes out by itself")
    return view
