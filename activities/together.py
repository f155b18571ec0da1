"""Several messages to one person as one: an e-mail has them one under the other, an SMS lists their cases.

An SMS lists what two segments hold; how many there were is what its reader cannot be told, so those that found no room are not in
it at all: they go out later.
"""

from collections.abc import Mapping, Sequence

from activities.reading import Case, ResponderView
from activities.sms_text import MOST_SEGMENTS
from activities.wording import ENGLISH, Language, shortened
from domain.sms_segments import plain, segments

HEADS: Mapping[Language, str] = {"en": "{} messages", "de": "{} Nachrichten"}
ANSWERS: Mapping[Language, str] = {"en": "Reply ACK and the code", "de": "Antwort: ACK und Code"}
LINE_BETWEEN = "\n\n" + "-" * 40 + "\n\n"
LONGEST_LISTED = 40  # characters of a subject


def head(language: Language, count: int) -> str:
    """`4 messages`, in the reader's language where it is one of ours."""
    return HEADS.get(language, HEADS[ENGLISH]).format(count)


def one_text(texts: Sequence[str]) -> str:
    """The texts of several e-mails as that of one."""
    return LINE_BETWEEN.join(text.strip() for text in texts) + "\n"


def one_sms(cases: Sequence[Case], language: Language, reference: str) -> tuple[str, int]:
    """What it says and how many cases it lists, one at least.

    `2 messages: 7K2 Checkout is down (high, Mon 2 Mar 17:05 CET); 7K3 …. Reply ACK and the code #reference`.
    """
    listed = [_listed(case, language) for case in cases]
    answers = ANSWERS.get(language, ANSWERS[ENGLISH]) if cases[0].code else ""
    for count in range(len(listed), 1, -1):
        text = _sms(listed[:count], language, answers, reference)
        if segments(text) <= MOST_SEGMENTS:
            return text, count
    return _sms(listed[:1], language, answers, reference), 1


def _sms(listed: Sequence[str], language: Language, answers: str, reference: str) -> str:
    said = f"{head(language, len(listed))}: {'; '.join(listed)}"
    return plain(" ".join(part for part in (f"{said}.", answers, f"#{reference}") if part))


def _listed(case: Case, language: Language) -> str:
    view = case.view(language)
    if not isinstance(view, ResponderView):
        raise TypeError(f"{case.message.key} is for a customer, and goes out by itself")
    about = ", ".join(part for part in (view.priority, view.due) if part)
    return f"{view.code or view.id} {shortened(view.subject, LONGEST_LISTED)} ({about})"
